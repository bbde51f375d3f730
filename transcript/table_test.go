package transcript

import (
	"strings"
	"testing"
	"time"
)

// summed returns what a table is read as: "id outcome: turns" and the errors, and the notes of the calls.
func summed(r Reader, table string) string {
	var all []string
	for c, err := range r.CSV(ctx, strings.NewReader(table)) {
		if err != nil {
			all = append(all, strings.TrimPrefix(err.Error(), "transcript: "))
			continue
		}
		s := c.ID + " " + c.Outcome.String() + ": " + show(c.Turns())
		for _, note := range c.Notes {
			if note != noSpeaker {
				s += " (" + note + ")"
			}
		}
		all = append(all, s)
	}
	return strings.Join(all, " || ")
}

func TestTables(t *testing.T) {
	for _, c := range []struct {
		name, table, want string
		reader            Reader
	}{
		{name: "names of columns", table: "Call ID;Full Text;Deal Stage\n7;Agent: Hi;Closed-Won\n8;Agent: Ho;Negotiation\n",
			want: "7 won: Agent/agent: Hi || 8 unknown: Agent/agent: Ho (a value of Deal Stage is no label)"},
		{name: "a name that is like transcript", table: "id,clean_transcript_v2\n7,Agent: Hi\n", want: "7 unknown: Agent/agent: Hi"},
		{name: "two texts", table: "id,body,message\n7,Agent: Hi,Agent: Ho\n", want: "byte 0: it is unclear which column is the transcript: body, message; rename the one with the calls' text, or name it in Reader.Columns"},
		{name: "two labels", table: "id,text,outcome,won\n7,Agent: Hi,yes,no\n", want: "7 unknown: Agent/agent: Hi (it is unclear which of outcome, won is the label; name it in Reader.Columns)"},
		{name: "two labels, one named", table: "id,text,outcome,won\n7,Agent: Hi,yes,no\n", reader: Reader{Columns: map[string]string{"WON": "label"}}, want: "7 lost: Agent/agent: Hi"},
		{name: "a name that is not there", table: "id,text\n7,Agent: Hi\n", reader: Reader{Columns: map[string]string{"stage": "label"}}, want: `byte 0: no column is called "stage", only id, text; Reader.Columns names it`},
		{name: "words of the caller", table: "id,text,label\n7,Agent: Hi,Signed!\n8,Agent: Ho,1\n9,Agent: He,won\n", reader: Reader{Won: []string{"signed"}, Lost: []string{"1", "Won"}},
			want: "7 won: Agent/agent: Hi || 8 lost: Agent/agent: Ho || 9 lost: Agent/agent: He"},
		{name: "nothing", table: "id,text,label\n7,Agent: Hi,N/A\n,,\n8,NaN,0\n", want: "7 unknown: Agent/agent: Hi || record 2, byte 33: the transcript is empty; want what was said"},
		{name: "turns without IDs", table: "speaker,start,text\nMara,0:01,Hi\nTobias,0:03.5,Yes?\n", want: "1 unknown: Mara/other@1s-0s: Hi | Tobias/other@3.5s-0s: Yes?"},
		{name: "turns with IDs of their own", table: "id,speaker,text\n1,Mara,Hi\n2,Tobias,Yes?\n", want: "1 unknown: Mara/other: Hi | Tobias/other: Yes?"},
		{name: "turns that come apart", table: "call_id,turn_id,role,text,label,seller\n1,1,AGENT,Hi,,x\n2,1,agent,Ho,0,y\n1,10,agent,Bye,1,x\n1,2,customer,Yes?,1,x\n",
			want: "1 won: AGENT/agent: Hi | customer/customer: Yes? | agent/agent: Bye || 2 lost: agent/agent: Ho"},
		{name: "turns by dates", table: "call_id,speaker,created_at,text\n1,A,2026-03-05 14:15:00,Hi\n1,B,2026-03-05T14:15:03Z,Yes?\n", want: "1 unknown: A/other: Hi | B/other: Yes?"},
		{name: "turns by epoch", table: "call_id,speaker,timestamp,text\n1,A,1772720100,Hi\n1,B,1772720103,Yes?\n", want: "1 unknown: A/other: Hi | B/other@3s-0s: Yes?"},
		{name: "turns in milliseconds", table: "call_id,speaker,start_ms,end_ms,text\n1,A,500,1500,Hi\n1,B,2500,,Yes?\n", want: "1 unknown: A/other@500ms-1.5s: Hi | B/other@2.5s-0s: Yes?"},
		{name: "numbers of turns alone", table: "call_id,turn,text\n1,2,Yes?\n1,1,Hi\n", want: "1 unknown: /other: Hi | /other: Yes?"},
		{name: "whole calls and a column of speakers", table: "call_id,speaker,text\n1,x,\"Agent: Hi\nCustomer: Yes?\"\n", want: "1 unknown: Agent/agent: Hi | Customer/customer: Yes?"},
		{name: "other labels in a call", table: "call_id,speaker,text,label\n1,A,Hi,1\n1,B,Yes?,0\n", want: `record 1, byte 27: the rows of call "1" have different labels in label; give each call its own ID, and all its rows one label`},
		{name: "lists", table: "id,text\n1,\"[('Agent', 'Hi \"\"you\"\"'), ('Customer', \"\"It's fine\"\")]\"\n2,\"[{'speaker': 'Agent', 'text': 'a', 'x': None}\n {'speaker': 'Customer', 'text': 'b\\n', 'x': True}]\"\n3,\"['Agent: Hi', 'Customer: Yes?']\"\n4,[sic]\n",
			want: `1 unknown: Agent/agent: Hi "you" | Customer/customer: It's fine || 2 unknown: Agent/agent: a | Customer/customer: b || 3 unknown: Agent/agent: Hi | Customer/customer: Yes? || 4 unknown: /other: [sic]`},
		{name: "escaped lines", table: "id,text\n1,Agent: Hi\\r\\nCustomer: So?\\nMore.\n2,C:\\new\\notes: gone\n3,Mara: Hi\\nTobias: Yes?\n", want: "1 unknown: Agent/agent: Hi | Customer/customer: So?\nMore. || 2 unknown: /other: C:\\new\\notes: gone || 3 unknown: Mara/other: Hi | Tobias/other: Yes?"},
		{name: "columns without a name", table: "Unnamed: 0,id,text,,\n0,7,Agent: Hi,,\n1,8,Agent: Ho,x,\n", want: "7 unknown: Agent/agent: Hi || 8 unknown: Agent/agent: Ho (a column without a name was left out)"},
		{name: "quotes between tabs", table: "id\ttext\n1\t\"Agent: Hi\nCustomer: \"\"Yes\"\"\"\n2\t\"Agent: 5\" wide\n3\tAgent: \"Hi\"\n4\t\"Agent: Hi\t\n5\tAgent: Bye\n",
			want: `1 unknown: Agent/agent: Hi | Customer/customer: "Yes" || 2 unknown: /other: "Agent: 5" wide || 3 unknown: Agent/agent: "Hi" || 4 unknown: /other: "Agent: Hi || 5 unknown: Agent/agent: Bye`},
		{name: "a row that is not closed", table: "id,text\n1,\"Agent: Hi\n2,Agent: Ho\n3,\"Agent: He\"\n4,Agent: Hu\n", want: `record 1, byte 8: the quote at byte 27 of the row is followed by more of the cell; double the quotes in a cell || 2 unknown: Agent/agent: Ho || 3 unknown: Agent/agent: He || 4 unknown: Agent/agent: Hu`},
		{name: "separators", table: "\"sep=\t\"\nid\ttext\n1\tAgent: Hi, you; all\n", want: "1 unknown: Agent/agent: Hi, you; all"},
		{name: "blank lines", table: "\n\r\nid,text\r\n\r\n1,\"Agent: Hi\r\nAll\"\r\n", want: "1 unknown: Agent/agent: Hi\nAll"},
		{name: "CR in a cell", table: "id,text\r1,\"Agent: Hi\rCustomer: Yes?\"\r", want: "1 unknown: Agent/agent: Hi | Customer/customer: Yes?"},
		{name: "bars", table: "id|text|label\n1|\"Agent: Hi\nCustomer: Yes?\"|1\n", want: "1 won: Agent/agent: Hi | Customer/customer: Yes?"},
		{name: "UTF-16 without a mark", table: "i\x00d\x00,\x00t\x00e\x00x\x00t\x00\n\x001\x00,\x00H\x00i\x00\n\x00", want: "1 unknown: /other: Hi"},
		{name: "breaks of HTML and of Excel", table: "id,text\n1,Agent: Hi<br>Customer: Yes?<br />Agent: Bye\n2,\"Agent: Hi_x000D_\nCustomer: Yes?\"\n",
			want: "1 unknown: Agent/agent: Hi | Customer/customer: Yes? | Agent/agent: Bye || 2 unknown: Agent/agent: Hi | Customer/customer: Yes?"},
		{name: "start, end and text", table: "start\tend\ttext\n0\t2500\tHi there.\n3000\t4000\tYes?\n", want: "1 unknown: /other@0s-2.5s: Hi there. | /other@3s-4s: Yes?"},
		{name: "turns of files", table: "file_name,party,sentence\na.wav,Agent,Hi\na.wav,Customer,Yes?\nb.wav,Agent,Ho\n", want: "a.wav unknown: Agent/agent: Hi | Customer/customer: Yes? || b.wav unknown: Agent/agent: Ho"},
		{name: "an ID is no text", table: "transcript_id,speaker,line\n7,Agent,Hi\n", want: "byte 0: no column is called transcript, only transcript_id, speaker, line; rename the one with the calls' text, or name it in Reader.Columns"},
		{name: "words around won and lost", table: "id,text,label\n1,Hi,5 - Closed Won\n2,Hi,Closed Lost (Price)\n3,Hi,Opportunity Won\n4,Hi,Did not purchase\n5,Hi,NA\n6,Hi,-\n7,Hi,open\n8,Hi,never lost nor won\n",
			want: `1 won: /other: Hi || 2 lost: /other: Hi || 3 won: /other: Hi || 4 lost: /other: Hi || 5 unknown: /other: Hi || 6 unknown: /other: Hi || 7 unknown: /other: Hi || record 8, byte 127: the label is "never lost nor won"; want 1 or 0, won or lost, yes or no, or nothing where it is unknown (Reader.Won and Reader.Lost name other words)`},
		{name: "two labels that agree", table: "id,text,StageName,IsWon\n7,Agent: Hi,Closed Won,true\n8,Agent: Ho,Closed Lost,true\n",
			want: "7 won: Agent/agent: Hi || 8 unknown: Agent/agent: Ho (it is unclear which of IsWon, StageName is the label; name it in Reader.Columns)"},
		{name: "flags of sides", table: "call_id,is_agent,text\n1,TRUE,Hi &amp; ho\n1,FALSE,Yes?\n2,0,Ho\n", want: "1 unknown: agent/agent: Hi & ho | customer/customer: Yes? || 2 unknown: customer/customer: Ho"},
		{name: "flags of sides and names", table: "call_id,name,from_customer,text\n1,Mara,no,Hi\n1,Tobias,yes,Yes?\n", want: "1 unknown: Mara/agent: Hi | Tobias/customer: Yes?"},
		{name: "a flag of calls", table: "call_id,is_customer,text\n1,yes,Hi there you\n2,no,Ho there you\n", want: "1 unknown: /other: Hi there you || 2 unknown: /other: Ho there you"},
		{name: "senders", table: "Chat ID,Timestamp,Visitor,Agent,Message,Sender Type\n1,2026-03-05 14:15,Tobias,Mara,Hi,Visitor\n1,2026-03-05 14:16,Tobias,Mara,Yes?,Agent\n", want: "1 unknown: Visitor/customer: Hi | Agent/agent@1m0s-0s: Yes?"},
		{name: "authors", table: "conversation_id,author_type,author_name,body\n1,user,Tobias,<p>Hi</p>\n1,admin,Mara,<p>Yes?</p>\n", want: "1 unknown: Tobias/customer: Hi | Mara/agent: Yes?"},
		{name: "numbers of frames", table: "Speaker Name,Start Time,End Time,Text\nMara,00;00;01;12,00;00;03;05,Hi\nTobias,00:00:04:00,00:00:05:00,Yes?\n", want: "1 unknown: Mara/other@1s-3s: Hi | Tobias/other@4s-5s: Yes?"},
		{name: "times that are none", table: "speaker,start,text\nMara,soon,Hi\nTobias,later,Yes?\n", want: "1 unknown: Mara/other: Hi | Tobias/other: Yes? (a time of turns cannot be read)"},
		{name: "a table of Markdown", table: "| Time | Speaker | Text |\n|------|:-------:|------|\n| 0:01 | Agent | Hi |\n| 0:03 | Customer | Yes? |\n", want: "1 unknown: Agent/agent@1s-0s: Hi | Customer/customer@3s-0s: Yes?"},
		{name: "the ID of a record", table: "Record ID,Call Transcript,Call outcome\n501,Agent: Hi,Won\n", want: "501 won: Agent/agent: Hi"},
		{name: "turns with IDs of records", table: "record_id,speaker,text\n1,Mara,Hi\n2,Tobias,Yes?\n", want: "1 unknown: Mara/other: Hi | Tobias/other: Yes?"},
		{name: "words of other languages", table: "id,text,label\n1,Hi,成交\n2,Hi,失注\n3,Hi,Did not convert\n4,Hi,нет\n", want: "1 won: /other: Hi || 2 lost: /other: Hi || 3 lost: /other: Hi || 4 lost: /other: Hi"},
		{name: "dates", table: "id,text,call_date,duration_minutes\n1,Agent: Hi,next week,2\n", want: "1 unknown: Agent/agent: Hi (a value of call_date cannot be read)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := summed(c.reader, c.table); got != c.want {
				t.Errorf(" got %s\nwant %s", got, c.want)
			}
		})
	}
}

