package classify

import (
	"context"
	"math"
	"strings"
	"testing"
)

func TestIsotonicMatchesScikitLearn(t *testing.T) {
	for i, g := range readMetricsGolden(t) {
		c, err := Isotonic(g.P, g.Y, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float64, len(g.Isotonic))
		for k := range got {
			got[k] = c.Apply(float64(k) / 20)
		}
		if d := maxDifference(got, g.Isotonic); d > 1e-12 {
			t.Errorf("case %d: differs by %.2g: %v, want %v", i, d, got, g.Isotonic)
		}
	}
}

// Probabilities whose log-odds are twice and a half those of the truth come back to it.
func TestPlatt(t *testing.T) {
	x, y := linearSample(4000, 5, 1)
	f, err := FitLogistic(context.Background(), x, y, nil)
	if err != nil {
		t.Fatal(err)
	}
	z, _ := f.Margins(x)
	p := make([]float64, len(z))
	for i, z := range z {
		p[i] = Sigmoid(2.5*z - 1)
	}
	c, err := Platt(p, y, nil)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(c.Scale-0.4) > 0.01 || math.Abs(c.Shift-0.4) > 0.01 {
		t.Errorf("scale %.3f, shift %.3f, want 0.4 and 0.4", c.Scale, c.Shift)
	}
	// One row of label 0, whose target is 1/3, and three of label 1, whose target is 4/5.
	if c, err = Platt([]float64{0.3, 0.3, 0.3, 0.3}, []int{0, 1, 1, 1}, nil); err != nil || math.Abs(c.Apply(0.3)-(3*0.8+1.0/3)/4) > 1e-6 {
		t.Errorf("of equal probabilities: %v, error %v", c.Apply(0.3), err)
	}
}

// Cross-fitting turns an overfitted model's certainty into what it is worth.
func TestFitCalibrated(t *testing.T) {
	x, y := linearSample(600, 150, 2)
	train, test := all(300), all(600)[300:]
	fit := LogisticFitter(&LogisticOptions{C: 1000})
	raw, err := fit(context.Background(), SelectRows(x, train), y[:300], nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := FitCalibrated(context.Background(), SelectRows(x, train), y[:300], fit, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := raw.Predict(SelectRows(x, test))
	q, _ := c.Predict(SelectRows(x, test))
	before, _ := Evaluate(p, y[300:])
	after, err := Evaluate(q, y[300:])
	if err != nil || after.LogLoss > before.LogLoss/4 || math.Abs(after.ROCAUC-before.ROCAUC) > 1e-3 {
		t.Errorf("log loss %.3f, before %.3f; AUC %.3f and %.3f; error %v", after.LogLoss, before.LogLoss, after.ROCAUC, before.ROCAUC, err)
	}
}

func TestThresholds(t *testing.T) {
	p := []float64{0.9, 0.8, 0.8, 0.6, 0.4, 0.2}
	y := []int{1, 1, 0, 1, 0, 0}
	if got, err := ThresholdBestF1(p, y); got != 0.6 || err != nil {
		t.Errorf("best F1 at %v, error %v", got, err)
	}
	if got, err := ThresholdLowestCost(p, y, 10, 1); got != 0.9 || err != nil {
		t.Errorf("dear errors: threshold %v, error %v", got, err)
	}
	if got, err := ThresholdLowestCost(p, y, 1, 10); got != 0.6 || err != nil {
		t.Errorf("dear misses: threshold %v, error %v", got, err)
	}
	for calls, want := range []int{0, 1, 1, 3, 4, 5, 6, 6} { // two rows tie for the second place
		threshold, err := ThresholdCapacity(p, calls)
		if c := confusion(p, y, threshold); c.TruePositive+c.FalsePositive != want || err != nil {
			t.Errorf("capacity %d: threshold %v calls %d, want %d, error %v", calls, threshold, c.TruePositive+c.FalsePositive, want, err)
		}
	}
	if _, err := ThresholdLowestCost(p, y, -1, 1); err == nil || !strings.Contains(err.Error(), "costs -1 and 1") {
		t.Errorf("error %v", err)
	}
}
