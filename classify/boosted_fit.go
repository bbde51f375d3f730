package classify

import (
	"context"
	"fmt"
	"math"

	"github.com/org/salesconv/classify/internal/boost"
	"github.com/org/salesconv/classify/internal/sample"
	"github.com/org/salesconv/internal/matrix"
	"github.com/org/salesconv/internal/parallel"
	"gonum.org/v1/gonum/mat"
)

// FitBoosted fits gradient-boosted trees (Friedman 2001, in the second-order form of Chen and Guestrin 2016) for the
// log loss to the rows of x and their labels, 0 or 1. NaN is a missing value: each split learns where they go.
// A run that ctx ends returns the trees grown so far and the error.
func FitBoosted(ctx context.Context, x mat.Matrix, y []int, opts *BoostedOptions) (*Boosted, error) {
	o := opts.withDefaults()
	if err := checkSample(x, y, o.Weights); err != nil {
		return nil, err
	}
	_, d := x.Dims()
	if err := o.check(d); err != nil {
		return nil, err
	}
	b, err := newBooster(x, y, &o)
	if err != nil {
		return nil, err
	}
	for round := range o.Rounds {
		if err = ctx.Err(); err != nil {
			err = fmt.Errorf("classify: boosting stopped after %d of %d rounds: %w", round, o.Rounds, err)
			break
		}
		b.round(round)
		if o.Progress != nil {
			o.Progress(round+1, b.metric)
		}
		if o.Patience > 0 && round+1-b.bestTrees >= o.Patience {
			break
		}
	}
	if o.Patience > 0 {
		b.model.trees = b.model.trees[:b.bestTrees]
	}
	b.model.finish()
	return b.model, err
}

// A booster adds trees to a model.
type booster struct {
	*BoostedOptions
	model  *Boosted
	grower boost.Grower
	y      []int
	weight []float32 // of the rows, PosWeight included

	margin    []float32
	gradients []boost.Gradient
	dart      *boost.Dart
	added     [][]float32 // with dart, by tree: what it gives each training row, before its scale

	validation   *watched
	metric, best float64 // NaN without validation rows
	bestTrees    int
}

func newBooster(x mat.Matrix, y []int, o *BoostedOptions) (*booster, error) {
	n, d := x.Dims()
	b := &booster{BoostedOptions: o, y: y, margin: make([]float32, n), gradients: make([]boost.Gradient, n),
		metric: math.NaN(), best: math.NaN()}
	var categorical []bool
	if len(o.Categorical) > 0 {
		categorical = make([]bool, d)
		for _, j := range o.Categorical {
			categorical[j] = true
		}
	}
	columns, err := boost.Columns(x, categorical)
	if err != nil {
		return nil, prefixed(err)
	}
	sampleWeight := weights32(o.Weights)
	if b.grower, err = boost.New(o.learner(), columns, sampleWeight, categorical); err != nil {
		return nil, prefixed(err)
	}
	b.weigh(sampleWeight)
	b.model = &Boosted{columns: d, parallel: 1, baseScore: b.baseScore(), posWeight: float32(o.PosWeight),
		names: o.Names, types: columnTypes(categorical), dart: o.Dart != nil}
	base := baseMargin(b.model.baseScore)
	for i := range b.margin {
		b.margin[i] = base
	}
	if o.Dart != nil {
		b.dart = &boost.Dart{Rate: o.Dart.Drop, Skip: o.Dart.Skip, One: o.Dart.One, Weighted: o.Dart.Weighted, Forest: o.Dart.Forest, Base: base}
	}
	if o.Validation != nil {
		b.validation, err = newWatched(o, base)
	}
	return b, err
}

// weigh fills in the weights of the rows.
func (b *booster) weigh(weight []float32) {
	b.weight = make([]float32, len(b.y))
	for i, label := range b.y {
		b.weight[i] = 1
		if weight != nil {
			b.weight[i] = weight[i]
		}
		if label == 1 {
			b.weight[i] *= float32(b.PosWeight)
		}
	}
}

// weights32 narrows weights to the float32 of XGBoost.
func weights32(weight []float64) []float32 {
	if weight == nil {
		return nil
	}
	w := make([]float32, len(weight))
	for i, v := range weight {
		w[i] = float32(v)
	}
	return w
}

// columnTypes is XGBoost's names for the kinds of columns, nil if all are numbers.
func columnTypes(categorical []bool) []string {
	var types []string
	for _, c := range categorical {
		if c {
			types = append(types, "c")
		} else {
			types = append(types, "float")
		}
	}
	return types
}

