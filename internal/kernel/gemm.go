package kernel

// Packed is the right operand B [K,N] of Gemm, rearranged into panels of as many columns as the back end's tile
// is wide: [panel][K][columns], the last one filled up with zeros. The zero value is empty; packing again
// reuses the memory. It is safe for concurrent reading.
type Packed[T Float] struct {
	K, N  int
	width int // columns of a panel
	data  []T
}

func (p *Packed[T]) reset(k, n, width int) (panels int) {
	p.K, p.N, p.width = k, n, width
	panels = ceil(n, width)
	if size := panels * k * width; cap(p.data) < size {
		p.data = make([]T, size)
	} else {
		p.data = p.data[:size]
		if panels > 0 {
			clear(p.panel(panels - 1))
		}
	}
	return panels
}

func (p *Packed[T]) panel(i int) []T { return p.data[i*p.K*p.width:][:p.K*p.width] }

// PackTransposed makes p hold B = Wᵀ for W [n,k], the weights of y = x·Wᵀ.
func (p *Packed[T]) PackTransposed(pool *Pool, w []T, n, k int) {
	b := active[T]()
	pool.Do(p.reset(k, n, b.nr), func(_, i int) {
		j := i * b.nr
		b.transpose(min(b.nr, n-j), k, w[j*k:n*k], k, p.panel(i), b.nr)
	})
}

// Pack makes p hold B itself, [k,n], as in dx = dy·W.
func (p *Packed[T]) Pack(pool *Pool, w []T, k, n int) {
	b := active[T]()
	pool.Do(p.reset(k, n, b.nr), func(_, i int) {
		j := i * b.nr
		b.pack(k, min(b.nr, n-j), w[j:k*n], n, p.panel(i), b.nr)
	})
}

// Epilogue is what Gemm does to a·B while it is still in cache, in the order of the fields.
type Epilogue[T Float] struct {
	Bias          []T  // [N] is added to each row
	Residual      []T  // [m,N] is added; may be c
	PreActivation []T  // [m,N] with GELU: receives the value GELU is applied to; nil: it is not kept
	GELU          bool // c = gelu(…)
	GELUGrad      []T  // [m,N]: c is multiplied by gelu' of these, the pre-activations of a forward pass, which become gelu of them
}

// blockSize is how many elements of A are multiplied with a panel before the next panel is turned to. They and the panel
// fit into 1 MB of second-level cache; with K = 1536 and 384 their rows are a multiple of the tiles' heights.
const blockSize = 112 * 1536

// Gemm sets c [m,N] = a [m,K]·B and applies the epilogue. Every element is one chain of multiply-adds in the
// order of K, so a row's result depends neither on the other rows nor on the pool.
func Gemm[T Float](pool *Pool, m int, a []T, b *Packed[T], c []T, e Epilogue[T]) {
	be := active[T]()
	if b.width != be.nr {
		panic("kernel: operand of Gemm was packed for another back end")
	}
	a, c = a[:m*b.K], c[:m*b.N]
	forBlocks(pool, m, max(blockSize/max(b.K, 1), be.mr), ceil(b.N, b.width), func(i0, i1, p int) {
		n, j := b.N, p*b.width
		cols := min(b.width, n-j)
		out, bias, residual := e.operands(c, i0, j, n)
		if e.GELUGrad != nil && cols == be.nr {
			be.fetch(i1-i0, e.GELUGrad[i0*n+j:], n)
		}
		be.product(i1-i0, cols, b.K, a[i0*b.K:], b.K, 1, b.panel(p), out[i0*n+j:], n, bias, residual, n)
		e.activate(be, c, i0, i1, j, cols, n)
	})
}

// forBlocks calls f for each panel of columns of each block of rows i0 to i1.
func forBlocks(pool *Pool, m, rows, panels int, f func(i0, i1, panel int)) {
	blocks, groups := ceil(m, rows), 1
	if workers := pool.Workers(); workers > 1 { // few rows: share out the panels
		groups = min(panels, ceil(16*workers, max(blocks, 1)))
	}
	pool.Do(blocks*groups, func(_, task int) {
		i0 := task / groups * rows
		from, to := share(panels, groups, task%groups)
		for p := from; p < to; p++ {
			f(i0, min(m, i0+rows), p)
		}
	})
}

// operands returns what a product of columns j on and rows i0 on writes to and adds.
func (e *Epilogue[T]) operands(c []T, i0, j, n int) (out, bias, residual []T) {
	out = c
	if e.GELU && e.PreActivation != nil {
		out = e.PreActivation
	}
	if e.Bias != nil {
		bias = e.Bias[j:n]
	}
	if e.Residual != nil {
		residual = e.Residual[i0*n+j:]
	}
	return out, bias, residual
}

