package conversion

import (
	"context"
	"fmt"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/classify/internal/sample"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/triplet"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// shares are the shares of fine-tuned weights that are tried.
var shares = []float64{1, 0.75, 0.5, 0.25}

// A ShareTrial compares, on the training calls out of fold, the ROC AUC of the tuned head (B) on an encoder with a share
// of fine-tuned weights to the AUC of the best head on turn vectors by the generic encoder (A).
type ShareTrial struct {
	Share   float64 `json:"share"`
	Generic string  `json:"generic"` // key of the block of the best generic head
	*evaluate.Comparison
}

// holds reports whether the embedding is at least as good as the generic one.
func (s *ShareTrial) holds() bool { return s.Difference.Estimate >= 0 }

// best is the share with the highest ROC AUC, of several the largest.
func (t *Tuning) best() *ShareTrial {
	best := &t.Shares[0]
	for k := range t.Shares {
		if t.Shares[k].B > best.B {
			best = &t.Shares[k]
		}
	}
	return best
}

// Saved states in a sentence what is saved as the fine-tuned encoder, and why.
func (t *Tuning) Saved() string {
	s := t.best()
	measured := fmt.Sprintf("on the training calls, out of fold, its ROC AUC is %.3f, the generic %s has %.3f: %+.3f, 95%% interval %+.3f to %+.3f",
		s.B, Title(s.Generic), s.A, s.Difference.Estimate, s.Difference.Low, s.Difference.High)
	switch t.Share {
	case 0:
		return fmt.Sprintf("Fine-tuning did not help: %s with %.0f%% of fine-tuned weights, the best share. %s holds the generic weights instead.", measured, 100*s.Share, tunedDir)
	case 1:
		return fmt.Sprintf("The fine-tuned embedding is at least as good as the generic one: %s.", measured)
	}
	return fmt.Sprintf("%s is %.0f%% fine-tuned and %.0f%% generic weights, the best share, and at least as good as the generic embedding: %s.", tunedDir, 100*t.Share, 100-100*t.Share, measured)
}

// guard keeps the share of the fine-tuned weights that makes the best embedding of calls that it was not trained on, none if
// the generic embedding is better than that.
func (f *fit) guard(ctx context.Context, t *tuned, models []*encoder.Model, docs encoder.Documents, folds []evaluate.Fold, generic *classify.Heads) error {
	key, a, err := f.bestGeneric(generic, folds)
	if err != nil {
		return err
	}
	for _, share := range shares {
		held, err := f.hold(ctx, models, share, docs, folds)
		if err != nil {
			return err
		}
		compared, err := evaluate.Compare(ctx, a, f.ranked(held.margins, folds), &evaluate.ResampleOptions{Groups: f.Groups, Seed: f.Seed})
		if err != nil {
			return fmt.Errorf("conversion: judging the fine-tuned embedding: %w", err)
		}
		t.Shares = append(t.Shares, ShareTrial{share, key, compared})
		if t.best().Share == share {
			t.held = held
		}
	}
	if best := t.best(); best.holds() {
		return t.keep(f.generic, best.Share)
	}
	return f.keepGeneric(ctx, t)
}

// keepGeneric makes the generic encoder what is saved.
func (f *fit) keepGeneric(ctx context.Context, t *tuned) error {
	x, err := f.generic.EncodeDocuments(ctx, f.docs, &encoder.Options{Cache: f.genericCache})
	if err != nil {
		return err
	}
	t.held.outOfFold = mat.DenseCopyOf(x)
	return t.keep(f.generic, 0)
}

// bestGeneric is the block of generic turn vectors whose head has the highest ROC AUC out of fold, and what it predicts.
func (f *fit) bestGeneric(heads *classify.Heads, folds []evaluate.Fold) (key string, best *evaluate.OutOfFold, err error) {
	for _, b := range of(genericTurns) {
		z, err := heads.OutOfFoldMargins(b.key)
		if err != nil {
			return "", nil, err
		}
		if out := f.ranked(z, folds); best == nil || evaluate.ROCAUC(out.P, out.Y) > evaluate.ROCAUC(best.P, best.Y) {
			key, best = b.key, out
		}
	}
	return key, best, nil
}

// ranked are margins as their ranks within each fold, from 0 to 1: each fold has a head of its own, with a scale of its own.
func (f *fit) ranked(z []float64, folds []evaluate.Fold) *evaluate.OutOfFold {
	out := &evaluate.OutOfFold{Row: sample.All(len(z)), Y: f.labels, P: make([]float64, len(z))}
	for _, fold := range folds {
		for k, rank := range sample.Midranks(sample.Pick(z, fold.Test)) {
			out.P[fold.Test[k]] = (rank + 0.5) / float64(len(fold.Test))
		}
	}
	return out
}

// held is the out-of-fold results of the training calls, by models that were not trained on them.
type held struct {
	weights   []float64  // of the parts of the head's margin, one for each vector of a call
	intercept float64    // of the head with these weights
	margins   []float64  // joined by weights that were fitted without the fold of each call
	outOfFold *mat.Dense // embeddings
}

// hold computes held for models with the given share of fine-tuned weights. The parts of the margin are centred in each fold, as
// their means differ between models.
func (f *fit) hold(ctx context.Context, models []*encoder.Model, share float64, docs encoder.Documents, folds []evaluate.Fold) (*held, error) {
	width := f.generic.Width()
	all := &held{outOfFold: mat.NewDense(len(docs), width, nil)}
	var margins [][]float64 // by part
	var means []float64
	for k, fold := range folds {
		m, err := triplet.Interpolate(f.generic, models[k], share)
		if err != nil {
			return nil, err
		}
		x, err := f.encode(ctx, m, sample.Pick(docs, fold.Test), fmt.Sprintf("encoding calls with %.0f%% of fine-tuned weights", 100*share))
		if err != nil {
			return nil, err
		}
		h, err := head(m)
		if err != nil {
			return nil, err
		}
		for b := range len(h.Coefficients) / width {
			part := h.Coefficients[b*width:][:width]
			if k == 0 {
				margins, means = append(margins, make([]float64, len(docs))), append(means, 0)
			}
			z := make([]float64, len(fold.Test))
			for i := range z {
				z[i] = floats.Dot(part, x.RawRowView(i)[b*width:][:width])
			}
			mean := stat.Mean(z, nil)
			means[b] += mean * float64(len(z)) / float64(len(docs))
			for i, at := range fold.Test {
				margins[b][at] = z[i] - mean
			}
		}
		for i, at := range fold.Test {
			all.outOfFold.SetRow(at, x.RawRowView(i)[:width])
		}
	}
	var err error
	if all.weights, all.margins, err = classify.WeighMargins(margins, f.labels, f.Groups, folds); err != nil {
		return nil, err
	}
	all.intercept = stat.Mean(all.margins, nil) - floats.Dot(all.weights, means)
	return all, nil
}
