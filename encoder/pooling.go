package encoder

import (
	"fmt"
	"math"
	"slices"

	"github.com/org/salesconv/internal/kernel"
)

// Pooling decides how the embeddings of a document's segments are combined into the document's embedding. It returns
// one or more blocks of weights, a weight for each segment: a block is the sum of the segments' embeddings, each times
// its weight, and the blocks are side by side in the embedding of the document. So the log-odds of a linear classifier
// on documents are a sum over segments, and the weights can be inspected: see [Pooling.Weights].
//
// [Mean], [LengthWeighted], [First], [Last], [Trend], [AttentionPooling], [PerRole] and [Join] are ready-made.
type Pooling func(s Segments) [][]float64

// Segments is what a pooling sees of a document.
type Segments struct {
	Tokens []int // the number of tokens of each segment; as many as the document has segments
	Roles  []int // of each segment, if the caller of [Model.EncodeDocuments] named any, else nil
	// Row returns the embedding of a segment. It is nil where embeddings are not known yet: in [Graph.SetDocuments].
	Row func(segment int) []float32
}

// Mean gives each segment the same weight.
func Mean(s Segments) [][]float64 {
	w := make([]float64, len(s.Tokens))
	for i := range w {
		w[i] = 1 / float64(len(w))
	}
	return [][]float64{w}
}

// LengthWeighted gives each segment a weight in proportion to its tokens.
func LengthWeighted(s Segments) [][]float64 {
	w := make([]float64, len(s.Tokens))
	total := 0
	for _, n := range s.Tokens {
		total += n
	}
	for i, n := range s.Tokens {
		w[i] = float64(n) / float64(total)
	}
	return [][]float64{w}
}

// First is the mean of the first k segments, of all if there are fewer. A k below 1 counts as 1.
func First(k int) Pooling {
	return func(s Segments) [][]float64 {
		w := make([]float64, len(s.Tokens))
		n := min(max(k, 1), len(w))
		for i := range n {
			w[i] = 1 / float64(n)
		}
		return [][]float64{w}
	}
}

// Last is the mean of the last k segments, of all if there are fewer. A k below 1 counts as 1.
func Last(k int) Pooling {
	first := First(k)
	return func(s Segments) [][]float64 {
		w := first(s)
		slices.Reverse(w[0])
		return w
	}
}

// Trend is the change of the embeddings over a document: the slope of a least-squares line through them over time, which
// runs from -1/2 at the first segment to 1/2 at the last. It is zero for a single segment.
func Trend(s Segments) [][]float64 {
	n := len(s.Tokens)
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

// AttentionPooling weights each segment by the softmax over the document of query·embedding, so that the most influential
// segments count for more. Package triplet trains the query, of the embeddings' width, together with the encoder. A query of
// zeros is the [Mean].
func AttentionPooling(query []float32) Pooling {
	return func(s Segments) [][]float64 {
		w := make([]float64, len(s.Tokens))
		for i := range w {
			if s.Row == nil || len(s.Row(i)) != len(query) {
				return nil
			}
			w[i] = kernel.Dot(query, s.Row(i))
		}
		softmax(w)
		return [][]float64{w}
	}
}

// PerRole pools the segments of each of the roles 0 to roles-1 by p and puts the blocks side by side; a role that does
// not speak in a document gives zeros, and segments of other roles are ignored. It needs the Roles of [Options].
func PerRole(roles int, p Pooling) Pooling {
	return func(s Segments) [][]float64 {
		if s.Roles == nil {
			return nil
		}
		var blocks [][]float64
		for r := range roles {
			var index []int
			for i, role := range s.Roles {
				if role == r {
					index = append(index, i)
				}
			}
			blank := len(index) == 0
			if blank { // zeros, as many blocks as p gives
				index = []int{0}
			}
			for _, b := range p(s.pick(index)) {
				w := make([]float64, len(s.Tokens))
				for i, at := range index {
					if !blank {
						w[at] = b[i]
					}
				}
				blocks = append(blocks, w)
			}
		}
		return blocks
	}
}

// pick returns some of the segments.
func (s Segments) pick(index []int) Segments {
	var own Segments
	for _, i := range index {
		own.Tokens, own.Roles = append(own.Tokens, s.Tokens[i]), append(own.Roles, s.Roles[i])
	}
	if s.Row != nil {
		own.Row = func(i int) []float32 { return s.Row(index[i]) }
	}
	return own
}

// Join puts the blocks of several poolings side by side.
func Join(poolings ...Pooling) Pooling {
	return func(s Segments) [][]float64 {
		var blocks [][]float64
		for _, p := range poolings {
			blocks = append(blocks, p(s)...)
		}
		return blocks
	}
}

// Weights returns the weights that the pooling gives the segments of one document, given their embeddings by
// [Model.EncodeSegments] and their roles, nil if there are none: one or more blocks, each a weight for each segment.
// For a model with attention, [Model.Pooling] gives the attention weight of each segment:
//
//	turns, err := m.EncodeSegments(ctx, call, nil)
//	weights, err := m.Pooling().Weights(turns, nil)
func (p Pooling) Weights(segments *Embeddings, roles []int) ([][]float64, error) {
	if roles != nil && len(roles) != segments.rows {
		return nil, fmt.Errorf("%d roles, want one for each of %d segments", len(roles), segments.rows)
	}
	return p.weights(Segments{Tokens: segments.tokens, Roles: roles, Row: segments.RawRow})
}

// weights calls the pooling for one document and checks what it gives.
func (p Pooling) weights(s Segments) ([][]float64, error) {
	blocks := p(s)
	if len(blocks) == 0 {
		return nil, fmt.Errorf("the pooling gave no block of weights, want one or more; PerRole needs roles, AttentionPooling rows as wide as its query")
	}
	for _, b := range blocks {
		if len(b) != len(s.Tokens) {
			return nil, fmt.Errorf("the pooling gave %d weights, want one for each of %d segments", len(b), len(s.Tokens))
		}
		for i, w := range b {
			if math.IsNaN(w) || math.IsInf(w, 0) {
				return nil, fmt.Errorf("the pooling gave segment %d the weight %v, want a finite number", i, w)
			}
		}
	}
	return blocks, nil
}
