package kernel

import (
	"math"
	"math/cmplx"
	"testing"
)

// dft is the transform by its definition.
func dft(x []complex128, sign float64) []complex128 {
	y := make([]complex128, len(x))
	for k := range y {
		for j, v := range x {
			y[k] += v * cmplx.Exp(complex(0, sign*2*math.Pi*float64(j*k%len(x))/float64(len(x))))
		}
	}
	return y
}

func TestFFT(t *testing.T) {
	eachBackend(t, func(t *testing.T, _ *Pool) {
		rng := newSource[float32]()
		for _, n := range []int{1, 2, 3, 4, 5, 6, 8, 16, 30, 60, 75, 120, 128, 180, 250, 360} {
			f, checks := NewFFT(n), []func(){}
			lanes := func() (x Lanes) {
				for _, p := range []*[]float64{&x.Re, &x.Im} {
					part, check := guarded[float64](t, n*FFTLanes)
					*p, checks = part, append(checks, check)
				}
				return x
			}
			x, work := lanes(), lanes()
			for i := range x.Re {
				x.Re[i], x.Im[i] = rng.NormFloat64(), rng.NormFloat64()
			}
			want := Lanes{append([]float64(nil), x.Re...), append([]float64(nil), x.Im...)}
			lane := func(x Lanes, l int) []complex128 {
				all := make([]complex128, n)
				for k := range all {
					all[k] = complex(x.Re[k*FFTLanes+l], x.Im[k*FFTLanes+l])
				}
				return all
			}
			compare := func(name string, sign float64, transform func(x, work *Lanes)) {
				transform(&x, &work)
				for l := range FFTLanes {
					for k, v := range dft(lane(want, l), sign) {
						if got := lane(x, l)[k]; cmplx.Abs(got-v) > 1e-14*float64(n) {
							t.Fatalf("%s of %d, lane %d, number %d: %v, want %v", name, n, l, k, got, v)
						}
					}
				}
			}
			compare("transform", -1, f.Transform)
			copy(x.Re, want.Re)
			copy(x.Im, want.Im)
			compare("inverse", 1, f.Inverse)
			for _, check := range checks {
				check()
			}
		}
	})
}

func BenchmarkFFT(b *testing.B) {
	for _, n := range []int{600, 1200} {
		benchmarkBackends(b, func(b *testing.B) {
			f, x, work := NewFFT(n), NewLanes(n), NewLanes(n)
			for b.Loop() {
				f.Transform(&x, &work)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*FFTLanes), "ns/transform")
		})
	}
}
