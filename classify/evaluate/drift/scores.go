package drift

import (
	"fmt"
	"math"

	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/classify/internal/sample"
	"gonum.org/v1/gonum/stat/distuv"
)

// AUC tests whether probabilities, or any scores, rank the outcomes of recent rows as well as the outcomes of the reference. The
// statistic is the difference in ROC AUC, recent - reference; p is by the variances of DeLong, DeLong and Clarke-Pearson
// (1988), for rows that are independent. Each sample needs two rows of each label.
func AUC(p []float64, y []int, recentP []float64, recentY []int) (Test, error) {
	a, va, err := aucVariance(p, y)
	if err != nil {
		return Test{}, fmt.Errorf("drift: AUC: reference: %w", err)
	}
	b, vb, err := aucVariance(recentP, recentY)
	if err != nil {
		return Test{}, fmt.Errorf("drift: AUC: recent: %w", err)
	}
	switch d := b - a; {
	case d == 0:
		return Test{0, 1}, nil
	case va+vb == 0: // both rank perfectly, or perfectly wrong
		return Test{d, 0}, nil
	default:
		return Test{d, 2 * distuv.UnitNormal.Survival(math.Abs(d)/math.Sqrt(va+vb))}, nil
	}
}

// aucVariance is the ROC AUC and the variance of its estimate.
func aucVariance(p []float64, y []int) (auc, variance float64, err error) {
	if err := sample.CheckLabels(len(p), y, nil); err != nil {
		return 0, 0, err
	}
	if auc = evaluate.ROCAUC(p, y); math.IsNaN(auc) {
		return 0, 0, fmt.Errorf("a score is NaN")
	}
	var placed [2][]float64
	for i, v := range sample.Placement(p, y) {
		placed[y[i]] = append(placed[y[i]], v)
	}
	for label, v := range placed {
		if len(v) < 2 {
			return 0, 0, fmt.Errorf("%d row of label %d, want 2 or more", len(v), label)
		}
		_, s := meanAndVariance(v)
		variance += s / float64(len(v))
	}
	return auc, variance, nil
}

// Calibration tests whether recent outcomes exceed their probabilities by as much as in the reference, which is the first
// thing to change with the base rate: Welch's test of the residuals, outcome - probability. The statistic is the change
// of the mean residual: 0.1 means that ten percentage points more of the calls are won than expected.
func Calibration(p []float64, y []int, recentP []float64, recentY []int) (Test, error) {
	a, err := residuals(p, y)
	if err != nil {
		return Test{}, fmt.Errorf("drift: calibration: reference: %w", err)
	}
	b, err := residuals(recentP, recentY)
	if err != nil {
		return Test{}, fmt.Errorf("drift: calibration: recent: %w", err)
	}
	return Welch(a, b)
}

func residuals(p []float64, y []int) ([]float64, error) {
	if len(p) != len(y) {
		return nil, fmt.Errorf("%d probabilities for %d labels", len(p), len(y))
	}
	r := make([]float64, len(p))
	for i, label := range y {
		if !(p[i] >= 0 && p[i] <= 1) || label != 0 && label != 1 {
			return nil, fmt.Errorf("row %d: probability %v and label %d, want 0 to 1, and 0 or 1", i, p[i], label)
		}
		r[i] = float64(label) - p[i]
	}
	return r, nil
}
