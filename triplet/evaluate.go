package triplet

import (
	"context"
	"fmt"
	"slices"
	"sort"

	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/encoder"
)

// Validation looks at held-out documents before the run, during it and at its end, stops a run that no longer gets
// better, and leaves the model with the best weights seen, which may be those to begin with.
type Validation struct {
	Docs     [][]string
	Labels   []int
	Every    int // steps between evaluations; default: those of an epoch
	Patience int // evaluations in a row that are no better, after which the run stops; default 3; below 0: it doesn't

	// Score says how good the model is; greater is better. Default: the share of triplets among Docs whose positive is
	// nearer than the negative, 0.5 being chance. The model must not be changed.
	Score func(ctx context.Context, m *encoder.Model) (float64, error) `json:"-"`

	// Interpolate tries, at the end, weights a quarter, half and three quarters of the way from those to begin with to the
	// best, and keeps what scores best (Wortsman et al. 2022, arXiv 2109.01903). Default: false.
	Interpolate bool
}

// check says what is wrong, and fills in defaults.
func (v Validation) withDefaults(epoch int) (*Validation, error) {
	if v.Score == nil {
		if err := check(v.Docs, v.Labels, nil); err != nil {
			return nil, fmt.Errorf("triplet: validation: %w", err)
		}
	}
	if v.Every <= 0 {
		v.Every = epoch
	}
	if v.Patience == 0 {
		v.Patience = 3
	}
	return &v, nil
}

// evaluate scores the weights as they are, keeps them if they are the best so far, and says whether the run goes on.
func (t *trainer) evaluate(ctx context.Context) error {
	score, err := t.score(ctx)
	if err != nil {
		return err
	}
	h := t.history
	better := len(h.Evaluations) == 0
	since := 0 // evaluations after the best
	if !better {
		best := 0
		for i, e := range h.Evaluations {
			if e.Score > h.Evaluations[best].Score {
				best = i
			}
		}
		better = score > h.Evaluations[best].Score
		since = len(h.Evaluations) - best
	}
	h.Evaluations = append(h.Evaluations, Evaluation{t.step, score})
	if better {
		h.Best = t.step
		for i, p := range t.network.solvable {
			copy(t.best[i], elements(p.Value()))
		}
		return nil
	}
	if v := t.Validation; v.Patience > 0 && since >= v.Patience && t.step < h.Total {
		h.Stopped = fmt.Sprintf("no better for %d evaluations since step %d", since, h.Best)
		if first, last := h.Steps[0], h.Steps[len(h.Steps)-1]; last.Loss < first.Loss {
			t.warn("overfitting: the loss still falls, but held-out documents get no better: use fewer TrainLayers, a lower LearningRate or more documents")
		}
	}
	return nil
}

func (t *trainer) score(ctx context.Context) (float64, error) {
	if t.Validation.Score != nil {
		return t.Validation.Score(ctx, t.model)
	}
	e, err := t.model.EncodeDocuments(ctx, t.Validation.Docs, &encoder.Options{Threads: t.Threads})
	if err != nil {
		return 0, err
	}
	rows, width := e.Dims()
	x := make([]float64, 0, rows*width)
	for i := range rows {
		for _, v := range e.RawRow(i) {
			x = append(x, float64(v))
		}
	}
	return ordered(t.Loss, t.Validation.Labels, width, x), nil
}

// ordered returns the share of the triplets whose positive is nearer to the anchor than the negative, ties being half.
func ordered(l Loss, labels []int, width int, x []float64) float64 {
	c := comparison{Loss: l}
	c.begin(&batch{labels: labels}, width, x)
	right, all := 0.0, 0
	for a := range labels {
		var same, other []float64
		for j, label := range labels {
			switch {
			case j == a:
			case label == labels[a]:
				same = append(same, c.at(a, j))
			default:
				other = append(other, c.at(a, j))
			}
		}
		slices.Sort(other)
		for _, d := range same {
			below := sort.SearchFloat64s(other, d)
			notAbove := sort.Search(len(other), func(i int) bool { return other[i] > d })
			right += float64(len(other)-notAbove) + float64(notAbove-below)/2
		}
		all += len(same) * len(other)
	}
	return right / float64(all)
}

// finish leaves the best weights in the model, or a blend of them with those to begin with.
func (t *trainer) finish(ctx context.Context) error {
	h := t.history
	h.Interpolation = 1
	if t.Validation == nil {
		h.Best = t.step
		return nil
	}
	best := t.best
	t.set(best, best, 1)
	if !t.Validation.Interpolate || h.Best == 0 {
		return nil
	}
	top := 0.0
	for _, e := range h.Evaluations {
		top = max(top, e.Score)
	}
	for i := range t.network.adapters { // the weights are linear in B alone
		t.base[2*i] = best[2*i]
	}
	for _, share := range []float64{0.25, 0.5, 0.75} {
		t.set(t.base, best, share)
		score, err := t.score(ctx)
		if err != nil {
			return err
		}
		if score > top {
			top, h.Interpolation = score, share
		}
	}
	t.set(t.base, best, h.Interpolation)
	return nil
}

// set makes the learning parameters (1-share)·a + share·b.
func (t *trainer) set(a, b [][]float32, share float64) {
	for i, p := range t.network.solvable {
		w := elements(p.Value())
		if share == 1 {
			copy(w, b[i])
			continue
		}
		for j := range w {
			w[j] = float32((1-share)*float64(a[i][j]) + share*float64(b[i][j]))
		}
	}
	t.network.changed()
}

// copies returns those of the values of parameters.
func copies(parameters []G.ValueGrad) [][]float32 {
	all := make([][]float32, len(parameters))
	for i, p := range parameters {
		all[i] = slices.Clone(elements(p.Value()))
	}
	return all
}
