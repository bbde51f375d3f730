package encoder

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/org/salesconv/internal/kernel"
)

// Embeddings is a matrix with a row for each text, segment or document, and the count of what was read. It is a gonum
// mat.Matrix over float32 rows, and is never changed after it is made.
//
// Where the model normalizes, as all-MiniLM-L6-v2 does, rows of texts that were read as one sequence have length 1; the
// embedding of a document is a weighted sum, whose length is not 1.
type Embeddings struct {
	// Tokens is the number of ids that ran through the network, each sequence's [CLS] and [SEP] among them: none for
	// segments that a cache knew, and repeated segments once.
	Tokens   int
	Segments int // texts, or segments of documents
	// Splits is the number of sequences beyond one a segment, for segments that are longer than the model reads.
	Splits    int
	Truncated int // texts that were cut
	Cut       int // tokens that were cut from them

	rows, cols int
	stride     int       // from row to row in data
	blocks     int       // of a pooling, side by side
	data       []float32 // row-major
	tokens     []int     // of each row
}

var _ mat.Matrix = (*Embeddings)(nil)

func newEmbeddings(rows, cols int) *Embeddings {
	return &Embeddings{rows: rows, cols: cols, stride: cols, blocks: 1, data: make([]float32, rows*cols), tokens: make([]int, rows)}
}

// Dims returns the number of rows and the width of each.
func (e *Embeddings) Dims() (rows, cols int) { return e.rows, e.cols }

// At returns element j of row i.
func (e *Embeddings) At(i, j int) float64 {
	if uint(i) >= uint(e.rows) || uint(j) >= uint(e.cols) {
		panic(fmt.Sprintf("encoder: element %d of row %d in embeddings of %d×%d", j, i, e.rows, e.cols))
	}
	return float64(e.data[i*e.stride+j])
}

// T returns the transpose, as a view.
func (e *Embeddings) T() mat.Matrix { return mat.Transpose{Matrix: e} }

// RawRow returns row i itself, to be read only.
func (e *Embeddings) RawRow(i int) []float32 {
	return e.data[i*e.stride : i*e.stride+e.cols : i*e.stride+e.cols]
}

// slice returns rows from to to-1, as a view whose counts are zero.
func (e *Embeddings) slice(from, to int) *Embeddings {
	return &Embeddings{rows: to - from, cols: e.cols, stride: e.stride, blocks: e.blocks,
		data: e.data[from*e.stride : to*e.stride], tokens: e.tokens[from:to]}
}

// Block returns block i of the embeddings of documents, as a view: the result of pooling i of a [Join], if each of its
// poolings gives one block. Embeddings with other poolings or of texts have one block.
func (e *Embeddings) Block(i int) *Embeddings {
	if uint(i) >= uint(e.blocks) {
		panic(fmt.Sprintf("encoder: block %d of embeddings with %d", i, e.blocks))
	}
	b := *e
	b.cols, b.blocks = e.cols/e.blocks, 1
	b.data = e.data[min(i*b.cols, len(e.data)):]
	return &b
}

// Select returns a copy of the rows of the given numbers, in that order. Its counts are zero.
func (e *Embeddings) Select(index []int) *Embeddings {
	s := newEmbeddings(len(index), e.cols)
	s.blocks = e.blocks
	for to, from := range index {
		copy(s.RawRow(to), e.RawRow(from))
		s.tokens[to] = e.tokens[from]
	}
	return s
}

// Normalized returns a copy whose rows have the Euclidean length 1; rows of zeros stay zeros. The dot product of two
// such rows is their cosine.
func (e *Embeddings) Normalized() *Embeddings {
	n := *e
	n.stride, n.data = e.cols, make([]float32, e.rows*e.cols)
	for i := range e.rows {
		row := e.RawRow(i)
		length := math.Sqrt(kernel.Dot(row, row))
		for j, x := range row {
			if length > 0 {
				n.data[i*n.stride+j] = float32(float64(x) / length)
			}
		}
	}
	return &n
}

// Cosine returns the cosine of the angle between x and y, which have the same length: 1 for the same direction, 0 for
// unrelated ones and if either is all zeros, NaN if the lengths differ.
func Cosine(x, y []float32) float64 {
	if len(x) != len(y) {
		return math.NaN()
	}
	squares := kernel.Dot(x, x) * kernel.Dot(y, y)
	if squares == 0 {
		return 0
	}
	return max(-1, min(1, kernel.Dot(x, y)/math.Sqrt(squares)))
}

// Neighbor is a row and the cosine of its angle with the query of [Embeddings.Nearest].
type Neighbor struct {
	Row    int
	Cosine float64
}

// Nearest returns the k rows, or all if there are fewer, with the greatest cosine with x, the greatest first; of
// equal ones the lower row comes first. It compares x with every row. x has the length of a row.
func (e *Embeddings) Nearest(x []float32, k int) []Neighbor {
	all := make([]Neighbor, e.rows)
	for i := range all {
		all[i] = Neighbor{i, Cosine(x, e.RawRow(i))}
	}
	slices.SortStableFunc(all, func(a, b Neighbor) int { return cmp.Compare(b.Cosine, a.Cosine) })
	return all[:max(0, min(k, len(all)))]
}

// add adds the counts of another result.
func (e *Embeddings) add(o *Embeddings) {
	e.Tokens += o.Tokens
	e.Segments += o.Segments
	e.Splits += o.Splits
	e.Truncated += o.Truncated
	e.Cut += o.Cut
}
