package tsne

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/org/salesconv/internal/kernel"
	"github.com/org/salesconv/internal/matrix"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Affinity is a sparse symmetric matrix of joint probabilities: how likely two points are to be neighbours. It is
// computed once, never changes, and may be laid out many times, also concurrently.
type Affinity struct {
	// Perplexity is the perplexity that every row was fitted to: the one asked for, or by default 30 or the largest
	// that the number of rows allows. With several Scales it is the largest.
	Perplexity float64

	first  []int     // row i holds entries first[i] to first[i+1], which may be more than 2^31
	column []int32   // ascending within a row, never the row itself
	p      []float64 // joint probabilities; all of them add up to 1
}

// Metric names how the distance of two rows is measured.
type Metric string

const (
	Euclidean Metric = "euclidean"
	Cosine    Metric = "cosine" // the Euclidean distance of the rows scaled to unit length
)

// AffinityOptions are the settings of NewAffinity. A nil pointer means the defaults.
type AffinityOptions struct {
	// Perplexity is the effective number of neighbours of a point, at least 1. A point is compared with 3·Perplexity
	// nearest rows, so n rows allow (n-1)/3 at most; more is an error. Default 30, or (n-1)/3 if that is less.
	Perplexity float64
	// Scales, if there are any, replace Perplexity: a point's affinities are the mean of those at each of these
	// perplexities, so that the map keeps near and far neighbourhoods at once (Kobak and Berens 2019). Default none.
	Scales []float64
	// AllRows compares every point with all others instead of the nearest, as in the original method, in time and
	// memory n². Perplexities may then be up to n-1. Default false.
	AllRows bool
	Metric  Metric // default Euclidean
	// Search is how the nearest rows are found. Default: ExactSearch for up to 100,000 rows, ApproximateSearch for more.
	Search Search
}

// complete fills in the defaults for n rows, and returns the perplexities and the number of neighbours.
func (o *AffinityOptions) complete(n int, perplexity float64) (scales []float64, k int, err error) {
	if o == nil {
		o = &AffinityOptions{}
	}
	per := 3.0
	if o.AllRows {
		per = 1
	}
	most := max(1, float64(n-1)/per)
	switch {
	case o.Search != "" && o.Search != ExactSearch && o.Search != ApproximateSearch:
		return nil, 0, fmt.Errorf("tsne: search %q, want %q or %q", o.Search, ExactSearch, ApproximateSearch)
	case o.Search == ApproximateSearch && o.AllRows:
		return nil, 0, errors.New("tsne: AllRows compares all rows: there is nothing to search, and nothing approximate")
	case len(o.Scales) > 0:
		scales = o.Scales
	case o.Perplexity != 0:
		scales = []float64{o.Perplexity}
	default:
		scales = []float64{min(perplexity, most)}
	}
	for _, perplexity := range scales {
		if !(perplexity >= 1) {
			return nil, 0, fmt.Errorf("tsne: perplexity %v, want at least 1", perplexity)
		}
		if perplexity > most {
			return nil, 0, fmt.Errorf("tsne: perplexity %v is too large for %d rows, which allow %.4g at most: lower it, or give more rows", perplexity, n, most)
		}
	}
	if o.AllRows {
		return scales, n - 1, nil
	}
	return scales, min(n-1, int(math.Ceil(per*slices.Max(scales)))), nil
}

// approximate reports whether the neighbours of n rows are searched for in cells.
func (o *AffinityOptions) approximate(n int) bool {
	if o == nil || o.Search == "" {
		return n > mostExactSearch && (o == nil || !o.AllRows)
	}
	return o.Search == ApproximateSearch
}

// rows copies x for the search of neighbours.
func (o *AffinityOptions) rows(x mat.Matrix) (*rows, error) {
	if o == nil || o.Metric == "" || o.Metric == Euclidean {
		return newRows(x)
	}
	compared, err := o.compared(x)
	if err != nil {
		return nil, err
	}
	return newRows(compared)
}

// compared copies x as the metric compares its rows.
func (o *AffinityOptions) compared(x mat.Matrix) (*mat.Dense, error) {
	switch o.Metric {
	case "", Euclidean, Cosine:
	default:
		return nil, fmt.Errorf("tsne: metric %q, want %q or %q", o.Metric, Euclidean, Cosine)
	}
	n, d, err := dims(x)
	if err != nil {
		return nil, err
	}
	rows, from := mat.NewDense(n, d, nil), matrix.Of(x)
	for i := range n {
		row := rows.RawRowView(i)
		copy(row, from.Row(i, make([]float64, d)))
		if err := checkRow(i, row); err != nil {
			return nil, err
		}
		if o.Metric != Cosine {
			continue
		}
		length := floats.Norm(row, 2)
		if length == 0 {
			return nil, fmt.Errorf("tsne: row %d is all zeros: it has no direction, and no cosine with others", i)
		}
		floats.Scale(1/length, row)
	}
	return rows, nil
}

// defaultPerplexity is the default of NewAffinity, where there are rows enough.
const defaultPerplexity = 30

// NewAffinity measures which rows of x are neighbours: the nearest neighbours, a Gaussian around each row whose width
// gives the perplexity asked for, and the mean of both directions. It takes two rows or more that are not all the same.
// Rows that implement RawRow(i) []float32 or mat.RawRowViewer are read without a copy. The result does not depend on the
// number of cores.
func NewAffinity(ctx context.Context, x mat.Matrix, opts *AffinityOptions) (*Affinity, error) {
	r, err := opts.rows(x)
	if err != nil {
		return nil, err
	}
	return newAffinity(ctx, r, opts)
}

