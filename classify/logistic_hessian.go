package classify

import (
	"errors"
	"fmt"
	"math"

	"github.com/org/salesconv/classify/internal/sample"
	"github.com/org/salesconv/internal/kernel"
	"github.com/org/salesconv/internal/matrix"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// sampleRows is how many rows are enough to know the curvature well, as a first guess.
func (l *logLoss) sampleRows() int { return min(l.n, 8*(l.d+1)) }

// hessianCost is about how many passes the Hessian of a sample and its factor cost.
func (l *logLoss) hessianCost() int {
	return 6 + (8+l.d/48)*l.sampleRows()/l.n + l.d*l.d/(2*l.n)
}

// diagonal solves with the diagonal of the Hessian at θ = start.
func (l *logLoss) diagonal() func(g []float64) {
	return func(g []float64) {
		for j := range g[:l.d] {
			g[j] /= l.variance[j]/4 + l.lambda
		}
		g[l.d] *= 4
	}
}

// maxFactor is the most columns whose Hessian is formed.
const maxFactor = 2048

// cholesky solves with the Hessian at the given margins, or is nil where that is too large or not positive.
func (l *logLoss) cholesky(margin []float64) func(g []float64) {
	if l.d > maxFactor {
		return nil
	}
	var c mat.Cholesky
	if !c.Factorize(hessian[float32](l, margin, sample.All(l.d), l.sampleRows())) {
		return nil
	}
	return func(g []float64) {
		v := mat.NewVecDense(len(g), g)
		_ = c.SolveVecTo(v, v) // an ill-conditioned factor is still a guess of the curvature
	}
}

// hessianRows is how many rows are squared at a time.
const hessianRows = 2048

// hessian is the second derivative of F by some of the coefficients and the intercept, its products in T, from so
// many rows, evenly spread.
func hessian[T kernel.Float](l *logLoss, margin []float64, index []int, sample int) *mat.SymDense {
	k := len(index) + 1
	total := make([]float64, k*k)
	part, rows := make([]T, k*k), make([]T, min(sample, hessianRows)*k)
	r := matrix.Of(l.x)
	for lo := 0; lo < sample; lo += hessianRows {
		hi := min(sample, lo+hessianRows)
		l.each(hi-lo, func(worker, i int) { // factor·∂z/∂θ of a row
			at := (lo + i) * l.n / sample
			_, _, curvature := l.loss(at, margin[at])
			factor := math.Sqrt(curvature * float64(l.n) / float64(sample))
			row, to := r.Row(at, l.buffer(worker)[:l.d]), rows[i*k:(i+1)*k]
			for a, j := range index {
				to[a] = T(factor * (row[j] - l.mean[j]) / l.scale[j])
			}
			to[k-1] = T(factor)
		})
		kernel.GemmTN(l.pool, hi-lo, rows, k, rows, k, part)
		for j, v := range part {
			total[j] += float64(v)
		}
	}
	for a := range index {
		total[a*k+a] += l.lambda
	}
	return mat.NewSymDense(k, total)
}

// Covariance estimates the covariance of the coefficients and, last, of the intercept, for the x, y and opts that f was fitted
// with: the inverse of the second derivative, at f, of Σ weight·loss + ½‖coefficients‖²/C. C is f.C; opts.C and opts.Cs are
// ignored. With a weak penalty that is the usual estimate from the observed information; with a stronger one it is the covariance
// of the posterior (Laplace's approximation) if each coefficient has a normal prior of variance C, or C over the column's
// variance with Standardize. A weight of n counts as n independent rows, also a weight by Balanced. It is an error for L1Ratio
// above 0, and for an f without C, such as the regression of Stack.Linear.
func (f *Logistic) Covariance(x mat.Matrix, y []int, opts *LogisticOptions) (*mat.SymDense, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	if o.L1Ratio > 0 {
		return nil, errors.New("classify: no covariance with an L1 penalty: bootstrap the fit instead")
	}
	if f == nil {
		return nil, errNoModel
	}
	if err := checkOptions(option{"the model's C", f.C, least, maxC}); err != nil {
		return nil, err
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
	if !factor.Factorize(hessian[float64](newLogLoss(m, y, weight, &o), z, sample.All(m.d), m.n)) {
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
