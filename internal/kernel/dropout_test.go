package kernel

import (
	"math"
	"testing"
)

func TestDropout(t *testing.T) {
	const rows, cols = 400, 500
	for _, p := range []float64{0.1, 0.5, 0.9} {
		d := Dropout{P: p, Key: 42}
		dropped, both, below := 0, 0, 0
		for r := range rows {
			s, next := d.row(r), d.row(r+1)
			for c := range cols {
				if s.keeps(uint32(c)) {
					continue
				}
				dropped++
				if !s.keeps(uint32(c + 1)) {
					both++
				}
				if !next.keeps(uint32(c)) {
					below++
				}
			}
		}
		// Five standard deviations of the share among independent choices.
		n := float64(rows * cols)
		for what, got := range map[string][2]float64{
			"dropped":                      {float64(dropped), p},
			"dropped with right neighbour": {float64(both), p * p},
			"dropped with row below":       {float64(below), p * p},
		} {
			if share, want := got[0]/n, got[1]; math.Abs(share-want) > 5*math.Sqrt(want*(1-want)/n)*2 {
				t.Errorf("P = %v: share %s %v, want %v", p, what, share, want)
			}
		}
	}
}

func TestDropoutBackendsAgree(t *testing.T) {
	eachBackend(t, func(t *testing.T, _ *Pool) {
		s := Dropout{P: 0.3, Key: 7}.row(5)
		for n := 1; n < 70; n++ {
			x, want := make([]float32, n), make([]float32, n)
			for i := range x {
				x[i] = float32(i + 1)
			}
			dropoutGeneric(s, 1.5, x, want)
			y, check := guarded[float32](t, n)
			active32.dropout(s, 1.5, x, y)
			near(t, "dropout", y, want, 0)
			check()
			active32.dropout(s, 1.5, x, x)
			near(t, "dropout in place", x, want, 0)
		}
		x := []float32{float32(math.NaN()), float32(math.Inf(1)), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
		for r := range 20 {
			y := make([]float32, len(x))
			active32.dropout(Dropout{P: 0.5}.row(r), 2, x, y)
			if finite(y[0]) || finite(y[1]) {
				t.Fatalf("dropout hides %v: %v", x[:2], y[:2])
			}
		}
	})
}

func TestDrop(t *testing.T) {
	eachBackend(t, func(t *testing.T, pool *Pool) {
		const rows, width = 40, 19
		x := newSource[float32]().normal(rows * width)
		drop := Dropout{P: 0.4, Key: 3}
		y, check := guarded[float32](t, rows*width)
		Drop(pool, rows, width, x, drop, y)
		check()
		for i, v := range x {
			want := float32(0)
			if drop.row(i / width).keeps(uint32(i % width)) {
				want = v / 0.6
			}
			near(t, "y", y[i:i+1], []float32{want}, 1e-6)
		}
		part := make([]float32, rows*width/2)
		Drop(pool, rows/2, width, x[rows/2*width:], drop.Skip(rows/2), part)
		near(t, "second half", part, y[rows/2*width:], 0)
		Drop(pool, rows, width, x, Dropout{}, x)
		Drop(pool, rows, width, x, Dropout{}, y)
		near(t, "nothing dropped", y, x, 0)
	})
}
