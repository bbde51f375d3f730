package kernel

import "math"

// Attention is multi-head scaled dot-product attention over sequences laid end to end: rows offsets[s] to
// offsets[s+1] of qkv [rows,3·heads·headDim] are sequence s, each row its query, key and value, head after head. out
// [rows,heads·headDim] receives dropout(softmax(Q·Kᵀ/√headDim))·V. A strip of a tile's rows of the
// probabilities is all that exists of them at a time.
func Attention[T Float](pool *Pool, qkv []T, offsets []int, heads, headDim int, drop Dropout, out []T) {
	be := active[T]()
	pool.Do((len(offsets)-1)*heads, func(_, task int) {
		h := newHead(be, qkv, offsets, heads, headDim, task)
		switch {
		case h.rows == 0:
		case be.attend != nil && headDim == attentionDim && drop.P == 0:
			h.by(be.attend, attendScratch(h.rows), out)
		default:
			h.forward(drop, out)
		}
	})
}

// AttentionInt8 is Attention for a network whose other products are GemmInt8: the back end may round queries, keys, values and
// probabilities to bfloat16, whose error is far below the error of int8.
func AttentionInt8(pool *Pool, qkv []float32, offsets []int, heads, headDim int, out []float32) {
	be := active32
	if be.int8.attention == nil || headDim != attentionDim {
		Attention(pool, qkv, offsets, heads, headDim, Dropout{}, out)
		return
	}
	pool.Do((len(offsets)-1)*heads, func(_, task int) {
		h := newHead(be, qkv, offsets, heads, headDim, task)
		if h.rows > 0 {
			h.by(be.int8.attention, attentionScratch(h.rows), out)
		}
	})
}

// attentionDim is how many columns a head has for which back ends may have attention of their own.
const attentionDim = 32

// attendScratch is how much scratch backend.attend needs for n rows, in elements.
func attendScratch(n int) int { return 48*(n+16) + 1024 }

// by has a back end compute the attention, with so much scratch.
func (h *head[T]) by(attend func(h head[T], out []T, ldo int, s []T), scratch int, out []T) {
	s, width := h.be.scratch(scratch), h.heads*h.dim
	defer h.be.release(s)
	attend(*h, out[h.first*width+h.index*h.dim:], width, *s)
}

// AttentionBackward overwrites dqkv with the gradient of qkv given out of the forward pass and its gradient dout.
// It computes the probabilities again, a few strips at a time.
func AttentionBackward[T Float](pool *Pool, qkv, out, dout []T, offsets []int, heads, headDim int, drop Dropout, dqkv []T) {
	be := active[T]()
	pool.Do((len(offsets)-1)*heads, func(_, task int) {
		h := newHead(be, qkv, offsets, heads, headDim, task)
		if h.rows > 0 {
			h.backward(drop, out, dout, dqkv)
		}
	})
}

// head is one head of one sequence: views of its queries, keys and values, with row stride ld.
type head[T Float] struct {
	be        *backend[T]
	first     int // row of the batch at which the sequence starts
	rows, dim int
	heads     int
	index     int // of the head
	q, k, v   []T
	ld        int
	scale     T
	pitch     int // distance of rows in strips of scores
	colPanels int // panels that the keys fill as columns
	dimPanels int // panels that the head's dimension fills
}

func newHead[T Float](be *backend[T], qkv []T, offsets []int, heads, dim, task int) head[T] {
	s, index := task/heads, task%heads
	width, first := heads*dim, offsets[s]
	rows := offsets[s+1] - first
	h := head[T]{be: be, first: first, rows: rows, dim: dim, heads: heads, index: index, ld: 3 * width,
		scale: T(1 / math.Sqrt(float64(dim))), colPanels: ceil(rows, be.nr), dimPanels: ceil(dim, be.nr)}
	if rows == 0 {
		return h
	}
	at := qkv[first*h.ld+index*dim : (first+rows)*h.ld]
	h.q, h.k, h.v = at, at[width:], at[2*width:]
	h.pitch = h.colPanels*be.nr + be.nr/2 // not a power of two: rows must not share cache sets
	return h
}

// packColumns packs x [rows,dim] as the right operand of ·xᵀ.
func (h *head[T]) packColumns(x []T, ld int, dst []T) {
	nr := h.be.nr
	for p := range h.colPanels {
		j := p * nr
		h.be.transpose(min(nr, h.rows-j), h.dim, x[j*ld:], ld, dst[p*h.dim*nr:], nr)
	}
}

// packRows packs x [rows,dim] as the right operand of ·x.
func (h *head[T]) packRows(x []T, ld int, dst []T) {
	packStrips(h.be, h.rows, h.dim, x, ld, dst, h.be.nr, h.rows*h.be.nr)
}

// scores sets s [m,rows] = a·xᵀ for m rows of a and packed columns of x.
func (h *head[T]) scores(m int, a []T, lda int, packed, s []T) {
	nr := h.be.nr
	for p := range h.colPanels {
		j := p * nr
		h.be.product(m, min(nr, h.rows-j), h.dim, a, lda, 1, packed[p*h.dim*nr:], s[j:], h.pitch, nil, nil, 0)
	}
}