// The day comes first in dates where a column shows it, or its table is of a language that writes it so.
func TestOrderOfDates(t *testing.T) {
	const february = "2024-02-03"
	for table, want := range map[string]string{
		"Datum;Transkript\n03/02/2024;Hi\n":                    february,
		"fecha,transcripción\n03/02/2024,Hi\n":                 february,
		"date,texte\n03/02/24 10:30,Hi\n":                      "2024-02-03 10:30",
		"Data,Trascrizione\n03-02-2024,Hi\n":                   february,
		"date,text\n03/02/2024,Hi\n13/02/2024,Hi\n":            february,
		"date,text\n,Hi\n2-3-2024,Hi\n2-13-2024,Hi\n":          "",
		"date,text\n2-3-2024,Hi\n2-13-2024,Hi\n":               "2024-02-03",
		"date,text\n02/03/2024,Hi\n02/13/2024,Hi\n":            "02/03/2024",
		"Datum;Transkript\n02/03/2024;Hi\n02/13/2024;Hi\n":     "02/03/2024",
		"date,text\n02/03/2024,Hi\n":                           "02/03/2024",
		"call_id,fecha,hablante,texto\n1,03/02/2024,Mara,Hi\n": february,
		"date,text\n2024-02-03,Hi\n13/02/2024,Hi\n":            february,
		"{\"date\": {\"0\": \"03/02/2024\", \"1\": \"13/02/2024\"}, \"text\": {\"0\": \"Hi\", \"1\": \"Ho\"}}": february,
	} {
		read := Reader.CSV
		if table[0] == '{' {
			read = Reader.JSON
		}
		calls, err := Collect(read(Reader{}, ctx, strings.NewReader(table)), nil)
		if err != nil {
			t.Fatal(err)
		}
		m := calls[0].Metadata
		if m.Value("call_time") != want || want != "" && (m.CallTime.Month() != time.February || m.CallTime.Day() != 3) {
			t.Errorf("%q is read as %v from %q, want %q", table, m.CallTime, m.Value("call_time"), want)
		}
		if guessed := strings.Contains(strings.Join(calls[0].Notes, " "), "months first"); guessed != (table == "date,text\n02/03/2024,Hi\n") {
			t.Errorf("%q: notes %q", table, calls[0].Notes)
		}
	}
}

