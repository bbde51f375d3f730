package conversion_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/transcript"
)

// A predictor is trained without fine-tuning, which takes minutes, then saved and loaded.
func Example() {
	ctx := context.Background()
	calls := transcript.Sample() // synthetic; transcript.ReadFile reads your own
	p, _, err := conversion.Fit(ctx, calls[:60], &conversion.Options{Frozen: true})
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "models")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := p.Save(dir); err != nil {
		log.Fatal(err)
	}
	if p, err = conversion.Load(os.DirFS(dir)); err != nil {
		log.Fatal(err)
	}
	predictions, err := p.Predict(ctx, calls[60:64], nil)
	if err != nil {
		log.Fatal(err)
	}
	for i, prediction := range predictions {
		fmt.Printf("%s: %.2f, %s\n", prediction.ID, prediction.Probability, calls[60+i].Outcome)
	}
	// Output:
	// synthetic-0061: 0.13, won
	// synthetic-0062: 0.44, won
	// synthetic-0063: 0.78, won
	// synthetic-0064: 0.39, lost
}
