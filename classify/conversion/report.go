package conversion

import (
	"context"
	"errors"
	"fmt"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/transcript"
	"gonum.org/v1/gonum/mat"
)

// Keys of the methods that a [Report] compares, in addition to the keys of the blocks.
const (
	GenericStack = "generic_stack" // the stack without fine-tuning
	TunedStack   = "tuned_stack"   // the stack with the tuned head, whether it helps or not
	Best         = "predictor"     // the predictor: with the tuned head if it helps
)

// Title returns the name of a block or a method in tables.
func Title(key string) string {
	switch key {
	case GenericStack:
		return "stack of generic heads"
	case TunedStack:
		return "stack, fine-tuned"
	case Best:
		return "stack, fine-tuned where it helps"
	}
	if b := find(key); b != nil {
		return b.title
	}
	return key
}

// A Report is what Fit returns in addition to the predictor: how the fine-tuning went, and what other methods predict.
// It is safe for concurrent use.
type Report struct {
	Tuning *Tuning `json:"tuning,omitempty"` // nil for Options.Frozen

	predictor *Predictor
	fit       *fit
	alone     method // whose heads predict alone
	methods   []method
	outOfFold *mat.Dense
}

// A method is a stack that predicts, and the blocks that it reads.
type method struct {
	key    string
	stack  *classify.Stack
	blocks []block
}

// newMethod joins heads of blocks to a stack.
func newMethod(key string, heads *classify.Heads, required, optional []string) (method, error) {
	s, err := heads.Stack(required, optional)
	if err != nil {
		return method{}, err
	}
	blocks, err := read(s)
	return method{key, s, blocks}, err
}

// Predicted holds the predictions of one method.
type Predicted struct {
	// Method is the key of a block, whose head then predicts alone, or of a stack.
	Method      string    `json:"method"`
	Probability []float64 `json:"probability"`
}

// Predict returns the predictions of each method for calls, which should not be among the training calls: of each head
// alone, of the stack without fine-tuning, of the tuned head, of the stack with the tuned head, and of the predictor.
// Without fine-tuning there are only the first two. A call in which nobody says a word is an error.
func (r *Report) Predict(ctx context.Context, calls []transcript.Call) ([]Predicted, error) {
	if r == nil || r.predictor == nil {
		return nil, errNoPredictor
	}
	docs, err := documents(calls)
	if err != nil {
		return nil, err
	}
	p := r.predictor
	sources := []source{wordCounts, genericTurns}
	if p.tuned != nil {
		sources = append(sources, tunedTurns)
	}
	known := of(sources...)
	parts, err := p.features(ctx, docs, known, nil)
	if err != nil {
		return nil, err
	}
	features := map[string]mat.Matrix{}
	for i, b := range known {
		features[b.key] = parts[i]
	}
	all, err := r.alone.heads(features)
	if err != nil {
		return nil, err
	}
	for _, m := range r.methods {
		x, err := m.join(features)
		if err != nil {
			return nil, err
		}
		probability, err := m.stack.Predict(x)
		if err != nil {
			return nil, err
		}
		all = append(all, Predicted{m.key, probability})
	}
	return all, nil
}

// heads returns the predictions of each head of the method alone.
func (m *method) heads(features map[string]mat.Matrix) ([]Predicted, error) {
	x, err := m.join(features)
	if err != nil {
		return nil, err
	}
	margins, err := m.stack.HeadMargins(x)
	if err != nil {
		return nil, err
	}
	var all []Predicted
	for i, b := range m.blocks {
		p := make([]float64, len(margins[i]))
		for k, z := range margins[i] {
			p[k] = classify.Sigmoid(z)
		}
		all = append(all, Predicted{b.key, p})
	}
	return all, nil
}

// join gives the rows that the method's stack reads.
func (m *method) join(features map[string]mat.Matrix) (mat.Matrix, error) {
	var parts []mat.Matrix
	for _, b := range m.blocks {
		parts = append(parts, features[b.key])
	}
	return classify.Join(parts...)
}

// Embeddings returns the mean turn vector of each call by the generic and by the fine-tuned encoder, to be drawn by t-SNE
// for example; tuned is nil without fine-tuning. The tuned encoder knows the outcome of its training calls: see OutOfFold.
// A call in which nobody says a word is an error.
func (r *Report) Embeddings(ctx context.Context, calls []transcript.Call) (generic, tuned mat.Matrix, err error) {
	if r == nil || r.predictor == nil {
		return nil, nil, errNoPredictor
	}
	docs, err := documents(calls)
	if err != nil {
		return nil, nil, err
	}
	p := r.predictor
	if generic, err = p.generic.EncodeDocuments(ctx, docs, &encoder.Options{Cache: p.genericCache}); err != nil || p.tuned == nil {
		return generic, nil, err
	}
	tuned, err = p.tuned.EncodeDocuments(ctx, docs, &encoder.Options{Cache: p.tunedCache})
	return generic, tuned, err
}

// OutOfFold returns the fine-tuned embeddings of the training calls, each by an encoder that was not trained on the call:
// what other classifiers are to be trained on. Nil without fine-tuning.
func (r *Report) OutOfFold() mat.Matrix {
	if r.outOfFold == nil {
		return nil
	}
	return r.outOfFold
}

// documents are calls as the encoder reads them. Calls without words are an error.
func documents(calls []transcript.Call) ([][]string, error) {
	docs := make([][]string, len(calls))
	for i, c := range calls {
		if docs[i] = document(c); docs[i] == nil {
			return nil, fmt.Errorf("conversion: nobody says a word in call %q (number %d): leave it out", c.ID, i+1)
		}
	}
	if len(docs) == 0 {
		return nil, errors.New("conversion: no calls")
	}
	return docs, nil
}
