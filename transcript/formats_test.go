package transcript

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"
	"time"
)

func TestJSONTurns(t *testing.T) {
	const record = `{"turns": [{"speaker": "Dana", "role": "agent", "start": 0.5, "end": "00:02", "text": "Hi\nthere"}, {"speaker": "Lee", "text": "Yes: no", "x": [1]},
		{"speaker": 2, "start": 3700, "text": "Hm"}, {"text": "?"}, {"role": "customer", "text": " "}], "label": 1}`
	calls, err := Collect(Reader{Roles: Roles{"lee": Customer}}.JSON(ctx, strings.NewReader(record)), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := calls[0]
	if want := "Dana: Hi\nthere\nLee: Yes: no\nSpeaker 2: Hm\n?\n"; c.Text != want {
		t.Errorf("text %q, want %q", c.Text, want)
	}
	if got, want := show(c.Turns()), "Dana/agent@500ms-2s: Hi\nthere | Lee/customer: Yes: no | Speaker 2/other@1h1m40s-0s: Hm | /other: ?"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for record, want := range map[string]string{
		`{"transcript": [1]}`:                                   `byte 16: the first of "transcript" is 1; want an object`,
		`{"transcript": []}`:                                    "byte 15: the transcript is empty",
		`{"transcript": [{"speaker": "A", "start": 1}]}`:        `byte 16: the first of "transcript" has no text, only speaker, start; want`,
		`{"transcript": [{"who": "A", "line": "x"}]}`:           `byte 16: the first of "transcript" has no text, only who, line; want`,
		`{"transcript": [{"speaker": "A", "text": ""}]}`:        "byte 41: the transcript is empty",
		`{"transcript": [{"speaker": "A", "text": "x\u0000"}]}`: "byte 0: the transcript holds a NUL",
	} {
		if _, err := Collect(Read(ctx, strings.NewReader(record)), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", record, err, want)
		}
	}
}

// A list of turns under a key that is not known is read, and not kept as metadata once more.
func TestTurnsAreNoMetadata(t *testing.T) {
	calls, err := Collect(Read(ctx, strings.NewReader(`{"lines": [{"who": "agent", "said": "Hi."}], "x": 1}`)), nil)
	if err != nil || len(calls[0].Turns()) != 1 || len(calls[0].Metadata.Extra) != 1 {
		t.Errorf("%+v, error %v; want a turn, and only x in the metadata", calls, err)
	}
	const two = `{"part1": [{"speaker": "A", "text": "Hi."}], "part2": [{"speaker": "B", "text": "Bye."}], "tags": [{"name": "x"}]}`
	calls, err = Collect(Read(ctx, strings.NewReader(two)), nil)
	if want := []string{"part2 lists turns too, which are left out"}; err != nil || !slices.Equal(calls[0].Notes, want) {
		t.Errorf("two lists of turns: notes %q, error %v; want %q", calls[0].Notes, err, want)
	}
}

func TestCSV(t *testing.T) {
	for name, text := range map[string]string{
		"comma":     "ID,Transcript,Label,industry,duration,rep no\na,\"Agent: Hi, you\nCustomer: \"\"Yes\"\"\",1,Retail,90,007\n,Bye,,,,\n",
		"semicolon": "\ufeffID;Transcript;Label;industry;duration;rep no\r\na;\"Agent: Hi, you\r\nCustomer: \"\"Yes\"\"\";1;Retail;90;007\r\n;Bye;;;;\r\n",
		"tab":       pack(t, "ID\tTranscript\tLabel\tindustry\tduration\trep no\na\t\"Agent: Hi, you\nCustomer: \"\"Yes\"\"\"\t1\tRetail\t90\t007\n\tBye\t\t\t\t\n"),
	} {
		calls, err := Collect(Reader{}.CSV(ctx, strings.NewReader(text)), nil)
		if err != nil || len(calls) != 2 {
			t.Fatalf("%s: %d calls, error %v", name, len(calls), err)
		}
		a, b := calls[0], calls[1]
		if a.ID != "a" || a.Text != "Agent: Hi, you\nCustomer: \"Yes\"" || a.Outcome != Won || a.Metadata.Industry != "Retail" ||
			a.Metadata.Duration != 90*time.Second || a.Metadata.Value("rep no") != "007" {
			t.Errorf("%s: first call is %+v", name, a)
		}
		if b.ID != "2" || b.Text != "Bye" || b.Outcome != Unknown || b.Metadata.Industry != "" || len(b.Metadata.Extra) > 0 {
			t.Errorf("%s: second call is %+v", name, b)
		}
	}
	named := Reader{Columns: map[string]string{"Words": "transcript", "Converted": "label"}}
	calls, err := Collect(named.CSV(ctx, strings.NewReader("Words,Converted\nHi,0\n")), nil)
	if err != nil || calls[0].Text != "Hi" || calls[0].Outcome != Lost {
		t.Errorf("with names: %+v, %v", calls, err)
	}
}

func TestCSVBadInput(t *testing.T) {
	for _, c := range []struct {
		input string
		calls int
		want  string
	}{
		{"", 0, "byte 0: the input is empty"},
		{"transcript,label\n", 0, "byte 17: there is no row"},
		{"a,b\nx,1\n", 0, "byte 0: no column is called transcript, only a, b"},
		{"transcript,transcript\n", 0, `byte 0: two columns are called "transcript"`},
		{"text,body\nx,y\n", 0, "byte 0: it is unclear which column is the transcript: text, body"},
		{"transcript,label\nHi,maybe\nHo,1\n", 1, `record 1, byte 17: the label is "maybe"; want 1`},
		{"transcript,label\nHi,0,5\nHo\nHe,1\n", 1, "record 1, byte 17: the row has 3 cells, the first row 2"},
		{"transcript,label\n ,0\nHe,1\n", 1, "record 1, byte 17: the transcript is empty"},
		{"transcript,label\ncaf\xe9,0\nHe,1\n", 1, `record 1, byte 17: "transcript": the byte 0xe9 is not UTF-8`},
		{"label,transcript\n0,a \"b\"\n1,5\" pipe\n", 1, `record 1, byte 17: a cell without a quote before it ends with one, at byte 6`},
		{"transcript,label\n\"a \"b\" c\",0\nHe,1\n", 1, "record 1, byte 17: the quote at byte 3 of the row is followed by more of the cell"},
		{"transcript,label\n\"never closed,0\nHe,1\n", 1, "record 1, byte 17: the quote at byte 0 of the row is never closed"},
		{"transcript,label\na\x00b,0\n", 0, "record 1, byte 17: the transcript holds a NUL"},
	} {
		var first error
		count := 0
		for _, err := range (Reader{}).CSV(ctx, strings.NewReader(c.input)) {
			if err == nil {
				count++
			} else if first == nil {
				first = err
			}
		}
		if first == nil || !strings.Contains(first.Error(), c.want) || count != c.calls {
			t.Errorf("%q: %d calls, error %v; want %d, %s", c.input, count, first, c.calls, c.want)
		}
	}
	failed := 0
	for range (Reader{}).CSV(ctx, io.MultiReader(strings.NewReader("transcript\nHi\n"), iotest.ErrReader(io.ErrClosedPipe))) {
		failed++
	}
	if failed != 2 {
		t.Errorf("%d calls and errors of an input that breaks off, want 2", failed)
	}
	_, err := Collect(Reader{}.CSV(ctx, iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("transcript\nHi\n")))), nil)
	if !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("error %v, want the reader's", err)
	}
}

