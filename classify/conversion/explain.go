package conversion

import (
	"cmp"
	"context"
	"fmt"
	"sort"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/shap"
	"github.com/org/salesconv/transcript"
)

// ExplainOptions are the settings of Explain. Nil means the defaults.
type ExplainOptions struct {
	// Words is how many of the most influential turns have their words explained; default 3; negative: none.
	Words int
	Seed  uint64 // of what is sampled; default 0
}

const (
	longestTurn = 2000 // bytes of a turn whose words are explained
	wordOrders  = 4    // in which words are tried: few, as each asks for a text to be encoded for each word
)

// An Explanation attributes the log-odds of a call to its turns: Base and the contributions of all turns add up to them.
// Base is what the average training call gets, and what the words of tf-idf that are not there leave.
type Explanation struct {
	Prediction
	Base  float64     `json:"base"`
	Turns []TurnShare `json:"turns"`
	// Long is the number of influential turns whose words are not explained, as they have more than 2000 bytes.
	Long int `json:"-"`
}

// A TurnShare is a turn and what it contributes.
type TurnShare struct {
	Speaker string `json:"speaker"`
	Share
	// Attention is the turn's weight in the tuned encoder's embedding of the call; nil where all turns have the same.
	Attention *float64 `json:"attention,omitempty"`
	// Words of the turn, each with the white space that follows it. Their contributions add up to what the log-odds lose
	// when the turn falls silent, which is not the turn's own contribution. They are sampled.
	Words []Share `json:"words,omitempty"`
}

// A Share is a part of a call and what it contributes to the log-odds.
type Share struct {
	Text         string  `json:"text"`
	Start        int     `json:"start"` // byte span in the call's text
	End          int     `json:"end"`
	Contribution float64 `json:"contribution"`
	// Error is the standard error, where the contribution is sampled.
	Error *float64 `json:"error,omitempty"`
}

// Explain attributes the log-odds of a call to its turns, and the log-odds of the most influential turns to their
// words.
//
// Where all heads are logistic regressions, contributions of turns are exact: the log-odds are a sum over turns, because
// embeddings of calls are weighted sums of turn vectors, and the weight of a term is attributed to its occurrences; the
// weights that attention gave the turns are taken as they are. Otherwise they are Shapley values over the sets of turns,
// estimated from random orders. Words are always sampled.
//
// A contribution describes the model's response to a turn, not the turn's effect on the customer.
func (p *Predictor) Explain(ctx context.Context, call transcript.Call, opts *ExplainOptions) (*Explanation, error) {
	var o ExplainOptions
	if opts != nil {
		o = *opts
	}
	o.Words = cmp.Or(o.Words, 3)
	doc, turns := document(call), call.Turns()
	if doc == nil {
		e := &Explanation{Prediction: p.silent(), Base: p.info.prior()}
		e.ID = call.ID
		return e, nil
	}
	e, err := p.explainTurns(ctx, doc, o.Seed)
	if err != nil {
		return nil, err
	}
	x := &Explanation{Prediction: Prediction{ID: call.ID}, Base: e.Base}
	now, err := p.Predict(ctx, []transcript.Call{call}, nil)
	if err != nil {
		return nil, err
	}
	x.set(e.Output(), p.info.Threshold, now[0].Warnings)
	attention, err := p.attention(ctx, doc)
	if err != nil {
		return nil, err
	}
	for i, t := range turns {
		x.Turns = append(x.Turns, TurnShare{Speaker: t.Speaker, Share: newShare(t.Text, t.Start, t.End, e, i)})
		if attention != nil {
			x.Turns[i].Attention = &attention[i]
		}
	}
	for _, i := range e.Top(o.Words) {
		if len(doc[i]) > longestTurn {
			x.Long++
			continue
		}
		if x.Turns[i].Words, err = p.explainWords(ctx, doc, i, turns[i], o.Seed); err != nil {
			return nil, err
		}
	}
	return x, nil
}

func newShare(text string, start, end int, e *shap.Explanation, i int) Share {
	s := Share{Text: text, Start: start, End: end, Contribution: e.Values[i]}
	if e.Errors != nil {
		s.Error = &e.Errors[i]
	}
	return s
}

// explainTurns attributes the log-odds of a document to its turns.
func (p *Predictor) explainTurns(ctx context.Context, doc []string, seed uint64) (*shap.Explanation, error) {
	var weights []float64
	var terms []*shap.Explanation
	vectors, err := p.vectors(ctx, doc)
	if err != nil {
		return nil, err
	}
	for i, b := range p.blocks {
		h := p.stack.Heads[i]
		logistic, ok := h.Classifier.(*classify.Logistic)
		if !ok {
			return p.sample(ctx, doc, seed)
		}
		var e *shap.Explanation
		var err error
		if b.source == wordCounts {
			e = p.explainTerms(logistic, doc)
		} else {
			e, err = p.explainParts(logistic, b, vectors[b.source])
		}
		if err != nil {
			return nil, fmt.Errorf("conversion: explaining block %q: %w", b.key, err)
		}
		weights, terms = append(weights, h.Weight), append(terms, e)
	}
	intercept := &shap.Explanation{Base: p.stack.Intercept, Values: make([]float64, len(doc))}
	return shap.Combine(append(weights, 1), append(terms, intercept))
}

