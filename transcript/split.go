package transcript

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// A Fold is one way to part calls: their places for training and for testing, both in ascending order.
type Fold struct{ Train, Test []int }

// Split parts the calls in one that trains and one that tests, with the same share of each outcome in both, as nearly as
// whole calls allow. share, in (0, 1), is the part that tests; each outcome keeps at least one call on both sides. The
// same seed gives the same split. Calls without an outcome count as an outcome of their own.
func Split(calls []Call, share float64, seed uint64) (Fold, error) {
	if !(share > 0 && share < 1) {
		return Fold{}, fmt.Errorf("transcript: split: the test share is %v, want it between 0 and 1", share)
	}
	test := make([]bool, len(calls))
	for _, class := range shuffledByOutcome(calls, seed) {
		if len(class) < 2 {
			return Fold{}, fmt.Errorf("transcript: split: %d call is %s, want 2 or more, so that both sides have one", len(class), calls[class[0]].Outcome)
		}
		n := int(math.Round(share * float64(len(class))))
		for _, i := range class[:min(max(n, 1), len(class)-1)] {
			test[i] = true
		}
	}
	return fold(test), check(calls)
}

// Folds parts the calls k times, so that each call is tested once and each outcome is spread evenly over the folds. The
// same seed gives the same folds.
func Folds(calls []Call, k int, seed uint64) ([]Fold, error) {
	if k < 2 {
		return nil, fmt.Errorf("transcript: folds: k is %d, want 2 or more", k)
	}
	of := make([]int, len(calls))
	next := 0 // goes on from class to class, so that the folds' sizes differ by 1 at most
	for _, class := range shuffledByOutcome(calls, seed) {
		if len(class) < k {
			return nil, fmt.Errorf("transcript: folds: %d calls are %s, want %d or more for %d folds", len(class), calls[class[0]].Outcome, k, k)
		}
		for _, i := range class {
			of[i] = next % k
			next++
		}
	}
	folds := make([]Fold, k)
	for f := range folds {
		test := make([]bool, len(calls))
		for i := range calls {
			test[i] = of[i] == f
		}
		folds[f] = fold(test)
	}
	return folds, check(calls)
}

func check(calls []Call) error {
	if len(calls) == 0 {
		return errors.New("transcript: split: there are no calls")
	}
	return nil
}

// shuffledByOutcome returns the places of the calls of each outcome that occurs, in a random order.
func shuffledByOutcome(calls []Call, seed uint64) [][]int {
	random := rand.New(rand.NewPCG(seed, 0x5b117))
	order := random.Perm(len(calls))
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(calls[a].Outcome, calls[b].Outcome) })
	var classes [][]int
	for from, i := range order {
		if from == 0 || calls[i].Outcome != calls[order[from-1]].Outcome {
			classes = append(classes, nil)
		}
		last := &classes[len(classes)-1]
		*last = append(*last, i)
	}
	return classes
}

func fold(test []bool) Fold {
	var f Fold
	for i, t := range test {
		if t {
			f.Test = append(f.Test, i)
		} else {
			f.Train = append(f.Train, i)
		}
	}
	return f
}

// Select returns the calls at the given places.
func Select(calls []Call, places []int) []Call {
	chosen := make([]Call, len(places))
	for i, p := range places {
		chosen[i] = calls[p]
	}
	return chosen
}
