package encoder

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// Embeddings is a matrix with a row for each text or document, and the count of what was read. It is never changed
// after it is made.
type Embeddings struct {
	Tokens    int // ids that ran through the network, each sequence's [CLS] and [SEP] among them; none for cached rows
	Segments  int // texts, or segments of documents
	Splits    int // sequences beyond one a segment, for segments that are longer than the model reads
	Truncated int // texts that were cut
	Cut       int // pieces that were cut from them

	rows, cols int
	data       []float32
}

var _ mat.Matrix = (*Embeddings)(nil)

func newEmbeddings(rows, cols int) *Embeddings {
	return &Embeddings{rows: rows, cols: cols, data: make([]float32, rows*cols)}
}

// Dims returns the number of rows and the width of each.
func (e *Embeddings) Dims() (rows, cols int) { return e.rows, e.cols }

// At returns element j of row i.
func (e *Embeddings) At(i, j int) float64 {
	if uint(j) >= uint(e.cols) {
		panic(fmt.Sprintf("encoder: column %d of a matrix of %d", j, e.cols))
	}
	return float64(e.RawRow(i)[j])
}

// T returns the transpose, as a view.
func (e *Embeddings) T() mat.Matrix { return mat.Transpose{Matrix: e} }

// RawRow returns row i itself, to be read only.
func (e *Embeddings) RawRow(i int) []float32 {
	return e.data[i*e.cols : (i+1)*e.cols : (i+1)*e.cols]
}

// add adds the counts of another result.
func (e *Embeddings) add(o *Embeddings) {
	e.Tokens += o.Tokens
	e.Segments += o.Segments
	e.Splits += o.Splits
	e.Truncated += o.Truncated
	e.Cut += o.Cut
}
