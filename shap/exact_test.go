package shap

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/internal/reference"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// Three kinds of exact values alongside those of the shap package, which visits all orders for the first.
func TestExactGolden(t *testing.T) {
	var g struct {
		Weights, Mean                                   []float64
		Intercept                                       float64
		Covariance, Rows, Correlated, Probability, Owen [][]float64
	}
	reference.JSON(t, "exact.json.gz", &g)
	model := &classify.Logistic{Coefficients: g.Weights, Intercept: g.Intercept}
	d := len(g.Weights)
	covariance := mat.NewSymDense(d, slices.Concat(g.Covariance...))
	correlated, err := CorrelatedRows(t.Context(), model, g.Mean, covariance, dense(g.Rows), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range g.Rows {
		linear, err := Linear(model, g.Mean, x)
		if err != nil {
			t.Fatal(err)
		}
		probability, err := linear.Probability()
		if err != nil {
			t.Fatal(err)
		}
		owen, err := Sample(t.Context(), d, batched(func(c []bool) float64 {
			v := make([]float64, d)
			for j, in := range c {
				if in {
					v[j] = x[j]
				}
			}
			return v[0]*v[3]*v[4] + 2*v[0]*v[1] - v[2]*v[5] + v[1]*v[2]*v[3] + v[5]
		}), &SampleOptions{Groups: [][]int{{0, 0, 0, 0, 1, 1}, {0, 0, 1, 1, 2, 2}}})
		if err != nil {
			t.Fatal(err)
		}
		if owen.Errors != nil || correlated.Errors != nil {
			t.Fatal("values are sampled, want exact ones")
		}
		for j := range d {
			for name, off := range map[string]float64{
				"correlated": correlated.Values.At(i, j) - g.Correlated[i][j], "probability": probability.Values[j] - g.Probability[i][j],
				"owen": owen.Values[j] - g.Owen[i][j],
			} {
				if math.Abs(off) > 1e-9 {
					t.Errorf("%s: row %d, column %d is off by %.2g", name, i, j, off)
				}
			}
		}
	}
}

// correlatedCase draws a model, the distribution of its columns and rows.
func correlatedCase(d, n int, seed uint64) (model *classify.Logistic, mean []float64, covariance *mat.SymDense, x *mat.Dense) {
	random := rand.New(rand.NewPCG(seed, 3))
	draw := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = random.NormFloat64()
		}
		return v
	}
	covariance = mat.NewSymDense(d, nil)
	covariance.SymOuterK(1, mat.NewDense(d, d+2, draw(d*(d+2))))
	return &classify.Logistic{Coefficients: draw(d), Intercept: 0.2}, draw(d), covariance, mat.NewDense(n, d, draw(n*d))
}

// conditional is the definition: the log-odds at the conditional mean of the columns that are out.
func conditional(model *classify.Logistic, mean []float64, covariance mat.Symmetric, row []float64) func([]bool) float64 {
	return func(in []bool) float64 {
		var known []int
		for j, k := range in {
			if k {
				known = append(known, j)
			}
		}
		var solution mat.VecDense
		if len(known) > 0 {
			within, off := mat.NewDense(len(known), len(known), nil), mat.NewVecDense(len(known), nil)
			for a, i := range known {
				off.SetVec(a, row[i]-mean[i])
				for b, j := range known {
					within.Set(a, b, covariance.At(i, j))
				}
			}
			if err := solution.SolveVec(within, off); err != nil {
				panic(err)
			}
		}
		z := model.Intercept
		for j, c := range model.Coefficients {
			v := mean[j]
			for a, i := range known {
				v += covariance.At(j, i) * solution.AtVec(a)
			}
			if in[j] {
				v = row[j]
			}
			z += c * v
		}
		return z
	}
}

func TestCorrelatedIsTheDefinition(t *testing.T) {
	for d := 1; d < 7; d++ {
		model, mean, covariance, x := correlatedCase(d, 2, uint64(d))
		e, err := CorrelatedRows(t.Context(), model, mean, covariance, x, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			for j, want := range permuted(d, conditional(model, mean, covariance, x.RawRowView(i)), nil) {
				if got := e.Values.At(i, j); math.Abs(got-want) > 1e-9 {
					t.Errorf("%d columns: row %d, column %d: %v, want %v", d, i, j, got, want)
				}
			}
		}
	}
}

