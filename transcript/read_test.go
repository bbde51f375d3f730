package transcript

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// ctx is that of readings that nothing interrupts.
var ctx = context.Background()

const two = `{"transcript": "Agent: Hi\nCustomer: \"Yes\" \u00e9\ud83d\ude00", "label": 1, "metadata": {"industry": "Retail", "duration": 90, "x": {"a": [1, 2]}}}
{"id": "b", "transcript": "Agent: Bye", "label": 0, "metadata": null}
`

func pack(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestReadForms(t *testing.T) {
	records := strings.Split(strings.TrimSpace(two), "\n")
	for name, text := range map[string]string{
		"lines":        two,
		"carriage":     strings.ReplaceAll(two, "\n", "\r\n"),
		"array":        "[" + strings.Join(records, ",\n") + "]",
		"marked":       "\ufeff [\n" + strings.Join(records, "\n,") + "\n]\n",
		"gzip":         pack(t, two),
		"side by side": strings.Join(records, " "),
	} {
		whole, err := Collect(Read(ctx, strings.NewReader(text)), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		bytewise, err := Collect(Read(ctx, iotest.OneByteReader(strings.NewReader(text))), nil)
		if err != nil || !reflect.DeepEqual(whole, bytewise) {
			t.Fatalf("%s: byte by byte: %v, %v; want %v", name, bytewise, err, whole)
		}
		want := []Call{
			{ID: "1", Text: "Agent: Hi\nCustomer: \"Yes\" é😀", Outcome: Won, Metadata: Metadata{
				Industry: "Retail", Duration: 90 * time.Second, Extra: map[string]json.RawMessage{"x": json.RawMessage(`{"a": [1, 2]}`)}}},
			{ID: "b", Text: "Agent: Bye", Outcome: Lost},
		}
		for i := range want {
			want[i].read()
		}
		if !reflect.DeepEqual(whole, want) {
			t.Errorf("%s: read %+v, want %+v", name, whole, want)
		}
	}
}

func TestReadBadInput(t *testing.T) {
	const good = `{"transcript": "Hi", "label": 1}`
	for _, c := range []struct {
		input string
		calls int // that are read all the same
		want  string
	}{
		{"", 0, "byte 0: the input is empty"},
		{" \n", 0, "byte 2: the input is empty"},
		{"[]", 0, "byte 1: the array is empty"},
		{"hello", 0, "byte 0: the input starts with 'h'"},
		{"\xff\xfea\x00", 0, "byte 0: the input starts with 'a'"},
		{"\xe9t\xe9", 0, "byte 0: the input starts with the byte 0xe9"},
		{`{"transcript": "Hi", "label": "maybe"}`, 0, `record 1, byte 30: the label is "maybe"; want 1 or 0`},
		{`[` + good + `, {"transcript": "Hi", "label": 2}, ` + good + `]`, 2, `record 2, byte 65: the label is "2"; want 1 or 0`},
		{`{"a" 1}`, 0, `record 1, byte 5: want ':' after the key "a", found '1'`},
		{`{"a": 1 "b": 2}`, 0, `record 1, byte 8: want ',' or '}' after the value of "a", found '"'`},
		{`{"transcript": [{} {}]}`, 0, "record 1, byte 19: want ',' or ']' after an array's element, found '{'"},
		{`{"transcript": "Hi", "label": {"of": "the call,` + "\\t" + ` which was long"}}`, 0, "record 1, byte 30: the label is "},
		{`{"calls": [` + good + `, {"id": 2, "turns": []}]}`, 1, "record 1, byte 64: the transcript is empty"},
		{`{"calls": [` + good + `, {"id": 2}]}`, 1, `record 1, byte 45: the record has no "transcript", only id`},
		{`{"label": 1}`, 0, `record 1, byte 0: the record has no "transcript"`},
		{`{"transcript": "  \n ", "label": 1}`, 0, "record 1, byte 15: the transcript is empty"},
		{`{"transcript": "a\u0000b"}`, 0, "record 1, byte 15: the transcript holds a NUL (its byte 1)"},
		{"{\"transcript\": \"a\x00b\"}", 0, "record 1, byte 17: the control character '\\x00' is not escaped"},
		{`{"transcript": 5}`, 0, "record 1, byte 15: \"transcript\" is 5; want a text or an array of turns"},
		{`{"transcript": "Hi", "transcript": "Ho"}`, 0, `record 1, byte 21: the key "transcript" occurs twice`},
		{`{"transcript": "Hi", "x": 1, "metadata": {"x": 2}}`, 0, `record 1, byte 47: "x" is both in the metadata and alongside`},
		{`{"transcript": "Hi", "metadata": 3}`, 0, "record 1, byte 33: want a JSON object, found 3"},
		{`{"transcript": "Hi", "metadata": {"x": tru}}`, 0, "record 1, byte 39: tru is not a JSON value"},
		{`{"transcript": "\ud83d"}`, 0, `record 1, byte 16: the escape \ud83d is half of a surrogate pair`},
		{`{"transcript": "\x"}`, 0, `record 1, byte 16: "\\x\"}" is no escape`},
		{"{\"transcript\": \"caf\xe9\"}\n" + good, 1, "record 1, byte 19: the byte 0xe9 is not UTF-8"},
		{`[` + good + `, {"transcript": "Hi`, 1, "record 2, byte 53: the input ends here, within the record"},
		{`[` + good + `,`, 1, "record 1, byte 34: the input ends here, within the array"},
		{`[` + good, 1, "record 1, byte 33: the input ends here, within the array"},
		{`[` + good + `,]`, 1, "record 1, byte 34: the array ends after a comma"},
		{`[` + good + good + `]`, 1, "record 1, byte 33: want ',' or ']' after the record, found '{'"},
		{`[` + good + `] x`, 1, "record 0"},
		{`[1, ` + good + `]`, 1, "record 1, byte 1: want a JSON object, a call or a turn of one, found 1"},
		{good + "\n" + `{"transcript": "Hi` + "\n" + good, 2, "record 2, byte 48: the string is not closed; the record seems to be cut short"},
		{good + "\n" + `{"transcript": "Hi", "label": 1` + "\n" + good, 2, "record 2, byte 64: want ',' or '}' after the value of \"label\", found the end of the record"},
		{good + "\n]\n" + good, 2, "record 2, byte 33: want a JSON value, found ']'"},
		{pack(t, good)[:20], 0, "record 1, byte 9: the gzip file is damaged or cut short, fetch it again: unexpected EOF"},
		{"\x1f\x8bnonsense", 0, "byte 0: the gzip file is damaged"},
	} {
		var first error
		count := 0
		for _, err := range Read(ctx, strings.NewReader(c.input)) {
			if err == nil {
				count++
			} else if first == nil {
				first = err
			}
		}
		want := strings.TrimPrefix("transcript: "+c.want, "transcript: record 0")
		if first == nil || !strings.Contains(first.Error(), want) || strings.Contains(first.Error(), "\n") {
			t.Errorf("%q: error %v, want %s", c.input, first, want)
		}
		if count != c.calls {
			t.Errorf("%q: %d calls read, want %d", c.input, count, c.calls)
		}
	}
}

func TestReadStopsWhenToldTo(t *testing.T) {
	for range Read(ctx, strings.NewReader(two)) {
		break
	}
	_, err := Collect(Read(ctx, iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(two)))), nil)
	if !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("error %v, want the reader's", err)
	}
}

