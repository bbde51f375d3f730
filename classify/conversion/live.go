package conversion

import (
	"context"
	"errors"
	"strings"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/transcript"
	"gonum.org/v1/gonum/mat"
)

// Live is a call in progress. A turn costs one text to encode and work that does not depend on the number of turns
// before it. It is for one goroutine at a time; a predictor may have any number of them.
type Live struct {
	p     *Predictor
	words *transcript.RunningTFIDF
	pools [][]pool // of each block that the predictor reads, of each of its parts; none for words
	said  profile
	now   Prediction
}

// Live begins a call.
func (p *Predictor) Live() *Live {
	l := &Live{p: p, words: p.words.Running(), pools: make([][]pool, len(p.blocks)), now: p.silent()}
	for i, b := range p.blocks {
		if b.parts != nil {
			m, _ := p.encoder(b.source)
			for _, part := range b.parts(m) {
				l.pools[i] = append(l.pools[i], part.pool(m))
			}
		}
	}
	return l
}

// Add adds a turn and returns the prediction for the call as if it ended there, which is what Predict gives for the
// turns so far, to within rounding. Of the turn, only Text is used. A turn without text is an error. After an error,
// such as the error of ctx, the call is as it was before.
func (l *Live) Add(ctx context.Context, turn transcript.Turn) (Prediction, error) {
	if l == nil || l.p == nil {
		return Prediction{}, errNoPredictor
	}
	if strings.TrimSpace(turn.Text) == "" {
		return l.now, errors.New("conversion: the turn is empty: leave it out")
	}
	if err := ctx.Err(); err != nil {
		return l.now, err
	}
	vectors, err := l.p.vectors(ctx, []string{turn.Text})
	if err != nil {
		return l.now, err
	}
	return l.add(turn.Text, vectors, 0)
}

// vectors encodes the turns of a document by each encoder that the predictor needs.
func (p *Predictor) vectors(ctx context.Context, doc []string) (map[source]*encoder.Embeddings, error) {
	vectors := map[source]*encoder.Embeddings{}
	for _, b := range p.blocks {
		if b.source == wordCounts || vectors[b.source] != nil {
			continue
		}
		m, cache := p.encoder(b.source)
		x, err := m.EncodeSegments(ctx, doc, &encoder.Options{Cache: cache})
		if err != nil {
			return nil, err
		}
		vectors[b.source] = x
	}
	return vectors, nil
}

// add adds a turn whose vectors are in row i.
func (l *Live) add(turn string, vectors map[source]*encoder.Embeddings, i int) (Prediction, error) {
	l.words.Add(l.p.mask(turn))
	l.p.add(&l.said, turn)
	parts := make([]mat.Matrix, len(l.pools))
	for k, b := range l.p.blocks {
		if b.source == wordCounts {
			parts[k] = l.words.Row()
			continue
		}
		var joined row
		for _, p := range l.pools[k] {
			p.add(vectors[b.source].RawRow(i))
			joined = append(joined, p.vector()...)
		}
		parts[k] = joined
	}
	z, err := l.p.margins(parts)
	if err != nil {
		return l.now, err
	}
	if l.said.words == 0 {
		return l.now, nil // nobody has said a word yet
	}
	l.now.set(z[0], l.p.info.Threshold, l.p.warnings(l.said, l.p.distance(parts, 0)))
	return l.now, nil
}

// row is a matrix of one row.
type row []float32

func (r row) Dims() (int, int)     { return 1, len(r) }
func (r row) At(_, j int) float64  { return float64(r[j]) }
func (r row) T() mat.Matrix        { return mat.Transpose{Matrix: r} }
func (r row) RawRow(int) []float32 { return r }
