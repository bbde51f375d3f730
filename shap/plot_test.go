package shap

import (
	"bytes"
	"fmt"
	"image/png"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func TestWaterfall(t *testing.T) {
	e := &Explanation{Base: -0.25, Names: []string{"price", "a turn that goes on and on and on until it does not fit"}}
	for i := range 20 {
		e.Values = append(e.Values, math.Pow(-0.8, float64(i)))
	}
	var image, drawing bytes.Buffer
	if err := Waterfall(&image, e, &PlotOptions{Title: "Call 7"}); err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(&image); err != nil {
		t.Error(err)
	}
	if err := Waterfall(&drawing, e, &PlotOptions{Top: 3, Format: "svg"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"price", "a turn that goes on and on and on until it does not fit", "17 others", "+1.000", "−0.800", strings.Replace(fmt.Sprintf("%.3f", e.Output()), "-", "−", 1)} {
		if !strings.Contains(drawing.String(), want) {
			t.Errorf("the drawing lacks %q", want)
		}
	}
	if err := Waterfall(io.Discard, &Explanation{Base: 1}, nil); err != nil {
		t.Errorf("no players: %v", err)
	}
	for _, e := range []*Explanation{{Values: []float64{math.NaN()}}, {Base: math.Inf(1)}, {Values: []float64{1e308, 1e308}}} {
		if err := Waterfall(io.Discard, e, nil); err == nil || !strings.Contains(err.Error(), "cannot be drawn") {
			t.Errorf("%+v: error %v", e, err)
		}
	}
}

func TestBeeswarm(t *testing.T) {
	x := mat.NewDense(30, 3, nil)
	rows := &Explanations{Values: mat.NewDense(30, 3, nil), Names: []string{"length", "questions", "pace"}, X: x}
	for i := range 30 {
		x.SetRow(i, []float64{float64(i), float64(i % 2), math.NaN()})
		rows.Values.SetRow(i, []float64{0.1 * float64(i), 0, -0.01})
	}
	var drawing bytes.Buffer
	if err := Beeswarm(&drawing, rows, &PlotOptions{Top: 2, Format: "svg"}); err != nil {
		t.Fatal(err)
	}
	text := drawing.String()
	if !strings.Contains(text, "length") || !strings.Contains(text, "pace") || strings.Contains(text, "questions") {
		t.Error("the drawing does not have the two columns with the largest values")
	}
	rows.X = x.Slice(0, 2, 0, 3)
	if err := Beeswarm(io.Discard, rows, nil); err == nil || !strings.Contains(err.Error(), "30 rows by 3 columns, but X has 2 by 3") {
		t.Errorf("error %v, want 30 rows by 3 columns, but X has 2 by 3", err)
	}
	if err := Beeswarm(io.Discard, nil, nil); err == nil {
		t.Error("nothing is drawn")
	}
}

func TestRanks(t *testing.T) {
	got := ranks([]float64{5, 1, math.NaN(), 1, 9, 5})
	if want := []float64{0.625, 0.125, 0.5, 0.125, 1, 0.625}; !slices.Equal(got, want) {
		t.Errorf("ranks %v, want %v", got, want)
	}
	if got := ranks([]float64{2, 2}); !slices.Equal(got, []float64{0.5, 0.5}) {
		t.Errorf("ranks of equal values %v, want the middle", got)
	}
}
