package kernel

import (
	"math"
	"testing"
)

// TestPooling checks the four poolings and normalisation in float64 against central differences, and in
// float32 against float64.
func TestPooling(t *testing.T) {
	const width = 35
	offsets := []int{0, 3, 3, 4, 23}
	rows, out := offsets[len(offsets)-1], len(offsets)-1
	rng := newSource[float64]()
	x, dy, weights := rng.normal(rows*width), rng.normal(out*width), rng.normal(rows)
	norm, argmax := make([]float64, rows), make([]int, out*width)
	narrow := func(x []float64) []float32 {
		y := make([]float32, len(x))
		for i, v := range x {
			y[i] = float32(v)
		}
		return y
	}
	x32, dy32, w32, norm32 := narrow(x), narrow(dy), narrow(weights), make([]float32, rows)
	for _, k := range []struct {
		name       string
		forward    func(y []float64)
		backward   func(y, dx []float64)
		forward32  func(pool *Pool, y []float32)
		backward32 func(pool *Pool, y, dx []float32)
	}{
		{"mean",
			func(y []float64) { MeanPool(nil, x, offsets, width, y) },
			func(_, dx []float64) { MeanPoolBackward(nil, dy, offsets, width, dx) },
			func(pool *Pool, y []float32) { MeanPool(pool, x32, offsets, width, y) },
			func(pool *Pool, _, dx []float32) { MeanPoolBackward(pool, dy32, offsets, width, dx) }},
		{"max",
			func(y []float64) { MaxPool(nil, x, offsets, width, y, argmax) },
			func(_, dx []float64) { MaxPoolBackward(nil, dy, offsets, width, argmax, dx) },
			func(pool *Pool, y []float32) { MaxPool(pool, x32, offsets, width, y, argmax) },
			func(pool *Pool, _, dx []float32) { MaxPoolBackward(pool, dy32, offsets, width, argmax, dx) }},
		{"weighted",
			func(y []float64) { WeightedSum(nil, x, offsets, weights, width, y) },
			func(_, dx []float64) { WeightedSumBackward(nil, dy, offsets, weights, width, dx) },
			func(pool *Pool, y []float32) { WeightedSum(pool, x32, offsets, w32, width, y) },
			func(pool *Pool, _, dx []float32) { WeightedSumBackward(pool, dy32, offsets, w32, width, dx) }},
		{"normalize", // the first rows of x alone
			func(y []float64) { L2Normalize(nil, out, width, x, y, norm) },
			func(y, dx []float64) { L2NormalizeBackward(nil, out, width, y, norm, dy, dx) },
			func(pool *Pool, y []float32) { L2Normalize(pool, out, width, x32, y, norm32) },
			func(pool *Pool, y, dx []float32) { L2NormalizeBackward(pool, out, width, y, norm32, dy32, dx) }},
	} {
		y, dx := make([]float64, out*width), make([]float64, rows*width)
		loss := func() float64 {
			k.forward(y)
			return Dot(y, dy)
		}
		loss()
		k.backward(y, dx)
		gradient(t, k.name, x, dx, loss)
		loss()
		eachBackend(t, func(t *testing.T, pool *Pool) {
			y32, check := guarded[float32](t, len(y))
			k.forward32(pool, y32)
			near(t, k.name, y32, y, 2e-6)
			check()
			dx32, check := guarded[float32](t, len(dx))
			k.backward32(pool, y32, dx32)
			near(t, k.name+" backward", dx32, dx, 2e-6)
			check()
		})
	}
}

func TestPoolingOddValues(t *testing.T) {
	nan := math.NaN()
	y, argmax := make([]float64, 2), make([]int, 2)
	MaxPool(nil, []float64{1, -3, nan, -2, 5, -4}, []int{0, 3}, 2, y, argmax)
	if y[0] == y[0] || argmax[0] != 1 || y[1] != -2 || argmax[1] != 1 {
		t.Errorf("maximum %v at rows %v", y, argmax)
	}
	norm := make([]float64, 1)
	L2Normalize(nil, 1, 2, []float64{0, 0}, y, norm)
	if y[0] != 0 || y[1] != 0 || norm[0] != shortest {
		t.Errorf("zero row: %v, norm %v", y, norm)
	}
	L2Normalize(nil, 1, 2, []float64{nan, 1}, y, norm)
	if y[0] == y[0] || y[1] == y[1] {
		t.Errorf("NaN hidden: %v", y)
	}
}
