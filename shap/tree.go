package shap

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/internal/kernel"
	"github.com/org/salesconv/internal/matrix"
	"gonum.org/v1/gonum/mat"
)

// TreeExplainer explains the log-odds that boosted trees give rows, a NaN being a missing value. Where a column is
// unknown, a tree takes both branches, weighted by the training rows that took them (their cover): path-dependent
// TreeSHAP (Lundberg et al. 2018), the values that XGBoost calls contributions. Time grows with leaves × the number of
// different columns on a path; see [paths] for the method. It is safe for concurrent use.
type TreeExplainer struct {
	model *classify.Boosted
	trees []*paths
	base  float64
}

// deepest is the number of splits on a path up to which trees are explained.
const deepest = 4096

// NewTreeExplainer prepares the trees of a model. It takes about as long as explaining ten rows, and up to 400 bytes for
// each node.
func NewTreeExplainer(model *classify.Boosted) (*TreeExplainer, error) {
	if model.Columns() == 0 {
		return nil, errors.New("shap: no model to explain: it is nil, or neither fitted nor read")
	}
	e := &TreeExplainer{model: model, base: model.Base()}
	for i := range model.Trees() {
		p, err := newPaths(&model.Trees()[i], model.Columns())
		if err != nil {
			return nil, fmt.Errorf("shap: tree %d: %w", i, err)
		}
		e.trees = append(e.trees, p)
		e.base += p.base
	}
	return e, nil
}

// Explain explains one row. Base and Values add up to the sum of the leaves, in float64, within 1e-9; the model's
// Margins are that sum in float32, as XGBoost adds them up.
func (t *TreeExplainer) Explain(row []float64) (*Explanation, error) {
	if err := t.checkWidth(len(row)); err != nil {
		return nil, err
	}
	rows, err := t.ExplainRows(context.Background(), mat.NewDense(1, len(row), row))
	if err != nil {
		return nil, err
	}
	return rows.Row(0), nil
}

// ExplainRows explains all rows of x, on all processors. The values of a row do not depend on the others.
func (t *TreeExplainer) ExplainRows(ctx context.Context, x mat.Matrix) (*Explanations, error) {
	if t == nil || x == nil {
		return nil, errors.New("shap: no explainer or no rows: nil")
	}
	n, d := x.Dims()
	if err := cmp.Or(t.checkWidth(d), ragged("", x)); err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, errors.New("shap: no rows to explain")
	}
	out := &Explanations{Base: t.base, Values: mat.NewDense(n, d, nil), Names: t.model.Names(), X: x}
	blocks := (n + lanes - 1) / lanes
	errs := make([]error, blocks)
	pool := kernel.NewPool(0)
	defer pool.Close()
	pool.Do(blocks, func(_, b int) { errs[b] = t.explainBlock(ctx, x, b*lanes, min(n, (b+1)*lanes), out) })
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// explainBlock explains rows from up to to, at most lanes.
func (t *TreeExplainer) explainBlock(ctx context.Context, x mat.Matrix, from, to int, out *Explanations) error {
	d := t.model.Columns()
	w := &walk{rows: to - from, x: make([]float32, d*lanes), values: make([][lanes]float64, d)}
	rows, buf := matrix.Of(x), make([]float64, d)
	for r := range w.rows {
		narrow, err := treeRow(rows.Row(from+r, buf))
		if err != nil {
			return fmt.Errorf("shap: row %d: %w", from+r, err)
		}
		for j, v := range narrow {
			w.x[j*lanes+r] = v
		}
	}
	for i, p := range t.trees {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("shap: stopped before tree %d of %d: %w", i+1, len(t.trees), context.Cause(ctx))
		}
		w.add(p)
	}
	for j := range d {
		for r := range w.rows {
			if v := w.values[j][r]; v-v != 0 {
				return fmt.Errorf("shap: row %d: the value of column %d is %v: a leaf of the model is not finite or too large", from+r, j, v)
			}
			out.Values.Set(from+r, j, w.values[j][r])
		}
	}
	return nil
}

func (t *TreeExplainer) checkWidth(columns int) error {
	if t == nil || t.model == nil {
		return errors.New("shap: no explainer: it is nil, or not of NewTreeExplainer")
	}
	if d := t.model.Columns(); columns != d {
		return fmt.Errorf("shap: rows of %d columns, want the model's %d", columns, d)
	}
	return nil
}

// treeRow returns a row as trees read it.
func treeRow(row []float64) ([]float32, error) {
	x := make([]float32, len(row))
	for j, v := range row {
		if math.IsInf(v, 0) {
			return nil, fmt.Errorf("column %d is %v, want a finite value, or NaN for a missing one", j, v)
		}
		x[j] = float32(v)
	}
	return x, nil
}
