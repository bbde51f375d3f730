package classify

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

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
