package triplet

import (
	"errors"
	"fmt"
	"slices"

	"github.com/org/salesconv/encoder"
)

// Average returns a model soup (Wortsman et al. 2022, arXiv 2203.05482): a new model whose weights and heads are the
// means of the given models', which stay as they are. Models that were fine-tuned from the same initial weights, with
// other seeds or on other parts of the documents, predict better together than each alone, at the cost of a single
// model.
//
// Models with other parameters or other heads than the first are an error that names the difference. Sums are made in
// float64 in the order of the models. Nothing may change the models meanwhile.
func Average(models ...*encoder.Model) (*encoder.Model, error) {
	if len(models) == 0 || slices.Contains(models, nil) {
		return nil, fmt.Errorf("triplet: %d models to average, want 1 or more and none of them nil", len(models))
	}
	for k, m := range models[1:] {
		if err := alike(models[0], m); err != nil {
			return nil, fmt.Errorf("triplet: model %d cannot be averaged with model 0: %w", k+1, err)
		}
	}
	soup := models[0].Clone()
	for i, p := range soup.Parameters() {
		copy(elements(p.Value), mean(models, func(m *encoder.Model) []float32 { return elements(m.Parameters()[i].Value) }))
	}
	soup.InvalidateWeights()
	if err := soup.SetHeads(averageHeads(models)); err != nil {
		return nil, fmt.Errorf("triplet: %w", err)
	}
	return soup, nil
}

// mean returns the mean of one vector of each model.
func mean(models []*encoder.Model, of func(*encoder.Model) []float32) []float32 {
	sum := make([]float64, len(of(models[0])))
	for _, m := range models {
		for j, x := range of(m) {
			sum[j] += float64(x)
		}
	}
	all := make([]float32, len(sum))
	for j, x := range sum {
		all[j] = float32(x / float64(len(models)))
	}
	return all
}

// averageHeads returns the mean of the models' heads, in memory of its own.
func averageHeads(models []*encoder.Model) *encoder.Heads {
	first := models[0].Heads()
	if first == nil {
		return nil
	}
	task := func(of func(*encoder.Heads) *encoder.Task) *encoder.Task {
		t := *of(first)
		t.Bias = mean(models, func(m *encoder.Model) []float32 { return of(m.Heads()).Bias })
		t.Matrix = slices.Clone(t.Matrix)
		for c := range t.Matrix {
			t.Matrix[c] = mean(models, func(m *encoder.Model) []float32 { return of(m.Heads()).Matrix[c] })
		}
		return &t
	}
	h := new(encoder.Heads)
	if first.Query != nil {
		h.Query = mean(models, func(m *encoder.Model) []float32 { return m.Heads().Query })
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
	if (g.Query == nil) != (h.Query == nil) || (g.Label == nil) != (h.Label == nil) || len(g.Tasks) != len(h.Tasks) {
		return errors.New("their heads are of different kinds or numbers")
	}
	for k, t := range g.Tasks {
		if u := h.Tasks[k]; t.Name != u.Name || !slices.Equal(t.Classes, u.Classes) {
			return fmt.Errorf("its task %d is %q with classes %q, want %q with classes %q", k, u.Name, u.Classes, t.Name, t.Classes)
		}
	}
	return nil
}
