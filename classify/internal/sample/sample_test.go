package sample

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestCheckLabels(t *testing.T) {
	for _, c := range []struct {
		n      int
		y      []int
		weight []float64
		want   string // "": no error
	}{
		{3, []int{0, 1, 1}, nil, ""},
		{3, []int{0, 1, 1}, []float64{1, 2, 0}, ""},
		{0, nil, nil, "no rows"},
		{2, []int{0, 1, 1}, nil, "3 labels for 2 rows"},
		{2, []int{0, 2}, nil, "row 1: label 2"},
		{2, []int{0, 0}, nil, "all 2 labels are 0"},
		{2, []int{0, 1}, []float64{1}, "1 weights for 2 rows"},
		{2, []int{0, 1}, []float64{1, math.Inf(1)}, "row 1: weight +Inf"},
		{2, []int{0, 1}, []float64{1, -1}, "row 1: weight -1"},
		{2, []int{0, 1}, []float64{1, 0}, "every row of label 1 has weight 0"},
		{2, []int{0, 1}, []float64{0, 0}, "all weights are 0"},
		{2, []int{0, 1}, []float64{math.MaxFloat64, math.MaxFloat64}, "overflows"},
	} {
		err := CheckLabels(c.n, c.y, c.weight)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v", c, err)
		}
	}
}

func TestGroups(t *testing.T) {
	got := Groups(5, []string{"b", "", "a", "b", ""})
	want := [][]int{{0, 3}, {1}, {2}, {4}}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("groups %v, want %v", got, want)
	}
	if got := Groups(2, nil); len(got) != 2 {
		t.Errorf("without groups: %v, want each row alone", got)
	}
}
