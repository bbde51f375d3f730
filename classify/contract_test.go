package classify

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/org/salesconv/internal/matrix"
	"gonum.org/v1/gonum/mat"
)

// contracts lists every classifier that learns from rows, with small settings. All keep the promises tested below.
var contracts = []struct {
	name    string
	fit     Fitter
	missing bool // NaN is a missing value, and rows to predict may hold infinities, as trees only compare
}{
	{"logistic", LogisticFitter(nil), false},
	{"logistic, standardized", LogisticFitter(&LogisticOptions{Standardize: true, Balanced: true}), false},
	{"logistic, elastic net", LogisticFitter(&LogisticOptions{L1Ratio: 0.5}), false},
	{"logistic, C chosen", LogisticFitter(&LogisticOptions{Cs: []float64{0.1, 1}, Folds: 3}), false},
	{"boosted, histogram", boostedFitter(BoostedOptions{Rounds: 10, MaxDepth: 3, Subsample: 0.8}), true},
	{"boosted, exact", boostedFitter(BoostedOptions{Rounds: 10, MaxDepth: 3, Exact: true}), true},
	{"calibrated", fitCalibrated, false},
	{"ensemble", fitEnsemble, true},
	{"stack", fitStack, true},
}

func boostedFitter(o BoostedOptions) Fitter {
	return func(ctx context.Context, x mat.Matrix, y []int, weight []float64) (Classifier, error) {
		v := o
		v.Weights = weight
		return FitBoosted(ctx, x, y, &v)
	}
}

func fitCalibrated(ctx context.Context, x mat.Matrix, y []int, weight []float64) (Classifier, error) {
	return FitCalibrated(ctx, x, y, LogisticFitter(nil), &CalibrateOptions{Method: Isotonic, Weights: weight, Folds: 3})
}

func fitEnsemble(ctx context.Context, x mat.Matrix, y []int, weight []float64) (Classifier, error) {
	a, err := boostedFitter(BoostedOptions{Rounds: 5})(ctx, x, y, weight)
	if err != nil {
		return nil, err
	}
	b, err := boostedFitter(BoostedOptions{Rounds: 5, Exact: true})(ctx, x, y, weight)
	return &Ensemble{Members: []Classifier{a, b}, Weights: []float64{1, 2}}, err
}

func fitStack(ctx context.Context, x mat.Matrix, y []int, weight []float64) (Classifier, error) {
	if err := checkSample(x, y, weight); err != nil {
		return nil, err
	}
	_, d := x.Dims()
	blocks := []Block{
		{Name: "trees", Features: matrix.Columns(x, 0, d/2), Head: boostedFitter(BoostedOptions{Rounds: 5})},
		{Name: "more trees", Features: matrix.Columns(x, d/2, d), Head: boostedFitter(BoostedOptions{Rounds: 5, Exact: true})},
	}
	s, _, err := FitStack(ctx, blocks, y, nil, &StackOptions{Folds: 3, Weights: weight})
	return s, err
}

// contractSample has constant and duplicate columns among others.
func contractSample() (*mat.Dense, []int, []float64) {
	x, y := linearSample(90, 8, 11)
	weight := make([]float64, 90)
	for i := range 90 {
		x.Set(i, 2, 3)
		x.Set(i, 5, x.At(i, 4))
		weight[i] = 0.5 + float64(i%3)
	}
	return x, y, weight
}

// ragged is x with a row that is too short.
func ragged(x *mat.Dense) mat.Matrix {
	n, d := x.Dims()
	m := float32Rows{x, make([][]float32, n)}
	for i := range n {
		m.rows[i] = make([]float32, d)
		for j, v := range x.RawRowView(i) {
			m.rows[i][j] = float32(v)
		}
	}
	m.rows[6] = m.rows[6][:5]
	return m
}

// eachContract runs a test for every classifier.
func eachContract(t *testing.T, test func(t *testing.T, fit Fitter, missing bool)) {
	for _, c := range contracts {
		t.Run(c.name, func(t *testing.T) { test(t, c.fit, c.missing) })
	}
}

func mustFit(t *testing.T, fit Fitter) (Classifier, *mat.Dense) {
	t.Helper()
	x, y, weight := contractSample()
	c, err := fit(context.Background(), x, y, weight)
	if err != nil {
		t.Fatal(err)
	}
	return c, x
}

