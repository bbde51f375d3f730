package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func geluExact(x float64) float64 { return x * phi(x) }

func geluGradExact(x float64) float64 {
	return phi(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
}

// elementwise kernels, the function each is, and the tolerance: absolute below 1, relative above.
var elementwise = []struct {
	name   string
	run    func(pool *Pool, x, y []float32)
	exact  func(x float64) float64
	limit  float64 // of |x| in the test of accuracy
	within float64
}{
	{"GELU", GELU[float32], geluExact, 14, 3e-7},
	{"GELUGrad", func(pool *Pool, x, y []float32) {
		ones := make([]float32, len(x))
		for i := range ones {
			ones[i] = 1
		}
		GELUGrad(pool, slices.Clone(x), ones, y)
	}, geluGradExact, 14, 3e-7},
	{"Exp", Exp[float32], math.Exp, 100, 2e-7},
	{"Tanh", Tanh[float32], math.Tanh, 20, 2e-7},
}

func TestElementwise(t *testing.T) {
	eachBackend(t, func(t *testing.T, pool *Pool) {
		rng := newSource[float32]()
		for _, k := range elementwise {
			for n := range 70 {
				x := rng.normal(n)
				y, check := guarded[float32](t, n)
				k.run(pool, x, y)
				check()
				for i, v := range x {
					if want := k.exact(float64(v)); math.Abs(float64(y[i])-want) > k.within*max(1, math.Abs(want)) {
						t.Fatalf("%s(%g) = %g, want %g (element %d of %d)", k.name, v, y[i], want, i, n)
					}
				}
				in, check := guarded[float32](t, n)
				copy(in, x)
				k.run(pool, in, in)
				near(t, k.name+" in place", in, y, 0)
				check()
			}
		}
	})
}

func TestElementwiseAccuracy(t *testing.T) {
	eachBackend(t, func(t *testing.T, pool *Pool) {
		for _, k := range elementwise {
			const n = 200_000
			x, y := make([]float32, n), make([]float32, n)
			for i := range x {
				x[i] = float32((2*float64(i)/n - 1) * k.limit)
			}
			k.run(pool, x, y)
			for i, v := range x {
				want := k.exact(float64(v))
				if float64(float32(want)) == float64(y[i]) {
					continue
				}
				if math.Abs(float64(y[i])-want) > k.within*max(1, math.Abs(want)) {
					t.Fatalf("%s(%g) = %g, want %g", k.name, v, y[i], want)
				}
			}
		}
	})
}

// TestGELUTail checks that values of negative numbers, which are small, have errors that are smaller still.
func TestGELUTail(t *testing.T) {
	eachBackend(t, func(t *testing.T, pool *Pool) {
		const n = 100_000
		x, y := make([]float32, n), make([]float32, n)
		for i := range x {
			x[i] = float32(-12 * float64(i+1) / n)
		}
		GELU(pool, x, y)
		for i, v := range x {
			if want := geluExact(float64(v)); math.Abs(float64(y[i])-want) > 6e-8 {
				t.Fatalf("gelu(%g) = %g, want %g", v, y[i], want)
			}
		}
	})
}

func TestNonFinite(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	eachBackend(t, func(t *testing.T, pool *Pool) {
		for at := range 40 {
			apply := func(f func(pool *Pool, x, y []float32), v float32) float32 {
				x, y := make([]float32, 40), make([]float32, 40)
				x[at] = v
				f(pool, x, y)
				for i, v := range y {
					if i != at && !finite(v) {
						t.Fatalf("value at %d reaches %d", at, i)
					}
				}
				return y[at]
			}
			for _, k := range elementwise {
				if y := apply(k.run, nan); y == y {
					t.Fatalf("%s(NaN) = %v", k.name, y)
				}
			}
			if y := apply(GELU[float32], -inf); finite(y) {
				t.Fatalf("gelu(-∞) = %v hides it", y)
			}
			if y := apply(GELU[float32], inf); finite(y) {
				t.Fatalf("gelu(∞) = %v hides it", y)
			}
			if lo, hi := apply(Exp[float32], -inf), apply(Exp[float32], inf); lo != 0 || hi != inf {
				t.Fatalf("exp(∓∞) = %v, %v", lo, hi)
			}
			if lo, hi := apply(Tanh[float32], -inf), apply(Tanh[float32], inf); lo != -1 || hi != 1 {
				t.Fatalf("tanh(∓∞) = %v, %v", lo, hi)
			}
			for _, v := range []float32{nan, inf} {
				x := make([]float32, 40)
				x[at] = v
				active32.softmax(1, 40, x, 40, 1)
				if x[at] == x[at] {
					t.Fatalf("softmax of a row with %v at %d is %v there", v, at, x[at])
				}
			}
		}
	})
}

// TestGemmNonFinite checks that a NaN or an infinity in either operand reaches what it touches, and nothing else.
func TestGemmNonFinite(t *testing.T) {
	eachBackend(t, func(t *testing.T, pool *Pool) {
		const m, n, k = 17, 35, 9
		for _, v := range []float32{float32(math.NaN()), float32(math.Inf(-1))} {
			for _, e := range []Epilogue[float32]{{}, {GELU: true}} {
				for row := range m {
					a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
					for i := range b {
						b[i] = 1
					}
					a[row*k+4] = v
					var p Packed[float32]
					p.Pack(pool, b, k, n)
					Gemm(pool, m, a, &p, c, e)
					for i, x := range c {
						if finite(x) == (i/n == row) {
							t.Fatalf("%v in row %d of a: c(%d,%d) = %v", v, row, i/n, i%n, x)
						}
					}
				}
			}
		}
	})
}

func TestSoftmax(t *testing.T) {
	eachBackend(t, func(t *testing.T, _ *Pool) {
		rng := newSource[float32]()
		for n := 1; n < 70; n++ {
			x, check := guarded[float32](t, 5*n)
			for i := range x {
				x[i] = float32(rng.NormFloat64() * 20)
			}
			want := to64(x)
			softmaxGeneric(5, n, want, n, 0.7)
			active32.softmax(5, n, x, n, 0.7)
			near(t, "softmax", x, want, 3e-7)
			check()
		}
	})
}

func TestSums(t *testing.T) {
	eachBackend(t, func(t *testing.T, pool *Pool) {
		rng := newSource[float32]()
		for n := range 70 {
			x, y := rng.normal(n), rng.normal(n)
			z, check := guarded[float32](t, n)
			Add(pool, x, y, z)
			want := make([]float64, n)
			Add(nil, to64(x), to64(y), want)
			near(t, "x+y", z, want, 1e-7)
			Axpy(2, x, z)
			Axpy(2, to64(x), want)
			near(t, "2x+z", z, want, 2e-7)
			check()
			near(t, "x·y", []float64{Dot(x, y)}, []float64{Dot(to64(x), to64(y))}, 1e-14)
			near(t, "|x|²", []float64{SumSquares(pool, x)}, []float64{Dot(to64(x), to64(x))}, 1e-14)
		}
	})
}

func TestGELUGradient(t *testing.T) {
	rng := newSource[float64]()
	x, dy := rng.normal(20), rng.normal(20)
	y, dx := make([]float64, 20), make([]float64, 20)
	GELUGrad(nil, slices.Clone(x), dy, dx)
	gradient(t, "dx", x, dx, func() float64 {
		GELU(nil, x, y)
		return Dot(y, dy)
	})
}

// FuzzBackends compares every back end with the generic one on a random product with all epilogues, attention and
// normalisation.
func FuzzBackends(f *testing.F) {
	f.Add(uint64(1), uint8(20), uint8(33), uint8(17))
	f.Add(uint64(2), uint8(1), uint8(1), uint8(1))
	f.Fuzz(func(t *testing.T, seed uint64, m8, n8, k8 uint8) {
		m, n, k := int(m8)+1, int(n8)+1, int(k8)+1
		rng := source[float32]{rand.New(rand.NewPCG(seed, 0))}
		a, b, bias, residual, pre := rng.normal(m*k), rng.normal(k*n), rng.normal(n), rng.normal(m*n), rng.normal(m*n)
		qkv, offsets := rng.normal((m+k)*3*n), []int{0, m, m + k}
		heads := rng.normal((m + k) * 3 * 2 * attentionDim)
		drop := Dropout{P: 0.5, Key: seed}
		chosen := active32
		defer func() { active32 = chosen }()
		run := func(be *backend[float32]) (c, out, own, y []float32) {
			active32 = be
			c, out, own, y = make([]float32, m*n), make([]float32, (m+k)*n), make([]float32, (m+k)*2*attentionDim), make([]float32, m*n)
			var p Packed[float32]
			p.Pack(nil, b, k, n)
			Gemm(nil, m, a, &p, c, Epilogue[float32]{Bias: bias, Residual: residual, GELU: true, GELUGrad: slices.Clone(pre)})
			Attention(nil, qkv, offsets, 1, n, drop, out)
			Attention(nil, heads, offsets, 2, attentionDim, Dropout{}, own)
			LayerNorm(nil, m, n, residual, pre, drop, bias, bias, 0.1, make([]float32, m*n), y, make([]float32, m), make([]float32, m))
			return c, out, own, y
		}
		wantC, wantOut, wantOwn, wantY := run(backends32[len(backends32)-1])
		for _, be := range backends32 {
			c, out, own, y := run(be)
			near(t, be.name+" product", c, wantC, 1e-5)
			near(t, be.name+" attention", out, wantOut, 1e-4)
			near(t, be.name+" attention of heads of 32 columns", own, wantOwn, 1e-4)
			near(t, be.name+" normalisation", y, wantY, 1e-5)
		}
	})
}
