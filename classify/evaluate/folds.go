package evaluate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/org/salesconv/classify/internal/sample"
)

// A Fold names the rows to train on and the rows to predict.
type Fold struct{ Train, Test []int }

// Folds assigns the rows to k folds, each tested once and trained on k-1 times, with about the same share of both
// labels. Rows of one group stay in one fold; with nil groups, and where the group is "", a row is a group of its own.
// The same seed gives the same folds. It is an error if a fold would train on one label alone.
func Folds(y []int, groups []string, k int, seed uint64) ([]Fold, error) {
	if err := checkLabels(len(y), y); err != nil {
		return nil, err
	}
	if err := sample.CheckGroups(len(y), groups); err != nil {
		return nil, fmt.Errorf("evaluate: %w", err)
	}
	members := sample.Groups(len(y), groups)
	switch {
	case len(members) == 1:
		return nil, errors.New("evaluate: all rows are of one group, so that no fold can be predicted from other groups")
	case k < 2 || k > len(members):
		return nil, fmt.Errorf("evaluate: %d folds of rows of %d groups, want 2 to %d folds", k, len(members), len(members))
	}
	r := rand.New(rand.NewPCG(seed, 0x666f6c6473))
	r.Shuffle(len(members), func(a, b int) { members[a], members[b] = members[b], members[a] })
	slices.SortStableFunc(members, func(a, b []int) int { return cmp.Compare(len(b), len(a)) })
	return checkFolds(complements(assign(members, y, k), len(y)), y)
}

// assign gives each group to the fold where it keeps labels and sizes most even; an empty fold comes first.
func assign(members [][]int, y []int, k int) [][]int {
	counts := func(rows []int) (c [3]float64) { // of label 0, of label 1, of both
		for _, i := range rows {
			c[y[i]]++
			c[2]++
		}
		return c
	}
	total := counts(sample.All(len(y)))
	folds, count := make([][]int, k), make([][3]float64, k)
	for _, rows := range members {
		add := counts(rows)
		best, least := 0, 0.0
		for f, c := range count {
			cost := 0.0 // growth of Σ (share of all that is in the fold)²
			for l := range c {
				cost += add[l] * (2*c[l] + add[l]) / (total[l] * total[l])
			}
			if f == 0 || cost < least {
				best, least = f, cost
			}
		}
		folds[best] = append(folds[best], rows...)
		for l := range add {
			count[best][l] += add[l]
		}
	}
	return folds
}

// complements makes folds of test rows: each is trained on the rows of the others.
func complements(tests [][]int, n int) []Fold {
	folds := make([]Fold, len(tests))
	for f, test := range tests {
		held := make([]bool, n)
		for _, i := range test {
			held[i] = true
		}
		for i := range n {
			if held[i] {
				folds[f].Test = append(folds[f].Test, i)
			} else {
				folds[f].Train = append(folds[f].Train, i)
			}
		}
	}
	return folds
}

// checkFolds checks that every fold names rows of y only, has rows to test, and both labels to train on.
func checkFolds(folds []Fold, y []int) ([]Fold, error) {
	if err := checkRows(folds, len(y)); err != nil {
		return nil, err
	}
	for f, fold := range folds {
		if len(fold.Test) == 0 {
			return nil, fmt.Errorf("evaluate: fold %d of %d has no rows to test: use fewer folds", f+1, len(folds))
		}
		var count [2]int
		for _, i := range fold.Train {
			count[y[i]]++
		}
		for label, c := range count {
			if c == 0 {
				return nil, fmt.Errorf("evaluate: fold %d of %d has no row of label %d to train on: a group holds them all, or there are too many folds", f+1, len(folds), label)
			}
		}
	}
	return folds, nil
}

