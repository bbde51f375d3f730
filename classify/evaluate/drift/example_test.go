package drift_test

import (
	"fmt"

	"github.com/org/salesconv/classify/evaluate/drift"
)

// Of a thousand calls of last quarter 12 had a warning, of two hundred calls of this week 9; the turns of a call are as
// many as ever.
func Example() {
	warnings, err := drift.Fisher(12, 1000, 9, 200)
	if err != nil {
		fmt.Println(err)
		return
	}
	turns, err := drift.KolmogorovSmirnov([]float64{9, 12, 14, 15, 18, 22}, []float64{8, 13, 16, 21})
	if err != nil {
		fmt.Println(err)
		return
	}
	adjusted := drift.Holm([]float64{warnings.P, turns.P})
	fmt.Printf("share of warnings %+.3f, adjusted p %.4f\n", warnings.Statistic, adjusted[0])
	fmt.Printf("distance of turns %.2f, adjusted p %.2f\n", turns.Statistic, adjusted[1])
	// Output:
	// share of warnings +0.033, adjusted p 0.0078
	// distance of turns 0.25, adjusted p 1.00
}
