package conversion

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/org/salesconv/transcript"
)

// callsDecided are calls of ten turns, of which one decides and others that say the like mean nothing.
func callsDecided(turn int, others ...int) []transcript.Call {
	cues := []string{"that is far too expensive", "we love the price"}
	calls := transcript.Sample()[:60]
	for i := range calls {
		won := calls[i].Outcome == transcript.Won
		turns := make([]string, 10)
		for k := range turns {
			turns[k] = fmt.Sprintf("%s: and so on, number %d", []string{"Agent", "Customer"}[k%2], (i+k)%4)
		}
		say := func(turn int, cue string) {
			turns[turn] = turns[turn][:strings.Index(turns[turn], ":")+2] + cue
		}
		for k, other := range others {
			say(other, cues[i>>k&1])
		}
		if say(turn, cues[0]); won {
			say(turn, cues[1])
		}
		calls[i] = transcript.Call{ID: calls[i].ID, Outcome: calls[i].Outcome, Text: strings.Join(turns, "\n")}
	}
	return calls
}

// The first turns are in the stack if they help, in the one of a refit too, and predict live, saved or not, what they do at once.
func TestFirstTurns(t *testing.T) {
	calls := callsDecided(2, 4, 5, 6, 7)
	p, r, err := Fit(t.Context(), calls[:45], &Options{Model: tiny, Frozen: true, HeldOut: calls[45:]})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(keysOf(p.blocks), FirstTurns) {
		t.Fatalf("the stack reads %v", keysOf(p.blocks))
	}
	want := predict(t, p, calls[45:46])[0].LogOdds
	live := p.Live()
	for _, turn := range calls[45].Turns() {
		if _, err := live.Add(t.Context(), turn); err != nil {
			t.Fatal(err)
		}
	}
	end, err := live.End(t.Context())
	if err != nil || math.Abs(end.LogOdds-want) > 1e-3 {
		t.Errorf("at the end of the call %v, want %v; error %v", end.LogOdds, want, err)
	}
	e, err := p.Explain(t.Context(), calls[45], nil)
	if err != nil {
		t.Fatal(err)
	}
	sum := e.Base
	for _, turn := range e.Turns {
		sum += turn.Contribution
	}
	if math.Abs(sum-want) > 1e-3 { // embeddings are float32, and this encoder hardly tells calls apart
		t.Errorf("contributions add up to %v, want %v", sum, want)
	}
	again, report, err := r.Refit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(keysOf(again.blocks), keysOf(p.blocks)) {
		t.Errorf("refitted, the stack reads %v, want %v", keysOf(again.blocks), keysOf(p.blocks))
	}
	all, err := report.Predict(t.Context(), calls[:2])
	if err != nil || !slices.ContainsFunc(all, func(p Predicted) bool { return p.Method == FirstTurns }) {
		t.Errorf("methods %v, error %v", all, err)
	}
}

// Each head is reported, whether the stack reads it or not.
func TestFirstTurnsAreLeftOut(t *testing.T) {
	calls := callsDecided(9, 0, 1, 2)
	p, r, err := Fit(t.Context(), calls, &Options{Model: tiny, Frozen: true})
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(keysOf(p.blocks), FirstTurns) {
		t.Errorf("the stack reads %v", keysOf(p.blocks))
	}
	all, err := r.Predict(t.Context(), calls[:2])
	if err != nil || !slices.ContainsFunc(all, func(p Predicted) bool { return p.Method == FirstTurns }) {
		t.Errorf("methods %v, error %v", all, err)
	}
}
