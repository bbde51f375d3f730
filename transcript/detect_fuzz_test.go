package transcript

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

// Any never panics, and finds the same format and reads the same calls for any size of the chunks that it reads.
func FuzzAny(f *testing.F) {
	for _, text := range []string{
		two, "[" + strings.TrimSpace(two) + "]", "id,transcript,label\na,\"x\ny\",1\nb,c\n", "sep=;\r\ntranscript;label\r\na;1\r\n",
		"Agent: Hi\nCustomer: Yes?\n", "[00:12] Agent: Hi\n", "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>Hi", "1\n00:00:01,000 --> 00:00:02,000\nAnn: Hi\n",
		"0:00:01.0,0:00:02.0\nHi\n", "text\nHi\n", "PK\x03\x04", "\xff\xfe[\x00]\x00", "\ufeff \n{\"text\":\"a\"}", "[", "{", "\"", "sep=",
	} {
		f.Add([]byte(text), false)
	}
	f.Add([]byte(pack(f, two)), false)
	f.Add([]byte("id,label\na,1\n"), true)
	f.Fuzz(func(t *testing.T, b []byte, outcomes bool) {
		o := Reader{Outcomes: outcomes}
		a, c := outcome(o.Any(ctx, bytes.NewReader(b))), outcome(o.Any(ctx, iotest.OneByteReader(bytes.NewReader(b))))
		if !reflect.DeepEqual(a, c) {
			t.Errorf("at once: %v\nbyte by byte: %v", a, c)
		}
	})
}

// A data frame in JSON says what the same table says as rows.
func FuzzFrame(f *testing.F) {
	f.Add("id", "transcript", "label", "a", "Agent: Hi\nCustomer: Yes", "1", "b", "c", "no")
	f.Add("call_id", "speaker", "text", "a", "Dana", "Hi", "a", "Lee", "[{'x': 1}]")
	f.Add("text", "start", "end", "Hi", "0:01", "2", "there", "3", "NaN")
	f.Fuzz(func(t *testing.T, a, b, c, a1, b1, c1, a2, b2, c2 string) {
		if !utf8.ValidString(strings.Join([]string{a, b, c, a1, b1, c1, a2, b2, c2}, "|")) {
			return // which marshal would mend
		}
		rows := [][]string{{a, b, c}, {a1, b1, c1}, {a2, b2, c2}}
		frame, err := marshal(map[string]any{"columns": rows[0], "data": rows[1:]})
		if err != nil {
			t.Fatal(err)
		}
		read := func(calls func(func(Call, error) bool)) (said []string) {
			for call, err := range calls {
				if err != nil {
					said = append(said, "an error")
					continue
				}
				said = append(said, call.Outcome.String()+": "+call.Text)
			}
			return said
		}
		if v, err := new(document).parse(frame); err != nil {
			t.Fatal(err)
		} else if _, ok := newRecords(Reader{}).columnsOf(v); !ok {
			return
		}
		got := read(Read(ctx, bytes.NewReader(frame)))
		cells := func(yield func([]string, error) bool) {
			for _, row := range rows[1:] {
				if !yield(row, nil) {
					return
				}
			}
		}
		if want := read(Reader{}.Rows(ctx, rows[0], cells)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s\nis read as %q\nas a table: %q", frame, got, want)
		}
	})
}
