package tsne

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/org/salesconv/internal/kernel"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Spectral returns a start from the affinities instead of the rows, [n, 2]: the eigenvectors of the second and third largest
// eigenvalue of a random walk among neighbours (the Laplacian eigenmap of Belkin and Niyogi 2003). It shows curved structure
// that principal components fold together. Scale, signs and noise are as in Start. The eigenvectors are computed to a
// residual of 1e-4, or by 100 rounds of filtered subspace iteration, which is accurate enough for a start. Once ctx is done,
// Spectral returns its error.
func (a *Affinity) Spectral(ctx context.Context, seed uint64) (*mat.Dense, error) {
	if a.none() {
		return nil, errNoAffinity
	}
	random := rand.New(rand.NewPCG(seed, 0))
	w := newWalker(a)
	defer w.pool.Close()
	vectors, err := w.leading(ctx, random)
	if err != nil {
		return nil, err
	}
	y := mat.NewDense(a.Len(), 2, nil)
	for c := range min(2, len(vectors)) {
		for i, v := range vectors[c] {
			vectors[c][i] = v / w.root[i]
		}
		fixSign(vectors[c])
		y.SetCol(c, vectors[c])
	}
	return scaled(y, random), nil
}

// walker is the symmetric form of the random walk, D^-½ P D^-½, whose eigenvalues are from -1 to 1.
type walker struct {
	*Affinity
	pool *kernel.Pool
	root []float64 // D^½
	top  []float64 // the eigenvector of 1, the walk's equilibrium
}

func newWalker(a *Affinity) *walker {
	w := &walker{Affinity: a, pool: kernel.NewPool(0), root: make([]float64, a.Len()), top: make([]float64, a.Len())}
	for i := range w.root {
		_, p := a.Row(i)
		w.root[i] = math.Sqrt(floats.Sum(p))
	}
	floats.ScaleTo(w.top, 1/floats.Norm(w.root, 2), w.root)
	return w
}

// times sets y to the matrix times x.
func (w *walker) times(x, y []float64) {
	parallel(w.pool, len(x), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			sum := 0.0
			row, p := w.Row(i)
			for e, j := range row {
				sum += p[e] * x[j] / w.root[j]
			}
			y[i] = sum / w.root[i]
		}
	})
}

// leading returns the eigenvectors of the largest eigenvalues except the eigenvalue of top. A block of vectors is turned
// towards them by Chebyshev polynomials of the matrix, which are small below the block's own eigenvalues and grow fast above (Zhou et
// al. 2006).
func (w *walker) leading(ctx context.Context, random *rand.Rand) ([][]float64, error) {
	const width, rounds, degree, tolerance = 6, 100, 12, 1e-4
	n := w.Len()
	block := make([][]float64, min(width, n-1))
	images := make([][]float64, len(block))
	for b := range block {
		block[b], images[b] = make([]float64, n), make([]float64, n)
		for i := range block[b] {
			block[b][i] = random.NormFloat64()
		}
	}
	for round := 0; ; round++ {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("tsne: stopped in round %d of %d of the spectral start: %w", round, rounds, context.Cause(ctx))
		}
		if round == rounds {
			return block, nil
		}
		w.orthonormalize(block)
		for b := range block {
			w.times(block[b], images[b])
		}
		values, ok := rotate(block, images)
		if !ok || residual(block, images, values) < tolerance {
			return block, nil
		}
		below := max(values[len(values)-1], -0.5)
		for b := range block {
			block[b] = w.filter(ctx, block[b], degree, below)
		}
	}
}

// orthonormalize makes the vectors orthonormal in turn, and orthogonal to top.
func (w *walker) orthonormalize(block [][]float64) {
	for b, v := range block {
		floats.Scale(1/floats.Norm(v, 2), v)
		for range 2 { // the second round takes away what rounding left in the first
			floats.AddScaled(v, -floats.Dot(v, w.top), w.top)
			for _, other := range block[:b] {
				floats.AddScaled(v, -floats.Dot(v, other), other)
			}
		}
		floats.Scale(1/floats.Norm(v, 2), v)
	}
}

// rotate turns the block, and its images likewise, to approximate eigenvectors by descending eigenvalue (Rayleigh–Ritz).
func rotate(block, images [][]float64) (values []float64, ok bool) {
	m := len(block)
	within := mat.NewSymDense(m, nil)
	for a := range m {
		for b := range a + 1 {
			within.SetSym(a, b, floats.Dot(block[a], images[b]))
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(within, true) {
		return nil, false
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors) // by ascending value
	for _, set := range [][][]float64{block, images} {
		row := make([]float64, m)
		for i := range set[0] {
			for b := range row {
				row[b] = set[b][i]
			}
			for b := range set {
				set[b][i] = 0
				for k, v := range row {
					set[b][i] += vectors.At(k, m-1-b) * v
				}
			}
		}
	}
	values = eigen.Values(nil)
	slices.Reverse(values)
	return values, true
}

// residual is how far the first two vectors are from eigenvectors.
func residual(block, images [][]float64, values []float64) (most float64) {
	for b := range min(2, len(block)) {
		sum := 0.0
		for i, v := range images[b] {
			off := v - values[b]*block[b][i]
			sum += off * off
		}
		most = max(most, math.Sqrt(sum))
	}
	return most
}

// filter returns the Chebyshev polynomial of the matrix that is small for eigenvalues from -1 to below, times v; once ctx is
// done, one of a lower degree.
func (w *walker) filter(ctx context.Context, v []float64, degree int, below float64) []float64 {
	centre, half := (below-1)/2, (below+1)/2
	before, now := v, make([]float64, len(v))
	w.times(before, now)
	for i := range now {
		now[i] = (now[i] - centre*before[i]) / half
	}
	next := make([]float64, len(v))
	for k := 1; k < degree && ctx.Err() == nil; k++ {
		w.times(now, next)
		for i := range next {
			next[i] = 2*(next[i]-centre*now[i])/half - before[i]
		}
		before, now, next = now, next, before
	}
	return now
}
