package triplet

import (
	"errors"
	"fmt"
	"slices"

	"github.com/org/salesconv/encoder"
)

// Average returns a model soup (Wortsman et al. 2022, arXiv 2203.05482): a new model whose weights and heads are the
// means of the given models', which stay as they are. The average of models that were fine-tuned from the same
// initial weights, with different seeds or on different parts of the documents, predicts better than each of them, at
// the cost of a single model.
//
// Models with other parameters or other heads than the first are an error that names the difference. Sums are made in
// float64 in the order of the models. Nothing may change the models meanwhile.
func Average(models ...*encoder.Model) (*encoder.Model, error) {
	shares := make([]float64, len(models))
	for k := range shares {
		shares[k] = 1
	}
	return combine(models, shares)
}

// Interpolate returns a new model between two: weights and heads are (1-share)·a + share·b. Between a generic model and
// what was fine-tuned from it, there are models that keep more of what the generic one knows (Wortsman et al. 2022, arXiv
// 2109.01903). Where only b has heads, its heads are taken as they are. Otherwise errors are as for [Average].
func Interpolate(a, b *encoder.Model, share float64) (*encoder.Model, error) {
	if !(share >= 0 && share <= 1) {
		return nil, fmt.Errorf("triplet: share %v of the second model, want 0 to 1", share)
	}
	if a != nil && b != nil && a.Heads() == nil && b.Heads() != nil {
		a = a.Clone()
		if err := a.SetHeads(b.Heads()); err != nil {
			return nil, fmt.Errorf("triplet: %w", err)
		}
	}
	return combine([]*encoder.Model{a, b}, []float64{1 - share, share})
}

// combine returns the weighted mean of models.
func combine(models []*encoder.Model, shares []float64) (*encoder.Model, error) {
	if len(models) == 0 || slices.Contains(models, nil) {
		return nil, fmt.Errorf("triplet: %d models to average, want 1 or more and none of them nil", len(models))
	}
	for k, m := range models[1:] {
		if err := alike(models[0], m); err != nil {
			return nil, fmt.Errorf("triplet: model %d cannot be averaged with model 0: %w", k+1, err)
		}
	}
	s := &soup{models, shares}
	all := models[0].Clone()
	for i, p := range all.Parameters() {
		copy(elements(p.Value), s.mean(func(m *encoder.Model) []float32 { return elements(m.Parameters()[i].Value) }))
	}
	all.InvalidateWeights()
	if err := all.SetHeads(s.heads()); err != nil {
		return nil, fmt.Errorf("triplet: %w", err)
	}
	return all, nil
}

// soup are models and their shares in a weighted mean.
type soup struct {
	models []*encoder.Model
	shares []float64
}

// mean returns the weighted mean of one vector of each model. What is the same in all models keeps its bits, negative zeros
// among them: it may be a frozen layer, whose output encoder.LowerLayers has by these.
func (s *soup) mean(of func(*encoder.Model) []float32) []float32 {
	first, total := of(s.models[0]), s.shares[0]
	sum := make([]float64, len(first))
	for j, x := range first {
		sum[j] = total * float64(x)
	}
	for k, m := range s.models[1:] {
		share := s.shares[k+1]
		total += share
		for j, x := range of(m) {
			sum[j] += share * float64(x)
		}
	}
	all := make([]float32, len(sum))
	for j, x := range sum {
		all[j] = float32(x / total)
	}
	return all
}

// heads returns the weighted mean of the models' heads, in memory of its own.
func (s *soup) heads() *encoder.Heads {
	first := s.models[0].Heads()
	if first == nil {
		return nil
	}
	task := func(of func(*encoder.Heads) *encoder.Task) *encoder.Task {
		t := *of(first)
		t.Bias = s.mean(func(m *encoder.Model) []float32 { return of(m.Heads()).Bias })
		t.Matrix = slices.Clone(t.Matrix)
		for c := range t.Matrix {
			t.Matrix[c] = s.mean(func(m *encoder.Model) []float32 { return of(m.Heads()).Matrix[c] })
		}
		return &t
	}
	h := &encoder.Heads{Last: first.Last, Trend: first.Trend}
	if first.Query != nil {
		h.Query = s.mean(func(m *encoder.Model) []float32 { return m.Heads().Query })
	}
	if first.Label != nil {
		h.Label = task(func(h *encoder.Heads) *encoder.Task { return h.Label })
	}
	for k := range first.Tasks {
		h.Tasks = append(h.Tasks, *task(func(h *encoder.Heads) *encoder.Task { return &h.Tasks[k] }))
	}
	return h
}

// alike returns an error unless two models have the same parameters and heads, whatever the numbers in them.
func alike(a, b *encoder.Model) error {
	p, q := a.Parameters(), b.Parameters()
	if len(p) != len(q) {
		return fmt.Errorf("it has %d parameters, want %d", len(q), len(p))
	}
	for i := range p {
		if p[i].Name != q[i].Name || !p[i].Value.Shape().Eq(q[i].Value.Shape()) {
			return fmt.Errorf("its parameter %d is %s %v, want %s %v", i, q[i].Name, q[i].Value.Shape(), p[i].Name, p[i].Value.Shape())
		}
	}
	if a, b := a.Config().PoolingMode, b.Config().PoolingMode; a != b {
		return fmt.Errorf("its pooling is %s, want %s", b, a)
	}
	g, h := a.Heads(), b.Heads()
	if (g == nil) != (h == nil) {
		return errors.New("only one of them has heads")
	}
	if g == nil {
		return nil
	}
	if g.Last != h.Last || g.Trend != h.Trend || (g.Query == nil) != (h.Query == nil) || (g.Label == nil) != (h.Label == nil) || len(g.Tasks) != len(h.Tasks) {
		return errors.New("their heads are of different kinds or numbers")
	}
	for k, t := range g.Tasks {
		if u := h.Tasks[k]; t.Name != u.Name || !slices.Equal(t.Classes, u.Classes) {
			return fmt.Errorf("its task %d is %q with classes %q, want %q with classes %q", k, u.Name, u.Classes, t.Name, t.Classes)
		}
	}
	return nil
}
