package shap

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/internal/reference"
	"gonum.org/v1/gonum/mat"
)

// hundred fits 100 trees to 20,000 rows of 50 columns.
func hundred(b *testing.B, depth int) (*classify.Boosted, *mat.Dense) {
	random := rand.New(rand.NewPCG(1, 1))
	x, y := mat.NewDense(20000, 50, nil), make([]int, 20000)
	for i := range y {
		sum := 2 * random.NormFloat64()
		for j := range 50 {
			x.Set(i, j, random.NormFloat64())
			if j < 10 {
				sum += x.At(i, 0) * x.At(i, j)
			}
		}
		if sum > 1 {
			y[i] = 1
		}
	}
	model, err := classify.FitBoosted(b.Context(), x, y, &classify.BoostedOptions{Rounds: 100, MaxDepth: depth})
	if err != nil {
		b.Fatal(err)
	}
	return model, x
}

// An operation explains 1,000 rows, or one.
func BenchmarkTree(b *testing.B) {
	for _, depth := range []int{6, 10} {
		model, x := hundred(b, depth)
		b.Run(fmt.Sprintf("depth=%d/rows=1000", depth), func(b *testing.B) {
			for b.Loop() {
				explainer, err := NewTreeExplainer(model)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := explainer.ExplainRows(b.Context(), x.Slice(0, 1000, 0, 50)); err != nil {
					b.Fatal(err)
				}
			}
		})
		explainer, err := NewTreeExplainer(model)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("depth=%d/rows=1", depth), func(b *testing.B) {
			for b.Loop() {
				if _, err := explainer.Explain(x.RawRowView(7)); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("depth=%d/interactions", depth), func(b *testing.B) {
			for b.Loop() {
				if _, err := explainer.Interactions(b.Context(), x.RawRowView(7)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTreeAgainst(b *testing.B) {
	var g treeGolden
	reference.JSON(b, "tree.json.gz", &g)
	model, err := classify.ReadXGBoost(bytes.NewReader(g.Models[1].Model)) // 30 trees, 6 levels
	if err != nil {
		b.Fatal(err)
	}
	explainer, err := NewTreeExplainer(model)
	if err != nil {
		b.Fatal(err)
	}
	background := dense(g.Background)
	for i := 0; b.Loop(); i++ {
		if _, err := explainer.ExplainAgainst(b.Context(), background, row(g.Rows[i%len(g.Rows)], 0)); err != nil {
			b.Fatal(err)
		}
	}
}
