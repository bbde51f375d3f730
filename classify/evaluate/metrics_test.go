package evaluate

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
)

// metricsGolden is scikit-learn's measures of some scores.
type metricsGolden struct {
	P         []float64
	Y         []int
	Threshold float64
	Metrics   Metrics
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

// What cannot be scored is NaN, never a panic.
func TestScoresOfBadInput(t *testing.T) {
	for _, c := range []struct {
		name string
		p    []float64
		y    []int
		one  bool // one label is enough for scores of single rows
	}{
		{"no rows", nil, nil, false},
		{"labels for other rows", []float64{0.5}, []int{0, 1}, false},
		{"scores for other rows", []float64{0.5, 0.1, 0.2}, []int{0, 1}, false},
		{"label 2", []float64{0.5, 0.5}, []int{0, 2}, false},
		{"NaN", []float64{0.5, math.NaN()}, []int{0, 1}, false},
		{"one label", []float64{0.5, 0.5}, []int{1, 1}, true},
	} {
		for name, score := range map[string]Score{"ROC AUC": ROCAUC, "PR AUC": PRAUC} {
			if v := score(c.p, c.y); !math.IsNaN(v) {
				t.Errorf("%s: %s %v, want NaN", c.name, name, v)
			}
		}
		for name, score := range map[string]Score{"log loss": LogLoss, "Brier": Brier} {
			if v := score(c.p, c.y); math.IsNaN(v) == c.one {
				t.Errorf("%s: %s %v", c.name, name, v)
			}
		}
	}
}
