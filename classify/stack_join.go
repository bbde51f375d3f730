package classify

import (
	"math"

	"github.com/org/salesconv/classify/internal/sample"
	"gonum.org/v1/gonum/stat"
)

// bound keeps weights finite where heads happen to part a few rows entirely: four rows outweigh it.
const bound = 1

// joinHeads fits intercept and weights of the heads to margins[head][row], by coordinate descent:
// the loss is convex and smooth, the bound holds for each weight alone.
func joinHeads(margins [][]float64, y []int, rowWeight []float64, shrinkage float64) (weights []float64, intercept float64) {
	k, n := len(margins), len(y)
	scaled := make([][]float64, k+1) // margins of variance 1, then the intercept's column of ones
	scale := make([]float64, k+1)
	for j := range scaled {
		scaled[j], scale[j] = make([]float64, n), 1
		if j < k {
			if s := stat.StdDev(margins[j], rowWeight); s > 0 {
				scale[j] = s
			}
		}
		for i := range n {
			scaled[j][i] = 1
			if j < k {
				scaled[j][i] = margins[j][i] / scale[j]
			}
		}
	}
	a, z := make([]float64, k+1), make([]float64, n)
	for sweep, moved := 0, 1.0; moved > 1e-12 && sweep < 10000; sweep++ {
		moved = 0
		for j, x := range scaled {
			slope, curvature := 0.0, 0.0
			for i, v := range x {
				p := Sigmoid(z[i])
				w := sample.WeightAt(rowWeight, i)
				slope += w * (p - float64(y[i])) * v
				curvature += w * v * v / 4 // the most it can be, so that every step descends
			}
			if j < k {
				slope += bound*a[j] + shrinkage*(a[j]-stat.Mean(a[:k], nil))
				curvature += bound + shrinkage*(1-1/float64(k))
			}
			if curvature == 0 {
				continue
			}
			to := a[j] - slope/curvature
			if j < k {
				to = max(0, to)
			}
			for i, v := range x {
				z[i] += (to - a[j]) * v
			}
			moved = max(moved, math.Abs(to-a[j]))
			a[j] = to
		}
	}
	for j := range k {
		a[j] /= scale[j]
	}
	return a[:k], a[k]
}
