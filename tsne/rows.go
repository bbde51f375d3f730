package tsne

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/org/salesconv/internal/kernel"
	"github.com/org/salesconv/internal/matrix"
	"gonum.org/v1/gonum/mat"
)

// rows holds the points to be laid out as dense float32 rows around their mean, so that the squared distance of
// two rows can be had from their dot product without losing it to cancellation. One factor scales all values into
// [-2, 2]; neither it nor the shift changes the affinities.
type rows struct {
	n, d int
	data []float32 // [n, d]
}

func (r *rows) row(i int) []float32 { return r.data[i*r.d : (i+1)*r.d] }

// newRows copies x. An empty matrix, NaN and infinities are errors.
func newRows(x mat.Matrix) (*rows, error) {
	if err := kernel.Check(); err != nil {
		return nil, fmt.Errorf("tsne: %w", err)
	}
	n, d, err := dims(x)
	if err != nil {
		return nil, err
	}
	from, buf := matrix.Of(x), make([]float64, d)
	largest := 0.0
	for i := range n {
		row := from.Row(i, buf)
		if err := checkRow(i, row); err != nil {
			return nil, err
		}
		for _, v := range row {
			largest = max(largest, math.Abs(v))
		}
	}
	if largest == 0 {
		largest = 1
	}
	mean := make([]float64, d)
	for i := range n {
		for j, v := range from.Row(i, buf) {
			mean[j] += v / largest
		}
	}
	for j := range mean {
		mean[j] /= float64(n)
	}
	r := &rows{n: n, d: d, data: make([]float32, n*d)}
	for i := range n {
		row := r.row(i)
		for j, v := range from.Row(i, buf) {
			row[j] = float32(v/largest - mean[j])
		}
	}
	return r, nil
}

// alike reports whether all rows are the same.
func (r *rows) alike() bool {
	for i := 1; i < r.n; i++ {
		if !slices.Equal(r.row(i), r.row(0)) {
			return false
		}
	}
	return true
}

// dims returns the size of x. A matrix that is empty, nil or ragged is an error.
func dims(x mat.Matrix) (n, d int, err error) {
	if x == nil {
		return 0, 0, errors.New("tsne: no matrix to lay out")
	}
	if n, d = x.Dims(); n == 0 || d == 0 {
		return 0, 0, fmt.Errorf("tsne: %d rows of %d columns, want at least one of each", n, d)
	}
	if err := matrix.Ragged(x); err != nil {
		return 0, 0, fmt.Errorf("tsne: %w", err)
	}
	return n, d, nil
}

// checkRow returns an error if a value of a row is not finite.
func checkRow(i int, row []float64) error {
	if j := matrix.NotFinite(row, false); j >= 0 {
		return fmt.Errorf("tsne: row %d, column %d is %v, want finite values", i, j, row[j])
	}
	return nil
}

// squaredDistance sums in float64, in a fixed order.
func squaredDistance(a, b []float32) float64 {
	var s0, s1 float64
	b = b[:len(a)]
	i := 0
	for ; i+1 < len(a); i += 2 {
		d0, d1 := float64(a[i]-b[i]), float64(a[i+1]-b[i+1])
		s0 += d0 * d0
		s1 += d1 * d1
	}
	if i < len(a) {
		d := float64(a[i] - b[i])
		s0 += d * d
	}
	return s0 + s1
}
