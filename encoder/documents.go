package encoder

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/org/salesconv/internal/kernel"
)

// Documents are documents as token ids, each a list of segments: tokenized once, they may be encoded, trained on and
// put into graphs any number of times, by the model that tokenized them and by its clones. They are plain values: any
// of them, and any of their segments, may be left out or repeated.
type Documents [][]Segment

// Segment is a part of a document, the turn of a call for example, as the network reads it.
type Segment struct {
	Text string
	// Sequences are ids with [CLS] first and [SEP] last: several if there are more than MaxSeqLength.
	Sequences [][]int
	Shares    []float64 // of each sequence in the segment's embedding; they sum to 1
}

// Tokens is the number of tokens in the segment, one [CLS] and one [SEP] among them.
func (s Segment) Tokens() int {
	n := 2
	for _, ids := range s.Sequences {
		n += len(ids) - 2
	}
	return n
}

// validate returns an error if a document has nothing to read, or a segment that no model tokenized.
func validate(segments []Segment) error {
	if len(segments) == 0 {
		return errors.New("has no segments, want one or more")
	}
	for i, s := range segments {
		if len(s.Sequences) != len(s.Shares) {
			return fmt.Errorf("has %d shares for the %d sequences of segment %d, want one for each", len(s.Shares), len(s.Sequences), i)
		}
	}
	return nil
}

// TokenizeDocuments turns documents, each a list of segments, into token ids, with GOMAXPROCS goroutines. It returns
// the error of ctx, or an error for a model that was not loaded.
func (m *Model) TokenizeDocuments(ctx context.Context, docs [][]string) (Documents, error) {
	if err := m.check(0); err != nil {
		return nil, err
	}
	if ctx == nil {
		return nil, errNoContext
	}
	var all []Segment
	for _, texts := range docs {
		for _, t := range texts {
			all = append(all, Segment{Text: t})
		}
	}
	m.threads(0).Do(len(all), func(_, i int) { m.tokenizeSegment(ctx, &all[i]) })
	if ctx.Err() != nil {
		return nil, fmt.Errorf("encoder: stopped while documents were tokenized: %w", context.Cause(ctx))
	}
	d := make(Documents, len(docs))
	for i, texts := range docs {
		d[i], all = all[:len(texts):len(texts)], all[len(texts):]
	}
	return d, nil
}

func (m *Model) tokenizeSegment(ctx context.Context, s *Segment) {
	ids, _ := m.tokenizer.append(ctx, make([]int, 0, 8+len(s.Text)/4), s.Text, 0)
	s.Sequences = m.split(ids)
	s.Shares = shares(s.Sequences)
}

// untokenized are the documents of texts, to be tokenized as far as a cache does not know them.
func untokenized(docs [][]string) Documents {
	d := make(Documents, len(docs))
	for i, texts := range docs {
		d[i] = make([]Segment, len(texts))
		for j, t := range texts {
			d[i][j].Text = t
		}
	}
	return d
}

// EncodeSegments gives each segment an embedding, as [Model.Encode] does for texts, except that nothing is cut: a
// segment of more than MaxSeqLength tokens is split between words into several sequences, which the result counts as
// Splits, and its embedding is the mean of theirs, weighted by tokens. Segments of the same text are run once. Of the
// options for documents, only Cache is used.
func (m *Model) EncodeSegments(ctx context.Context, segments []string, opts *Options) (*Embeddings, error) {
	r, err := m.run(ctx, opts, len(segments))
	if err != nil {
		return nil, err
	}
	e := newEmbeddings(len(segments), m.Width())
	all := untokenized([][]string{segments})[0]
	for from := 0; from < len(segments); {
		to := window(segments, from)
		rows := e.slice(from, to)
		if err := r.segments(all[from:to], opts, rows); err != nil {
			return nil, err
		}
		e.add(rows)
		from = to
	}
	e.Tokens = r.tokens
	return e, nil
}

// EncodeDocuments gives each document an embedding: its segments, the turns of a call for example, are encoded as
// [Model.EncodeSegments] does, and a [Pooling] combines their embeddings into one. With a Cache, a segment that was
// encoded before costs nothing, so a call in progress costs its new turn, and leaving a turn out costs the pooling
// alone. A document without segments is an error.
//
// The embedding of a document is a weighted sum, by default a mean, so its length is not 1 even where embeddings of
// texts have length 1: see [Embeddings.Normalized].
func (m *Model) EncodeDocuments(ctx context.Context, docs [][]string, opts *Options) (*Embeddings, error) {
	return m.EncodeTokenized(ctx, untokenized(docs), opts)
}

