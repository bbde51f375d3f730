package conversion

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/transcript"
	"gonum.org/v1/gonum/mat"
)

// Live is a call in progress. A turn costs one text to encode and work that does not depend on the number of turns
// before it. It is for one goroutine at a time; a predictor may have any number of them.
type Live struct {
	p     *Predictor
	heard *heard
	said  profile
	turns []string
	now   Prediction
}

// Live begins a call.
func (p *Predictor) Live() *Live {
	if p == nil || p.stack == nil {
		return nil
	}
	return &Live{p: p, heard: p.listen(p.words), now: p.silent()}
}

// Add adds a turn and returns the prediction for the call in progress: by heads and a calibration that were trained on
// beginnings of calls, see [DuringCall]. Slipping is the alarm. Of the turn, only Text is used. A turn without text is
// an error. After an error, such as the error of ctx, the call is as it was before.
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
	vectors, err := l.p.genericVectors(ctx, []string{turn.Text})
	if err != nil {
		return l.now, err
	}
	return l.add(turn.Text, vectors, 0)
}

// End returns the prediction for the call as it ends after the turns so far: what [Predictor.Predict] gives. It costs the
// encoding of all turns by the fine-tuned encoder, where the predictor uses it. Turns can be added after it.
func (l *Live) End(ctx context.Context) (Prediction, error) {
	switch {
	case l == nil || l.p == nil:
		return Prediction{}, errNoPredictor
	case l.said.words == 0:
		return l.p.silent(), ctx.Err()
	}
	all, err := l.p.predict(ctx, [][]string{l.turns}, nil)
	if err != nil {
		return l.now, err
	}
	return all[0], nil
}

// genericVectors encodes the turns of a document by the encoder that calls in progress are read by.
func (p *Predictor) genericVectors(ctx context.Context, doc []string) (*encoder.Embeddings, error) {
	return p.generic.EncodeSegments(ctx, doc, &encoder.Options{Cache: p.genericCache})
}

// add adds a turn whose vector is in row i.
func (l *Live) add(turn string, vectors *encoder.Embeddings, i int) (Prediction, error) {
	parts := l.heard.add(turn, vectors.RawRow(i))
	z, err := marginsOf(l.p.during, slices.Concat(parts, parts))
	if err != nil {
		return l.now, err
	}
	l.turns = append(l.turns, turn)
	l.p.add(&l.said, turn)
	if l.said.words == 0 {
		return l.now, nil // nobody has said a word yet
	}
	l.now.set(l.p.info.duringCall(z[0], len(l.turns)), l.p.info.Threshold, l.p.warnings(l.said, l.p.distance(parts, 0)))
	l.now.Slipping = l.now.Probability < l.p.info.DuringCall.Alarm.Threshold
	return l.now, nil
}

// heard is what a call in progress is read by: the features of blocks that need no fine-tuning, turn by turn.
type heard struct {
	p      *Predictor
	blocks []block
	words  *transcript.RunningTFIDF
	pools  [][]pool // of each block, of each of its parts; none for words
}

// listen begins a call whose words are read by the given terms.
func (p *Predictor) listen(words *transcript.TFIDF) *heard {
	h := &heard{p: p, blocks: p.genericOnes(), words: words.Running()}
	h.pools = make([][]pool, len(h.blocks))
	for i, b := range h.blocks {
		if b.parts != nil {
			for _, part := range b.parts(p.generic) {
				h.pools[i] = append(h.pools[i], part.pool(p.generic))
			}
		}
	}
	return h
}

// genericOnes are the blocks of the predictor that need no fine-tuning, which come first.
func (p *Predictor) genericOnes() []block {
	return slices.DeleteFunc(slices.Clone(p.blocks), func(b block) bool { return b.source == tunedTurns })
}

// add adds a turn and its vector, and returns the features of the call so far, by block.
func (h *heard) add(turn string, vector []float32) []mat.Matrix {
	h.words.Add(h.p.mask(turn))
	parts := make([]mat.Matrix, len(h.blocks))
	for k, b := range h.blocks {
		if b.source == wordCounts {
			parts[k] = h.words.Row()
			continue
		}
		var joined row
		for _, p := range h.pools[k] {
			p.add(vector)
			joined = append(joined, p.vector()...)
		}
		parts[k] = joined
	}
	return parts
}

// row is a matrix of one row.
type row []float32

func (r row) Dims() (int, int)     { return 1, len(r) }
func (r row) At(_, j int) float64  { return float64(r[j]) }
func (r row) T() mat.Matrix        { return mat.Transpose{Matrix: r} }
func (r row) RawRow(int) []float32 { return r }
