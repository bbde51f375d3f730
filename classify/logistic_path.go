package classify

import (
	"cmp"
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

// A PathPoint is the mean log loss in cross-validation with a candidate for C.
type PathPoint struct {
	C       float64 `json:"c"`
	LogLoss float64 `json:"log_loss"`
}

// chooseC sets o.C to the candidate with the lowest mean log loss out of fold, of equal ones the smallest.
func chooseC(ctx context.Context, x mat.Matrix, y []int, weight []float64, o *LogisticOptions, pool *kernel.Pool) ([]PathPoint, error) {
	path := make([]PathPoint, len(o.Cs))
	for k, c := range slices.Sorted(slices.Values(o.Cs)) {
		path[k].C = c
	}
	folds, err := evaluate.Folds(y, o.Groups, o.Folds, o.Seed)
	if err != nil {
		return nil, err
	}
	total := floats.Sum(weight)
	for _, fold := range folds {
		m, err := newDesign(matrix.Select(x, fold.Train), o.Standardize, pool)
		if err != nil {
			return nil, err
		}
		test := matrix.Select(x, fold.Test)
		var theta []float64
		for k := range path { // from strong to weak, each from where the last ended
			v := *o
			v.C, v.Tolerance = path[k].C, max(o.Tolerance, 1e-6)
			l := newLogLoss(m, sample.Pick(y, fold.Train), sample.Pick(weight, fold.Train), &v)
			if theta == nil {
				theta = l.start()
			}
			if theta, _, err = l.minimize(ctx, theta, &v); err != nil {
				return nil, err
			}
			z, err := m.model(theta).Margins(test)
			if err != nil {
				return nil, err
			}
			for a, i := range fold.Test {
				path[k].LogLoss += weight[i] / total * softplus((1-2*float64(y[i]))*z[a])
			}
		}
	}
	best := slices.MinFunc(path, func(a, b PathPoint) int { return cmp.Compare(a.LogLoss, b.LogLoss) })
	o.C = best.C
	return path, nil
}

// softplus is log(1 + exp(z)).
func softplus(z float64) float64 { return max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))) }
