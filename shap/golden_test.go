package shap

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/internal/reference"
)

type treeGolden struct {
	Rows       [][]*float64
	Background [][]float64
	Models     []struct {
		File           string
		Model          json.RawMessage
		Margins        []float64
		Contributions  [][]float64
		Interventional [][]float64
		Interactions   [][][]float64
	}
}

func dense(rows [][]float64) *mat.Dense {
	x := mat.NewDense(len(rows), len(rows[0]), nil)
	for i, row := range rows {
		x.SetRow(i, row)
	}
	return x
}

// row reads null as NaN or as a given value.
func row(values []*float64, missing float64) []float64 {
	r := make([]float64, len(values))
	for j, v := range values {
		r[j] = missing
		if v != nil {
			r[j] = *v
		}
	}
	return r
}

func TestLinearGolden(t *testing.T) {
	var g struct {
		Coefficients             []float64
		Intercept                float64
		Background, Rows, Values [][]float64
	}
	reference.JSON(t, "linear.json.gz", &g)
	model := &classify.Logistic{Coefficients: g.Coefficients, Intercept: g.Intercept}
	margins, err := model.Margins(dense(g.Rows))
	if err != nil {
		t.Fatal(err)
	}
	mean := Mean(dense(g.Background))
	for i, r := range g.Rows {
		e, err := Linear(model, mean, r)
		if err != nil {
			t.Fatal(err)
		}
		for j, v := range e.Values {
			if off := math.Abs(v - g.Values[i][j]); off > 1e-9 {
				t.Errorf("row %d, column %d: %v, off by %.2g", i, j, v, off)
			}
		}
		if off := math.Abs(e.Output() - margins[i]); off > 1e-9 {
			t.Errorf("row %d: values add up to %v, the margin is %v", i, e.Output(), margins[i])
		}
	}
}

func TestTreeGolden(t *testing.T) {
	var g treeGolden
	reference.JSON(t, "tree.json.gz", &g)
	background := dense(g.Background)
	for _, m := range g.Models {
		t.Run(m.File, func(t *testing.T) {
			model, err := classify.ReadXGBoost(bytes.NewReader(m.Model))
			if err != nil {
				t.Fatal(err)
			}
			explainer, err := NewTreeExplainer(model)
			if err != nil {
				t.Fatal(err)
			}
			var worst, worstAgainst, worstInteraction float64
			for i, values := range g.Rows {
				r := row(values, math.NaN())
				e, err := explainer.Explain(r)
				if err != nil {
					t.Fatal(err)
				}
				for j, v := range append(e.Values, e.Base) {
					worst = max(worst, math.Abs(v-m.Contributions[i][j]))
				}
				if off := math.Abs(e.Output() - output(model, r)); off > 1e-9 {
					t.Errorf("row %d: values add up to %v, off by %.2g", i, e.Output(), off)
				}
				if m.Interventional != nil {
					r := row(values, 0)
					a, err := explainer.ExplainAgainst(t.Context(), background, r)
					if err != nil {
						t.Fatal(err)
					}
					for j, v := range a.Values {
						worstAgainst = max(worstAgainst, math.Abs(v-m.Interventional[i][j]))
					}
					if off := math.Abs(a.Output() - output(model, r)); off > 1e-9 {
						t.Errorf("row %d: values add up to %v, off by %.2g", i, a.Output(), off)
					}
				}
				if i < len(m.Interactions) {
					worstInteraction = max(worstInteraction, checkInteractions(t, explainer, r, e, m.Interactions[i]))
				}
			}
			t.Logf("largest differences: %.2g, interventional %.2g, interactions %.2g", worst, worstAgainst, worstInteraction)
			if max(worst, worstAgainst, worstInteraction) > 2e-6 {
				t.Errorf("largest differences: %.2g, interventional %.2g, interactions %.2g; want 2e-6", worst, worstAgainst, worstInteraction)
			}
		})
	}
}

// output sums the leaves in float64.
func output(model *classify.Boosted, r []float64) float64 {
	x := make([]float32, len(r))
	for j, v := range r {
		x[j] = float32(v)
	}
	sum := model.Base()
	for i := range model.Trees() {
		t := &model.Trees()[i]
		sum += float64(t.Scale) * float64(t.Nodes[t.Leaf(x)].Value)
	}
	return sum
}

// checkInteractions returns the largest difference from those of xgboost.
func checkInteractions(t *testing.T, explainer *TreeExplainer, r []float64, e *Explanation, want [][]float64) (worst float64) {
	t.Helper()
	in, err := explainer.Interactions(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	for i := range r {
		sum := 0.0
		for j := range r {
			worst = max(worst, math.Abs(in.Values.At(i, j)-want[i][j]))
			sum += in.Values.At(i, j)
		}
		if math.Abs(sum-e.Values[i]) > 1e-9 {
			t.Errorf("interactions of column %d add up to %v, want %v", i, sum, e.Values[i])
		}
	}
	return max(worst, math.Abs(in.Base-want[len(r)][len(r)]))
}
