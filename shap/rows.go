package shap

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/org/salesconv/internal/matrix"
	"gonum.org/v1/gonum/mat"
)

// Explanations explain many rows by the same players.
type Explanations struct {
	Base   float64
	Values *mat.Dense // [rows, players]; with Base, the values of a row add up to its output
	Errors *mat.Dense // standard errors of Values; nil: Values are exact
	Names  []string   // of the players; nil: they are numbered
	X      mat.Matrix // the rows that were explained, where the players are its columns
}

// Row returns the explanation of row i.
func (e *Explanations) Row(i int) *Explanation {
	row := &Explanation{Base: e.Base, Values: mat.Row(nil, i, e.Values), Names: e.Names}
	if e.Errors != nil {
		row.Errors = mat.Row(nil, i, e.Errors)
	}
	return row
}

// finite refuses NaN and infinities, which come from the model or the background where rows are finite.
func (e *Explanations) finite() error {
	if err := finite(&Explanation{Base: e.Base}); err != nil {
		return err
	}
	n, _ := e.Values.Dims()
	for i := range n {
		row := e.Values.RawRowView(i)
		if j := matrix.NotFinite(row, false); j >= 0 {
			return fmt.Errorf("shap: row %d: the value of column %s is %v: the model, the background or the row is not finite or too large", i, e.name(j), row[j])
		}
	}
	return nil
}

func (e *Explanations) name(j int) string { return (&Explanation{Names: e.Names}).Name(j) }

// MeanAbs returns the mean absolute value of each player, the usual measure of how much a model relies on a column over
// a set of rows.
func (e *Explanations) MeanAbs() []float64 {
	n, d := e.Values.Dims()
	mean := make([]float64, d)
	for i := range n {
		for j, v := range e.Values.RawRowView(i) {
			mean[j] += math.Abs(v) / float64(n)
		}
	}
	return mean
}

// Top returns the k players with the largest mean absolute values, largest first; all of them if there are fewer.
func (e *Explanations) Top(k int) []int {
	return (&Explanation{Values: e.MeanAbs()}).Top(k)
}

// DependencePoint is one row of [Explanations.Dependence].
type DependencePoint struct {
	Row      int
	X, Value float64 // what the column holds, and what it adds to the output
}

// Dependence returns what column j adds to the output of each row, in ascending order of the column's value; rows where
// it is missing (NaN) come first. It needs X.
func (e *Explanations) Dependence(j int) []DependencePoint {
	n, _ := e.Values.Dims()
	points := make([]DependencePoint, n)
	for i := range points {
		points[i] = DependencePoint{i, e.X.At(i, j), e.Values.At(i, j)}
	}
	slices.SortStableFunc(points, func(a, b DependencePoint) int { return cmp.Compare(a.X, b.X) })
	return points
}
