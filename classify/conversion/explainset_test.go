package conversion

import (
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/transcript"
	"gonum.org/v1/gonum/mat"
)

// Many calls at once are explained as each alone is, by words as well.
func TestExplainAll(t *testing.T) {
	p, _, calls := train(t, Options{Frozen: true})
	calls = append(calls, transcript.Call{ID: "silent", Text: "..."}, calls[0])
	done := 0
	for _, method := range []WordMethod{"", Gradients, Sampling} {
		all, err := p.ExplainAll(t.Context(), calls, &ExplainOptions{Words: 1, Method: method, Progress: func(n, total int) {
			if done = n; total != len(calls) {
				t.Errorf("progress of %d calls", total)
			}
		}})
		if err != nil || len(all) != len(calls) || done != len(calls) {
			t.Fatalf("%d explanations, %d reported, error %v", len(all), done, err)
		}
		for i, e := range all {
			alone, err := p.Explain(t.Context(), calls[i], &ExplainOptions{Words: 1, Method: method})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*alone, e) {
				t.Errorf("by %q, call %d alone: %+v, among others %+v", method, i, alone, e)
			}
			sum := e.Base
			for _, f := range e.Features {
				sum += f.Contribution
			}
			if math.Abs(sum-e.LogOdds) > 1e-6 {
				t.Errorf("call %d: features add up to %v, want %v", i, sum, e.LogOdds)
			}
			for _, turn := range e.Turns {
				for _, w := range turn.Words {
					exact := method != Sampling || len(turn.Words) <= 3 // all orders of three words are tried
					if (w.Error == nil) != exact {
						t.Errorf("by %q the word %q has the standard error %v", method, w.Text, w.Error)
					}
				}
			}
		}
	}
}

// The words of a turn by gradients add up to what the log-odds lose where its words are masked: the terms of tf-idf that
// begin in the turn, and the embeddings.
func TestGradientsAddUp(t *testing.T) {
	p, _, calls := train(t, Options{Seed: helpful})
	heads, linear := p.linearHeads()
	if !linear || p.tuned == nil {
		t.Fatal("want a fine-tuned predictor of linear heads")
	}
	for _, call := range calls {
		e, err := p.Explain(t.Context(), call, &ExplainOptions{Words: 2, Method: Gradients})
		if err != nil {
			t.Fatal(err)
		}
		doc := document(call)
		slopes, err := p.slopes(t.Context(), heads, doc)
		if err != nil {
			t.Fatal(err)
		}
		for i, turn := range e.Turns {
			if turn.Words == nil {
				continue
			}
			want, size := 0.0, 0.0
			for k, b := range p.blocks {
				if b.source == wordCounts {
					want += p.stack.Heads[k].Weight * p.explainTerms(heads[k], doc).Values[i]
				}
			}
			for of, slope := range slopes {
				m, _ := p.encoder(of)
				a, err := m.IntegratedGradients(t.Context(), doc[i:i+1], func(_ int, x, grad []float32) (sum float64) {
					for j, c := range slope[i] {
						grad[j] = float32(c)
						sum += c * float64(x[j])
					}
					return sum
				}, nil)
				if err != nil {
					t.Fatal(err)
				}
				want += a[0].Output - a[0].Base - a[0].Residual()
			}
			got := 0.0
			for _, w := range turn.Words {
				got += w.Contribution
				size += math.Abs(w.Contribution)
			}
			if math.Abs(got-want) > 1e-3*size {
				t.Errorf("turn %d: words add up to %v, want %v", i, got, want)
			}
		}
	}
}

