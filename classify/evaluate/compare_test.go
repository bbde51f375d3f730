package evaluate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/org/salesconv/classify/internal/sample"
)

// twoScores draws labels and two noisy views of one truth, the second with so much more noise.
func twoScores(n int, noise float64, seed uint64) (a, b *OutOfFold) {
	r := rand.New(rand.NewPCG(seed, 1))
	a, b = &OutOfFold{Row: sample.All(n)}, &OutOfFold{Row: sample.All(n)}
	for range n {
		truth := r.NormFloat64()
		label := 0
		if r.Float64() < sigmoid(2*truth) {
			label = 1
		}
		a.Y, b.Y = append(a.Y, label), append(b.Y, label)
		a.P = append(a.P, sigmoid(truth+r.NormFloat64()))
		b.P = append(b.P, sigmoid((truth+noise*r.NormFloat64())/3)) // on another scale
	}
	return a, b
}

// The interval and the test never say different things of a difference, however few the groups are.
func TestIntervalAndTestAgree(t *testing.T) {
	for seed := range uint64(20) {
		a, b := twoScores(60, 3, seed)
		groups := make([]string, 60)
		for i := range groups {
			groups[i] = fmt.Sprint(i % 3)
		}
		c, err := Compare(context.Background(), a, b, &ResampleOptions{Groups: groups, Samples: 200})
		if err != nil {
			t.Fatal(err)
		}
		// Of three groups, a quarter of all exchanges have a difference as large as the one seen.
		if holds := c.Difference.Low <= 0 && c.Difference.High >= 0; c.P < 0.05 || !holds || c.Differs() {
			t.Errorf("seed %d: interval %v, p = %v, differs: %v", seed, c.Difference, c.P, c.Differs())
		}
	}
}

