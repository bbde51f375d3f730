package shap

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/org/salesconv/classify"
	"gonum.org/v1/gonum/mat"
)

// small fits trees to rows of five columns, some values of which are missing.
func small(t *testing.T) (*classify.Boosted, *mat.Dense) {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 3))
	x, y := mat.NewDense(200, 5, nil), make([]int, 200)
	for i := range y {
		for j := range 5 {
			x.Set(i, j, random.NormFloat64())
		}
		if x.At(i, 0)*x.At(i, 1)+x.At(i, 2) > 0 {
			y[i] = 1
		}
		x.Set(i, random.IntN(5), math.NaN())
	}
	model, err := classify.FitBoosted(context.Background(), x, y, &classify.BoostedOptions{Rounds: 12})
	if err != nil {
		t.Fatal(err)
	}
	return model, x
}

// expected goes down a tree, both ways by cover where the column is unknown.
func expected(tree *classify.Tree, i int, row []float64, known []bool) float64 {
	n := &tree.Nodes[i]
	switch {
	case n.IsLeaf():
		return float64(n.Value) * float64(tree.Scale)
	case known[n.Feature]:
		return expected(tree, n.Next(float32(row[n.Feature])), row, known)
	}
	left, right := float64(tree.Nodes[n.Left].Cover), float64(tree.Nodes[n.Right].Cover)
	return (left*expected(tree, n.Left, row, known) + right*expected(tree, n.Right, row, known)) / (left + right)
}

// Both kinds of tree values against their definition, summed over all coalitions.
func TestTreeDefinition(t *testing.T) {
	model, x := small(t)
	explainer, err := NewTreeExplainer(model)
	if err != nil {
		t.Fatal(err)
	}
	background := x.Slice(0, 20, 0, 5)
	byCover := func(row []float64) Value {
		return batched(func(known []bool) float64 {
			sum := model.Base()
			for i := range model.Trees() {
				sum += expected(&model.Trees()[i], 0, row, known)
			}
			return sum
		})
	}
	byRows := func(row []float64) Value {
		return batched(func(known []bool) float64 {
			sum := 0.0
			for b := range 20 {
				mixed := mat.Row(nil, b, background)
				for j, k := range known {
					if k {
						mixed[j] = row[j]
					}
				}
				sum += output(model, mixed) / 20
			}
			return sum
		})
	}
	for i := 100; i < 110; i++ {
		row := x.RawRowView(i)
		e, err := explainer.Explain(row)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, e, byCover(row))
		if e, err = explainer.ExplainAgainst(t.Context(), background, row); err != nil {
			t.Fatal(err)
		}
		compare(t, e, byRows(row))
	}
}

func compare(t *testing.T, got *Explanation, value Value) {
	t.Helper()
	want, err := Exact(context.Background(), len(got.Values), value)
	if err != nil {
		t.Fatal(err)
	}
	for j, v := range append(slices.Clone(got.Values), got.Base) {
		if off := math.Abs(v - append(want.Values, want.Base)[j]); off > 1e-9 {
			t.Errorf("value %d (the last: the base) is %v, off by %.2g", j, v, off)
		}
	}
}

func TestTreeRefused(t *testing.T) {
	model, x := small(t)
	explainer, err := NewTreeExplainer(model)
	if err != nil {
		t.Fatal(err)
	}
	ctx, row := t.Context(), x.RawRowView(0)
	stopped, stop := context.WithCancel(ctx)
	stop()
	_, nothing := NewTreeExplainer(nil)
	_, unfitted := NewTreeExplainer(new(classify.Boosted))
	short := raggedRows{mat.NewDense(2, 5, nil), [][]float64{row, row[:3]}}
	_, ragged := explainer.ExplainRows(ctx, short)
	_, raggedAgainst := explainer.ExplainAgainst(ctx, short, row)
	_, noBackground := explainer.ExplainAgainst(ctx, nil, row)
	_, width := explainer.Explain(row[:4])
	_, infinite := explainer.Explain([]float64{0, 0, math.Inf(1), 0, 0})
	_, narrow := explainer.ExplainAgainst(ctx, x.Slice(0, 3, 0, 4), row)
	_, none := explainer.ExplainAgainst(ctx, &mat.Dense{}, row)
	_, interactions := explainer.Interactions(ctx, nil)
	_, late := explainer.ExplainRows(stopped, x)
	_, lateAgainst := explainer.ExplainAgainst(stopped, x, row)
	_, latePairs := explainer.Interactions(stopped, row)
	for want, err := range map[string]error{
		"no model": nothing, "neither fitted nor read": unfitted, "no background": noBackground,
		"shap: row 1 has 3 values, want 5": ragged, "background: row 1 has 3 values, want 5": raggedAgainst,
		"rows of 4 columns, want the model's 5": width, "column 2 is +Inf": infinite,
		"background of 4 columns": narrow, "no rows": none, "rows of 0 columns": interactions,
		"stopped before tree 1 of 12": late, "stopped before row 1 of 200 of the background": lateAgainst,
		"stopped in tree 1 of 12": latePairs,
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "shap: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want shap: … %s", err, want)
		}
	}
}

