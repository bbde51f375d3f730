package classify

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
)

// metricsGolden is what scikit-learn says of some scores.
type metricsGolden struct {
	P         []float64
	Y         []int
	Threshold float64
	Metrics   Metrics
	Isotonic  []float64
}

func readMetricsGolden(t *testing.T) (cases []metricsGolden) {
	t.Helper()
	raw, err := os.ReadFile("testdata/metrics.json")
	if err == nil {
		err = json.Unmarshal(raw, &cases)
	}
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

func TestEvaluateMatchesScikitLearn(t *testing.T) {
	for i, c := range readMetricsGolden(t) {
		got, err := EvaluateAt(c.P, c.Y, c.Threshold)
		if err != nil {
			t.Fatal(err)
		}
		if got.Confusion != c.Metrics.Confusion || got.Rows != c.Metrics.Rows {
			t.Errorf("case %d: %+v, want %+v", i, got, c.Metrics)
		}
		a, b := got, c.Metrics
		for name, pair := range map[string][2]float64{
			"accuracy": {a.Accuracy, b.Accuracy}, "precision": {a.Precision, b.Precision}, "recall": {a.Recall, b.Recall},
			"F1": {a.F1, b.F1}, "ROC AUC": {a.ROCAUC, b.ROCAUC}, "PR AUC": {a.PRAUC, b.PRAUC},
			"log loss": {a.LogLoss, b.LogLoss}, "Brier": {a.Brier, b.Brier},
		} {
			if math.Abs(pair[0]-pair[1]) > 1e-12 {
				t.Errorf("case %d: %s %v, want %v", i, name, pair[0], pair[1])
			}
		}
	}
}

func TestEvaluateRefuses(t *testing.T) {
	for _, c := range []struct {
		p    []float64
		y    []int
		want string
	}{
		{[]float64{0.5, math.NaN()}, []int{0, 1}, "row 1: probability NaN"},
		{[]float64{0.5, 1.5}, []int{0, 1}, "row 1: probability 1.5"},
		{[]float64{0.5}, []int{0, 1}, "2 labels for 1 rows"},
		{[]float64{0.5, 0.5}, []int{0, 2}, "row 1: label 2"},
		{[]float64{0.5, 0.5}, []int{1, 1}, "all 2 labels are 1"},
		{nil, nil, "no rows"},
	} {
		if _, err := Evaluate(c.p, c.y); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Evaluate(%v, %v): error %v, want %q", c.p, c.y, err, c.want)
		}
	}
}