// activate applies what follows the sums to rows i0 to i1 of cols columns, which are still in first-level cache.
func (e *Epilogue[T]) activate(be *backend[T], c []T, i0, i1, j, cols, n int) {
	at := i0*n + j
	if e.GELU {
		x := c
		if e.PreActivation != nil {
			x = e.PreActivation
		}
		be.gelu(i1-i0, cols, x[at:], n, c[at:], n)
	}
	if e.GELUGrad != nil {
		be.geluGrad(i1-i0, cols, e.GELUGrad[at:], n, c[at:], n, c[at:], n)
	}
}

// GemmTN works on chunkRows rows at a time, and within them on groupPanels panels of x, which second-level cache holds.
const chunkRows, groupPanels = 512, 12

// GemmTN sets dw [n,k] = yᵀ·x for y [m,n] and x [m,k], the gradient of weights. Chunks of rows are summed in their order.
func GemmTN[T Float](pool *Pool, m int, y []T, n int, x []T, k int, dw []T) {
	be := active[T]()
	y, x, dw = y[:m*n], x[:m*k], dw[:n*k]
	if m == 0 {
		clear(dw)
		return
	}
	chunks := ceil(m, chunkRows)
	buf := be.scratch(ceil(k, be.nr) * be.nr * ceil(m, chunks))
	defer be.release(buf)
	for chunk := range chunks {
		from, to := share(m, chunks, chunk)
		gemmTNChunk(pool, be, to-from, y[from*n:], n, x[from*k:], k, dw, chunk > 0, *buf)
	}
}

// gemmTNChunk sets, or with more adds to, dw. It packs x once, and the strips of yᵀ where they are used.
func gemmTNChunk[T Float](pool *Pool, be *backend[T], m int, y []T, n int, x []T, k int, dw []T, more bool, packed []T) {
	const packRows = 32
	pool.Do(ceil(m, packRows), func(_, task int) {
		r := task * packRows
		packStrips(be, min(packRows, m-r), k, x[r*k:], k, packed[r*be.nr:], be.nr, m*be.nr)
	})
	strips, panels := ceil(n, be.mr), ceil(k, be.nr)
	pool.Do(strips*ceil(panels, groupPanels), func(_, task int) {
		i, group := task%strips*be.mr, task/strips*groupPanels
		h := min(be.mr, n-i)
		strip := be.scratch(m * be.strip)
		defer be.release(strip)
		be.pack(m, h, y[i:], n, *strip, be.strip)
		for p := group; p < min(panels, group+groupPanels); p++ {
			c, cols := dw[i*k+p*be.nr:], min(be.nr, k-p*be.nr)
			var sum []T
			if more {
				sum = c
				if cols == be.nr {
					be.fetch(h, c, k)
				}
			}
			be.product(h, cols, m, *strip, 1, be.strip, packed[p*m*be.nr:], c, k, nil, sum, k)
		}
	})
}

// packStrips copies src [rows,cols] into strips of the given width that lie distance elements apart.
func packStrips[T Float](be *backend[T], rows, cols int, src []T, ld int, dst []T, width, distance int) {
	for s := 0; s*width < cols; s++ {
		be.pack(rows, min(width, cols-s*width), src[s*width:], ld, dst[s*distance:], width)
	}
}

// ColumnSums sets sum [n] to the sums of the columns of y [m,n], the gradient of a bias.
func ColumnSums[T Float](pool *Pool, m int, y []T, n int, sum []T) {
	be := active[T]()
	reduceRows(pool, be, m, n, sum, func(partial []T, r int) { be.add(y[r*n:][:n], partial, partial) })
}

// reduceRows sums over rows: each of a fixed number of blocks of rows is folded into a partial of the given
// width by row, and the partials are added up in their order, so that the result does not depend on the pool.
func reduceRows[T Float](pool *Pool, be *backend[T], rows, width int, sum []T, row func(partial []T, r int)) {
	blocks := min(32, ceil(rows, 16))
	buf := be.scratch(blocks * width)
	defer be.release(buf)
	partials := *buf
	pool.Do(blocks, func(_, block int) {
		partial := partials[block*width:][:width]
		clear(partial)
		r0, r1 := share(rows, blocks, block)
		for r := r0; r < r1; r++ {
			row(partial, r)
		}
	})
	sum = sum[:width]
	clear(sum)
	for block := range blocks {
		be.add(partials[block*width:][:width], sum, sum)
	}
}

func ceil(a, b int) int { return (a + b - 1) / b }

// share returns the bounds of the i-th of parts nearly equal parts of n.
func share(n, parts, i int) (from, to int) { return n * i / parts, n * (i + 1) / parts }
