package tsne

import (
	"cmp"
	"context"
	"slices"

	"github.com/org/salesconv/internal/kernel"
)

// neighbour is a row and its squared distance.
type neighbour struct {
	row int32
	d2  float64
}

// nearer orders neighbours by distance, and equal ones by row.
func nearer(a, b neighbour) int {
	return cmp.Or(cmp.Compare(a.d2, b.d2), cmp.Compare(a.row, b.row))
}

// nearest returns the k nearest rows of each row, [n, k], sorted by distance and then by row.
//
// It looks at all pairs, a block of rows at a time: one matrix product in float32 gives |b|²-2a·b, which ranks the
// rows b for a up to rounding. The rounding is bounded by slack, so that all rows that may be among the nearest k
// are known, and only those are measured and ranked exactly.
func nearest(ctx context.Context, pool *kernel.Pool, r *rows, k int) ([]neighbour, error) {
	norms := make([]float32, r.n)
	largest := 0.0
	origin := make([]float32, r.d)
	for i := range norms {
		norm := squaredDistance(r.row(i), origin)
		norms[i] = float32(norm)
		largest = max(largest, norm)
	}
	slack := float32(4 * float64(r.d+4) / (1 << 24) * largest)
	var packed kernel.Packed[float32]
	packed.PackTransposed(pool, r.data, r.n, r.d)

	near := make([]neighbour, r.n*k)
	const block = 112 // rows of a product, a multiple of the 14 that the kernels take at a time
	parallel(pool, (r.n+block-1)/block, func(lo, hi int) {
		products := make([]float32, block*r.n)
		search := newSearch(k)
		for b := lo; b < hi && ctx.Err() == nil; b++ {
			from, to := b*block, min(r.n, (b+1)*block)
			kernel.Gemm(nil, to-from, r.data[from*r.d:to*r.d], &packed, products, kernel.Epilogue[float32]{})
			for i := from; i < to; i++ {
				rank := products[(i-from)*r.n : (i-from+1)*r.n]
				for j, dot := range rank {
					rank[j] = norms[j] - 2*dot
				}
				copy(near[i*k:(i+1)*k], search.nearest(r, i, rank, slack))
			}
		}
	})
	return near, ctx.Err()
}

// search holds the working memory of one worker.
type search struct {
	k     int
	heap  []float32 // the k smallest ranks so far, largest first
	exact []neighbour
}

func newSearch(k int) *search { return &search{k: k, heap: make([]float32, 0, k)} }

// nearest returns the k nearest rows of row i, given ranks that are right to within slack/2.
func (s *search) nearest(r *rows, i int, rank []float32, slack float32) []neighbour {
	if s.k == 0 {
		return nil
	}
	s.heap = s.heap[:0]
	for j, v := range rank {
		if j != i {
			s.push(v)
		}
	}
	bound := s.heap[0] + slack
	s.exact = s.exact[:0]
	for j, v := range rank {
		if v <= bound && j != i {
			s.exact = append(s.exact, neighbour{int32(j), squaredDistance(r.row(i), r.row(j))})
		}
	}
	slices.SortFunc(s.exact, nearer)
	return s.exact[:s.k]
}

// push keeps v if it is among the k smallest so far.
func (s *search) push(v float32) {
	h := s.heap
	if len(h) < s.k {
		h = append(h, v)
		c := len(h) - 1
		for c > 0 && h[(c-1)/2] < v {
			h[c] = h[(c-1)/2]
			c = (c - 1) / 2
		}
		h[c] = v
		s.heap = h
		return
	}
	if v >= h[0] {
		return
	}
	p := 0
	for {
		c := 2*p + 1
		if c >= len(h) {
			break
		}
		if c+1 < len(h) && h[c+1] > h[c] {
			c++
		}
		if h[c] <= v {
			break
		}
		h[p] = h[c]
		p = c
	}
	h[p] = v
}
