package drift

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/org/salesconv/classify/internal/sample"
	"github.com/org/salesconv/internal/parallel"
)

// A Test compares two samples.
type Test struct {
	// Statistic is described by each test.
	Statistic float64 `json:"statistic"`
	// P is the two-sided p value: the probability of a statistic at least as large if both samples are from one source.
	P float64 `json:"p"`
}

// Options are the settings of tests that draw random numbers. Nil means the defaults.
type Options struct {
	Samples int    // permutations; default 5000: the lowest p is 1/5001
	Rows    int    // of each sample that MMD uses, drawn at random where there are more; default 500
	Seed    uint64 // of permutations and draws
}

const maxSamples = 10_000_000

func (o *Options) withDefaults() (v Options, err error) {
	if o != nil {
		v = *o
	}
	v.Samples, v.Rows = cmp.Or(v.Samples, 5000), cmp.Or(v.Rows, 500)
	switch {
	case v.Samples < 1 || v.Samples > maxSamples:
		return v, fmt.Errorf("drift: %d permutations, want 1 to %d", v.Samples, maxSamples)
	case v.Rows < 2:
		return v, fmt.Errorf("drift: %d rows of each sample, want 2 or more", v.Rows)
	}
	return v, nil
}

// permute is the share of random divisions of n = first + second rows into two samples of the same sizes whose statistic is at
// least the one seen, that one among them. A division is given as a permutation: its first rows are the first sample.
func (o *Options) permute(ctx context.Context, n int, seen float64, statistic func(order []int) float64) (float64, error) {
	larger := make([]bool, o.Samples)
	parallel.Do(o.Samples, func(s int) {
		if ctx.Err() == nil {
			r := rand.New(rand.NewPCG(o.Seed, uint64(s)))
			larger[s] = statistic(r.Perm(n)) >= seen-1e-12*math.Abs(seen)
		}
	})
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("drift: permutations stopped: %w", err)
	}
	return sample.PermutationP(larger), nil
}

// Holm adjusts the p values of one report for their number (Holm 1979): if nothing drifted, the probability that any
// adjusted p is α or less is at most α. The result is in the order of p. A p of NaN stays NaN and does not count.
func Holm(p []float64) []float64 {
	adjusted := slices.Clone(p)
	var order []int
	for i, v := range p {
		if !math.IsNaN(v) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	highest := 0.0
	for k, i := range order {
		highest = max(highest, min(1, p[i]*float64(len(order)-k)))
		adjusted[i] = highest
	}
	return adjusted
}

// checkSamples returns both samples ascending, or an error if one is empty or has a number that is not finite.
func checkSamples(reference, recent []float64) (a, b []float64, err error) {
	if len(reference) == 0 || len(recent) == 0 {
		return nil, nil, fmt.Errorf("drift: %d reference rows and %d recent ones, want one or more of each", len(reference), len(recent))
	}
	finite := func(name string, x []float64) {
		if i := slices.IndexFunc(x, func(v float64) bool { return v-v != 0 }); i >= 0 && err == nil {
			err = fmt.Errorf("drift: %s row %d is %v, want a finite number", name, i, x[i])
		}
	}
	finite("reference", reference)
	finite("recent", recent)
	return slices.Sorted(slices.Values(reference)), slices.Sorted(slices.Values(recent)), err
}

var errNoRows = errors.New("drift: a sample has no rows")
