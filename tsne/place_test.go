package tsne

import (
	"bytes"
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// Digits that the map does not show come to lie among their like, and the order in which they come does not matter.
func TestPlace(t *testing.T) {
	x, labels := digits(t)
	const shown, added = 500, 80
	on, next := x.Slice(0, shown, 0, 64), x.Slice(shown, shown+added, 0, 64)
	m, err := Embed(background(), on, nil)
	if err != nil {
		t.Fatal(err)
	}
	before := contents(m)
	points, err := m.Place(background(), on, next, nil)
	if err != nil {
		t.Fatal(err)
	}
	same := 0
	for i := range added {
		best, label := math.Inf(1), 0
		for j := range shown {
			if d := math.Hypot(points.At(i, 0)-m.Points.At(j, 0), points.At(i, 1)-m.Points.At(j, 1)); d < best {
				best, label = d, labels[j]
			}
		}
		if label == labels[shown+i] {
			same++
		}
	}
	if share := float64(same) / added; share < 0.85 {
		t.Errorf("%.2f of new digits lie next to one of their kind, want 0.85", share)
	}
	alone, err := m.Place(background(), on, x.Slice(shown+7, shown+8, 0, 64), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !mat.Equal(alone, points.Slice(7, 8, 0, 2)) {
		t.Errorf("alone a row is placed at %v, with others at %v", mat.Formatted(alone), mat.Formatted(points.Slice(7, 8, 0, 2)))
	}
	if !bytes.Equal(before, contents(m)) {
		t.Error("the map has changed")
	}
}

// The gradient by which rows are placed against central differences.
func TestPlaceGradient(t *testing.T) {
	x, _ := gaussians(40, 5, 4)
	m := &Map{Points: mat.NewDense(40, 2, nil)}
	for i, p := range cloud(40, 3) {
		m.Points.SetRow(i, []float64{p.X / 8, p.Y / 8})
	}
	p, err := m.newPlacement(x, x, &AffinityOptions{Perplexity: 4})
	if err != nil {
		t.Fatal(err)
	}
	p.tree.build(p.points, 1e-9)
	near, weights := []neighbour{{3, 1}, {7, 2}, {20, 3}}, []float64{0.5, 0.3, 0.2}
	const h = 1e-5
	at := point{X: 0.3, Y: -0.7}
	value := func(dx, dy float64) float64 {
		v, _ := p.divergence(point{X: at.X + dx, Y: at.Y + dy}, near, weights)
		return v
	}
	_, got := p.divergence(at, near, weights)
	if want := (value(h, 0) - value(-h, 0)) / (2 * h); math.Abs(got.X-want) > 1e-6 {
		t.Errorf("slope in x %v, want %v", got.X, want)
	}
	if want := (value(0, h) - value(0, -h)) / (2 * h); math.Abs(got.Y-want) > 1e-6 {
		t.Errorf("slope in y %v, want %v", got.Y, want)
	}
}

// A row far from all on the map comes to rest where its divergence is least, and one that is stopped before says so.
func TestPlaceSettles(t *testing.T) {
	x, _ := gaussians(40, 5, 4)
	m := &Map{Points: mat.NewDense(40, 2, nil)}
	for i, p := range cloud(40, 3) {
		m.Points.SetRow(i, []float64{p.X, p.Y})
	}
	p, err := m.newPlacement(x, x, &AffinityOptions{Perplexity: 4})
	if err != nil {
		t.Fatal(err)
	}
	near, weights := []neighbour{{3, 1}, {7, 2}, {20, 3}}, []float64{0.5, 0.3, 0.2}
	at, settled := p.descend(point{X: 400, Y: -300}, near, weights, mostSteps)
	_, slope := p.divergence(at, near, weights)
	if !settled || math.Hypot(slope.X, slope.Y) > 1e-3 {
		t.Errorf("settled %v at %v with slope %v, want true and nearly 0", settled, at, slope)
	}
	if _, settled := p.descend(point{X: 400, Y: -300}, near, weights, 3); settled {
		t.Error("settled after 3 steps from afar")
	}
	if err := unsettled([]bool{true, false, true, false}); err == nil || !strings.Contains(err.Error(), "2 of 4 new rows, row 1 first, still move after 1000 steps") {
		t.Errorf("error %v", err)
	}
	if err := unsettled([]bool{true, true}); err != nil {
		t.Errorf("error %v for rows that have settled", err)
	}
}

// The unit of the rows does not matter, though their squares be 0 or infinite.
func TestPlaceScaled(t *testing.T) {
	x, _ := gaussians(30, 4, 1)
	added, _ := gaussians(5, 4, 2)
	m, err := Embed(background(), x, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := m.Place(background(), x, added, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, unit := range []float64{1e-300, 1e-150, 1e150, 1e300} {
		var y, z mat.Dense
		y.Scale(unit, x)
		z.Scale(unit, added)
		if got, err := m.Place(background(), &y, &z, nil); err != nil || !mat.EqualApprox(got, want, 1e-3) {
			t.Errorf("times %v: points %v, error %v, want %v", unit, got, err, want)
		}
	}
}

func TestPlaceErrors(t *testing.T) {
	x, _ := gaussians(12, 3, 1)
	m := &Map{Points: mat.NewDense(12, 2, nil)}
	broken := &Map{Points: mat.NewDense(12, 2, nil)}
	broken.Points.Set(3, 1, math.NaN())
	for want, m := range map[string]*Map{
		"no map": nil, "or has no points": {}, "[12 3], want [12 2]": {Points: mat.NewDense(12, 3, nil)}, "row 3, column 1 is NaN, want finite values (of the map)": broken,
	} {
		if _, err := m.Place(background(), x, x, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	stopped, stop := context.WithCancel(background())
	stop()
	for name, c := range map[string]struct {
		ctx      context.Context
		x, added mat.Matrix
		opts     *AffinityOptions
		want     string
	}{
		"nothing":        {background(), x, nil, nil, "no rows to place"},
		"another map":    {background(), x.Slice(0, 5, 0, 3), x, nil, "12 points, but x has 5 rows"},
		"another width":  {background(), x, x.Slice(0, 5, 0, 2), nil, "new rows of 2 columns, those on the map have 3"},
		"perplexity":     {background(), x, x, &AffinityOptions{Perplexity: -1}, "perplexity -1"},
		"metric":         {background(), x, x, &AffinityOptions{Metric: "hamming"}, `metric "hamming"`},
		"no direction":   {background(), x, mat.NewDense(1, 3, nil), &AffinityOptions{Metric: Cosine}, "row 0 is all zeros"},
		"not a number":   {background(), x, mat.NewDense(1, 3, []float64{1, math.NaN(), 1}), nil, "row 0, column 1 is NaN"},
		"context at end": {stopped, x, x, nil, "context canceled"},
	} {
		if _, err := m.Place(c.ctx, c.x, c.added, c.opts); err == nil || !strings.HasPrefix(err.Error(), "tsne: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want tsne: … %s", name, err, c.want)
		}
	}
}

// Against the definition, with ranks by counting.
func TestTrustworthiness(t *testing.T) {
	x, _ := gaussians(40, 6, 2)
	y := x.Slice(0, 40, 0, 2)
	square := func(m mat.Matrix, i, j int) (sum float64) {
		_, d := m.Dims()
		for c := range d {
			sum += math.Pow(m.At(i, c)-m.At(j, c), 2)
		}
		return sum
	}
	rank := func(m mat.Matrix, i, j int) (r int) { // of j by its distance from i
		for o := range 40 {
			if o != i && square(m, i, o) <= square(m, i, j) {
				r++
			}
		}
		return r
	}
	for _, k := range []int{1, 5, 19} {
		sum := 0
		for i := range 40 {
			for j := range 40 {
				if j != i && rank(y, i, j) <= k {
					sum += max(0, rank(x, i, j)-k)
				}
			}
		}
		want := 1 - 2*float64(sum)/float64(40*k*(2*40-3*k-1))
		got, err := Trustworthiness(background(), x, y, k)
		if err != nil || math.Abs(got-want) > 1e-12 {
			t.Errorf("%d neighbours: %v, error %v, want %v", k, got, err, want)
		}
	}
	if got, err := Trustworthiness(background(), x, x, 5); got != 1 || err != nil {
		t.Errorf("a map that is the data: %v, error %v, want 1", got, err)
	}
	for _, k := range []int{0, 20, math.MaxInt} {
		if _, err := Trustworthiness(background(), x, y, k); err == nil {
			t.Errorf("%d neighbours of 40 rows: no error", k)
		}
	}
	broken := mat.DenseCopyOf(y)
	broken.Set(7, 0, math.Inf(1))
	if _, err := Trustworthiness(background(), x, broken, 5); err == nil || !strings.Contains(err.Error(), "row 7, column 0 is +Inf, want finite values (of the map)") {
		t.Errorf("a map at infinity: error %v", err)
	}
	if _, err := Trustworthiness(background(), x, x.Slice(0, 9, 0, 2), 5); err == nil {
		t.Error("a map of other rows: no error")
	}
	stopped, stop := context.WithCancel(background())
	stop()
	if _, err := Trustworthiness(stopped, x, y, 5); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}
