package kernel

import (
	"math"
	"testing"
)

// TestGemmInt8 checks every back end against products of the rounded operands, which float64 holds exactly, and
// that these are near the products that were meant.
func TestGemmInt8(t *testing.T) {
	eachBackend(t, func(t *testing.T, pool *Pool) {
		rng := newSource[float32]()
		var p PackedInt8
		gemmShapes(func(m, n, k int) {
			a, w, bias, residual := rng.normal(m*k), rng.normal(n*k), rng.normal(n), rng.normal(m*n)
			p.PackTransposed(pool, w, n, k)
			c, check := guarded[float32](t, m*n)
			GemmInt8(pool, m, a, &p, c, Epilogue[float32]{Bias: bias, Residual: residual})
			check()
			want := make([]float64, m*n)
			for i := range m {
				x := roundedRow(a[i*k:][:k], p.balance)
				for j := range n {
					y := roundedWeights(w[j*k:][:k], p.balance)
					want[i*n+j] = Dot(x, y) + float64(bias[j]) + float64(residual[i*n+j])
				}
			}
			near(t, shape(m, n, k), c, want, 1e-6)

			meant := product(m, n, k, a, transposed(n, k, w))
			for i := range meant {
				meant[i] += float64(bias[i%n]) + float64(residual[i])
			}
			near(t, shape(m, n, k)+" as meant", c, meant, 0.03)
			GemmInt8(pool, m, a, &p, c, Epilogue[float32]{Bias: bias, GELU: true})
			for i, v := range want {
				want[i] = v - float64(residual[i])
			}
			GELU(nil, want, want)
			near(t, shape(m, n, k)+" GELU", c, want, 1e-6)
		})
	})
}

// roundedRow is x∘balance as 256 steps from its least to its greatest value, 0 being one of them.
func roundedRow(x, balance []float32) []float64 {
	balanced := make([]float32, len(x))
	for i, v := range x {
		balanced[i] = v * balance[i]
	}
	x = balanced
	low, high := float32(0), float32(0)
	for _, v := range x {
		low, high = min(low, v), max(high, v)
	}
	scale := (high - low) / 255
	inverse := 1 / scale
	zero := math.RoundToEven(float64(-low * inverse))
	y := make([]float64, len(x))
	for i, v := range x {
		q := math.RoundToEven(float64(v*inverse)) + zero
		y[i] = float64(scale) * (min(max(q, 0), 255) - zero)
	}
	return y
}

// roundedWeights is w/balance as 255 steps symmetric about 0.
func roundedWeights(w, balance []float32) []float64 {
	balanced := make([]float32, len(w))
	for i, v := range w {
		balanced[i] = v / balance[i]
	}
	w = balanced
	top := float32(0)
	for _, v := range w {
		top = max(top, v, -v)
	}
	scale := top / 127
	inverse := 1 / scale
	y := make([]float64, len(w))
	for i, v := range w {
		y[i] = float64(scale) * math.RoundToEven(float64(v*inverse))
	}
	return y
}

func TestGemmInt8OddValues(t *testing.T) {
	eachBackend(t, func(t *testing.T, pool *Pool) {
		const m, n, k = 16, 33, 21
		for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
			for at := range m * k {
				a, w, c := make([]float32, m*k), make([]float32, n*k), make([]float32, m*n)
				a[at] = v
				w[5*k] = v
				var p PackedInt8
				p.PackTransposed(pool, w, n, k)
				GemmInt8(pool, m, a, &p, c, Epilogue[float32]{})
				for i, x := range c {
					if bad := i/n == at/k || i%n == 5; bad != (x != x) || !bad && x != 0 {
						t.Fatalf("%v in row %d of a and channel 5: c(%d,%d) = %v", v, at/k, i/n, i%n, x)
					}
				}
			}
		}
	})
}