// An input that breaks off anywhere is read to there, and ends in an error.
func TestReadersEndWhereTheInputBreaksOff(t *testing.T) {
	turns := `{"call_id": "1", "speaker": "A", "text": "Hi"}` + "\n"
	texts := []string{two, "[" + strings.ReplaceAll(strings.TrimSpace(two), "\n", ",") + "]", turns + turns + "{\n" + turns,
		"transcript,label\nHi,1\n\"Yes,\nno\",0\n", "WEBVTT\n\n00:01.000 --> 00:02.000\nAgent: Hi\n", "Agent: Hi\nCustomer: Yes\n"}
	for ending, read := range formats {
		for _, text := range texts {
			for n := range len(text) + 1 {
				errs := 0
				for _, err := range read(Reader{}, ctx, io.MultiReader(strings.NewReader(text[:n]), iotest.ErrReader(io.ErrClosedPipe))) {
					if err != nil {
						errs++
					}
					if errs > len(text) {
						break
					}
				}
				if errs == 0 || errs > len(text) {
					t.Fatalf("%s: %q and then an error of the reader gives %d errors", ending, text[:n], errs)
				}
			}
		}
	}
}

func TestReadFileNamesTheFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "calls.json")
	if _, err := Collect(ReadFile(ctx, name), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want that the file does not exist", err)
	}
	if err := os.WriteFile(name, []byte(two+`{"label": 0}`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Collect(ReadFile(ctx, name), nil)
	var bad *RecordError
	if !errors.As(err, &bad) || bad.File != name || bad.Record != 3 || bad.Byte != int64(len(two)) {
		t.Errorf("error %v, want record 3 of %s", err, name)
	}
	skipped := 0
	calls, err := Collect(ReadFile(ctx, name), func(error) { skipped++ })
	if err != nil || len(calls) != 2 || skipped != 1 {
		t.Errorf("%d calls, %d skipped, error %v; want 2, 1, none", len(calls), skipped, err)
	}
}

func TestCollectFindsIDsThatAreThereTwice(t *testing.T) {
	const calls = `{"id": "2", "transcript": "a"} {"transcript": "b"} {"id": "c", "transcript": "c"}`
	_, err := Collect(Read(ctx, strings.NewReader(calls)), nil)
	if err == nil || !strings.Contains(err.Error(), `the ID "2" is used by calls number 1 and 2`) {
		t.Errorf("error %v, want that the ID 2 is there twice", err)
	}
	skipped := 0
	if all, err := Collect(Read(ctx, strings.NewReader(calls)), func(error) { skipped++ }); err != nil || len(all) != 2 || skipped != 1 {
		t.Errorf("%d calls, %d skipped, error %v; want 2, 1, none", len(all), skipped, err)
	}
}

// A call of 50 MB on one line is read, and nothing is kept of the calls before.
func TestReadLongLine(t *testing.T) {
	text := strings.Repeat("a b ", 50<<18)
	calls, err := Collect(Read(ctx, strings.NewReader(two+`{"transcript": "`+text+`"}`)), nil)
	if err != nil || len(calls) != 3 || calls[2].Text != text {
		t.Fatalf("%d calls, error %v", len(calls), err)
	}
}

// What is written is read back the same.
func TestSampleRoundTrip(t *testing.T) {
	var text bytes.Buffer
	for _, c := range Sample() {
		record, err := c.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		text.Write(append(record, '\n'))
	}
	calls, err := Collect(Read(ctx, &text), nil)
	if err != nil || !reflect.DeepEqual(calls, Sample()) {
		t.Errorf("%d calls are not those of the sample, error %v", len(calls), err)
	}
}

// Memory depends on the largest record, not on their number.
func TestReadHoldsOneRecord(t *testing.T) {
	lines := make([]io.Reader, 20000)
	for i := range lines {
		lines[i] = strings.NewReader(two)
	}
	count := 0
	d := &decoder{source: source{r: io.MultiReader(lines...)}, records: newRecords(Reader{}), yield: func(_ Call, err error) bool {
		count++
		return err == nil
	}}
	d.run()
	if count != 2*len(lines) || cap(d.buf) > 1<<18 {
		t.Errorf("%d records, a buffer of %d bytes", count, cap(d.buf))
	}
}

func TestRoundTrip(t *testing.T) {
	const record = `{"id":"7","transcript":"Agent: <Hi> & bye","label":0,"metadata":{"agent_id":12,"call_time":"Monday",` +
		`"customer_company_size":250,"duration":"12:34","industry":"Retail","product":null,"rating":4.50,"tags":["a","b"]}}`
	calls, err := Collect(Read(ctx, strings.NewReader(record)), nil)
	if err != nil {
		t.Fatal(err)
	}
	m := &calls[0].Metadata
	if m.AgentID != "12" || m.CompanySize != "250" || m.Duration != 754*time.Second || !m.CallTime.IsZero() || m.Value("call_time") != "Monday" {
		t.Errorf("metadata is %+v", m)
	}
	if b, err := calls[0].MarshalJSON(); err != nil || string(b) != record {
		t.Errorf("wrote %s, %v; want %s", b, err, record)
	}
	var same Call
	if err := json.Unmarshal([]byte(record), &same); err != nil || !reflect.DeepEqual(same, calls[0]) {
		t.Errorf("unmarshalled %+v, %v; want %+v", same, err, calls[0])
	}
	m.AgentID, m.Duration = "A 13", time.Minute
	b, err := m.MarshalJSON()
	if want := `{"agent_id":"A 13","call_time":"Monday","customer_company_size":250,"duration":60,"industry":"Retail","product":null,"rating":4.50,"tags":["a","b"]}`; err != nil || string(b) != want {
		t.Errorf("wrote %s, %v; want %s", b, err, want)
	}
	var again Metadata
	if err := json.Unmarshal(b, &again); err != nil || again.AgentID != "A 13" || again.Value("rating") != "4.50" {
		t.Errorf("read back %+v, %v", again, err)
	}
}

// What is read is what encoding/json reads; what it refuses beyond that, it refuses knowingly.
func FuzzRecord(f *testing.F) {
	for line := range strings.Lines(two) {
		f.Add([]byte(line))
	}
	f.Add([]byte(`{"transcript":"\\\"\u0041\ud83d\ude00","id":7,"label":1.0,"metadata":{"a":{},"b":[[]]},"c":-1e5}`))
	f.Add([]byte(`{"transcript":"a",,"label":null}`))
	f.Add([]byte(`"0\n0"`)) // a text alone
	f.Fuzz(func(t *testing.T, b []byte) {
		call, err := readRecord(b)
		if err != nil || bytes.HasPrefix(bytes.TrimSpace(b), []byte(`"`)) || bytes.Contains(b, []byte("NaN")) || bytes.Contains(b, []byte("Infinity")) {
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(b, &want); err != nil {
			t.Fatalf("encoding/json refuses what was read: %v", err)
		}
		text := plain(want["transcript"])
		for key := range want {
			if _, known := callKeys[squeeze(key)]; known && !slices.Contains([]string{"id", "transcript", "label", "metadata"}, key) || byKey[key] != nil && key != "transcript" {
				return // what it is for is not simple
			}
		}
		if call.Text != text && !strings.Contains(text, `\n`) && !strings.ContainsAny(text, "[{") {
			t.Errorf("text %q, want %q", call.Text, text)
		}
		for key, raw := range want {
			if _, known := callKeys[squeeze(key)]; !known && call.Metadata.Value(key) != plain(raw) {
				t.Errorf("%q is %q, want %q", key, call.Metadata.Value(key), plain(raw))
			}
		}
	})
}

// readRecord returns the only call of a record.
func readRecord(b []byte) (Call, error) {
	results := newRecords(Reader{}).read(b, 1, 0)
	if len(results) != 1 {
		return Call{}, errors.New("not one call")
	}
	return results[0].call, results[0].err
}

// Reading never panics, and gives the same for any size of the chunks that it reads.
func FuzzRead(f *testing.F) {
	f.Add([]byte(two))
	f.Add([]byte("[" + strings.ReplaceAll(strings.TrimSpace(two), "\n", ",") + "]"))
	f.Add([]byte(pack(f, two)))
	f.Add([]byte("{\"transcript\": \"Hi\n{\"a\":[\n{}]}\n{"))
	f.Add([]byte("я"))
	for _, c := range shapeCases {
		f.Add([]byte(c.json))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, c := outcome(Read(ctx, bytes.NewReader(b))), outcome(Read(ctx, iotest.OneByteReader(bytes.NewReader(b))))
		if !reflect.DeepEqual(a, c) {
			t.Errorf("at once: %v\nbyte by byte: %v", a, c)
		}
	})
}

// outcome lists what a reader yields.
func outcome(calls func(func(Call, error) bool)) []string {
	var all []string
	for call, err := range calls {
		if err != nil {
			all = append(all, err.Error())
			continue
		}
		b, err := call.MarshalJSON()
		all = append(all, string(b)+" "+fmtError(err))
	}
	return all
}

func fmtError(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}

// Unnumbered leaves calls without an ID as they are, in every format.
func TestUnnumbered(t *testing.T) {
	for name, c := range map[string]struct {
		read   Format
		text   string
		number string // by default
	}{
		"JSON":            {Reader.JSON, `[{"transcript": "Hi"}]`, "1"},
		"several":         {Reader.JSON, `{"calls": [{"transcript": "Hi"}, {"transcript": "Yes"}]}`, "1.1"},
		"turns":           {Reader.JSON, `{"speaker": "Mara", "text": "Hi"}` + "\n" + `{"speaker": "Tobias", "text": "Yes"}`, "1"},
		"CSV":             {Reader.CSV, "transcript,label\nHi,1\n", "1"},
		"text":            {Reader.Text, "Mara: Hi", "1"},
		"subtitles":       {Reader.Subtitles, "WEBVTT\n\n00:01.000 --> 00:02.000\nHi\n", "1"},
		"with one anyway": {Reader.JSON, `{"id": "a", "transcript": "Hi"}`, "a"},
	} {
		for unnumbered, want := range map[bool]string{false: c.number, true: ""} {
			if c.number == "a" {
				want = "a"
			}
			calls, err := Collect(c.read(Reader{Unnumbered: unnumbered}, t.Context(), strings.NewReader(c.text)), nil)
			if err != nil || calls[0].ID != want {
				t.Errorf("%s, unnumbered %v: %+v, %v, want the ID %q", name, unnumbered, calls, err, want)
			}
		}
	}
}
