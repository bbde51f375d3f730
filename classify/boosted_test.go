package classify

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/classify/internal/boost"
	"github.com/org/salesconv/internal/matrix"
	"github.com/org/salesconv/internal/reference"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// options returns the options of a golden model.
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

// agree counts the splits of two trees from the roots down to the first that differ, and reports whether all agree.
func agree(a, b *Tree, i, j int) (same int, all bool) {
	p, q := &a.Nodes[i], &b.Nodes[j]
	if p.IsLeaf() || q.IsLeaf() {
		return 0, p.IsLeaf() == q.IsLeaf()
	}
	if p.Feature != q.Feature || p.Threshold != q.Threshold || p.DefaultLeft != q.DefaultLeft ||
		!slices.Equal(boost.CategoriesIn(p.Categories), boost.CategoriesIn(q.Categories)) {
		return 0, false
	}
	l, la := agree(a, b, p.Left, q.Left)
	r, ra := agree(a, b, p.Right, q.Right)
	return 1 + l + r, la && ra
}

// wantAgree checks that all trees of got equal those of want, split for split.
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
		t.Errorf("%s: %d of %d trees and %d of %d splits equal XGBoost's", what, trees, len(want.Trees()), splits, total)
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
		wantAgree(t, m.File, got, readModel(t, reference.Bytes(t, m.File+".gz")))
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

// toy draws rows of which the first columns decide about the label, with some values missing.
func toy(seed uint64, rows, columns int) (*mat.Dense, []int) {
	rng := rand.New(rand.NewPCG(seed, 0))
	x := mat.NewDense(rows, columns, nil)
	y := make([]int, rows)
	for i := range y {
		for j := range columns {
			x.Set(i, j, float64(float32(rng.NormFloat64())))
		}
		if x.At(i, 0)-x.At(i, 1)+x.At(i, 2)*x.At(i, 3)+rng.NormFloat64() > 0 {
			y[i] = 1
		}
		if j := rng.IntN(4 * columns); j < columns {
			x.Set(i, j, math.NaN())
		}
	}
	return x, y
}

