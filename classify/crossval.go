package classify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// A Fold names the rows to train on and the rows to predict.
type Fold struct{ Train, Test []int }

// Folds deals the rows into k folds, each tested once and trained on k-1 times, with about the same share of both
// labels. Rows of one group stay together; nil groups, and rows whose group is "", stand for themselves.
// The same seed gives the same folds.
func Folds(y []int, groups []string, k int, seed uint64) ([]Fold, error) {
	if err := checkLabels(len(y), y, nil); err != nil {
		return nil, err
	}
	if groups != nil && len(groups) != len(y) {
		return nil, fmt.Errorf("classify: %d groups for %d rows", len(groups), len(y))
	}
	members := membersOf(len(y), groups)
	if k < 2 || k > len(members) {
		return nil, fmt.Errorf("classify: %d folds of %d groups of rows, want 2 to %d", k, len(members), len(members))
	}
	r := rand.New(rand.NewPCG(seed, 0x666f6c6473))
	r.Shuffle(len(members), func(a, b int) { members[a], members[b] = members[b], members[a] })
	slices.SortStableFunc(members, func(a, b []int) int { return cmp.Compare(len(b), len(a)) })
	return checkFolds(complements(deal(members, y, k), len(y)), y)
}

// membersOf lists the rows of each group, groups in the order in which they appear.
func membersOf(n int, groups []string) [][]int {
	var members [][]int
	at := make(map[string]int)
	for i := range n {
		if groups == nil || groups[i] == "" {
			members = append(members, []int{i})
			continue
		}
		g, ok := at[groups[i]]
		if !ok {
			g = len(members)
			at[groups[i]] = g
			members = append(members, nil)
		}
		members[g] = append(members[g], i)
	}
	return members
}

// deal gives each group to the fold where it keeps labels and sizes most even; an empty fold comes first.
func deal(members [][]int, y []int, k int) [][]int {
	counts := func(rows []int) (c [3]float64) { // of label 0, of label 1, of both
		for _, i := range rows {
			c[y[i]]++
			c[2]++
		}
		return c
	}
	total := counts(all(len(y)))
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

// checkFolds checks that every fold has rows to test and both labels to train on.
func checkFolds(folds []Fold, y []int) ([]Fold, error) {
	for f, fold := range folds {
		if len(fold.Test) == 0 {
			return nil, fmt.Errorf("classify: fold %d of %d has no rows to test: use fewer folds", f+1, len(folds))
		}
		var count [2]int
		for _, i := range fold.Train {
			count[y[i]]++
		}
		for label, c := range count {
			if c == 0 {
				return nil, fmt.Errorf("classify: fold %d of %d has no row of label %d to train on: a group holds them all, or there are too many folds", f+1, len(folds), label)
			}
		}
	}
	return folds, nil
}

// ForwardFolds sorts the rows by time and cuts them into k+1 parts: each but the first is tested by training on all
// earlier ones, as in use. Rows of the same time stay together.
func ForwardFolds(y []int, at []time.Time, k int) ([]Fold, error) {
	if err := checkLabels(len(y), y, nil); err != nil {
		return nil, err
	}
	if len(at) != len(y) {
		return nil, fmt.Errorf("classify: %d times for %d rows", len(at), len(y))
	}
	if k < 1 || k >= len(y) {
		return nil, fmt.Errorf("classify: %d folds forward in time of %d rows, want 1 to %d", k, len(y), len(y)-1)
	}
	order := make([]int, len(y))
	for i := range order {
		order[i] = i
	}
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

// A Refit trains on some rows and gives the probability of label 1 for others. It must learn everything from the rows
// train, the choice of settings too (by inner folds of its own), or the result is too good to be true.
type Refit func(ctx context.Context, train, test []int) ([]float64, error)

// OutOfFold holds predictions for rows that were not trained on, rows ascending.
type OutOfFold struct {
	Row  []int
	Fold []int // where the row was tested
	Y    []int
	P    []float64
}

// CrossValidate refits for each fold and gathers the predictions. Rows that no fold tests are not in the result.
func CrossValidate(ctx context.Context, y []int, folds []Fold, refit Refit) (*OutOfFold, error) {
	p, fold := make([]float64, len(y)), make([]int, len(y))
	for f, rows := range folds {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("classify: cross-validation stopped before fold %d of %d: %w", f+1, len(folds), err)
		}
		q, err := refit(ctx, rows.Train, rows.Test)
		if err != nil {
			return nil, fmt.Errorf("classify: fold %d of %d: %w", f+1, len(folds), err)
		}
		if len(q) != len(rows.Test) {
			return nil, fmt.Errorf("classify: fold %d of %d: %d predictions for %d rows", f+1, len(folds), len(q), len(rows.Test))
		}
		for k, i := range rows.Test {
			if fold[i] != 0 {
				return nil, fmt.Errorf("classify: row %d is tested in folds %d and %d", i, fold[i], f+1)
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
		return nil, errors.New("classify: no fold tests any row")
	}
	return o, nil
}

// pick is the list of v[i] for i in index; nil for nil.
func pick[T any](v []T, index []int) []T {
	if v == nil {
		return nil
	}
	w := make([]T, len(index))
	for k, i := range index {
		w[k] = v[i]
	}
	return w
}

// all lists 0 to n-1.
func all(n int) []int {
	index := make([]int, n)
	for i := range index {
		index[i] = i
	}
	return index
}
