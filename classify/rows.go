package classify

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// rower reads the rows of a matrix as fast as its kind allows.
// The result may be the matrix's own memory: only to be read.
type rower interface {
	row(i int, buf []float64) []float64
	row32(i int, buf []float32) []float32
}

// rowsOf finds the fastest way to read the rows of x. buf must always be as long as a row.
func rowsOf(x mat.Matrix) rower {
	switch x := x.(type) {
	case rower:
		return x
	case interface{ RawRow(i int) []float32 }:
		return rows32{x.RawRow}
	case mat.RawRowViewer:
		return rows64{x.RawRowView}
	}
	return anyRows{x}
}

// rows32 reads matrices that keep float32 rows, as embeddings do.
type rows32 struct{ raw func(i int) []float32 }

func (r rows32) row32(i int, _ []float32) []float32 { return r.raw(i) }
func (r rows32) row(i int, buf []float64) []float64 {
	row := r.raw(i)
	buf = buf[:len(row)]
	for j, v := range row {
		buf[j] = float64(v)
	}
	return buf
}

// rows64 reads matrices that keep float64 rows, as mat.Dense does.
type rows64 struct{ raw func(i int) []float64 }

func (r rows64) row(i int, _ []float64) []float64 { return r.raw(i) }
func (r rows64) row32(i int, buf []float32) []float32 {
	for j, v := range r.raw(i) {
		buf[j] = float32(v)
	}
	return buf
}

// anyRows reads any matrix, value by value.
type anyRows struct{ mat.Matrix }

func (r anyRows) row(i int, buf []float64) []float64 {
	for j := range buf {
		buf[j] = r.At(i, j)
	}
	return buf
}

func (r anyRows) row32(i int, buf []float32) []float32 {
	for j := range buf {
		buf[j] = float32(r.At(i, j))
	}
	return buf
}

// SelectRows is the matrix of the given rows of x, in their order. Only sparse rows are copied.
func SelectRows(x mat.Matrix, index []int) mat.Matrix {
	switch x := x.(type) {
	case *Sparse:
		return x.rows(index)
	case *joined:
		parts := make([]mat.Matrix, len(x.parts))
		for k, p := range x.parts {
			parts[k] = SelectRows(p, index)
		}
		return &joined{parts, x.start}
	}
	return &subset{x, rowsOf(x), index}
}

type subset struct {
	base  mat.Matrix
	rower rower
	index []int
}

func (s *subset) Dims() (int, int)                     { _, d := s.base.Dims(); return len(s.index), d }
func (s *subset) At(i, j int) float64                  { return s.base.At(s.index[i], j) }
func (s *subset) T() mat.Matrix                        { return mat.Transpose{Matrix: s} }
func (s *subset) row(i int, buf []float64) []float64   { return s.rower.row(s.index[i], buf) }
func (s *subset) row32(i int, buf []float32) []float32 { return s.rower.row32(s.index[i], buf) }

// Sparse is a matrix most of whose values are 0, as tf-idf rows are. Only the others are kept.
type Sparse struct {
	columns int
	start   []int // row i is index[start[i]:start[i+1]]
	index   []int
	value   []float64
}

// NewSparse copies rows of the given width; each lists the columns that are not 0, ascending, and their values.
func NewSparse[R ~struct {
	Index []int
	Value []float64
}](columns int, rows []R) (*Sparse, error) {
	s := &Sparse{columns: columns, start: make([]int, 1, len(rows)+1)}
	for i, r := range rows {
		r := struct {
			Index []int
			Value []float64
		}(r)
		if len(r.Index) != len(r.Value) {
			return nil, fmt.Errorf("classify: row %d has %d columns and %d values", i, len(r.Index), len(r.Value))
		}
		last := -1
		for _, j := range r.Index {
			if j <= last || j >= columns {
				return nil, fmt.Errorf("classify: row %d: column %d after column %d, want ascending below %d", i, j, last, columns)
			}
			last = j
		}
		s.index = append(s.index, r.Index...)
		s.value = append(s.value, r.Value...)
		s.start = append(s.start, len(s.index))
	}
	return s, nil
}

// Dims is the number of rows and of columns.
func (s *Sparse) Dims() (int, int) { return len(s.start) - 1, s.columns }

// At is the value in row i and column j.
func (s *Sparse) At(i, j int) float64 {
	index, value := s.Row(i)
	for k, c := range index {
		if c == j {
			return value[k]
		}
	}
	return 0
}

// T is the transpose.
func (s *Sparse) T() mat.Matrix { return mat.Transpose{Matrix: s} }