func TestDirectory(t *testing.T) {
	fsys := fstest.MapFS{
		"a.jsonl":         {Data: []byte(two)},
		"b/won/x.txt":     {Data: []byte("\ufeffAgent: Hi")},
		"b/Lost/y.vtt.gz": {Data: []byte(pack(t, "WEBVTT\n\n00:01.000 --> 00:02.000\nHi"))},
		"b/z.csv":         {Data: []byte("transcript\nHi\n")},
		".git/ignored":    {Data: []byte("?")},
		"b/.DS_Store":     {Data: []byte("?")},
		"link.json":       {Mode: fs.ModeSymlink, Data: []byte("/etc/passwd")},
		"pipe.json":       {Mode: fs.ModeNamedPipe},
		"notes.docx":      {Data: []byte("?")},
		"broken.json":     {Data: []byte(`[{"transcript": "Hi"`)},
		"broken.vtt":      {Data: []byte("Hi")},
	}
	var got []string
	for c, err := range (Reader{}).FS(ctx, fsys) {
		if err != nil {
			got = append(got, err.Error())
		} else {
			got = append(got, c.ID+" "+c.Outcome.String())
		}
	}
	want := []string{
		"a.jsonl#1 won", "b lost", "b/Lost/y.vtt.gz lost", "b/won/x.txt won", "b/z.csv#1 unknown",
		"transcript: broken.json: record 1, byte 20: the input ends here, within the record; it seems to be cut short",
		"transcript: broken.vtt: record 1, byte 2: it has no cue; want lines such as 00:01:02.500 --> 00:01:04.000",
		"transcript: link.json: byte 0: it is a symbolic link, which is not followed; put the file itself there",
		"transcript: notes.docx: byte 0: it is a word processor's document; save it as plain text (.txt) in UTF-8, or remove it",
		"transcript: pipe.json: byte 0: it is not a regular file; remove it",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if _, err := Collect(Reader{}.FS(ctx, fstest.MapFS{}), nil); err == nil || !strings.Contains(err.Error(), "the directory is empty") {
		t.Errorf("empty directory: error %v", err)
	}
}

// Files that are no calls by their names are passed by, unless there are no others.
func TestFilesIgnored(t *testing.T) {
	var s Summary
	calls, err := Collect(Reader{Summary: &s}.FS(ctx, fstest.MapFS{"a.txt": {Data: []byte("Agent: Hi")}, "README.txt": {Data: []byte("Hi")}, "b/LICENSE": {}, "x.bin": {}}), nil)
	if want := []string{"README.txt", "b/LICENSE", "x.bin"}; err != nil || len(calls) != 1 || !slices.Equal(s.Ignored, want) ||
		!strings.Contains(s.String(), "ignored, as their names are not of calls: 3 files (README.txt, b/LICENSE, x.bin)") {
		t.Errorf("%d calls, error %v, ignored %q: %s", len(calls), err, s.Ignored, &s)
	}
	calls, err = Collect(Reader{}.FS(ctx, fstest.MapFS{"README.txt": {Data: []byte("Agent: Hi")}}), nil)
	if err != nil || len(calls) != 1 {
		t.Errorf("alone: %d calls, error %v", len(calls), err)
	}
	if _, err = Collect(Reader{}.FS(ctx, fstest.MapFS{"x.bin": {Data: []byte("Agent: Hi")}}), nil); err == nil || !strings.Contains(err.Error(), "its name does not show its format") {
		t.Errorf("alone, without a format: error %v", err)
	}
}

func TestFileIsDirectory(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.txt", "Agent: Hi")
	calls, err := Collect(ReadFile(ctx, dir), nil)
	if err != nil || len(calls) != 1 || calls[0].ID != "a.txt" {
		t.Fatalf("calls %+v, error %v", calls, err)
	}
	write("b.json", "{")
	_, err = Collect(ReadFile(ctx, dir), nil)
	if want := "transcript: " + dir + "/b.json: record 1, byte 1: the input ends here"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
	if err := os.Symlink("/etc", filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	skipped := 0
	if calls, err := Collect(ReadFile(ctx, dir), func(error) { skipped++ }); err != nil || len(calls) != 1 || skipped != 2 {
		t.Errorf("%d calls, %d skipped, error %v", len(calls), skipped, err)
	}
	if calls, err := Collect(ReadFile(ctx, filepath.Join(dir, "a.txt")), nil); err != nil || len(calls) != 1 || calls[0].ID != "1" {
		t.Errorf("calls %+v, error %v", calls, err)
	}
}

func TestLimits(t *testing.T) {
	l := &limited{strings.NewReader("0123456789"), 5, errors.New("too much")}
	if b, err := io.ReadAll(l); err == nil || len(b) > 5 {
		t.Errorf("read %q, error %v", b, err)
	}
	small := Reader{MaxRecord: 1 << 20, MaxUnpacked: 1 << 21}
	open := func(s string) io.Reader { return io.MultiReader(strings.NewReader(s), &repeat{'a'}) }
	bomb := pack(t, strings.Repeat(" ", 3<<20))
	for name, c := range map[string]struct {
		calls iter.Seq2[Call, error]
		want  string
	}{
		"JSON":   {small.JSON(ctx, open(`{"transcript": "`)), "record 1, byte 0: the record is larger"},
		"text":   {small.Text(ctx, open("")), "the record is larger than 1048576 bytes"},
		"CSV":    {small.CSV(ctx, open("transcript\nHi\n\"")), "the record is larger than 1048576 bytes"},
		"header": {small.CSV(ctx, open("")), "the record is larger than 1048576 bytes"},
		"gzip":   {small.JSON(ctx, strings.NewReader(bomb)), "the gzip file unpacks to more than 2097152 bytes"},
	} {
		_, err := Collect(c.calls, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "raise Reader.Max") {
			t.Errorf("%s: error %v, want %s", name, err, c.want)
		}
	}
}

// repeat is a reader of one byte for ever.
type repeat struct{ c byte }

func (r *repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r.c
	}
	return len(p), nil
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("id,transcript,label\na,\"x\ny\",1\nb,c\n"))
	f.Add([]byte("\ufefftranscript;x\r\n\"\"\"\";2\r\n"))
	f.Add([]byte(pack(f, "transcript\n\"a")))
	f.Add([]byte("sep=;\r\n,call_id;speaker;text;turn\r\n0;1;A;\"x;y\";2\r\n1;1;B;z;1\r\n"))
	f.Add([]byte("id\ttranscript\tlabel\r1\t\"a\t1\r2\t[{'Agent': 'b'}]\"\tyes\r"))
	f.Add([]byte("sep=\xd8\r\ntranscript\r\n\xff\n"))
	f.Add([]byte("\xff\xfei\x00d\x00,\x00t\x00e\x00x\x00t\x00\n\x00a\x00,\x00b\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, c := outcome(Reader{}.CSV(ctx, bytes.NewReader(b))), outcome(Reader{}.CSV(ctx, iotest.OneByteReader(bytes.NewReader(b))))
		if !reflect.DeepEqual(a, c) {
			t.Errorf("at once: %v\nbyte by byte: %v", a, c)
		}
	})
}

