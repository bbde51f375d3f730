package triplet

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// own is a loss of this package, times a factor, with the gradient of one element changed.
type own struct {
	Of      Loss
	Factor  float64
	Wrong   float64
	failure error
}

func (o own) Evaluate(b *Batch) (float64, error) {
	v, err := o.Of.Evaluate(b)
	if err != nil {
		return 0, err
	}
	b.Gradient.Scale(o.Factor, b.Gradient)
	b.Gradient.Set(1, 0, b.Gradient.At(1, 0)+o.Wrong)
	return o.Factor * v, o.failure
}

// A run by an objective that is one of this package's losses ends with the bytes of a run by that loss, at once, in
// parts, and when it was stopped and resumed.
func TestObjectiveIsLoss(t *testing.T) {
	docs, labels := calls(1, 20)
	for _, l := range []Loss{{}, {Kind: BatchAll, Distance: Euclidean}, {Kind: MultipleNegatives}} {
		whole, own := loadTiny(t), own{l, 1, 0, nil}
		o := Options{Loss: l, BatchSize: 8, Epochs: 2, LearningRate: 1e-3, MemoryLimit: 1 << 20}
		want, err := Train(t.Context(), whole, docs, labels, &o)
		if err != nil {
			t.Fatal(err)
		}
		o.Loss, o.Objective = Loss{}, own
		o.Checkpoints = &Checkpoints{Dir: t.TempDir()}
		ctx, cancel := contextAfter(t, 3, &o)
		if _, err := Train(ctx, loadTiny(t), docs, labels, &o); !errors.Is(err, cancel) {
			t.Fatal(err)
		}
		m := loadTiny(t)
		got, err := Train(t.Context(), m, docs, labels, &o)
		if err != nil || got.Resumed != 3 || !bytes.Equal(weights(m), weights(whole)) {
			t.Errorf("%+v: other weights than those of the loss, error %v", l, err)
		}
		if g, w := got.Steps[len(got.Steps)-1], want.Steps[len(want.Steps)-1]; g.Loss != w.Loss || g.Cosine != w.Cosine || g.Active != 1 {
			t.Errorf("%+v: last step %+v, want %+v", l, g, w)
		}
		o.Progress = nil
		own.Factor = 2
		o.Objective = own
		if _, err := Train(t.Context(), loadTiny(t), docs, labels, &o); err == nil || !strings.Contains(err.Error(), "other documents, labels, options or") {
			t.Errorf("resumed with another objective: error %v", err)
		}
	}
}

// An objective sees the documents of the step once each, with their labels and triplets.
func TestObjectiveBatch(t *testing.T) {
	docs, labels := calls(1, 12)
	steps := 0
	_, err := Train(t.Context(), loadTiny(t), docs, labels, &Options{BatchSize: 6, TripletsPerAnchor: 3, Objective: objective(func(b *Batch) (float64, error) {
		steps++
		n, width := b.Embeddings.Dims()
		if width != 16 || n != len(b.Documents) || n != len(b.Labels) || len(slices.Compact(slices.Sorted(slices.Values(b.Documents)))) != n {
			t.Errorf("%d documents %v of labels %v, embeddings [%d,%d]", len(b.Documents), b.Documents, b.Labels, n, width)
		}
		for i, d := range b.Documents {
			if labels[d] != b.Labels[i] {
				t.Errorf("document %d has label %d, want %d", d, b.Labels[i], labels[d])
			}
		}
		triplets := slices.Collect(b.Triplets)
		for _, x := range triplets {
			if b.Labels[x[0]] != b.Labels[x[1]] || b.Labels[x[0]] == b.Labels[x[2]] || x[0] == x[1] {
				t.Errorf("triplet %v of labels %v", x, b.Labels)
			}
		}
		if len(triplets) != 3*n {
			t.Errorf("%d triplets, want 3 for each of %d documents", len(triplets), n)
		}
		b.Gradient.Set(0, 0, 1)
		return b.Embeddings.At(0, 0), nil
	})})
	if err != nil || steps != 2 {
		t.Errorf("%d steps, error %v", steps, err)
	}
}

type objective func(b *Batch) (float64, error)

func (o objective) Evaluate(b *Batch) (float64, error) { return o(b) }

func TestObjectiveErrors(t *testing.T) {
	docs, labels := calls(1, 8)
	broken := errors.New("out of order")
	for want, o := range map[string]Objective{
		"step 1: ":                    own{Factor: 1, failure: broken},
		"the objective: out of ord":   own{Factor: 1, failure: broken},
		"the objective's loss is NaN": own{Factor: math.NaN()},
		"gradient of element 0 of":    own{Factor: 1, Wrong: math.Inf(1)},
		"distance \"x\"":              own{Of: Loss{Distance: "x"}},
		"index out of range":          objective(func(b *Batch) (float64, error) { return float64(b.Labels[99]), nil }),
	} {
		m := loadTiny(t)
		before := weights(m)
		h, err := Train(t.Context(), m, docs, labels, &Options{Objective: o})
		if err == nil || !strings.Contains(err.Error(), want) || h == nil {
			t.Errorf("error %v, want %q", err, want)
		}
		if !bytes.Equal(weights(m), before) {
			t.Errorf("%s: the weights moved", want)
		}
	}
	if _, err := Train(t.Context(), loadTiny(t), docs, labels, &Options{Objective: own{}, Loss: Loss{Margin: 1}}); err == nil || !strings.Contains(err.Error(), "both Loss and Objective") {
		t.Errorf("error %v", err)
	}
}

func TestCheckGradient(t *testing.T) {
	labels := []int{0, 1, 1, 0, 1, 0, 0}
	for _, l := range []Loss{{}, {Kind: BatchHard, Distance: Manhattan}, {Kind: BatchSemiHard, Distance: Euclidean}, {Kind: SupervisedContrastive}, {Kind: MultipleNegatives}} {
		if err := CheckGradient(l, labels, 5, 1); err != nil {
			t.Errorf("%+v: %v", l, err)
		}
		if err := CheckGradient(own{l, 3, 0, nil}, labels, 5, 1); err != nil {
			t.Errorf("%+v tripled: %v", l, err)
		}
		if err := CheckGradient(own{l, 1, 1e-3, nil}, labels, 5, 1); err == nil || !strings.Contains(err.Error(), "element 0 of document 1 ") {
			t.Errorf("%+v with a wrong gradient: error %v", l, err)
		}
	}
	for want, err := range map[string]error{
		"want an objective":      CheckGradient(nil, labels, 5, 1),
		"width 0":                CheckGradient(Loss{}, labels, 0, 1),
		"0 documents of label 1": CheckGradient(Loss{}, []int{0, 0}, 5, 1),
		"has label 2":            CheckGradient(Loss{}, []int{0, 2}, 5, 1),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
