package tsne

import (
	"slices"

	"github.com/org/salesconv/internal/kernel"
	"gonum.org/v1/gonum/floats"
)

// Method names how the repulsion of all points by all others is computed.
type Method string

const (
	Exact     Method = "exact"      // over all pairs, in time n²
	BarnesHut Method = "barnes_hut" // by cells of a tree, in time n log n (van der Maaten 2014)
	// FFT interpolates on a grid as wide as the map, in time n plus the time of the grid (Linderman et al. 2019). While a map
	// is wider than 1,000 units, BarnesHut is used instead.
	FFT Method = "fft"
)

// Numbers of points up to which methods are the default.
const (
	mostExact     = 500
	mostBarnesHut = 10_000
)

// repulsion sums the forces that move points apart.
type repulsion interface {
	// repulsion sets force to Σ q² (p - pⱼ) over all points j, for each point p, where q = 1/(1+|p-pⱼ|²), and returns Σ q
	// over all pairs of different points.
	repulsion(points, force []point) (z float64, err error)
}

// newRepulsion returns the method for n points, and one that sums z at least as finely. theta is of Barnes and Hut's.
func newRepulsion(pool *kernel.Pool, n int, method Method, theta float64) (forces, fine repulsion) {
	switch {
	case method == Exact, method == "" && n <= mostExact:
		p := &pairs{pool: pool}
		return p, p
	case method == BarnesHut, method == "" && n <= mostBarnesHut:
		return newCells(pool, theta), newCells(pool, min(theta, 0.2))
	}
	g := newGrid(pool)
	return bounded{g, newCells(pool, theta)}, bounded{g, newCells(pool, min(theta, 0.2))}
}

// bounded is FFT with a fallback to cells for maps wider than widestGrid, whose grid would take gigabytes.
type bounded struct {
	grid  *grid
	cells *cells
}

// widestGrid is wider than maps of a million points. A start that is not scaled may exceed it, and so may a map that a
// high learning rate scatters.
const widestGrid = 1000

func (b bounded) repulsion(points, force []point) (float64, error) {
	if _, span, _ := extent(points); span > widestGrid {
		return b.cells.repulsion(points, force)
	}
	return b.grid.repulsion(points, force)
}

// pairs is Exact.
type pairs struct {
	pool *kernel.Pool
	z    []float64 // by point
}

func (r *pairs) repulsion(points, force []point) (float64, error) {
	if _, _, ok := extent(points); !ok {
		return 0, errDiverged
	}
	r.z = slices.Grow(r.z[:0], len(points))[:len(points)]
	parallel(r.pool, len(points), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			p, sum, near := points[i], point{}, -1.0 // a point is next to itself
			for _, other := range points {
				dx, dy := p.X-other.X, p.Y-other.Y
				q := 1 / (1 + dx*dx + dy*dy)
				near += q
				q *= q
				sum.X += q * dx
				sum.Y += q * dy
			}
			force[i], r.z[i] = sum, near
		}
	})
	return floats.Sum(r.z), nil
}

// cells is BarnesHut.
type cells struct {
	pool  *kernel.Pool
	theta float64
	tree  quadtree
	z     []float64 // by point
}

func newCells(pool *kernel.Pool, theta float64) *cells { return &cells{pool: pool, theta: theta} }

// repulsion visits points along the Morton curve, so that neighbours in turn walk the same part of the tree.
func (r *cells) repulsion(points, force []point) (float64, error) {
	if !r.tree.build(points, r.theta) {
		return 0, errDiverged
	}
	r.z = slices.Grow(r.z[:0], len(points))[:len(points)]
	parallel(r.pool, len(points), func(lo, hi int) {
		for _, k := range r.tree.keys[lo:hi] {
			force[k.point], r.z[k.point] = r.tree.around(points[k.point])
		}
	})
	return floats.Sum(r.z), nil
}