// More columns than all sets of them can be visited: as Sample has it for the same function, and additive.
func TestCorrelatedSampled(t *testing.T) {
	const d = 13
	model, mean, covariance, x := correlatedCase(d, 3, 1)
	e, err := CorrelatedRows(t.Context(), model, mean, covariance, x, &SampleOptions{Permutations: 2000})
	if err != nil {
		t.Fatal(err)
	}
	margins, err := model.Margins(x)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		row := e.Row(i)
		if math.Abs(row.Output()-margins[i]) > 1e-9 {
			t.Errorf("row %d: values add up to %v, the margin is %v", i, row.Output(), margins[i])
		}
		exact, err := Exact(t.Context(), d, batched(conditional(model, mean, covariance, x.RawRowView(i))))
		if err != nil {
			t.Fatal(err)
		}
		for j, v := range row.Values {
			if math.Abs(v-exact.Values[j]) > 5*row.Errors[j] || row.Errors[j] > 0.2 {
				t.Errorf("row %d, column %d: %v ± %v, want %v", i, j, v, row.Errors[j], exact.Values[j])
			}
		}
	}
}

// Without correlations, and for constant columns, nothing is known of others.
func TestCorrelatedOfIndependentColumns(t *testing.T) {
	model, mean, _, x := correlatedCase(14, 4, 2)
	variances := mat.NewSymDense(14, nil)
	for j := range 13 { // the last is constant
		variances.SetSym(j, j, math.Exp(float64(j-7)*4))
	}
	got, err := CorrelatedRows(t.Context(), model, mean, variances, x, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := LinearRows(t.Context(), model, mean, x)
	if err != nil {
		t.Fatal(err)
	}
	if !mat.EqualApprox(got.Values, want.Values, 1e-9) || mat.Max(got.Errors) > 1e-9 {
		t.Error("values differ from those of LinearRows")
	}
	for i := range 4 {
		row, err := Linear(model, mean, x.RawRowView(i))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(row.Values, want.Row(i).Values) || row.Base != want.Base {
			t.Errorf("row %d: Linear and LinearRows differ", i)
		}
	}
}

func TestCovariance(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	draw := func(n, d int) *mat.Dense { // columns 0 and 1 go together, the last is constant
		x := mat.NewDense(n, d, nil)
		for i := range n {
			for j := range d - 1 {
				x.Set(i, j, random.NormFloat64())
			}
			x.Set(i, 1, 10*(x.At(i, 0)+0.5*x.At(i, 1)))
			x.Set(i, d-1, 0.1)
		}
		return x
	}
	s := Covariance(draw(4000, 5))
	for _, c := range []struct {
		i, j int
		want float64
	}{{0, 0, 1}, {0, 1, 10}, {1, 1, 125}, {0, 2, 0}, {4, 4, 0}, {0, 4, 0}} {
		if got := s.At(c.i, c.j); math.Abs(got-c.want) > 0.1*math.Max(1, c.want) {
			t.Errorf("covariance of %d and %d is %v, want about %v", c.i, c.j, got, c.want)
		}
	}
	for _, rows := range []int{1, 2, 10} { // far fewer than columns
		few := draw(rows, 40)
		model := &classify.Logistic{Coefficients: slices.Repeat([]float64{1}, 40)}
		if _, err := CorrelatedRows(t.Context(), model, Mean(few), Covariance(few), few, nil); err != nil {
			t.Errorf("%d rows: %v", rows, err)
		}
	}
	if Covariance(nil) != nil {
		t.Error("nothing has a covariance")
	}
}

func TestProbabilityIsTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2))
		n, scale := rapid.IntRange(0, 9).Draw(t, "players"), math.Exp(rapid.Float64Range(-20, 4).Draw(t, "scale"))
		e := &Explanation{Base: 4 * random.NormFloat64(), Values: make([]float64, n)}
		for i := range e.Values {
			e.Values[i] = scale * random.NormFloat64()
		}
		want, err := Exact(context.Background(), n, batched(func(c []bool) float64 {
			z := e.Base
			for i, in := range c {
				if in {
					z += e.Values[i]
				}
			}
			return classify.Sigmoid(z)
		}))
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Probability()
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got.Values {
			if math.Abs(v-want.Values[i]) > 1e-11 {
				t.Fatalf("value %d of %v on %v is %v, want %v", i, e.Values, e.Base, v, want.Values[i])
			}
		}
		if math.Abs(got.Output()-classify.Sigmoid(e.Output())) > 1e-11 {
			t.Fatalf("values add up to %v, want %v", got.Output(), classify.Sigmoid(e.Output()))
		}
	})
}

