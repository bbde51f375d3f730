package tsne

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"

	"github.com/org/salesconv/internal/kernel"
)

// The approximate search cuts the rows into cells by k-means (an inverted file, Sivic and Zisserman 2003), and compares
// each row with the rows of the cells nearest to its own. All rows of a cell have the same candidates, so that one matrix
// product compares them; a graph such as HNSW looks at fewer candidates, but one at a time, and depends on the order in which
// threads insert them.
const (
	cellRows     = 256 // of a cell on average
	candidateMin = 48 * cellRows
	lloydRounds  = 6 // of k-means
)

// nearestByCells returns what nearest does, but a neighbour in a far cell is missed.
func nearestByCells(ctx context.Context, pool *kernel.Pool, r *rows, k int) ([]neighbour, error) {
	x, near := newIndex(r, k), make([]neighbour, r.n*k)
	p, err := newPartition(ctx, pool, r)
	if err != nil {
		return nil, err
	}
	searches, among := make([]search, pool.Workers()), make([][]chunk, pool.Workers())
	pool.Do(len(p.cells), func(worker, c int) {
		if len(p.cells[c]) == 0 || ctx.Err() != nil {
			return
		}
		among[worker] = x.chunks(nil, p.around(c, max(candidateMin, 4*(k+1))), among[worker])
		for block := range slices.Chunk(p.cells[c], queryBlock) {
			if ctx.Err() == nil {
				searches[worker].block(x, block, among[worker], near)
			}
		}
	})
	return near, ctx.Err()
}

// partition is a set of cells, each with the rows nearest to its centre.
type partition struct {
	d       int
	centres []float32 // [cells, d]
	cells   [][]int32 // rows, ascending
}

// newPartition runs k-means from rows drawn at random, always the same ones.
func newPartition(ctx context.Context, pool *kernel.Pool, r *rows) (*partition, error) {
	p := &partition{d: r.d, cells: make([][]int32, max(1, r.n/cellRows))}
	for _, i := range rand.New(rand.NewPCG(0, 0)).Perm(r.n)[:len(p.cells)] {
		p.centres = append(p.centres, r.row(i)...)
	}
	for round := range lloydRounds {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if round > 0 {
			p.move(pool, r)
		}
		p.assign(ctx, pool, r)
	}
	return p, ctx.Err()
}

// assign puts each row into the cell with the nearest centre, of equally near ones the first, unless ctx is done.
func (p *partition) assign(ctx context.Context, pool *kernel.Pool, r *rows) {
	n := len(p.cells)
	norms := make([]float32, n)
	for c := range norms {
		norms[c] = float32(dot(p.centre(c), p.centre(c)))
	}
	var packed kernel.Packed[float32]
	packed.PackTransposed(pool, p.centres, n, r.d)
	cell := make([]int32, r.n)
	pool.Do((r.n+queryBlock-1)/queryBlock, func(_, b int) {
		if ctx.Err() != nil {
			return
		}
		from, to := b*queryBlock, min(r.n, (b+1)*queryBlock)
		products := make([]float32, (to-from)*n)
		kernel.Gemm(nil, to-from, r.data[from*r.d:to*r.d], &packed, products, kernel.Epilogue[float32]{})
		for i := from; i < to; i++ {
			best, least := 0, float32(0)
			for c, product := range products[(i-from)*n : (i-from+1)*n] {
				if v := norms[c] - 2*product; c == 0 || v < least {
					best, least = c, v
				}
			}
			cell[i] = int32(best)
		}
	})
	for c := range p.cells {
		p.cells[c] = p.cells[c][:0]
	}
	for i, c := range cell {
		p.cells[c] = append(p.cells[c], int32(i))
	}
}

// move puts each centre into the mean of its rows; one without rows stays.
func (p *partition) move(pool *kernel.Pool, r *rows) {
	pool.Do(len(p.cells), func(_, c int) {
		if len(p.cells[c]) == 0 {
			return
		}
		mean := make([]float64, r.d)
		for _, i := range p.cells[c] {
			for j, v := range r.row(int(i)) {
				mean[j] += float64(v)
			}
		}
		for j, v := range mean {
			p.centre(c)[j] = float32(v / float64(len(p.cells[c])))
		}
	})
}

func (p *partition) centre(c int) []float32 { return p.centres[c*p.d : (c+1)*p.d] }

// around returns the rows of cell c and of as many of the cells nearest to it as hold so many rows, in ascending order.
func (p *partition) around(c, rows int) (ids []int32) {
	order := make([]neighbour, len(p.cells))
	for o := range order {
		order[o] = neighbour{int32(o), squaredDistance(p.centre(c), p.centre(o))}
	}
	order[c].d2 = -1
	slices.SortFunc(order, nearer)
	for _, o := range order {
		if len(ids) >= rows {
			break
		}
		ids = append(ids, p.cells[o.row]...)
	}
	slices.SortFunc(ids, cmp.Compare[int32])
	return ids
}
