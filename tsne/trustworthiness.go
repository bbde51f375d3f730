package tsne

import (
	"context"
	"fmt"
	"slices"

	"github.com/org/salesconv/internal/kernel"
	"gonum.org/v1/gonum/mat"
)

// Trustworthiness returns to what extent the k nearest neighbours of each point on a map are near in x as well (Venna
// and Kaski 2001): 1 if all are among the k nearest rows in x, and less the further down they rank there. k is from 1
// to just below half the number of rows. Time grows with the square of that number.
func Trustworthiness(ctx context.Context, x, points mat.Matrix, k int) (float64, error) {
	high, err := newRows(x)
	if err != nil {
		return 0, err
	}
	low, err := newRows(points)
	if err != nil {
		return 0, fmt.Errorf("%w (of the map)", err)
	}
	n := high.n
	if low.n != n {
		return 0, fmt.Errorf("tsne: a map of %d points for %d rows", low.n, n)
	}
	if k < 1 || k > (n-1)/2 {
		return 0, fmt.Errorf("tsne: trustworthiness by %d neighbours of %d rows, want 1 or more, and fewer than half", k, n)
	}
	pool := kernel.NewPool(0)
	defer pool.Close()
	penalty := make([]int, n)
	parallel(pool, n, func(lo, hi int) {
		inX, onMap, rank := make([]neighbour, n), make([]neighbour, n), make([]int, n)
		for i := lo; i < hi && ctx.Err() == nil; i++ {
			for place, nb := range high.byDistance(i, inX) {
				rank[nb.row] = place // the row itself is at 0
			}
			for _, nb := range low.byDistance(i, onMap)[1 : k+1] {
				penalty[i] += max(0, rank[nb.row]-k)
			}
		}
	})
	if ctx.Err() != nil {
		return 0, fmt.Errorf("tsne: trustworthiness: %w", context.Cause(ctx))
	}
	sum := 0.0
	for _, p := range penalty {
		sum += float64(p)
	}
	return 1 - 2*sum/(float64(n)*float64(k)*float64(2*n-3*k-1)), nil
}

// byDistance sets all to the rows in the order of their distance from row i, which comes first.
func (r *rows) byDistance(i int, all []neighbour) []neighbour {
	for j := range all {
		all[j] = neighbour{int32(j), squaredDistance(r.row(i), r.row(j))}
	}
	all[i].d2 = -1
	slices.SortFunc(all, nearer)
	return all
}
