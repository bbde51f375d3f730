package classify

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/classify/internal/sample"
	"github.com/org/salesconv/internal/matrix"
	"github.com/org/salesconv/internal/reference"
)

func TestIsotonicMatchesScikitLearn(t *testing.T) {
	raw, err := os.ReadFile("evaluate/testdata/metrics.json") // made by make_metrics.py there
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		P        []float64
		Y        []int
		Isotonic []float64 // at 0, 0.05 … 1
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for i, g := range cases {
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

// Calibration recovers true probabilities from log-odds that are twice and half the true ones.
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

// Cross-fitting calibrates an overfitted, overconfident model.
func TestFitCalibrated(t *testing.T) {
	x, y := linearSample(600, 150, 2)
	train, test := sample.All(300), sample.All(600)[300:]
	fit := LogisticFitter(&LogisticOptions{C: 1000})
	raw, err := fit(context.Background(), matrix.Select(x, train), y[:300], nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := FitCalibrated(context.Background(), matrix.Select(x, train), y[:300], fit, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := raw.Predict(matrix.Select(x, test))
	q, _ := c.Predict(matrix.Select(x, test))
	before, _ := evaluate.Evaluate(p, y[300:])
	after, err := evaluate.Evaluate(q, y[300:])
	if err != nil || after.LogLoss > before.LogLoss/4 || math.Abs(after.ROCAUC-before.ROCAUC) > 1e-3 {
		t.Errorf("log loss %.3f, before %.3f; AUC %.3f and %.3f; error %v", after.LogLoss, before.LogLoss, after.ROCAUC, before.ROCAUC, err)
	}
}

func TestPlattMatchesScikitLearn(t *testing.T) {
	var cases []struct {
		Name       string
		P          []float64
		Y          []int
		Weight     []float64
		Calibrated []float64
	}
	reference.JSON(t, "platt.json.gz", &cases)
	for _, g := range cases {
		c, err := Platt(g.P, g.Y, g.Weight)
		if err != nil {
			t.Fatalf("%s: %v", g.Name, err)
		}
		got := make([]float64, len(g.P))
		for i, p := range g.P {
			got[i] = c.Apply(p)
		}
		if d := maxDifference(got, g.Calibrated); d > 1e-4 { // scikit-learn stops at a gradient of 1e-6
			t.Errorf("%s: probabilities differ by %.2g", g.Name, d)
		}
	}
}

// Probabilities in the wrong order say nothing: every row gets the share of label 1, a little inside.
func TestPlattReversed(t *testing.T) {
	raw, err := os.ReadFile("testdata/platt_inverted.json")
	if err != nil {
		t.Fatal(err)
	}
	var g struct {
		P []float64
		Y []int
	}
	if err := json.Unmarshal(raw, &g); err != nil {
		t.Fatal(err)
	}
	won := 0.0
	for _, label := range g.Y {
		won += float64(label)
	}
	n := float64(len(g.Y))
	want := (won*(won+1)/(won+2) + (n-won)/(n-won+2)) / n
	c, err := Platt(g.P, g.Y, nil)
	if err != nil || c.Scale != 0 || math.Abs(c.Apply(0.9)-want) > 1e-12 || c.Apply(0.1) != c.Apply(0.9) {
		t.Errorf("calibration %+v gives %v and %v, want %v, error %v", c, c.Apply(0.1), c.Apply(0.9), want, err)
	}
}

// Whatever the probabilities, weights and shares of label 1, the calibrated mean is the mean of the targets.
func TestPlattConverges(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 9))
	for trial := range 500 {
		n := 2 + r.IntN(100)
		p, y, w := make([]float64, n), make([]int, n), make([]float64, n)
		spread, share := math.Exp(4*r.NormFloat64()), r.Float64()
		for i := range p {
			p[i], w[i] = Sigmoid(spread*r.NormFloat64()), math.Exp(r.NormFloat64()*3)
			if r.Float64() < share {
				y[i] = 1
			}
		}
		y[0], y[1] = 0, 1
		if _, err := Platt(p, y, w); err != nil {
			t.Errorf("trial %d: %v", trial, err)
		}
	}
}
