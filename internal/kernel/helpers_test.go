package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// eachBackend runs f on every float32 back end that this processor supports, serially and on a pool.
func eachBackend(t *testing.T, f func(t *testing.T, pool *Pool)) {
	pool := NewPool(3)
	defer pool.Close()
	chosen := active32
	defer func() { active32 = chosen }()
	for _, be := range backends32 {
		active32 = be
		t.Run(be.name, func(t *testing.T) { f(t, nil) })
		t.Run(be.name+"/pool", func(t *testing.T) { f(t, pool) })
	}
}

// source makes random numbers of either type.
type source[T Float] struct{ *rand.Rand }

func newSource[T Float]() source[T] { return source[T]{rand.New(rand.NewPCG(7, 11))} }

func (r source[T]) normal(n int) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = T(r.NormFloat64())
	}
	return x
}

// guarded returns n elements of zero amid guard words, and a check that the guards are whole.
func guarded[T Float](t *testing.T, n int) (x []T, check func()) {
	const guards, word = 40, 12345.678
	all := make([]T, n+2*guards)
	for i := range all {
		all[i] = word
	}
	clear(all[guards : guards+n])
	return all[guards : guards+n : guards+n], func() {
		t.Helper()
		for i, v := range all {
			if (i < guards || i >= guards+n) && v != T(word) {
				t.Fatalf("write outside: %d elements, offset %d", n, i-guards)
			}
		}
	}
}

// near fails unless got is want within tol, relative to the largest magnitude of want or 1.
func near[A, B Float](t *testing.T, what string, got []A, want []B, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: length %d, want %d", what, len(got), len(want))
	}
	scale := 1.0
	for _, w := range want {
		scale = max(scale, math.Abs(float64(w)))
	}
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - float64(w)); !(d <= tol*scale) {
			t.Fatalf("%s[%d] = %g, want %g (off by %.2g)", what, i, got[i], w, d/scale)
		}
	}
}

func to64(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// gradient checks analytic, the gradient of loss with respect to x, against central differences.
func gradient(t *testing.T, what string, x, analytic []float64, loss func() float64) {
	t.Helper()
	const h = 1e-5
	for i, v := range x {
		x[i] = v + h
		up := loss()
		x[i] = v - h
		down := loss()
		x[i] = v
		if want := (up - down) / (2 * h); math.Abs(analytic[i]-want) > 1e-6*max(1, math.Abs(want)) {
			t.Fatalf("%s[%d] = %g, central difference %g", what, i, analytic[i], want)
		}
	}
}

func weighted(x, w []float64) float64 { return Dot(x, w) }

func shape(sizes ...int) string { return fmt.Sprint(sizes) }
