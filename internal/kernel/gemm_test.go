package kernel

import (
	"math"
	"testing"
)

// product is a·b for a [m,k] and b [k,n], by the definition.
func product(m, n, k int, a, b []float32) []float64 {
	c := make([]float64, m*n)
	for i := range m {
		for j := range n {
			for p := range k {
				c[i*n+j] += float64(a[i*k+p]) * float64(b[p*n+j])
			}
		}
	}
	return c
}

func transposed(rows, cols int, x []float32) []float32 {
	y := make([]float32, len(x))
	for r := range rows {
		for c := range cols {
			y[c*rows+r] = x[r*cols+c]
		}
	}
	return y
}

// gemmShapes reach every height and width of a tile's edge in all back ends, and every remainder of the loop over k.
func gemmShapes(f func(m, n, k int)) {
	for m := 1; m <= 30; m++ {
		f(m, 2*m+1, 5)
	}
	for n := 1; n <= 70; n++ {
		f(3, n, 7)
	}
	for k := 1; k <= 20; k++ {
		f(5, 9, k)
	}
	f(113, 97, 64)
	f(230, 33, 40)
}

func TestGemm(t *testing.T) {
	eachBackend(t, func(t *testing.T, pool *Pool) {
		rng := newSource[float32]()
		var p Packed[float32]
		gemmShapes(func(m, n, k int) {
			a, b, bias, residual, pre := rng.normal(m*k), rng.normal(k*n), rng.normal(n), rng.normal(m*n), rng.normal(m*n)
			want := product(m, n, k, a, b)
			c, check := guarded[float32](t, m*n)

			p.Pack(pool, b, k, n)
			Gemm(pool, m, a, &p, c, Epilogue[float32]{})
			near(t, shape(m, n, k)+" plain", c, want, 2e-6)

			p.PackTransposed(pool, transposed(k, n, b), n, k)
			for i := range want {
				want[i] += float64(bias[i%n]) + float64(residual[i])
			}
			copy(c, residual)
			Gemm(pool, m, a, &p, c, Epilogue[float32]{Bias: bias, Residual: c})
			near(t, shape(m, n, k)+" bias, residual in place", c, want, 2e-6)

			kept, checkKept := guarded[float32](t, m*n)
			Gemm(pool, m, a, &p, c, Epilogue[float32]{Bias: bias, Residual: residual, GELU: true, PreActivation: kept})
			near(t, shape(m, n, k)+" pre-activation", kept, want, 2e-6)
			grad, activation := make([]float64, m*n), to64(pre)
			GELUGrad(nil, activation, want, grad)
			Gemm(pool, m, a, &p, c, Epilogue[float32]{Bias: bias, Residual: residual, GELUGrad: pre})
			near(t, shape(m, n, k)+" GELU gradient", c, grad, 3e-6)
			near(t, shape(m, n, k)+" GELU with its gradient", pre, activation, 1e-6)

			GELU(nil, want, want)
			Gemm(pool, m, a, &p, c, Epilogue[float32]{Bias: bias, Residual: residual, GELU: true})
			near(t, shape(m, n, k)+" GELU", c, want, 3e-6)
			check()
			checkKept()
		})
	})
}

func TestGemmTN(t *testing.T) {
	eachBackend(t, func(t *testing.T, pool *Pool) {
		rng := newSource[float32]()
		test := func(m, n, k int) {
			y, x := rng.normal(m*n), rng.normal(m*k)
			dw, check := guarded[float32](t, n*k)
			GemmTN(pool, m, y, n, x, k, dw)
			near(t, shape(m, n, k), dw, product(n, k, m, transposed(m, n, y), x), 2e-6)
			check()
		}
		gemmShapes(func(m, n, k int) { test(k, m, n) })
		test(1100, 17, 35)
		test(0, 3, 3)
	})
}

// TestRowsAlone checks that a row's result does not depend on its neighbours, nor any on the pool.
func TestRowsAlone(t *testing.T) {
	eachBackend(t, func(t *testing.T, pool *Pool) {
		rng := newSource[float32]()
		const m, n, k = 37, 45, 50
		a, b := rng.normal(m*k), rng.normal(k*n)
		var p Packed[float32]
		p.Pack(nil, b, k, n)
		all, one := make([]float32, m*n), make([]float32, n)
		Gemm(pool, m, a, &p, all, Epilogue[float32]{})
		for i := range m {
			Gemm(nil, 1, a[i*k:], &p, one, Epilogue[float32]{})
			for j, v := range one {
				if math.Float32bits(v) != math.Float32bits(all[i*n+j]) {
					t.Fatalf("row %d alone: %v, among others %v", i, v, all[i*n+j])
				}
			}
		}
	})
}

func TestColumnSums(t *testing.T) {
	eachBackend(t, func(t *testing.T, pool *Pool) {
		rng := newSource[float32]()
		for _, m := range []int{0, 1, 15, 16, 17, 700} {
			for n := 1; n < 70; n += 3 {
				y := rng.normal(m * n)
				want := make([]float64, n)
				for i, v := range y {
					want[i%n] += float64(v)
				}
				sum, check := guarded[float32](t, n)
				ColumnSums(pool, m, y, n, sum)
				near(t, shape(m, n), sum, want, 2e-6)
				check()
			}
		}
	})
}
