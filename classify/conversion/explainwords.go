package conversion

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/shap"
	"github.com/org/salesconv/transcript"
)

// A WordMethod attributes a turn to its words.
type WordMethod string

const (
	// Gradients integrates the gradient of the log-odds through the encoder, from the turn with all words masked to the
	// turn (see [encoder.Model.IntegratedGradients]), and attributes the weights of terms to the words that they begin
	// with. The contributions of the words add up to what the log-odds lose when the turn's words are masked. Only
	// predictors whose heads are all logistic regressions have gradients.
	Gradients WordMethod = "gradients"
	// Sampling leaves words out in random orders ([shap.Words]): the contributions add up to what the log-odds lose when
	// the turn has no words, and have standard errors.
	Sampling WordMethod = "sampling"
	// Phrases samples like Sampling, but leaves out whole phrases, and words of one phrase at a time ([shap.Phrases]): the
	// contributions of a phrase's words add up to the phrase's own.
	Phrases WordMethod = "phrases"
)

func (m WordMethod) check() error {
	if m != "" && m != Gradients && m != Sampling && m != Phrases {
		return fmt.Errorf("conversion: words explained by %q, want %q, %q or %q", string(m), Gradients, Sampling, Phrases)
	}
	return nil
}

// explainWords attributes turns of a document to their words.
func (p *Predictor) explainWords(ctx context.Context, doc []string, which []int, turns []transcript.Turn, o ExplainOptions) ([][]Share, error) {
	heads, linear := p.linearHeads()
	switch {
	case len(which) == 0:
		return nil, nil
	case linear && (o.Method == "" || o.Method == Gradients):
		return p.wordsByGradients(ctx, heads, doc, which, turns)
	case o.Method == Gradients:
		return nil, fmt.Errorf("conversion: a head of the predictor is not a logistic regression and has no gradients: explain words by %s or %s", Sampling, Phrases)
	}
	all := make([][]Share, len(which))
	for k, i := range which {
		var err error
		if all[k], err = p.wordsBySampling(ctx, doc, i, turns[i], o); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// wordsBySampling attributes to the words of turn i what the turn adds to a call in which it is silent.
func (p *Predictor) wordsBySampling(ctx context.Context, doc []string, i int, turn transcript.Turn, o ExplainOptions) ([]Share, error) {
	explain := shap.Words
	if o.Method == Phrases {
		explain = shap.Phrases
	}
	e, err := explain(ctx, doc[i], func(ctx context.Context, texts []string) ([]float64, error) {
		docs := make([][]string, len(texts))
		for k, text := range texts {
			docs[k] = append([]string{}, doc...)
			docs[k][i] = text
		}
		return p.value(ctx, docs)
	}, &shap.SampleOptions{Permutations: wordOrders, Seed: o.Seed})
	if err != nil {
		return nil, err
	}
	shares := wordsOf(turn, e.Names)
	for k := range shares {
		shares[k].set(e, k)
	}
	return shares, nil
}

// wordsByGradients attributes turns to their words by the slope of the log-odds.
func (p *Predictor) wordsByGradients(ctx context.Context, heads []*classify.Logistic, doc []string, which []int, turns []transcript.Turn) ([][]Share, error) {
	all := make([][]Share, len(which))
	var texts []string
	for k, i := range which {
		all[k] = wordsOf(turns[i], shap.SplitWords(doc[i]))
		texts = append(texts, doc[i])
	}
	slopes, err := p.slopes(ctx, heads, doc)
	if err != nil {
		return nil, err
	}
	for of, slope := range slopes {
		m, _ := p.encoder(of)
		tokens, err := m.IntegratedGradients(ctx, texts, func(segment int, embedding, grad []float32) (sum float64) {
			for j, c := range slope[which[segment]] {
				grad[j] = float32(c)
				sum += c * float64(embedding[j])
			}
			return sum
		}, nil)
		if err != nil {
			return nil, fmt.Errorf("conversion: %w", err)
		}
		for k, a := range tokens {
			for t, span := range a.Spans {
				addAt(all[k], turns[which[k]].Offset(span[0]), a.Values[t])
			}
		}
	}
	for b, head := range heads {
		if p.blocks[b].source == wordCounts {
			weight := p.stack.Heads[b].Weight
			for _, t := range p.terms(head, doc) {
				if k := slices.Index(which, t.turn); k >= 0 {
					addAt(all[k], turns[t.turn].Offset(t.at), weight*t.contribution)
				}
			}
		}
	}
	return all, nil
}

// slopes returns, for each encoder, the derivative of the log-odds by the embedding of each turn of a document. The weights
// that attention gives the turns are taken as they are.
func (p *Predictor) slopes(ctx context.Context, heads []*classify.Logistic, doc []string) (map[source][][]float64, error) {
	vectors, err := p.vectors(ctx, doc)
	if err != nil {
		return nil, err
	}
	slopes := map[source][][]float64{}
	for k, b := range p.blocks {
		if b.source == wordCounts {
			continue
		}
		m, _ := p.encoder(b.source)
		if slopes[b.source] == nil {
			for range doc {
				slopes[b.source] = append(slopes[b.source], make([]float64, m.Width()))
			}
		}
		for part, pooled := range b.parts(m) {
			weights, err := weightsOf(pooled.pooling, vectors[b.source])
			if err != nil {
				return nil, err
			}
			for i, w := range weights {
				for j, c := range heads[k].Coefficients[part*m.Width() : (part+1)*m.Width()] {
					slopes[b.source][i][j] += p.stack.Heads[k].Weight * w * c
				}
			}
		}
	}
	return slopes, nil
}

// wordsOf are words of a turn, end to end its text, each with the white space that follows it, that have no contribution yet.
func wordsOf(turn transcript.Turn, words []string) []Share {
	shares, at := make([]Share, len(words)), 0
	for k, word := range words {
		end := at + len(word)
		shares[k] = Share{Text: word, Start: turn.Offset(at), End: turn.Offset(end-1) + 1}
		at = end
	}
	return shares
}

// addAt adds to the contribution of the word at a place in the call's text.
func addAt(words []Share, place int, v float64) {
	k := sort.Search(len(words), func(k int) bool { return words[k].Start > place }) - 1
	if k >= 0 {
		words[k].Contribution += v
	}
}
