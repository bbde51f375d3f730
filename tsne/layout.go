package tsne

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/org/salesconv/internal/kernel"
	"gonum.org/v1/gonum/mat"
)

// Map is a layout of points in the plane.
type Map struct {
	Points     *mat.Dense // [n, 2]
	KL         float64    // Kullback–Leibler divergence of the layout from the affinities
	Iterations int        // iterations done, exaggerated ones included
	// GradientNorm is the length of the gradient at Points, 0 at a minimum: where it is small, more iterations gain little.
	// After 500 iterations it is about 1e-4 on a few thousand points.
	GradientNorm float64
}

// LayoutOptions are the settings of Layout. A nil pointer means the defaults.
type LayoutOptions struct {
	// Exaggeration multiplies the affinities in the early iterations, so that clusters form before they settle.
	// Default 12; 1 turns it off.
	Exaggeration float64
	// EarlyIterations are done with exaggeration. Default 250; negative for none.
	EarlyIterations int
	// Iterations are done after them. Default 500; negative for none.
	Iterations int
	// LearningRate is the step along the gradient. Default for n points: n/4/Exaggeration in the early iterations, n/4 right
	// after them (both as in Belkina et al. 2019), and 1% more in each further iteration up to n/2. With higher rates
	// heavy-tailed data end in poor minima, and many points keep moving.
	LearningRate float64
	// Method computes the repulsion of all points by all others. Default: Exact for up to 500 points, BarnesHut for up
	// to 10,000, FFT for more.
	Method Method
	// Theta is the largest ratio of a cell's width to its distance from a point at which its points are taken
	// together, above 0 and at most 1: the smaller, the more exact and the slower. Default 0.5. It applies to
	// BarnesHut, and to FFT while a map is wider than 1,000 units.
	Theta float64
	// Progress, if set, is called after every 50 iterations and after the last.
	Progress func(Step)
}

// Step is passed to Progress.
type Step struct {
	Iteration, Iterations int
	KL                    float64
	GradientNorm          float64
}

const (
	momentum    = 0.8
	longestStep = 5  // that a point goes in one iteration: without a bound, points with far neighbours are thrown out
	stepEvery   = 50 // iterations between calls of Progress
)

func (o *LayoutOptions) complete() (LayoutOptions, error) {
	c := LayoutOptions{}
	if o != nil {
		c = *o
	}
	c.Exaggeration = orDefault(c.Exaggeration, 12)
	c.EarlyIterations = max(0, orDefault(c.EarlyIterations, 250))
	c.Iterations = max(0, orDefault(c.Iterations, 500))
	c.Theta = orDefault(c.Theta, 0.5)
	switch {
	case !(c.Exaggeration >= 1) || math.IsInf(c.Exaggeration, 0):
		return c, fmt.Errorf("tsne: exaggeration %v, want a finite number from 1 on", c.Exaggeration)
	case !(c.Theta > 0 && c.Theta <= 1):
		return c, fmt.Errorf("tsne: theta %v, want above 0 and at most 1", c.Theta)
	case c.Method != "" && c.Method != Exact && c.Method != BarnesHut && c.Method != FFT:
		return c, fmt.Errorf("tsne: method %q, want %q, %q or %q", c.Method, Exact, BarnesHut, FFT)
	case c.EarlyIterations > math.MaxInt32 || c.Iterations > math.MaxInt32:
		return c, fmt.Errorf("tsne: %d and %d iterations, want at most %d", c.EarlyIterations, c.Iterations, math.MaxInt32)
	case !(c.LearningRate >= 0) || math.IsInf(c.LearningRate, 0):
		return c, fmt.Errorf("tsne: learning rate %v, want a finite number above 0, or 0 for the default", c.LearningRate)
	}
	return c, nil
}

func orDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// Layout moves the points of start, [a.Len(), 2], so that points with high affinity are near each other, by
// gradient descent on the Kullback–Leibler divergence. The divergence that it reports is a sum over the entries of
// a. The same arguments give the same bytes on any number of cores. Once ctx is done, Layout returns the map so far
// and an error that wraps ctx.Err().
func (a *Affinity) Layout(ctx context.Context, start mat.Matrix, opts *LayoutOptions) (*Map, error) {
	o, err := opts.complete()
	if err != nil {
		return nil, err
	}
	if a.none() {
		return nil, errNoAffinity
	}
	if err := a.checkStart(start); err != nil {
		return nil, err
	}
	d := newDescent(a, start, &o)
	defer d.pool.Close()
	total := o.EarlyIterations + o.Iterations
	for it := 0; it < total; it++ {
		if ctx.Err() != nil {
			m, err := d.finish(it)
			if err != nil {
				return nil, err
			}
			return m, fmt.Errorf("tsne: stopped after %d of %d iterations: %w", it, total, ctx.Err())
		}
		exaggeration := 1.0
		if it < o.EarlyIterations {
			exaggeration = o.Exaggeration
		}
		rate := cmp.Or(o.LearningRate, defaultRate(a.Len(), exaggeration, it-o.EarlyIterations))
		if err := d.step(exaggeration, rate); err != nil {
			return nil, fmt.Errorf("%w in iteration %d: lower the learning rate %.4g", err, it, rate)
		}
		if o.Progress != nil && ((it+1)%stepEvery == 0 || it+1 == total) {
			o.Progress(Step{it + 1, total, d.divergence(), norm(d.gradient)})
		}
	}
	return d.finish(total)
}

// farthest is how far from 0 a start may be. No point moves more than longestStep at a time, and those that are so much
// further from each other than others are in one cell of a tree.
const farthest = 1e6

// checkStart returns an error for a start from which no map comes.
func (a *Affinity) checkStart(start mat.Matrix) error {
	if start == nil {
		return errors.New("tsne: no start: see Start")
	}
	n, d := start.Dims()
	if n != a.Len() || d != 2 {
		return fmt.Errorf("tsne: start is [%d %d], want [%d 2]", n, d, a.Len())
	}
	alike := true
	for i := range n {
		for j := range d {
			v := start.At(i, j)
			if !(math.Abs(v) <= farthest) {
				return fmt.Errorf("tsne: start: row %d, column %d is %v, want %d to %d: scale the start, as Start does", i, j, v, int(-farthest), int(farthest))
			}
			alike = alike && v == start.At(0, j)
		}
	}
	if alike {
		return errors.New("tsne: all points of the start are in one place, from which nothing moves them: see Start")
	}
	return nil
}

// defaultRate is the learning rate for n points, after so many late iterations, or below 0 in the early ones.
func defaultRate(n int, exaggeration float64, late int) float64 {
	const growth, most = 1.01, 2
	rate := float64(n) / 4 / exaggeration
	if late > 0 {
		rate *= min(math.Pow(growth, float64(late)), most)
	}
	return rate
}

// descent is the state of one layout. Its points are in an order of its own, in which those that attract each other are near
// in memory.
type descent struct {
	order    []int32 // of the points
	a        *Affinity
	pool     *kernel.Pool
	forces   repulsion
	fine     repulsion // for the divergence
	points   []point
	gradient []point
	velocity []point
	gain     []point
	repel    []point // Σ q² (p - pⱼ), not yet divided by Z
	kl       []float64
}

func newDescent(a *Affinity, start mat.Matrix, o *LayoutOptions) *descent {
	n, order := a.Len(), a.order()
	d := &descent{
		order: order, a: a.by(order), pool: kernel.NewPool(0),
		points: make([]point, n), gradient: make([]point, n), velocity: make([]point, n), gain: make([]point, n),
		repel: make([]point, n), kl: make([]float64, n),
	}
	d.forces, d.fine = newRepulsion(d.pool, n, o.Method, o.Theta)
	for k, i := range order {
		d.points[k] = point{X: start.At(int(i), 0), Y: start.At(int(i), 1)}
		d.gain[k] = point{X: 1, Y: 1}
	}
	return d
}

