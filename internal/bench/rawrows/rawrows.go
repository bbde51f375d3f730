// Package rawrows reads the files of rows that the scripts of the directory above give to its programs.
package rawrows

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"

	"gonum.org/v1/gonum/mat"
)

// Matrix is float32 rows, like encoder.Embeddings.
type Matrix struct {
	Rows, Columns int
	Data          []float32
}

func (m *Matrix) Dims() (int, int)       { return m.Rows, m.Columns }
func (m *Matrix) At(i, j int) float64    { return float64(m.Data[i*m.Columns+j]) }
func (m *Matrix) T() mat.Matrix          { return mat.Transpose{Matrix: m} }
func (m *Matrix) RawRow(i int) []float32 { return m.Data[i*m.Columns : (i+1)*m.Columns] }

// Read reads raw little-endian float32 rows.
func Read(name string, columns int) (*Matrix, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if columns < 1 || len(raw)%(4*columns) != 0 {
		return nil, fmt.Errorf("%s: %d bytes are no rows of %d float32", name, len(raw), columns)
	}
	m := &Matrix{len(raw) / 4 / columns, columns, make([]float32, len(raw)/4)}
	for i := range m.Data {
		m.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return m, nil
}
