package triplet

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"

	"github.com/org/salesconv/encoder"
)

func TestOrdered(t *testing.T) {
	labels := []int{0, 0, 0, 1, 1}
	x := []float64{0, 1, 5, 5, 7} // one column
	l := Loss{Distance: Euclidean}
	right, all := 0.0, 0.0
	for a := range x {
		for p := range x {
			for n := range x {
				if p == a || labels[p] != labels[a] || labels[n] == labels[a] {
					continue
				}
				switch dp, dn := math.Abs(x[a]-x[p]), math.Abs(x[a]-x[n]); {
				case dp < dn:
					right++
				case dp == dn:
					right += 0.5
				}
				all++
			}
		}
	}
	if got, err := ordered(t.Context(), l, labels, 1, x); err != nil || got != right/all {
		t.Errorf("%v, want %v", got, right/all)
	}
}

// The best weights are kept, and a run that gets no better stops.
func TestValidation(t *testing.T) {
	docs, labels := calls(1, 80)
	held, theirs := calls(2, 20)
	m := loadTiny(t)
	h, err := Train(t.Context(), m, docs, labels, &Options{Epochs: 32, LearningRate: 1e-2, Validation: &Validation{Docs: held, Labels: theirs, Patience: -1}})
	if err != nil {
		t.Fatal(err)
	}
	top := 0.0
	for _, e := range h.Evaluations {
		top = max(top, e.Score)
	}
	tr, err := newTrainer(m, tokenized(t, m, docs), labels, &Options{Validation: &Validation{Docs: held, Labels: theirs}})
	if err != nil {
		t.Fatal(err)
	}
	if score, err := tr.score(t.Context()); err != nil || score != top || top < 0.95 || h.Best == 0 || h.Interpolation != 1 {
		t.Errorf("score %v of the weights of step %d, best %v, error %v", score, h.Best, top, err)
	}
}

// When training only lowers the score, the model keeps its initial weights.
func TestValidationKeepsBase(t *testing.T) {
	docs, labels := calls(1, 20)
	m := loadTiny(t)
	before := weights(m)
	worse := 1.0
	h, err := Train(t.Context(), m, docs, labels, &Options{Epochs: 40, LearningRate: 1e-3, Validation: &Validation{
		Every: 2, Patience: 3, Interpolate: true, Score: func(context.Context, *encoder.Model) (float64, error) { worse /= 2; return worse, nil },
	}})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(weights(m), before) || h.Best != 0 || len(h.Steps) != 6 || !strings.Contains(h.Stopped, "no improvement for 3") {
		t.Errorf("best %d after %d steps, stopped %q", h.Best, len(h.Steps), h.Stopped)
	}
	if w := h.Warnings; len(w) == 0 || !strings.Contains(w[len(w)-1].Text, "training changed nothing") {
		t.Errorf("warnings %v", w)
	}
}

// Halfway is chosen when it is best.
func TestValidationInterpolates(t *testing.T) {
	docs, labels := calls(1, 20)
	m, base := loadTiny(t), loadTiny(t)
	scores := []float64{0.5, 0.6, 0.55, 0.65, 0.6}
	h, err := Train(t.Context(), m, docs, labels, &Options{LearningRate: 1e-3, Validation: &Validation{
		Interpolate: true, Score: func(context.Context, *encoder.Model) (float64, error) {
			s := scores[0]
			scores = scores[1:]
			return s, nil
		},
	}})
	if err != nil || h.Interpolation != 0.5 || len(scores) != 0 {
		t.Fatalf("interpolation %v, error %v, scores left %v", h.Interpolation, err, scores)
	}
	if bytes.Equal(weights(m), weights(base)) {
		t.Error("the weights are the initial ones")
	}
}

// Each warning comes once, with a remedy.
func TestGuards(t *testing.T) {
	docs, labels := calls(1, 80)
	for want, o := range map[string]*Options{
		"collapsed":             {Loss: Loss{Kind: BatchHard, Soft: true}, Epochs: 20, LearningRate: 1e-2},
		"no triplet is active":  {Epochs: 40, LearningRate: 1e-2},
		"active from the start": {Loss: Loss{Margin: 5}, Epochs: 25},
	} {
		h, err := Train(t.Context(), loadTiny(t), docs, labels, o)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, w := range h.Warnings {
			if strings.Contains(w.Text, want) && w.Step > 0 {
				found++
			}
		}
		if found != 1 {
			t.Errorf("warnings %v, want one of %q", h.Warnings, want)
		}
	}
}

// Training overfits if it does not generalize: here the words of held-out documents do not predict the label.
func TestGuardOverfitting(t *testing.T) {
	docs, labels := calls(1, 80)
	held, theirs := calls(2, 20)
	for i := range theirs {
		theirs[i] = i / 2 % 2
	}
	h, err := Train(t.Context(), loadTiny(t), docs, labels, &Options{Epochs: 40, LearningRate: 1e-2, Validation: &Validation{Docs: held, Labels: theirs, Patience: 8}})
	if err != nil {
		t.Fatal(err)
	}
	if w := h.Warnings; len(w) == 0 || !strings.Contains(w[0].Text, "overfitting") || h.Stopped == "" {
		t.Errorf("warnings %v, stopped %q, evaluations %v", w, h.Stopped, h.Evaluations)
	}
}

// Steps far too large for a trained model make the loss explode.
func TestGuardExplosion(t *testing.T) {
	docs, labels := calls(1, 80)
	m := loadTiny(t)
	if _, err := Train(t.Context(), m, docs, labels, &Options{Epochs: 32, LearningRate: 1e-2}); err != nil {
		t.Fatal(err)
	}
	h, err := Train(t.Context(), m, docs, labels, &Options{Epochs: 20, LearningRate: 1, Warmup: -1, ClipNorm: -1})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, w := range h.Warnings {
		if strings.Contains(w.Text, "exploding: lower LearningRate") && w.Step > 0 {
			found++
		}
	}
	if found != 1 {
		t.Errorf("warnings %v; loss %v to %v", h.Warnings, h.Steps[0].Loss, h.Steps[len(h.Steps)-1].Loss)
	}
}