// explainParts attributes the log-odds by the head of a block to turns. They are the sum over its parts.
func (p *Predictor) explainParts(head *classify.Logistic, b block, turns *encoder.Embeddings) (*shap.Explanation, error) {
	m, _ := p.encoder(b.source)
	var weights []float64
	var terms []*shap.Explanation
	background, intercept := p.background[b.key], head.Intercept
	for k, part := range b.parts(m) {
		from, to := k*m.Width(), (k+1)*m.Width()
		own := &classify.Logistic{Coefficients: head.Coefficients[from:to], Intercept: intercept}
		var average []float64
		if part.centered {
			average = background[from:to]
		}
		turnWeights, err := weightsOf(part.pooling, turns)
		if err != nil {
			return nil, err
		}
		e, err := shap.Turns(own, average, turns, turnWeights)
		if err != nil {
			return nil, err
		}
		weights, terms, intercept = append(weights, 1), append(terms, e), 0
	}
	return shap.Combine(weights, terms)
}

// attention is how much each turn of a document weighs in the tuned encoder's embedding of it; nil where that is the mean.
func (p *Predictor) attention(ctx context.Context, doc []string) ([]float64, error) {
	if p.tuned == nil || p.tuned.Heads() == nil || p.tuned.Heads().Query == nil {
		return nil, nil
	}
	turns, err := p.tuned.EncodeSegments(ctx, doc, &encoder.Options{Cache: p.tunedCache})
	if err != nil {
		return nil, err
	}
	return weightsOf(p.tuned.Pooling(), turns)
}

// weightsOf returns the weights of turns in a pooling of one block.
func weightsOf(pooling encoder.Pooling, turns *encoder.Embeddings) ([]float64, error) {
	blocks, err := pooling.Weights(turns, nil)
	if err != nil {
		return nil, fmt.Errorf("conversion: %w", err)
	}
	return blocks[0], nil
}

// explainTerms attributes the weight of each term to its occurrences in equal parts; one that spans two turns belongs to
// the turn it begins in.
func (p *Predictor) explainTerms(model *classify.Logistic, doc []string) *shap.Explanation {
	turns := make([]string, len(doc))
	for i, turn := range doc {
		turns[i] = p.mask(turn)
	}
	joined := text(turns)
	weight, count := map[int]float64{}, map[int]float64{}
	p.words.Transform([]string{joined}).DoRowNonZero(0, func(_, c int, v float64) { weight[c] = model.Coefficients[c] * v })
	for c := range p.words.Occurrences(joined) {
		count[c]++
	}
	ends := make([]int, len(doc)) // of the turns in the joined text
	for t, end := 0, -1; t < len(doc); t++ {
		end += 1 + len(turns[t])
		ends[t] = end
	}
	e := &shap.Explanation{Base: model.Intercept, Values: make([]float64, len(doc))}
	for c, span := range p.words.Occurrences(joined) {
		e.Values[sort.SearchInts(ends, span[0])] += weight[c] / count[c]
	}
	return e
}

// sample estimates Shapley values over sets of turns; a call in which nothing was said is an empty one.
func (p *Predictor) sample(ctx context.Context, doc []string, seed uint64) (*shap.Explanation, error) {
	return shap.Sample(ctx, len(doc), func(ctx context.Context, coalitions [][]bool) ([]float64, error) {
		docs := make([][]string, len(coalitions))
		for i, in := range coalitions {
			for t, present := range in {
				if present {
					docs[i] = append(docs[i], doc[t])
				}
			}
			if docs[i] == nil {
				docs[i] = []string{""}
			}
		}
		return p.value(ctx, docs)
	}, &shap.SampleOptions{Seed: seed})
}

// explainWords attributes to the words of turn i what the turn adds to a call in which it is silent.
func (p *Predictor) explainWords(ctx context.Context, doc []string, i int, turn transcript.Turn, seed uint64) ([]Share, error) {
	e, err := shap.Words(ctx, doc[i], func(ctx context.Context, texts []string) ([]float64, error) {
		docs := make([][]string, len(texts))
		for k, text := range texts {
			docs[k] = append([]string{}, doc...)
			docs[k][i] = text
		}
		return p.value(ctx, docs)
	}, &shap.SampleOptions{Permutations: wordOrders, Seed: seed})
	if err != nil {
		return nil, err
	}
	shares, at := make([]Share, len(e.Names)), 0
	for k, word := range e.Names {
		end := at + len(word)
		shares[k] = newShare(word, turn.Offset(at), turn.Offset(end-1)+1, e, k)
		at = end
	}
	return shares, nil
}

// value gives the log-odds of documents.
func (p *Predictor) value(ctx context.Context, docs [][]string) ([]float64, error) {
	parts, err := p.features(ctx, docs, p.blocks, nil)
	if err != nil {
		return nil, err
	}
	return p.margins(parts)
}
