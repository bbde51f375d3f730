package shap

import (
	"bytes"
	"math"
	"testing"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/internal/reference"
)

func BenchmarkTree(b *testing.B) {
	var g treeGolden
	reference.JSON(b, "tree.json.gz", &g)
	model, err := classify.ReadXGBoost(bytes.NewReader(g.Models[1].Model)) // 30 trees, 6 levels
	if err != nil {
		b.Fatal(err)
	}
	rows := make([][]float64, len(g.Rows))
	for i := range rows {
		rows[i] = row(g.Rows[i], math.NaN())
	}
	for i := 0; b.Loop(); i++ {
		if _, err := Tree(model, rows[i%len(rows)]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTreeAgainst(b *testing.B) {
	var g treeGolden
	reference.JSON(b, "tree.json.gz", &g)
	model, err := classify.ReadXGBoost(bytes.NewReader(g.Models[1].Model))
	if err != nil {
		b.Fatal(err)
	}
	background := dense(g.Background)
	for i := 0; b.Loop(); i++ {
		if _, err := TreeAgainst(model, background, row(g.Rows[i%len(g.Rows)], 0)); err != nil {
			b.Fatal(err)
		}
	}
}
