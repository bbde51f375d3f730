package shap

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/internal/matrix"
	"github.com/org/salesconv/internal/parallel"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// maxCorrelated is the most columns up to which CorrelatedRows visits all sets of columns.
const maxCorrelated = 12

// CorrelatedRows explains the log-odds that a logistic regression gives each row of x if columns are correlated: an
// unknown column takes its conditional mean given the known ones, in a normal distribution with the given mean and
// covariance, as Mean and Covariance estimate them (observational, or correlation-dependent, values). So a column with
// coefficient 0 has a value as far as it predicts other columns. LinearRows, by contrast, explains the model itself.
//
// Up to 12 columns the values are exact. With more they are means over orders of the columns, with Errors; opts are
// as for Sample, except that Groups is ignored. The values add up to the log-odds exactly in either case. An order
// takes about columns³ + rows·columns² operations.
func CorrelatedRows(ctx context.Context, model *classify.Logistic, mean []float64, covariance mat.Symmetric, x mat.Matrix, opts *SampleOptions) (*Explanations, error) {
	n, d, err := checkRows(model, mean, x)
	if err != nil {
		return nil, err
	}
	o, err := opts.complete(d)
	if err != nil {
		return nil, err
	}
	c := &correlated{weights: make([]float64, d), offsets: mat.NewDense(d, n, nil)}
	deviations, err := c.correlate(covariance)
	if err != nil {
		return nil, err
	}
	for j, s := range deviations {
		c.weights[j] = model.Coefficients[j] * s
	}
	if err := eachRow(ctx, x, func(i int, row []float64) {
		for j, v := range row {
			c.offsets.Set(j, i, (v-at(mean, j))/deviations[j])
		}
	}); err != nil {
		return nil, err
	}
	out := &Explanations{Base: base(model, mean), X: x}
	if d <= maxCorrelated {
		out.Values = c.exact()
	} else if err := c.sample(ctx, o, out); err != nil {
		return nil, err
	}
	if err := out.finite(); err != nil {
		return nil, err
	}
	return out, nil
}

// correlated is a linear function of columns with a normal distribution, in units of their standard deviations. What is
// expected of it given a set of columns is linear in their offsets from the mean.
type correlated struct {
	weights      []float64
	correlations *mat.SymDense
	offsets      *mat.Dense // [columns, rows]
}

// correlate takes the correlations from a covariance and returns the standard deviations. Constant columns, by which
// nothing is known of others, count as having the deviation 1.
func (c *correlated) correlate(covariance mat.Symmetric) (deviations []float64, err error) {
	if s, ok := covariance.(*mat.SymDense); covariance == nil || ok && s == nil {
		return nil, errors.New("shap: no covariance: it is nil; LinearRows is for columns without one")
	}
	d := len(c.weights)
	if n := covariance.SymmetricDim(); n != d {
		return nil, fmt.Errorf("shap: covariance of %d columns, want the model's %d", n, d)
	}
	deviations = make([]float64, d)
	for j := range d {
		v := covariance.At(j, j)
		if !(v >= 0 && v <= math.MaxFloat64) {
			return nil, fmt.Errorf("shap: the variance of column %d is %v, want a finite number from 0 on", j, v)
		}
		if deviations[j] = math.Sqrt(v); v == 0 {
			deviations[j] = 1
		}
	}
	c.correlations = mat.NewSymDense(d, nil)
	for i := range d {
		c.correlations.SetSym(i, i, 1)
		for j := range i {
			v := covariance.At(i, j) / deviations[i] / deviations[j]
			if v-v != 0 {
				return nil, fmt.Errorf("shap: the covariance of columns %d and %d is %v, the variances are %v and %v", j, i,
					covariance.At(i, j), covariance.At(j, j), covariance.At(i, i))
			}
			c.correlations.SetSym(i, j, v)
		}
	}
	var root mat.Cholesky
	if !root.Factorize(c.correlations) || root.Cond() > 1e13 {
		return nil, errors.New("shap: the covariance is not positive definite: use the result of Covariance, which is")
	}
	return deviations, nil
}

// exact returns the values of all rows, [rows, columns].
func (c *correlated) exact() *mat.Dense {
	d, n := c.offsets.Dims()
	weight := shapleyWeights(d)
	share := mat.NewDense(d, d, nil) // values are share · offsets
	for set := 1; set < 1<<d; set++ {
		size := bits.OnesCount(uint(set))
		expected := c.expected(set)
		for i := range d {
			if set>>i&1 == 1 {
				addScaled(share.RawRowView(i), weight[size-1], expected)
			} else {
				addScaled(share.RawRowView(i), -weight[size], expected)
			}
		}
	}
	values := mat.NewDense(n, d, nil)
	values.Mul(c.offsets.T(), share.T())
	return values
}

// expected returns the factors of the offsets in what is expected given a set of columns: zeros for the others. With
// K the known columns, U the unknown and R the correlations they are weights_K + R_KK⁻¹ R_KU weights_U.
func (c *correlated) expected(set int) []float64 {
	d := len(c.weights)
	var known []int
	for i := range d {
		if set>>i&1 == 1 {
			known = append(known, i)
		}
	}
	within, with := mat.NewSymDense(len(known), nil), mat.NewVecDense(len(known), nil)
	for a, i := range known {
		for b, j := range known[:a+1] {
			within.SetSym(a, b, c.correlations.At(i, j))
		}
		for j, w := range c.weights {
			if set>>j&1 == 0 {
				with.SetVec(a, with.AtVec(a)+c.correlations.At(i, j)*w)
			}
		}
	}
	var root mat.Cholesky
	root.Factorize(within) // of a part of a positive definite matrix
	root.SolveVecTo(with, with)
	factors := make([]float64, d)
	for a, i := range known {
		factors[i] = c.weights[i] + with.AtVec(a)
	}
	return factors
}