func TestContractBadSamples(t *testing.T) {
	x, y, weight := contractSample()
	change := func(v float64) mat.Matrix {
		bad := mat.DenseCopyOf(x)
		bad.Set(7, 3, v)
		return bad
	}
	with := func(i int, v float64) []float64 {
		w := slices.Clone(weight)
		w[i] = v
		return w
	}
	label := slices.Clone(y)
	label[4] = 2
	eachContract(t, func(t *testing.T, fit Fitter, missing bool) {
		for _, c := range []struct {
			name   string
			x      mat.Matrix
			y      []int
			weight []float64
			want   string
		}{
			{"infinity", change(math.Inf(1)), y, weight, "column 3 is +Inf"},
			{"NaN", change(math.NaN()), y, weight, "row 7, column 3 is NaN"},
			{"one class", x, make([]int, 90), weight, "all 90 labels are 0: both classes are needed"},
			{"label 2", x, label, weight, "row 4: label 2, want 0 or 1"},
			{"labels for other rows", x, y[1:], weight, "89 labels for 90 rows"},
			{"weights for other rows", x, y, weight[1:], "89 weights for 90 rows"},
			{"negative weight", x, y, with(5, -1), "row 5: weight -1"},
			{"NaN weight", x, y, with(5, math.NaN()), "row 5: weight NaN"},
			{"all weights 0", x, y, make([]float64, 90), "all weights are 0"},
			{"no rows", &mat.Dense{}, nil, nil, "no rows"},
			{"ragged rows", ragged(x), y, weight, "row 6 has 5 values, want 8"},
		} {
			if _, err := fit(context.Background(), c.x, c.y, c.weight); c.name == "NaN" && missing {
				if err != nil {
					t.Errorf("missing value: %v", err)
				}
			} else if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "classify: ") {
				t.Errorf("%s: error %v, want %q", c.name, err, c.want)
			}
		}
	})
}

func TestContractBadRows(t *testing.T) {
	eachContract(t, func(t *testing.T, fit Fitter, missing bool) {
		c, x := mustFit(t, fit)
		if _, err := c.Predict(x.Slice(0, 5, 0, 6)); err == nil || !strings.Contains(err.Error(), "6 columns") || !strings.Contains(err.Error(), "8") {
			t.Errorf("of 6 columns: error %v, want both widths", err)
		}
		if _, err := c.Predict(ragged(x)); err == nil || !strings.Contains(err.Error(), "row 6 has 5 values, want 8") {
			t.Errorf("of ragged rows: error %v", err)
		}
		bad := mat.DenseCopyOf(x)
		bad.Set(3, 1, math.Inf(-1))
		if _, err := c.Predict(bad); !missing && (err == nil || !strings.Contains(err.Error(), "row 3, column 1 is -Inf")) {
			t.Errorf("of -Inf: error %v", err)
		}
		bad.Set(3, 1, math.NaN())
		if _, err := c.Predict(bad); (err == nil) != missing {
			t.Errorf("of NaN: error %v", err)
		}
	})
}

// Zero values, nil models and nil rows are errors.
func TestNoModel(t *testing.T) {
	x := mat.NewDense(2, 1, nil)
	one := &Logistic{Coefficients: []float64{1}}
	for name, c := range map[string]Classifier{
		"nil logistic": (*Logistic)(nil), "nil boosted": (*Boosted)(nil), "boosted": new(Boosted), "nil stack": (*Stack)(nil),
		"stack": new(Stack), "head": &Stack{Heads: []Head{{Columns: 1}}}, "nil ensemble": (*Ensemble)(nil), "ensemble": new(Ensemble),
		"member": &Ensemble{Members: []Classifier{nil}}, "nil calibrated": (*Calibrated)(nil), "calibrated": new(Calibrated),
		"calibrated, no calibration": &Calibrated{Classifier: one}, "calibrated, no classifier": &Calibrated{Calibration: &Calibration{Scale: 1}},
	} {
		if _, err := c.Predict(x); err == nil {
			t.Errorf("%s predicts", name)
		}
	}
	for _, c := range []Classifier{one, &Stack{Heads: []Head{{Columns: 1, Classifier: one}}}, &Ensemble{Members: []Classifier{one}}} {
		if _, err := c.Predict(nil); err == nil {
			t.Errorf("%T predicts no rows", c)
		}
	}
	if _, err := new(Heads).Features(nil); err == nil {
		t.Error("no stack has features")
	}
	if _, err := new(Heads).OutOfFold(nil); err == nil {
		t.Error("no stack has probabilities")
	}
	for _, fit := range contracts {
		if _, err := fit.fit(context.Background(), nil, []int{0, 1}, nil); err == nil {
			t.Errorf("%s is fitted to no rows", fit.name)
		}
	}
}