// Words by phrases add up to what words by sampling do: what the log-odds lose when the turn falls silent.
func TestPhrasesAddUp(t *testing.T) {
	p, _, calls := train(t, Options{Frozen: true})
	sums := map[WordMethod][]float64{}
	for _, method := range []WordMethod{Sampling, Phrases} {
		e, err := p.Explain(t.Context(), calls[0], &ExplainOptions{Method: method, Words: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, turn := range e.Turns {
			sum := 0.0
			for _, w := range turn.Words {
				sum += w.Contribution
			}
			sums[method] = append(sums[method], sum)
		}
	}
	explained := 0
	for i, want := range sums[Sampling] {
		if got := sums[Phrases][i]; math.Abs(got-want) > 1e-6 {
			t.Errorf("turn %d: words by phrases add up to %v, by sampling to %v", i, got, want)
		} else if got != 0 {
			explained++
		}
	}
	if explained != 2 {
		t.Errorf("the words of %d turns are explained, want 2", explained)
	}
}

func TestExplainRefused(t *testing.T) {
	p, _, calls := train(t, Options{Frozen: true})
	for want, run := range map[string]func() error{
		`explained by "magic"`: func() error { _, err := p.Explain(t.Context(), calls[0], &ExplainOptions{Method: "magic"}); return err },
		"nobody says a word":   func() error { _, err := p.Influences(t.Context(), []transcript.Call{{Text: "…"}}, nil); return err },
		"there is nothing":     func() error { _, err := p.Influences(t.Context(), nil, nil); return err },
		`no call has the metadata "team"`: func() error {
			_, err := p.Influences(t.Context(), calls, &InfluenceOptions{By: "team"})
			return err
		},
		"-1 phrases": func() error { _, err := p.Influences(t.Context(), calls, &InfluenceOptions{Phrases: -1}); return err },
	} {
		if err := run(); err == nil || !strings.HasPrefix(err.Error(), "conversion: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want conversion: … %s", err, want)
		}
	}
	// Without gradients turns and words are sampled, and features add up all the same.
	p.stack.Heads[0].Classifier = constant(0)
	if _, err := p.Explain(t.Context(), calls[0], &ExplainOptions{Method: Gradients}); err == nil || !strings.Contains(err.Error(), "has no gradients") {
		t.Errorf("error %v", err)
	}
	e, err := p.Explain(t.Context(), calls[0], &ExplainOptions{Words: 1})
	if err != nil {
		t.Fatal(err)
	}
	sum := e.Base
	for _, f := range e.Features {
		sum += f.Contribution
	}
	if e.Turns[0].Error == nil || math.Abs(sum-e.LogOdds) > 1e-6 {
		t.Errorf("sampled: %+v, features add up to %v", e, sum)
	}
}

// constant is a classifier that is no logistic regression.
type constant float64

func (c constant) Predict(x mat.Matrix) ([]float64, error) { return c.Margins(x) }
func (c constant) Margins(x mat.Matrix) ([]float64, error) {
	n, _ := x.Dims()
	return slices.Repeat([]float64{float64(c)}, n), nil
}

// What a call says only where it is won, or lost, is what the influences name, with intervals that hold the means.
func TestInfluences(t *testing.T) {
	p, _, _ := train(t, Options{Frozen: true})
	heads, _ := p.linearHeads()
	column := map[string]int{}
	for c, term := range p.words.Terms() {
		column[term] = c
	}
	// The predictor reads but two terms.
	stack := &classify.Stack{Heads: slices.Clone(p.stack.Heads)}
	for b, block := range p.blocks {
		h := &classify.Logistic{Coefficients: make([]float64, len(heads[b].Coefficients))}
		if block.source == wordCounts {
			h.Coefficients[column["price"]], h.Coefficients[column["budget"]] = -5, 4
		}
		stack.Heads[b].Classifier, stack.Heads[b].Weight = h, 1
	}
	p.stack = stack
	var calls []transcript.Call
	for i := range 40 {
		c := transcript.Call{Text: "Agent: Hello there.\nCustomer: The price is high. Really.\nAgent: Well.", Outcome: transcript.Lost}
		if i%2 == 0 {
			c = transcript.Call{Text: "Agent: Hello there.\nCustomer: We have the budget.\nAgent: Well.", Outcome: transcript.Won}
		}
		c.Metadata.AgentID = string(rune('a' + i%4))
		if i == 7 {
			c.Outcome = transcript.Unknown
		}
		calls = append(calls, c)
	}
	calls = append(calls, transcript.Call{Text: "…"})
	r, err := p.Influences(t.Context(), calls, &InfluenceOptions{By: "agent_id"})
	if err != nil {
		t.Fatal(err)
	}
	if r.Calls != 40 || len(r.Features) != len(p.blocks) || len(r.Phrases) != 2 {
		t.Fatalf("influences %+v", r)
	}
	good, bad := r.Phrases[0], r.Phrases[1]
	if good.Name != "we have the budget" || good.Calls != 20 || good.Won.Share != 1 || good.Lost.Calls != 0 || good.Lost.Low != nil || !(good.Mean > 0) || !(*good.Low > 0) {
		t.Errorf("for a won call: %+v", good)
	}
	if bad.Name != "the price is high" || bad.Calls != 20 || bad.Lost.Calls != 19 || bad.Lost.Share != 1 || !(bad.Mean < 0) || !(*bad.High < 0) {
		t.Errorf("against: %+v", bad)
	}
	if agents := slices.Sorted(maps.Keys(good.By)); !slices.Equal(agents, []string{"a", "b", "c", "d"}) || good.By["a"].Calls != 10 || good.By["b"].Calls != 0 {
		t.Errorf("by agent: %+v", good.By)
	}
	again, err := p.Influences(t.Context(), calls, &InfluenceOptions{By: "agent_id"})
	if err != nil || !reflect.DeepEqual(again, r) {
		t.Errorf("another result for the same calls: %+v, error %v", again, err)
	}
}
