package evaluate

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

// ResampleOptions are the settings of Bootstrap, Compare, LearningCurve and LeakProbe. Nil means the defaults.
type ResampleOptions struct {
	// Groups has the group of each row: rows of a group are drawn together. Where it is "", a row is a group of its own;
	// nil: every row is.
	Groups  []string
	Samples int     // bootstrap samples, and permutations; default 2000, at most 10 million
	Level   float64 // of the interval; default 0.95
	Seed    uint64  // of the samples
	Score   Score   // default ROCAUC

	ranks bool // permute ranks: set where Score is left to the default
}

// maxSamples keeps memory low: each sample has a value.
const maxSamples = 10_000_000

func (o *ResampleOptions) withDefaults(rows int) (ResampleOptions, error) {
	var v ResampleOptions
	if o != nil {
		v = *o
	}
	v.Samples, v.Level = cmp.Or(v.Samples, 2000), cmp.Or(v.Level, 0.95)
	if v.Score == nil {
		v.Score, v.ranks = ROCAUC, true
	}
	switch {
	case v.Samples < 1 || v.Samples > maxSamples:
		return v, fmt.Errorf("evaluate: %d samples, want 1 to %d", v.Samples, maxSamples)
	case !(v.Level > 0 && v.Level < 1):
		return v, fmt.Errorf("evaluate: interval of level %v, want between 0 and 1", v.Level)
	}
	if err := sample.CheckGroups(rows, v.Groups); err != nil {
		return v, fmt.Errorf("evaluate: %w", err)
	}
	return v, nil
}

// An Interval is an estimate with a confidence interval.
type Interval struct {
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Samples  int     `json:"samples"` // used; those that hold one label only are left out
}

// String gives the estimate and its interval to three places.
func (i Interval) String() string { return fmt.Sprintf("%.3f [%.3f, %.3f]", i.Estimate, i.Low, i.High) }

// Bootstrap gives a score and its percentile interval over samples of the groups, drawn with replacement (Efron 1979;
// by group: Field and Welsh 2007). The interval is for other rows from the same source, not for other training runs.
// It is an error if all rows are of one group, as every sample would then be the same.
func Bootstrap(ctx context.Context, p []float64, y []int, opts *ResampleOptions) (Interval, error) {
	if err := checkScores(p, y); err != nil {
		return Interval{}, err
	}
	o, err := opts.withDefaults(len(y))
	if err != nil {
		return Interval{}, err
	}
	return o.bootstrap(ctx, y, func(rows []int) float64 { return o.Score(sample.Pick(p, rows), sample.Pick(y, rows)) })
}

// bootstrap gives the statistic of all rows and its interval over samples.
func (o *ResampleOptions) bootstrap(ctx context.Context, y []int, statistic func(rows []int) float64) (Interval, error) {
	members := sample.Groups(len(y), o.Groups)
	if len(members) < 2 {
		return Interval{}, errors.New("evaluate: bootstrap: an interval needs 2 groups or more, and all rows are of one")
	}
	values := make([]float64, o.Samples)
	err := o.each(ctx, func(s int, r *rand.Rand) {
		var rows []int
		for range members {
			rows = append(rows, members[r.IntN(len(members))]...)
		}
		values[s] = math.NaN()
		if slices.ContainsFunc(rows, func(i int) bool { return y[i] != y[rows[0]] }) {
			values[s] = statistic(rows)
		}
	})
	if err != nil {
		return Interval{}, err
	}
	values = slices.DeleteFunc(values, math.IsNaN)
	if len(values) == 0 {
		return Interval{}, errors.New("evaluate: bootstrap: every sample holds one label only: a group holds all rows of a label")
	}
	slices.Sort(values)
	tail := (1 - o.Level) / 2
	return Interval{statistic(sample.All(len(y))), sample.Quantile(values, tail), sample.Quantile(values, 1-tail), len(values)}, nil
}

// each calls f for every sample, in parallel, with random numbers of its own.
func (o *ResampleOptions) each(ctx context.Context, f func(sample int, r *rand.Rand)) error {
	parallel.Do(o.Samples, func(s int) {
		if ctx.Err() == nil {
			f(s, rand.New(rand.NewPCG(o.Seed, uint64(s))))
		}
	})
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("evaluate: resampling stopped: %w", err)
	}
	return nil
}
