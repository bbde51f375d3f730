package classify

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/org/salesconv/classify/internal/boost"
	"gonum.org/v1/gonum/mat"
)

// BoostedOptions are the settings of FitBoosted: the parameters of XGBoost under longer names. A nil pointer and the
// zero value mean the defaults; where 0 is not the default, a negative number means 0.
type BoostedOptions struct {
	Rounds       int     // trees; default 100, at most a million
	LearningRate float64 // factor for the weights of leaves; default 0.3

	// Exact tries all values as thresholds, rather than quantiles: slower, for some thousand rows.
	Exact   bool
	MaxBins int // quantiles of each column; default 256, at most 65535
	// LossGuide splits the node that gains most next, rather than level by level; not with Exact.
	LossGuide bool
	// MaxDepth is the number of splits between the root and a leaf; default 6, negative: no limit, with MaxLeaves; at most 30
	// without MaxLeaves, 65536 with it.
	MaxDepth  int
	MaxLeaves int // default no limit; not with Exact

	MinChildWeight float64 // least sum of second derivatives on either side of a split; default 1
	Gamma          float64 // least gain of a split
	Lambda         float64 // L2 penalty on the weights of leaves; default 1
	Alpha          float64 // L1 penalty on them
	MaxDeltaStep   float64 // their largest size before the learning rate; default no limit

	Subsample      float64 // share of the rows for each tree; default 1
	ColumnsByTree  float64 // share of the columns for each tree; default 1
	ColumnsByLevel float64 // share of these for each level; default 1
	ColumnsByNode  float64 // share of these for each node; default 1; not with Exact

	Weights   []float64 // of the rows; default all 1
	PosWeight float64   // factor for the weights of rows of label 1; default 1
	BaseScore float64   // probability before the first tree; default the weighted share of label 1

	// Monotone has a number for each column: 1 if the probability must not fall when the column rises, -1 if it must
	// not rise, 0 if it is free.
	Monotone []int
	// Interactions are groups of columns: the splits on a path from the root are all of one group; default no limit.
	Interactions [][]int

	// Categorical are the columns whose values are categories: whole numbers from 0 on; not with Exact.
	Categorical []int
	// MaxOneHot: columns with fewer categories are split one category against the rest, others by sets; default 4.
	MaxOneHot     int
	MaxCategories int // categories on the smaller side of a split by sets; default 64

	Dart *DartOptions // drop trees while fitting others; default no

	Names []string // of the columns, kept in files and given to explanations; default none

	// Validation are held-out rows on which Metric, low is good, is measured after each round; default none.
	Validation        mat.Matrix
	ValidationLabels  []int
	ValidationWeights []float64                          // default all 1
	Metric            func(p []float64, y []int) float64 // default the weighted log loss
	// Patience is the number of rounds without a lower Metric after which to stop; default never.
	Patience int

	Seed uint64 // of all sampling
	// Progress, if set, is called after each round, from 1, with the Metric (NaN without validation rows). It only watches.
	Progress func(round int, metric float64)
}

// DartOptions are for dropout of trees (Rashmi and Gilad-Bachrach 2015).
type DartOptions struct {
	Drop     float64 // share of the trees to drop in each round; default 0.1
	Skip     float64 // probability of dropping none in a round
	One      bool    // drop one tree at least
	Weighted bool    // drop heavy trees more often
	// Forest gives a new tree the weight of all dropped ones together, rather than of each of them.
	Forest bool
}

// orDefault is v, or def for 0, or 0 for negative numbers.
func orDefault[T int | float64](v, def T) T {
	switch {
	case v == 0:
		return def
	case v < 0:
		return 0
	}
	return v
}

// withDefaults is a copy with all defaults filled in.
func (o *BoostedOptions) withDefaults() BoostedOptions {
	var c BoostedOptions
	if o != nil {
		c = *o
	}
	integer := func(v *int, def int) { *v = orDefault(*v, def) }
	number := func(v *float64, def float64) { *v = orDefault(*v, def) }
	integer(&c.Rounds, 100)
	number(&c.LearningRate, 0.3)
	integer(&c.MaxBins, 256)
	integer(&c.MaxDepth, 6)
	number(&c.MinChildWeight, 1)
	number(&c.Lambda, 1)
	for _, share := range []*float64{&c.Subsample, &c.ColumnsByTree, &c.ColumnsByLevel, &c.ColumnsByNode, &c.PosWeight} {
		number(share, 1)
	}
	integer(&c.MaxOneHot, 4)
	integer(&c.MaxCategories, 64)
	if c.Dart != nil {
		d := *c.Dart
		number(&d.Drop, 0.1)
		c.Dart = &d
	}
	return c
}

