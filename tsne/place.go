package tsne

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/org/salesconv/internal/kernel"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Place returns points on the map for new rows, [rows, 2], without changing the map; x are the rows that the map shows. A
// new row starts at the mean of its nearest rows' points, weighted by its affinities with them, and descends its own
// Kullback–Leibler divergence until steps of 1e-4 map units no longer lower it. New rows do not affect each other, so a
// row's point depends on that row alone. The default perplexity of opts is 5 here. Time is proportional to the rows of x
// times the new rows. If rows still move after 1,000 steps, Place returns the points so far and an error that names the
// rows.
func (m *Map) Place(ctx context.Context, x, added mat.Matrix, opts *AffinityOptions) (*mat.Dense, error) {
	var o AffinityOptions
	if opts != nil {
		o = *opts
	}
	p, err := m.newPlacement(x, added, &o)
	if err != nil {
		return nil, err
	}
	rows, _ := added.Dims()
	out := mat.NewDense(rows, 2, nil)
	pool := kernel.NewPool(0)
	defer pool.Close()
	settled := make([]bool, rows)
	parallel(pool, rows, func(lo, hi int) {
		near, weights := make([]neighbour, p.n), make([]float64, p.k)
		for i := lo; i < hi && ctx.Err() == nil; i++ {
			var at point
			at, settled[i] = p.place(i, near, weights)
			out.SetRow(i, []float64{at.X, at.Y})
		}
	})
	if ctx.Err() != nil {
		return nil, fmt.Errorf("tsne: placing rows: %w", context.Cause(ctx))
	}
	return out, unsettled(settled)
}

// unsettled returns an error if rows have not settled.
func unsettled(settled []bool) error {
	moving, first := 0, slices.Index(settled, false)
	for _, s := range settled {
		if !s {
			moving++
		}
	}
	if moving == 0 {
		return nil
	}
	return fmt.Errorf("tsne: %d of %d new rows, row %d first, still move after %d steps: their points are how far they had come", moving, len(settled), first, mostSteps)
}

// mostSteps is how often a new row moves.
const mostSteps = 1000

// placement is what all new rows share.
type placement struct {
	n, k     int // rows on the map, and how many of them a new one is compared with
	scales   []float64
	x, added *mat.Dense // as the metric compares them
	points   []point
	tree     quadtree
}

func (m *Map) newPlacement(x, added mat.Matrix, o *AffinityOptions) (*placement, error) {
	if m == nil || m.Points == nil {
		return nil, errors.New("tsne: no map to place rows on: it is nil, or has no points")
	}
	if x == nil || added == nil {
		return nil, errors.New("tsne: no rows to place, or none that the map shows")
	}
	n, d := x.Dims()
	switch points, plane := m.Points.Dims(); {
	case plane != 2:
		return nil, fmt.Errorf("tsne: the points of the map are [%d %d], want [%d 2]", points, plane, n)
	case points != n:
		return nil, fmt.Errorf("tsne: the map has %d points, but x has %d rows", points, n)
	}
	if _, width := added.Dims(); width != d {
		return nil, fmt.Errorf("tsne: new rows of %d columns, those on the map have %d", width, d)
	}
	scales, k, err := o.complete(n, 5)
	if err != nil {
		return nil, err
	}
	p := &placement{n: n, k: max(1, min(k, n)), scales: scales, points: make([]point, n)}
	if p.x, err = o.compared(x); err != nil {
		return nil, err
	}
	if p.added, err = o.compared(added); err != nil {
		return nil, fmt.Errorf("%w (of the new rows)", err)
	}
	for i := range p.points {
		if err := checkRow(i, m.Points.RawRowView(i)); err != nil {
			return nil, fmt.Errorf("%w (of the map)", err)
		}
		p.points[i] = point{X: m.Points.At(i, 0), Y: m.Points.At(i, 1)}
	}
	if !p.tree.build(p.points, 0.2) {
		return nil, errors.New("tsne: the map is too wide: scale its points")
	}
	return p, nil
}

// place returns the point of a new row, and reports whether it has settled there.
func (p *placement) place(i int, near []neighbour, weights []float64) (at point, settled bool) {
	row := p.added.RawRowView(i)
	for j := range near {
		near[j] = neighbour{int32(j), floats.Distance(row, p.x.RawRowView(j), 2)}
	}
	slices.SortFunc(near, nearer)
	near = near[:p.k]
	unit := 1.0
	if most := near[p.k-1].d2; most > 1e150 || most < 1e-150 && most > 0 { // the squares of these would overflow, or be 0
		unit = most
	}
	for j := range near {
		near[j].d2 = (near[j].d2 / unit) * (near[j].d2 / unit)
	}
	clear(weights)
	one := make([]float64, p.k)
	for _, perplexity := range p.scales {
		conditional(near, perplexity, one)
		floats.AddScaled(weights, 1/float64(len(p.scales)), one)
	}
	for e, nb := range near {
		at.X += weights[e] * p.points[nb.row].X
		at.Y += weights[e] * p.points[nb.row].Y
	}
	return p.descend(at, near, weights, mostSteps)
}

// descend moves a point downhill, halving steps that lead up, and reports whether it has settled.
func (p *placement) descend(at point, near []neighbour, weights []float64, most int) (point, bool) {
	const shortest = 1e-4
	value, slope := p.divergence(at, near, weights)
	for step, k := 1.0, 0; k < most; k++ {
		next := point{X: at.X - step*slope.X, Y: at.Y - step*slope.Y}
		v, s := p.divergence(next, near, weights)
		if v < value {
			at, value, slope, step = next, v, s, step*1.5
			continue
		}
		if step*math.Hypot(slope.X, slope.Y) < shortest {
			return at, true
		}
		step /= 2
	}
	return at, false
}

// divergence is Σ pⱼ log(1+|y-yⱼ|²) + log Z up to a constant, and its gradient.
func (p *placement) divergence(y point, near []neighbour, weights []float64) (value float64, gradient point) {
	force, z := p.tree.around(y)
	z++ // y is not in the tree
	value = math.Log(z)
	gradient = point{X: -2 * force.X / z, Y: -2 * force.Y / z}
	for e, nb := range near {
		dx, dy := y.X-p.points[nb.row].X, y.Y-p.points[nb.row].Y
		q := 1 / (1 + dx*dx + dy*dy)
		value -= weights[e] * math.Log(q)
		gradient.X += 2 * weights[e] * q * dx
		gradient.Y += 2 * weights[e] * q * dy
	}
	return value, gradient
}