// chain is a tree whose right children split again, on one column after the other.
func chain(splits, columns int) *classify.Tree {
	t := &classify.Tree{Scale: 1, Nodes: []classify.Node{{}}}
	for i := range splits {
		n := &t.Nodes[len(t.Nodes)-1]
		n.Left, n.Right, n.Feature, n.Threshold = len(t.Nodes), len(t.Nodes)+1, i%columns, float32(i)/float32(splits)
		cover := float32(2*splits - i)
		t.Nodes = append(t.Nodes, classify.Node{Left: -1, Right: -1, Value: float32(i%7) - 3, Cover: 1},
			classify.Node{Left: -1, Right: -1, Value: 1, Cover: cover - 1})
	}
	return t
}

// The values of trees thousands of splits deep add up, by as many columns and by few.
func TestDeepTree(t *testing.T) {
	for _, columns := range []int{3, 40, 2000} {
		tree := chain(2000, columns)
		p, err := newPaths(tree, columns)
		if err != nil {
			t.Fatal(err)
		}
		w := &walk{rows: 3, x: make([]float32, columns*lanes), values: make([][lanes]float64, columns)}
		for j := range columns {
			copy(w.x[j*lanes:], []float32{1, 0.5, float32(j%2) - 0.5})
		}
		w.add(p)
		for r := range w.rows {
			row := make([]float32, columns)
			sum := p.base
			for j := range row {
				row[j] = w.x[j*lanes+r]
				sum += w.values[j][r]
			}
			if want := float64(tree.Nodes[tree.Leaf(row)].Value); math.Abs(sum-want) > 1e-9 {
				t.Errorf("%d columns, row %d: values add up to %v, want %v", columns, r, sum, want)
			}
		}
	}
	if _, err := newPaths(chain(deepest+1, 3), 3); err == nil {
		t.Errorf("a tree of %d splits on a path is explained", deepest+1)
	}
}

// counted counts how often it is asked whether it is done.
type counted struct {
	context.Context
	asked int
}

func (c *counted) Err() error {
	c.asked++
	return nil
}

// Interactions may be stopped within a leaf that has many columns on its path.
func TestDeepInteractionsStop(t *testing.T) {
	const columns = 200
	p, err := newPaths(chain(columns, columns), columns)
	if err != nil {
		t.Fatal(err)
	}
	ctx := &counted{Context: t.Context()}
	w := pairs{ctx: ctx, paths: p, x: make([]float32, columns), values: mat.NewSymDense(columns, nil), product: slices.Clone(p.weights)}
	if err := w.descend(0); err != nil {
		t.Fatal(err)
	}
	if leaves := columns + 1; ctx.asked <= leaves {
		t.Errorf("the context is asked %d times in %d leaves", ctx.asked, leaves)
	}
}

// A branch that no training row took has no cover: nothing there may become NaN.
func TestTreeWithoutCover(t *testing.T) {
	tree := chain(3, 2)
	for i := range tree.Nodes {
		tree.Nodes[i].Cover = 0
	}
	tree.Nodes[0].Cover, tree.Nodes[2].Cover = 1, 1 // all rows go right
	p, err := newPaths(tree, 2)
	if err != nil {
		t.Fatal(err)
	}
	w := &walk{rows: 2, x: make([]float32, 2*lanes), values: make([][lanes]float64, 2)}
	copy(w.x, []float32{-1, 1}) // the first row goes left, where no training row went
	w.add(p)
	for r := range w.rows {
		row := []float32{w.x[r], w.x[lanes+r]}
		want := float64(tree.Nodes[tree.Leaf(row)].Value)
		if sum := p.base + w.values[0][r] + w.values[1][r]; math.Abs(sum-want) > 1e-12 {
			t.Errorf("row %d: values add up to %v, want %v", r, sum, want)
		}
	}
}

// Rows are explained alike in whatever company, to the last bit.
func TestTreeRowsAlone(t *testing.T) {
	model, x := small(t)
	explainer, err := NewTreeExplainer(model)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := explainer.ExplainRows(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		alone, err := explainer.Explain(x.RawRowView(i))
		if err != nil {
			t.Fatal(err)
		}
		if got := rows.Row(i); got.Base != alone.Base || !slices.Equal(got.Values, alone.Values) {
			t.Errorf("row %d: %v with others, %v alone", i, got.Values, alone.Values)
		}
	}
	mean, top := rows.MeanAbs(), rows.Top(2)
	if mean[top[0]] < mean[top[1]] || len(rows.MeanAbs()) != 5 {
		t.Errorf("top %v of %v", top, mean)
	}
	points := rows.Dependence(0)
	for k := 1; k < len(points); k++ {
		if points[k].X < points[k-1].X || points[k].Value != rows.Values.At(points[k].Row, 0) {
			t.Fatalf("point %d: %+v after %+v", k, points[k], points[k-1])
		}
	}
}

func TestGaussLegendre(t *testing.T) {
	for _, n := range []int{1, 2, 3, 8, 64, 1000} {
		points, weights := gaussLegendre(n)
		for _, degree := range []int{0, 1, n, 2*n - 1} {
			sum := 0.0
			for k, x := range points {
				sum += weights[k] * math.Pow(x, float64(degree))
			}
			if want := 1 / float64(degree+1); math.Abs(sum-want) > 1e-13*float64(n) {
				t.Errorf("%d points, degree %d: %v, want %v", n, degree, sum, want)
			}
		}
	}
}
