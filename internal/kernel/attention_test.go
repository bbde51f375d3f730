package kernel

import (
	"math"
	"testing"
)

// plainAttention is attention by its definition, in float64.
func plainAttention[T Float](qkv []T, offsets []int, heads, dim int, drop Dropout) []float64 {
	width := heads * dim
	out := make([]float64, offsets[len(offsets)-1]*width)
	at := func(row, part, head, i int) float64 { return float64(qkv[row*3*width+part*width+head*dim+i]) }
	for s := range len(offsets) - 1 {
		for h := range heads {
			for r := offsets[s]; r < offsets[s+1]; r++ {
				var p []float64
				sum := 0.0
				for c := offsets[s]; c < offsets[s+1]; c++ {
					dot := 0.0
					for i := range dim {
						dot += at(r, 0, h, i) * at(c, 1, h, i)
					}
					p = append(p, math.Exp(dot/math.Sqrt(float64(dim))))
					sum += p[len(p)-1]
				}
				for c, e := range p {
					factor := 1.0
					if drop.P > 0 {
						factor = 0
						if drop.row(r*heads + h).keeps(uint32(c)) {
							factor = 1 / (1 - drop.P)
						}
					}
					for i := range dim {
						out[r*width+h*dim+i] += factor * e / sum * at(offsets[s]+c, 2, h, i)
					}
				}
			}
		}
	}
	return out
}

var attentionShapes = []struct {
	lengths    []int
	heads, dim int
}{
	{[]int{1}, 1, 1},
	{[]int{1, 2, 3, 0, 13, 14, 15}, 2, 32},
	{[]int{16, 17, 33}, 3, 8},
	{[]int{70, 64}, 1, 64},
	{[]int{130, 5}, 2, 33},
	{[]int{0, 0}, 2, 4},
}

func cumulative(lengths []int) []int {
	offsets := []int{0}
	for _, n := range lengths {
		offsets = append(offsets, offsets[len(offsets)-1]+n)
	}
	return offsets
}

func TestAttention(t *testing.T) {
	eachBackend(t, func(t *testing.T, pool *Pool) {
		rng := newSource[float32]()
		for _, s := range attentionShapes {
			offsets := cumulative(s.lengths)
			rows, width := offsets[len(offsets)-1], s.heads*s.dim
			qkv, dout := rng.normal(rows*3*width), rng.normal(rows*width)
			for _, drop := range []Dropout{{}, {P: 0.1, Key: 5}} {
				out, check := guarded[float32](t, rows*width)
				Attention(pool, qkv, offsets, s.heads, s.dim, drop, out)
				near(t, "out", out, plainAttention(qkv, offsets, s.heads, s.dim, drop), 3e-6)
				check()

				want := make([]float64, rows*3*width)
				AttentionBackward(nil, to64(qkv), to64(out), to64(dout), offsets, s.heads, s.dim, drop, want)
				dqkv, check := guarded[float32](t, rows*3*width)
				AttentionBackward(pool, qkv, out, dout, offsets, s.heads, s.dim, drop, dqkv)
				near(t, "dqkv", dqkv, want, 5e-6)
				check()
			}
		}
	})
}

func TestAttentionGradient(t *testing.T) {
	rng := newSource[float64]()
	offsets := []int{0, 3, 10, 29}
	const heads, dim, rows, width = 2, 5, 29, 10
	qkv, dout := rng.normal(rows*3*width), rng.normal(rows*width)
	for _, drop := range []Dropout{{}, {P: 0.3, Key: 9}} {
		out, dqkv := make([]float64, rows*width), make([]float64, rows*3*width)
		loss := func() float64 {
			Attention(nil, qkv, offsets, heads, dim, drop, out)
			return weighted(out, dout)
		}
		loss()
		AttentionBackward(nil, qkv, out, dout, offsets, heads, dim, drop, dqkv)
		gradient(t, "dqkv", qkv, dqkv, loss)
	}
}