// Row lists the columns of row i that are not 0, ascending, and their values; only to be read.
func (s *Sparse) Row(i int) (index []int, value []float64) {
	a, b := s.start[i], s.start[i+1]
	return s.index[a:b], s.value[a:b]
}

func (s *Sparse) row(i int, buf []float64) []float64 {
	clear(buf)
	index, value := s.Row(i)
	for k, j := range index {
		buf[j] = value[k]
	}
	return buf
}

func (s *Sparse) row32(i int, buf []float32) []float32 {
	clear(buf)
	index, value := s.Row(i)
	for k, j := range index {
		buf[j] = float32(value[k])
	}
	return buf
}

// rows copies the given rows.
func (s *Sparse) rows(index []int) *Sparse {
	t := &Sparse{columns: s.columns, start: make([]int, 1, len(index)+1)}
	for _, i := range index {
		index, value := s.Row(i)
		t.index = append(t.index, index...)
		t.value = append(t.value, value...)
		t.start = append(t.start, len(t.index))
	}
	return t
}

// dot is the product of row i and u.
func (s *Sparse) dot(i int, u []float64) float64 {
	index, value := s.Row(i)
	sum := 0.0
	for k, j := range index {
		sum += value[k] * u[j]
	}
	return sum
}

// transpose copies s with rows and columns exchanged.
func (s *Sparse) transpose() *Sparse {
	n, d := s.Dims()
	t := &Sparse{columns: n, start: make([]int, d+1), index: make([]int, len(s.index)), value: make([]float64, len(s.value))}
	for _, j := range s.index {
		t.start[j+1]++
	}
	for j := range d {
		t.start[j+1] += t.start[j]
	}
	next := append([]int(nil), t.start...)
	for i := range n {
		index, value := s.Row(i)
		for k, j := range index {
			t.index[next[j]], t.value[next[j]] = i, value[k]
			next[j]++
		}
	}
	return t
}

// Join sets matrices side by side, nothing copied: the features that a Stack reads, block after block.
func Join(parts ...mat.Matrix) (mat.Matrix, error) {
	if len(parts) == 0 {
		return nil, fmt.Errorf("classify: no blocks to join")
	}
	j := &joined{parts: parts, start: make([]int, 1, len(parts)+1)}
	n, _ := parts[0].Dims()
	for k, p := range parts {
		rows, d := p.Dims()
		if rows != n {
			return nil, fmt.Errorf("classify: join: block %d has %d rows, block 0 has %d", k, rows, n)
		}
		j.start = append(j.start, j.start[k]+d)
	}
	return j, nil
}

// joined is a matrix whose columns start[k] to start[k+1] are those of parts[k].
type joined struct {
	parts []mat.Matrix
	start []int
}

func (m *joined) Dims() (int, int) {
	n, _ := m.parts[0].Dims()
	return n, m.start[len(m.parts)]
}

func (m *joined) At(i, j int) float64 {
	k := 0
	for j >= m.start[k+1] {
		k++
	}
	return m.parts[k].At(i, j-m.start[k])
}

func (m *joined) T() mat.Matrix { return mat.Transpose{Matrix: m} }

func (m *joined) row(i int, buf []float64) []float64 {
	for k, p := range m.parts {
		to := buf[m.start[k]:m.start[k+1]]
		copy(to, rowsOf(p).row(i, to))
	}
	return buf
}

func (m *joined) row32(i int, buf []float32) []float32 {
	for k, p := range m.parts {
		to := buf[m.start[k]:m.start[k+1]]
		copy(to, rowsOf(p).row32(i, to))
	}
	return buf
}

// columns is the matrix of columns lo to hi of x.
func columns(x mat.Matrix, lo, hi int) mat.Matrix {
	if m, ok := x.(*joined); ok {
		for k, p := range m.parts {
			if m.start[k] == lo && m.start[k+1] == hi {
				return p
			}
		}
	}
	_, d := x.Dims()
	return &slice{x, rowsOf(x), lo, hi, d}
}

type slice struct {
	base   mat.Matrix
	rower  rower
	lo, hi int
	width  int // of base
}

func (s *slice) Dims() (int, int)    { n, _ := s.base.Dims(); return n, s.hi - s.lo }
func (s *slice) At(i, j int) float64 { return s.base.At(i, s.lo+j) }
func (s *slice) T() mat.Matrix       { return mat.Transpose{Matrix: s} }
func (s *slice) row(i int, _ []float64) []float64 {
	return s.rower.row(i, make([]float64, s.width))[s.lo:s.hi]
}
func (s *slice) row32(i int, _ []float32) []float32 {
	return s.rower.row32(i, make([]float32, s.width))[s.lo:s.hi]
}
