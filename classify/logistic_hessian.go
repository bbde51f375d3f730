package classify

import (
	"math"

	"github.com/org/salesconv/internal/kernel"
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
	if !c.Factorize(hessian[float32](l, margin, all(l.d), l.sampleRows())) {
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
	r := rowsOf(l.x)
	for lo := 0; lo < sample; lo += hessianRows {
		hi := min(sample, lo+hessianRows)
		l.each(hi-lo, func(worker, i int) { // factor·∂z/∂θ of a row
			at := (lo + i) * l.n / sample
			_, _, curvature := l.loss(at, margin[at])
			factor := math.Sqrt(curvature * float64(l.n) / float64(sample))
			row, to := r.row(at, l.buffer(worker)[:l.d]), rows[i*k:(i+1)*k]
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
