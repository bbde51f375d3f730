//go:build !purego

package kernel

import (
	"math"

	"golang.org/x/sys/cpu"
)

// simd returns the back ends that processor and operating system support, best first.
func simd() []*backend[float32] {
	var all []*backend[float32]
	x := &cpu.X86
	fma := x.HasAVX2 && x.HasFMA && x.HasF16C && x.HasBMI2
	if fma && x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL {
		if x.HasAMXTile && x.HasAMXInt8 && x.HasAMXBF16 && allowTiles() {
			all = append(all, amx())
		}
		all = append(all, avx512())
	}
	if fma {
		all = append(all, avx2())
	}
	return all
}

func avx512() *backend[float32] {
	return &backend[float32]{
		name: "avx512", mr: 14, nr: 32, strip: 16,
		product: productBy(tilesAVX512), transpose: transposeBy(16, transposeAVX512), pack: packBy(packAVX512),
		fetch: func(rows int, x []float32, ldx int) { fetchAVX512(rows, &x[0], ldx) },
		gelu:  geluAVX512, geluGrad: geluGradAVX512, exp: expAVX512, tanh: tanhAVX512,
		attend: attentionBy(attendAVX512), softmax: softmaxAVX512, softmaxBackward: softmaxBackwardAVX512,
		dropout: func(s stream, keep float32, x, y []float32) {
			dropoutAVX512(s.start, s.blend, s.threshold, keep, x, y)
		},
		layerNorm: layerNormAVX512, layerNormBackward: layerNormBackwardAVX512,
		add: addAVX512, axpy: axpyAVX512, dot: dotAVX512,
		adamW: func(w, g, m, v []float32, c *adamW[float32]) {
			adamWAVX512(w, g, m, v, c.gradient, c.beta1, c.beta2, c.decay, c.rate, c.root, c.epsilon)
		},
		half: halfBy(16, halfToFloatAVX512, halfGeneric), bfloat: halfBy(16, bfloatToFloatAVX512, bfloatGeneric),
		walk: func(f *Forest, trees int, rows []float32, width int, margin *[ForestRows]float32) {
			walkAVX512(trees, f.Levels, &f.Threshold[0], &f.Feature[0], &f.Leaf[0], &rows[0], width, &margin[0])
		},
		attract: attractBy(8, attractAVX512), fft: fftBy(fftPass2AVX512, fftPass3AVX512, fftPass4AVX512, fftPass5AVX512),
		bestCut: bestCutAVX512, int8: int8AVX512(),
	}
}

// amx is avx512 with tiles for int8.
func amx() *backend[float32] {
	b := avx512()
	b.name = "amx"
	b.int8 = &int8Loops{fast: true, rows: 256, extent: extentAVX512, quantize: quantizeAVX512, product: productByTiles, attention: attentionBy(attentionAMX)}
	return b
}

func avx2() *backend[float32] {
	return &backend[float32]{
		name: "avx2", mr: 6, nr: 16, strip: 8,
		product: productBy(tilesAVX2), transpose: transposeBy(8, transposeAVX2), pack: packBy(packAVX2),
		fetch: func(rows int, x []float32, ldx int) { fetchAVX2(rows, &x[0], ldx) },
		gelu:  geluAVX2, geluGrad: geluGradAVX2, exp: expAVX2, tanh: tanhAVX2,
		softmax: softmaxAVX2, softmaxBackward: softmaxBackwardAVX2,
		dropout: func(s stream, keep float32, x, y []float32) {
			dropoutAVX2(s.start, s.blend, s.threshold, keep, x, y)
		},
		layerNorm: layerNormAVX2, layerNormBackward: layerNormBackwardAVX2,
		add: addAVX2, axpy: axpyAVX2, dot: dotAVX2,
		adamW: func(w, g, m, v []float32, c *adamW[float32]) {
			adamWAVX2(w, g, m, v, c.gradient, c.beta1, c.beta2, c.decay, c.rate, c.root, c.epsilon)
		},
		half: halfBy(8, halfToFloatAVX2, halfGeneric), bfloat: halfBy(8, bfloatToFloatAVX2, bfloatGeneric),
		walk: walkGeneric, attract: attractBy(4, attractAVX2), fft: fftBy(fftPass2AVX2, fftPass3AVX2, fftPass4AVX2, fftPass5AVX2),
		bestCut: bestCutGeneric, int8: int8Generic(),
	}
}

