package tsne

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/org/salesconv/internal/kernel"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Start returns the first two principal components of the rows of x, [n, 2]: a start that preserves the global
// structure of the data (Kobak and Linderman 2021). The first has standard deviation 1e-4; in both the loading that
// is largest in absolute value is positive, so that signs are determined. Noise of 1% drawn from seed separates
// equal rows and gives data of one column a second direction. Once ctx is done, Start returns its error.
func Start(ctx context.Context, x mat.Matrix, seed uint64) (*mat.Dense, error) {
	r, err := newRows(x)
	if err != nil {
		return nil, err
	}
	return start(ctx, r, seed)
}

func start(ctx context.Context, r *rows, seed uint64) (*mat.Dense, error) {
	random := rand.New(rand.NewPCG(seed, 0))
	axes, err := principal(ctx, r, random)
	if err != nil {
		return nil, err
	}
	y := mat.NewDense(r.n, 2, nil)
	for i := range r.n {
		for c := range 2 {
			y.Set(i, c, dot(r.row(i), axes[c*r.d:(c+1)*r.d]))
		}
	}
	return scaled(y, random), nil
}

// scaled scales a start so that its first column has standard deviation 1e-4, and adds noise of 1%.
func scaled(y *mat.Dense, random *rand.Rand) *mat.Dense {
	const deviation, jitter = 1e-4, 1e-6
	first := mat.Col(nil, 0, y)
	scale := 0.0
	if length := floats.Norm(first, 2); length > 0 {
		scale = deviation / (length / math.Sqrt(float64(len(first))))
	}
	y.Apply(func(_, _ int, v float64) float64 { return v*scale + jitter*random.NormFloat64() }, y)
	return y
}

// principal returns the first two principal axes of the rows, [2, d]. A block of random axes is multiplied by the
// covariance and made orthonormal again and again, which turns it towards the space of the leading axes (subspace
// iteration); the covariance within that space then tells the axes apart (Rayleigh–Ritz).
func principal(ctx context.Context, r *rows, random *rand.Rand) ([]float32, error) {
	const width, rounds = 12, 15
	pool := kernel.NewPool(0)
	defer pool.Close()
	block := make([]float32, width*r.d)
	for i := range block {
		block[i] = float32(random.NormFloat64())
	}
	scores := make([]float32, r.n*width)
	var packed kernel.Packed[float32]
	for round := range rounds {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("tsne: stopped in round %d of %d of the principal components: %w", round, rounds, ctx.Err())
		}
		orthonormal(block, r.d)
		packed.PackTransposed(pool, block, width, r.d)
		kernel.Gemm(pool, r.n, r.data, &packed, scores, kernel.Epilogue[float32]{})
		if round < rounds-1 {
			kernel.GemmTN(pool, r.n, scores, width, r.data, r.d, block)
		}
	}
	within := mat.NewSymDense(width, nil)
	for i := range r.n {
		row := scores[i*width : (i+1)*width]
		for a, va := range row {
			for b, vb := range row[:a+1] {
				within.SetSym(a, b, within.At(a, b)+float64(va)*float64(vb))
			}
		}
	}
	var eigen mat.EigenSym
	var vectors mat.Dense
	if !eigen.Factorize(within, true) {
		return block[:2*r.d], nil // cannot be: the entries are finite
	}
	eigen.VectorsTo(&vectors) // by ascending value
	axes := make([]float32, 2*r.d)
	for c := range 2 {
		for b := range width {
			w := vectors.At(b, width-1-c)
			for j := range r.d {
				axes[c*r.d+j] += float32(w * float64(block[b*r.d+j]))
			}
		}
		fixSign(axes[c*r.d : (c+1)*r.d])
	}
	return axes, nil
}

// fixSign turns the axis so that its loading largest in absolute value is positive.
func fixSign[T float32 | float64](axis []T) {
	var largest T
	for _, v := range axis {
		if max(v, -v) > max(largest, -largest) {
			largest = v
		}
	}
	if largest < 0 {
		for j := range axis {
			axis[j] = -axis[j]
		}
	}
}

// orthonormal makes the rows of v, d columns each, orthonormal in turn; a row that depends on those before it
// becomes zero.
func orthonormal(v []float32, d int) {
	for lo := 0; lo < len(v); lo += d {
		row := v[lo : lo+d]
		before := math.Sqrt(dot(row, row))
		for range 2 { // the second round takes away what rounding left in the first
			for k := 0; k < lo; k += d {
				other := v[k : k+d]
				w := dot(row, other)
				for j := range row {
					row[j] = float32(float64(row[j]) - w*float64(other[j]))
				}
			}
		}
		after := math.Sqrt(dot(row, row))
		for j := range row {
			if after <= 1e-5*before {
				row[j] = 0
			} else {
				row[j] = float32(float64(row[j]) / after)
			}
		}
	}
}

func dot(a, b []float32) float64 {
	sum := 0.0
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	return sum
}
