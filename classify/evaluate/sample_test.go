package evaluate

import (
	"context"
	"math"
	"math/rand/v2"
)

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// linearSample draws a column for each of the weights, standard normal, and labels whose log-odds they sum up to.
func linearSample(n int, weights []float64, seed uint64) (columns [][]float64, y []int) {
	r := rand.New(rand.NewPCG(seed, 0))
	columns, y = make([][]float64, len(weights)), make([]int, n)
	for i := range n {
		z := 0.0
		for j, w := range weights {
			v := r.NormFloat64()
			columns[j] = append(columns[j], v)
			z += w * v
		}
		if r.Float64() < sigmoid(z) {
			y[i] = 1
		}
	}
	return columns, y
}

// meanDifference is a simple model to refit: a row's log-odds are its products with the difference of the means of the
// two labels.
func meanDifference(columns [][]float64, y []int) Refit {
	return func(_ context.Context, train, test []int) ([]float64, error) {
		margin := make([]float64, len(test))
		for _, column := range columns {
			var sum, count [2]float64
			for _, i := range train {
				sum[y[i]] += column[i]
				count[y[i]]++
			}
			weight := sum[1]/count[1] - sum[0]/count[0]
			for k, i := range test {
				margin[k] += weight * column[i]
			}
		}
		for k, z := range margin {
			margin[k] = sigmoid(z)
		}
		return margin, nil
	}
}
