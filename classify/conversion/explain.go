package conversion

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/shap"
	"github.com/org/salesconv/transcript"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// ExplainOptions are the settings of Explain. Nil means the defaults.
type ExplainOptions struct {
	// Words is how many of the most influential turns have their words explained; default 3; negative: none.
	Words int
	// Method attributes these turns to their words; default [Gradients], or [Sampling] where a head has no gradients.
	Method WordMethod
	Seed   uint64 // of what is sampled; default 0
	// Progress watches the number of calls explained; default none.
	Progress func(done, total int)
}

const (
	longestTurn = 2000 // bytes of a turn whose words are explained
	wordOrders  = 4    // in which words are tried: few, as each asks for a text to be encoded for each word
	// explainBatch is how many calls are predicted before they are explained: few enough for the caches to know their turns.
	explainBatch = 64
)

// An Explanation attributes the log-odds of a call to its turns: Base and the contributions of all turns add up to them.
// Base is the log-odds for the mean turn vectors of the training calls and a text without words.
type Explanation struct {
	Prediction
	Base  float64     `json:"base"`
	Turns []TurnShare `json:"turns"`
	// Features attributes the log-odds to the blocks of features instead, with the same Base.
	Features []FeatureShare `json:"features"`
	// Long is the number of influential turns whose words are not explained, as they have more than 2000 bytes.
	Long int `json:"-"`
}

// A TurnShare is a turn and what it contributes.
type TurnShare struct {
	Speaker string `json:"speaker"`
	Share
	// Attention is the turn's weight in the tuned encoder's embedding of the call; nil if all turns have equal
	// weights.
	Attention *float64 `json:"attention,omitempty"`
	// Words of the turn, each with the white space that follows it. What their contributions add up to depends on the
	// [WordMethod]; it is not the turn's own contribution, which compares the turn with the average one.
	Words []Share `json:"words,omitempty"`
}

// A FeatureShare is a block of features and what it contributes.
type FeatureShare struct {
	Key          string  `json:"key"` // [Words] and so on
	Contribution float64 `json:"contribution"`
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

// Explain attributes the log-odds of a call to its turns, to the blocks of features, and the log-odds of the most
// influential turns to their words.
//
// Where all heads are logistic regressions, contributions of turns are exact: the log-odds are a sum over turns, because
// embeddings of calls are weighted sums of turn vectors, and the weight of a term is attributed to its occurrences;
// attention weights of turns are taken as constants. Otherwise contributions are Shapley values over sets of turns,
// estimated from random orders.
//
// A contribution describes the model's response to a turn, not the turn's effect on the customer.
func (p *Predictor) Explain(ctx context.Context, call transcript.Call, opts *ExplainOptions) (*Explanation, error) {
	all, err := p.ExplainAll(ctx, []transcript.Call{call}, opts)
	if err != nil {
		return nil, err
	}
	return &all[0], nil
}

// ExplainAll explains many calls as Explain does one, in their order. Turns are encoded many at a time, so that without
// words it takes little longer than predicting.
func (p *Predictor) ExplainAll(ctx context.Context, calls []transcript.Call, opts *ExplainOptions) ([]Explanation, error) {
	if p == nil || p.stack == nil {
		return nil, errNoPredictor
	}
	var o ExplainOptions
	if opts != nil {
		o = *opts
	}
	o.Words = cmp.Or(o.Words, 3)
	if err := o.Method.check(); err != nil {
		return nil, err
	}
	all := make([]Explanation, 0, len(calls))
	for batch := range slices.Chunk(calls, explainBatch) {
		now, err := p.Predict(ctx, batch, nil)
		if err != nil {
			return nil, err
		}
		for i, call := range batch {
			e, err := p.explain(ctx, call, now[i], o)
			if err != nil {
				return nil, err
			}
			if all = append(all, *e); o.Progress != nil {
				o.Progress(len(all), len(calls))
			}
		}
	}
	return all, nil
}

// explain explains a call whose prediction is known, and whose turns the caches may know.
func (p *Predictor) explain(ctx context.Context, call transcript.Call, now Prediction, o ExplainOptions) (*Explanation, error) {
	x := &Explanation{Prediction: now}
	doc, turns := document(call), call.Turns()
	if doc == nil {
		x.Base = p.info.prior()
		return x, nil
	}
	e, err := p.explainTurns(ctx, x, doc, o.Seed)
	if err != nil {
		return nil, err
	}
	x.Base = e.Base
	x.set(e.Output(), p.info.Threshold, now.Warnings)
	attention, err := p.attention(ctx, doc)
	if err != nil {
		return nil, err
	}
	for i, t := range turns {
		turn := TurnShare{Speaker: t.Speaker, Share: Share{Text: t.Text, Start: t.Start, End: t.End}}
		if turn.set(e, i); attention != nil {
			turn.Attention = &attention[i]
		}
		x.Turns = append(x.Turns, turn)
	}
	var which []int
	for _, i := range e.Top(o.Words) {
		if len(doc[i]) > longestTurn {
			x.Long++
			continue
		}
		which = append(which, i)
	}
	words, err := p.explainWords(ctx, doc, which, turns, o)
	if err != nil {
		return nil, err
	}
	for k, i := range which {
		x.Turns[i].Words = words[k]
	}
	return x, nil
}

// set takes the contribution of a player.
func (s *Share) set(e *shap.Explanation, i int) {
	if s.Contribution = e.Values[i]; e.Errors != nil {
		s.Error = &e.Errors[i]
	}
}

// linearHeads are the logistic regressions that read the blocks, if all heads are.
func (p *Predictor) linearHeads() (heads []*classify.Logistic, linear bool) {
	for _, h := range p.stack.Heads {
		head, ok := h.Classifier.(*classify.Logistic)
		if !ok {
			return nil, false
		}
		heads = append(heads, head)
	}
	return heads, true
}

// explainTurns attributes the log-odds of a document to its turns, and to the features of x.
func (p *Predictor) explainTurns(ctx context.Context, x *Explanation, doc []string, seed uint64) (*shap.Explanation, error) {
	heads, linear := p.linearHeads()
	if !linear {
		return p.sample(ctx, x, doc, seed)
	}
	vectors, err := p.vectors(ctx, doc)
	if err != nil {
		return nil, err
	}
	weights := []float64{1}
	terms := []*shap.Explanation{{Base: p.stack.Intercept, Values: make([]float64, len(doc))}}
	for k, b := range p.blocks {
		var e *shap.Explanation
		var err error
		if b.source == wordCounts {
			e = p.explainTerms(heads[k], doc)
		} else {
			e, err = p.explainParts(heads[k], b, vectors[b.source])
		}
		if err != nil {
			return nil, fmt.Errorf("conversion: explaining block %q: %w", b.key, err)
		}
		weight := p.stack.Heads[k].Weight
		weights, terms = append(weights, weight), append(terms, e)
		x.Features = append(x.Features, FeatureShare{b.key, weight * (e.Output() - e.Base)})
	}
	return shap.Combine(weights, terms)
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
		rows := mat.Matrix(turns)
		if part.centered {
			average = background[from:to]
		} else {
			rows = apart(turns)
		}
		turnWeights, err := weightsOf(part.pooling, turns)
		if err != nil {
			return nil, err
		}
		e, err := shap.Turns(own, average, rows, turnWeights)
		if err != nil {
			return nil, err
		}
		weights, terms, intercept = append(weights, 1), append(terms, e), 0
	}
	return shap.Combine(weights, terms)
}

