package kernel

import (
	"math"
	"sync"
)

// int8Loops is an implementation of the product of bytes. All give the same integers.
type int8Loops struct {
	fast bool // by instructions for it
	rows int  // that are multiplied with a panel before the next one is turned to
	// extent returns the least and greatest of x∘balance and 0, NaN if x holds a value that is not finite.
	extent func(x, balance []float32) (low, high float32)
	// quantize: q = round(x∘balance·inverse) + zero, rounded to even, within 0 to 255.
	quantize func(x, balance []float32, q []byte, inverse float32, zero int32)
	// product: c[m,n] = scales[i]·columnScales[j]·(a·b - zeros[i]·columnSums[j]), then + bias[n], then GELU. Rows of a lie k
	// bytes apart, a multiple of int8Depth, and whole strips of int8Strip may be read; b is a panel [k/4][int8Width][4].
	product func(m, n, k int, a []byte, b []int8, scales []float32, zeros []int32, columnScales []float32, columnSums []int32, c []float32, ldc int, bias []float32, gelu bool)
	// attention sets out to the attention of one head in bfloat16; nil, or for heads of other than attentionDim columns: there
	// is none. s is scratch of attentionScratch elements.
	attention func(h head[float32], out []float32, ldo int, s []float32)
}

const (
	int8Width = 32 // columns of a panel of bytes
	int8Depth = 64 // whose multiples the inner dimension is rounded up to
	int8Strip = 16 // whose multiples the rows of the left operand are
)

// attentionScratch is how much scratch int8Loops.attention needs for n rows, in elements.
func attentionScratch(n int) int { return 56*32*ceil(n, 32) + 1024 }

// PackedInt8 is the right operand of GemmInt8: weights rounded to int8, each output channel (column) with
// its own scale, in panels of 32 columns. The zero value is empty; packing again reuses the memory. It is safe for
// concurrent reading.
//
// Input channels with large activations would leave few steps to the others. Trained weights answer such channels by
// small values, so before rounding, each input channel's weights are divided, and its activations multiplied, by a power of
// the weights' size: the idea of SmoothQuant (Xiao et al. 2023) without its calibration.
type PackedInt8 struct {
	K, N    int
	depth   int // K rounded up to a multiple of int8Depth
	data    []int8
	balance []float32 // by input channel
	scales  []float32 // by column
	sums    []int32   // of the rounded weights, by column
}

// PackTransposed makes p hold B = Wᵀ for W [n,k], the weights of y = x·Wᵀ.
func (p *PackedInt8) PackTransposed(pool *Pool, w []float32, n, k int) {
	p.K, p.N, p.depth = k, n, int8Depth*ceil(k, int8Depth)
	panels := ceil(n, int8Width)
	p.data = resize(p.data, panels*p.depth*int8Width)
	p.scales, p.sums = resize(p.scales, n), resize(p.sums, n)
	p.setBalance(w[:n*k])
	pool.Do(panels, func(_, i int) {
		clear(p.panel(i))
		for j := i * int8Width; j < min(n, (i+1)*int8Width); j++ {
			p.packColumn(j, w[j*k:][:k])
		}
	})
}

// setBalance sets the factors of the input channels to the sizes of their weights to the power of 0.3; those near the
// middle between 0, no balance, and 0.5, all of it on the weights, keep embeddings nearest.
func (p *PackedInt8) setBalance(w []float32) {
	squares := make([]float64, p.K)
	for i, v := range w {
		squares[i%p.K] += float64(v) * float64(v)
	}
	p.balance = resize(p.balance, p.K)
	for i, s := range squares {
		p.balance[i] = 1
		if size := math.Sqrt(s / float64(p.N)); finite(float32(size)) && float32(size) > 0 {
			p.balance[i] = float32(math.Pow(size, 0.3))
		}
	}
}

func (p *PackedInt8) panel(i int) []int8 { return p.data[i*p.depth*int8Width:][:p.depth*int8Width] }

// packColumn rounds one output channel's weights to -127 … 127. A weight that is not finite makes the scale NaN.
func (p *PackedInt8) packColumn(j int, w []float32) {
	top := float32(0)
	for i, v := range w {
		top = max(top, v/p.balance[i], -v/p.balance[i])
	}
	scale := top / 127
	if !finite(scale) {
		scale = float32(math.NaN())
	}
	inverse := float32(0)
	if scale > 0 {
		inverse = 1 / scale
	}
	panel, sum := p.panel(j / int8Width)[4*(j%int8Width):], int32(0)
	for i, v := range w {
		q := int32(math.RoundToEven(float64(v / p.balance[i] * inverse)))
		panel[i/4*4*int8Width+i%4] = int8(q)
		sum += q
	}
	p.scales[j], p.sums[j] = scale, sum
}