// EncodeTokenized is [Model.EncodeDocuments] for documents that [Model.TokenizeDocuments] has tokenized.
func (m *Model) EncodeTokenized(ctx context.Context, docs Documents, opts *Options) (*Embeddings, error) {
	if err := m.check(0); err != nil {
		return nil, err
	}
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
		if err := validate(segments); err != nil {
			return nil, fmt.Errorf("encoder: document %d %w", d, err)
		}
		if opts.Roles != nil && len(opts.Roles[d]) != len(segments) {
			return nil, fmt.Errorf("encoder: document %d: %d roles, want one for each of %d segments", d, len(opts.Roles[d]), len(segments))
		}
	}
	r, err := m.run(ctx, opts, total)
	if err != nil {
		return nil, err
	}
	e := &Embeddings{rows: len(docs), cols: m.Width(), stride: m.Width(), blocks: 1, tokens: make([]int, len(docs))}
	for from := 0; from < len(docs); {
		to, size := from, 0
		var segments []Segment
		for ; to < len(docs) && (to == from || size < windowBytes); to++ {
			segments = append(segments, docs[to]...)
			for _, s := range docs[to] {
				size += len(s.Text) + 8
			}
		}
		rows := newEmbeddings(len(segments), m.Width())
		if err := r.segments(segments, opts, rows); err != nil {
			return nil, err
		}
		e.add(rows)
		for at := 0; from < to; from++ {
			n := len(docs[from])
			if err := e.pool(from, rows.slice(at, at+n), opts); err != nil {
				return nil, err
			}
			at += n
		}
	}
	e.Tokens = r.tokens
	return e, nil
}

// pool sets row d from the embeddings of a document's segments.
func (e *Embeddings) pool(d int, segments *Embeddings, opts *Options) error {
	var roles []int
	if opts.Roles != nil {
		roles = opts.Roles[d]
	}
	blocks, err := opts.Pooling.Weights(segments, roles)
	if err != nil {
		return fmt.Errorf("encoder: document %d: %w", d, err)
	}
	width := segments.cols
	if d == 0 { // the first document decides the width
		e.cols, e.stride, e.blocks = len(blocks)*width, len(blocks)*width, len(blocks)
		e.data = make([]float32, e.rows*e.cols)
	}
	if len(blocks)*width != e.cols {
		return fmt.Errorf("encoder: document %d: the pooling gave %d blocks, want %d as for the first", d, len(blocks), e.cols/width)
	}
	for _, n := range segments.tokens {
		e.tokens[d] += n
	}
	for i, b := range blocks {
		weighted(segments.data, width, b, e.RawRow(d)[i*width:(i+1)*width])
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

// segments fills rows with an embedding for each segment, nothing cut, and with their numbers of tokens.
func (r *run) segments(segments []Segment, opts *Options, rows *Embeddings) error {
	var cache *Cache
	if opts != nil {
		cache = opts.Cache
	}
	rows.Segments = len(segments)
	first := map[string]int{} // of the segments with a text
	var fresh []int
	for i, s := range segments {
		if _, repeated := first[s.Text]; repeated {
			continue
		}
		first[s.Text] = i
		if rows.tokens[i] = cache.get(r.origin(), s.Text, rows.RawRow(i)); rows.tokens[i] == 0 {
			fresh = append(fresh, i)
		}
	}
	r.report(len(segments) - len(fresh))
	if err := r.fresh(segments, fresh, rows); err != nil {
		return err
	}
	for _, i := range fresh {
		cache.put(r.origin(), segments[i].Text, rows.RawRow(i), rows.tokens[i])
	}
	for i, s := range segments {
		if from := first[s.Text]; from < i {
			copy(rows.RawRow(i), rows.RawRow(from))
			rows.tokens[i] = rows.tokens[from]
		}
	}
	return nil
}

// fresh runs some of the segments through the network.
func (r *run) fresh(segments []Segment, index []int, rows *Embeddings) error {
	todo := make([]Segment, len(index))
	r.Model.threads(r.threads).Do(len(index), func(_, i int) {
		if todo[i] = segments[index[i]]; todo[i].Sequences == nil && r.ctx.Err() == nil {
			r.tokenizeSegment(r.ctx, &todo[i])
		}
	})
	if r.ctx.Err() != nil {
		return fmt.Errorf("encoder: %w", context.Cause(r.ctx))
	}
	var splits []split
	for i, at := range index {
		s := todo[i]
		rows.tokens[at] = s.Tokens()
		if len(s.Sequences) == 1 {
			r.add(s.Sequences[0], rows.RawRow(at), 1)
			continue
		}
		rows.Splits += len(s.Sequences) - 1
		p := newSplit(rows.RawRow(at), s)
		splits = append(splits, p)
		for j, ids := range s.Sequences {
			r.add(ids, p.rows.RawRow(j), 1-min(j, 1))
		}
	}
	if err := r.flush(); err != nil {
		return err
	}
	for _, s := range splits {
		weighted(s.rows.data, s.rows.cols, s.weights, s.row)
	}
	return nil
}

// split is a segment that takes several sequences: row will be the weighted sum of their rows.
type split struct {
	row     []float32
	rows    *Embeddings
	weights []float64
}

func newSplit(row []float32, s Segment) split {
	return split{row, newEmbeddings(len(s.Sequences), len(row)), s.Shares}
}

// shares is the share of each sequence in its segment, by the tokens between [CLS] and [SEP].
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
