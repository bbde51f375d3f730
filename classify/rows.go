package classify

import (
	"errors"
	"fmt"

	"github.com/org/salesconv/internal/matrix"
	"github.com/org/salesconv/internal/parallel"
	"gonum.org/v1/gonum/mat"
)

// SelectRows returns the rows of x at index, in that order, as a matrix. Rows may repeat. Dense rows are not copied, so
// later changes of x show; sparse rows are. A row that x does not have is an error.
func SelectRows(x mat.Matrix, index []int) (mat.Matrix, error) {
	if x == nil {
		return nil, errors.New("classify: select rows: a nil matrix")
	}
	n, _ := x.Dims()
	for k, i := range index {
		if i < 0 || i >= n {
			return nil, fmt.Errorf("classify: select rows: index[%d] is %d, the matrix has %d rows", k, i, n)
		}
	}
	if err := matrix.Ragged(x); err != nil {
		return nil, fmt.Errorf("classify: select rows: %w", err)
	}
	return matrix.Select(x, index), nil
}

// Join puts matrices with the same number of rows side by side, without copying: the features that a Stack reads, block by block.
func Join(parts ...mat.Matrix) (mat.Matrix, error) {
	x, err := matrix.Join(parts...)
	return x, prefixed(err)
}

// NewSparse returns a matrix of the given width most of whose values are 0. For each row, index lists the columns of the
// other values, ascending, and value lists these. Both are copied. The matrix is a mat.RowNonZeroDoer, as is what
// transcript.TFIDF.Transform returns: package classify keeps any of these sparse.
func NewSparse(columns int, index [][]int, value [][]float64) (mat.Matrix, error) {
	if columns < 0 || len(index) != len(value) {
		return nil, fmt.Errorf("classify: sparse matrix of %d columns, with columns of %d rows and values of %d", columns, len(index), len(value))
	}
	s := matrix.NewSparse(columns)
	for i := range index {
		if err := s.Append(index[i], value[i]); err != nil {
			return nil, fmt.Errorf("classify: sparse matrix: %w", err)
		}
	}
	return s, nil
}

// checkFinite names the first value of x that is infinite or, unless missing values are allowed, not a number.
func checkFinite(x mat.Matrix, missing bool) error {
	n, d := x.Dims()
	const block = 256
	bad := make([]error, (n+block-1)/block)
	rows := matrix.Of(x)
	parallel.Do(len(bad), func(b int) {
		buf := make([]float64, d)
		for i := b * block; i < min(n, (b+1)*block) && bad[b] == nil; i++ {
			row := rows.Row(i, buf)
			if j := matrix.NotFinite(row, missing); j >= 0 {
				bad[b] = fmt.Errorf("classify: row %d, column %d is %v, want a finite number", i, j, row[j])
			}
		}
	})
	return firstError(bad)
}

// firstError returns the first of errors that is not nil: one is enough to read.
func firstError(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
