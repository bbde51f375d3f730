package classify

import (
	"errors"
	"math"

	"github.com/org/salesconv/internal/kernel"
	"github.com/org/salesconv/internal/matrix"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

const (
	blockRows  = 64 // rows a pass works on at a time, so that both products find them in cache
	passChunks = 64 // partial sums of a pass; fixed, so that sums have one order whatever the number of processors
)

// A design is the matrix of a linear model with each column shifted to mean 0 and, if asked, scaled to variance 1,
// without changing or copying x. With an unpenalised intercept the shift changes nothing but the condition number.
//
// Coefficients are kept as θ = [v, b]: the margin of row i is Σ_j v_j·(x_ij-mean_j)/scale_j + b.
type design struct {
	x        mat.Matrix
	n, d     int
	mean     []float64
	variance []float64 // of the shifted and scaled columns
	scale    []float64
	pool     *kernel.Pool

	columns *matrix.Sparse // the transpose, where x is sparse
	buffers [][]float64    // a block of rows for each worker, where x does not keep such blocks
	sums    []float64      // passChunks × (d+1)
}

// newDesign reads x once: its values are checked, its columns measured.
func newDesign(x mat.Matrix, standardize bool, pool *kernel.Pool) (*design, error) {
	n, d := x.Dims()
	x = inFloat64(x)
	m := &design{
		x: x, n: n, d: d, pool: pool,
		mean: make([]float64, d), variance: make([]float64, d), scale: make([]float64, d),
		buffers: make([][]float64, pool.Workers()), sums: make([]float64, passChunks*(d+1)),
	}
	if s, ok := x.(*matrix.Sparse); ok {
		m.columns = s.Transposed()
		m.measureSparse()
	} else {
		m.measureDense(standardize)
	}
	for j, v := range m.variance {
		if math.IsNaN(m.mean[j]+v) || math.IsInf(m.mean[j]+v, 0) {
			if err := checkFinite(x, false); err != nil {
				return nil, err
			}
			return nil, errors.New("classify: the squares of the values overflow: scale the columns down")
		}
		m.scale[j] = 1
		if rounding := float64(n) * m.mean[j] * 0x1p-52; standardize && v > rounding*rounding {
			m.scale[j], m.variance[j] = math.Sqrt(v), 1
		}
	}
	return m, nil
}

// inFloat64 gives sparse matrices of any kind as matrix.Sparse, and copies small matrices of other kinds to float64, in
// which passes need no conversion.
func inFloat64(x mat.Matrix) mat.Matrix {
	if s, ok := matrix.AsSparse(x); ok {
		return s
	}
	const small = 1 << 20 // values
	n, d := x.Dims()
	if _, raw := x.(mat.RawMatrixer); raw || n*d > small {
		return x
	}
	c, r := mat.NewDense(n, d, nil), matrix.Of(x)
	for i := range n {
		row := c.RawRowView(i)
		copy(row, r.Row(i, row))
	}
	return c
}

// measureDense finds the means of the columns, and their variances: from all rows if these matter, otherwise from
// enough of them for a first guess of the curvature.
func (m *design) measureDense(standardize bool) {
	g := make([]float64, m.d+1)
	m.passDense(make([]float64, m.d), 0, func(int, float64) float64 { return 1 / float64(m.n) }, g)
	copy(m.mean, g)
	r, sample := matrix.Of(m.x), m.n
	if !standardize {
		sample = min(m.n, 1024)
	}
	const chunks = 16
	sums := make([]float64, chunks*m.d)
	m.pool.Do(chunks, func(worker, k int) {
		square, buf := sums[k*m.d:][:len(m.mean)], m.buffer(worker)[:m.d]
		for i := k * sample / chunks; i < (k+1)*sample/chunks; i++ {
			row := r.Row(i*m.n/sample, buf)[:len(m.mean)]
			for j, v := range row {
				v -= m.mean[j]
				square[j] += v * v
			}
		}
	})
	for k := range chunks {
		for j := range m.variance {
			m.variance[j] += sums[k*m.d+j] / float64(sample)
		}
	}
}

func (m *design) measureSparse() {
	for j := range m.d {
		_, value := m.columns.NonZero(j)
		sum, square := 0.0, 0.0
		for _, v := range value {
			sum += v
			square += v * v
		}
		m.mean[j] = sum / float64(m.n)
		m.variance[j] = max(0, square/float64(m.n)-m.mean[j]*m.mean[j])
	}
}

// raw turns θ into coefficients and intercept for the columns of x as they are.
func (m *design) raw(theta []float64) (u []float64, c float64) {
	u, c = make([]float64, m.d), theta[m.d]
	for j := range u {
		u[j] = theta[j] / m.scale[j]
		c -= u[j] * m.mean[j]
	}
	return u, c
}

// pass gives the margin z_i of each row under θ to f and returns Σ_i f(i, z_i)·∂z_i/∂θ.
// It reads x once, and calls f in parallel, once for each row.
func (m *design) pass(theta []float64, f func(i int, z float64) float64) []float64 {
	u, c := m.raw(theta)
	g := make([]float64, m.d+1)
	if s, ok := m.x.(*matrix.Sparse); ok {
		m.passSparse(s, u, c, f, g)
	} else {
		m.passDense(u, c, f, g)
	}
	for j := range u {
		g[j] = (g[j] - m.mean[j]*g[m.d]) / m.scale[j]
	}
	return g
}

// passDense sets g to Σ_i f(i, z_i)·[x_i, 1] with z_i = x_i·u + c.
func (m *design) passDense(u []float64, c float64, f func(i int, z float64) float64, g []float64) {
	clear(m.sums)
	r := matrix.Of(m.x)
	blocks := (m.n + blockRows - 1) / blockRows
	chunks := min(blocks, passChunks)
	m.pool.Do(chunks, func(worker, k int) {
		sum := m.sums[k*(m.d+1) : (k+1)*(m.d+1)]
		var margins [blockRows]float64
		for b := k * blocks / chunks; b < (k+1)*blocks/chunks; b++ {
			lo, hi := b*blockRows, min(m.n, (b+1)*blockRows)
			a := m.rows(r, lo, hi, worker)
			z := margins[:hi-lo]
			for i := range z {
				z[i] = c
			}
			blas64.Gemv(blas.NoTrans, 1, a, vector(u), 1, vector(z))
			for i := range z {
				z[i] = f(lo+i, z[i])
				sum[m.d] += z[i]
			}
			blas64.Gemv(blas.Trans, 1, a, vector(z), 1, vector(sum[:m.d]))
		}
	})
	for k := range chunks {
		for j, v := range m.sums[k*(m.d+1) : (k+1)*(m.d+1)] {
			g[j] += v
		}
	}
}

func vector(v []float64) blas64.Vector { return blas64.Vector{N: len(v), Data: v, Inc: 1} }

// rows gives rows lo to hi as one block, copied where x does not keep them so.
func (m *design) rows(r matrix.Rows, lo, hi, worker int) blas64.General {
	if x, ok := m.x.(mat.RawMatrixer); ok {
		a := x.RawMatrix()
		return blas64.General{Rows: hi - lo, Cols: m.d, Stride: a.Stride, Data: a.Data[lo*a.Stride:]}
	}
	buf := m.buffer(worker)
	for i := lo; i < hi; i++ {
		into := buf[(i-lo)*m.d : (i-lo+1)*m.d]
		if row := r.Row(i, into); &row[0] != &into[0] {
			copy(into, row)
		}
	}
	return blas64.General{Rows: hi - lo, Cols: m.d, Stride: m.d, Data: buf}
}

// buffer has room for a block of rows.
func (m *design) buffer(worker int) []float64 {
	if m.buffers[worker] == nil {
		m.buffers[worker] = make([]float64, blockRows*m.d)
	}
	return m.buffers[worker]
}

// passSparse is passDense by rows, then by columns.
func (m *design) passSparse(x *matrix.Sparse, u []float64, c float64, f func(i int, z float64) float64, g []float64) {
	weight := make([]float64, m.n)
	m.each(m.n, func(_, i int) { weight[i] = f(i, x.Dot(i, u)+c) })
	m.each(m.d, func(_, j int) { g[j] = m.columns.Dot(j, weight) })
	for _, w := range weight {
		g[m.d] += w
	}
}

// each calls f for 0 to n-1, in parallel.
func (m *design) each(n int, f func(worker, i int)) {
	const grain = 256
	m.pool.Do((n+grain-1)/grain, func(worker, k int) {
		for i := k * grain; i < min(n, (k+1)*grain); i++ {
			f(worker, i)
		}
	})
}