// check names the first setting that makes no sense for rows of d columns.
func (c *BoostedOptions) check(d int) error {
	drop := DartOptions{}
	if c.Dart != nil {
		drop = *c.Dart
	}
	if err := checkOptions(
		option{"Subsample", c.Subsample, least, 1}, option{"ColumnsByTree", c.ColumnsByTree, least, 1},
		option{"ColumnsByLevel", c.ColumnsByLevel, least, 1}, option{"ColumnsByNode", c.ColumnsByNode, least, 1},
		option{"LearningRate", c.LearningRate, least, most}, option{"PosWeight", c.PosWeight, least, most},
		option{"MinChildWeight", c.MinChildWeight, 0, most}, option{"Gamma", c.Gamma, 0, most},
		option{"Lambda", c.Lambda, 0, most}, option{"Alpha", c.Alpha, 0, most}, option{"MaxDeltaStep", c.MaxDeltaStep, 0, most},
		option{"BaseScore", c.BaseScore, 0, 1 - 1e-7}, option{"MaxBins", float64(c.MaxBins), 2, boost.MaxBins},
		option{"Rounds", float64(c.Rounds), 0, 1e6}, option{"MaxDepth", float64(c.MaxDepth), 0, boost.MaxTreeDepth},
		option{"Dart.Drop", drop.Drop, 0, 1}, option{"Dart.Skip", drop.Skip, 0, 1},
	); err != nil {
		return err
	}
	switch {
	case c.MaxDepth == 0 && (c.MaxLeaves == 0 || c.Exact):
		return errors.New("classify: without a limit, MaxDepth needs MaxLeaves, and does not go with Exact")
	case c.MaxDepth > 30 && c.MaxLeaves == 0 || c.MaxLeaves < 0:
		return fmt.Errorf("classify: MaxDepth %d and MaxLeaves %d, want a depth of 30 at most or a limit to leaves", c.MaxDepth, c.MaxLeaves)
	case c.Exact && (c.LossGuide || c.MaxLeaves > 0 || c.ColumnsByNode < 1 || len(c.Categorical) > 0):
		return errors.New("classify: Exact does not go with LossGuide, MaxLeaves, ColumnsByNode or Categorical")
	case c.Patience > 0 && c.Validation == nil:
		return errors.New("classify: Patience needs Validation")
	case c.Patience > 0 && c.Dart != nil:
		return errors.New("classify: Patience does not go with Dart, whose later rounds change earlier trees")
	}
	return c.checkColumns(d)
}

// checkColumns checks the settings that name columns.
func (c *BoostedOptions) checkColumns(d int) error {
	if n := len(c.Names); n > 0 && n != d {
		return fmt.Errorf("classify: %d names for %d columns", n, d)
	}
	if n := len(c.Monotone); n > 0 && n != d {
		return fmt.Errorf("classify: Monotone has %d columns, the rows have %d", n, d)
	}
	for j, v := range c.Monotone {
		if v < -1 || v > 1 {
			return fmt.Errorf("classify: Monotone[%d] is %d, want -1, 0 or 1", j, v)
		}
	}
	for _, group := range append(c.Interactions[:len(c.Interactions):len(c.Interactions)], c.Categorical) {
		for _, j := range group {
			if j < 0 || j >= d {
				return fmt.Errorf("classify: column %d in Interactions or Categorical, the rows have %d", j, d)
			}
		}
	}
	for _, j := range c.Categorical {
		if len(c.Monotone) > 0 && c.Monotone[j] != 0 {
			return fmt.Errorf("classify: column %d is categorical and cannot be monotone", j)
		}
	}
	if c.Validation != nil {
		if err := cmp.Or(checkSample(c.Validation, c.ValidationLabels, c.ValidationWeights), checkWidth(c.Validation, d)); err != nil {
			return fmt.Errorf("%w (validation rows)", err)
		}
	}
	return nil
}

// learner is what growing trees needs of the options.
func (c *BoostedOptions) learner() *boost.Options {
	return &boost.Options{
		Exact: c.Exact, MaxBins: c.MaxBins, LossGuide: c.LossGuide, MaxDepth: c.MaxDepth, MaxLeaves: c.MaxLeaves,
		LearningRate: c.LearningRate, MinChildWeight: c.MinChildWeight, Gamma: c.Gamma, Lambda: c.Lambda, Alpha: c.Alpha,
		MaxDeltaStep: c.MaxDeltaStep, Monotone: c.Monotone, Interactions: c.Interactions,
		MaxOneHot: c.MaxOneHot, MaxCategories: c.MaxCategories,
	}
}
