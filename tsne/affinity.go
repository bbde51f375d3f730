package tsne

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/org/salesconv/internal/kernel"
	"gonum.org/v1/gonum/mat"
)

// Affinity is a sparse symmetric matrix of joint probabilities: how likely two points are to be neighbours. It is
// computed once and may be laid out many times, also at the same time: it never changes.
type Affinity struct {
	// Perplexity is what every row was fitted to: the one asked for, or the most that the number of rows allows.
	Perplexity float64

	first  []int32   // row i holds entries first[i] to first[i+1]
	column []int32   // ascending within a row, never the row itself
	p      []float64 // joint probabilities; all of them add up to 1
}

// AffinityOptions says how neighbourhoods are measured. A nil pointer means the defaults.
type AffinityOptions struct {
	// Perplexity is the effective number of neighbours of a point, at least 1. A point is compared with its
	// 3·Perplexity nearest rows, so that n rows allow (n-1)/3 at most: more is cut to that, as
	// Affinity.Perplexity tells. Default 30.
	Perplexity float64
}

// NewAffinity measures which rows of x are neighbours: the exact nearest neighbours by Euclidean distance, a
// Gaussian around each row whose width gives the perplexity asked for, and the mean of both directions. Rows that
// implement RawRow(i) []float32 or mat.RawRowViewer are read without a copy. The result does not depend on the
// number of cores.
func NewAffinity(ctx context.Context, x mat.Matrix, opts *AffinityOptions) (*Affinity, error) {
	r, err := newRows(x)
	if err != nil {
		return nil, err
	}
	return newAffinity(ctx, r, opts)
}

func newAffinity(ctx context.Context, r *rows, opts *AffinityOptions) (*Affinity, error) {
	perplexity := 30.0
	if opts != nil && opts.Perplexity != 0 {
		perplexity = opts.Perplexity
	}
	if !(perplexity >= 1) || math.IsInf(perplexity, 0) {
		return nil, fmt.Errorf("tsne: perplexity %v, want at least 1", perplexity)
	}
	perplexity = min(perplexity, max(1, float64(r.n-1)/3))
	k := min(r.n-1, int(math.Ceil(3*perplexity)))
	pool := kernel.NewPool(0)
	defer pool.Close()
	near, err := nearest(ctx, pool, r, k)
	if err != nil {
		return nil, fmt.Errorf("tsne: stopped in the search of neighbours: %w", err)
	}
	p := make([]float64, r.n*k)
	parallel(pool, r.n, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			conditional(near[i*k:(i+1)*k], perplexity, p[i*k:(i+1)*k])
		}
	})
	a := symmetric(near, p, r.n, k)
	a.Perplexity = perplexity
	return a, nil
}

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
func symmetric(near []neighbour, p []float64, n, k int) *Affinity {
	type entry struct {
		j int32
		p float64
	}
	in := make([][]entry, n) // by ascending j, for rows are visited in order
	for i := range n {
		for e := i * k; e < (i+1)*k; e++ {
			in[near[e].row] = append(in[near[e].row], entry{int32(i), p[e]})
		}
	}
	a := &Affinity{first: make([]int32, n+1)}
	scale := 1 / (2 * float64(n))
	var out []entry
	for i := range n {
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
		a.first[i+1] = int32(len(a.column))
	}
	return a
}
