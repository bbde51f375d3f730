package sequential_test

import (
	"fmt"

	"github.com/org/salesconv/classify/evaluate/sequential"
)

// Every second call of the new version is won, and every third call of the old one. Looking after each call is allowed.
func Example() {
	test, err := sequential.NewDifference(0.5, 0, 1, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	won := map[bool]float64{true: 1}
	for i := range 2000 {
		version := i % 2
		if err := test.Add(version, won[i/2%(3-version) == 0]); err != nil {
			fmt.Println(err)
			return
		}
		if test.P() <= 0.05 {
			fmt.Printf("after %d calls: difference %v\n", i+1, test.Interval())
			return
		}
	}
	fmt.Println("no evidence of a difference")
	// Output:
	// after 383 calls: difference 0.170 [0.001, 0.332]
}
