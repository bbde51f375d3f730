// Package conversion composes the packages to the predictor that the commands train, save and serve: calls in,
// probabilities of winning and the turns that make them out.
//
// # Features
//
// A call is a document, the texts of its turns. Four blocks of features describe it: tf-idf of its words and pairs of
// words; of the generic encoder's turn vectors the mean, the mean of the last three and the trend over the call. A
// fifth is the mean of the turn vectors of an encoder tuned on the training calls. Each block has a head of its own,
// and a [classify.Stack] weighs the heads by what they are worth on calls that they were not trained on.
//
// # Tuning
//
// The upper layers of the encoder are tuned by triplets of calls and, at the same time, by a linear classifier of the
// outcome on the mean of the turn vectors, which becomes the head of the fifth block. That is done once on all
// training calls and once without each inner fold of them, to learn what the tuned head says of calls that neither it nor
// its encoder has seen. On these the stack decides whether it uses the tuned head at all, and how much it weighs: only
// what betters both log loss and ROC AUC is used. What predicts has the mean of the weights of all tunings, and of their
// heads. See [Tuning].
//
// # Files
//
// Save writes a folder that Load reads: predictor.json (which blocks, which encoders), classifier.json, words.json and
// the tuned encoder as fine_tuned_embeddings, which sentence-transformers opens too.
package conversion

import (
	"context"
	"strings"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/transcript"
	"gonum.org/v1/gonum/mat"
)

// Names of the blocks of features, in their order.
const (
	Words     = "tf-idf"
	TurnMean  = "turn mean"
	LastTurns = "last turns"
	Trend     = "trend"
	TunedMean = "fine-tuned turn mean"
)

// lastTurns is how many turns at the end of a call make up the block LastTurns.
const lastTurns = 3

// genericPooling gives the blocks TurnMean, LastTurns and Trend side by side.
var genericPooling = encoder.Join(encoder.Mean, encoder.Last(lastTurns), encoder.Trend)

// A Pipeline predicts which calls are won. It is safe for concurrent use.
type Pipeline struct {
	Generic *encoder.Model
	Tuned   *encoder.Model // nil: the block TunedMean is not used
	Words   *transcript.TFIDF
	Stack   *classify.Stack

	// Background is the mean row of the training calls, of all blocks but Words: what explanations compare with.
	Background []float64

	embedded bool // Generic is the embedded model, which need not be saved
	generic  *encoder.Cache
	tuned    *encoder.Cache
}

// remember makes room for the vectors of so many turns (0: the default of [encoder.NewCache]) of each encoder.
func (p *Pipeline) remember(turns int) {
	p.generic, p.tuned = encoder.NewCache(turns), encoder.NewCache(turns)
}

// cache is that of the vectors of an encoder.
func (p *Pipeline) cache(m *encoder.Model) *encoder.Cache {
	if m == p.Tuned {
		return p.tuned
	}
	return p.generic
}

// Document is a call as the encoder reads it: the texts of its turns.
func Document(call transcript.Call) []string {
	turns := call.Turns()
	texts := make([]string, len(turns))
	for i, t := range turns {
		texts[i] = t.Text
	}
	return texts
}

// Documents are those of all calls.
func Documents(calls []transcript.Call) [][]string {
	docs := make([][]string, len(calls))
	for i, c := range calls {
		docs[i] = Document(c)
	}
	return docs
}

// text is a document as tf-idf reads it.
func text(doc []string) string { return strings.Join(doc, "\n") }

func texts(docs [][]string) []string {
	all := make([]string, len(docs))
	for i, d := range docs {
		all[i] = text(d)
	}
	return all
}

// Predict gives the probability that each document is won.
func (p *Pipeline) Predict(ctx context.Context, docs [][]string, progress func(done, total int)) ([]float64, error) {
	x, err := p.Features(ctx, docs, progress)
	if err != nil {
		return nil, err
	}
	return p.Stack.Predict(x)
}

// PredictByTurn gives the probability after each turn of a document, as if the call ended there. A turn is encoded
// once.
func (p *Pipeline) PredictByTurn(ctx context.Context, doc []string) ([]float64, error) {
	prefixes := make([][]string, len(doc))
	for i := range doc {
		prefixes[i] = doc[:i+1]
	}
	return p.Predict(ctx, prefixes, nil)
}

// Features gives the rows that the stack reads, one for each document.
func (p *Pipeline) Features(ctx context.Context, docs [][]string, progress func(done, total int)) (mat.Matrix, error) {
	words := p.Words.Transform(texts(docs))
	generic, err := p.Generic.EncodeDocuments(ctx, docs, &encoder.Options{Pooling: genericPooling, Cache: p.generic, Progress: progress})
	if err != nil {
		return nil, err
	}
	if p.Tuned == nil {
		return classify.Join(words, generic)
	}
	tuned, err := p.Tuned.EncodeDocuments(ctx, docs, &encoder.Options{Cache: p.tuned, Progress: progress})
	if err != nil {
		return nil, err
	}
	return classify.Join(words, generic, tuned)
}

// Vectors gives each document the mean of its turn vectors by one of the pipeline's encoders.
func (p *Pipeline) Vectors(ctx context.Context, m *encoder.Model, docs [][]string) (*encoder.Embeddings, error) {
	return m.EncodeDocuments(ctx, docs, &encoder.Options{Cache: p.cache(m)})
}