// apart are the turns without their mean. Of a part whose weights add up to 0, such as the trend, it changes nothing but what
// each turn contributes: what all turns share would raise it for turns at one end of the call and lower it at the other.
func apart(turns *encoder.Embeddings) *mat.Dense {
	x, mean := mat.DenseCopyOf(turns), shap.Mean(turns)
	n, _ := x.Dims()
	for i := range n {
		floats.Sub(x.RawRowView(i), mean)
	}
	return x
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

// explainTerms attributes the log-odds of tf-idf to the turns.
func (p *Predictor) explainTerms(model *classify.Logistic, doc []string) *shap.Explanation {
	e := &shap.Explanation{Base: model.Intercept, Values: make([]float64, len(doc))}
	for _, t := range p.terms(model, doc) {
		e.Values[t.turn] += t.contribution
	}
	return e
}

// occurrence is one of a term in a document.
type occurrence struct {
	column       int // of the term
	turn, at     int // where it begins: the turn, and the byte of the turn
	contribution float64
}

// terms attributes the weight of each term to its occurrences in equal parts; one that spans two turns belongs to the turn
// it begins in.
func (p *Predictor) terms(model *classify.Logistic, doc []string) []occurrence {
	turns, entities := make([]string, len(doc)), make([][]transcript.Entity, len(doc))
	starts := make([]int, len(doc)) // of the turns in the joined text
	for i, end := 0, 0; i < len(doc); i++ {
		turns[i], entities[i] = p.masked(doc[i])
		starts[i] = end
		end += len(turns[i]) + 1
	}
	joined := text(turns)
	var all []occurrence
	weight, count := map[int]float64{}, map[int]float64{}
	p.words.Transform([]string{joined}).DoRowNonZero(0, func(_, c int, v float64) { weight[c] = model.Coefficients[c] * v })
	for c, span := range p.words.Occurrences(joined) {
		count[c]++
		turn := sort.SearchInts(starts, span[0]+1) - 1
		all = append(all, occurrence{column: c, turn: turn, at: unmasked(entities[turn], span[0]-starts[turn])})
	}
	for k, t := range all {
		all[k].contribution = weight[t.column] / count[t.column]
	}
	return all
}

// sample estimates Shapley values over sets of turns; a call in which nothing was said is an empty one. Features of x are
// the differences from that call.
func (p *Predictor) sample(ctx context.Context, x *Explanation, doc []string, seed uint64) (*shap.Explanation, error) {
	parts, err := p.features(ctx, [][]string{{""}, doc}, p.blocks, nil)
	if err != nil {
		return nil, err
	}
	joined, err := classify.Join(parts...)
	if err != nil {
		return nil, err
	}
	z, err := p.stack.HeadMargins(joined)
	if err != nil {
		return nil, err
	}
	for k, b := range p.blocks {
		x.Features = append(x.Features, FeatureShare{b.key, p.stack.Heads[k].Weight * (z[k][1] - z[k][0])})
	}
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

// value gives the log-odds of documents.
func (p *Predictor) value(ctx context.Context, docs [][]string) ([]float64, error) {
	parts, err := p.features(ctx, docs, p.blocks, nil)
	if err != nil {
		return nil, err
	}
	return marginsOf(p.stack, parts)
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