func bestCutAVX512(h []int64, packed bool, start, total [2]int64, least int64, lambda float64) float64 {
	if packed {
		return bestCutPackedAVX512(h, start[0], start[1], total[0], total[1], least, lambda)
	}
	return bestCutFullAVX512(h, start[0], start[1], total[0], total[1], least, lambda)
}

// attractBy returns backend.attract given the assembly for no fewer neighbours than lanes.
func attractBy(lanes int, attract func(x, y float64, points *float64, near *int32, w *float64, n int) (pullX, pullY float64)) func(p Point, points []Point, near []int32, w []float64) Point {
	return func(p Point, points []Point, near []int32, w []float64) Point {
		if len(near) < lanes {
			return attractGeneric(p, points, near, w)
		}
		x, y := attract(p.X, p.Y, &points[0].X, &near[0], &w[0], len(near))
		return Point{x, y}
	}
}

// fftBy returns backend.fft given the assembly for the radices from 2 on.
func fftBy(passes ...func(xr, xi, yr, yi, twiddles *float64, parts, stride int)) func(p *fftPass, x, y *Lanes) {
	return func(p *fftPass, x, y *Lanes) {
		passes[p.radix-2](&x.Re[0], &x.Im[0], &y.Re[0], &y.Im[0], &p.twiddles[0], p.parts, p.stride)
	}
}

// A tile is the assembly for a product of some rows and one panel.
type tile func(n, k int, a *float32, rs, ks int, b, c *float32, ldc int, bias, residual *float32, ldr int)

// Tiles of 1, 2, … rows.
var (
	tilesAVX512 = []tile{tile1AVX512, tile2AVX512, tile3AVX512, tile4AVX512, tile5AVX512, tile6AVX512, tile7AVX512,
		tile8AVX512, tile9AVX512, tile10AVX512, tile11AVX512, tile12AVX512, tile13AVX512, tile14AVX512}
	tilesAVX2 = []tile{tile1AVX2, tile2AVX2, tile3AVX2, tile4AVX2, tile5AVX2, tile6AVX2}
)

// productBy returns backend.product given tiles. It takes as few as it can, of nearly equal heights, for each reads the panel
// again and low ones wait for their own sums.
func productBy(tiles []tile) func(m, n, k int, a []float32, rs, ks int, b, c []float32, ldc int, bias, residual []float32, ldr int) {
	return func(m, n, k int, a []float32, rs, ks int, b, c []float32, ldc int, bias, residual []float32, ldr int) {
		count := ceil(m, len(tiles))
		for t := range count {
			i, end := share(m, count, t)
			var r *float32
			if residual != nil {
				r = &residual[i*ldr]
			}
			tiles[end-i-1](n, k, &a[i*rs], rs, ks, &b[0], &c[i*ldc], ldc, first(bias), r, ldr)
		}
	}
}

// first returns a pointer to the first element, nil if there is none.
func first(s []float32) *float32 {
	if len(s) == 0 {
		return nil
	}
	return &s[0]
}

// transposeBy returns backend.transpose given the assembly for blocks of lanes rows and columns.
func transposeBy(lanes int, block func(rows, cols int, src *float32, lds int, dst *float32, ldd int)) func(rows, cols int, src []float32, lds int, dst []float32, ldd int) {
	return func(rows, cols int, src []float32, lds int, dst []float32, ldd int) {
		whole := cols - cols%lanes
		if whole > 0 {
			for r := 0; r < rows; r += lanes {
				block(min(lanes, rows-r), whole, &src[r*lds], lds, &dst[r], ldd)
			}
		}
		if whole < cols {
			transposeGeneric(rows, cols-whole, src[whole:], lds, dst[whole*ldd:], ldd)
		}
	}
}