// checkRows checks that folds name rows 0 to n-1 only.
func checkRows(folds []Fold, n int) error {
	if len(folds) == 0 {
		return errors.New("evaluate: no folds")
	}
	for f, fold := range folds {
		for _, rows := range [2][]int{fold.Train, fold.Test} {
			for _, i := range rows {
				if i < 0 || i >= n {
					return fmt.Errorf("evaluate: fold %d of %d names row %d of %d rows", f+1, len(folds), i, n)
				}
			}
		}
	}
	return nil
}

// ForwardFolds sorts the rows by time and cuts them into k+1 parts: each part but the first is tested by a model
// trained on all earlier parts, as in production. Rows of the same time stay together.
func ForwardFolds(y []int, at []time.Time, k int) ([]Fold, error) {
	if err := checkLabels(len(y), y); err != nil {
		return nil, err
	}
	if len(at) != len(y) {
		return nil, fmt.Errorf("evaluate: %d times for %d rows", len(at), len(y))
	}
	if k < 1 || k >= len(y) {
		return nil, fmt.Errorf("evaluate: %d folds forward in time of %d rows, want 1 to %d", k, len(y), len(y)-1)
	}
	order := sample.All(len(y))
	slices.SortStableFunc(order, func(a, b int) int { return at[a].Compare(at[b]) })
	cut := func(part int) int {
		c := part * len(y) / (k + 1)
		for c > 0 && c < len(y) && at[order[c]].Equal(at[order[c-1]]) {
			c++
		}
		return c
	}
	folds := make([]Fold, k)
	for f := range folds {
		folds[f] = Fold{Train: order[:cut(f+1)], Test: order[cut(f+1):cut(f+2)]}
	}
	return checkFolds(folds, y)
}

// A Refit trains on the rows train of the data and returns the probability of label 1 for each of the rows test. It must
// learn everything from the rows train (a vocabulary, an encoder, the choice of settings by inner folds of its own), or
// the score is too optimistic.
type Refit func(ctx context.Context, train, test []int) ([]float64, error)

// OutOfFold holds out-of-fold predictions: for each row, the probability by a model that was not trained on it. The four
// lists are of one length, rows ascending.
type OutOfFold struct {
	Row  []int     // of the data
	Fold []int     // that tested the row, from 0
	Y    []int     // the row's label
	P    []float64 // the row's probability
}

// CrossValidate calls refit for each fold, one after the other, and gathers the predictions. Rows that no fold tests are
// not in the result; a row that two folds test is an error.
func CrossValidate(ctx context.Context, y []int, folds []Fold, refit Refit) (*OutOfFold, error) {
	if err := checkRows(folds, len(y)); err != nil {
		return nil, err
	}
	if refit == nil {
		return nil, errors.New("evaluate: no function to refit (nil)")
	}
	p, fold := make([]float64, len(y)), make([]int, len(y))
	for f, rows := range folds {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("evaluate: cross-validation stopped before fold %d of %d: %w", f+1, len(folds), err)
		}
		q, err := refit(ctx, rows.Train, rows.Test)
		if err != nil {
			return nil, fmt.Errorf("evaluate: fold %d of %d: %w", f+1, len(folds), err)
		}
		if len(q) != len(rows.Test) {
			return nil, fmt.Errorf("evaluate: fold %d of %d: %d predictions for %d rows", f+1, len(folds), len(q), len(rows.Test))
		}
		for k, i := range rows.Test {
			if fold[i] != 0 {
				return nil, fmt.Errorf("evaluate: row %d is tested in folds %d and %d", i, fold[i], f+1)
			}
			p[i], fold[i] = q[k], f+1
		}
	}
	o := new(OutOfFold)
	for i, f := range fold {
		if f > 0 {
			o.Row, o.Fold = append(o.Row, i), append(o.Fold, f-1)
			o.Y, o.P = append(o.Y, y[i]), append(o.P, p[i])
		}
	}
	if len(o.Row) == 0 {
		return nil, errors.New("evaluate: no fold tests any row")
	}
	return o, nil
}
