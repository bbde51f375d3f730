package classify

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// linearSample draws standard normal rows and labels whose log-odds are linear in them.
func linearSample(n, d int, seed uint64) (*mat.Dense, []int) {
	r := rand.New(rand.NewPCG(seed, 0))
	truth := make([]float64, d)
	for j := range truth {
		truth[j] = r.NormFloat64() / 4
	}
	x, y := mat.NewDense(n, d, nil), make([]int, n)
	for i := range n {
		z := 0.0
		for j := range d {
			v := r.NormFloat64()
			x.Set(i, j, v)
			z += v * truth[j]
		}
		if r.Float64() < Sigmoid(z) {
			y[i] = 1
		}
	}
	return x, y
}
