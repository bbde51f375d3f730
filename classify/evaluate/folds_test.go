package evaluate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Every row is tested once, groups stay together, labels are even, and the same seed gives the same folds.
func TestFolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(20, 80).Draw(t, "n")
		k := rapid.IntRange(2, 4).Draw(t, "k")
		y, groups := make([]int, n), make([]string, n)
		for i := range y {
			y[i] = i % 2
			groups[i] = fmt.Sprint(rapid.IntRange(0, 15).Draw(t, "group"))
		}
		folds, err := Folds(y, groups, k, 7)
		if err != nil {
			return // too few groups drawn
		}
		tested, fold := make([]int, n), make(map[string]int)
		for f, rows := range folds {
			if len(rows.Train)+len(rows.Test) != n {
				t.Fatalf("fold %d: %d rows trained on, %d tested, of %d", f, len(rows.Train), len(rows.Test), n)
			}
			for _, i := range rows.Test {
				tested[i]++
				if g, ok := fold[groups[i]]; ok && g != f {
					t.Fatalf("group %s is in folds %d and %d", groups[i], g, f)
				}
				fold[groups[i]] = f
			}
		}
		if !slices.Equal(tested, slices.Repeat([]int{1}, n)) {
			t.Fatalf("rows tested %v times", tested)
		}
		again, _ := Folds(y, groups, k, 7)
		if fmt.Sprint(again) != fmt.Sprint(folds) {
			t.Fatal("the same seed gives other folds")
		}
	})
}

func TestFoldsAreStratified(t *testing.T) {
	y := make([]int, 103)
	for i := range 20 {
		y[i*5] = 1
	}
	folds, err := Folds(y, nil, 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	for f, rows := range folds {
		positive := 0
		for _, i := range rows.Test {
			positive += y[i]
		}
		if positive != 4 || len(rows.Test) < 20 || len(rows.Test) > 21 {
			t.Errorf("fold %d tests %d rows, %d of them positive; want 20 or 21, and 4", f, len(rows.Test), positive)
		}
	}
}

func TestForwardFolds(t *testing.T) {
	y := []int{0, 1, 0, 1, 0, 1, 0, 1}
	at := make([]time.Time, 8)
	for i := range at {
		at[i] = time.Date(2026, 1, 8-i, 0, 0, 0, 0, time.UTC) // the last row is the earliest
	}
	folds, err := ForwardFolds(y, at, 3)
	if err != nil {
		t.Fatal(err)
	}
	for f, rows := range folds {
		if slices.Min(rows.Train) <= slices.Max(rows.Test) {
			t.Errorf("fold %d trains on %v and tests %v", f, rows.Train, rows.Test)
		}
	}
}

func TestFoldsRefuse(t *testing.T) {
	y := []int{0, 0, 0, 1, 1, 1}
	for _, c := range []struct {
		groups []string
		k      int
		want   string
	}{
		{nil, 1, "1 folds of rows of 6 groups"},
		{nil, 7, "7 folds of rows of 6 groups, want 2 to 6 folds"},
		{[]string{"a", "a", "a", "a", "a", "a"}, 2, "all rows are of one group"},
		{[]string{"a"}, 2, "1 groups for 6 rows"},
		{[]string{"a", "a", "a", "b", "b", "b"}, 2, "no row of label"},
		{[]string{"a", "b", "c", "d", "d", "d"}, 2, "has no row of label 1 to train on"},
	} {
		if _, err := Folds(y, c.groups, c.k, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v in %d folds: error %v, want %q", c.groups, c.k, err, c.want)
		}
	}
}

func TestCrossValidate(t *testing.T) {
	x, y := linearSample(200, []float64{0.5, 0.5, -0.5}, 2)
	folds, err := Folds(y, nil, 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	out, err := CrossValidate(context.Background(), y, folds, meanDifference(x, y))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := Evaluate(out.P, out.Y); err != nil || m.Rows != 200 || m.ROCAUC < 0.6 {
		t.Errorf("%+v, error %v", m, err)
	}
}

func TestCrossValidateRefuses(t *testing.T) {
	y := []int{0, 1, 0, 1}
	half := func(_ context.Context, _, test []int) ([]float64, error) { return make([]float64, len(test)), nil }
	for _, c := range []struct {
		folds []Fold
		refit Refit
		want  string
	}{
		{nil, half, "no folds"},
		{[]Fold{{Train: []int{0, 1}, Test: []int{4}}}, half, "names row 4 of 4 rows"},
		{[]Fold{{Train: []int{-1}, Test: []int{1}}}, half, "names row -1 of 4 rows"},
		{[]Fold{{Test: []int{1}}, {Test: []int{1}}}, half, "row 1 is tested in folds 1 and 2"},
		{[]Fold{{Test: []int{1, 2}}}, func(context.Context, []int, []int) ([]float64, error) { return []float64{1}, nil }, "1 predictions for 2 rows"},
		{[]Fold{{}}, half, "no fold tests any row"},
		{[]Fold{{Test: []int{1}}}, nil, "no function to refit"},
	} {
		if _, err := CrossValidate(context.Background(), y, c.folds, c.refit); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want %q", c.folds, err, c.want)
		}
	}
}