// times sets, or with more adds to, y [m,dim] = a·x for a [m,k] of strides rs and ks and rows of packed rows x.
func (h *head[T]) times(m, k int, a []T, rs, ks int, packed []T, y []T, ldy int, more bool) {
	nr := h.be.nr
	for p := range h.dimPanels {
		j := p * nr
		var sum []T
		if more {
			sum = y[j:]
		}
		h.be.product(m, min(nr, h.dim-j), k, a, rs, ks, packed[p*h.rows*nr:], y[j:], ldy, nil, sum, ldy)
	}
}

// drop applies dropout to m rows of s, one for each query from row on.
func (h *head[T]) drop(d Dropout, row, m int, s []T) {
	if d.P == 0 {
		return
	}
	for r := range m {
		x := s[r*h.pitch:][:h.rows]
		h.be.dropout(d.row((h.first+row+r)*h.heads+h.index), T(d.keep()), x, x)
	}
}

// columnSpace and rowSpace are the sizes of the two kinds of packed operands.
func (h *head[T]) columnSpace() int { return h.colPanels * h.dim * h.be.nr }
func (h *head[T]) rowSpace() int    { return h.dimPanels * h.rows * h.be.nr }

func (h *head[T]) forward(drop Dropout, out []T) {
	be, width := h.be, h.heads*h.dim
	buf := be.scratch(h.columnSpace() + h.rowSpace() + be.mr*h.pitch)
	defer be.release(buf)
	keys, rest := cut(*buf, h.columnSpace())
	values, s := cut(rest, h.rowSpace())
	h.packColumns(h.k, h.ld, keys)
	h.packRows(h.v, h.ld, values)
	for r0 := 0; r0 < h.rows; r0 += be.mr {
		m := min(be.mr, h.rows-r0)
		h.scores(m, h.q[r0*h.ld:], h.ld, keys, s)
		be.softmax(m, h.rows, s, h.pitch, h.scale)
		h.drop(drop, r0, m, s)
		h.times(m, h.rows, s, h.pitch, 1, values, out[(h.first+r0)*width+h.index*h.dim:], width, false)
	}
}

// backward follows, for P = softmax(scale·Q·Kᵀ), A = dropout(P) and out = A·V,
//
//	dV = Aᵀ·dout,  dA = dout·Vᵀ,  dP = dropout(dA),  dS = scale·P∘(dP - δ),  dQ = dS·K,  dK = dSᵀ·Q
//
// where δ, the row sums of P∘dP, are those of out∘dout. Blocks of four strips keep P and dS in second-level cache.
func (h *head[T]) backward(drop Dropout, out, dout, dqkv []T) {
	be, width := h.be, h.heads*h.dim
	block := min(4*be.mr, h.rows)
	buf := be.scratch(2*h.columnSpace() + 3*h.rowSpace() + 2*block*h.pitch)
	defer be.release(buf)
	keyColumns, rest := cut(*buf, h.columnSpace())
	valueColumns, rest := cut(rest, h.columnSpace())
	queries, rest := cut(rest, h.rowSpace())
	keys, rest := cut(rest, h.rowSpace())
	douts, rest := cut(rest, h.rowSpace())
	p, ds := cut(rest, block*h.pitch)

	out, dout = out[h.first*width+h.index*h.dim:], dout[h.first*width+h.index*h.dim:]
	h.packColumns(h.k, h.ld, keyColumns)
	h.packColumns(h.v, h.ld, valueColumns)
	h.packRows(h.q, h.ld, queries)
	h.packRows(h.k, h.ld, keys)
	h.packRows(dout, width, douts)
	dq := dqkv[h.first*h.ld+h.index*h.dim:]
	dk, dv := dq[width:], dq[2*width:]

	for b0 := 0; b0 < h.rows; b0 += block {
		n := min(block, h.rows-b0)
		h.scores(n, h.q[b0*h.ld:], h.ld, keyColumns, p)
		h.scores(n, dout[b0*width:], width, valueColumns, ds)
		be.softmax(n, h.rows, p, h.pitch, h.scale)
		h.drop(drop, b0, n, ds)
		for r := range n {
			at := (b0 + r) * width
			delta := be.dot(out[at:][:h.dim], dout[at:][:h.dim])
			be.softmaxBackward(p[r*h.pitch:][:h.rows], ds[r*h.pitch:][:h.rows], T(delta), h.scale)
		}
		h.drop(drop, b0, n, p)
		h.times(n, h.rows, ds, h.pitch, 1, keys, dq[b0*h.ld:], h.ld, false)
		h.times(h.rows, n, ds, 1, h.pitch, queries[b0*be.nr:], dk, h.ld, b0 > 0)
		h.times(h.rows, n, p, 1, h.pitch, douts[b0*be.nr:], dv, h.ld, b0 > 0)
	}
}

// cut returns the first n elements of s and the rest.
func cut[T any](s []T, n int) (first, rest []T) { return s[:n:n], s[n:] }
