package kernel

import (
	"math"
	"testing"
)

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
