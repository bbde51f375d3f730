package main

import (
	"context"
	"slices"
	"time"

	"github.com/org/salesconv/examples/internal/store"
)

// fewest is how many calls, or outcomes of each kind where these count, a period has to have.
const fewest = 20

// row is a call of a period: its last prediction, and its outcome if it is known.
type row struct {
	store.Prediction
	outcome  *store.Outcome
	replaced bool // by a later prediction of the call
}

// read returns the calls that were predicted in a period, by the time of their last prediction in it. Where a call has no ID,
// each prediction is of a call of its own.
func read(ctx context.Context, s *store.Store, from, to time.Time, outcomes map[string]store.Outcome) (rows []row, err error) {
	last := map[string]int{}
	for p, err := range s.Predictions(ctx, from, to) {
		if err != nil {
			return nil, err
		}
		r := row{Prediction: p}
		if o, known := outcomes[p.CallID]; known {
			r.outcome = &o
		}
		if k, again := last[p.CallID]; again && p.CallID != "" {
			rows[k].replaced = true
		}
		last[p.CallID] = len(rows)
		rows = append(rows, r)
	}
	return slices.DeleteFunc(rows, func(r row) bool { return r.replaced }), nil
}

// version is the one that predicted most calls.
func version(rows []row) (most string) {
	count := map[string]int{}
	for _, r := range rows {
		if count[r.Version]++; count[r.Version] > count[most] {
			most = r.Version
		}
	}
	return most
}

// of returns the calls that a version predicted.
func of(rows []row, version string) (some []row) {
	for _, r := range rows {
		if r.Version == version {
			some = append(some, r)
		}
	}
	return some
}

// scored returns probabilities and labels of the calls whose outcome is known.
func scored(rows []row) (p []float64, y []int) {
	for _, r := range rows {
		if r.outcome != nil {
			p, y = append(p, r.Probability), append(y, label(r.outcome))
		}
	}
	return p, y
}

func label(o *store.Outcome) int {
	if o.Won {
		return 1
	}
	return 0
}

// count counts the rows of which something holds.
func count[T any](all []T, holds func(T) bool) (n int) {
	for _, v := range all {
		if holds(v) {
			n++
		}
	}
	return n
}
