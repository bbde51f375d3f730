package kernel

import (
	"fmt"
	"testing"
	"time"
)

// benchmarkBackends runs f as a benchmark of every back end.
func benchmarkBackends(b *testing.B, f func(b *testing.B)) {
	chosen := active32
	defer func() { active32 = chosen }()
	for _, be := range backends32 {
		active32 = be
		b.Run(be.name, f)
	}
}

// timeFlops runs f and a loop of nothing but multiply-adds, interleaved, and reports GFLOP/s and percent of the latter's.
func timeFlops(b *testing.B, flops float64, f func()) {
	peak, peakFlops := peaks[active32.name], peakFlops[active32.name]
	fastest, peakTime := time.Hour, time.Hour
	f()
	for b.Loop() {
		start := time.Now()
		f()
		fastest = min(fastest, time.Since(start))
		if peak != nil {
			start = time.Now()
			peak()
			peakTime = min(peakTime, time.Since(start))
		}
	}
	rate := flops / fastest.Seconds()
	b.ReportMetric(rate/1e9, "GFLOP/s")
	if peak != nil {
		b.ReportMetric(100*rate/(peakFlops/peakTime.Seconds()), "%peak")
	}
}

// encoderShapes are the N and K of MiniLM's four products.
var encoderShapes = [][2]int{{384, 384}, {1152, 384}, {1536, 384}, {384, 1536}}

func BenchmarkGemm(b *testing.B) {
	for _, m := range []int{16, 128, 256, 512} {
		for _, s := range encoderShapes {
			n, k := s[0], s[1]
			b.Run(fmt.Sprintf("m=%d,n=%d,k=%d", m, n, k), func(b *testing.B) {
				benchmarkBackends(b, func(b *testing.B) {
					rng := newSource[float32]()
					a, w, bias, c := rng.normal(m*k), rng.normal(n*k), rng.normal(n), make([]float32, m*n)
					var p Packed[float32]
					p.PackTransposed(nil, w, n, k)
					timeFlops(b, 2*float64(m*n*k), func() { Gemm(nil, m, a, &p, c, Epilogue[float32]{Bias: bias}) })
				})
			})
		}
	}
}

func BenchmarkGemmGELU(b *testing.B) {
	const m, n, k = 512, 1536, 384
	benchmarkBackends(b, func(b *testing.B) {
		rng := newSource[float32]()
		a, w, bias, c := rng.normal(m*k), rng.normal(n*k), rng.normal(n), make([]float32, m*n)
		var p Packed[float32]
		p.PackTransposed(nil, w, n, k)
		timeFlops(b, 2*m*n*k, func() { Gemm(nil, m, a, &p, c, Epilogue[float32]{Bias: bias, GELU: true}) })
	})
}

func BenchmarkGemmTN(b *testing.B) {
	const m = 512
	for _, s := range encoderShapes {
		n, k := s[0], s[1]
		b.Run(fmt.Sprintf("n=%d,k=%d", n, k), func(b *testing.B) {
			benchmarkBackends(b, func(b *testing.B) {
				rng := newSource[float32]()
				y, x, dw := rng.normal(m*n), rng.normal(m*k), make([]float32, n*k)
				timeFlops(b, 2*float64(m*n*k), func() { GemmTN(nil, m, y, n, x, k, dw) })
			})
		})
	}
}

func BenchmarkAttention(b *testing.B) {
	const heads, dim = 12, 32
	for _, n := range []int{32, 100, 256} {
		offsets := []int{0, n}
		flops := 4 * float64(heads*n*n*dim)
		for _, drop := range []Dropout{{}, {P: 0.1}} {
			b.Run(fmt.Sprintf("n=%d,drop=%v", n, drop.P), func(b *testing.B) {
				benchmarkBackends(b, func(b *testing.B) {
					rng := newSource[float32]()
					qkv, out := rng.normal(n*3*heads*dim), make([]float32, n*heads*dim)
					timeFlops(b, flops, func() { Attention(nil, qkv, offsets, heads, dim, drop, out) })
				})
			})
			b.Run(fmt.Sprintf("backward,n=%d,drop=%v", n, drop.P), func(b *testing.B) {
				benchmarkBackends(b, func(b *testing.B) {
					rng := newSource[float32]()
					qkv, out, dout := rng.normal(n*3*heads*dim), rng.normal(n*heads*dim), rng.normal(n*heads*dim)
					dqkv := make([]float32, n*3*heads*dim)
					timeFlops(b, 2.5*flops, func() { AttentionBackward(nil, qkv, out, dout, offsets, heads, dim, drop, dqkv) })
				})
			})
		}
	}
}

func BenchmarkAttentionInt8(b *testing.B) {
	const heads, dim = 12, 32
	for _, n := range []int{32, 100, 256} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			benchmarkBackends(b, func(b *testing.B) {
				rng := newSource[float32]()
				qkv, out := rng.normal(n*3*heads*dim), make([]float32, n*heads*dim)
				timeFlops(b, 4*float64(heads*n*n*dim), func() { AttentionInt8(nil, qkv, []int{0, n}, heads, dim, out) })
			})
		})
	}
}

