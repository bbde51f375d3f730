package encoder

import (
	"fmt"
	"math"
)

// Pooling says how the rows of a document's segments make up the document's row. It gets the number of pieces of each
// segment and, if the caller of [Model.EncodeDocuments] named any, each segment's role (else nil). It returns one or
// more blocks of weights, a weight for each segment: a block is the sum of the segments' rows, each times its weight,
// and the blocks stand side by side in the document's row. So every pooling is linear in the rows of the segments,
// gradients run through it, and what a linear classifier makes of a document is a sum over its segments.
//
// [Mean], [LengthWeighted], [Last], [Trend], [PerRole] and [Join] are ready-made.
type Pooling func(pieces, roles []int) [][]float64

// Mean gives each segment the same weight.
func Mean(pieces, _ []int) [][]float64 {
	w := make([]float64, len(pieces))
	for i := range w {
		w[i] = 1 / float64(len(pieces))
	}
	return [][]float64{w}
}

// LengthWeighted gives each segment a weight in proportion to its pieces.
func LengthWeighted(pieces, _ []int) [][]float64 {
	w := make([]float64, len(pieces))
	total := 0
	for _, n := range pieces {
		total += n
	}
	for i, n := range pieces {
		w[i] = float64(n) / float64(total)
	}
	return [][]float64{w}
}

// Last is the mean of the last k segments, of all if there are fewer. A k below 1 counts as 1.
func Last(k int) Pooling {
	return func(pieces, _ []int) [][]float64 {
		n := min(max(k, 1), len(pieces))
		w := make([]float64, len(pieces))
		for i := len(w) - n; i < len(w); i++ {
			w[i] = 1 / float64(n)
		}
		return [][]float64{w}
	}
}

// Trend is how the rows move over a document: the slope of the line fitted to them by least squares over time, which
// runs from -1/2 at the first segment to 1/2 at the last. It is zero for a single segment.
func Trend(pieces, _ []int) [][]float64 {
	n := len(pieces)
	w := make([]float64, n)
	var squares float64
	for i := range w {
		if n > 1 {
			w[i] = float64(i)/float64(n-1) - 0.5
		}
		squares += w[i] * w[i]
	}
	for i := range w {
		if squares > 0 {
			w[i] /= squares
		}
	}
	return [][]float64{w}
}

// PerRole pools the segments of each of the roles 0 to roles-1 by p and puts the blocks side by side; a role that
// does not speak in a document gives zeros, and segments of other roles count nowhere. It needs the Roles of [Options].
func PerRole(roles int, p Pooling) Pooling {
	return func(pieces, role []int) [][]float64 {
		if role == nil {
			return nil
		}
		var blocks [][]float64
		for r := range roles {
			var own, index []int
			for i, n := range pieces {
				if role[i] == r {
					own, index = append(own, n), append(index, i)
				}
			}
			if len(own) == 0 { // zeros, as many blocks as p gives
				for range p([]int{1}, []int{r}) {
					blocks = append(blocks, make([]float64, len(pieces)))
				}
				continue
			}
			same := make([]int, len(own))
			for i := range same {
				same[i] = r
			}
			for _, b := range p(own, same) {
				w := make([]float64, len(pieces))
				for i, at := range index {
					w[at] = b[i]
				}
				blocks = append(blocks, w)
			}
		}
		return blocks
	}
}

// Join puts the blocks of several poolings side by side.
func Join(poolings ...Pooling) Pooling {
	return func(pieces, roles []int) [][]float64 {
		var blocks [][]float64
		for _, p := range poolings {
			blocks = append(blocks, p(pieces, roles)...)
		}
		return blocks
	}
}

// weights calls the pooling for one document and checks what it gives.
func (p Pooling) weights(pieces, roles []int) ([][]float64, error) {
	blocks := p(pieces, roles)
	if len(blocks) == 0 {
		return nil, fmt.Errorf("the pooling gave no block of weights, want one or more; PerRole needs roles")
	}
	for _, b := range blocks {
		if len(b) != len(pieces) {
			return nil, fmt.Errorf("the pooling gave %d weights, want one for each of %d segments", len(b), len(pieces))
		}
		for i, w := range b {
			if math.IsNaN(w) || math.IsInf(w, 0) {
				return nil, fmt.Errorf("the pooling gave segment %d the weight %v, want a finite number", i, w)
			}
		}
	}
	return blocks, nil
}
