package shap

import (
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/org/salesconv/classify"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// game is a value function with interactions of up to three players.
func game(players int, seed uint64) func([]bool) float64 {
	random := rand.New(rand.NewPCG(seed, 4))
	weight := make([]float64, players)
	pair := make([]float64, players*players)
	for i := range weight {
		weight[i] = random.NormFloat64()
	}
	for i := range pair {
		pair[i] = random.NormFloat64() / 2
	}
	return func(c []bool) float64 {
		v := 0.7
		for i, in := range c {
			if !in {
				continue
			}
			v += weight[i]
			for j := range i {
				if c[j] {
					v += pair[i*players+j]
					if c[i/2] {
						v += pair[j*players+i]
					}
				}
			}
		}
		return v
	}
}

func batched(f func([]bool) float64) Value {
	return func(_ context.Context, coalitions [][]bool) ([]float64, error) {
		v := make([]float64, len(coalitions))
		for i, c := range coalitions {
			v[i] = f(c)
		}
		return v, nil
	}
}

// permuted is the definition: the mean over all orders, or all that keep groups together.
func permuted(players int, f func([]bool) float64, groups []int) []float64 {
	values, orders := make([]float64, players), 0.0
	var visit func(order []int)
	visit = func(order []int) {
		if len(order) < players {
			for i := range players {
				if !slices.Contains(order, i) {
					visit(append(slices.Clone(order), i))
				}
			}
			return
		}
		seen := map[int]bool{}
		for k, i := range order {
			if groups != nil && k > 0 && groups[i] != groups[order[k-1]] && seen[groups[i]] {
				return
			}
			if groups != nil {
				seen[groups[i]] = true
			}
		}
		orders++
		c := make([]bool, players)
		before := f(c)
		for _, i := range order {
			c[i] = true
			after := f(c)
			values[i] += after - before
			before = after
		}
	}
	visit(nil)
	for i := range values {
		values[i] /= orders
	}
	return values
}

func TestExact(t *testing.T) {
	ctx := context.Background()
	for players := range 7 {
		f := game(players, 3)
		e, err := Exact(ctx, players, batched(f))
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range permuted(players, f, nil) {
			if math.Abs(e.Values[i]-want) > 1e-12 {
				t.Errorf("%d players: value %d is %v, want %v", players, i, e.Values[i], want)
			}
		}
		if all := f(slices.Repeat([]bool{true}, players)); math.Abs(e.Output()-all) > 1e-12 || e.Errors != nil {
			t.Errorf("%d players: output %v, want %v", players, e.Output(), all)
		}
	}
}

func TestSample(t *testing.T) {
	ctx, f := context.Background(), game(16, 5)
	want, err := Exact(ctx, 16, batched(f))
	if err != nil {
		t.Fatal(err)
	}
	e, err := Sample(ctx, 16, batched(f), &SampleOptions{Permutations: 400, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range e.Values {
		if off := math.Abs(v - want.Values[i]); off > 5*e.Errors[i] {
			t.Errorf("value %d is %v ± %v, want %v", i, v, e.Errors[i], want.Values[i])
		}
		if e.Errors[i] > 0.1 {
			t.Errorf("value %d has standard error %v", i, e.Errors[i])
		}
	}
	if math.Abs(e.Output()-want.Output()) > 1e-12 {
		t.Errorf("output %v, want %v", e.Output(), want.Output())
	}
	again, err := Sample(ctx, 16, batched(f), &SampleOptions{Permutations: 400, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(e.Values, again.Values) || !slices.Equal(e.Errors, again.Errors) {
		t.Error("the same seed gives other values")
	}
}

// The standard error is about the spread of values over seeds.
func TestSampleErrors(t *testing.T) {
	ctx, f := context.Background(), game(12, 8)
	var spread, estimate float64
	want, err := Exact(ctx, 12, batched(f))
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(60) {
		e, err := Sample(ctx, 12, batched(f), &SampleOptions{Permutations: 20, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range e.Values {
			spread += math.Pow(v-want.Values[i], 2)
			estimate += math.Pow(e.Errors[i], 2)
		}
	}
	if ratio := math.Sqrt(estimate / spread); ratio < 0.85 || ratio > 1.15 {
		t.Errorf("standard errors are %.2f of the true ones", ratio)
	}
}

func TestSampleFewPlayersIsExact(t *testing.T) {
	for players := range 6 {
		e, err := Sample(context.Background(), players, batched(game(players, 2)), nil)
		if err != nil {
			t.Fatal(err)
		}
		if e.Errors != nil {
			t.Errorf("%d players are sampled", players)
		}
	}
}

func TestSampleFailures(t *testing.T) {
	ctx := context.Background()
	failed := errors.New("encoder failed")
	fails := func(context.Context, [][]bool) ([]float64, error) { return nil, failed }
	if _, err := Sample(ctx, 30, fails, nil); !errors.Is(err, failed) {
		t.Errorf("error %v, want the value function's", err)
	}
	short := func(context.Context, [][]bool) ([]float64, error) { return []float64{1}, nil }
	nan := batched(func([]bool) float64 { return math.NaN() })
	done, cancel := context.WithCancel(ctx)
	cancel()
	_, cancelled := Sample(done, 30, batched(game(30, 1)), nil)
	if !errors.Is(cancelled, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", cancelled)
	}
	for want, run := range map[string]func() (*Explanation, error){
		"1 outputs for 2 coalitions":  func() (*Explanation, error) { return Sample(ctx, 30, short, nil) },
		"gave NaN":                    func() (*Explanation, error) { return Sample(ctx, 30, nan, nil) },
		"1 groups for 30 players":     func() (*Explanation, error) { return Sample(ctx, 30, nan, &SampleOptions{Groups: [][]int{{1}}}) },
		"-1 players":                  func() (*Explanation, error) { return Sample(ctx, -1, nan, nil) },
		"1152921504606846976 players": func() (*Explanation, error) { return Sample(ctx, 1<<60, nan, nil) },
		"1073741824 permutations":     func() (*Explanation, error) { return Sample(ctx, 30, nan, &SampleOptions{Permutations: 1 << 30}) },
		"21 players have too many":    func() (*Explanation, error) { return Exact(ctx, 21, nan) },
		"2 values and 1 Errors": func() (*Explanation, error) {
			return Combine([]float64{1}, []*Explanation{{Values: []float64{1, 2}, Errors: []float64{1}}})
		},
		"1 values and 2 Errors": (&Explanation{Values: []float64{1}, Errors: []float64{1, 2}}).Probability,
		"the base is NaN": func() (*Explanation, error) {
			return Combine([]float64{math.Inf(1)}, []*Explanation{{Values: []float64{0}}})
		},
		"2 weights for 1 explanation": func() (*Explanation, error) { return Combine([]float64{1, 2}, []*Explanation{{}}) },
	} {
		if _, err := run(); err == nil || !strings.HasPrefix(err.Error(), "shap: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want shap: … %s", err, want)
		}
	}
}

func TestTurns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, d := rapid.IntRange(1, 12).Draw(t, "turns"), rapid.IntRange(1, 6).Draw(t, "columns")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		draw := func(n int) []float64 {
			v := make([]float64, n)
			for i := range v {
				v[i] = random.NormFloat64()
			}
			return v
		}
		model := &classify.Logistic{Coefficients: draw(d), Intercept: random.NormFloat64()}
		turns, background := mat.NewDense(n, d, draw(n*d)), draw(d)
		e, err := Turns(model, background, turns, nil)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := Linear(model, background, Mean(turns))
		if err != nil {
			t.Fatal(err)
		}
		margin, err := model.Margins(mat.NewDense(1, d, Mean(turns)))
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(e.Output()-margin[0]) > 1e-9 || math.Abs(whole.Output()-margin[0]) > 1e-9 {
			t.Fatalf("turns add up to %v and columns to %v, the margin is %v", e.Output(), whole.Output(), margin[0])
		}
		weights := draw(n)
		weighted, err := Turns(model, nil, turns, weights)
		if err != nil {
			t.Fatal(err)
		}
		var document mat.VecDense
		document.MulVec(turns.T(), mat.NewVecDense(n, weights))
		want := model.Intercept + mat.Dot(&document, mat.NewVecDense(d, model.Coefficients))
		if math.Abs(weighted.Output()-want) > 1e-9 {
			t.Fatalf("weighted turns add up to %v, want %v", weighted.Output(), want)
		}
	})
}

func TestCombine(t *testing.T) {
	e, err := Combine([]float64{2, -1}, []*Explanation{
		{Base: 1, Values: []float64{1, 2}, Names: []string{"a", "b"}},
		{Base: 3, Values: []float64{4, 1}, Errors: []float64{0.5, 0}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if e.Base != -1 || !slices.Equal(e.Values, []float64{-2, 3}) || !slices.Equal(e.Errors, []float64{0.5, 0}) || e.Name(1) != "b" {
		t.Errorf("combined %+v", e)
	}
	if got := e.Top(1); !slices.Equal(got, []int{1}) {
		t.Errorf("top %v, want player 1", got)
	}
}

func TestRefused(t *testing.T) {
	model := &classify.Logistic{Coefficients: []float64{1, 2}}
	_, width := Linear(model, nil, []float64{1})
	_, background := Linear(model, []float64{1}, []float64{1, 2})
	_, nan := Linear(model, nil, []float64{1, math.NaN()})
	_, weights := Turns(model, nil, mat.NewDense(3, 2, nil), []float64{1})
	_, ragged := Turns(model, nil, raggedRows{mat.NewDense(2, 2, nil), [][]float64{{1, 2}, {3, 4, 5}}}, nil)
	for want, err := range map[string]error{
		"rows of 1 columns, want the model's 2": width, "background of 1 columns": background,
		"value of player 1 is NaN": nan, "1 weights for 3 turns": weights, "row 1 has 3 values, want 2": ragged,
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "shap: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want shap: … %s", err, want)
		}
	}
}

// What is nil is an error and no panic.
func TestNil(t *testing.T) {
	ctx, model, turns := context.Background(), &classify.Logistic{Coefficients: []float64{1}}, mat.NewDense(1, 1, nil)
	for name, f := range map[string]func() error{
		"Linear":    func() error { _, err := Linear(nil, nil, nil); return err },
		"Turns":     func() error { _, err := Turns(nil, nil, turns, nil); return err },
		"no turns":  func() error { _, err := Turns(model, nil, nil, nil); return err },
		"Exact":     func() error { _, err := Exact(ctx, 2, nil); return err },
		"Sample":    func() error { _, err := Sample(ctx, 30, nil, nil); return err },
		"Words":     func() error { _, err := Words(ctx, "two words", nil, nil); return err },
		"Combine":   func() error { _, err := Combine([]float64{1}, []*Explanation{nil}); return err },
		"Waterfall": func() error { return Waterfall(io.Discard, nil, nil) },
		"Beeswarm":  func() error { return Beeswarm(io.Discard, nil, nil) },
	} {
		if err := f(); err == nil || !strings.HasPrefix(err.Error(), "shap: ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if m := Mean(nil); m != nil {
		t.Errorf("the mean of no matrix is %v", m)
	}
}