// BenchmarkRows measures what is not a matrix product, in nanoseconds an element, in cache.
func BenchmarkRows(b *testing.B) {
	const rows, width = 32, 384
	const n = rows * width
	rng := newSource[float32]()
	x, y, z, w := rng.normal(n), rng.normal(n), make([]float32, n), make([]float32, n)
	gamma, mean, rstd, dgamma := rng.normal(width), rng.normal(rows), rng.normal(rows), make([]float32, width)
	drop := Dropout{P: 0.1, Key: 1}
	step := AdamWStep{LearningRate: 1e-4, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, Step: 1}
	for _, k := range []struct {
		name string
		run  func()
	}{
		{"GELU", func() { GELU(nil, x, z) }},
		{"GELUGrad", func() { GELUGrad(nil, x, y, z) }},
		{"Exp", func() { Exp(nil, x, z) }},
		{"Tanh", func() { Tanh(nil, x, z) }},
		{"Softmax", func() { active32.softmax(rows, width, z, width, 1) }},
		{"LayerNorm", func() { LayerNorm(nil, rows, width, x, y, Dropout{}, gamma, gamma, 1e-12, w, z, mean, rstd) }},
		{"LayerNormDropout", func() { LayerNorm(nil, rows, width, x, y, drop, gamma, gamma, 1e-12, w, z, mean, rstd) }},
		{"LayerNormBackward", func() {
			LayerNormBackward(nil, rows, width, x, mean, rstd, gamma, y, Dropout{}, z, nil, dgamma, dgamma)
		}},
		{"ColumnSums", func() { ColumnSums(nil, rows, x, width, dgamma) }},
		{"AdamW", func() { AdamW(nil, w, x, z, y, step) }},
		{"SumSquares", func() { SumSquares(nil, x) }},
	} {
		b.Run(k.name, func(b *testing.B) {
			benchmarkBackends(b, func(b *testing.B) {
				b.ReportAllocs()
				fastest := time.Hour
				for b.Loop() {
					start := time.Now()
					k.run()
					fastest = min(fastest, time.Since(start))
				}
				b.ReportMetric(float64(fastest.Nanoseconds())/n, "ns/element")
			})
		})
	}
}

// forward is MiniLM's six layers on one sequence after another, as inference runs them, without the embedding.
type forward struct {
	weights  [4]Packed[float32]
	bytes    [4]PackedInt8
	bias     []float32
	activity [5][]float32 // hidden, qkv, attention, inner, sum
	mean     []float32
	offsets  []int
}

const forwardLayers, forwardWidth, forwardHeads = 6, 384, 12

func newForward(sequences, length int) *forward {
	rng := newSource[float32]()
	f := &forward{bias: make([]float32, 4*forwardWidth), offsets: []int{0}}
	for i, s := range [][2]int{{1152, 384}, {384, 384}, {1536, 384}, {384, 1536}} {
		w := rng.normal(s[0] * s[1])
		for j := range w {
			w[j] /= 20
		}
		f.weights[i].PackTransposed(nil, w, s[0], s[1])
		f.bytes[i].PackTransposed(nil, w, s[0], s[1])
	}
	for range sequences {
		f.offsets = append(f.offsets, f.offsets[len(f.offsets)-1]+length)
	}
	rows := f.rows()
	for i, width := range []int{1, 3, 1, 4, 1} {
		f.activity[i] = make([]float32, rows*width*forwardWidth)
	}
	copy(f.activity[0], rng.normal(len(f.activity[0])))
	f.mean = make([]float32, 2*rows)
	return f
}

func (f *forward) rows() int { return f.offsets[len(f.offsets)-1] }

// run is one pass, in int8 or in float32.
func (f *forward) run(int8 bool) {
	gemm := func(m int, a []float32, w int, c []float32, e Epilogue[float32]) {
		if int8 {
			GemmInt8(nil, m, a, &f.bytes[w], c, e.Bias, e.GELU)
		} else {
			Gemm(nil, m, a, &f.weights[w], c, e)
		}
	}
	x, qkv, out, inner, sum := f.activity[0], f.activity[1], f.activity[2], f.activity[3], f.activity[4]
	m := f.rows()
	norm := func() {
		LayerNorm(nil, m, forwardWidth, sum, x, Dropout{}, f.bias[:forwardWidth], f.bias[:forwardWidth], 1e-12, sum, x, f.mean[:m], f.mean[m:])
	}
	for i := range f.bias {
		f.bias[i] = 1
	}
	for range forwardLayers {
		gemm(m, x, 0, qkv, Epilogue[float32]{Bias: f.bias})
		if int8 {
			AttentionInt8(nil, qkv, f.offsets, forwardHeads, forwardWidth/forwardHeads, out)
		} else {
			Attention(nil, qkv, f.offsets, forwardHeads, forwardWidth/forwardHeads, Dropout{}, out)
		}
		gemm(m, out, 1, sum, Epilogue[float32]{Bias: f.bias})
		norm()
		gemm(m, x, 2, inner, Epilogue[float32]{Bias: f.bias, GELU: true})
		gemm(m, inner, 3, sum, Epilogue[float32]{Bias: f.bias})
		norm()
	}
}

// BenchmarkForward measures tokens a second of one worker, in float32 and in int8.
func BenchmarkForward(b *testing.B) {
	for _, s := range [][2]int{{1, 16}, {8, 32}, {4, 64}, {1, 256}} {
		b.Run(fmt.Sprintf("%dx%d", s[0], s[1]), func(b *testing.B) {
			benchmarkBackends(b, func(b *testing.B) {
				f := newForward(s[0], s[1])
				single, eight := time.Hour, time.Hour
				b.ReportAllocs()
				for b.Loop() { // interleaved, as the machine's speed varies
					start := time.Now()
					f.run(false)
					middle := time.Now()
					single = min(single, middle.Sub(start))
					if FastInt8() {
						f.run(true)
						eight = min(eight, time.Since(middle))
					}
				}
				tokens := float64(f.rows())
				b.ReportMetric(tokens/single.Seconds(), "tokens/s")
				if !FastInt8() {
					return
				}
				b.ReportMetric(tokens/eight.Seconds(), "int8-tokens/s")
				b.ReportMetric(single.Seconds()/eight.Seconds(), "int8-speedup")
			})
		})
	}
}
