package classify

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/classify/internal/sample"
	"github.com/org/salesconv/internal/matrix"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
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

// Heads that are fitted one after the other are those that are fitted at once.
func TestHeadsWith(t *testing.T) {
	blocks, y := twoBlocks(200)
	fit := func(y []int, blocks ...Block) *Heads {
		h, err := FitHeads(t.Context(), blocks, y, nil, &StackOptions{Folds: 3})
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	first, last := fit(y, blocks[:2]...), fit(y, blocks[2])
	both, err := first.With(last)
	if err != nil {
		t.Fatal(err)
	}
	if want := fit(y, blocks...); !reflect.DeepEqual(both.heads, want.heads) || !reflect.DeepEqual(both.margins, want.margins) || !reflect.DeepEqual(both.spreads, want.spreads) {
		t.Error("the heads differ from heads that were fitted at once")
	}
	if z, err := both.OutOfFoldMargins("noise"); err != nil || !slices.Equal(z, last.margins[0]) {
		t.Errorf("margins %v, error %v", z, err)
	}
	if _, err := both.OutOfFoldMargins("none"); err == nil {
		t.Error("margins of an unknown block")
	}
	if len(first.heads) != 2 {
		t.Errorf("the first heads became %d", len(first.heads))
	}
	other := slices.Clone(y)
	other[0] = 1 - other[0]
	for name, h := range map[string]*Heads{"nil": nil, "a name twice": fit(y, blocks[0]), "other labels": fit(other, blocks[2])} {
		if _, err := first.With(h); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// With a very large Shrinkage the weights of the heads are equal, up to the scale of their margins.
func TestStackEquality(t *testing.T) {
	z := [][]float64{{1, -1, 1, -1, 1, -1}, {2, 2, -2, -2, 2, -2}}
	y := []int{1, 0, 1, 0, 0, 1}
	w, _, err := joinHeads(z, spreads(z), y, nil, 1e6)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(w[0]-2*w[1]) > 1e-4 {
		t.Errorf("weights %v, want the second half the first", w)
	}
}

// Where one head of many knows everything the data choose little shrinkage, where all know as much they leave the usual one; and
// margins are weighted as a stack weights its heads.
func TestStackChoosesShrinkage(t *testing.T) {
	for name, heads := range map[string]int{"one knows": 1, "all know": 5} {
		const n = 200
		rng := rand.New(rand.NewPCG(2, 2))
		y, margins := make([]int, n), make([][]float64, 5)
		for i := range y {
			y[i] = i % 2
		}
		for b := range margins {
			margins[b] = make([]float64, n)
			for i, label := range y {
				margins[b][i] = 2 * rng.NormFloat64()
				if b < heads {
					margins[b][i] += float64(2*label - 1)
				}
			}
		}
		var blocks []Block
		for b, z := range margins {
			blocks = append(blocks, Block{Name: fmt.Sprint(b), Features: mat.NewDense(n, 1, z), OutOfFoldMargins: z})
		}
		h, err := FitHeads(t.Context(), blocks, y, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		z, chosen, err := h.joined([]int{0, 1, 2, 3, 4})
		if err != nil {
			t.Fatal(err)
		}
		if (chosen < usualShrinkage) != (heads == 1) {
			t.Errorf("%s: shrinkage %v", name, chosen)
		}
		loss := func(z []float64) float64 {
			p, err := sigmoids(slices.Clone(z), nil)
			if err != nil {
				t.Fatal(err)
			}
			return evaluate.LogLoss(p, y)
		}
		usual, err := h.joinedBy([]int{0, 1, 2, 3, 4}, usualShrinkage)
		if err != nil || loss(usual) < loss(z) {
			t.Errorf("%s: the usual shrinkage has log loss %v, that chosen %v, error %v", name, loss(usual), loss(z), err)
		}
		s, err := h.Stack([]string{"0", "1", "2", "3", "4"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		weights, outOfFold, err := WeighMargins(margins, y, nil, h.folds)
		if err != nil || weights[2] != s.Heads[2].Weight || !slices.Equal(outOfFold, z) {
			t.Errorf("%s: margins weighted by %v, the stack's heads are %+v, error %v", name, weights, s.Heads, err)
		}
	}
}

// The features of a fold are learned without the rows that it tests, and rows outside train are never used.
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

// Of two optional blocks the informative one stays; of two that are noise, neither.
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
	head := DefaultHead(x)
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

// spreads are those of margins by head.
func spreads(margins [][]float64) (all []float64) {
	for _, z := range margins {
		all = append(all, spread(z, nil))
	}
	return all
}

// jointSample draws margins of heads that know the same truth with more and more noise, far from 0, and labels of which
// about the given share are 1.
func jointSample(n, heads int, share float64, seed uint64) (margins [][]float64, y []int) {
	r := rand.New(rand.NewPCG(seed, 7))
	margins, y = make([][]float64, heads), make([]int, n)
	for i := range n {
		truth := r.NormFloat64() + sample.Logit(share)
		if r.Float64() < Sigmoid(truth) {
			y[i] = 1
		}
		for j := range margins {
			margins[j] = append(margins[j], truth+float64(j)*r.NormFloat64()/2)
		}
	}
	y[0], y[1] = 0, 1
	return margins, y
}

// However few or many rows are of label 1, no change of weights and intercept lowers the objective.
func TestJoinHeadsConverges(t *testing.T) {
	for _, share := range []float64{0.01, 0.02, 0.05, 0.5, 0.95, 0.999} {
		for _, n := range []int{50, 700, 2000} {
			for _, shrinkage := range []float64{0, 1, 30, 1e6} {
				z, y := jointSample(n, 4, share, uint64(n))
				z[2] = slices.Clone(z[0]) // equal heads
				weights, intercept, err := joinHeads(z, spreads(z), y, nil, shrinkage)
				if err != nil {
					t.Errorf("share %v, %d rows, shrinkage %v: %v", share, n, shrinkage, err)
					continue
				}
				objective := func(weights []float64, intercept float64) float64 {
					value, scaled := 0.0, make([]float64, len(weights))
					for i, label := range y {
						m := intercept
						for j, w := range weights {
							m += w * z[j][i]
						}
						value += softplus((1 - 2*float64(label)) * m)
					}
					for j, w := range weights {
						scaled[j] = w * stat.StdDev(z[j], nil)
					}
					for _, a := range scaled {
						value += bound/2.0*a*a + shrinkage/2*math.Pow(a-stat.Mean(scaled, nil), 2)
					}
					return value
				}
				best := objective(weights, intercept)
				for j := range len(weights) + 1 {
					for _, d := range []float64{-1e-3, 1e-3} {
						w, b := slices.Clone(weights), intercept
						if j == len(weights) {
							b += d
						} else if w[j] += d; w[j] < 0 {
							continue
						}
						if v := objective(w, b); v < best-1e-12*best {
							t.Errorf("share %v, %d rows, shrinkage %v: parameter %d %+g lowers the objective from %v to %v", share, n, shrinkage, j, d, best, v)
						}
					}
				}
			}
		}
	}
}

// Stacks, regressions and trees are fitted whatever share of the rows is won, and predict better than that share alone.
func TestFitsFewAndManyPositives(t *testing.T) {
	const n = 3000
	x, _ := linearSample(n, 12, 3)
	noise := rand.New(rand.NewPCG(3, 3))
	score := make([]float64, n)
	for i := range score {
		score[i] = x.At(i, 0) + x.At(i, 5) + x.At(i, 7) + noise.NormFloat64()
	}
	order := sample.Descending(score)
	train, test := sample.All(n)[:n/2], sample.All(n)[n/2:]
	for _, share := range []float64{0.01, 0.02, 0.05, 0.5, 0.95} {
		y := make([]int, n)
		for _, i := range order[:int(share*n)] {
			y[i] = 1
		}
		blocks := []Block{
			{Name: "first", Features: matrix.Columns(x, 0, 6)},
			{Name: "rest", Features: matrix.Columns(x, 6, 12), Head: boostedFitter(BoostedOptions{Rounds: 20, MaxDepth: 2})},
		}
		stack, features, err := FitStack(t.Context(), blocks, y, train, nil)
		if err != nil {
			t.Fatalf("share %v: %v", share, err)
		}
		base := evaluate.LogLoss(slices.Repeat([]float64{share}, n/2), y[n/2:])
		for name, fit := range map[string]func() ([]float64, error){
			"stack":    func() ([]float64, error) { return stack.Predict(matrix.Select(features, test)) },
			"logistic": func() ([]float64, error) { return Refit(x, y, nil, LogisticFitter(nil))(t.Context(), train, test) },
			"boosted": func() ([]float64, error) {
				return Refit(x, y, nil, boostedFitter(BoostedOptions{Rounds: 20, MaxDepth: 2}))(t.Context(), train, test)
			},
		} {
			p, err := fit()
			if err != nil {
				t.Fatalf("share %v: %s: %v", share, name, err)
			}
			m, err := evaluate.Evaluate(p, y[n/2:])
			if err != nil || m.LogLoss > 0.9*base || m.ROCAUC < 0.8 {
				t.Errorf("share %v: %s: log loss %.4f, of the share alone %.4f, ROC AUC %.3f, error %v", share, name, m.LogLoss, base, m.ROCAUC, err)
			}
			t.Logf("share %v: %s: log loss %.4f (share alone %.4f), ROC AUC %.3f, PR AUC %.3f", share, name, m.LogLoss, base, m.ROCAUC, m.PRAUC)
		}
	}
}