func TestProbabilityOfManyPlayers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	e := &Explanation{Base: -1, Values: make([]float64, 400), Errors: make([]float64, 400)}
	for i := range e.Values {
		e.Values[i], e.Errors[i] = random.NormFloat64()/5, 0.1
	}
	e.Values[7] = 0
	p, err := e.Probability()
	if err != nil {
		t.Fatal(err)
	}
	if off := p.Output() - classify.Sigmoid(e.Output()); math.Abs(off) > 1e-9 || p.Values[7] != 0 || !(p.Errors[7] > 0 && p.Errors[7] < 0.03) {
		t.Errorf("values add up to the probability but for %v; player 7 has %v ± %v", off, p.Values[7], p.Errors[7])
	}
	for want, e := range map[string]*Explanation{
		"parts add up to 1e+05": {Values: []float64{5e4, -5e4}}, "base is NaN": {Base: math.NaN()}, "value of player 0 is +Inf": {Values: []float64{math.Inf(1)}},
	} {
		if _, err := e.Probability(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// Owen values by their definition: the mean over all orders that keep groups together.
func TestOwenIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		players := rapid.IntRange(1, 6).Draw(t, "players")
		groups := rapid.SliceOfN(rapid.IntRange(-1, 2), players, players).Draw(t, "groups")
		f := game(players, rapid.Uint64().Draw(t, "seed"))
		calls := 0
		e, err := Sample(context.Background(), players, batched(func(c []bool) float64 { calls++; return f(c) }),
			&SampleOptions{Permutations: 200, Groups: [][]int{groups}})
		if err != nil {
			t.Fatal(err)
		}
		if e.Errors != nil || calls > 1<<players {
			t.Fatalf("%d calls for %d players, errors %v", calls, players, e.Errors)
		}
		for i, want := range permuted(players, f, groups) {
			if math.Abs(e.Values[i]-want) > 1e-9 {
				t.Fatalf("value %d is %v, want %v", i, e.Values[i], want)
			}
		}
	})
}

// Groups within groups are sampled as they are visited.
func TestOwenSampledInLevels(t *testing.T) {
	// Four turns of 4 words, in phrases of 2; phrases have the same numbers in every turn.
	var turns, phrases []int
	for i := range 16 {
		turns, phrases = append(turns, i/4), append(phrases, i%4/2)
	}
	levels := [][]int{turns, phrases}
	f := game(16, 11)
	exact, err := unite(nested(levels), 16).exact(t.Context(), 16, batched(f))
	if err != nil {
		t.Fatal(err)
	}
	sampled, err := Sample(t.Context(), 16, batched(f), &SampleOptions{Permutations: 20, Groups: levels})
	if err != nil {
		t.Fatal(err)
	}
	if sampled.Errors == nil {
		t.Fatal("the values are exact, want sampled ones")
	}
	for i, v := range sampled.Values {
		if math.Abs(v-exact.Values[i]) > 5*sampled.Errors[i] {
			t.Errorf("value %d is %v ± %v, want %v", i, v, sampled.Errors[i], exact.Values[i])
		}
	}
}

