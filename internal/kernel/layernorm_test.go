package kernel

import (
	"math"
	"testing"
)

func TestLayerNorm(t *testing.T) {
	eachBackend(t, func(t *testing.T, pool *Pool) {
		rng := newSource[float32]()
		test := func(rows, width int, drop Dropout) {
			x, residual, dy := rng.normal(rows*width), rng.normal(rows*width), rng.normal(rows*width)
			gamma, beta := rng.normal(width), rng.normal(width)
			sum, checkSum := guarded[float32](t, rows*width)
			y, checkY := guarded[float32](t, rows*width)
			mean, rstd := make([]float32, rows), make([]float32, rows)
			if bad := LayerNorm(pool, rows, width, x, residual, drop, gamma, beta, 1e-5, sum, y, mean, rstd); bad >= 0 {
				t.Fatalf("bad row %d", bad)
			}
			sum64, y64 := make([]float64, rows*width), make([]float64, rows*width)
			mean64, rstd64 := make([]float64, rows), make([]float64, rows)
			LayerNorm(nil, rows, width, to64(x), to64(residual), drop, to64(gamma), to64(beta), 1e-5, sum64, y64, mean64, rstd64)
			near(t, "sum", sum, sum64, 1e-6)
			near(t, "y", y, y64, 5e-6)
			near(t, "mean", mean, mean64, 1e-6)
			near(t, "rstd", rstd, rstd64, 1e-5)

			dsum, checkDsum := guarded[float32](t, rows*width)
			dx, checkDx := guarded[float32](t, rows*width)
			dgamma, checkGamma := guarded[float32](t, width)
			dbeta, checkBeta := guarded[float32](t, width)
			LayerNormBackward(pool, rows, width, sum, mean, rstd, gamma, dy, drop, dsum, dx, dgamma, dbeta)
			dsum64, dx64 := make([]float64, rows*width), make([]float64, rows*width)
			dgamma64, dbeta64 := make([]float64, width), make([]float64, width)
			LayerNormBackward(nil, rows, width, sum64, mean64, rstd64, to64(gamma), to64(dy), drop, dsum64, dx64, dgamma64, dbeta64)
			near(t, "dsum", dsum, dsum64, 1e-5)
			near(t, "dx", dx, dx64, 1e-5)
			near(t, "dgamma", dgamma, dgamma64, 1e-5)
			near(t, "dbeta", dbeta, dbeta64, 1e-5)
			for _, check := range []func(){checkSum, checkY, checkDsum, checkDx, checkGamma, checkBeta} {
				check()
			}
		}
		for width := 2; width < 70; width++ {
			test(3, width, Dropout{})
			test(2, width, Dropout{P: 0.25, Key: 3})
		}
		test(100, 384, Dropout{P: 0.1, Key: 1})
	})
}

func TestLayerNormBadRow(t *testing.T) {
	eachBackend(t, func(t *testing.T, pool *Pool) {
		const rows, width = 50, 37
		for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			for at := range width {
				rng := newSource[float32]()
				x, y := rng.normal(rows*width), make([]float32, rows*width)
				ones, scratch := make([]float32, width), make([]float32, 2*rows)
				x[31*width+at], x[45*width] = float32(v), float32(v)
				if bad := LayerNorm(pool, rows, width, x, nil, Dropout{}, ones, ones, 1e-12, x, y, scratch[:rows], scratch[rows:]); bad != 31 {
					t.Fatalf("%v in column %d: bad row %d, want 31", v, at, bad)
				}
			}
		}
	})
}

func TestLayerNormGradient(t *testing.T) {
	rng := newSource[float64]()
	const rows, width = 35, 6
	x, residual, dy := rng.normal(rows*width), rng.normal(rows*width), rng.normal(rows*width)
	gamma, beta := rng.normal(width), rng.normal(width)
	sum, y, mean, rstd := make([]float64, rows*width), make([]float64, rows*width), make([]float64, rows), make([]float64, rows)
	dsum, dx, dgamma, dbeta := make([]float64, rows*width), make([]float64, rows*width), make([]float64, width), make([]float64, width)
	for _, drop := range []Dropout{{}, {P: 0.4, Key: 2}} {
		loss := func() float64 {
			LayerNorm(nil, rows, width, x, residual, drop, gamma, beta, 1e-5, sum, y, mean, rstd)
			return weighted(y, dy)
		}
		loss()
		LayerNormBackward(nil, rows, width, sum, mean, rstd, gamma, dy, drop, dsum, dx, dgamma, dbeta)
		gradient(t, "dx", x, dx, loss)
		gradient(t, "dresidual", residual, dsum, loss)
		gradient(t, "dgamma", gamma, dgamma, loss)
		gradient(t, "dbeta", beta, dbeta, loss)
	}
}
