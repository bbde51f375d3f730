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
		e, err := Tree(model, row)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, e, byCover(row))
		if e, err = TreeAgainst(model, background, row); err != nil {
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
	row := x.RawRowView(0)
	_, width := Tree(model, row[:4])
	_, infinite := Tree(model, []float64{0, 0, math.Inf(1), 0, 0})
	_, narrow := TreeAgainst(model, x.Slice(0, 3, 0, 4), row)
	_, none := TreeAgainst(model, &mat.Dense{}, row)
	_, interactions := TreeInteractions(model, nil)
	for want, err := range map[string]error{
		"a row of 4 columns, want the model's 5": width, "column 2 is +Inf": infinite,
		"background of 4 columns": narrow, "no rows": none, "a row of 0 columns": interactions,
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "shap: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want shap: … %s", err, want)
		}
	}
}
