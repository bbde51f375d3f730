package conversion

import (
	"cmp"
	"context"
	"math"
	"slices"
	"testing"

	"github.com/org/salesconv/shap"
	"github.com/org/salesconv/transcript"
)

// hit reports whether evidence for the sign of a contribution is found in a span.
func hit(truth transcript.Truth, s Share) bool {
	return slices.ContainsFunc(truth.Evidence, func(e transcript.Evidence) bool {
		favours := transcript.Drivers()[e.Driver].Weight > 0 == e.Holds
		return e.Start < s.End && s.Start < e.End && favours == (s.Contribution > 0)
	})
}

// precision is the share of hits among the k spans of the largest absolute contributions.
func precision(truth transcript.Truth, spans []Share, k int) (hits, of float64) {
	spans = slices.Clone(spans)
	slices.SortStableFunc(spans, func(a, b Share) int { return cmp.Compare(math.Abs(b.Contribution), math.Abs(a.Contribution)) })
	for _, s := range spans[:min(k, len(spans))] {
		of++
		if hit(truth, s) {
			hits++
		}
	}
	return hits, of
}

// What is attributed to turns and words is where the drivers of generated calls show, and the default methods find it about
// as well as any.
func TestPrecision(t *testing.T) {
	if testing.Short() {
		t.Skip("trains on 200 calls, with the embedded encoder")
	}
	const train, explained = 200, 20
	s, err := transcript.Generate(train+explained, &transcript.GenerateOptions{Seed: 8, Signal: 2})
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := Fit(t.Context(), s.Calls[:train], &Options{Frozen: true})
	if err != nil {
		t.Fatal(err)
	}
	hits, of := map[string]float64{}, map[string]float64{}
	count := func(method string, truth transcript.Truth, spans []Share, k int) {
		h, n := precision(truth, spans, k)
		hits[method] += h
		of[method] += n
	}
	for i, call := range s.Calls[train:] {
		truth := s.Truth[train+i]
		byTurns := func(method string, e *shap.Explanation) {
			var spans []Share
			for k, turn := range call.Turns() {
				spans = append(spans, Share{Start: turn.Start, End: turn.End, Contribution: e.Values[k]})
			}
			count(method, truth, spans, 3)
		}
		doc := document(call)
		exact, err := p.explainTurns(t.Context(), new(Explanation), doc, 1)
		if err != nil {
			t.Fatal(err)
		}
		byTurns("turns exact", exact)
		sampled, err := p.sample(t.Context(), new(Explanation), doc, 1)
		if err != nil {
			t.Fatal(err)
		}
		byTurns("turns sampled", sampled)
		byTurns("turns left out", leftOut(t, p, doc))
		for _, method := range []WordMethod{Gradients, Sampling, Phrases} {
			e, err := p.Explain(t.Context(), call, &ExplainOptions{Method: method})
			if err != nil {
				t.Fatal(err)
			}
			var words []Share
			for _, turn := range e.Turns {
				words = append(words, turn.Words...)
			}
			count("words by "+string(method), truth, words, 10)
		}
	}
	share := func(method string) float64 { return hits[method] / of[method] }
	for method := range of {
		t.Logf("%-20s %.3f", method, share(method))
	}
	if best := max(share("turns sampled"), share("turns left out")); share("turns exact") < best-0.1 || share("turns exact") < 0.4 {
		t.Errorf("exact turns find %.3f, the best other method %.3f", share("turns exact"), best)
	}
	if got, other := share("words by gradients"), share("words by sampling"); got < other-0.1 {
		t.Errorf("words by gradients find %.3f, by sampling %.3f", got, other)
	}
}

// leftOut is what the log-odds lose without each turn.
func leftOut(t *testing.T, p *Predictor, doc []string) *shap.Explanation {
	docs := [][]string{doc}
	for i := range doc {
		docs = append(docs, slices.Delete(slices.Clone(doc), i, i+1))
	}
	z, err := p.value(context.Background(), docs)
	if err != nil {
		t.Fatal(err)
	}
	e := &shap.Explanation{}
	for _, without := range z[1:] {
		e.Values = append(e.Values, z[0]-without)
	}
	return e
}
