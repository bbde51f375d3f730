package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// FuzzMaps compares what maps are computed with on all back ends.
func FuzzMaps(f *testing.F) {
	f.Add(uint64(1), uint8(7), uint8(20))
	f.Add(uint64(2), uint8(61), uint8(0))
	f.Fuzz(func(t *testing.T, seed uint64, size, neighbours uint8) {
		rng := source[float32]{rand.New(rand.NewPCG(seed, 0))}
		points, near, w := make([]Point, 40), make([]int32, neighbours), make([]float64, neighbours)
		for i := range points {
			points[i] = Point{rng.NormFloat64(), rng.NormFloat64()}
		}
		for i := range near {
			near[i], w[i] = int32(rng.IntN(len(points))), rng.Float64()
		}
		n := 1 << (size % 4) * []int{1, 3, 9}[size/4%3] * []int{1, 5, 25}[size/12%3]
		wave := rng.normal(2 * n * FFTLanes)
		chosen := active32
		defer func() { active32 = chosen }()
		run := func(be *backend[float32]) (pull Point, x Lanes) {
			active32 = be
			x, work := NewLanes(n), NewLanes(n)
			copy(x.Re, to64(wave))
			copy(x.Im, to64(wave[len(x.Re):]))
			NewFFT(n).Transform(&x, &work)
			return Attract(points[0], points, near, w), x
		}
		pull, x := run(backends32[len(backends32)-1])
		for _, be := range backends32 {
			p, y := run(be)
			if math.Hypot(p.X-pull.X, p.Y-pull.Y) > 1e-12 {
				t.Fatalf("%s: attraction %v, want %v", be.name, p, pull)
			}
			for i := range x.Re {
				if math.Hypot(x.Re[i]-y.Re[i], x.Im[i]-y.Im[i]) > 1e-13*float64(n) {
					t.Fatalf("%s: number %d of a transform of %d is %v, %v, want %v, %v", be.name, i, n, y.Re[i], y.Im[i], x.Re[i], x.Im[i])
				}
			}
		}
	})
}

func TestAttract(t *testing.T) {
	eachBackend(t, func(t *testing.T, _ *Pool) {
		rng := newSource[float32]()
		points := make([]Point, 50)
		for i := range points {
			points[i] = Point{10 * rng.NormFloat64(), 10 * rng.NormFloat64()}
		}
		for n := range 30 {
			near, w, p := make([]int32, n), make([]float64, n), Point{rng.NormFloat64(), rng.NormFloat64()}
			var want Point
			var size float64
			for j := range near {
				near[j], w[j] = int32(rng.IntN(len(points))), rng.Float64()
				q := points[near[j]]
				at := math.Hypot(p.X-q.X, p.Y-q.Y)
				want.X += w[j] * (p.X - q.X) / (1 + at*at)
				want.Y += w[j] * (p.Y - q.Y) / (1 + at*at)
				size += w[j]
			}
			got := Attract(p, points, near, w)
			if math.Hypot(got.X-want.X, got.Y-want.Y) > 1e-14*size {
				t.Fatalf("%d neighbours: %v, want %v", n, got, want)
			}
		}
	})
}
