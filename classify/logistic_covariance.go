package classify

import (
	"errors"
	"fmt"

	"github.com/org/salesconv/internal/kernel"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Covariance is the inverse of the second derivative of the objective at f, for the x, y and opts that f was fitted
// with: rows and columns are the coefficients, then the intercept. With a weak penalty it is the usual estimate of their
// covariance, with a stronger one that of the posterior with a normal prior. It does not exist for L1Ratio above 0.
func (f *Logistic) Covariance(x mat.Matrix, y []int, opts *LogisticOptions) (*mat.SymDense, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	if o.L1Ratio > 0 {
		return nil, errors.New("classify: no covariance with an L1 penalty: bootstrap the fit instead")
	}
	if err := checkSample(x, y, o.Weights); err != nil {
		return nil, err
	}
	z, err := f.Margins(x)
	if err != nil {
		return nil, err
	}
	pool := kernel.NewPool(0)
	defer pool.Close()
	m, err := newDesign(x, o.Standardize, pool)
	if err != nil {
		return nil, err
	}
	weight := rowWeights(y, &o)
	o.C = f.C
	var factor mat.Cholesky
	if !factor.Factorize(hessian[float64](newLogLoss(m, y, weight, &o), z, all(m.d), m.n)) {
		return nil, errors.New("classify: no covariance: the columns are dependent and the penalty is too weak to tell them apart")
	}
	var inverse mat.SymDense
	if err := factor.InverseTo(&inverse); err != nil {
		return nil, fmt.Errorf("classify: covariance: %w", err)
	}
	jacobian := mat.NewDense(m.d+1, m.d+1, nil) // of coefficients and intercept by θ
	for j := range m.d {
		jacobian.Set(j, j, 1/m.scale[j])
		jacobian.Set(m.d, j, -m.mean[j]/m.scale[j])
	}
	jacobian.Set(m.d, m.d, 1)
	var left, raw mat.Dense
	left.Mul(jacobian, &inverse)
	raw.Mul(&left, jacobian.T())
	raw.Scale(1/floats.Sum(weight), &raw)
	return mat.NewSymDense(m.d+1, raw.RawMatrix().Data), nil
}
