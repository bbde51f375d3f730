package ops

import (
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
)

func tokenRows(b *Batch) int   { return len(b.IDs) }
func segmentRows(b *Batch) int { return b.Sequences() }

// linear is the reference of Linear.
func linear(x, w, b array) array {
	y := array{x.rows, w.rows, make([]float64, x.rows*w.rows)}
	for i := range x.rows {
		for j := range w.rows {
			sum := b.data[j]
			for k := range x.cols {
				sum += x.data[i*x.cols+k] * w.data[j*w.cols+k]
			}
			y.data[i*y.cols+j] = sum
		}
	}
	return y
}

func gelu(x float64) float64 { return 0.5 * x * (1 + math.Erf(x/math.Sqrt2)) }

func TestEmbed(t *testing.T) {
	gradcheck{
		inputs: []array{{rows: 8, cols: 5}, {rows: 12, cols: 5}, {rows: 2, cols: 5}},
		build: func(c *Context[float64], in G.Nodes) (*G.Node, error) {
			return Embed(c, "embed", in[0], in[1], in[2])
		},
		reference: func(b *Batch, in []array) (y []float64) {
			for s := range b.Sequences() {
				for i, id := range b.IDs[b.Offsets[s]:b.Offsets[s+1]] {
					for k := range 5 {
						y = append(y, in[0].data[id*5+k]+in[1].data[i*5+k]+in[2].data[k])
					}
				}
			}
			return y
		},
	}.run(t)
}

func TestLinear(t *testing.T) {
	gradcheck{
		inputs: []array{{cols: 5}, {rows: 7, cols: 5}, {rows: 7}}, rows: tokenRows,
		build: func(c *Context[float64], in G.Nodes) (*G.Node, error) {
			return Linear(c, "linear", in[0], in[1], in[2])
		},
		reference: func(_ *Batch, in []array) []float64 { return linear(in[0], in[1], in[2]).data },
	}.run(t)
}

func TestLinearWithoutBias(t *testing.T) {
	gradcheck{
		inputs: []array{{cols: 5}, {rows: 7, cols: 5}}, rows: segmentRows,
		build: func(c *Context[float64], in G.Nodes) (*G.Node, error) {
			return Linear(c, "linear", in[0], in[1], nil)
		},
		reference: func(_ *Batch, in []array) []float64 {
			return linear(in[0], in[1], array{rows: 7, data: make([]float64, 7)}).data
		},
	}.run(t)
}

func TestFeedForward(t *testing.T) {
	for act, f := range map[Activation]func(x float64) float64{
		GELU:     gelu,
		GELUTanh: func(x float64) float64 { return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x))) },
		ReLU:     func(x float64) float64 { return max(x, 0) },
	} {
		gradcheck{
			inputs: []array{{cols: 5}, {rows: 9, cols: 5}, {rows: 9}, {rows: 5, cols: 9}, {rows: 5}}, rows: tokenRows,
			build: func(c *Context[float64], in G.Nodes) (*G.Node, error) {
				return FeedForward(c, "feed forward", act, in[0], in[1], in[2], in[3], in[4])
			},
			reference: func(_ *Batch, in []array) []float64 {
				h := linear(in[0], in[1], in[2])
				for i, x := range h.data {
					h.data[i] = f(x)
				}
				return linear(h, in[3], in[4]).data
			},
		}.run(t)
	}
}

// attend is the reference of Attention for width 6 and two heads.
func attend(b *Batch, in []array) []float64 {
	x, y := in[0].data, make([]float64, len(b.IDs)*6)
	for s := range b.Sequences() {
		from, to := b.Offsets[s], b.Offsets[s+1]
		for head := range 2 {
			for i := from; i < to; i++ {
				p, sum := make([]float64, to-from), 0.0
				for j := from; j < to; j++ {
					dot := 0.0
					for k := range 3 {
						dot += x[i*18+head*3+k] * x[j*18+6+head*3+k]
					}
					p[j-from] = math.Exp(dot / math.Sqrt(3))
					sum += p[j-from]
				}
				for j := from; j < to; j++ {
					for k := range 3 {
						y[i*6+head*3+k] += p[j-from] / sum * x[j*18+12+head*3+k]
					}
				}
			}
		}
	}
	return y
}

func TestAttention(t *testing.T) {
	check := gradcheck{inputs: []array{{cols: 18}}, rows: tokenRows, reference: attend,
		build: func(c *Context[float64], in G.Nodes) (*G.Node, error) {
			return Attention(c, "attention", in[0], 2, 0.4)
		}}
	check.run(t)
	check.train, check.reference = true, nil
	check.run(t)
}

// layerNorm is the reference of LayerNorm; in[3], if there, is the residual.
func layerNorm(in []array) []float64 {
	var y []float64
	n := in[0].cols
	for i := range in[0].rows {
		s := append([]float64(nil), in[0].data[i*n:][:n]...)
		mean, variance := 0.0, 0.0
		for k := range s {
			if len(in) == 4 {
				s[k] += in[3].data[i*n+k]
			}
			mean += s[k] / float64(n)
		}
		for _, v := range s {
			variance += (v - mean) * (v - mean) / float64(n)
		}
		for k, v := range s {
			y = append(y, (v-mean)/math.Sqrt(variance+0.01)*in[1].data[k]+in[2].data[k])
		}
	}
	return y
}

func TestLayerNorm(t *testing.T) {
	check := gradcheck{inputs: []array{{cols: 5}, {rows: 5}, {rows: 5}}, rows: tokenRows,
		reference: func(_ *Batch, in []array) []float64 { return layerNorm(in) },
		build: func(c *Context[float64], in G.Nodes) (*G.Node, error) {
			var residual *G.Node
			if len(in) == 4 {
				residual = in[3]
			}
			return LayerNorm(c, "norm", in[0], residual, in[1], in[2], 0.01, 0.3)
		}}
	check.run(t)
	check.inputs = append(check.inputs, array{cols: 5})
	check.run(t)
	check.train, check.reference = true, nil
	check.run(t)
}

