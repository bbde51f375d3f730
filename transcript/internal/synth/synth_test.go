package synth

import (
	"math"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/org/salesconv/transcript/internal/mask"
)

func TestExpectedAUC(t *testing.T) {
	for _, test := range []struct {
		p    []float64
		want float64
	}{
		{nil, 0.5},
		{[]float64{1, 1}, 0.5},                  // no pair
		{[]float64{0.5, 0.5, 0.5}, 0.5},         // ties only
		{[]float64{0, 1, 0, 1}, 1},              // certain
		{[]float64{0.25, 0.75}, 0.5625 / 0.625}, // the right order over one of the two orders
	} {
		if got := expectedAUC(test.p); math.Abs(got-test.want) > 1e-12 {
			t.Errorf("expectedAUC(%v) is %v, want %v", test.p, got, test.want)
		}
	}
}

// The mean probability is the share asked for, whatever the log-odds.
func TestIntercept(t *testing.T) {
	for _, odds := range [][]float64{{0}, {-3, 2, 5}, {40, 41}} {
		for _, share := range []float64{0.01, 0.5, 0.9} {
			b, sum := intercept(odds, share), 0.0
			for _, x := range odds {
				sum += sigmoid(x + b)
			}
			if mean := sum / float64(len(odds)); math.Abs(mean-share) > 1e-9 {
				t.Errorf("log-odds %v: mean probability %v, want %v", odds, mean, share)
			}
		}
	}
}

func TestParseLists(t *testing.T) {
	got := ParseLists("# about\n[a]\none\n\n two \n[b@X]\nthree {a}\n")
	if want := map[string][]string{"a": {"one", "two"}, "b@X": {"three {a}"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("lists %q, want %q", got, want)
	}
}

// Every list that a script or a slot names is there, and every driver but the last of a stage has a script.
func TestLists(t *testing.T) {
	lists := phrases().lists
	known := func(name string) bool {
		return len(lists[name]) > 0 || len(lists[name+"@"+phrases().industries[0]]) > 0
	}
	for stage, s := range scripts {
		for _, line := range s.lines {
			name := strings.Fields(strings.TrimLeft(line, "+-"))[1]
			for _, state := range []string{"on", "off"} {
				if name := strings.Replace(name, "?", state, 1); !known(name) {
					t.Errorf("stage %s says a phrase of %q, which is no list", stage, name)
				}
			}
		}
	}
	calls, _ := Generate(1, Options{Kind: ByDrivers, WonShare: 0.5, Signal: 1})
	if calls[0].Text == "" || len(calls[0].Drivers) != len(Drivers) {
		t.Fatalf("call %+v", calls[0])
	}
	w := &writer{own: map[string]string{}}
	for _, slot := range []string{"agent", "agentfirst", "customer", "first", "industry", "price", "amount", "order", "email", "url", "phone",
		"address", "account", "card", "iban"} {
		w.own[slot] = "x" // of the call's own
	}
	slots := regexp.MustCompile(`\{(\w+)\}`)
	for name, lines := range lists {
		for _, line := range lines {
			for _, slot := range slots.FindAllStringSubmatch(line, -1) {
				if w.own[slot[1]] == "" && !known(slot[1]) {
					t.Errorf("list %s: slot %s is neither a list nor the call's own", name, slot[0])
				}
			}
		}
	}
}

// Card and account numbers have right check digits, and masking finds them whole.
func TestNumbers(t *testing.T) {
	calls, _ := Generate(300, Options{Kind: ByDrivers, Seed: 4, WonShare: 0.5, Signal: 1})
	n := 0
	for _, c := range calls {
		for _, e := range c.Entities {
			if text := c.Text[e.Start:e.End]; e.Kind == mask.Card || e.Kind == mask.Account && text[0] > '9' {
				n++
				if found := mask.New(text).Entities(); len(found) != 1 || found[0] != (mask.Entity{Kind: e.Kind, End: len(text)}) {
					t.Errorf("%s %q: found %v", e.Kind, text, found)
				}
			}
		}
	}
	if n < 50 {
		t.Errorf("%d numbers, want 50 or more", n)
	}
}