// Two pairs of orders often agree by chance; that is no certainty.
func TestErrorsAreNotZeroByChance(t *testing.T) {
	// Steps, of which many orders show none: a player counts only together with another.
	f := batched(func(c []bool) float64 {
		v := 0.0
		for i := 0; i+1 < len(c); i += 2 {
			if c[i] && c[i+1] {
				v++
			}
		}
		return math.Floor(v / 3)
	})
	inside, all := 0, 0
	for seed := range uint64(40) {
		e, err := Sample(t.Context(), 12, f, &SampleOptions{Permutations: 4, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range e.Errors {
			if s <= 0 {
				t.Fatalf("seed %d: value %d is %v ± %v", seed, i, e.Values[i], s)
			}
			if all++; math.Abs(e.Values[i]-1.0/6) <= 2*s { // the players are alike and add up to 2
				inside++
			}
		}
	}
	if share := float64(inside) / float64(all); share < 0.85 {
		t.Errorf("%.2f of the values are within two standard errors", share)
	}
}

// raggedRows are rows of any length.
type raggedRows struct {
	mat.Matrix
	rows [][]float64
}

func (r raggedRows) RawRowView(i int) []float64 { return r.rows[i] }

func TestRowsRefused(t *testing.T) {
	ctx, model := t.Context(), &classify.Logistic{Coefficients: []float64{1, 2}}
	x, singular := mat.NewDense(2, 2, []float64{1, 2, 3, 4}), mat.NewSymDense(2, []float64{1, 1, 1, 1})
	done, cancel := context.WithCancel(ctx)
	cancel()
	rows := func(x mat.Matrix, background []float64) error {
		_, err := LinearRows(ctx, model, background, x)
		return err
	}
	correlated := func(s mat.Symmetric, mean []float64, o *SampleOptions) error {
		_, err := CorrelatedRows(ctx, model, mean, s, x, o)
		return err
	}
	_, stopped := LinearRows(done, model, nil, x)
	many := &classify.Logistic{Coefficients: make([]float64, 20)}
	wide := mat.NewDense(1, 20, nil)
	_, stoppedOrders := CorrelatedRows(done, many, nil, Covariance(wide), wide, nil)
	for i := range many.Coefficients {
		many.Coefficients[i] = 1e300
		wide.Set(0, i, 1e10)
	}
	_, overflow := CorrelatedRows(ctx, many, nil, Covariance(wide), wide, nil)
	for _, c := range []struct {
		want string
		err  error
	}{
		{"matrix is nil", rows(nil, nil)}, {"no rows", rows(&mat.Dense{}, nil)}, {"rows of 3 columns", rows(mat.NewDense(1, 3, nil), nil)},
		{"row 1: column 0 is NaN", rows(mat.NewDense(2, 2, []float64{1, 2, math.NaN(), 4}), nil)}, {"background of 1", rows(x, []float64{1})},
		{"stopped before row 0", stopped}, {"stopped before", stoppedOrders}, {"covariance: it is nil", correlated(nil, nil, nil)},
		{"row 1 has 1 values, want 2", rows(raggedRows{x, [][]float64{{1, 2}, {3}}}, nil)},
		{"not positive definite", correlated(singular, nil, nil)}, {"covariance of 3 columns", correlated(mat.NewSymDense(3, nil), nil, nil)},
		{"columns 0 and 1 is NaN", correlated(mat.NewSymDense(2, []float64{1, math.NaN(), math.NaN(), 1}), nil, nil)},
		{"variance of column 0 is NaN", correlated(mat.NewSymDense(2, []float64{math.NaN(), 0, 0, 1}), nil, nil)},
		{"variance of column 1 is +Inf", correlated(mat.NewSymDense(2, []float64{1, 0, 0, math.Inf(1)}), nil, nil)},
		{"covariance: it is nil", correlated(Covariance(&mat.Dense{}), nil, nil)},
		{"the base is NaN", rows(x, []float64{0, math.NaN()})}, {"the base is NaN", correlated(Covariance(x), []float64{0, math.NaN()}, nil)},
		{"row 1: the value of column 1 is +Inf", rows(mat.NewDense(2, 2, []float64{1, 2, 3, 1e308}), nil)},
		{"row 0: the value of column", overflow},
		{"-2 permutations", correlated(singular, nil, &SampleOptions{Permutations: -2})},
	} {
		if c.err == nil || !strings.HasPrefix(c.err.Error(), "shap: ") || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("error %v, want shap: … %s", c.err, c.want)
		}
	}
}
