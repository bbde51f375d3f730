package evaluate

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/org/salesconv/classify/internal/sample"
)

// Metrics measure how well probabilities agree with labels. Label 1 is the positive class.
type Metrics struct {
	Rows      int     `json:"rows"`
	Accuracy  float64 `json:"accuracy"`
	Precision float64 `json:"precision"` // 0 where no row is predicted positive
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	// ROCAUC is the chance that a positive row scores above a negative one, ties half.
	ROCAUC float64 `json:"roc_auc"`
	PRAUC  float64 `json:"pr_auc"` // average precision
	// LogLoss uses the natural logarithm; probabilities are kept 2⁻⁵² away from 0 and 1.
	LogLoss   float64 `json:"log_loss"`
	Brier     float64 `json:"brier"` // mean squared error of the probability
	Threshold float64 `json:"threshold"`
	Confusion `json:"confusion"`
}

// Confusion counts rows by label and by whether their probability reaches the threshold.
type Confusion struct {
	TruePositive  int `json:"true_positive"`
	FalsePositive int `json:"false_positive"`
	TrueNegative  int `json:"true_negative"`
	FalseNegative int `json:"false_negative"`
}

// Evaluate measures probabilities p against labels y, which must hold both 0 and 1, with threshold ½.
func Evaluate(p []float64, y []int) (Metrics, error) { return EvaluateAt(p, y, 0.5) }

// EvaluateAt is Evaluate with rows predicted positive whose probability is at least the threshold.
func EvaluateAt(p []float64, y []int, threshold float64) (Metrics, error) {
	if err := checkScores(p, y); err != nil {
		return Metrics{}, err
	}
	m := Metrics{Rows: len(p), Threshold: threshold, Confusion: confusion(p, y, threshold)}
	c := m.Confusion
	positive, called := c.TruePositive+c.FalseNegative, c.TruePositive+c.FalsePositive
	m.Accuracy = float64(c.TruePositive+c.TrueNegative) / float64(len(p))
	m.Recall = float64(c.TruePositive) / float64(positive)
	if called > 0 {
		m.Precision = float64(c.TruePositive) / float64(called)
	}
	m.F1 = float64(2*c.TruePositive) / float64(positive+called)
	m.LogLoss, m.Brier = properScores(p, y)
	steps := scoreSteps(p, y)
	m.ROCAUC, m.PRAUC = rocAUC(steps), averagePrecision(steps)
	return m, nil
}

func confusion(p []float64, y []int, threshold float64) (c Confusion) {
	for i, p := range p {
		switch {
		case p >= threshold && y[i] == 1:
			c.TruePositive++
		case p >= threshold:
			c.FalsePositive++
		case y[i] == 1:
			c.FalseNegative++
		default:
			c.TrueNegative++
		}
	}
	return c
}

// A Score is one number for how well probabilities agree with labels: ROCAUC, PRAUC, LogLoss, Brier or your own.
// Functions of this package call it with as many probabilities as labels, which hold both 0 and 1.
type Score func(p []float64, y []int) float64

// ROCAUC is the probability that a row of label 1 scores above one of label 0; ties count half. p may be any scores,
// such as log-odds. It is NaN if p and y differ in length, a score is NaN, or y does not consist of both labels 0
// and 1.
func ROCAUC(p []float64, y []int) float64 {
	if !scorable(p, y, true) {
		return math.NaN()
	}
	return rocAUC(scoreSteps(p, y))
}

// PRAUC is the average precision of any scores; NaN where ROCAUC is.
func PRAUC(p []float64, y []int) float64 {
	if !scorable(p, y, true) {
		return math.NaN()
	}
	return averagePrecision(scoreSteps(p, y))
}

// LogLoss is the mean log loss; lower is better. It is NaN if there are no rows, p and y differ in length, or a
// label is neither 0 nor 1; y need not hold both labels.
func LogLoss(p []float64, y []int) float64 { l, _ := properScores(p, y); return l }

// Brier is the mean squared error of the probability; lower is better. It is NaN where LogLoss is.
func Brier(p []float64, y []int) float64 { _, b := properScores(p, y); return b }

// scorable reports whether there is a score and a label, 0 or 1, for each row, and a row of each label if both are
// needed.
func scorable(p []float64, y []int, both bool) bool {
	var count [2]int
	for i, label := range y {
		if label != 0 && label != 1 || i >= len(p) || math.IsNaN(p[i]) {
			return false
		}
		count[label]++
	}
	return len(p) == len(y) && len(p) > 0 && (!both || count[0] > 0 && count[1] > 0)
}

// properScores gives the mean log loss and the Brier score.
func properScores(p []float64, y []int) (logLoss, brier float64) {
	if !scorable(p, y, false) {
		return math.NaN(), math.NaN()
	}
	for i, p := range p {
		d := p - float64(y[i])
		brier += d * d
		logLoss += sample.LogLoss(p, y[i])
	}
	n := float64(len(p))
	return logLoss / n, brier / n
}

// checkScores checks that p holds probabilities and y a label for each, both labels present.
func checkScores(p []float64, y []int) error {
	for i, v := range p {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("evaluate: row %d: probability %v, want 0 to 1", i, v)
		}
	}
	return checkLabels(len(p), y)
}

// checkLabels checks that y has n labels, 0 or 1, and both of them.
func checkLabels(n int, y []int) error {
	if err := sample.CheckLabels(n, y, nil); err != nil {
		return fmt.Errorf("evaluate: %w", err)
	}
	return nil
}

// A scoreStep counts the rows of one score; steps descend.
type scoreStep struct {
	score              float64
	positive, negative int
}

// scoreSteps sorts the rows by score, ties together.
func scoreSteps(p []float64, y []int) []scoreStep {
	steps := make([]scoreStep, len(p))
	for i, v := range p {
		steps[i] = scoreStep{v, y[i], 1 - y[i]}
	}
	slices.SortFunc(steps, func(a, b scoreStep) int { return cmp.Compare(b.score, a.score) })
	last := 0
	for _, s := range steps[1:] {
		if s.score != steps[last].score {
			last++
			steps[last] = s
			continue
		}
		steps[last].positive += s.positive
		steps[last].negative += s.negative
	}
	return steps[:last+1]
}

// rocAUC is the area under the ROC curve, by trapezoids, which count ties half.
func rocAUC(steps []scoreStep) float64 {
	area, positive, negative := 0.0, 0, 0
	for _, s := range steps {
		area += float64(s.negative) * (float64(positive) + float64(s.positive)/2)
		positive += s.positive
		negative += s.negative
	}
	return area / float64(positive) / float64(negative)
}

// averagePrecision is the mean over the positive rows of the precision at their score.
func averagePrecision(steps []scoreStep) float64 {
	sum, positive, called := 0.0, 0, 0
	for _, s := range steps {
		positive += s.positive
		called += s.positive + s.negative
		sum += float64(s.positive) * float64(positive) / float64(called)
	}
	return sum / float64(positive)
}
