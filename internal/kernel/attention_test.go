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
	{[]int{1, 2, 3, 4, 15, 16, 17, 27, 28, 29, 31, 32, 33, 63, 64, 65, 130, 200}, 3, attentionDim},
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

// TestAttentionInt8 checks attention in bfloat16 against attention of rounded queries, keys and values, up to what the rounding of
// probabilities adds.
func TestAttentionInt8(t *testing.T) {
	eachBackend(t, func(t *testing.T, pool *Pool) {
		rng := newSource[float32]()
		for _, s := range attentionShapes {
			offsets := cumulative(s.lengths)
			rows, width := offsets[len(offsets)-1], s.heads*s.dim
			qkv := rng.normal(rows * 3 * width)
			for i := range qkv {
				qkv[i] *= 2
			}
			out, check := guarded[float32](t, rows*width)
			AttentionInt8(pool, qkv, offsets, s.heads, s.dim, out)
			check()
			near(t, "out", out, plainAttention(qkv, offsets, s.heads, s.dim, Dropout{}), 0.02)
		}
	})
}

// TestAttentionOddValues checks that values that are not finite reach the rows that see them, and no others.
func TestAttentionOddValues(t *testing.T) {
	attention := func(pool *Pool, qkv []float32, offsets []int, heads, dim int, out []float32) {
		Attention(pool, qkv, offsets, heads, dim, Dropout{}, out)
	}
	eachBackend(t, func(t *testing.T, pool *Pool) {
		testOddValues(t, pool, attention)
		testOddValues(t, pool, AttentionInt8)
	})
}

func testOddValues(t *testing.T, pool *Pool, attention func(pool *Pool, qkv []float32, offsets []int, heads, dim int, out []float32)) {
	offsets := []int{0, 20, 41, 50}
	const rows, width = 50, 2 * attentionDim
	rng := newSource[float32]()
	for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		for _, column := range []int{width + 3, 2*width + attentionDim - 1} { // of a key and of a value
			qkv, out := rng.normal(rows*3*width), make([]float32, rows*width)
			qkv[30*3*width+column] = v
			attention(pool, qkv, offsets, 2, attentionDim, out)
			bad := 0
			for i, x := range out {
				if !finite(x) {
					bad++
					if r := i / width; r < 20 || r >= 41 || i%width >= attentionDim {
						t.Fatalf("%v in column %d: out of row %d, column %d is %v", v, column, r, i%width, x)
					}
				}
			}
			if bad == 0 {
				t.Errorf("%v in column %d: nothing of it in the result", v, column)
			}
		}
	}
}