func newAffinity(ctx context.Context, r *rows, opts *AffinityOptions) (*Affinity, error) {
	scales, k, err := opts.complete(r.n, defaultPerplexity)
	if err != nil {
		return nil, err
	}
	if r.n == 1 {
		return nil, errors.New("tsne: one row has no neighbours, want two or more")
	}
	if r.alike() {
		return nil, fmt.Errorf("tsne: %d rows, all the same: no row is nearer than another, and there is nothing to map", r.n)
	}
	pool := kernel.NewPool(0)
	defer pool.Close()
	search := nearest
	if opts.approximate(r.n) {
		search = nearestByCells
	}
	near, err := search(ctx, pool, r, k)
	if err != nil {
		return nil, fmt.Errorf("tsne: nearest neighbours: %w", err)
	}
	a, err := joint(ctx, pool, near, r.n, k, scales)
	if err != nil {
		return nil, fmt.Errorf("tsne: affinities of nearest neighbours: %w", err)
	}
	a.Perplexity = slices.Max(scales)
	return a, nil
}

// joint turns the distances of the k nearest neighbours of n rows to affinities.
func joint(ctx context.Context, pool *kernel.Pool, near []neighbour, n, k int, scales []float64) (*Affinity, error) {
	p := make([]float64, n*k)
	parallel(pool, n, func(lo, hi int) {
		one := make([]float64, k)
		for i := lo; i < hi && ctx.Err() == nil; i++ {
			for _, perplexity := range scales {
				conditional(near[i*k:(i+1)*k], perplexity, one)
				for e, v := range one {
					p[i*k+e] += v / float64(len(scales))
				}
			}
		}
	})
	return symmetric(ctx, near, p, n, k)
}

var errNoAffinity = errors.New("tsne: no affinity: it is nil, or not of NewAffinity")

func (a *Affinity) none() bool { return a == nil || a.Len() < 1 }

// Len is the number of points.
func (a *Affinity) Len() int { return len(a.first) - 1 }

// Row returns the neighbours of point i in ascending order, and the joint probability of each with i. The slices
// belong to a and must not be written to.
func (a *Affinity) Row(i int) (neighbours []int32, p []float64) {
	lo, hi := a.first[i], a.first[i+1]
	return a.column[lo:hi], a.p[lo:hi]
}

// conditional sets p to the Gaussian weights exp(-β d²)/Σ of neighbours sorted by distance, where β gives them the
// perplexity: Newton's method on log β, bisecting wherever it would leave the bracket found so far.
func conditional(near []neighbour, perplexity float64, p []float64) {
	if len(near) == 0 {
		return
	}
	mean := 0.0
	for _, nb := range near {
		mean += (nb.d2 - near[0].d2) / float64(len(near))
	}
	x := 0.0 // log β
	if mean > 0 {
		x = -math.Log(mean)
	}
	target := math.Log(perplexity)
	for lo, hi, step := x-50, x+50, 0; step < 100; step++ {
		entropy, slope := gaussian(near, math.Exp(x), p)
		excess := entropy - target
		if math.Abs(excess) < 1e-10 {
			return
		}
		if excess > 0 {
			lo = x
		} else {
			hi = x
		}
		next := x - excess/slope
		if !(next > lo && next < hi) {
			next = (lo + hi) / 2
		}
		if math.Abs(next-x) < 1e-12 {
			return
		}
		x = next
	}
}

// gaussian sets p to normalised weights exp(-β d²), and returns their entropy and its slope in log β.
func gaussian(near []neighbour, beta float64, p []float64) (entropy, slope float64) {
	var sum, first, second float64 // moments of β(d²-d₀²)
	for j, nb := range near {
		e := beta * (nb.d2 - near[0].d2)
		w := math.Exp(-e)
		p[j] = w
		sum += w
		first += w * e
		second += w * e * e
	}
	for j := range p {
		p[j] /= sum
	}
	first /= sum
	second /= sum
	return math.Log(sum) + first, first*first - second
}

// symmetric joins the k conditional probabilities of each of n rows to (p + pᵀ)/2n.
func symmetric(ctx context.Context, near []neighbour, p []float64, n, k int) (*Affinity, error) {
	type entry struct {
		j int32
		p float64
	}
	in := make([][]entry, n) // by ascending j, for rows are visited in order
	for i := range n {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		for e := i * k; e < (i+1)*k; e++ {
			in[near[e].row] = append(in[near[e].row], entry{int32(i), p[e]})
		}
	}
	a := &Affinity{first: make([]int, n+1)}
	scale := 1 / (2 * float64(n))
	var out []entry
	for i := range n {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		out = out[:0]
		for e := i * k; e < (i+1)*k; e++ {
			out = append(out, entry{near[e].row, p[e]})
		}
		slices.SortFunc(out, func(a, b entry) int { return int(a.j - b.j) })
		for incoming := in[i]; len(out) > 0 || len(incoming) > 0; {
			var next entry
			if len(incoming) == 0 || len(out) > 0 && out[0].j <= incoming[0].j {
				next, out = out[0], out[1:]
				if len(incoming) > 0 && incoming[0].j == next.j {
					next.p, incoming = next.p+incoming[0].p, incoming[1:]
				}
			} else {
				next, incoming = incoming[0], incoming[1:]
			}
			a.column = append(a.column, next.j)
			a.p = append(a.p, next.p*scale)
		}
		a.first[i+1] = len(a.column)
	}
	return a, nil
}
