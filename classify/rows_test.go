package classify

import (
	"context"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func TestSelectRowsRefuses(t *testing.T) {
	x := mat.NewDense(3, 2, nil)
	for _, c := range []struct {
		x     mat.Matrix
		index []int
		want  string
	}{
		{nil, nil, "a nil matrix"},
		{x, []int{0, 3}, "index[1] is 3, the matrix has 3 rows"},
		{x, []int{-1}, "index[0] is -1"},
	} {
		if _, err := SelectRows(c.x, c.index); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want %q", c.index, err, c.want)
		}
	}
}

// foreignSparse is a sparse matrix of another package.
type foreignSparse struct{ mat.Matrix }

func (m foreignSparse) DoRowNonZero(i int, fn func(i, j int, v float64)) {
	_, d := m.Dims()
	for j := range d {
		if v := m.At(i, j); v != 0 {
			fn(i, j, v)
		}
	}
}

// A sparse matrix of any package gives the regression that NewSparse's gives.
func TestForeignSparse(t *testing.T) {
	x, y := linearSample(80, 6, 4)
	for i := range 80 {
		x.Set(i, i%6, 0)
	}
	rows := make([][]float64, 80)
	for i := range rows {
		rows[i] = x.RawRowView(i)
	}
	want, err := FitLogistic(context.Background(), sparseOf(t, rows), y, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := FitLogistic(context.Background(), foreignSparse{x}, y, nil)
	if err != nil || maxDifference(got.Coefficients, want.Coefficients) != 0 {
		t.Errorf("coefficients %v, want %v, error %v", got.Coefficients, want.Coefficients, err)
	}
}
