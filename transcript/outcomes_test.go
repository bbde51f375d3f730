package transcript

import (
	"context"
	"iter"
	"strings"
	"testing"
)

// TestReadOutcomes reads tables and JSON of how calls ended, without what was said in them.
func TestReadOutcomes(t *testing.T) {
	csv := func(o Reader, in string) iter.Seq2[Call, error] { return o.CSV(t.Context(), strings.NewReader(in)) }
	json := func(o Reader, in string) iter.Seq2[Call, error] { return o.JSON(t.Context(), strings.NewReader(in)) }
	for _, c := range []struct {
		read     func(Reader, string) iter.Seq2[Call, error]
		in, want string // ID, outcome and industry of each, or what is wrong
	}{
		{csv, "call_id,label\nc1,1\nc2,lost\n", "c1 won ; c2 lost "},
		{csv, "id;Stage;industry;notes\n7;Closed Won;Retail;called twice\n8;open;Health;\n", "7 won Retail; 8 unknown Health"},
		{csv, "call_id,transcript,speaker,label\nc1,Hi,Agent,yes\n", "c1 won "},
		{csv, "call_id,label\n,1\nc2,0\n", "names no call; c2 lost "},
		{csv, "call_id,label\nc1,perhaps\n", `the label is "perhaps"`},
		{json, `{"id": "c1", "label": 1, "metadata": {"industry": "Retail"}}` + "\n" + `{"id": "c2", "label": "no"}`, "c1 won Retail; c2 lost "},
		{json, `[{"call_id": 12, "outcome": true, "turns": [{"text": "Hi"}]}, {"label": 1}]`, "12 won ; names no call"},
		{json, `["won"]`, "a text, where outcomes are read"},
	} {
		var got []string
		for call, err := range c.read(Reader{Outcomes: true}, c.in) {
			if err != nil {
				got = append(got, err.Error())
			} else {
				got = append(got, strings.Join([]string{call.ID, call.Outcome.String(), call.Metadata.Industry}, " "))
			}
			if call.Text != "" || len(call.Turns()) > 0 {
				t.Errorf("%q: a call has text %q", c.in, call.Text)
			}
		}
		wants := strings.Split(c.want, ";")
		if len(got) != len(wants) {
			t.Errorf("%q: read %q, want %q", c.in, got, c.want)
			continue
		}
		for i, want := range wants {
			if !strings.Contains(got[i], strings.TrimPrefix(want, " ")) {
				t.Errorf("%q: read %q, want %q", c.in, got[i], want)
			}
		}
	}
	// Text and subtitles have no labels.
	for _, err := range (Reader{Outcomes: true}).Text(context.Background(), strings.NewReader("Agent: Hi\n")) {
		if err == nil {
			t.Error("a text passes as outcomes")
		}
	}
}
