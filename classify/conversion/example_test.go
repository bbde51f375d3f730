package conversion_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"slices"
	"sync"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/transcript"
)

// trained is a predictor of synthetic calls, without fine-tuning, which takes minutes.
var trained = sync.OnceValue(func() *conversion.Predictor {
	calls := transcript.Sample()[:60] // transcript.ReadFile reads your own
	p, _, err := conversion.Fit(context.Background(), calls, &conversion.Options{Frozen: true})
	if err != nil {
		log.Fatal(err)
	}
	return p
})

// A predictor is saved, loaded and used on calls that it was not trained on.
func Example() {
	dir, err := os.MkdirTemp("", "models")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := trained().Save(dir); err != nil {
		log.Fatal(err)
	}
	p, err := conversion.Load(os.DirFS(dir))
	if err != nil {
		log.Fatal(err)
	}
	calls := transcript.Sample()[60:64]
	predictions, err := p.Predict(context.Background(), calls, nil)
	if err != nil {
		log.Fatal(err)
	}
	for i, prediction := range predictions {
		fmt.Printf("%s: %.2f, %s\n", prediction.ID, prediction.Probability, calls[i].Outcome)
	}
	// Output:
	// synthetic-0061: 0.09, won
	// synthetic-0062: 0.50, won
	// synthetic-0063: 0.90, won
	// synthetic-0064: 0.34, lost
}

// A call is followed turn by turn. Its beginning is too short to be judged like a whole call.
func ExamplePredictor_Live() {
	live := trained().Live()
	for i, turn := range transcript.Sample()[62].Turns() {
		now, err := live.Add(context.Background(), turn)
		if err != nil {
			log.Fatal(err)
		}
		if i%4 == 0 {
			fmt.Printf("turn %2d: %.2f %v\n", i+1, now.Probability, now.Warnings)
		}
	}
	end, err := live.End(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("the end: %.2f\n", end.Probability)
	// Output:
	// turn  1: 0.52 [too_short]
	// turn  5: 0.52 [too_short]
	// turn  9: 0.66 []
	// turn 13: 0.66 []
	// turn 17: 0.70 []
	// turn 21: 0.71 []
	// the end: 0.90
}

// The most influential turn of a call, and its word that speaks most for a won call.
func ExamplePredictor_Explain() {
	e, err := trained().Explain(context.Background(), transcript.Sample()[62], &conversion.ExplainOptions{Words: 1})
	if err != nil {
		log.Fatal(err)
	}
	for _, turn := range e.Turns {
		if turn.Words == nil {
			continue
		}
		fmt.Printf("%+.2f %s: %s\n", turn.Contribution, turn.Speaker, turn.Text)
		slices.SortFunc(turn.Words, func(a, b conversion.Share) int {
			if a.Contribution > b.Contribution {
				return -1
			}
			return 1
		})
		fmt.Printf("%+.2f %s\n", turn.Words[0].Contribution, turn.Words[0].Text)
	}
	// Output:
	// +0.37 Customer: You know, you too, bye.
	// +0.17 too,
}
