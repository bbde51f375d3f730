package study

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/transcript"
)

// What tells the outcome is found, in a typed key and in further ones of any kind, and metadata that tell nothing are not
// warned of.
func TestLeak(t *testing.T) {
	const n = 200
	noise := rand.New(rand.NewPCG(1, 2))
	labels := make([]int, n)
	for i := range labels {
		labels[i] = noise.IntN(2)
	}
	say := func(v any) json.RawMessage {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	duration := func(minutes int) time.Duration { return time.Duration(minutes) * time.Minute }
	for _, c := range []struct {
		want string
		put  func(m *transcript.Metadata, won int)
	}{
		{"", func(*transcript.Metadata, int) {}},
		{"duration (minutes)", func(m *transcript.Metadata, won int) { m.Duration = duration(1 + 30*won + noise.IntN(10)) }},
		{"call_time", func(m *transcript.Metadata, won int) { m.CallTime = m.CallTime.AddDate(won, 0, 0) }},
		{"amount", func(m *transcript.Metadata, won int) { m.Extra["amount"] = say(100 * won) }},
		{"stage = closed", func(m *transcript.Metadata, won int) { m.Extra["stage"] = say([]string{"lost", "closed"}[won]) }},
		{"contract known", func(m *transcript.Metadata, won int) {
			if won == 1 {
				m.Extra["contract"] = say(fmt.Sprint("c", noise.IntN(1000)))
			}
		}},
	} {
		want := c.want
		d := &Data{Labels: labels}
		for i, won := range labels {
			m := transcript.Metadata{Duration: duration(5 + noise.IntN(20)), CallTime: time.Date(2025, 1, 1+noise.IntN(300), 9+noise.IntN(8), 0, 0, 0, time.UTC),
				Extra: map[string]json.RawMessage{"size": say(noise.IntN(50)), "note": say(fmt.Sprint("n", i))}}
			c.put(&m, won)
			d.Calls = append(d.Calls, transcript.Call{ID: fmt.Sprint(i), Metadata: m})
		}
		folds, err := evaluate.Folds(labels, nil, 4, 1)
		if err != nil {
			t.Fatal(err)
		}
		leak, err := d.Leak(t.Context(), folds, 1)
		if err != nil {
			t.Fatal(err)
		}
		text, rows := LeakText(leak), LeakTable(leak).Rows
		if warned := strings.Contains(text, fmt.Sprintf("%q alone", want)); warned != (want != "") || len(rows) != 5 || strings.HasPrefix(text, "Warning") != warned {
			t.Errorf("of %q: %s, %v", want, text, rows)
		}
		if want != "" && rows[0][0] != want && !strings.HasPrefix(want, "stage") {
			t.Errorf("of %q: first %v", want, rows)
		}
	}
	same := &Data{Labels: labels, Calls: make([]transcript.Call, n)}
	if leak, err := same.Leak(t.Context(), nil, 1); leak != nil || err != nil || !strings.Contains(LeakText(leak), "no metadata that vary") || len(LeakTable(leak).Rows) != 0 {
		t.Errorf("of nothing: %+v, error %v", leak, err)
	}
}
