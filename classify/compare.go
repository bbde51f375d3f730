package classify

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// A Score is one number for how well probabilities agree with labels: ROCAUC, PRAUC, LogLoss, Brier or your own.
// The labels hold both 0 and 1.
type Score func(p []float64, y []int) float64

// ROCAUC is the chance that a row of label 1 scores above one of label 0, ties half.
func ROCAUC(p []float64, y []int) float64 { return rocAUC(scoreSteps(p, y)) }

// PRAUC is the average precision.
func PRAUC(p []float64, y []int) float64 { return averagePrecision(scoreSteps(p, y)) }

// LogLoss is the mean log loss; lower is better.
func LogLoss(p []float64, y []int) float64 { l, _ := properScores(p, y); return l }

// Brier is the mean squared error of the probability; lower is better.
func Brier(p []float64, y []int) float64 { _, b := properScores(p, y); return b }

// A Comparison is of two ways to score the same rows.
type Comparison struct {
	A          float64  `json:"a"` // the scores
	B          float64  `json:"b"`
	Difference Interval `json:"difference"` // B - A
	P          float64  `json:"p"`          // of a difference of this size, if A and B were as good as each other
	DeLong     float64  `json:"delong_p"`   // the same for the ROC AUC by DeLong's test, which knows of no groups
	McNemar    float64  `json:"mcnemar_p"`  // the same for the calls at threshold ½
	level      float64
}

// Compare tests whether b scores better or worse than a: an interval of the difference by paired bootstrap, and a paired
// permutation test that exchanges the two in whole groups. Both must predict the same rows of the data, out of fold;
// opts.Groups has an entry for each of these rows, as they are listed in Row.
func Compare(ctx context.Context, a, b *OutOfFold, opts *ResampleOptions) (*Comparison, error) {
	if !slices.Equal(a.Row, b.Row) || !slices.Equal(a.Y, b.Y) {
		return nil, fmt.Errorf("classify: compare: predictions of %d and of %d rows are not of the same rows and labels", len(a.Row), len(b.Row))
	}
	y := a.Y
	if err := errors.Join(checkScores(a.P, y), checkScores(b.P, y)); err != nil {
		return nil, err
	}
	o, err := opts.withDefaults(len(y))
	if err != nil {
		return nil, err
	}
	c := &Comparison{A: o.Score(a.P, y), B: o.Score(b.P, y), level: o.Level}
	c.Difference, err = o.bootstrap(ctx, y, func(rows []int) float64 {
		labels := pick(y, rows)
		return o.Score(pick(b.P, rows), labels) - o.Score(pick(a.P, rows), labels)
	})
	if err != nil {
		return nil, err
	}
	if c.P, err = o.permute(ctx, a.P, b.P, y); err != nil {
		return nil, err
	}
	c.DeLong, c.McNemar = deLong(a.P, b.P, y), mcNemar(a.P, b.P, y)
	return c, nil
}

// Differs says whether the difference is more than chance would explain, at one minus the level of the interval.
func (c *Comparison) Differs() bool { return c.P < 1-c.level }

// Verdict says in words what the comparison of two named scores found.
func (c *Comparison) Verdict(a, b string) string {
	p := "p < 0.001"
	if c.P >= 0.001 {
		p = fmt.Sprintf("p = %.3f", c.P)
	}
	numbers := fmt.Sprintf("%s %.3f, %s %.3f, difference %+.3f [%+.3f, %+.3f], %s",
		a, c.A, b, c.B, c.Difference.Estimate, c.Difference.Low, c.Difference.High, p)
	if !c.Differs() {
		return "no evidence of a difference: " + numbers
	}
	return "evidence of a difference: " + numbers
}