func TestDropout(t *testing.T) {
	gradcheck{inputs: []array{{cols: 5}, {rows: 5}, {rows: 5}}, rows: tokenRows, train: true,
		build: func(c *Context[float64], in G.Nodes) (*G.Node, error) {
			x, err := LayerNorm(c, "norm", in[0], nil, in[1], in[2], 0.01, 0)
			if err != nil {
				return nil, err
			}
			return Dropout(c, "dropout", x, 0.3)
		}}.run(t)
}

func TestPool(t *testing.T) {
	references := map[Pooling]func(rows []float64) float64{
		Mean: func(rows []float64) float64 {
			sum := 0.0
			for _, v := range rows {
				sum += v
			}
			return sum / float64(len(rows))
		},
		CLS: func(rows []float64) float64 { return rows[0] },
		Max: func(rows []float64) float64 {
			top := rows[0]
			for _, v := range rows {
				top = max(top, v)
			}
			return top
		},
		MeanSqrt: func(rows []float64) (y float64) {
			for _, v := range rows {
				y += v / math.Sqrt(float64(len(rows)))
			}
			return y
		},
		WeightedMean: func(rows []float64) (y float64) {
			all := 0.0
			for i, v := range rows {
				y += v * float64(i+1)
				all += float64(i + 1)
			}
			return y / all
		},
		Last: func(rows []float64) float64 { return rows[len(rows)-1] },
	}
	for _, how := range [][]Pooling{{Mean}, {CLS}, {Max}, {MeanSqrt}, {WeightedMean}, {Last}, {Last, Max, Mean}} {
		gradcheck{inputs: []array{{cols: 5}}, rows: tokenRows,
			build: func(c *Context[float64], in G.Nodes) (*G.Node, error) { return Pool(c, "pool", in[0], how...) },
			reference: func(b *Batch, in []array) (y []float64) {
				for s := range b.Sequences() {
					for _, h := range how {
						for k := range 5 {
							var column []float64
							for i := b.Offsets[s]; i < b.Offsets[s+1]; i++ {
								column = append(column, in[0].data[i*5+k])
							}
							if column == nil {
								column = []float64{0}
							}
							y = append(y, references[h](column))
						}
					}
				}
				return y
			}}.run(t)
	}
}

func TestColumns(t *testing.T) {
	gradcheck{inputs: []array{{cols: 5}}, rows: segmentRows,
		build: func(c *Context[float64], in G.Nodes) (*G.Node, error) { return Columns(c, "columns", in[0], 3) },
		reference: func(_ *Batch, in []array) (y []float64) {
			for i := 0; i < len(in[0].data); i += 5 {
				y = append(y, in[0].data[i:i+3]...)
			}
			return y
		}}.run(t)
}

func TestNormalize(t *testing.T) {
	gradcheck{inputs: []array{{cols: 5}}, rows: segmentRows,
		build: func(c *Context[float64], in G.Nodes) (*G.Node, error) { return Normalize(c, "normalize", in[0]) },
		reference: func(_ *Batch, in []array) (y []float64) {
			for i := 0; i < len(in[0].data); i += 5 {
				row, sum := in[0].data[i:i+5], 0.0
				for _, v := range row {
					sum += v * v
				}
				for _, v := range row {
					y = append(y, v/math.Sqrt(sum))
				}
			}
			return y
		}}.run(t)
}

func TestDocuments(t *testing.T) {
	for _, blocks := range []int{1, 2, 3} { // the last of which has no weights
		gradcheck{inputs: []array{{cols: 5}}, rows: segmentRows,
			build: func(c *Context[float64], in G.Nodes) (*G.Node, error) {
				return Documents(c, "documents", in[0], blocks)
			},
			reference: func(b *Batch, in []array) []float64 {
				y := make([]float64, b.Rows()*blocks*5)
				for d := range b.Rows() {
					from, to := d, d+1
					if b.Documents != nil {
						from, to = b.Documents[d], b.Documents[d+1]
					}
					for s := from; s < to; s++ {
						for block := range blocks {
							w := 1 / float64(to-from)
							if block < len(b.Weights) {
								w = b.Weights[block][s]
							}
							for k := range 5 {
								y[(d*blocks+block)*5+k] += w * in[0].data[s*5+k]
							}
						}
					}
				}
				return y
			}}.run(t)
	}
}

func TestAttentiveDocuments(t *testing.T) {
	gradcheck{inputs: []array{{cols: 5}, {rows: 5}}, rows: segmentRows,
		build: func(c *Context[float64], in G.Nodes) (*G.Node, error) {
			return AttentiveDocuments(c, "documents", in[0], in[1])
		},
		reference: func(b *Batch, in []array) []float64 {
			y := make([]float64, b.Rows()*5)
			docs := b.bounds()
			for d := range b.Rows() {
				sum := 0.0
				for s := docs[d]; s < docs[d+1]; s++ {
					w, score := 1.0, 0.0
					if b.Weights != nil {
						w = b.Weights[0][s]
					}
					for k := range 5 {
						score += in[0].data[s*5+k] * in[1].data[k]
					}
					w *= math.Exp(score)
					sum += w
					for k := range 5 {
						y[d*5+k] += w * in[0].data[s*5+k]
					}
				}
				for k := range 5 {
					y[d*5+k] /= max(sum, 1e-300)
				}
			}
			return y
		}}.run(t)
}