func packBy(pack func(rows, cols int, src *float32, lds int, dst *float32, ldd int)) func(rows, cols int, src []float32, lds int, dst []float32, ldd int) {
	return func(rows, cols int, src []float32, lds int, dst []float32, ldd int) {
		pack(rows, cols, &src[0], lds, &dst[0], ldd)
	}
}

// halfBy returns a conversion by the assembly for multiples of lanes and by rest for what is left.
func halfBy(lanes int, convert, rest func(src []byte, dst []float32)) func(src []byte, dst []float32) {
	return func(src []byte, dst []float32) {
		whole := len(dst) - len(dst)%lanes
		if whole > 0 {
			convert(src, dst[:whole])
		}
		rest(src[2*whole:], dst[whole:])
	}
}

// int8AVX512 returns the loops with VNNI and bfloat16 where the processor has them.
func int8AVX512() *int8Loops {
	if !cpu.X86.HasAVX512VNNI {
		return int8Generic()
	}
	loops := &int8Loops{fast: true, rows: 112, extent: extentAVX512, quantize: quantizeAVX512, product: productInt8AVX512}
	if cpu.X86.HasAVX512BF16 {
		loops.attention = attentionBy(attentionAVX512)
	}
	return loops
}

var tilesInt8 = []struct {
	rows int
	run  func(n, k int, a *byte, lda int, b *int8, scales *float32, zeros *int32, columnScales *float32, columnSums *int32, c *float32, ldc int, bias *float32)
}{{14, tileInt8x14AVX512}, {8, tileInt8x8AVX512}, {4, tileInt8x4AVX512}, {2, tileInt8x2AVX512}, {1, tileInt8x1AVX512}}

func productInt8AVX512(m, n, k int, a []byte, b []int8, scales []float32, zeros []int32, columnScales []float32, columnSums []int32, c []float32, ldc int, bias []float32, gelu bool) {
	i := 0
	for _, t := range tilesInt8 {
		for ; m-i >= t.rows; i += t.rows {
			t.run(n, k/4, &a[i*k], k, &b[0], &scales[i], &zeros[i], &columnScales[0], &columnSums[0], &c[i*ldc], ldc, first(bias))
		}
	}
	if gelu {
		shortGELUAVX512(m, n, c, ldc, c, ldc)
	}
}

// productByTiles is int8Loops.product with AMX.
func productByTiles(m, n, k int, a []byte, b []int8, scales []float32, zeros []int32, columnScales []float32, columnSums []int32, c []float32, ldc int, bias []float32, gelu bool) {
	var sums [32*32 + 16]int32 // stays on the stack, as the functions are called by name
	if share := ceil(32*64, k); gelu {
		productInt8GELUAMX(m, n, k, share, &a[0], &b[0], &sums[0], &scales[0], &zeros[0], &columnScales[0], &columnSums[0], &c[0], ldc, first(bias))
	} else {
		productInt8AMX(m, n, k, share, &a[0], &b[0], &sums[0], &scales[0], &zeros[0], &columnScales[0], &columnSums[0], &c[0], ldc, first(bias))
	}
}

// attentionBy returns backend.attend or int8Loops.attention given the assembly, with the scale in powers of two.
func attentionBy(attention func(n int, q *float32, ld, part int, out *float32, ldo int, scale float32, scratch *float32)) func(h head[float32], out []float32, ldo int, s []float32) {
	return func(h head[float32], out []float32, ldo int, s []float32) {
		scale := float32(math.Log2E / math.Sqrt(float64(h.dim)))
		attention(h.rows, &h.q[0], h.ld, h.heads*h.dim, &out[0], ldo, scale, &s[0])
	}
}