func FuzzText(f *testing.F) {
	f.Add([]byte("WEBVTT\n\n00:01.000 --> 00:02.000\nHi"), true)
	f.Add([]byte("\ufeffAgent: Hi"), false)
	f.Add([]byte("\ufeff\ufeff"), false)
	f.Add([]byte(":\v\nHK0\v b0.00\n\v\n0:\x01=: b,.00i"), false)
	f.Fuzz(func(t *testing.T, b []byte, subtitles bool) {
		for call, err := range (Reader{}).text(ctx, bytes.NewReader(b), subtitles) {
			if err == nil && len(call.Turns()) == 0 {
				t.Errorf("%q has no turns", call.Text)
			}
		}
	})
}

func FuzzJSONTurns(f *testing.F) {
	f.Add("Dana", "agent", "1:02", "Hi: [00:12] there", "Lee", "two\nlines")
	f.Fuzz(func(t *testing.T, speaker, role, start, text, speaker2, text2 string) {
		if a := []Turn{{Speaker: speaker, Text: text}, {Speaker: speaker2, Text: text2}}; slices.ContainsFunc(a, func(t Turn) bool { return labelOf(&t, true).body > 0 || labelOf(&t, false).body > 0 }) {
			return // what looks like a label may be one
		}
		b, err := marshal(map[string]any{"turns": []map[string]string{
			{"speaker": speaker, "role": role, "start": start, "text": text}, {"speaker": speaker2, "text": text2}}})
		if err != nil {
			t.Fatal(err)
		}
		call, err := readRecord(b)
		if err != nil {
			return
		}
		said := 0
		for _, turn := range call.Turns() {
			said += len(strings.Fields(turn.Text))
		}
		if want := len(strings.Fields(withoutTags(text))) + len(strings.Fields(withoutTags(text2))); said != want {
			t.Errorf("%q: %d words in turns, want %d", call.Text, said, want)
		}
	})
}

