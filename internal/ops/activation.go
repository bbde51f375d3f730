package ops

import (
	"math"

	"github.com/org/salesconv/internal/kernel"
)

// Activation is the function between the two products of [FeedForward], element by element.
type Activation int

// The activations of BERT models.
const (
	GELU     Activation = iota // x·Φ(x), exact
	GELUTanh                   // GELU with Φ approximated by tanh (Hendrycks and Gimpel 2016), as BERT was published
	ReLU                       // max(x, 0)
)

// The argument of tanh in GELUTanh is bend·(x + cubic·x³).
const cubic = 0.044715

var bend = math.Sqrt(2 / math.Pi)

// apply replaces x by the activation of it. For GELUTanh, t is memory of the same size.
func apply[T kernel.Float](pool *kernel.Pool, a Activation, x, t []T) {
	switch a {
	case GELU:
		kernel.GELU(pool, x, x)
	case ReLU:
		for i, v := range x {
			x[i] = max(v, 0)
		}
	case GELUTanh:
		bentTanh(pool, x, t)
		each(pool, len(x), func(i int) { x[i] = x[i] * (1 + t[i]) / 2 })
	}
}

// applyGrad multiplies d by the derivative of the activation at x, and replaces x by the activation of it, which the
// gradient of the weights after it needs. GELU has an epilogue of the product instead.
func applyGrad[T kernel.Float](pool *kernel.Pool, a Activation, x, d, t []T) {
	switch a {
	case GELU:
		kernel.GELUGrad(pool, x, d, d)
	case ReLU:
		for i, v := range x {
			if !(v > 0) {
				d[i], x[i] = 0, 0
			}
		}
	case GELUTanh:
		bentTanh(pool, x, t)
		each(pool, len(x), func(i int) {
			v, half := x[i], (1+t[i])/2
			d[i] *= half + v*(1-t[i]*t[i])/2*T(bend)*(1+3*cubic*v*v)
			x[i] = v * half
		})
	}
}

// bentTanh sets t to the tanh in GELUTanh.
func bentTanh[T kernel.Float](pool *kernel.Pool, x, t []T) {
	each(pool, len(x), func(i int) { t[i] = T(bend) * (x[i] + cubic*x[i]*x[i]*x[i]) })
	kernel.Tanh(pool, t, t)
}

// each calls f for every element, spans of them at a time.
func each(pool *kernel.Pool, n int, f func(i int)) {
	const span = 1 << 12
	pool.Do((n+span-1)/span, func(_, s int) {
		for i := s * span; i < min(n, (s+1)*span); i++ {
			f(i)
		}
	})
}
