package matrix

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Sparse is a matrix most of whose values are 0, as tf-idf rows are, in compressed rows. It is never changed once it is
// built, and implements mat.Matrix, mat.RowNonZeroDoer and Rows.
type Sparse struct {
	columns int
	start   []int // row i is index[start[i]:start[i+1]]
	index   []int
	value   []float64
}

// NewSparse returns a matrix of the given width without rows.
func NewSparse(columns int) *Sparse { return &Sparse{columns: columns, start: []int{0}} }

// Append adds a row, copied: its columns that are not 0, ascending, and their values.
func (s *Sparse) Append(index []int, value []float64) error {
	i := len(s.start) - 1
	if len(index) != len(value) {
		return fmt.Errorf("row %d has %d columns and %d values", i, len(index), len(value))
	}
	last := -1
	for _, j := range index {
		if j <= last || j >= s.columns {
			return fmt.Errorf("row %d: column %d after column %d, want ascending below %d", i, j, last, s.columns)
		}
		last = j
	}
	s.index, s.value = append(s.index, index...), append(s.value, value...)
	s.start = append(s.start, len(s.index))
	return nil
}

// AsSparse returns x itself, or a copy of it where it is a mat.RowNonZeroDoer of another package, as sparse rows.
// Dense matrices are not sparse.
func AsSparse(x mat.Matrix) (*Sparse, bool) {
	if s, ok := x.(*Sparse); ok {
		return s, true
	}
	doer, ok := x.(mat.RowNonZeroDoer)
	if !ok {
		return nil, false
	}
	n, d := x.Dims()
	s := NewSparse(d)
	type entry struct {
		j int
		v float64
	}
	var row []entry
	for i := range n {
		row = row[:0]
		doer.DoRowNonZero(i, func(_, j int, v float64) { row = append(row, entry{j, v}) })
		slices.SortFunc(row, func(a, b entry) int { return a.j - b.j }) // the interface promises no order
		for _, e := range row {
			s.index, s.value = append(s.index, e.j), append(s.value, e.v)
		}
		s.start = append(s.start, len(s.index))
	}
	return s, true
}

// Dims returns the numbers of rows and columns.
func (s *Sparse) Dims() (rows, columns int) { return len(s.start) - 1, s.columns }

// At returns the value in row i and column j.
func (s *Sparse) At(i, j int) float64 {
	if j < 0 || j >= s.columns {
		panic(mat.ErrColAccess)
	}
	index, value := s.NonZero(i)
	if k, ok := slices.BinarySearch(index, j); ok {
		return value[k]
	}
	return 0
}

// T returns the transpose.
func (s *Sparse) T() mat.Matrix { return mat.Transpose{Matrix: s} }

// NonZero lists the columns of row i that are not 0, ascending, and their values; only to be read.
func (s *Sparse) NonZero(i int) (index []int, value []float64) {
	if i < 0 || i >= len(s.start)-1 {
		panic(mat.ErrRowAccess)
	}
	a, b := s.start[i], s.start[i+1]
	return s.index[a:b], s.value[a:b]
}

// DoRowNonZero calls fn for each value of row i that is not 0, columns ascending.
func (s *Sparse) DoRowNonZero(i int, fn func(i, j int, v float64)) {
	index, value := s.NonZero(i)
	for k, j := range index {
		fn(i, j, value[k])
	}
}

// Row fills buf with row i.
func (s *Sparse) Row(i int, buf []float64) []float64 {
	clear(buf)
	index, value := s.NonZero(i)
	for k, j := range index {
		buf[j] = value[k]
	}
	return buf
}

// Row32 fills buf with row i.
func (s *Sparse) Row32(i int, buf []float32) []float32 {
	clear(buf)
	index, value := s.NonZero(i)
	for k, j := range index {
		buf[j] = float32(value[k])
	}
	return buf
}

// selectRows copies the given rows.
func (s *Sparse) selectRows(rows []int) *Sparse {
	t := NewSparse(s.columns)
	for _, i := range rows {
		index, value := s.NonZero(i)
		t.index, t.value = append(t.index, index...), append(t.value, value...)
		t.start = append(t.start, len(t.index))
	}
	return t
}

// Dot returns the product of row i and u.
func (s *Sparse) Dot(i int, u []float64) float64 {
	index, value := s.NonZero(i)
	sum := 0.0
	for k, j := range index {
		sum += value[k] * u[j]
	}
	return sum
}

// Transposed copies s with rows and columns exchanged.
func (s *Sparse) Transposed() *Sparse {
	n, d := s.Dims()
	t := &Sparse{columns: n, start: make([]int, d+1), index: make([]int, len(s.index)), value: make([]float64, len(s.value))}
	for _, j := range s.index {
		t.start[j+1]++
	}
	for j := range d {
		t.start[j+1] += t.start[j]
	}
	next := slices.Clone(t.start)
	for i := range n {
		index, value := s.NonZero(i)
		for k, j := range index {
			t.index[next[j]], t.value[next[j]] = i, value[k]
			next[j]++
		}
	}
	return t
}
