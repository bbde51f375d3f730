package tsne

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/org/salesconv/internal/kernel"
)

// rows holds the points to be laid out as dense float32 rows around their mean, so that the squared distance of
// two rows can be had from their dot product without losing it to cancellation. One factor scales all values into
// [-2, 2]; neither it nor the shift changes the affinities.
type rows struct {
	n, d int
	data []float32 // [n, d]
}

func (r *rows) row(i int) []float32 { return r.data[i*r.d : (i+1)*r.d] }

// newRows copies x, and refuses an empty matrix, NaN and infinities.
func newRows(x mat.Matrix) (*rows, error) {
	if err := kernel.Check(); err != nil {
		return nil, fmt.Errorf("tsne: %w", err)
	}
	n, d := x.Dims()
	if n == 0 || d == 0 {
		return nil, fmt.Errorf("tsne: %d rows of %d columns, want at least one of each", n, d)
	}
	read, buf := reader(x), make([]float64, d)
	largest := 0.0
	for i := range n {
		for j, v := range read(i, buf) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("tsne: row %d, column %d is %v, want finite values", i, j, v)
			}
			largest = max(largest, math.Abs(v))
		}
	}
	if largest == 0 {
		largest = 1
	}
	mean := make([]float64, d)
	for i := range n {
		for j, v := range read(i, buf) {
			mean[j] += v / largest
		}
	}
	for j := range mean {
		mean[j] /= float64(n)
	}
	r := &rows{n: n, d: d, data: make([]float32, n*d)}
	for i := range n {
		row := r.row(i)
		for j, v := range read(i, buf) {
			row[j] = float32(v/largest - mean[j])
		}
	}
	return r, nil
}

// reader returns a function that reads one row of x, through buf where x does not hold rows of float64 itself.
func reader(x mat.Matrix) func(i int, buf []float64) []float64 {
	switch x := x.(type) {
	case interface{ RawRow(i int) []float32 }:
		return func(i int, buf []float64) []float64 {
			for j, v := range x.RawRow(i) {
				buf[j] = float64(v)
			}
			return buf
		}
	case mat.RawRowViewer:
		return func(i int, _ []float64) []float64 { return x.RawRowView(i) }
	}
	return func(i int, buf []float64) []float64 { return mat.Row(buf, i, x) }
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
