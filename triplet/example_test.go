package triplet_test

import (
	"context"
	"fmt"
	"os"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/triplet"
)

// Two outcomes, a few short calls each; real ones have more of both.
func ExampleTrain() {
	model, err := encoder.Load(os.DirFS("../encoder/testdata/models/mean12"))
	if err != nil {
		fmt.Println(err)
		return
	}
	docs := [][]string{
		{"the price is too high", "call me"}, {"is it", "too high"}, {"hello", "the price"},
		{"we can sign today", "hello there"}, {"sign it", "today"}, {"we can", "sign it"},
	}
	lost, won := 0, 1
	labels := []int{lost, lost, lost, won, won, won}
	history, err := triplet.Train(context.Background(), model, docs, labels, &triplet.Options{Epochs: 3, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	last := history.Steps[len(history.Steps)-1]
	fmt.Printf("%d documents of %d segments, %d steps, all triplets active: %v\n", history.Documents, history.Segments, last.Step, last.Active == 1)
	// Output: 6 documents of 12 segments, 3 steps, all triplets active: true
}
