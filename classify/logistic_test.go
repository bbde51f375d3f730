package classify

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/org/salesconv/internal/reference"
)

func dense(rows [][]float64) *mat.Dense {
	m := mat.NewDense(len(rows), len(rows[0]), nil)
	for i, r := range rows {
		m.SetRow(i, r)
	}
	return m
}

func maxDifference(a, b []float64) float64 {
	worst := 0.0
	for i := range a {
		worst = max(worst, math.Abs(a[i]-b[i]))
	}
	return worst
}

// logisticGolden holds what scikit-learn found for one sample with several settings.
type logisticGolden struct {
	X, Xtest [][]float64
	Y        []int
	Weight   []float64
	Logistic []struct {
		C            float64
		ClassWeight  string `json:"class_weight"`
		SampleWeight bool   `json:"sample_weight"`
		Coef         []float64
		Intercept    float64
		Proba        []float64 `json:"proba_test"`
	}
}

func TestLogisticMatchesScikitLearn(t *testing.T) {
	var g logisticGolden
	reference.JSON(t, "logistic.json.gz", &g)
	for _, want := range g.Logistic {
		t.Run(fmt.Sprintf("C=%v,%s,weights=%t", want.C, want.ClassWeight, want.SampleWeight), func(t *testing.T) {
			o := &LogisticOptions{C: want.C, Balanced: want.ClassWeight == "balanced"}
			if want.SampleWeight {
				o.Weights = g.Weight
			}
			for name, x := range map[string]mat.Matrix{"float64": dense(g.X), "float32": rows32Of(g.X), "sparse": sparseOf(t, g.X)} {
				f, err := FitLogistic(context.Background(), x, g.Y, o)
				if err != nil {
					t.Fatal(err)
				}
				if d := maxDifference(f.Coefficients, want.Coef); d > 1e-6 {
					t.Errorf("%s: coefficients differ by %.2g", name, d)
				}
				if d := math.Abs(f.Intercept - want.Intercept); d > 1e-6 {
					t.Errorf("%s: intercept differs by %.2g", name, d)
				}
				p, err := f.Predict(dense(g.Xtest))
				if err != nil {
					t.Fatal(err)
				}
				if d := maxDifference(p, want.Proba); d > 1e-6 {
					t.Errorf("%s: probabilities differ by %.2g", name, d)
				}
			}
		})
	}
}

// float32Rows is a matrix that keeps float32 rows, as embeddings do.
type float32Rows struct {
	mat.Matrix
	rows [][]float32
}

func (m float32Rows) RawRow(i int) []float32 { return m.rows[i] }

func rows32Of(rows [][]float64) mat.Matrix {
	m := float32Rows{Matrix: struct{ mat.Matrix }{dense(rows)}}
	for _, r := range rows {
		row := make([]float32, len(r))
		for j, v := range r {
			row[j] = float32(v)
		}
		m.rows = append(m.rows, row)
	}
	return m
}

