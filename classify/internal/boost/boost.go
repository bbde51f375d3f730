// Package boost grows the regression trees of gradient boosting after XGBoost, from histograms (Grower of New, the
// default) or from all values (Options.Exact), and lays them out for prediction.
//
// Package classify decides what to fit: options and their defaults, labels, weights, rounds, files. This package knows
// gradients and columns only:
//
//	columns, err := boost.Columns(x, categorical)          // float32, NaN is a missing value
//	grower, err := boost.New(options, columns, weight, categorical)
//	tree := grower.Grow(gradients, sampler, margin)        // once a round; adds the tree to the rows' margins
//	forest := boost.NewForest(trees)                       // to predict
//
// The arithmetic follows XGBoost's, float32 where it has float32, so that near ties fall the same way. All results are
// the same on any number of processors. Errors carry no prefix: package classify adds its name.
package boost

import "fmt"

// Options are the settings of a Grower, without defaults: package classify describes and checks them.
type Options struct {
	Exact                       bool
	MaxBins                     int
	LossGuide                   bool
	MaxDepth, MaxLeaves         int // 0: no limit
	LearningRate                float64
	MinChildWeight, Gamma       float64
	Lambda, Alpha, MaxDeltaStep float64
	Monotone                    []int // by column: -1, 0 or 1; nil: free
	Interactions                [][]int
	MaxOneHot, MaxCategories    int
}

// A Gradient is the derivatives of the loss of a row with respect to its log-odds, times its weight. A negative
// second derivative leaves the row out of a tree.
type Gradient struct{ Grad, Hess float32 }

func (g Gradient) sums() sums { return sums{float64(g.Grad), float64(g.Hess)} }

// A Grower grows a tree for the gradients and adds its leaves to the margins of the rows.
type Grower interface {
	Grow(gradients []Gradient, columns ColumnSampler, margin []float32) Tree
}

// New prepares the columns, values by row, for growing trees. Weights (nil: all 1) are by row; categorical
// (nil: none) marks the columns whose values are categories.
func New(o *Options, columns [][]float32, weight []float32, categorical []bool) (Grower, error) {
	if o.Exact {
		return newExactGrower(o.tree(), o.regularizer(), columns), nil
	}
	for j, is := range categorical {
		for i, v := range columns[j] {
			if is && v >= MaxBins {
				return nil, fmt.Errorf("row %d, column %d has category %v, want less than %d", i, j, v, MaxBins)
			}
		}
	}
	return newHistGrower(o.tree(), o.regularizer(), newBins(columns, weight, o.MaxBins, categorical)), nil
}

// treeOptions is what growing a tree needs of the options.
type treeOptions struct {
	eta, gamma               float32
	maxDepth, maxLeaves      int // 0: no limit
	lossGuide                bool
	maxOneHot, maxCategories int
	interactions             interactions
}

func (o *Options) tree() *treeOptions {
	t := &treeOptions{eta: float32(o.LearningRate), gamma: float32(o.Gamma), maxDepth: o.MaxDepth, maxLeaves: o.MaxLeaves,
		lossGuide: o.LossGuide, maxOneHot: o.MaxOneHot, maxCategories: o.MaxCategories}
	for _, group := range o.Interactions {
		list := make([]int32, len(group))
		for k, j := range group {
			list[k] = int32(j)
		}
		t.interactions = append(t.interactions, list)
	}
	return t
}

func (o *Options) regularizer() *regularizer {
	r := &regularizer{lambda: float32(o.Lambda), alpha: float32(o.Alpha), maxDelta: float32(o.MaxDeltaStep),
		minChild: float32(o.MinChildWeight)}
	for _, v := range o.Monotone {
		r.monotone = append(r.monotone, int8(v))
	}
	return r
}
