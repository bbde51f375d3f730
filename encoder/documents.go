package encoder

import (
	"context"
	"fmt"
	"strings"

	"github.com/org/salesconv/internal/kernel"
)

// EncodeSegments gives each segment a row, as [Model.Encode] does for texts, except that nothing is cut: a segment of
// more than MaxSeqLength pieces is split between words into several sequences, which the result counts as Splits, and
// its row is their mean, weighted by pieces. Of the options for documents, only Cache is used.
func (m *Model) EncodeSegments(ctx context.Context, segments []string, opts *Options) (*Embeddings, error) {
	e := newEmbeddings(len(segments), m.Width())
	r := m.run(ctx, opts, len(segments))
	for from := 0; from < len(segments); {
		to := window(segments, from)
		rows := &Embeddings{rows: to - from, cols: e.cols, data: e.data[from*e.cols : to*e.cols]}
		if _, err := r.segments(segments[from:to], opts, rows); err != nil {
			return nil, err
		}
		e.add(rows)
		from = to
	}
	e.Tokens = r.pieces
	return e, nil
}

// EncodeDocuments gives each document a row: its segments, the turns of a call for example, are encoded as
// [Model.EncodeSegments] does, and a [Pooling] makes one row of theirs. With a Cache, a segment that was seen before costs
// nothing, so a call that goes on costs its new turn, and leaving a turn out costs the pooling alone. A document
// without segments is an error.
func (m *Model) EncodeDocuments(ctx context.Context, docs [][]string, opts *Options) (*Embeddings, error) {
	o := Options{}
	if opts != nil {
		o = *opts
	}
	if opts = &o; o.Pooling == nil {
		o.Pooling = m.Pooling()
	}
	if opts.Roles != nil && len(opts.Roles) != len(docs) {
		return nil, fmt.Errorf("encoder: roles of %d documents, want %d", len(opts.Roles), len(docs))
	}
	total := 0
	for d, segments := range docs {
		total += len(segments)
		if len(segments) == 0 {
			return nil, fmt.Errorf("encoder: document %d has no segments, want one or more", d)
		}
		if opts.Roles != nil && len(opts.Roles[d]) != len(segments) {
			return nil, fmt.Errorf("encoder: document %d: %d roles, want one for each of %d segments", d, len(opts.Roles[d]), len(segments))
		}
	}
	e := &Embeddings{rows: len(docs)}
	r := m.run(ctx, opts, total)
	for from := 0; from < len(docs); {
		to, size := from, 0
		var segments []string
		for ; to < len(docs) && (to == from || size < windowBytes); to++ {
			segments = append(segments, docs[to]...)
			for _, s := range docs[to] {
				size += len(s) + 8
			}
		}
		rows := newEmbeddings(len(segments), m.Width())
		pieces, err := r.segments(segments, opts, rows)
		if err != nil {
			return nil, err
		}
		e.add(rows)
		for at := 0; from < to; from++ {
			n := len(docs[from])
			if err := e.pool(from, rows.data[at*rows.cols:(at+n)*rows.cols], rows.cols, pieces[at:at+n], opts); err != nil {
				return nil, err
			}
			at += n
		}
	}
	if len(docs) == 0 {
		e.cols = m.Width()
	}
	e.Tokens = r.pieces
	return e, nil
}

// pool sets row d from the rows of a document's segments.
func (e *Embeddings) pool(d int, rows []float32, width int, pieces []int, opts *Options) error {
	s := Segments{Tokens: pieces, Row: func(i int) []float32 { return rows[i*width:][:width] }}
	if opts.Roles != nil {
		s.Roles = opts.Roles[d]
	}
	blocks, err := opts.Pooling.weights(s)
	if err != nil {
		return fmt.Errorf("encoder: document %d: %w", d, err)
	}
	if d == 0 { // the first document says how wide the rows are
		e.cols = len(blocks) * width
		e.data = make([]float32, e.rows*e.cols)
	}
	if len(blocks)*width != e.cols {
		return fmt.Errorf("encoder: document %d: the pooling gave %d blocks, want %d as for the first", d, len(blocks), e.cols/width)
	}
	for i, b := range blocks {
		weighted(rows, width, b, e.RawRow(d)[i*width:(i+1)*width])
	}
	return nil
}

