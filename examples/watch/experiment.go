package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/classify/evaluate/sequential"
	"github.com/org/salesconv/examples/internal/store"
)

// variantReport is what is known of a variant, and of its difference from the first.
type variantReport struct {
	name  string
	calls int // predicted
	known int // of these, with an outcome
	won   int
	// nil for the first variant
	conversion, logLoss *difference
}

// difference is the figure of a variant minus the figure of the first.
type difference struct {
	interval evaluate.Interval
	p        float64
}

// experimentReport is about all variants.
type experimentReport struct {
	variants []variantReport
	crossed  int     // calls with predictions of two variants, which count for none
	ratio    float64 // always-valid p of the calls of each variant
}

// unbalanced is the p below which the shares of the variants are taken to differ from their weights.
const unbalanced = 0.001

// leastProbability is how far probabilities are kept from 0 and 1, so that the log loss of one call is bounded.
const leastProbability = 0.01

// experiment compares variants by the calls that they predicted.
func experiment(ctx context.Context, s *store.Store, outcomes map[string]store.Outcome, variants []variant) (*experimentReport, error) {
	e := &experimentReport{variants: make([]variantReport, len(variants))}
	for k, v := range variants {
		e.variants[k].name = v.name
	}
	rows, err := e.assigned(ctx, s, outcomes)
	if err != nil {
		return nil, err
	}
	counts, weights := make([]int, len(variants)), make([]float64, len(variants))
	for k, v := range variants {
		counts[k], weights[k] = e.variants[k].calls, v.weight
	}
	if e.ratio, err = sequential.SampleRatio(counts, weights); err != nil {
		return nil, err
	}
	for k := 1; k < len(variants); k++ {
		if err := e.compare(rows, k, variants[k].weight/(variants[0].weight+variants[k].weight)); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// assigned counts the calls of each variant, and returns those whose outcome is known, in the order in which it became known.
func (e *experimentReport) assigned(ctx context.Context, s *store.Store, outcomes map[string]store.Outcome) (rows []row, err error) {
	all, err := read(ctx, s, time.Time{}, time.Time{}, outcomes)
	if err != nil {
		return nil, err
	}
	crossed, err := e.crossedCalls(ctx, s)
	if err != nil {
		return nil, err
	}
	e.crossed = len(crossed)
	for _, r := range all {
		k := e.variant(&r.Prediction)
		if k < 0 || crossed[r.CallID] {
			continue
		}
		v := &e.variants[k]
		v.calls++
		if r.outcome != nil {
			v.known, v.won = v.known+1, v.won+label(r.outcome)
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		return cmp.Or(a.outcome.Time.Compare(b.outcome.Time), cmp.Compare(a.CallID, b.CallID))
	})
	return rows, nil
}

// variant is the variant that made a prediction, or -1: the one that it names, or where it names none the one that is the
// beginning of its version.
func (e *experimentReport) variant(p *store.Prediction) int {
	return slices.IndexFunc(e.variants, func(v variantReport) bool {
		return p.Variant == v.name || p.Variant == "" && strings.HasPrefix(p.Version, v.name)
	})
}

// crossedCalls are calls that two variants predicted.
func (e *experimentReport) crossedCalls(ctx context.Context, s *store.Store) (map[string]bool, error) {
	first, crossed := map[string]int{}, map[string]bool{}
	for p, err := range s.Predictions(ctx, time.Time{}, time.Time{}) {
		if err != nil {
			return nil, err
		}
		k := e.variant(&p)
		if k < 0 {
			continue
		}
		if before, known := first[p.CallID]; known && before != k {
			crossed[p.CallID] = true
		}
		first[p.CallID] = k
	}
	return crossed, nil
}

// compare compares variant k, which gets a share of the calls of itself and the first, with the first.
func (e *experimentReport) compare(rows []row, k int, share float64) error {
	highest := -math.Log(leastProbability)
	won, err := sequential.NewDifference(share, 0, 1, 0)
	if err != nil {
		return err
	}
	loss, err := sequential.NewDifference(share, 0, highest, 0)
	if err != nil {
		return err
	}
	for _, r := range rows {
		of := 0
		switch e.variant(&r.Prediction) {
		case 0:
		case k:
			of = 1
		default:
			continue
		}
		y := label(r.outcome)
		p := min(max(r.Probability, leastProbability), 1-leastProbability)
		if err := won.Add(of, float64(y)); err != nil {
			return fmt.Errorf("call %q: %w", r.CallID, err)
		}
		if err := loss.Add(of, min(highest, evaluate.LogLoss([]float64{p}, []int{y}))); err != nil {
			return fmt.Errorf("call %q: %w", r.CallID, err)
		}
	}
	e.variants[k].conversion = &difference{won.Interval(), won.P()}
	e.variants[k].logLoss = &difference{loss.Interval(), loss.P()}
	return nil
}
