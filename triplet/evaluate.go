package triplet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/encoder"
)

// Validation evaluates the model on held-out documents before the run, during it and at its end, stops a run whose score
// no longer improves, and restores the best weights, which may be the initial ones.
type Validation struct {
	Docs   [][]string
	Labels []int
	// Every is the number of steps between evaluations; default: an epoch; negative: none but the first and the last.
	Every int
	// Patience is the number of evaluations in a row without improvement after which the run stops; default 3;
	// negative: it does not.
	Patience int

	// Score evaluates the model; greater is better. It replaces Docs and Labels, and must not change the model. Default:
	// the share of triplets among Docs whose positive is nearer than the negative, 0.5 being chance.
	Score func(ctx context.Context, m *encoder.Model) (float64, error) `json:"-"`

	// Interpolate evaluates, at the end, weights a quarter, half and three quarters of the way from the initial to the
	// best ones, and keeps those with the best score (Wortsman et al. 2022, arXiv 2109.01903). Default: false.
	Interpolate bool
}

// withDefaults validates a copy and sets its zero fields to their defaults, for a run of total steps.
func (v Validation) withDefaults(epoch, total int) (*Validation, error) {
	if v.Score == nil {
		if err := check(len(v.Docs), v.Labels, nil); err != nil {
			return nil, fmt.Errorf("triplet: Validation: %w", err)
		}
		for i, segments := range v.Docs {
			if len(segments) == 0 {
				return nil, fmt.Errorf("triplet: Validation: document %d has no segments, want 1 or more", i)
			}
		}
	} else if v.Docs != nil || v.Labels != nil {
		return nil, errors.New("triplet: Validation has both Score and documents: leave out Docs and Labels, or Score")
	}
	if v.Every == 0 {
		v.Every = epoch
	}
	if v.Every < 0 || v.Every > total {
		v.Every = total
	}
	v.Patience = cmp.Or(v.Patience, 3)
	return &v, nil
}

// at returns the step after which evaluation i of a run is due, -1 if it has no such evaluation.
func (v *Validation) at(i, total int) int {
	switch {
	case v == nil || i > 0 && (i-1)*v.Every >= total:
		return -1
	default:
		return min(i*v.Every, total)
	}
}

// due reports whether the weights are to be evaluated before the next step.
func (t *trainer) due() bool {
	return t.Validation.at(len(t.history.Evaluations), t.history.Total) == t.step
}

// evaluate scores the weights as they are, keeps them if they are the best so far, and decides whether the run stops.
func (t *trainer) evaluate(ctx context.Context) error {
	h := t.history
	score, err := t.score(ctx)
	if err != nil {
		return err
	}
	best := -1
	for i, e := range h.Evaluations {
		if best < 0 || e.Score > h.Evaluations[best].Score {
			best = i
		}
	}
	h.Evaluations = append(h.Evaluations, Evaluation{t.step, score})
	if best < 0 || score > h.Evaluations[best].Score {
		h.Best = t.step
		for i, p := range t.network.solvable {
			copy(t.best[i], elements(p.Value()))
		}
		return nil
	}
	since := len(h.Evaluations) - 1 - best
	if v := t.Validation; v.Patience > 0 && since >= v.Patience && t.step < h.Total {
		h.Stopped = fmt.Sprintf("no improvement for %d evaluations since step %d", since, h.Best)
		if first, last := h.Steps[0], h.Steps[len(h.Steps)-1]; last.Loss < first.Loss {
			t.warn("overfitting: the loss still falls, but held-out documents score no better: use fewer TrainLayers, a lower LearningRate or more documents")
		}
	}
	return nil
}

func (t *trainer) score(ctx context.Context) (float64, error) {
	v := t.Validation
	if v.Score != nil {
		score, err := v.Score(ctx, t.model)
		if err == nil && score-score != 0 {
			err = fmt.Errorf("Validation.Score gave %v, want a finite number", score)
		}
		return score, err
	}
	if t.held == nil {
		var err error
		if t.held, err = t.model.TokenizeDocuments(ctx, v.Docs); err != nil {
			return 0, err
		}
	}
	e, err := t.model.EncodeTokenized(ctx, t.held, &encoder.Options{Threads: t.Threads})
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
	return ordered(ctx, t.Loss, v.Labels, width, x)
}

// ordered returns the share of the triplets whose positive is nearer to the anchor than the negative, ties being half.
func ordered(ctx context.Context, l Loss, labels []int, width int, x []float64) (float64, error) {
	c := comparison{Loss: l}
	c.read(&batch{labels: labels}, width, x)
	right, all := 0.0, 0
	for a := range labels {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		var same, other []float64
		for j, label := range labels {
			switch {
			case j == a:
			case label == labels[a]:
				same = append(same, c.distance(a, j))
			default:
				other = append(other, c.distance(a, j))
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
	return right / float64(all), nil
}

// finish leaves the best weights in the model, or what interpolation between the initial ones and the best finds better.
func (t *trainer) finish(ctx context.Context) (err error) {
	h := t.history
	h.Interpolation = 1
	if t.Validation == nil {
		h.Best = t.step
		return nil
	}
	t.set(t.best, t.best, 1)
	if h.Best == 0 {
		t.warn("training changed nothing: no evaluation scored above the first, so the model has its initial weights: lower LearningRate, train on more documents, or validate on more")
		return nil
	}
	if !t.Validation.Interpolate {
		return nil
	}
	defer func() {
		if err != nil {
			t.set(t.best, t.best, 1)
		}
	}()
	top := math.Inf(-1)
	for _, e := range h.Evaluations {
		top = max(top, e.Score)
	}
	for i := range t.network.adapters { // the weights are linear in B alone
		t.base[2*i] = t.best[2*i]
	}
	for _, share := range []float64{0.25, 0.5, 0.75} {
		t.set(t.base, t.best, share)
		score, err := t.score(ctx)
		if err != nil {
			return err
		}
		if score > top {
			top, h.Interpolation = score, share
		}
	}
	t.set(t.base, t.best, h.Interpolation)
	return nil
}

// set makes the trainable parameters (1-share)·a + share·b.
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

// copies returns copies of the values of parameters.
func copies(parameters []G.ValueGrad) [][]float32 {
	all := make([][]float32, len(parameters))
	for i, p := range parameters {
		all[i] = slices.Clone(elements(p.Value()))
	}
	return all
}
