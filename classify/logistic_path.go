package classify

import (
	"context"
	"math"
	"slices"

	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/classify/internal/sample"
	"github.com/org/salesconv/internal/kernel"
	"github.com/org/salesconv/internal/matrix"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// chooseC sets o.C to the candidate with the lowest mean log loss out of fold, of equal ones the smallest, and returns all
// candidates, ascending, with theirs.
func chooseC(ctx context.Context, x mat.Matrix, y []int, weight []float64, o *LogisticOptions, pool *kernel.Pool) (cs, losses []float64, err error) {
	cs, losses = slices.Sorted(slices.Values(o.Cs)), make([]float64, len(o.Cs))
	folds, err := evaluate.Folds(y, o.Groups, o.Folds, o.Seed)
	if err != nil {
		return nil, nil, err
	}
	total := floats.Sum(weight)
	for _, fold := range folds {
		m, err := newDesign(matrix.Select(x, fold.Train), o.Standardize, pool)
		if err != nil {
			return nil, nil, err
		}
		test := matrix.Select(x, fold.Test)
		var theta []float64
		for k := range cs { // from strong to weak, each from where the last ended
			v := *o
			v.C, v.Tolerance = cs[k], max(o.Tolerance, 1e-6)
			l := newLogLoss(m, sample.Pick(y, fold.Train), sample.Pick(weight, fold.Train), &v)
			if theta == nil {
				theta = l.start()
			}
			if theta, _, err = l.minimize(ctx, theta, &v); err != nil {
				return nil, nil, err
			}
			z, err := m.model(theta).Margins(test)
			if err != nil {
				return nil, nil, err
			}
			for a, i := range fold.Test {
				losses[k] += weight[i] / total * softplus((1-2*float64(y[i]))*z[a])
			}
		}
	}
	o.C = cs[slices.Index(losses, slices.Min(losses))]
	return cs, losses, nil
}

// softplus is log(1 + exp(z)).
func softplus(z float64) float64 { return max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))) }
