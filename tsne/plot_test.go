package tsne

import (
	"bytes"
	"context"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func TestPlot(t *testing.T) {
	x, labels := gaussians(80, 4, 6)
	m, err := Embed(context.Background(), x, &Options{Layout: &LayoutOptions{Iterations: 100}})
	if err != nil {
		t.Fatal(err)
	}
	labels[0] = -1
	var image, drawing bytes.Buffer
	if err := Plot(&image, m.Points, labels, &PlotOptions{Title: "Calls"}); err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(&image); err != nil {
		t.Error(err)
	}
	if err := Plot(&drawing, m.Points, labels, &PlotOptions{Title: "Calls", Format: "svg", Faint: make([]bool, 80)}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Calls", "Lost (39)", "Won (40)", "Unknown (1)"} {
		if !strings.Contains(drawing.String(), want) {
			t.Errorf("the drawing lacks %q", want)
		}
	}
}

func TestPlotErrors(t *testing.T) {
	points := mat.NewDense(2, 2, []float64{1, 2, 3, math.NaN()})
	for want, err := range map[string]error{
		"2 2] with 3 labels":    Plot(io.Discard, points, []int{0, 1, 1}, nil),
		"1 of Faint":            Plot(io.Discard, points, []int{0, 1}, &PlotOptions{Faint: []bool{true}}),
		"label 1000 of point 1": Plot(io.Discard, points, []int{0, 1000}, nil),
		"NaN":                   Plot(io.Discard, points, []int{0, 1}, nil),
		`"gif"`:                 Plot(io.Discard, mat.NewDense(1, 2, nil), []int{0}, &PlotOptions{Format: "gif"}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