func sparseOf(t testing.TB, rows [][]float64) mat.Matrix {
	t.Helper()
	index, value := make([][]int, len(rows)), make([][]float64, len(rows))
	for i, r := range rows {
		for j, v := range r {
			if v != 0 {
				index[i], value[i] = append(index[i], j), append(value[i], v)
			}
		}
	}
	s, err := NewSparse(len(rows[0]), index, value)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLogisticSaves(t *testing.T) {
	var g logisticGolden
	reference.JSON(t, "logistic.json.gz", &g)
	f, err := FitLogistic(context.Background(), dense(g.X), g.Y, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Save(&b); err != nil {
		t.Fatal(err)
	}
	c, err := Load(&b)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := f.Predict(dense(g.Xtest))
	got, err := c.Predict(dense(g.Xtest))
	if err != nil || maxDifference(got, want) != 0 {
		t.Errorf("after loading: probabilities differ by %v, error %v", maxDifference(got, want), err)
	}
}

// benchmarkSample is the sample of internal/bench/logistic_compare.py's kinds: standard normal values with a linear
// truth, or unit rows about a common mean with a decaying spectrum, as embeddings are.
func BenchmarkFitLogistic(b *testing.B) {
	for _, n := range []int{700, 20000} {
		for _, tolerance := range []float64{1e-4, 1e-6, 1e-8} {
			x, y := linearSample(n, 384, 1)
			b.Run(fmt.Sprintf("%dx384/tolerance=%g", n, tolerance), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := FitLogistic(context.Background(), x, y, &LogisticOptions{Tolerance: tolerance}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// elasticGolden holds more of scikit-learn's fits to the sample of logisticGolden.
type elasticGolden struct {
	Elastic []struct {
		C, Ratio  float64
		Coef      []float64
		Intercept float64
	}
	Standardized struct {
		Coef      []float64
		Intercept float64
	}
	Covariance [][]float64
}

func TestElasticNetMatchesScikitLearn(t *testing.T) {
	var g logisticGolden
	var e elasticGolden
	reference.JSON(t, "logistic.json.gz", &g)
	reference.JSON(t, "elastic.json.gz", &e)
	for _, want := range e.Elastic {
		f, err := FitLogistic(context.Background(), dense(g.X), g.Y, &LogisticOptions{C: want.C, L1Ratio: want.Ratio, Weights: g.Weight})
		if err != nil {
			t.Fatal(err)
		}
		if d := max(maxDifference(f.Coefficients, want.Coef), math.Abs(f.Intercept-want.Intercept)); d > 1e-6 {
			t.Errorf("C %v, ratio %v: coefficients differ by %.2g", want.C, want.Ratio, d)
		}
		for j, c := range want.Coef {
			if (c == 0) != (f.Coefficients[j] == 0) {
				t.Errorf("C %v, ratio %v: coefficient %d is %v, want %v", want.C, want.Ratio, j, f.Coefficients[j], c)
			}
		}
	}
}

// The columns differ in scale by 10⁵; the coefficients are those of the columns as given.
func TestLogisticStandardizes(t *testing.T) {
	var g logisticGolden
	var e elasticGolden
	reference.JSON(t, "logistic.json.gz", &g)
	reference.JSON(t, "elastic.json.gz", &e)
	x := dense(g.X)
	n, d := x.Dims()
	for i := range n {
		for j := range d {
			x.Set(i, j, x.At(i, j)*math.Pow(10, -2+5*float64(j)/float64(d-1))+7)
		}
	}
	f, err := FitLogistic(context.Background(), x, g.Y, &LogisticOptions{Standardize: true})
	if err != nil {
		t.Fatal(err)
	}
	for j, want := range e.Standardized.Coef {
		if d := math.Abs(f.Coefficients[j] - want); d > 1e-6*(1+math.Abs(want)) {
			t.Errorf("coefficient %d: %v, want %v", j, f.Coefficients[j], want)
		}
	}
	if d := math.Abs(f.Intercept - e.Standardized.Intercept); d > 1e-4 {
		t.Errorf("intercept %v, want %v", f.Intercept, e.Standardized.Intercept)
	}
}

func TestLogisticCovariance(t *testing.T) {
	var g logisticGolden
	var e elasticGolden
	reference.JSON(t, "logistic.json.gz", &g)
	reference.JSON(t, "elastic.json.gz", &e)
	x := dense(g.X)
	for _, standardize := range []bool{false, true} {
		o := &LogisticOptions{Standardize: standardize, C: 1e6} // as good as no penalty: the scale does not matter
		if !standardize {
			o.C = 1
		}
		f, err := FitLogistic(context.Background(), x, g.Y, o)
		if err != nil {
			t.Fatal(err)
		}
		c, err := f.Covariance(x, g.Y, o)
		if err != nil {
			t.Fatal(err)
		}
		want := dense(e.Covariance)
		if standardize {
			plain, _ := FitLogistic(context.Background(), x, g.Y, &LogisticOptions{C: 1e6})
			p, err := plain.Covariance(x, g.Y, &LogisticOptions{C: 1e6})
			if err != nil {
				t.Fatal(err)
			}
			want = mat.DenseCopyOf(p)
		}
		if !mat.EqualApprox(c, want, 1e-5*mat.Max(want)) {
			t.Errorf("standardize %t: the covariance differs", standardize)
		}
	}
}

// The covariance belongs to the C that the fit chose, whatever C the options name, with the weights of rows and classes:
// here the inverse of XᵀVX and the prior, written out.
func TestLogisticCovarianceIsOfTheFit(t *testing.T) {
	const n, d = 60, 3
	x, y := linearSample(n, d, 4)
	o := &LogisticOptions{Cs: []float64{0.05, 0.07}, C: 1e6, Balanced: true, Weights: make([]float64, n)}
	for i := range n {
		x.Set(i, 1, 40*x.At(i, 1)+7)
		o.Weights[i] = float64(1 + i%3)
	}
	for _, o.Standardize = range []bool{false, true} {
		f, err := FitLogistic(t.Context(), x, y, o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.Covariance(x, y, o)
		if err != nil {
			t.Fatal(err)
		}
		p, err := f.Predict(x)
		if err != nil {
			t.Fatal(err)
		}
		information := mat.NewSymDense(d+1, nil)
		for i, w := range rowWeights(y, o) {
			information.SymRankOne(information, w*p[i]*(1-p[i]), mat.NewVecDense(d+1, append(mat.Row(nil, i, x), 1)))
		}
		for j := range d {
			variance := 1.
			if o.Standardize {
				variance = stat.PopVariance(mat.Col(nil, j, x), nil)
			}
			information.SetSym(j, j, information.At(j, j)+variance/f.C)
		}
		var want mat.Dense
		if err := want.Inverse(information); err != nil {
			t.Fatal(err)
		}
		if f.C > 0.07 || !mat.EqualApprox(got, &want, 1e-9*mat.Max(&want)) {
			t.Errorf("standardize %t, C %v: covariance\n%v\nwant\n%v", o.Standardize, f.C, mat.Formatted(got), mat.Formatted(&want))
		}
	}
	none := &Logistic{Coefficients: make([]float64, d)}
	if _, err := none.Covariance(x, y, nil); err == nil || !strings.Contains(err.Error(), "the model's C is 0") {
		t.Errorf("error %v", err)
	}
}

// Linearly separable labels and dependent columns have one solution, where the gradient is 0.
func TestLogisticDegenerate(t *testing.T) {
	x, y := linearSample(80, 120, 3) // more columns than rows: separable
	for i := range 80 {
		x.Set(i, 1, x.At(i, 0)) // a duplicate
		x.Set(i, 2, 5)          // a constant
	}
	for _, o := range []*LogisticOptions{nil, {C: 1e4}, {C: 1e4, Standardize: true}, {C: 1e3, L1Ratio: 0.5}} {
		f, err := FitLogistic(context.Background(), x, y, o)
		if err != nil {
			t.Fatal(err)
		}
		if d := math.Abs(f.Coefficients[0] - f.Coefficients[1]); d > 1e-5*math.Abs(f.Coefficients[0]) {
			t.Errorf("%+v: coefficients of equal columns %v and %v", o, f.Coefficients[0], f.Coefficients[1])
		}
		if f.Coefficients[2] != 0 && math.Abs(f.Coefficients[2]) > 1e-6 {
			t.Errorf("%+v: coefficient %v of a constant column", o, f.Coefficients[2])
		}
	}
}

// Columns whose scales differ by 10⁹, and that are far from 0, take only a few more steps.
func TestLogisticBadlyScaled(t *testing.T) {
	x, y := linearSample(500, 20, 3)
	for i := range 500 {
		for j := range 20 {
			scale := math.Pow(10, float64(j%10)-3)
			x.Set(i, j, scale*(x.At(i, j)+100))
		}
	}
	f, err := FitLogistic(context.Background(), x, y, nil)
	if err != nil {
		t.Fatal(err)
	}
	if f.Iterations > 150 {
		t.Errorf("%d iterations", f.Iterations)
	}
	p, err := f.Predict(x)
	if err != nil {
		t.Fatal(err)
	}
	residual := 0.0 // the derivative by the intercept
	for i := range y {
		residual += p[i] - float64(y[i])
	}
	if math.Abs(residual) > 1e-6 {
		t.Errorf("mean probability off by %.2g", residual/500)
	}
}

func TestLogisticChoosesC(t *testing.T) {
	x, y := linearSample(300, 100, 6)
	cs := []float64{100, 1e-4, 0.01, 1}
	f, err := FitLogistic(context.Background(), x, y, &LogisticOptions{Cs: cs})
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Losses) != 4 || f.Cs[0] != 1e-4 || f.C != 0.01 && f.C != 1 {
		t.Errorf("C %v of %v, with losses %v", f.C, f.Cs, f.Losses)
	}
	g, err := FitLogistic(context.Background(), x, y, &LogisticOptions{C: f.C})
	if err != nil || maxDifference(f.Coefficients, g.Coefficients) > 1e-7 {
		t.Errorf("coefficients differ from those with C given, error %v", err)
	}
}

// A column of one value that binary fractions only come near to is constant, however its mean is rounded.
func TestLogisticConstantColumn(t *testing.T) {
	x, y := linearSample(60, 4, 17)
	for i := range y {
		x.Set(i, 1, 0.1)
		x.Set(i, 3, 1e6/3.0)
	}
	f, err := FitLogistic(context.Background(), x, y, &LogisticOptions{Standardize: true, C: 0.01})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(f.Coefficients[1]) > 1e-9 || math.Abs(f.Coefficients[3]) > 1e-9 || f.Iterations > 50 {
		t.Errorf("coefficients %v after %d steps", f.Coefficients, f.Iterations)
	}
}

// Options that would lose the penalty in rounding, or end the fit before it begins, are errors that name them.
func TestLogisticOptions(t *testing.T) {
	x, y := linearSample(40, 3, 1)
	for _, c := range []struct {
		o    LogisticOptions
		want string
	}{
		{LogisticOptions{Tolerance: math.Inf(1)}, "Tolerance is +Inf"}, {LogisticOptions{Tolerance: 1}, "Tolerance is 1, want above 0 and at most 0.01"},
		{LogisticOptions{Tolerance: math.NaN()}, "Tolerance is NaN"}, {LogisticOptions{Tolerance: -1}, "Tolerance is -1"},
		{LogisticOptions{C: 2e9}, "C is 2e+09, want above 0 and at most 1e+09"}, {LogisticOptions{C: -1}, "C is -1"}, {LogisticOptions{C: math.NaN()}, "C is NaN"},
		{LogisticOptions{Cs: []float64{1, math.Inf(1)}}, "Cs[1] is +Inf"}, {LogisticOptions{Cs: []float64{}}, "an empty list of candidates for C"},
		{LogisticOptions{L1Ratio: 1e-300}, "L1Ratio is 1e-300, want 1e-06 to 1"}, {LogisticOptions{L1Ratio: 1.5}, "L1Ratio is 1.5"},
		{LogisticOptions{MaxIterations: -1}, "MaxIterations is -1"}, {LogisticOptions{MaxIterations: 1}, "after 1 iterations"},
	} {
		if _, err := FitLogistic(t.Context(), x, y, &c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.o, err, c.want)
		}
	}
	if _, err := FitLogistic(t.Context(), x, y, &LogisticOptions{C: 1e9, L1Ratio: 1e-6}); err != nil {
		t.Error(err)
	}
}
