// Package matrix reads the rows of any mat.Matrix as fast as its kind allows, and holds the kinds of matrix that
// gonum lacks: sparse rows, selected rows and matrices side by side, none of which copies dense values.
//
// Its methods panic for rows and columns that do not exist, as gonum's methods do; packages that take indices from their
// callers check them first.
package matrix

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Rows reads the rows of a matrix. buf is as long as a row. The result may be buf or the matrix's own memory: it is
// only to be read, and valid until buf is used again.
type Rows interface {
	Row(i int, buf []float64) []float64
	Row32(i int, buf []float32) []float32
}

// Of returns the fastest reader of the rows of x: its own memory where x has RawRow(i int) []float32, as
// encoder.Embeddings has, or is a mat.RawRowViewer, as mat.Dense is; its non-zero values where it is a
// mat.RowNonZeroDoer; otherwise its values one by one.
func Of(x mat.Matrix) Rows {
	switch x := x.(type) {
	case Rows:
		return x
	case interface{ RawRow(i int) []float32 }:
		return rows32{x.RawRow}
	case mat.RawRowViewer:
		return rows64{x.RawRowView}
	case mat.RowNonZeroDoer:
		return nonZeroRows{x}
	}
	return anyRows{x}
}

// rows32 reads matrices that keep float32 rows.
type rows32 struct{ raw func(i int) []float32 }

func (r rows32) Row32(i int, _ []float32) []float32 { return r.raw(i) }
func (r rows32) Row(i int, buf []float64) []float64 {
	row := r.raw(i)
	buf = buf[:len(row)]
	for j, v := range row {
		buf[j] = float64(v)
	}
	return buf
}

// rows64 reads matrices that keep float64 rows.
type rows64 struct{ raw func(i int) []float64 }

func (r rows64) Row(i int, _ []float64) []float64 { return r.raw(i) }
func (r rows64) Row32(i int, buf []float32) []float32 {
	for j, v := range r.raw(i) {
		buf[j] = float32(v)
	}
	return buf
}

// nonZeroRows reads sparse matrices of other packages.
type nonZeroRows struct{ mat.RowNonZeroDoer }

func (r nonZeroRows) Row(i int, buf []float64) []float64 {
	clear(buf)
	r.DoRowNonZero(i, func(_, j int, v float64) { buf[j] = v })
	return buf
}

func (r nonZeroRows) Row32(i int, buf []float32) []float32 {
	clear(buf)
	r.DoRowNonZero(i, func(_, j int, v float64) { buf[j] = float32(v) })
	return buf
}

// anyRows reads any matrix, value by value.
type anyRows struct{ mat.Matrix }

func (r anyRows) Row(i int, buf []float64) []float64 {
	for j := range buf {
		buf[j] = r.At(i, j)
	}
	return buf
}

func (r anyRows) Row32(i int, buf []float32) []float32 {
	for j := range buf {
		buf[j] = float32(r.At(i, j))
	}
	return buf
}

// Ragged returns an error that names the first row of x, read as Of reads it, that has more or fewer values than x has
// columns: what RawRow and RawRowView return is up to the caller's type.
func Ragged(x mat.Matrix) error {
	width := widths(x)
	if width == nil {
		return nil
	}
	n, d := x.Dims()
	for i := range n {
		if w := width(i); w != d {
			return fmt.Errorf("row %d has %d values, want %d, as many as the matrix has columns", i, w, d)
		}
	}
	return nil
}

// widths gives the number of values of each row of x; nil where all have as many as x has columns.
func widths(x mat.Matrix) func(i int) int {
	switch x := x.(type) {
	case *mat.Dense:
	case *subset:
		if of := widths(x.base); of != nil {
			return func(i int) int { return of(x.index[i]) }
		}
	case Rows:
	case interface{ RawRow(i int) []float32 }:
		return func(i int) int { return len(x.RawRow(i)) }
	case mat.RawRowViewer:
		return func(i int) int { return len(x.RawRowView(i)) }
	}
	return nil
}

// NotFinite returns the column of the first value of a row that is infinite or, unless missing values are allowed, not a
// number; -1 where there is none.
func NotFinite(row []float64, missing bool) int {
	sum := 0.0
	for _, v := range row {
		sum += v * 0 // NaN for infinities and NaN, else 0
	}
	if sum == 0 {
		return -1
	}
	for j, v := range row {
		if math.IsInf(v, 0) || math.IsNaN(v) && !missing {
			return j
		}
	}
	return -1
}
