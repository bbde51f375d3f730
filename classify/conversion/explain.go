package conversion

import (
	"context"
	"sort"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/shap"
)

// Explain shares the log-odds of a document out among its turns. Base is what the average training call gets, and what
// the words of tf-idf that are not there leave.
//
// Where all heads are logistic regressions the shares are exact: the log-odds are a sum over turns, because documents
// are weighted sums of turn vectors, and the weight of a term is shared out among its occurrences; the weights that
// attention gave the turns are taken as they are. Otherwise they are
// Shapley values over the sets of turns, estimated from random orders drawn by seed.
func (p *Pipeline) Explain(ctx context.Context, doc []string, seed uint64) (*shap.Explanation, error) {
	weights, terms := make([]float64, 0, len(p.Stack.Heads)+1), make([]*shap.Explanation, 0, len(p.Stack.Heads)+1)
	vectors := map[*encoder.Model]*encoder.Embeddings{}
	at := 0 // column of the background
	for _, h := range p.Stack.Heads {
		logistic, ok := h.Classifier.(*classify.Logistic)
		if !ok {
			return p.sample(ctx, doc, seed)
		}
		var e *shap.Explanation
		var err error
		if h.Name == Words {
			e = p.explainWords(logistic, doc)
		} else {
			m, pooling, background := p.block(h.Name)
			if vectors[m] == nil {
				if vectors[m], err = m.EncodeSegments(ctx, doc, &encoder.Options{Cache: p.cache(m)}); err != nil {
					return nil, err
				}
			}
			var mean []float64
			if background {
				mean = p.Background[at : at+h.Columns]
			}
			at += h.Columns
			e, err = shap.Turns(logistic, mean, vectors[m], weightsOf(pooling, vectors[m]))
		}
		if err != nil {
			return nil, err
		}
		weights, terms = append(weights, h.Weight), append(terms, e)
	}
	intercept := &shap.Explanation{Base: p.Stack.Intercept, Values: make([]float64, len(doc))}
	return shap.Combine(append(weights, 1), append(terms, intercept))
}

// Attention is how much each turn of a document weighs in the tuned encoder's row of it; nil where that is the plain mean.
func (p *Pipeline) Attention(ctx context.Context, doc []string) ([]float64, error) {
	if p.Tuned == nil || p.Tuned.Heads() == nil || p.Tuned.Heads().Query == nil {
		return nil, nil
	}
	rows, err := p.Tuned.EncodeSegments(ctx, doc, &encoder.Options{Cache: p.tuned})
	if err != nil {
		return nil, err
	}
	return weightsOf(p.Tuned.Pooling(), rows), nil
}

// weightsOf tells how much a pooling of one block that does not go by length makes of each turn, given their rows.
func weightsOf(pooling encoder.Pooling, turns *encoder.Embeddings) []float64 {
	n, _ := turns.Dims()
	return pooling(encoder.Segments{Tokens: make([]int, n), Row: turns.RawRow})[0]
}

// block returns what a block of turn vectors is made of: encoder, pooling, and whether a background can be taken off
// each turn, which asks for weights that add up to 1.
func (p *Pipeline) block(name string) (m *encoder.Model, pooling encoder.Pooling, background bool) {
	switch name {
	case LastTurns:
		return p.Generic, encoder.Last(lastTurns), true
	case Trend:
		return p.Generic, encoder.Trend, false
	case TunedMean:
		return p.Tuned, p.Tuned.Pooling(), true
	}
	return p.Generic, encoder.Mean, true
}

// explainWords shares the weight of each term out evenly among its occurrences; one that spans two turns belongs to the
// turn it begins in.
func (p *Pipeline) explainWords(model *classify.Logistic, doc []string) *shap.Explanation {
	weight, count := map[int]float64{}, map[int]float64{}
	p.Words.Transform([]string{text(doc)}).DoRowNonZero(0, func(_, c int, v float64) { weight[c] = model.Coefficients[c] * v })
	joined := text(doc)
	for c := range p.Words.Occurrences(joined) {
		count[c]++
	}
	ends := make([]int, len(doc)) // of the turns in the joined text
	for t, end := 0, -1; t < len(doc); t++ {
		end += 1 + len(doc[t])
		ends[t] = end
	}
	e := &shap.Explanation{Base: model.Intercept, Values: make([]float64, len(doc))}
	for c, span := range p.Words.Occurrences(joined) {
		e.Values[sort.SearchInts(ends, span[0])] += weight[c] / count[c]
	}
	return e
}

// sample estimates Shapley values over sets of turns; a call of which nothing was said is an empty one.
func (p *Pipeline) sample(ctx context.Context, doc []string, seed uint64) (*shap.Explanation, error) {
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
		x, err := p.Features(ctx, docs, nil)
		if err != nil {
			return nil, err
		}
		return p.Stack.Margins(x)
	}, &shap.SampleOptions{Seed: seed})
}