// weighted sets y to the weighted sum of rows.
func weighted(rows []float32, width int, weights []float64, y []float32) {
	w := make([]float32, len(weights))
	for i, x := range weights {
		w[i] = float32(x)
	}
	kernel.WeightedSum(nil, rows, []int{0, len(w)}, w, width, y)
}

// segments fills rows with a row for each text, nothing cut, and returns the number of pieces of each.
func (r *run) segments(texts []string, opts *Options, rows *Embeddings) (pieces []int, err error) {
	var cache *Cache
	if opts != nil {
		cache = opts.Cache
	}
	rows.Segments = len(texts)
	pieces = make([]int, len(texts))
	var fresh []string
	var index []int // where a fresh text stands among all
	for i, text := range texts {
		if pieces[i] = cache.get(r.origin(), text, rows.RawRow(i)); pieces[i] == 0 {
			fresh, index = append(fresh, text), append(index, i)
		}
	}
	r.report(len(texts) - len(fresh))
	ids, _ := r.tokenize(fresh, 0)
	var splits []split
	for i, at := range index {
		pieces[at] = len(ids[i])
		parts := r.split(ids[i])
		if len(parts) == 1 {
			r.add(parts[0], rows.RawRow(at), 1)
			continue
		}
		rows.Splits += len(parts) - 1
		s := newSplit(rows.RawRow(at), parts)
		splits = append(splits, s)
		for j, p := range parts {
			r.add(p, s.rows.RawRow(j), 1-min(j, 1))
		}
	}
	if err := r.flush(); err != nil {
		return nil, err
	}
	for _, s := range splits {
		weighted(s.rows.data, s.rows.cols, s.weights, s.row)
	}
	for i, at := range index {
		cache.put(r.origin(), fresh[i], rows.RawRow(at), pieces[at])
	}
	return pieces, nil
}

// split is a segment that takes several sequences: row will be the weighted sum of their rows.
type split struct {
	row     []float32
	rows    *Embeddings
	weights []float64
}

func newSplit(row []float32, parts [][]int) split {
	return split{row, newEmbeddings(len(parts), len(row)), shares(parts)}
}

// Sequences returns what the network reads of a segment: ids with [CLS] first and [SEP] last, in several sequences if
// there are more than MaxSeqLength, and the share of each in the segment's row. Shares sum to 1.
func (m *Model) Sequences(segment string) (ids [][]int, share []float64) {
	all, _ := m.tokenizer.Append(nil, segment, 0)
	ids = m.split(all)
	return ids, shares(ids)
}

// shares is the part of each sequence in its segment, by the pieces between [CLS] and [SEP].
func shares(parts [][]int) []float64 {
	if len(parts) == 1 {
		return []float64{1}
	}
	w, total := make([]float64, len(parts)), 0
	for i, p := range parts {
		w[i] = float64(len(p) - 2)
		total += len(p) - 2
	}
	for i := range w {
		w[i] /= float64(total)
	}
	return w
}

// split cuts ids, with [CLS] first and [SEP] last, into sequences of at most MaxSeqLength that begin and end so too.
// The cuts are between words, unless a word alone is longer.
func (m *Model) split(ids []int) [][]int {
	if len(ids) <= m.config.MaxSeqLength {
		return [][]int{ids}
	}
	first, body, last := ids[0], ids[1:len(ids)-1], ids[len(ids)-1]
	var parts [][]int
	for len(body) > 0 {
		n := min(len(body), m.config.MaxSeqLength-2)
		if n < len(body) {
			word := n
			for word > 0 && strings.HasPrefix(m.tokenizer.Token(body[word]), "##") {
				word--
			}
			if word > 0 {
				n = word
			}
		}
		part := append(make([]int, 0, n+2), first)
		parts = append(parts, append(append(part, body[:n]...), last))
		body = body[n:]
	}
	return parts
}
