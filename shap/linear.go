package shap

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/internal/matrix"
	"github.com/org/salesconv/internal/parallel"
	"gonum.org/v1/gonum/mat"
)

// Linear explains the log-odds that a logistic regression gives a row: column j adds coefficientⱼ·(rowⱼ-backgroundⱼ).
// These are the exact Shapley values against a background with that mean (Mean), where an unknown column takes values
// of the background, whatever values the other columns have (interventional). A nil background is all zeros.
func Linear(model *classify.Logistic, background, row []float64) (*Explanation, error) {
	if err := checkWidths(model, background, len(row)); err != nil {
		return nil, err
	}
	e := &Explanation{Base: base(model, background), Values: make([]float64, len(row))}
	for j, c := range model.Coefficients {
		e.Values[j] = c * (row[j] - at(background, j))
	}
	return e, finite(e)
}

// LinearRows explains all rows of x as Linear does, on all processors. For columns that are correlated, see CorrelatedRows.
func LinearRows(ctx context.Context, model *classify.Logistic, background []float64, x mat.Matrix) (*Explanations, error) {
	n, d, err := checkRows(model, background, x)
	if err != nil {
		return nil, err
	}
	out := &Explanations{Base: base(model, background), Values: mat.NewDense(n, d, nil), X: x}
	err = eachRow(ctx, x, func(i int, row []float64) {
		values := out.Values.RawRowView(i)
		for j, c := range model.Coefficients {
			values[j] = c * (row[j] - at(background, j))
		}
	})
	if err = cmp.Or(err, out.finite()); err != nil {
		return nil, err
	}
	return out, nil
}

// eachRow calls f for each row of x, on all processors, once it has checked that the row is finite.
func eachRow(ctx context.Context, x mat.Matrix, f func(i int, row []float64)) error {
	const block = 64
	n, d := x.Dims()
	errs := make([]error, (n+block-1)/block)
	rows := matrix.Of(x)
	parallel.Do(len(errs), func(b int) {
		if ctx.Err() != nil {
			errs[b] = fmt.Errorf("shap: stopped before row %d of %d: %w", b*block, n, context.Cause(ctx))
			return
		}
		buf := make([]float64, d)
		for i := b * block; i < min(n, (b+1)*block); i++ {
			row := rows.Row(i, buf)
			if j := matrix.NotFinite(row, false); j >= 0 {
				errs[b] = fmt.Errorf("shap: row %d: column %d is %v, want a finite value", i, j, row[j])
				return
			}
			f(i, row)
		}
	})
	return cmp.Or(errs...)
}

// Turns explains the log-odds that a logistic regression gives a document by its segments, the turns of a call, whose
// vectors are the rows of turns. The document is Σ weights[i]·turnᵢ; nil weights stand for the mean. Turn i adds
// weights[i]·coefficients·(turnᵢ-background), which is exact: nothing is sampled or encoded again. The background is
// the mean document of the training calls; nil is all zeros. Weights that do not add up to 1, such as a trend over the
// call, need a nil background.
func Turns(model *classify.Logistic, background []float64, turns mat.Matrix, weights []float64) (*Explanation, error) {
	if turns == nil {
		return nil, errors.New("shap: no turns to explain: the matrix is nil")
	}
	n, d := turns.Dims()
	if err := cmp.Or(checkWidths(model, background, d), ragged("", turns)); err != nil {
		return nil, err
	}
	if weights != nil && len(weights) != n {
		return nil, fmt.Errorf("shap: %d weights for %d turns, want one each", len(weights), n)
	}
	e := &Explanation{Base: base(model, background), Values: make([]float64, n)}
	rows, buf := matrix.Of(turns), make([]float64, d)
	for i := range n {
		row := rows.Row(i, buf)
		weight := 1 / float64(n)
		if weights != nil {
			weight = weights[i]
		}
		for j, c := range model.Coefficients {
			e.Values[i] += c * (row[j] - at(background, j))
		}
		e.Values[i] *= weight
	}
	return e, finite(e)
}

// Mean returns the mean of the rows of x, which is all that Linear and Turns need to know of a background. The mean of a nil
// matrix is nil.
func Mean(x mat.Matrix) []float64 {
	if x == nil {
		return nil
	}
	n, d := x.Dims()
	rows, mean, buf := matrix.Of(x), make([]float64, d), make([]float64, d)
	for i := range n {
		for j, v := range rows.Row(i, buf) {
			mean[j] += v
		}
	}
	for j := range mean {
		mean[j] /= float64(n)
	}
	return mean
}

// base is the log-odds of the background.
func base(model *classify.Logistic, background []float64) float64 {
	sum := model.Intercept
	for j, b := range background {
		sum += model.Coefficients[j] * b
	}
	return sum
}

func at(background []float64, j int) float64 {
	if background == nil {
		return 0
	}
	return background[j]
}

func checkRows(model *classify.Logistic, background []float64, x mat.Matrix) (n, d int, err error) {
	if x == nil {
		return 0, 0, errors.New("shap: no rows to explain: the matrix is nil")
	}
	if n, d = x.Dims(); n == 0 {
		return 0, 0, errors.New("shap: no rows to explain")
	}
	return n, d, cmp.Or(checkWidths(model, background, d), ragged("", x))
}

// ragged returns an error if rows of x are not all of one width; of names them.
func ragged(of string, x mat.Matrix) error {
	if err := matrix.Ragged(x); err != nil {
		return fmt.Errorf("shap: %s%w", of, err)
	}
	return nil
}

func checkWidths(model *classify.Logistic, background []float64, width int) error {
	if model == nil {
		return errors.New("shap: no model to explain: it is nil")
	}
	if d := len(model.Coefficients); width != d {
		return fmt.Errorf("shap: rows of %d columns, want the model's %d", width, d)
	}
	if background != nil && len(background) != width {
		return fmt.Errorf("shap: background of %d columns, want the model's %d", len(background), width)
	}
	return nil
}

// finite refuses NaN and infinities, wherever they came from.
func finite(e *Explanation) error {
	if v := e.Base * 0; v != 0 {
		return fmt.Errorf("shap: the base is %v", e.Base)
	}
	for i, v := range e.Values {
		if v*0 != 0 {
			return fmt.Errorf("shap: the value of player %s is %v", e.Name(i), v)
		}
	}
	return nil
}
