package shap

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/internal/matrix"
	"gonum.org/v1/gonum/mat"
)

// ExplainAgainst explains the log-odds of a row by comparing it with each row of a background: unknown columns take
// the values of that row, whatever their correlations in the data (interventional TreeSHAP, Lundberg et al. 2020).
// Base is the mean output over the background. NaN is a missing value in both. Time grows with rows of the background
// × leaves × depth; some 100 rows are enough.
func (t *TreeExplainer) ExplainAgainst(ctx context.Context, background mat.Matrix, row []float64) (*Explanation, error) {
	if err := t.checkWidth(len(row)); err != nil {
		return nil, err
	}
	x, err := treeRow(row)
	if err != nil {
		return nil, fmt.Errorf("shap: %w", err)
	}
	if background == nil {
		return nil, errors.New("shap: no background: the matrix is nil; Explain needs none")
	}
	n, d := background.Dims()
	if n == 0 {
		return nil, errors.New("shap: the background has no rows")
	}
	if d != len(row) {
		return nil, fmt.Errorf("shap: background of %d columns, want the model's %d", d, len(row))
	}
	if err := ragged("background: ", background); err != nil {
		return nil, err
	}
	e := &Explanation{Base: t.model.Base(), Values: make([]float64, len(row)), Names: t.model.Names()}
	rows, buf := matrix.Of(background), make([]float64, len(row))
	c := comparison{row: x, phi: e.Values}
	for i := range n {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("shap: stopped before row %d of %d of the background: %w", i+1, n, context.Cause(ctx))
		}
		z, err := treeRow(rows.Row(i, buf))
		if err != nil {
			return nil, fmt.Errorf("shap: row %d of the background: %w", i, err)
		}
		for _, p := range t.trees {
			tree := p.tree
			scale := float64(tree.Scale) / float64(n)
			e.Base += scale * float64(tree.Nodes[tree.Leaf(z)].Value)
			c.tree, c.other, c.scale = tree, z, scale
			c.descend(0)
		}
	}
	return e, finite(e)
}

// comparison shares the difference of two rows in one tree out among the columns. A leaf is reached by those
// mixtures of the two rows that take some columns, ours, from the row and others, theirs, from the other row.
type comparison struct {
	tree         *classify.Tree
	row, other   []float32
	ours, theirs []int
	phi          []float64
	scale        float64
}

func (c *comparison) descend(i int) {
	n := &c.tree.Nodes[i]
	if n.IsLeaf() {
		c.leaf(float64(n.Value) * c.scale)
		return
	}
	way, otherWay := n.Next(c.row[n.Feature]), n.Next(c.other[n.Feature])
	switch {
	case way == otherWay || slices.Contains(c.ours, n.Feature):
		c.descend(way)
	case slices.Contains(c.theirs, n.Feature):
		c.descend(otherWay)
	default:
		c.ours = append(c.ours, n.Feature)
		c.descend(way)
		c.ours = c.ours[:len(c.ours)-1]
		c.theirs = append(c.theirs, n.Feature)
		c.descend(otherWay)
		c.theirs = c.theirs[:len(c.theirs)-1]
	}
}

// leaf gives each of a columns of ours (a-1)! b!/(a+b)! of the value, the share of orders in which it comes last of
// them while all b of theirs are still out, and takes a! (b-1)!/(a+b)! from each of theirs.
func (c *comparison) leaf(value float64) {
	a, b := len(c.ours), len(c.theirs)
	if a > 0 {
		share := value * beta(a, b+1)
		for _, j := range c.ours {
			c.phi[j] += share
		}
	}
	if b > 0 {
		share := value * beta(a+1, b)
		for _, j := range c.theirs {
			c.phi[j] -= share
		}
	}
}

// beta is (a-1)!(b-1)!/(a+b-1)!.
func beta(a, b int) float64 {
	v := 1 / float64(a+b-1)
	for k := 1; k < b; k++ {
		v *= float64(k) / float64(a+b-1-k)
	}
	return v
}
