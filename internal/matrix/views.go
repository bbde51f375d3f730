package matrix

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// Select is the matrix of the given rows of x, in their order. Only sparse rows are copied.
func Select(x mat.Matrix, index []int) mat.Matrix {
	switch x := x.(type) {
	case *Sparse:
		return x.selectRows(index)
	case *joined:
		parts := make([]mat.Matrix, len(x.parts))
		for k, p := range x.parts {
			parts[k] = Select(p, index)
		}
		return &joined{parts, x.start}
	}
	return &subset{x, Of(x), index}
}

type subset struct {
	base  mat.Matrix
	rows  Rows
	index []int
}

func (s *subset) Dims() (int, int)                     { _, d := s.base.Dims(); return len(s.index), d }
func (s *subset) At(i, j int) float64                  { return s.base.At(s.index[i], j) }
func (s *subset) T() mat.Matrix                        { return mat.Transpose{Matrix: s} }
func (s *subset) Row(i int, buf []float64) []float64   { return s.rows.Row(s.index[i], buf) }
func (s *subset) Row32(i int, buf []float32) []float32 { return s.rows.Row32(s.index[i], buf) }

// Join sets matrices of as many rows side by side, nothing copied.
func Join(parts ...mat.Matrix) (mat.Matrix, error) {
	if len(parts) == 0 {
		return nil, fmt.Errorf("no matrices to join")
	}
	j := &joined{parts: parts, start: make([]int, 1, len(parts)+1)}
	for k, p := range parts {
		if p == nil {
			return nil, fmt.Errorf("join: matrix %d is nil", k)
		}
		n, _ := parts[0].Dims()
		rows, d := p.Dims()
		if rows != n {
			return nil, fmt.Errorf("join: matrix %d has %d rows, matrix 0 has %d", k, rows, n)
		}
		if err := Ragged(p); err != nil {
			return nil, fmt.Errorf("join: matrix %d: %w", k, err)
		}
		j.start = append(j.start, j.start[k]+d)
	}
	return j, nil
}

// joined is a matrix whose columns start[k] to start[k+1] are parts[k].
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

func (m *joined) Row(i int, buf []float64) []float64 {
	for k, p := range m.parts {
		to := buf[m.start[k]:m.start[k+1]]
		copy(to, Of(p).Row(i, to))
	}
	return buf
}

func (m *joined) Row32(i int, buf []float32) []float32 {
	for k, p := range m.parts {
		to := buf[m.start[k]:m.start[k+1]]
		copy(to, Of(p).Row32(i, to))
	}
	return buf
}

// Columns is the matrix of columns lo to hi of x: of joined matrices, the part itself.
func Columns(x mat.Matrix, lo, hi int) mat.Matrix {
	_, d := x.Dims()
	if lo == 0 && hi == d {
		return x
	}
	if m, ok := x.(*joined); ok {
		for k, p := range m.parts {
			if m.start[k] == lo && m.start[k+1] == hi {
				return p
			}
		}
	}
	return &slice{x, Of(x), lo, hi, d}
}

type slice struct {
	base   mat.Matrix
	rows   Rows
	lo, hi int
	width  int // of base
}

func (s *slice) Dims() (int, int)    { n, _ := s.base.Dims(); return n, s.hi - s.lo }
func (s *slice) At(i, j int) float64 { return s.base.At(i, s.lo+j) }
func (s *slice) T() mat.Matrix       { return mat.Transpose{Matrix: s} }
func (s *slice) Row(i int, _ []float64) []float64 {
	return s.rows.Row(i, make([]float64, s.width))[s.lo:s.hi]
}
func (s *slice) Row32(i int, _ []float32) []float32 {
	return s.rows.Row32(i, make([]float32, s.width))[s.lo:s.hi]
}
