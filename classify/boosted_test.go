package classify

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// options are those of a golden model.
func (m *xgbGoldenModel) options(t *testing.T, weight []float64) *BoostedOptions {
	o := &BoostedOptions{Rounds: 30, LearningRate: m.Params.Eta, Exact: m.Method == "exact", MaxDepth: m.Params.MaxDepth,
		MaxLeaves: m.Params.MaxLeaves, LossGuide: m.Params.Policy == "lossguide", Lambda: m.Params.Lambda,
		Alpha: m.Params.Alpha, Gamma: m.Params.Gamma, MinChildWeight: m.Params.MinChild, PosWeight: m.Params.PosWeight,
		MaxDeltaStep: m.Params.MaxDelta, BaseScore: 0.5, Weights: weight}
	if o.LossGuide {
		o.MaxDepth = -1
	}
	for _, field := range strings.FieldsFunc(m.Params.Monotone, func(r rune) bool { return strings.ContainsRune("(),", r) }) {
		v, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		o.Monotone = append(o.Monotone, v)
	}
	return o
}

// agree counts the splits of two trees from the roots down to the first that differ, and says whether all agree.
func agree(a, b *Tree, i, j int) (same int, all bool) {
	p, q := &a.Nodes[i], &b.Nodes[j]
	if p.IsLeaf() || q.IsLeaf() {
		return 0, p.IsLeaf() == q.IsLeaf()
	}
	if p.Feature != q.Feature || p.Threshold != q.Threshold || p.DefaultLeft != q.DefaultLeft ||
		!slices.Equal(categoriesIn(p.Categories), categoriesIn(q.Categories)) {
		return 0, false
	}
	l, la := agree(a, b, p.Left, q.Left)
	r, ra := agree(a, b, p.Right, q.Right)
	return 1 + l + r, la && ra
}

// wantAgree checks that all trees of got are those of want, split for split.
func wantAgree(t *testing.T, what string, got, want *Boosted) {
	t.Helper()
	if len(got.Trees()) != len(want.Trees()) {
		t.Fatalf("%s: %d trees, want %d", what, len(got.Trees()), len(want.Trees()))
	}
	trees, splits, total := 0, 0, 0
	for i := range want.Trees() {
		n, all := agree(&got.Trees()[i], &want.Trees()[i], 0, 0)
		splits, total = splits+n, total+len(want.Trees()[i].Nodes)/2
		if all {
			trees++
		}
	}
	if trees < len(want.Trees()) {
		t.Errorf("%s: %d of %d trees and %d of %d splits are those of XGBoost", what, trees, len(want.Trees()), splits, total)
	}
}

func fit(t *testing.T, x mat.Matrix, y []int, o *BoostedOptions) *Boosted {
	t.Helper()
	b, err := FitBoosted(context.Background(), x, y, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func predict(t *testing.T, c Classifier, x mat.Matrix) []float64 {
	t.Helper()
	p, err := c.Predict(x)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFitBoostedLikeXGBoost(t *testing.T) {
	golden, x, test := readXGBGolden(t)
	for _, m := range golden.Models {
		got := fit(t, x, golden.Y, m.options(t, golden.Weight))
		wantAgree(t, m.File, got, readModel(t, readGzip(t, m.File+".gz")))
		wantClose(t, m.File, predict(t, got, test), m.Proba, 2e-7)
	}
}

func TestFitBoostedCategoriesLikeXGBoost(t *testing.T) {
	more := readXGBMore(t)
	x, rows := denseOf(more.Train), denseOf(more.Rows)
	options := map[string]*BoostedOptions{
		"categories": {Rounds: 8, MaxDepth: 4},
		"deep":       {Rounds: 8, LossGuide: true, MaxLeaves: 60, MaxDepth: -1, MinChildWeight: -1, Lambda: 0.01},
	}
	for _, m := range more.Models {
		if o := options[m.Name]; o != nil {
			o.Categorical = []int{3, 4}
			got := fit(t, x, more.Y, o)
			wantAgree(t, m.Name, got, readModel(t, []byte(m.JSON)))
			wantClose(t, m.Name, predict(t, got, rows), m.Proba, 2e-7)
		}
	}
}