func addScaled(y []float64, factor float64, x []float64) {
	for j, v := range x {
		y[j] += factor * v
	}
}

// sample sets values and errors of out from the mean over pairs of orders.
func (c *correlated) sample(ctx context.Context, o SampleOptions, out *Explanations) error {
	const batch = 8 // pairs at once, added up in their order
	d, n := c.offsets.Dims()
	random := rand.New(rand.NewPCG(o.Seed, 0))
	sums := newMoments(d * n)
	for from, pairs := 0, o.pairs(); from < pairs; from += batch {
		orders := make([][]int, min(batch, pairs-from))
		for k := range orders {
			orders[k] = random.Perm(d)
		}
		added := make([][]float64, len(orders)) // by column and row
		parallel.Do(len(orders), func(k int) {
			if ctx.Err() != nil {
				return
			}
			added[k] = make([]float64, d*n)
			c.add(orders[k], added[k])
			slices.Reverse(orders[k])
			c.add(orders[k], added[k])
		})
		if ctx.Err() != nil {
			return fmt.Errorf("shap: stopped before pair %d of %d of orders: %w", from+1, pairs, context.Cause(ctx))
		}
		for _, v := range added {
			sums.add(v)
		}
	}
	out.Values, out.Errors = mat.NewDense(n, d, nil), mat.NewDense(n, d, nil)
	values, errs := sums.estimate(n)
	out.Values.Copy(mat.NewDense(d, n, values).T())
	out.Errors.Copy(mat.NewDense(d, n, errs).T())
	return nil
}

// add adds half of what each column adds to the expectation where columns become known in an order, to values by column
// and row. With the Cholesky factor L of the correlations in that order, column k brings the news zₖ of z = L⁻¹·offsets, and
// the expectation given the first columns is weights·L·z over the news so far: so it adds (Lᵀ·weights)ₖ·zₖ.
func (c *correlated) add(order []int, values []float64) {
	d, n := c.offsets.Dims()
	ordered, z, weights := mat.NewSymDense(d, nil), mat.NewDense(d, n, nil), mat.NewVecDense(d, nil)
	for a, i := range order {
		for b, j := range order[:a+1] {
			ordered.SetSym(a, b, c.correlations.At(i, j))
		}
		z.SetRow(a, c.offsets.RawRowView(i))
		weights.SetVec(a, c.weights[i])
	}
	var root mat.Cholesky
	root.Factorize(ordered) // positive definite in any order
	var l mat.TriDense
	root.LTo(&l)
	weights.MulVec(l.T(), weights)
	blas64.Trsm(blas.Left, blas.NoTrans, 1, l.RawTriangular(), z.RawMatrix())
	for k, i := range order {
		addScaled(values[i*n:(i+1)*n], weights.AtVec(k)/2, z.RawRowView(k))
	}
}

// Covariance returns the covariance of the columns of x, with correlations shrunk towards 0 in proportion to their
// sampling error (Schäfer and Strimmer 2005), so that CorrelatedRows can use it even with fewer rows than columns. It
// returns nil for a matrix that is nil or has no rows.
func Covariance(x mat.Matrix) *mat.SymDense {
	if x == nil {
		return nil
	}
	n, d := x.Dims()
	if n == 0 {
		return nil
	}
	z, deviations := standardized(x)
	var squares mat.Dense
	squares.MulElem(z, z)
	var first, second mat.SymDense
	first.SymOuterK(1, z.T())
	second.SymOuterK(1, squares.T())
	// The variance of the mean product of two columns, and its square, over all pairs.
	rows := float64(n)
	var noise, signal float64
	for i := range d {
		for j := range i {
			mean := first.At(i, j) / rows
			noise += (second.At(i, j)/rows - mean*mean) / (rows - 1)
			signal += mean * mean
		}
	}
	keep := 0.0
	if signal > noise {
		keep = min(1-noise/signal, 1-1/rows) // columns that are equal in all rows need not be so always
	}
	s := mat.NewSymDense(d, nil)
	for i := range d {
		for j := range i {
			s.SetSym(i, j, keep*first.At(i, j)/rows*deviations[i]*deviations[j])
		}
		s.SetSym(i, i, deviations[i]*deviations[i])
	}
	return s
}

// standardized returns the columns of x minus their means, over their standard deviations where these are not 0.
func standardized(x mat.Matrix) (z *mat.Dense, deviations []float64) {
	n, d := x.Dims()
	mean, rows, buf := Mean(x), matrix.Of(x), make([]float64, d)
	z, deviations = mat.NewDense(n, d, nil), make([]float64, d)
	for i := range n {
		row := z.RawRowView(i)
		for j, v := range rows.Row(i, buf) {
			row[j] = v - mean[j]
			deviations[j] += row[j] * row[j] / float64(n)
		}
	}
	for j, v := range deviations {
		deviations[j] = math.Sqrt(v)
		if deviations[j] < 1e-12*math.Abs(mean[j]) { // constant but for rounding
			deviations[j] = 0
		}
	}
	for i := range n {
		row := z.RawRowView(i)
		for j, s := range deviations {
			if row[j] /= s; s == 0 {
				row[j] = 0
			}
		}
	}
	return z, deviations
}