func TestTableMetadata(t *testing.T) {
	for c, err := range (Reader{}).CSV(ctx, strings.NewReader("id;text;Dauer (Sek.)\n1;Agent: Hi;1.234,5\n")) {
		if err != nil || c.Metadata.Duration != 1234500*time.Millisecond {
			t.Errorf("a duration with two signs: %v, %v", c.Metadata.Duration, err)
		}
	}
	const table = "ID,TRANSCRIPT,Rep,Call Time,Duration (min),customer-company-size,Region,REGION CODE\n1,Agent: Hi,Dana,3/5/2026 2:15 PM,1.5,51-200,North,007\n"
	calls, err := Collect(Reader{}.CSV(ctx, strings.NewReader(table)), nil)
	if err != nil {
		t.Fatal(err)
	}
	m := calls[0].Metadata
	if m.AgentID != "Dana" || m.Value("rep") != "Dana" || m.Duration != 90*time.Second || m.CompanySize != "51-200" || m.CallTime.IsZero() ||
		m.Value("region_code") != "007" || m.Value("Region") != "North" {
		t.Errorf("metadata %+v", m)
	}
	groups, err := Groups(calls, "AGENT_ID")
	if err != nil || len(groups) != 1 {
		t.Errorf("groups %v, error %v", groups, err)
	}
}

