package kernel

import (
	"math"
	"testing"
)

// TestAdamW follows the algorithm as the paper writes it, with the gradient clipped to half.
func TestAdamW(t *testing.T) {
	eachBackend(t, func(t *testing.T, pool *Pool) {
		rng := newSource[float32]()
		for n := range 70 {
			w, checkW := guarded[float32](t, n)
			m, checkM := guarded[float32](t, n)
			v, checkV := guarded[float32](t, n)
			copy(w, rng.normal(n))
			theta, first, second := to64(w), make([]float64, n), make([]float64, n)
			for step := 1; step <= 3; step++ {
				g := rng.normal(n)
				AdamW(pool, w, g, m, v, AdamWStep{LearningRate: 0.01, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-6, WeightDecay: 0.1, Step: step, GradientScale: 0.5})
				for i := range theta {
					d := float64(g[i]) / 2
					first[i] = 0.9*first[i] + 0.1*d
					second[i] = 0.99*second[i] + 0.01*d*d
					mhat, vhat := first[i]/(1-math.Pow(0.9, float64(step))), second[i]/(1-math.Pow(0.99, float64(step)))
					theta[i] -= 0.01 * (mhat/(math.Sqrt(vhat)+1e-6) + 0.1*theta[i])
				}
			}
			near(t, "w", w, theta, 1e-6)
			near(t, "m", m, first, 1e-6)
			near(t, "v", v, second, 1e-6)
			checkW()
			checkM()
			checkV()
		}
	})
}