// baseScore is the probability before the first tree: what was asked for, the weighted share of label 1, or with
// PosWeight the result of one Newton step, as in XGBoost.
func (b *booster) baseScore() float32 {
	if b.BaseScore > 0 {
		return float32(b.BaseScore)
	}
	var total, positive float64
	for i, w := range b.weight {
		total += float64(w)
		positive += float64(w) * float64(b.y[i])
	}
	if b.PosWeight == 1 {
		return float32(positive / total)
	}
	return sigmoid32(float32((positive - total/2) / (total / 4)))
}

// sigmoid32 is the logistic function in the arithmetic of XGBoost.
func sigmoid32(margin float32) float32 {
	return 1 / (float32(math.Exp(float64(min(-margin, 88.7)))) + 1)
}

// round adds one tree.
func (b *booster) round(round int) {
	seed := b.Seed*0x9e3779b97f4a7c15 + uint64(round)
	if b.dart != nil {
		b.dart.Drop(seed)
		b.dart.Sum(b.added, b.margin)
	}
	b.derive()
	boost.SampleRows(b.gradients, b.Subsample, seed)
	columns := boost.NewColumnSampler(seed, b.model.columns, b.ColumnsByTree, b.ColumnsByLevel, b.ColumnsByNode)
	if b.dart == nil {
		b.model.trees = append(b.model.trees, b.grower.Grow(b.gradients, columns, b.margin))
	} else {
		added := make([]float32, len(b.margin))
		b.model.trees = append(b.model.trees, b.grower.Grow(b.gradients, columns, added))
		b.added = append(b.added, added)
		b.dart.Normalize(float32(b.LearningRate))
		for i := range b.model.trees {
			b.model.trees[i].Scale = b.dart.Scale[i]
		}
	}
	if b.validation != nil {
		b.watch()
	}
}

// derive computes the derivatives of the log loss.
func (b *booster) derive() {
	const block = 4096
	n := len(b.margin)
	parallel.Do((n+block-1)/block, func(k int) {
		for i := k * block; i < min(n, (k+1)*block); i++ {
			p, w := sigmoid32(b.margin[i]), b.weight[i]
			b.gradients[i] = boost.Gradient{Grad: (p - float32(b.y[i])) * w, Hess: max(p*(1-p), 1e-16) * w}
		}
	})
}

// watch measures the model on the validation rows.
func (b *booster) watch() {
	v, trees := b.validation, b.model.trees
	if b.dart == nil {
		v.add(&trees[len(trees)-1], v.margin)
	} else {
		added := make([]float32, len(v.margin))
		v.add(&trees[len(trees)-1], added)
		v.added = append(v.added, added)
		b.dart.Sum(v.added, v.margin)
	}
	b.metric = v.measure(b.Metric)
	if b.metric < b.best || b.bestTrees == 0 || math.IsNaN(b.best) {
		b.best, b.bestTrees = b.metric, len(trees)
	}
}

// watched is the validation rows and their margins so far.
type watched struct {
	y      []int
	weight []float64 // nil: all 1
	rows   [][]float32
	margin []float32
	added  [][]float32 // with dart, by each tree
}

func newWatched(o *BoostedOptions, base float32) (*watched, error) {
	n, d := o.Validation.Dims()
	v := &watched{y: o.ValidationLabels, weight: o.ValidationWeights, rows: make([][]float32, n), margin: make([]float32, n)}
	rows := matrix.Of(o.Validation)
	for i := range v.rows {
		v.rows[i] = rows.Row32(i, make([]float32, d))
		v.margin[i] = base
		if err := boost.CheckRow(i, v.rows[i], nil); err != nil {
			return nil, fmt.Errorf("classify: %w (validation rows)", err)
		}
	}
	return v, nil
}

// add adds what a tree gives each row to the margins, as if its Scale were 1.
func (v *watched) add(t *Tree, margin []float32) {
	const block = 256
	parallel.Do((len(margin)+block-1)/block, func(k int) {
		for i := k * block; i < min(len(margin), (k+1)*block); i++ {
			margin[i] += t.Nodes[t.Leaf(v.rows[i])].Value
		}
	})
}

// measure is the metric, nil: the weighted log loss.
func (v *watched) measure(metric func(p []float64, y []int) float64) float64 {
	p := make([]float64, len(v.margin))
	for i, m := range v.margin {
		p[i] = Sigmoid(float64(m))
	}
	if metric != nil {
		return metric(p, v.y)
	}
	var loss, total float64
	for i, m := range v.margin {
		w := sample.WeightAt(v.weight, i)
		z := float64(m)
		if v.y[i] == 1 {
			z = -z
		}
		loss += w * (max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))))
		total += w
	}
	return loss / total
}
