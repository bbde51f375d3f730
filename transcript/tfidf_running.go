package transcript

import (
	"slices"

	"github.com/org/salesconv/internal/matrix"
)

// RunningTFIDF is the tf-idf row of a growing text, such as a call in progress: the cost of adding a line depends
// on the length of the line alone. Its row equals the row of [TFIDF.Transform] for the lines joined by line breaks,
// to the last bit. It is for one goroutine at a time; many can share a TFIDF.
type RunningTFIDF struct {
	fit    *TFIDF
	count  map[int]float64
	index  []int  // columns that are counted, ascending
	tail   string // the last words, which terms that begin there still need
	values []float64
}

// Running returns a RunningTFIDF of the empty text.
func (t *TFIDF) Running() *RunningTFIDF { return &RunningTFIDF{fit: t, count: map[int]float64{}} }

// Add adds a line at the end of the text.
func (r *RunningTFIDF) Add(line string) {
	text := r.tail + "\n" + line
	grams(text, r.fit.maxGram, func(term []byte, _, end int) {
		c, known := r.fit.column[string(term)]
		if !known || end <= len(r.tail) {
			return
		}
		if r.count[c]++; r.count[c] == 1 {
			at, _ := slices.BinarySearch(r.index, c)
			r.index = slices.Insert(r.index, at, c)
		}
	})
	var starts []int // of the last words
	last := 0        // where they end
	for start, end := range words(text) {
		if starts, last = append(starts, start), end; len(starts) >= r.fit.maxGram {
			starts = starts[1:]
		}
	}
	if r.tail = ""; len(starts) > 0 {
		r.tail = text[starts[0]:last]
	}
}

// Row returns the weights of the text so far, as a matrix of one row.
func (r *RunningTFIDF) Row() SparseMatrix {
	s := matrix.NewSparse(len(r.fit.terms))
	r.values = r.fit.weigh(r.index, func(c int) float64 { return r.count[c] }, r.values[:0])
	if err := s.Append(r.index, r.values); err != nil {
		panic(err) // never: columns ascend below the width
	}
	return s
}
