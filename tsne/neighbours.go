package tsne

import (
	"cmp"
	"context"
	"math"
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

// Search names how the nearest rows of each row are found.
type Search string

const (
	ExactSearch       Search = "exact"       // among all rows, in time n²
	ApproximateSearch Search = "approximate" // among rows of the same region, in time n^1.5: see the package comment for the recall
)

// mostExactSearch is the number of rows up to which ExactSearch is the default.
const mostExactSearch = 100_000

// A product compares queryBlock rows, a multiple of the 14 that the kernels take at a time, with chunkRows candidates: as
// many as leave the ranks in second-level cache.
const (
	queryBlock = 112
	chunkRows  = 1024
)

// nearest returns the k nearest rows of each row, [n, k], sorted by distance and then by row.
//
// It looks at all pairs, a block of rows at a time: one matrix product in float32 gives |b|²-2a·b, which ranks the
// rows b for a up to rounding. The rounding is bounded by slack, so that all rows that may be among the nearest k
// are known, and only those are measured and ranked exactly.
func nearest(ctx context.Context, pool *kernel.Pool, r *rows, k int) ([]neighbour, error) {
	x, near := newIndex(r, k), make([]neighbour, r.n*k)
	all := make([]int32, r.n)
	for i := range all {
		all[i] = int32(i)
	}
	among := x.chunks(pool, all, nil)
	searches := make([]search, pool.Workers())
	pool.Do((r.n+queryBlock-1)/queryBlock, func(worker, b int) {
		if ctx.Err() == nil {
			searches[worker].block(x, all[b*queryBlock:min(r.n, (b+1)*queryBlock)], among, near)
		}
	})
	return near, ctx.Err()
}

// index is what a search knows of all rows.
type index struct {
	*rows
	k     int
	norms []float32 // squared
	slack float32   // twice the largest error of a rank
}

func newIndex(r *rows, k int) *index {
	x := &index{rows: r, k: k, norms: make([]float32, r.n)}
	largest, origin := 0.0, make([]float32, r.d)
	for i := range x.norms {
		norm := squaredDistance(r.row(i), origin)
		x.norms[i] = float32(norm)
		largest = max(largest, norm)
	}
	x.slack = float32(6 * float64(r.d+4) / (1 << 24) * largest)
	return x
}

// chunk is up to chunkRows rows among which neighbours are searched for.
type chunk struct {
	ids    []int32   // ascending
	norms  []float32 // of these rows
	data   []float32
	packed kernel.Packed[float32]
}

// chunks prepares candidates by their ids, in the memory of earlier ones.
func (x *index) chunks(pool *kernel.Pool, ids []int32, chunks []chunk) []chunk {
	chunks = slices.Grow(chunks[:0], (len(ids)+chunkRows-1)/chunkRows)
	for part := range slices.Chunk(ids, chunkRows) {
		chunks = chunks[:len(chunks)+1]
		c := &chunks[len(chunks)-1]
		c.ids, c.norms, c.data = part, c.norms[:0], c.data[:0]
		for _, i := range part {
			c.norms = append(c.norms, x.norms[i])
			c.data = append(c.data, x.row(int(i))...)
		}
		c.packed.PackTransposed(pool, c.data, len(part), x.d)
	}
	return chunks
}

// search holds the working memory of one worker.
type search struct {
	data    []float32 // of the rows that ask, times -2
	ranks   []float32 // [queryBlock, chunkRows]
	queries [queryBlock]query
	exact   []neighbour
}

// block finds the neighbours of rows, at most queryBlock, among candidates, of which there are more than x.k.
func (s *search) block(x *index, ids []int32, among []chunk, near []neighbour) {
	if x.k == 0 {
		return
	}
	s.data = s.data[:0]
	for q, i := range ids {
		s.queries[q].begin(i)
		for _, v := range x.row(int(i)) {
			s.data = append(s.data, -2*v)
		}
	}
	for c := range among {
		n := len(among[c].ids)
		s.ranks = slices.Grow(s.ranks[:0], len(ids)*n)[:len(ids)*n]
		kernel.Gemm(nil, len(ids), s.data, &among[c].packed, s.ranks, kernel.Epilogue[float32]{Bias: among[c].norms})
		for q := range ids {
			s.queries[q].offer(x, among[c].ids, s.ranks[q*n:(q+1)*n])
		}
	}
	for q, i := range ids {
		s.exact = s.queries[q].measured(x, s.exact)
		slices.SortFunc(s.exact, nearer)
		copy(near[int(i)*x.k:][:x.k], s.exact)
	}
}

// query is the search of one row's neighbours.
type query struct {
	row   int32
	bound float32   // of the ranks of rows that may be among the nearest
	heap  []float32 // the k smallest ranks so far, largest first
	kept  []ranked  // within the bound when they came
}

// ranked is a row and its rank.
type ranked struct {
	row  int32
	rank float32
}

func (q *query) begin(row int32) {
	*q = query{row: row, bound: math.MaxFloat32, heap: q.heap[:0], kept: q.kept[:0]}
}

// offer takes rows with their ranks, which are right to within slack/2.
func (q *query) offer(x *index, ids []int32, ranks []float32) {
	for j, v := range ranks {
		if v > q.bound || ids[j] == q.row {
			continue
		}
		q.kept = append(q.kept, ranked{ids[j], v})
		if len(q.heap) < x.k || v < q.heap[0] {
			q.push(v, x.k)
			if len(q.heap) == x.k {
				q.bound = q.heap[0] + x.slack
			}
		}
	}
}

// measured returns the rows that may be among the nearest, with their distances.
func (q *query) measured(x *index, to []neighbour) []neighbour {
	to = to[:0]
	for _, r := range q.kept {
		if r.rank <= q.bound {
			to = append(to, neighbour{r.row, squaredDistance(x.row(int(q.row)), x.row(int(r.row)))})
		}
	}
	return to
}

// push keeps v, which is among the k smallest so far.
func (q *query) push(v float32, k int) {
	h := q.heap
	if len(h) < k {
		h = append(h, v)
		c := len(h) - 1
		for c > 0 && h[(c-1)/2] < v {
			h[c] = h[(c-1)/2]
			c = (c - 1) / 2
		}
		h[c] = v
		q.heap = h
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
