package classify

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/classify/internal/sample"
	"github.com/org/salesconv/internal/matrix"
	"gonum.org/v1/gonum/mat"
)

// twoBlocks splits a linear sample into columns that matter, fewer of them, and noise.
func twoBlocks(n int) ([]Block, []int) {
	x, y := linearSample(n, 30, 4)
	noise, _ := linearSample(n, 10, 5)
	return []Block{
		{Name: "signal", Features: x.Slice(0, n, 0, 20)},
		{Name: "rest", Features: x.Slice(0, n, 20, 30)},
		{Name: "noise", Features: noise},
	}, y
}

func TestStackWeighsHeads(t *testing.T) {
	blocks, y := twoBlocks(600)
	s, x, err := FitStack(context.Background(), blocks, y, nil, &StackOptions{Shrinkage: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range s.Heads {
		t.Logf("%s: %.3f", h.Name, h.Weight)
	}
	if s.Heads[0].Weight < 0.7 || s.Heads[1].Weight < 0.7 || s.Heads[2].Weight > 0.5 {
		t.Errorf("weights %.3f %.3f %.3f, want the noise to count less", s.Heads[0].Weight, s.Heads[1].Weight, s.Heads[2].Weight)
	}
	p, err := s.Predict(x)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := evaluate.Evaluate(p, y); err != nil || m.ROCAUC < 0.8 {
		t.Errorf("AUC %.3f on the training rows, error %v", m.ROCAUC, err)
	}
	l, ok := s.Linear()
	if !ok {
		t.Fatal("a stack of logistic regressions is not linear")
	}
	q, err := l.Predict(x)
	if err != nil || maxDifference(p, q) > 1e-12 {
		t.Errorf("as one regression: probabilities differ by %.2g, error %v", maxDifference(p, q), err)
	}
}

// Where the heads are told to be equal, they are: up to the scale of their margins.
func TestStackEquality(t *testing.T) {
	z := [][]float64{{1, -1, 1, -1, 1, -1}, {2, 2, -2, -2, 2, -2}}
	y := []int{1, 0, 1, 0, 0, 1}
	w, _ := joinHeads(z, y, nil, 1e6)
	if math.Abs(w[0]-2*w[1]) > 1e-4 {
		t.Errorf("weights %v, want the second half the first", w)
	}
}

// The features of a fold are learned without the rows that it tests, and those outside train are never seen.
func TestStackRefitsBlocks(t *testing.T) {
	x, y := linearSample(60, 3, 1)
	train := make([]int, 40)
	for i := range train {
		train[i] = i
	}
	seen := make([]int, 60)
	calls := 0
	block := Block{Name: "learned", Learn: func(_ context.Context, rows []int) (mat.Matrix, error) {
		calls++
		for _, i := range rows {
			seen[i]++
		}
		return x, nil
	}}
	if _, _, err := FitStack(context.Background(), []Block{block}, y, train, &StackOptions{Folds: 4}); err != nil {
		t.Fatal(err)
	}
	want := slices.Concat(slices.Repeat([]int{4}, 40), slices.Repeat([]int{0}, 20)) // three folds of four, and the whole
	if calls != 5 || !slices.Equal(seen, want) {
		t.Errorf("%d calls, rows seen %v times", calls, seen)
	}
}

// Of two optional blocks the one that tells something stays, and of two that tell nothing neither.
func TestStackChoosesAmongOptionalBlocks(t *testing.T) {
	blocks, y := twoBlocks(600)
	worse, _ := linearSample(600, 10, 6)
	optional := func(b Block, name string, x mat.Matrix) Block {
		b.Name, b.Features, b.Optional = name, x, true
		return b
	}
	rest := blocks[1].Features
	all := []Block{optional(blocks[2], "more noise", worse), blocks[0], optional(blocks[1], "rest", rest), blocks[2]}
	s, x, err := FitStack(t.Context(), all, y, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, h := range s.Heads {
		names = append(names, h.Name)
	}
	if !slices.Equal(names, []string{"signal", "rest", "noise"}) {
		t.Errorf("heads %v, want the optional block that helps, in its place", names)
	}
	if p, err := s.Predict(x); err != nil || len(p) != 600 {
		t.Errorf("%d predictions, error %v", len(p), err)
	}
	tried := s.Trials
	if len(tried) != 3 || tried[0].Block != "" || !tried[2].Stays || tried[0].Stays || tried[1].Stays ||
		tried[2].LogLoss >= tried[0].LogLoss || tried[2].ROCAUC <= tried[0].ROCAUC {
		t.Errorf("trials %+v, want without, with noise and, best, with the rest", tried)
	}
	none, _, err := FitStack(t.Context(), all[:2], y, nil, nil)
	if err != nil || len(none.Heads) != 1 || !none.Trials[0].Stays {
		t.Errorf("stack %+v, error %v, want the optional noise left out", none, err)
	}
	if _, _, err := FitStack(t.Context(), all[:1], y, nil, nil); err == nil {
		t.Error("a stack of optional blocks alone was fitted")
	}
}

// An optional block that stays gives the stack that it gives where it has to stay.
func TestStackWithOptionalBlockIsThatWithout(t *testing.T) {
	blocks, y := twoBlocks(300)
	want, _, err := FitStack(t.Context(), blocks[:2], y, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	blocks[1].Optional = true
	got, _, err := FitStack(t.Context(), blocks[:2], y, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Heads) != 2 || got.Intercept != want.Intercept || got.Heads[1].Weight != want.Heads[1].Weight {
		t.Errorf("optional %+v, want %+v", got, want)
	}
}

// A block whose margins out of fold are given has its head fitted once, and weighs what it weighs where the stack finds the
// same margins itself.
func TestStackTakesHeldMargins(t *testing.T) {
	blocks, y := twoBlocks(300)
	want, _, err := FitStack(t.Context(), blocks[:2], y, nil, &StackOptions{Folds: 3, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	x := blocks[1].Features
	folds, err := evaluate.Folds(y, nil, 3, 5)
	if err != nil {
		t.Fatal(err)
	}
	held, fits := make([]float64, len(y)), 0
	head := defaultHead(x)
	for _, f := range folds {
		c, err := head(t.Context(), matrix.Select(x, f.Train), sample.Pick(y, f.Train), nil)
		if err != nil {
			t.Fatal(err)
		}
		z, err := margins(c, matrix.Select(x, f.Test))
		if err != nil {
			t.Fatal(err)
		}
		for k, i := range f.Test {
			held[i] = z[k]
		}
	}
	blocks[1].OutOfFoldMargins = held
	blocks[1].Head = func(ctx context.Context, x mat.Matrix, y []int, weight []float64) (Classifier, error) {
		fits++
		return head(ctx, x, y, weight)
	}
	got, _, err := FitStack(t.Context(), blocks[:2], y, nil, &StackOptions{Folds: 3, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	if fits != 1 || got.Intercept != want.Intercept || got.Heads[1].Weight != want.Heads[1].Weight {
		t.Errorf("head fitted %d times, %+v, want once, %+v", fits, got, want)
	}
	blocks[1].OutOfFoldMargins = held[1:]
	if _, _, err := FitStack(t.Context(), blocks[:2], y, nil, nil); err == nil || !strings.Contains(err.Error(), "margins of 299 rows, want 300") {
		t.Errorf("error %v", err)
	}
}