func TestCompare(t *testing.T) {
	a, b := twoScores(400, 3, 1)
	c, err := Compare(context.Background(), a, b, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Differs() || c.P > 0.01 || c.DeLong > 0.01 || c.Difference.High > 0 || !strings.HasPrefix(c.Verdict("a", "b"), "evidence of a difference: a 0.") {
		t.Errorf("of different scores: %+v: %s", c, c.Verdict("a", "b"))
	}
	if math.Abs(c.Difference.Estimate-(c.B-c.A)) > 1e-15 {
		t.Errorf("difference %v of %v and %v", c.Difference.Estimate, c.A, c.B)
	}
	a, b = twoScores(400, 1, 2)
	if c, err = Compare(context.Background(), a, b, nil); err != nil {
		t.Fatal(err)
	}
	if c.Differs() || c.DeLong < 0.05 || !strings.HasPrefix(c.Verdict("a", "b"), "no evidence of a difference: a 0.") {
		t.Errorf("of equal scores: %+v: %s", c, c.Verdict("a", "b"))
	}
	b.Row = b.Row[1:]
	if _, err := Compare(context.Background(), a, b, nil); err == nil || !strings.Contains(err.Error(), "not of the same rows") {
		t.Errorf("of other rows: error %v", err)
	}
}

// Where there is no difference, each test rejects at about its nominal rate.
func TestComparisonsHoldTheirLevel(t *testing.T) {
	const trials = 200
	var permutation, delong int
	for trial := range trials {
		a, b := twoScores(80, 1, 100+uint64(trial))
		c, err := Compare(context.Background(), a, b, &ResampleOptions{Samples: 100})
		if err != nil {
			t.Fatal(err)
		}
		if c.P <= 0.1 {
			permutation++
		}
		if c.DeLong <= 0.1 {
			delong++
		}
	}
	for name, count := range map[string]int{"permutation": permutation, "DeLong": delong} {
		if count < 8 || count > 34 { // 20 ± 3.3 standard deviations
			t.Errorf("%s: p ≤ 0.1 in %d of %d trials without a difference", name, count, trials)
		}
	}
}

// The variance of a difference in AUC, from its definition: all pairs of rows.
func TestDeLongAgainstPairs(t *testing.T) {
	a, b := twoScores(60, 2, 5)
	for i := range a.P { // with ties
		a.P[i] = math.Round(a.P[i]*10) / 10
	}
	psi := func(p []float64, i, j int) float64 {
		switch {
		case p[i] > p[j]:
			return 1
		case p[i] == p[j]:
			return 0.5
		}
		return 0
	}
	var rows [2][]int
	for i, label := range a.Y {
		rows[label] = append(rows[label], i)
	}
	difference, variance := 0.0, 0.0
	for side := range 2 {
		var v []float64
		for _, i := range rows[side] {
			sum := 0.0
			for _, j := range rows[1-side] {
				if side == 1 {
					sum += psi(b.P, i, j) - psi(a.P, i, j)
				} else {
					sum += psi(b.P, j, i) - psi(a.P, j, i)
				}
			}
			v = append(v, sum/float64(len(rows[1-side])))
		}
		mean, square := 0.0, 0.0
		for _, x := range v {
			mean += x / float64(len(v))
		}
		for _, x := range v {
			square += (x - mean) * (x - mean)
		}
		difference = mean
		variance += square / float64(len(v)-1) / float64(len(v))
	}
	want := math.Erfc(math.Abs(difference) / math.Sqrt(2*variance))
	if got := deLong(a.P, b.P, a.Y); math.Abs(got-want) > 1e-12 {
		t.Errorf("p %v, want %v", got, want)
	}
	if d := ROCAUC(b.P, b.Y) - ROCAUC(a.P, a.Y); math.Abs(d-difference) > 1e-12 {
		t.Errorf("difference %v, want %v", d, difference)
	}
}

// Where the variance is 0, AUCs that differ are different, and equal ones are not.
func TestDeLongWithoutVariance(t *testing.T) {
	y := []int{0, 0, 0, 1, 1, 1}
	perfect, tied, reversed := []float64{0.1, 0.2, 0.3, 0.7, 0.8, 0.9}, make([]float64, 6), []float64{0.9, 0.8, 0.7, 0.3, 0.2, 0.1}
	for _, c := range []struct {
		a, b []float64
		y    []int
		want float64
	}{
		{perfect, tied, y, 0}, {tied, perfect, y, 0}, {perfect, reversed, y, 0}, {perfect, perfect, y, 1}, {tied, tied, y, 1},
		{perfect, tied, []int{0, 0, 0, 0, 0, 1}, 1}, // one row of label 1
	} {
		if got := deLong(c.a, c.b, c.y); got != c.want {
			t.Errorf("%v and %v: p %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

// One discordant pair against seven: twice the chance of at most one head in eight throws.
func TestMcNemar(t *testing.T) {
	y := make([]int, 20)
	a, b := make([]float64, 20), make([]float64, 20)
	for i := range 8 {
		a[i] = 0.9
	}
	a[0], b[0] = 0.1, 0.9
	if got, want := mcNemar(a, b, y), 2*9.0/256; math.Abs(got-want) > 1e-12 {
		t.Errorf("p %v, want %v", got, want)
	}
}

// A threshold is chosen on the other folds, so a row can be called by one that its own fold would not choose.
func TestDecide(t *testing.T) {
	o := &OutOfFold{Fold: []int{0, 0, 1, 1, 0, 1}, Y: []int{0, 1, 0, 1, 1, 0}, P: []float64{0.1, 0.4, 0.5, 0.8, 0.9, 0.45}, Row: sample.All(6)}
	called, err := o.Decide(ThresholdBestF1) // 0.8 outside fold 0, 0.4 outside fold 1
	if want := []bool{false, false, true, true, true, true}; err != nil || !slices.Equal(called, want) {
		t.Errorf("called %v, want %v, error %v", called, want, err)
	}
	o.Y[3] = 0
	if _, err := o.Decide(ThresholdBestF1); err == nil || !strings.Contains(err.Error(), "outside fold 1") {
		t.Errorf("one label outside fold 1: error %v", err)
	}
}

// With groups of five equal rows, the interval is about √5 times as wide.
func TestBootstrapByGroup(t *testing.T) {
	a, _ := twoScores(100, 1, 3)
	var p []float64
	var y []int
	var groups []string
	for i := range 500 {
		p, y, groups = append(p, a.P[i/5]), append(y, a.Y[i/5]), append(groups, fmt.Sprint(i/5))
	}
	alone, err := Bootstrap(context.Background(), p, y, nil)
	if err != nil {
		t.Fatal(err)
	}
	grouped, err := Bootstrap(context.Background(), p, y, &ResampleOptions{Groups: groups})
	if err != nil {
		t.Fatal(err)
	}
	if ratio := (grouped.High - grouped.Low) / (alone.High - alone.Low); ratio < 1.8 || ratio > 2.7 {
		t.Errorf("by group %v, by row %v: %.2f times as wide", grouped, alone, ratio)
	}
	for _, n := range []int{-1, maxSamples + 1, math.MaxInt} {
		if _, err := Bootstrap(context.Background(), p, y, &ResampleOptions{Samples: n}); err == nil || !strings.Contains(err.Error(), "samples") {
			t.Errorf("%d samples: error %v", n, err)
		}
	}
	one := slices.Repeat([]string{"alone"}, len(y))
	if _, err := Bootstrap(context.Background(), p, y, &ResampleOptions{Groups: one}); err == nil || !strings.Contains(err.Error(), "2 groups") {
		t.Errorf("all rows of one group: error %v", err)
	}
	again, _ := Bootstrap(context.Background(), p, y, &ResampleOptions{Groups: groups})
	if again != grouped {
		t.Errorf("the same seed gives %v, then %v", grouped, again)
	}
}