// resize returns s with length n, its content unknown.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// GemmInt8 sets c [m,N] = a [m,K]·B + bias in int8 arithmetic, and then with gelu c = gelu(c); bias may be nil. Each row of a is
// rounded to 256 steps between its least and greatest value first (dynamic quantisation), products are summed as 32-bit integers.
// A row that is not finite gives a row of NaN. It is fast if FastInt8 reports so, and correct in any case.
func GemmInt8(pool *Pool, m int, a []float32, b *PackedInt8, c, bias []float32, gelu bool) {
	be := active32
	rows, _ := quantized.Get().(*quantizedRows)
	if rows == nil {
		rows = new(quantizedRows)
	}
	defer quantized.Put(rows)
	rows.resize(m, b.depth)
	forRows(pool, m, func(r int) { rows.quantize(be.int8, r, a[r*b.K:][:b.K], b.balance) })
	forBlocks(pool, m, be.int8.rows, ceil(b.N, int8Width), func(i0, i1, p int) {
		n, j := b.N, p*int8Width
		var part []float32
		if bias != nil {
			part = bias[j:n]
		}
		be.int8.product(i1-i0, min(int8Width, n-j), b.depth, rows.bytes[i0*b.depth:], b.panel(p), rows.scales[i0:], rows.zeros[i0:],
			b.scales[j:], b.sums[j:], c[i0*n+j:m*n], n, part, gelu)
	})
}

// FastInt8 reports whether the back end in use has instructions for GemmInt8, which are AMX and AVX-512 VNNI.
func FastInt8() bool { return active32.int8.fast }

// quantizedRows is the left operand: x∘balance ≈ scale·(byte - zero), row by row.
type quantizedRows struct {
	depth  int
	bytes  []byte
	scales []float32
	zeros  []int32
}

var quantized sync.Pool // of *quantizedRows

func (q *quantizedRows) resize(m, depth int) {
	q.depth = depth
	q.bytes, q.scales, q.zeros = resize(q.bytes, ceil(m, int8Strip)*int8Strip*depth), resize(q.scales, m), resize(q.zeros, m)
}

func (q *quantizedRows) quantize(loops *int8Loops, r int, x, balance []float32) {
	low, high := loops.extent(x, balance)
	scale, zero, inverse := (high-low)/255, int32(0), float32(0)
	if scale > 0 {
		inverse = 1 / scale
		zero = int32(math.RoundToEven(float64(-low * inverse)))
	}
	row := q.bytes[r*q.depth:][:q.depth]
	clear(row[len(x):])
	loops.quantize(x, balance, row[:len(x)], inverse, zero)
	q.scales[r], q.zeros[r] = scale, zero
}

func int8Generic() *int8Loops {
	return &int8Loops{rows: 112, extent: extentGeneric, quantize: quantizeGeneric, product: productInt8Generic}
}

func extentGeneric(x, balance []float32) (low, high float32) {
	for i, v := range x {
		v *= balance[i]
		low, high = min(low, v), max(high, v)
		if !finite(v) {
			return v * 0, v * 0
		}
	}
	return low, high
}

func quantizeGeneric(x, balance []float32, q []byte, inverse float32, zero int32) {
	for i, v := range x {
		v *= balance[i]
		q[i] = byte(min(max(int32(math.RoundToEven(float64(v*inverse)))+zero, 0), 255))
	}
}

func productInt8Generic(m, n, k int, a []byte, b []int8, scales []float32, zeros []int32, columnScales []float32, columnSums []int32, c []float32, ldc int, bias []float32, gelu bool) {
	for i := range m {
		for j := range n {
			sum := -zeros[i] * columnSums[j]
			for p := range k {
				sum += int32(a[i*k+p]) * int32(b[p/4*4*int8Width+4*j+p%4])
			}
			v := float32(float32(sum) * float32(scales[i]*columnScales[j])) // rounded, not fused with what follows
			if bias != nil {
				v += bias[j]
			}
			c[i*ldc+j] = v
		}
	}
	if gelu {
		geluGeneric(m, n, c, ldc, c, ldc)
	}
}
