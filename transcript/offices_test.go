package transcript

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// understand reads an input whose format nobody names, and writes its calls and errors, a line each.
func understand(o Reader, r io.Reader) string {
	var all strings.Builder
	for c, err := range o.Any(ctx, r) {
		if err != nil {
			fmt.Fprintln(&all, err)
			continue
		}
		fmt.Fprintf(&all, "%s %s %s", c.ID, c.Outcome, show(c.Turns()))
		for _, note := range c.Notes {
			if note != noSpeaker {
				all.WriteString(" (" + note + ")")
			}
		}
		all.WriteString("\n")
	}
	return all.String()
}

// Tables as offices keep them, in CSV and JSON.
func TestTablesOfOffices(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"recording,speaker,text\nr1,Agent,Hello\nr1,Customer,None\nr2,Agent,Hi\n",
			"r1 unknown Agent/agent: Hello | Customer/customer: None\nr2 unknown Agent/agent: Hi\n"},
		{"Case Number,Speaker,Text\n1,Agent,Hello\n2,Agent,Hi\n", "1 unknown Agent/agent: Hello\n2 unknown Agent/agent: Hi\n"},
		{"interaction,speaker,text\n1,Agent,Hello\n2,Agent,Hi\n", "1 unknown Agent/agent: Hello\n2 unknown Agent/agent: Hi\n"},
		{"batch,speaker,text\nr1,Agent,Hello\nr2,Customer,Hi\n",
			"1 unknown Agent/agent: Hello | Customer/customer: Hi (all rows are one call; if batch tells calls apart, name it call_id in Reader.Columns)\n"},
		{"dialogue,speaker,text\nd1,Agent,Hello\nd2,Agent,Hi\n", "d1 unknown Agent/agent: Hello\nd2 unknown Agent/agent: Hi\n"},
		{"conversation,speaker,utterance\n1,Agent,Hello\n2,Agent,Hi\n", "1 unknown Agent/agent: Hello\n2 unknown Agent/agent: Hi\n"},
		{`{"conversation": 1, "speaker": "Agent", "text": "Hello"}` + "\n" + `{"conversation": 2, "speaker": "Agent", "text": "Hi there"}`,
			"1 unknown Agent/agent: Hello\n2 unknown Agent/agent: Hi there\n"},
		{`{"dialogue": "d1", "speaker": "Agent", "utterance": "Hello"}` + "\n" + `{"dialogue": "d2", "speaker": "Agent", "utterance": "Hi"}`,
			"d1 unknown Agent/agent: Hello\nd2 unknown Agent/agent: Hi\n"},
		{"call_id,name,text\n1,Mara,Hello\n1,Tobias,Hi\n2,Mara,Hi\n",
			"1 unknown Mara/other: Hello | Tobias/other: Hi\n2 unknown Mara/other: Hi\n"},
		{"call_id,channel,text,start,end\n1,0,Hello,0,1\n1,1,Hi,1,2\n",
			"1 unknown Channel 0/other@0s-1s: Hello | Channel 1/other@1s-2s: Hi\n"},
		{"call_id,user,transcript,outcome\n1,ann,Hello there how are you,Won\n2,bob,We spoke about price,Lost\n",
			"1 won /other: Hello there how are you\n2 lost /other: We spoke about price\n"},
		{`{"call_id": "1", "user": "ann", "transcript": "Hello there", "outcome": "Won"}`, "1 won /other: Hello there\n"},
		{"id,transcript,result\n1,Agent: a,W\n2,Agent: b,L\n", "1 won Agent/agent: a\n2 lost Agent/agent: b\n"},
		{"id,transcript,disposition\n1,Agent: a,Booked\n2,Agent: b,Not Interested\n3,Agent: c,Callback\n",
			"1 won Agent/agent: a\n2 lost Agent/agent: b\n3 unknown Agent/agent: c (a value of disposition is no label)\n"},
		{"id,transcript,booked,status\n1,Agent: a,✓,completed\n2,Agent: b,❌,completed\n", "1 won Agent/agent: a\n2 lost Agent/agent: b\n"},
		{"id,transcript,outcome,status\n1,Agent: a,Won,Lost\n", "1 won Agent/agent: a\n"},
		{"SEP=;\nid;transcript;label\n1;Agent: a;1,0\n2;Agent: b;0,0\n", "1 won Agent/agent: a\n2 lost Agent/agent: b\n"},
		{"id, transcript, label\n1, \"Agent: a, b\", 1\n2, \"Agent: \"\"c\"\"\" , 0\n", "1 won Agent/agent: a, b\n2 lost Agent/agent: \"c\"\n"},
		{`{"transcript": {"0": "Agent: a", "1": "Agent: b"}, "label": {"0": 1, "1": 0}, "rep": {"0": "x", "1": null}}`,
			"1 won Agent/agent: a\n2 lost Agent/agent: b\n"},
		{`{"transcript": ["Agent: a", "Agent: b"], "label": [1, 0]}`, "1 won Agent/agent: a\n2 lost Agent/agent: b\n"},
		{`{"columns": ["id", "transcript", "label"], "index": [0, 1], "data": [["a", "Agent: a", 1], ["b", "Agent: b", "x"]]}`,
			"a won Agent/agent: a\ntranscript: record 1, byte 0: row 2: the label is \"x\"; want 1 or 0, won or lost, yes or no, or nothing where it is unknown (Reader.Won and Reader.Lost name other words)\n"},
		{`{"segments": [{"start": 0, "end": 2, "text": "Hello there. Hi.", "words": [{"word": "Hello", "start": 0, "end": 0.5, "speaker": "S_0"}, {"word": "there."},
			{"word": "Hi.", "start": 1, "end": 2, "speaker": "S_1"}]}, {"start": 2, "end": 3, "text": "Good.", "words": [{"word": "Good.", "speaker": "S_0"}]}]}`,
			"1 unknown S_0/other@0s-500ms: Hello there. | S_1/other@1s-2s: Hi. | S_0/other@2s-3s: Good.\n"},
		{"Anruf-ID;Sprecher;Text;Beginn;Ende;Ergebnis\n1;Berater;Guten Tag;0,0;1,5;Gewonnen\n1;Kunde;Hallo;1,5;2,2;Gewonnen\n2;Berater;Tag;0,0;1;verloren\n",
			"1 won Berater/agent@0s-1.5s: Guten Tag | Kunde/customer@1.5s-2.2s: Hallo\n2 lost Berater/agent@0s-1s: Tag\n"},
		{"Nr;Gespraech;Abschluss\n1;Berater: a b;ja\n2;Berater: b c;NEIN\n3;Berater: c d;offen\n",
			"1 won Berater/agent: a b\n2 lost Berater/agent: b c\n3 unknown Berater/agent: c d\n"},
		{"Nr.;Transkript;Ergebnis\n1;Berater: a b;Termin vereinbart\n2;Berater: b c;Kein Termin\n", "1 won Berater/agent: a b\n2 lost Berater/agent: b c\n"},
		{"Ticket,From,Message,Result\n1,Agent,Hi,Sale\n1,Customer,Ho,Sale\n2,Agent,Hi,No Sale\n", "1 won Agent/agent: Hi | Customer/customer: Ho\n2 lost Agent/agent: Hi\n"},
		{"ID appel,Intervenant,Texte,Résultat\n1,Conseiller,Bonjour,Gagné\n2,Client,Non,Perdu\n", "1 won Conseiller/agent: Bonjour\n2 lost Client/customer: Non\n"},
		{`{"transcript": "Agent: a", "label": null, "outcome": "won"}` + "\n" + `{"transcript": "Agent: b", "label": null, "outcome": null}`,
			"1 won Agent/agent: a\n2 unknown Agent/agent: b\n"},
		{"id,agent_name,customer_name,transcript\n1,Mara Lind,Tobias,\"Mara: a\nTobias: b\nAnna: c\nMara: d\"\n2,Anna,Mara,\"Mara: a\nAnna: b\"\n",
			"1 unknown Mara/agent: a | Tobias/customer: b | Anna/other: c | Mara/agent: d\n2 unknown Mara/customer: a | Anna/agent: b\n"},
		{`{"transcript": [{"speaker": "Mara", "text": "a"}, {"speaker": "Tobias", "text": "b"}], "agent": "Mara", "customer": "Tobias"}`,
			"1 unknown Mara/agent: a | Tobias/customer: b\n"},
		{`{"transcript": [{"speaker": "Client", "text": "a"}, {"speaker": "Mara", "text": "b"}], "agent": "Client Services"}`,
			"1 unknown Client/customer: a | Mara/other: b\n"},
		{"ID de llamada,Transcripción\nx7,Agente: Hola\n", "x7 unknown Agente/agent: Hola\n"},
		{"ID de l'appel,Transcription\nx7,Conseiller: Bonjour\n", "x7 unknown Conseiller/agent: Bonjour\n"},
		{"id_llamada,transcripcion,resultado\n1,Agente: Hola,vendido\n2,Cliente: No,no vendido\n", "1 won Agente/agent: Hola\n2 lost Cliente/customer: No\n"},
		{"transcript\n\"Agent: hi\nCustomer: ho\"\n", "1 unknown Agent/agent: hi | Customer/customer: ho\n"},
		{"Agent: hello\nCustomer: hi, text, all\n", "1 unknown Agent/agent: hello | Customer/customer: hi, text, all\n"},
		{"[00:00:03] Mara: Hello\n[00:00:05] Tobias: Hi\n", "1 unknown Mara/other@3s-0s: Hello | Tobias/other@5s-0s: Hi\n"},
		{"\ufeffWEBVTT\n\n00:01.000 --> 00:02.000\n<v Mara>Hi\n", "1 unknown Mara/other@1s-2s: Hi\n"},
		{"%PDF-1.7 x", "transcript: byte 0: it is a PDF; save its text as .txt, as with pdftotext\n"},
		{"<?xml version=\"1.0\"?><tt></tt>", "transcript: byte 0: it is XML; save subtitles as WebVTT (.vtt) or SRT (.srt), and calls as JSON or CSV\n"},
		{"[Script Info]\nTitle: x\n", "transcript: byte 0: it is subtitles in a format that is not read; save them as WebVTT (.vtt) or SRT (.srt)\n"},
		{"\xff\xfe\x00\x00H\x00\x00\x00", "transcript: byte 0: it is UTF-32; convert it to UTF-8\n"},
		{"BZh91AY", "transcript: byte 0: it is not packed by gzip; unpack it first\n"},
		{"PK\x03\x04x", "transcript: byte 0: it is an archive, as .xlsx and .docx are inside; unpack it, or save a workbook as CSV and a document as plain text\n"},
		{"", "transcript: byte 0: the input is empty; want calls as a JSON array, an object or JSON Lines\n"},
	} {
		if got := understand(Reader{}, strings.NewReader(c.text)); got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.text, got, c.want)
		}
	}
	labelled := "id,transcript,label,outcome\n1,Agent: a,maybe,x\n"
	if got := understand(Reader{Unlabelled: true}, strings.NewReader(labelled)); got != "1 unknown Agent/agent: a\n" {
		t.Errorf("without labels: %s", got)
	}
	for c, err := range (Reader{Unlabelled: true}).JSON(t.Context(), strings.NewReader(`{"transcript": "Hi", "x": 1, "metadata": {"x": 2}}`)) {
		if err != nil || string(c.Metadata.Extra["x"]) != "1" || len(c.Notes) == 0 || !strings.Contains(c.Notes[0], "x is both in the metadata and alongside") {
			t.Errorf("a key twice: %+v, %v", c, err)
		}
	}
	disk := errors.New("the disk is gone")
	broken := io.MultiReader(strings.NewReader("id,transcript\n1,\"Agent: a\n2,b\n"), failing{disk})
	for _, err := range (Reader{}).CSV(ctx, broken) {
		if !errors.Is(err, disk) {
			t.Errorf("an error within quotes: %v", err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestSpellingsOfTimes(t *testing.T) {
	at := time.Date(2026, 3, 5, 15, 30, 0, 0, time.UTC)
	for _, s := range []string{"5 March 2026 at 3:30 pm", "March 5th, 2026 3:30 PM", "2026-03-05T15:30:00.000+0000", "05.03.26 15:30", "Thu Mar 5 15:30:00 2026",
		"Thu Mar 5 15:30:00 UTC 2026", "5-Mar-2026 15:30", "20260305T153000Z", "20260305T1530Z", "2026-03-05 15:30:00 UTC", "Mar 5 2026  3:30PM", "3/5/2026 15:30", "2026-03-05 3:30 PM",
		"2026-03-05 10:30 EST", "3/5/2026 10:30 AM (EST)", "03/05/2026 7:30 am PST", "5. März 2026, 15:30 Uhr", "Donnerstag, 5. März 2026 15.30 Uhr", "5.3.2026 15.30",
		"5 mars 2026 à 15h30", "5 de marzo de 2026 15:30", "5. Mrz. 2026 16:30 MEZ", "Thu, 05 Mar 2026 15:30:00 GMT", "46086.6458333333", "46086,6458333333",
		"5 maart 2026 15:30", "5 marzo 2026 15:30", "Mar. 5, 2026 3:30 p.m."} {
		if got, ok := parseTime(s); !ok || !got.Equal(at) {
			t.Errorf("%q is %v", s, got)
		}
	}
	for _, s := range []string{"5 Foo 2026", "2026-03-05 15:30 XYZ", "2026-02-30", "46086.64.5", "Monday", "EST", "15.30", "5"} {
		if got, ok := parseTime(s); ok {
			t.Errorf("%q is read as %v", s, got)
		}
	}
	for s, want := range map[string]time.Duration{"12'30\"": 750 * time.Second, "12:30 min": 750 * time.Second, "1:02:03 h": 3723 * time.Second, "1:30 h": 90 * time.Minute,
		"12,5": 12500 * time.Millisecond, "1,234": 1234 * time.Second, "0,500": time.Second / 2, "1,5 min": 90 * time.Second, "12m 5s": 725 * time.Second} {
		if got, ok := parseDuration(s); !ok || got != want {
			t.Errorf("%q is %v", s, got)
		}
	}
}
