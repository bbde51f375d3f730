package evaluate

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestLearningCurve(t *testing.T) {
	x, y := linearSample(400, slices.Repeat([]float64{0.25}, 40), 1)
	folds, err := Folds(y, nil, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := LearningCurve(context.Background(), y, folds, []int{40, 150, 1000}, meanDifference(x, y), &ResampleOptions{Samples: 200})
	if err != nil {
		t.Fatal(err)
	}
	if curve[0].Rows != 40 || curve[2].Rows != 300 || !(curve[0].Score.Estimate < curve[2].Score.Estimate) {
		t.Errorf("%+v", curve)
	}
	if _, err := LearningCurve(context.Background(), y, folds, []int{0}, meanDifference(x, y), nil); err == nil || !strings.Contains(err.Error(), "learning curve at 0 rows") {
		t.Errorf("of no rows: error %v", err)
	}
}

func TestLeakProbe(t *testing.T) {
	x, y := linearSample(300, make([]float64, 4), 8)
	names := []string{"hour", "size", "agent", "duration"}
	folds, err := Folds(y, nil, 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	probe := func() *Leak {
		t.Helper()
		leak, err := LeakProbe(context.Background(), names, x, y, folds, meanDifference(x, y), nil)
		if err != nil {
			t.Fatal(err)
		}
		return leak
	}
	if leak := probe(); leak.Warning != "" {
		t.Errorf("of noise: %+v", leak)
	}
	for i, label := range y {
		x[2][i] -= 2 * float64(label)
	}
	if leak := probe(); leak.Columns[0].Name != "agent" || !strings.Contains(leak.Warning, "metadata alone predict the label") {
		t.Errorf("of a leak: %+v", leak)
	}
	for i, label := range y {
		x[1][i] = float64(label)
	}
	if leak := probe(); !strings.Contains(leak.Warning, `column "size" alone`) {
		t.Errorf("of the label itself: %+v", leak)
	}
	x[3][7] = math.NaN()
	if _, err := LeakProbe(context.Background(), names, x, y, folds, meanDifference(x, y), nil); err == nil || !strings.Contains(err.Error(), `column "duration"`) {
		t.Errorf("of NaN: error %v", err)
	}
}
