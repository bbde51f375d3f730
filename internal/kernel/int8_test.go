package kernel

import (
	"math"
	"slices"
	"testing"
)

// TestGemmInt8 checks every back end against products of the rounded operands, which float64 holds exactly, and
// that these are near the products that were meant.
func TestGemmInt8(t *testing.T) {
	eachBackend(t, func(t *testing.T, pool *Pool) {
		rng := newSource[float32]()
		var p PackedInt8
		gemmShapes(func(m, n, k int) {
			a, w, bias := rng.normal(m*k), rng.normal(n*k), rng.normal(n)
			p.PackTransposed(pool, w, n, k)
			c, check := guarded[float32](t, m*n)
			GemmInt8(pool, m, a, &p, c, bias, false)
			check()
			want := make([]float64, m*n)
			for i := range m {
				x := roundedRow(a[i*k:][:k], p.balance)
				for j := range n {
					y := roundedWeights(w[j*k:][:k], p.balance)
					want[i*n+j] = Dot(x, y) + float64(bias[j])
				}
			}
			near(t, shape(m, n, k), c, want, 1e-6)

			meant := product(m, n, k, a, transposed(n, k, w))
			for i := range meant {
				meant[i] += float64(bias[i%n])
			}
			near(t, shape(m, n, k)+" as meant", c, meant, 0.03)
			GemmInt8(pool, m, a, &p, c, bias, true)
			GELU(nil, want, want)
			near(t, shape(m, n, k)+" GELU", c, want, 3e-4)
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
				GemmInt8(pool, m, a, &p, c, nil, false)
				for i, x := range c {
					if bad := i/n == at/k || i%n == 5; bad != (x != x) || !bad && x != 0 {
						t.Fatalf("%v in row %d of a and channel 5: c(%d,%d) = %v", v, at/k, i/n, i%n, x)
					}
				}
			}
		}
	})
}

// TestInt8SameBytes checks that all back ends give the same bytes for the same rounded operands, the greatest ones too.
func TestInt8SameBytes(t *testing.T) {
	rng := newSource[float32]()
	gemmShapes(func(m, n, k int) {
		depth := int8Depth * ceil(k, int8Depth)
		a, b := make([]byte, ceil(m, int8Strip)*int8Strip*depth), make([]int8, depth*int8Width)
		for i := range a {
			a[i] = byte(rng.IntN(256)) | byte(rng.IntN(2)*255)
		}
		for i := range b {
			b[i] = int8(max(-127, rng.IntN(300)-172))
		}
		n = min(n, int8Width)
		zeros, sums := make([]int32, m), make([]int32, n)
		for i := range zeros {
			zeros[i] = int32(rng.IntN(256))
		}
		for i := range sums {
			sums[i] = int32(rng.IntN(1<<19) - 1<<18)
		}
		scales, columnScales := rng.normal(m), rng.normal(n)
		for _, bias := range [][]float32{nil, rng.normal(n)} {
			var want []float32
			for _, be := range slices.Backward(backends32) { // generic comes first
				c, check := guarded[float32](t, m*n)
				be.int8.product(m, n, depth, a, b, scales, zeros, columnScales, sums, c, n, bias, false)
				check()
				if want == nil {
					want = c
				}
				near(t, be.name+" "+shape(m, n, k), c, want, 0)
			}
		}
	})
}
