package classify

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Metrics say how well probabilities agree with labels. Label 1 is the positive class.
type Metrics struct {
	Rows      int     `json:"rows"`
	Accuracy  float64 `json:"accuracy"`
	Precision float64 `json:"precision"` // 0 where no row is called positive
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	ROCAUC    float64 `json:"roc_auc"`  // the chance that a positive row scores above a negative one, ties half
	PRAUC     float64 `json:"pr_auc"`   // average precision
	LogLoss   float64 `json:"log_loss"` // natural logarithm; probabilities kept 2⁻⁵² away from 0 and 1
	Brier     float64 `json:"brier"`    // mean squared error of the probability
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

// EvaluateAt is Evaluate with rows called positive whose probability is at least the threshold.
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

// properScores gives the mean log loss and the Brier score.
func properScores(p []float64, y []int) (logLoss, brier float64) {
	for i, p := range p {
		d := p - float64(y[i])
		brier += d * d
		logLoss += surprise(p, y[i])
	}
	n := float64(len(p))
	return logLoss / n, brier / n
}

// surprise is the log loss of one row.
func surprise(p float64, y int) float64 {
	const eps = 0x1p-52
	p = min(max(p, eps), 1-eps)
	if y == 1 {
		return -math.Log(p)
	}
	return -math.Log1p(-p)
}

// checkScores checks that p holds probabilities and y a label for each, both labels present.
func checkScores(p []float64, y []int) error {
	for i, v := range p {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("classify: row %d: probability %v, want 0 to 1", i, v)
		}
	}
	return checkLabels(len(p), y, nil)
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

// descending lists the rows from the highest score to the lowest, ties in row order.
func descending(p []float64) []int {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[b], p[a]) })
	return order
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
