package conversion

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/transcript"
)

// A block that shows the outcome has the lowest log loss out of fold, others cost nothing as they are left out, and the
// predictor is the same as without.
func TestFurther(t *testing.T) {
	for want, say := range map[string]func(c *transcript.Call, won bool, i int){
		"":            func(*transcript.Call, bool, int) {},
		MetadataBlock: func(c *transcript.Call, won bool, i int) { c.Metadata.Duration = minutes(won, i) },
		RoleMeans: func(c *transcript.Call, won bool, i int) { // the same is said, by others
			if won {
				c.Text = strings.NewReplacer("Agent", "Customer", "Customer", "Agent").Replace(c.Text)
			}
		},
	} {
		calls := transcript.Sample()[:40]
		for i := range calls {
			c := &calls[i]
			*c = transcript.Call{ID: c.ID, Outcome: c.Outcome, Text: fmt.Sprintf("Agent: hello there number %d\nCustomer: hello, tell me more", i%3)}
			say(c, c.Outcome == transcript.Won, i)
		}
		p, r, err := Fit(t.Context(), calls, &Options{Model: tiny, Frozen: true})
		if err != nil {
			t.Fatal(err)
		}
		before := predict(t, p, calls[:1])
		trials, err := r.Further(t.Context())
		if err != nil || len(trials) < 2 || trials[0].Block != "" {
			t.Fatalf("%q: trials %+v, error %v", want, trials, err)
		}
		var best classify.BlockTrial
		for _, tried := range trials {
			if tried.Stays {
				best = tried
			}
		}
		if best.Block != want || want != "" && !(best.Gain > best.Error && best.ROCAUC > trials[0].ROCAUC+0.2) {
			t.Errorf("%+v stays, want %q, of %+v", best, want, trials)
		}
		if after := predict(t, p, calls[:1]); after[0].LogOdds != before[0].LogOdds {
			t.Errorf("%q: the predictor has changed", want)
		}
	}
}

// minutes is longer for calls that are won.
func minutes(won bool, i int) time.Duration {
	if won {
		i += 400
	}
	return time.Duration(i+1) * time.Minute
}
