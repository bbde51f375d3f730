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

// timeFlops runs f and a loop of nothing but multiply-adds in turns, and reports GFLOP/s and percent of the latter's.
func timeFlops(b *testing.B, flops float64, f func()) {
	peak, peakFlops := peaks[active32.name], peakFlops[active32.name]
	var own, fastest, peakTime time.Duration
	f()
	for b.Loop() {
		start := time.Now()
		f()
		own = time.Since(start)
		if fastest == 0 || own < fastest {
			fastest = own
		}
		if peak != nil {
			start = time.Now()
			peak()
			if d := time.Since(start); peakTime == 0 || d < peakTime {
				peakTime = d
			}
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
	const m = 2048
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
		{"Softmax", func() { Softmax(nil, rows, width, z) }},
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
				for b.Loop() {
					k.run()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/element")
			})
		})
	}
}