// BenchmarkRead reads the sample calls in each of the formats and cuts them into turns.
func BenchmarkRead(b *testing.B) {
	var json, turns, text, timed, vtt, srt, table bytes.Buffer
	vtt.WriteString("WEBVTT\n\n")
	rows := csv.NewWriter(&table)
	rows.Write([]string{"id", "transcript", "label", "industry"})
	cue := 0
	for _, c := range Sample() {
		record, err := c.MarshalJSON()
		if err != nil {
			b.Fatal(err)
		}
		json.Write(append(record, '\n'))
		text.WriteString(c.Text + "\n")
		rows.Write([]string{c.ID, c.Text, strconv.Itoa(int(c.Outcome - Lost)), c.Metadata.Industry})
		var said []map[string]any
		for _, t := range c.Turns() {
			from, to := fmt.Sprintf("%d:%02d:%02d", cue/3600, cue/60%60, cue%60), fmt.Sprintf("%d:%02d:%02d", (cue+1)/3600, (cue+1)/60%60, (cue+1)%60)
			cue++
			said = append(said, map[string]any{"speaker": t.Speaker, "start": cue, "end": cue + 1, "text": t.Text})
			fmt.Fprintf(&timed, "[%s] %s - %s\n", from, t.Speaker, t.Text)
			fmt.Fprintf(&vtt, "%s.000 --> %s.000\n<v %s>%s</v>\n\n", from, to, t.Speaker, t.Text)
			fmt.Fprintf(&srt, "%d\n%s,000 --> %s,000\n%s: %s\n\n", cue, from, to, t.Speaker, t.Text)
		}
		record, err = marshal(map[string]any{"id": c.ID, "turns": said})
		if err != nil {
			b.Fatal(err)
		}
		turns.Write(append(record, '\n'))
	}
	rows.Flush()
	for _, f := range []struct {
		name string
		text *bytes.Buffer
		read func(Reader, context.Context, io.Reader) iter.Seq2[Call, error]
	}{
		{"JSON", &json, Reader.JSON}, {"turns", &turns, Reader.JSON}, {"CSV", &table, Reader.CSV}, {"text", &text, Reader.Text},
		{"timed", &timed, Reader.Text}, {"VTT", &vtt, Reader.Text}, {"SRT", &srt, Reader.Text},
	} {
		b.Run(f.name, func(b *testing.B) {
			b.SetBytes(int64(f.text.Len()))
			b.ReportAllocs()
			for b.Loop() {
				for call, err := range f.read(Reader{}, ctx, bytes.NewReader(f.text.Bytes())) {
					if err != nil {
						b.Fatal(err)
					}
					call.Turns()
				}
			}
		})
	}
}