func TestContractProbabilities(t *testing.T) {
	eachContract(t, func(t *testing.T, fit Fitter, _ bool) {
		c, x := mustFit(t, fit)
		p, err := c.Predict(x)
		if err != nil || len(p) != 90 {
			t.Fatalf("%d probabilities, error %v", len(p), err)
		}
		for i, v := range p {
			if !(v >= 0 && v <= 1) {
				t.Errorf("row %d: probability %v", i, v)
			}
			if one, err := c.Predict(x.Slice(i, i+1, 0, 8)); err != nil || one[0] != v {
				t.Fatalf("row %d alone: %v, want %v, error %v", i, one, v, err)
			}
		}
		m, ok := c.(Marginer)
		if !ok {
			return
		}
		z, err := m.Margins(x)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range z {
			if Sigmoid(v) != p[i] {
				t.Errorf("row %d: margin %v, probability %v", i, v, p[i])
			}
		}
	})
}

func TestContractSaves(t *testing.T) {
	eachContract(t, func(t *testing.T, fit Fitter, _ bool) {
		c, x := mustFit(t, fit)
		file := saved(t, c)
		d, err := Load(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		p, _ := c.Predict(x)
		q, err := d.Predict(x)
		if err != nil || !slices.Equal(p, q) {
			t.Errorf("after loading: probabilities differ by %v, error %v", maxDifference(p, q), err)
		}
		if !bytes.Equal(saved(t, d), file) {
			t.Error("saved again, the file differs")
		}
		for cut := 0; cut < len(file)-2; cut += 1 + len(file)/50 {
			if _, err := Load(bytes.NewReader(file[:cut])); err == nil {
				t.Errorf("the first %d of %d bytes load", cut, len(file))
			}
		}
	})
}

func saved(t testing.TB, c Classifier) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := c.(interface{ Save(io.Writer) error }).Save(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestContractSameBytes(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	eachContract(t, func(t *testing.T, fit Fitter, _ bool) {
		var first []byte
		for _, n := range []int{1, 2, 7} {
			runtime.GOMAXPROCS(n)
			c, _ := mustFit(t, fit)
			if file := saved(t, c); first == nil {
				first = file
			} else if !bytes.Equal(file, first) {
				t.Errorf("on %d processors the model differs", n)
			}
		}
	})
}

func TestContractConcurrentPredict(t *testing.T) {
	eachContract(t, func(t *testing.T, fit Fitter, _ bool) {
		c, x := mustFit(t, fit)
		want, err := c.Predict(x)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if p, err := c.Predict(x); err != nil || !slices.Equal(p, want) {
					t.Errorf("with other rows: probabilities differ by %v, error %v", maxDifference(p, want), err)
				}
			})
		}
		wg.Wait()
	})
}

func TestContractStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	x, y, weight := contractSample()
	eachContract(t, func(t *testing.T, fit Fitter, _ bool) {
		if _, err := fit(ctx, x, y, weight); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want that it was cancelled", err)
		}
	})
}

func TestContractLeavesSampleAlone(t *testing.T) {
	x, y, weight := contractSample()
	x2, y2, weight2 := contractSample()
	eachContract(t, func(t *testing.T, fit Fitter, _ bool) {
		c, err := fit(context.Background(), x, y, weight)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Predict(x); err != nil {
			t.Fatal(err)
		}
		if !mat.Equal(x, x2) || !slices.Equal(y, y2) || !slices.Equal(weight, weight2) {
			t.Error("rows, labels or weights were written to")
		}
	})
}

func TestLoadRefuses(t *testing.T) {
	for file, want := range map[string]string{
		``:                               "not a saved classifier",
		`[]`:                             "not a saved classifier",
		`{"type":"forest","model":{}}`:   `unknown type "forest"`,
		`{"type":"logistic"}`:            `"model" is missing`,
		`{"type":"logistic","model":{}}`: `"coefficients" is empty or missing`,
		`{"type":"stack","model":{}}`:    `"heads" is empty or missing`,
		`{"type":"stack","model":{"heads":[{"name":"a","columns":-1,"classifier":{"type":"logistic","model":{"coefficients":[1]}}}]}}`: `head "a": -1 columns`,
		`{"type":"ensemble","model":{}}`:   `"members" is empty or missing`,
		`{"type":"calibrated","model":{}}`: `"calibration" is missing`,
		`{"type":"calibrated","model":{"calibration":{"from":[1,0],"to":[0,1]},"classifier":{"type":"logistic","model":{"coefficients":[1]}}}}`: "not the corners",
	} {
		if _, err := Load(strings.NewReader(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", file, err, want)
		}
	}
}

// Whatever the bytes, Load returns an error or a classifier, which then predicts or returns an error.
func FuzzLoad(f *testing.F) {
	x, y, weight := contractSample()
	for _, c := range contracts {
		m, err := c.fit(context.Background(), x, y, weight)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(saved(f, m))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		c, err := Load(bytes.NewReader(file))
		if err != nil {
			return
		}
		if p, err := c.Predict(x); err == nil && len(p) != 90 {
			t.Errorf("%d probabilities of 90 rows", len(p))
		}
	})
}