// A header of very many columns is read in a time that grows with it.
func TestWideTable(t *testing.T) {
	const columns = 100_000
	var header, row strings.Builder
	header.WriteString("id,transcript")
	row.WriteString("1,Agent: Hi")
	for i := range columns {
		header.WriteString(",c")
		header.WriteString(strings.Repeat("x", i%7))
		header.WriteString(time.Duration(i).String())
		row.WriteString(",1")
	}
	calls, err := Collect(Reader{}.CSV(ctx, strings.NewReader(header.String()+"\n"+row.String()+"\n")), nil)
	if err != nil || len(calls[0].Metadata.Extra) != columns {
		t.Errorf("error %v", err)
	}
}

func TestParseTime(t *testing.T) {
	want := time.Date(2026, 3, 5, 14, 15, 0, 0, time.UTC)
	for _, s := range []string{"2026-03-05T14:15:00Z", "2026-03-05 14:15", "2026-03-05T14:15:00.000+0000", "2026-03-05T15:15+01:00", "2026-03-05 14:15:00 UTC",
		"2026-03-05 07:15-07", "3/5/2026 2:15 PM", "03/05/2026, 2:15:00 PM", "3/5/26 14:15", "05.03.2026 14:15", "Mar 5, 2026 2:15pm", "5 March 2026 14:15", "Thu, 05 Mar 2026 14:15:00 GMT",
		"Thursday, March 5, 2026 at 2:15 PM", "1772720100", "1772720100000", "1772720100.0", "2026/03/05 14:15"} {
		if got, ok := parseTime(s); !ok || !got.Equal(want) {
			t.Errorf("%q is %v, %v", s, got, ok)
		}
	}
	for _, s := range []string{"2026-03-05", "3/5/2026", "Mar 5, 2026", "5-Mar-2026", "20260305", "Thu 5 Mar 2026"} {
		if got, ok := parseTime(s); !ok || !got.Equal(want.Truncate(24*time.Hour)) {
			t.Errorf("%q is %v, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "soon", "25/12/2026", "14:15", "2026-13-05", "2026-03-05 25:00", "3/5/2026 2:15 XST", "12", "1e300", "9999999999999999999999"} {
		if got, ok := parseTime(s); ok {
			t.Errorf("%q is read as %v", s, got)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for s, want := range map[string]time.Duration{"754.6": 754600 * time.Millisecond, "12:34": 754 * time.Second, "00:12:34": 754 * time.Second, "1:02:03.5": 3723500 * time.Millisecond,
		"12 min": 12 * time.Minute, "12m 34s": 754 * time.Second, "PT12M34S": 754 * time.Second, "P1DT1H": 25 * time.Hour, "1 hr, 2 mins and 3 seconds": 3723 * time.Second, "1.300s": 1300 * time.Millisecond,
		"PT0.07S": 70 * time.Millisecond, "1h": time.Hour, "90 sec.": 90 * time.Second, "500ms": 500 * time.Millisecond, "0 days 00:12:34.500000": 754500 * time.Millisecond} {
		if got, ok := parseDuration(s); !ok || got != want {
			t.Errorf("%q is %v, %v; want %v", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "a while", "-5", "5 apples", "12 min later", "min", "PT", "1e12", "NaN", "inf", "99999999999h"} {
		if got, ok := parseDuration(s); ok {
			t.Errorf("%q is read as %v", s, got)
		}
	}
}

// Bare numbers are milliseconds where nobody could take so long for the words.
func TestUnits(t *testing.T) {
	for json, want := range map[string]string{
		`[{"speaker": "A", "text": "one two three", "start": 0}, {"speaker": "B", "text": "four", "start": 3050}]`:                       "A/other: one two three | B/other@3.05s-0s: four",
		`[{"speaker": "A", "text": "one two three", "start": 0.0}, {"speaker": "B", "text": "four", "start": 3050.5}]`:                   "A/other: one two three | B/other@50m50.5s-0s: four",
		`[{"speaker": "A", "text": "one two three", "start": 10, "end": 25}, {"speaker": "B", "text": "x", "start": 3050, "end": 3052}]`: "A/other@10s-25s: one two three | B/other@50m50s-50m52s: x",
		`[{"speaker": "A", "text": "one two three", "start": "5", "duration": "1500"}]`:                                                  "A/other@5ms-1.505s: one two three",
		`[{"speaker": "A", "text": "one", "start": "soon"}]`:                                                                             "A/other: one",
	} {
		calls, err := Collect(Read(ctx, strings.NewReader(json)), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := show(calls[0].Turns()); got != want {
			t.Errorf("%s:\n got %s\nwant %s", json, got, want)
		}
	}
}

func TestRolesOfTitles(t *testing.T) {
	for name, want := range map[string]Role{"Customer Success Manager": Agent, "Mara (Customer Success Lead)": Agent, "client-services rep": Agent, "Head of Customer Care": Agent,
		"ACCOUNT_EXECUTIVE": Agent, "HUMAN_AGENT": Agent, "AUTOMATED_AGENT": Agent, "END_USER": Customer, "EndUser": Customer, "salesAgent": Agent, "Customer Relations": Agent, "Client": Customer, "Prospect 2": Customer, "assistant": Agent, "user": Customer,
		"Client's Assistant": Customer, "Customer’s Agent": Customer, "Mara's Assistant": Agent,
		"客服": Agent, "坐席 2": Agent, "顾客": Customer, "担当者": Agent, "お客様": Customer, "営業": Agent, "상담원": Agent, "고객": Customer, "Sprzedawca": Agent, "Klient": Customer,
		"Müşteri Temsilcisi": Agent, "Müşteri": Customer, "Менеджер": Agent, "КЛИЕНТ": Customer, "الموظف": Agent, "العميل": Customer, "विक्रेता": Agent, "ग्राहक": Customer,
		"Sales Lead": Agent, "Mara": Other, "Customer": Customer, "Decision Maker": Customer} {
		if got := (Roles)(nil).Of(name); got != want {
			t.Errorf("%q is %s, want %s", name, got, want)
		}
	}
	for role, want := range map[string]Role{"internal": Agent, "External": Customer, "model": Agent, "visitor": Customer} {
		if got, _ := roleOf(role); got != want {
			t.Errorf("the role %q is %s, want %s", role, got, want)
		}
	}
}

func TestSummary(t *testing.T) {
	var s Summary
	r := Reader{Summary: &s}
	const table = "id,text,converted\n1,\"Agent: Hi\nCustomer: Yes?\",yes\n2,,no\n3,Just words.,no\n4,Agent: Hi,\n"
	for range r.CSV(ctx, strings.NewReader(table)) {
	}
	want := "CSV: 3 calls, 4 turns of 2 agents, 1 customer (counted in each call), 1 without a speaker; 1 won, 1 lost, 1 without a label; label is read from converted; transcript is read from text; " +
		"left out: 1 record (the first: record 2, byte 51: the transcript is empty; want what was said); of 1 call: no speaker was found"
	if got := s.String(); got != want {
		t.Errorf(" got %s\nwant %s", got, want)
	}
	if s.Skipped != 1 || len(s.Errors) != 1 || s.Outcomes[Won] != 1 || s.Columns["label"] != "converted" {
		t.Errorf("%+v", s)
	}
	if got := new(Summary).String(); got != "0 calls, 0 turns; 0 won, 0 lost" {
		t.Errorf("of nothing: %s", got)
	}
}