// file is the model as XGBoost's JSON, to compare models by.
func file(t *testing.T, b *Boosted) string {
	t.Helper()
	var out strings.Builder
	if err := b.WriteXGBoost(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// everySetting is options that between them use all of the code.
func everySetting() map[string]*BoostedOptions {
	return map[string]*BoostedOptions{
		"default":      nil,
		"exact":        {Exact: true, Gamma: 0.5, MaxDepth: 5, ColumnsByLevel: 0.7, Subsample: 0.8},
		"loss guide":   {LossGuide: true, MaxLeaves: 20, MaxDepth: -1, ColumnsByTree: 0.8, ColumnsByNode: 0.8},
		"few leaves":   {MaxLeaves: 5, MinChildWeight: -1, Alpha: 0.1, MaxDeltaStep: 1},
		"wide bins":    {MaxBins: 1000, Monotone: []int{1, -1, 0, 0, 0, 0, 0, 0, 0, 0}},
		"interactions": {Interactions: [][]int{{0, 1, 2}, {3, 4, 5}}},
		"exact groups": {Exact: true, Interactions: [][]int{{0, 1, 2}, {3, 4, 5}}, Monotone: []int{1, -1, 0, 0, 0, 0, 0, 0, 0, 0}},
		"dart":         {Dart: &DartOptions{Drop: 0.3, One: true}, PosWeight: 2},
		"dart, forest": {Dart: &DartOptions{Weighted: true, Forest: true, Skip: 0.2, One: true}},
		"one tree":     {Rounds: 1, LearningRate: 1, BaseScore: 0.25},
	}
}

func TestBoostedSameBytes(t *testing.T) {
	x, y := toy(1, 600, 10)
	for name, o := range everySetting() {
		var want string
		for _, procs := range []int{1, 2, 7} {
			before := runtime.GOMAXPROCS(procs)
			got := file(t, fit(t, x, y, o))
			runtime.GOMAXPROCS(before)
			if want == "" {
				want = got
			}
			if got != want {
				t.Errorf("%s: another model on %d processors", name, procs)
			}
		}
	}
}

func TestBoostedLearns(t *testing.T) {
	x, y := toy(2, 2000, 10)
	xTest, yTest := toy(3, 1000, 10)
	for name, o := range everySetting() {
		if name == "interactions" || name == "exact groups" || name == "one tree" {
			continue // which cannot learn the product of columns 2 and 3
		}
		m, err := evaluate.Evaluate(predict(t, fit(t, x, y, o), xTest), yTest)
		if err != nil {
			t.Fatal(err)
		}
		if m.ROCAUC < 0.85 {
			t.Errorf("%s: AUC %.3f", name, m.ROCAUC)
		}
	}
}

func TestBoostedMonotone(t *testing.T) {
	x, y := toy(4, 1000, 4)
	for _, exact := range []bool{false, true} {
		b := fit(t, x, y, &BoostedOptions{Exact: exact, Monotone: []int{1, -1, 0, 1}})
		rapid.Check(t, func(r *rapid.T) {
			row := rapid.SliceOfN(rapid.Float64Range(-3, 3), 4, 4).Draw(r, "row")
			other := slices.Clone(row)
			j := rapid.SampledFrom([]int{0, 1, 3}).Draw(r, "column")
			other[j] += rapid.Float64Range(0, 3).Draw(r, "step")
			z, err := b.Margins(mat.NewDense(2, 4, append(row, other...)))
			if err != nil {
				r.Fatal(err)
			}
			if rise := z[1] - z[0]; j == 1 && rise > 0 || j != 1 && rise < 0 {
				r.Fatalf("exact %v: %v more for %v than for %v", exact, rise, other, row)
			}
		})
	}
}

func TestBoostedInteractions(t *testing.T) {
	x, y := toy(5, 1000, 7)
	groups := [][]int{{0, 1, 2}, {2, 3}, {4, 5}} // 6 may only be split on alone
	for _, exact := range []bool{false, true} {
		b := fit(t, x, y, &BoostedOptions{Exact: exact, Interactions: groups})
		for i := range b.Trees() {
			nodes := b.Trees()[i].Nodes
			path := make([][]int, len(nodes))
			for k, n := range nodes {
				if n.IsLeaf() {
					together := func(group []int) bool {
						return !slices.ContainsFunc(path[k], func(j int) bool { return !slices.Contains(group, j) })
					}
					if alone := path[k]; !slices.ContainsFunc(groups, together) && slices.Min(alone) != slices.Max(alone) {
						t.Fatalf("exact %v, tree %d: splits by %v on one way", exact, i, path[k])
					}
					continue
				}
				path[n.Left] = append(slices.Clone(path[k]), n.Feature)
				path[n.Right] = path[n.Left]
			}
		}
	}
}

// TestBoostedWeights checks that a row of weight k is k rows, and one of weight 0 none.
func TestBoostedWeights(t *testing.T) {
	x, y := toy(6, 300, 4)
	rng := rand.New(rand.NewPCG(7, 0))
	weight := make([]float64, len(y))
	var index, yRepeated []int
	for i := range weight {
		weight[i] = float64(rng.IntN(4))
		for range int(weight[i]) {
			index, yRepeated = append(index, i), append(yRepeated, y[i])
		}
	}
	for name, o := range map[string]BoostedOptions{"exact": {Exact: true, Rounds: 20}, "histogram": {Rounds: 20, MaxBins: 1000}} {
		repeated := predict(t, fit(t, matrix.Select(x, index), yRepeated, &o), x)
		o.Weights = weight
		weighted := predict(t, fit(t, x, y, &o), x)
		a, b := 0.0, 0.0 // thresholds may lie elsewhere between the same values
		for k, i := range index {
			a, b = a+math.Abs(repeated[i]-float64(yRepeated[k])), b+math.Abs(weighted[i]-float64(yRepeated[k]))
		}
		if math.Abs(a-b) > 0.01*a {
			t.Errorf("%s: errors of %v with repeated rows and %v with weights", name, a, b)
		}
	}
}

func TestBoostedMissing(t *testing.T) {
	// The label is whether the value is missing or above 1: both have to go the same way.
	x := mat.NewDense(300, 1, nil)
	y := make([]int, 300)
	for i := range y {
		v := float64(i%3) - 0.5
		if i%5 == 0 {
			v = math.NaN()
		}
		x.Set(i, 0, v)
		if !(v < 1) {
			y[i] = 1
		}
	}
	for _, exact := range []bool{false, true} {
		p := predict(t, fit(t, x, y, &BoostedOptions{Exact: exact, MaxDepth: 1}), x)
		for i := range p {
			if (p[i] > 0.5) != (y[i] == 1) {
				t.Fatalf("exact %v: %v for %v", exact, p[i], x.At(i, 0))
			}
		}
	}
}

func TestBoostedStopsEarly(t *testing.T) {
	x, y := toy(8, 400, 10)
	xv, yv := toy(9, 400, 10)
	var metrics []float64
	o := &BoostedOptions{Rounds: 500, Validation: xv, ValidationLabels: yv, Patience: 5,
		Progress: func(round int, metric float64) { metrics = append(metrics[:round-1], metric) }}
	b := fit(t, x, y, o)
	if len(metrics) != len(b.Trees())+5 || len(metrics) == 500 {
		t.Errorf("%d rounds for %d trees", len(metrics), len(b.Trees()))
	}
	m, err := evaluate.Evaluate(predict(t, b, xv), yv)
	if err != nil {
		t.Fatal(err)
	}
	wantClose(t, "log loss", []float64{m.LogLoss}, []float64{slices.Min(metrics)}, 1e-6)

	o.Metric = func(p []float64, y []int) float64 { m, _ := evaluate.Evaluate(p, y); return -m.ROCAUC }
	if m, err = evaluate.Evaluate(predict(t, fit(t, x, y, o), xv), yv); err != nil {
		t.Fatal(err)
	}
	if best := slices.Min(metrics); m.ROCAUC != -best {
		t.Errorf("AUC %v, want %v", m.ROCAUC, -best)
	}
}

// TestBoostedWatches checks the metric of the last round, with and without DART, against the finished model.
func TestBoostedWatches(t *testing.T) {
	x, y := toy(8, 400, 10)
	xv, yv := toy(9, 400, 10)
	for _, dart := range []*DartOptions{nil, {Drop: 0.2}} {
		last := 0.0
		b := fit(t, x, y, &BoostedOptions{Rounds: 30, Dart: dart, Validation: xv, ValidationLabels: yv,
			Progress: func(_ int, metric float64) { last = metric }})
		m, err := evaluate.Evaluate(predict(t, b, xv), yv)
		if err != nil {
			t.Fatal(err)
		}
		wantClose(t, "log loss", []float64{m.LogLoss}, []float64{last}, 1e-6)
	}
}

// TestBoostedTrees adds up the trees by hand.
func TestBoostedTrees(t *testing.T) {
	x, y := toy(13, 300, 4)
	b := fit(t, x, y, &BoostedOptions{Rounds: 20, Dart: &DartOptions{Drop: 0.2}})
	want := make([]float64, len(y))
	for i := range want {
		row := make([]float32, 4)
		for j := range row {
			row[j] = float32(x.At(i, j))
		}
		want[i] = b.Base()
		for k := range b.Trees() {
			tree := &b.Trees()[k]
			want[i] += float64(tree.Scale) * float64(tree.Nodes[tree.Leaf(row)].Value)
		}
	}
	got, err := b.Margins(x)
	if err != nil {
		t.Fatal(err)
	}
	wantClose(t, "sums", got, want, 2e-6)
}

func TestBoostedCancel(t *testing.T) {
	x, y := toy(1, 100, 4)
	ctx, cancel := context.WithCancel(context.Background())
	b, err := FitBoosted(ctx, x, y, &BoostedOptions{Progress: func(round int, _ float64) {
		if round == 3 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || len(b.Trees()) != 3 {
		t.Errorf("error %v and %d trees, want 3", err, len(b.Trees()))
	}
	predict(t, b, x)
}

// TestBoostedDullColumns has a constant column, an empty column and a repeated column.
func TestBoostedDullColumns(t *testing.T) {
	x, y := toy(10, 300, 6)
	for i := range y {
		x.Set(i, 3, 7)
		x.Set(i, 4, math.NaN())
		x.Set(i, 5, x.At(i, 0))
	}
	for _, exact := range []bool{false, true} {
		b := fit(t, x, y, &BoostedOptions{Exact: exact})
		splits, _, _ := b.Importance()
		for j, n := range splits {
			if used := n > 0; used != (j < 3) {
				t.Errorf("exact %v: %d splits by column %d", exact, n, j)
			}
		}
	}
}

func TestFitBoostedErrors(t *testing.T) {
	x, y := toy(11, 20, 4)
	infinite := mat.DenseCopyOf(x)
	infinite.Set(3, 2, math.Inf(-1))
	huge := mat.DenseCopyOf(x)
	huge.Set(3, 2, 1e300)
	negative := make([]float64, 20)
	negative[5] = -1
	ones := slices.Repeat([]int{1}, 20)
	for _, c := range []struct {
		x    mat.Matrix
		y    []int
		o    BoostedOptions
		want string
	}{
		{x, y[:19], BoostedOptions{}, "19 labels for 20 rows"},
		{x, ones, BoostedOptions{}, "both classes"},
		{infinite, y, BoostedOptions{}, "row 3, column 2 is -Inf"},
		{huge, y, BoostedOptions{}, "row 3, column 2 is +Inf as float32"},
		{x, y, BoostedOptions{Weights: negative}, "row 5: weight -1"},
		{x, y, BoostedOptions{Weights: make([]float64, 20)}, "weights are 0"},
		{x, y, BoostedOptions{Subsample: 1.5}, "Subsample is 1.5"},
		{x, y, BoostedOptions{ColumnsByNode: -1}, "ColumnsByNode is 0"},
		{x, y, BoostedOptions{Lambda: math.NaN()}, "Lambda is NaN"},
		{x, y, BoostedOptions{LearningRate: -1}, "LearningRate"},
		{x, y, BoostedOptions{MaxBins: 1 << 16}, "MaxBins is 65536"},
		{x, y, BoostedOptions{MaxDepth: -1}, "MaxDepth needs MaxLeaves"},
		{x, y, BoostedOptions{MaxDepth: 31}, "depth of 30"},
		{x, y, BoostedOptions{Exact: true, LossGuide: true}, "Exact does not go with LossGuide"},
		{x, y, BoostedOptions{BaseScore: 1}, "BaseScore is 1"},
		{x, y, BoostedOptions{Rounds: math.MaxInt}, "Rounds is 9.223372036854776e+18, want 0 to 1e+06"},
		{x, y, BoostedOptions{MaxDepth: math.MaxInt, MaxLeaves: 8}, "MaxDepth is 9.223372036854776e+18, want 0 to 65536"},
		{x, y, BoostedOptions{Patience: 1}, "Patience needs Validation"},
		{x, y, BoostedOptions{Dart: &DartOptions{Drop: 2}}, "Dart.Drop is 2, want 0 to 1"},
		{x, y, BoostedOptions{Names: []string{"a"}}, "1 names for 4 columns"},
		{x, y, BoostedOptions{Monotone: []int{1}}, "Monotone has 1 columns, the rows have 4"},
		{x, y, BoostedOptions{Monotone: []int{0, 2, 0, 0}}, "Monotone[1] is 2"},
		{x, y, BoostedOptions{Interactions: [][]int{{0, 4}}}, "column 4"},
		{x, y, BoostedOptions{Categorical: []int{1}}, "row 0, column 1"},
		{x, y, BoostedOptions{Validation: mat.NewDense(2, 3, nil), ValidationLabels: []int{0, 1}}, "3 columns, the model was trained on 4"},
		{x, y, BoostedOptions{Validation: infinite, ValidationLabels: y}, "validation rows"},
	} {
		_, err := FitBoosted(context.Background(), c.x, c.y, &c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
	many := mat.DenseCopyOf(x)
	for i := range 20 {
		many.Set(i, 1, float64(i*5000))
	}
	_, err := FitBoosted(context.Background(), many, y, &BoostedOptions{Categorical: []int{1}})
	if err == nil || !strings.Contains(err.Error(), "category 70000, want less than 65535") {
		t.Errorf("error %v for many categories", err)
	}
	b := fit(t, x, y, nil)
	if _, err := b.Predict(mat.NewDense(1, 5, nil)); err == nil || !strings.Contains(err.Error(), "rows of 5 columns, the model was trained on 4") {
		t.Errorf("error %v for 5 columns", err)
	}
}

// TestForest compares the layouts for speed with the plain way down a tree.
func TestForest(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 0))
	for _, depth := range []int{0, 1, 3, 6, 8} {
		m := randomModel(rng, 7, depth, 9)
		m.trees[2].Nodes[0] = Node{Left: -1, Right: -1, Value: 2} // one that ends early
		m.trees[2].Compact()
		if depth > 0 {
			m.trees[4].Nodes[0].Categories = []uint32{5}
		}
		m.trees[3].Scale = 0.5
		m.finish()
		for _, rows := range []int{1, 3, 8, 37} {
			x := randomRows(rng, rows, 9)
			if rows == 37 {
				x.data[100] = float32(math.NaN())
			}
			want := make([]float64, rows)
			for i := range want {
				sum := float32(0)
				for k := range m.trees {
					tree := &m.trees[k]
					sum += tree.Nodes[tree.Leaf(x.RawRow(i))].Value * tree.Scale
				}
				want[i] = float64(sum)
			}
			got, err := m.Margins(x)
			if err != nil {
				t.Fatal(err)
			}
			wantClose(t, strconv.Itoa(depth)+" levels", got, want, 0)
		}
	}
}