var errDiverged = errors.New("tsne: points moved to infinity")

// step moves all points once, with momentum and a gain for each coordinate that grows while the gradient keeps its
// direction (Jacobs 1988).
func (d *descent) step(exaggeration, rate float64) error {
	if err := d.slope(exaggeration); err != nil {
		return err
	}
	parallel(d.pool, len(d.points), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			g, v, k := d.gradient[i], &d.velocity[i], &d.gain[i]
			k.X, k.Y = gain(k.X, g.X, v.X), gain(k.Y, g.Y, v.Y)
			v.X = momentum*v.X - rate*k.X*g.X
			v.Y = momentum*v.Y - rate*k.Y*g.Y
			if math.Abs(v.X)+math.Abs(v.Y) > longestStep { // as few are
				if length := math.Hypot(v.X, v.Y); length > longestStep {
					v.X, v.Y = v.X*longestStep/length, v.Y*longestStep/length
				}
			}
			d.points[i].X += v.X
			d.points[i].Y += v.Y
		}
	})
	return nil
}

func gain(gain, gradient, velocity float64) float64 {
	if gradient*velocity < 0 {
		return gain + 0.2
	}
	return max(gain*0.8, 0.01)
}

// slope sets the gradient: 4 Σⱼ (e·pᵢⱼ - qᵢⱼ/Z) qᵢⱼ (yᵢ - yⱼ).
func (d *descent) slope(exaggeration float64) error {
	z, err := d.repulsion(d.forces)
	if err != nil {
		return err
	}
	parallel(d.pool, len(d.points), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row, weight := d.a.Row(i)
			pull := kernel.Attract(d.points[i], d.points, row, weight)
			d.gradient[i] = point{
				X: 4 * (exaggeration*pull.X - d.repel[i].X/z),
				Y: 4 * (exaggeration*pull.Y - d.repel[i].Y/z),
			}
		}
	})
	return nil
}

// repulsion sets repel, and returns Z, the sum of q over all pairs.
func (d *descent) repulsion(forces repulsion) (z float64, err error) {
	z, err = forces.repulsion(d.points, d.repel)
	return max(z, math.SmallestNonzeroFloat64), err // points too far apart to feel each other
}

// divergence is Σ p log(p Z/q) over the entries of the affinities, with Z summed finely.
func (d *descent) divergence() float64 {
	z, err := d.repulsion(d.fine)
	if err != nil {
		return math.NaN()
	}
	parallel(d.pool, len(d.points), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			d.kl[i] = 0
			row, weight := d.a.Row(i)
			for e, j := range row {
				if w := weight[e]; w > 0 {
					dx, dy := d.points[i].X-d.points[j].X, d.points[i].Y-d.points[j].Y
					d.kl[i] += w * math.Log(w*(1+dx*dx+dy*dy)*z)
				}
			}
		}
	})
	sum := 0.0
	for _, v := range d.kl {
		sum += v
	}
	return sum
}

func (d *descent) finish(iterations int) (*Map, error) {
	m := &Map{Points: mat.NewDense(len(d.points), 2, nil), KL: d.divergence(), Iterations: iterations}
	if math.IsNaN(m.KL) || math.IsInf(m.KL, 0) {
		return nil, fmt.Errorf("%w in iteration %d: lower the learning rate", errDiverged, iterations)
	}
	if err := d.slope(1); err != nil {
		return nil, err
	}
	m.GradientNorm = norm(d.gradient)
	for k, p := range d.points {
		m.Points.SetRow(int(d.order[k]), []float64{p.X, p.Y})
	}
	return m, nil
}

func norm(v []point) float64 {
	sum := 0.0
	for _, p := range v {
		sum += p.X*p.X + p.Y*p.Y
	}
	return math.Sqrt(sum)
}
