package shap

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// Interactions splits a row's log-odds between pairs of columns. Base and all entries of Values add up to the output;
// a row (or column) of Values adds up to what [TreeExplainer.Explain] gives its column.
type Interactions struct {
	Base float64
	// Values has half of the interaction of two columns off the diagonal, and the main effect of a column on it.
	Values *mat.SymDense
}

// Interactions splits the path-dependent values of a row into main effects and interactions of two columns
// (Lundberg et al. 2020), each of which is half of the Shapley interaction index of the two. Time grows with leaves × the
// square of the number of columns on a path.
func (t *TreeExplainer) Interactions(ctx context.Context, row []float64) (*Interactions, error) {
	e, err := t.Explain(row)
	if err != nil {
		return nil, err
	}
	x, err := treeRow(row)
	if err != nil {
		return nil, fmt.Errorf("shap: %w", err)
	}
	in := &Interactions{Base: e.Base, Values: mat.NewSymDense(len(row), nil)}
	for i, p := range t.trees {
		w := pairs{ctx: ctx, paths: p, x: x, values: in.Values, product: make([]float64, len(p.points))}
		for k, weight := range p.weights {
			w.product[k] = weight * float64(p.tree.Scale) / 2
		}
		if err := w.descend(0); err != nil {
			return nil, fmt.Errorf("shap: stopped in tree %d of %d: %w", i+1, len(t.trees), err)
		}
	}
	for i, alone := range e.Values {
		for j := range e.Values {
			if j != i {
				alone -= in.Values.At(i, j)
			}
		}
		in.Values.SetSym(i, i, alone)
	}
	return in, nil
}

// pairs goes through one tree with one row.
type pairs struct {
	*paths
	ctx     context.Context
	x       []float32
	values  *mat.SymDense
	product []float64 // of the factors from the root, by point
	path    []known   // the columns on the path
}

// known is what a column on the path contributes: (one-zero) / (t·one + (1-t)·zero), by point.
type known struct {
	column int
	zero   float64
	one    float64
	gain   []float64
}

// descend adds the interactions of all leaves below a node.
func (w *pairs) descend(i int) error {
	n := &w.tree.Nodes[i]
	if n.IsLeaf() {
		return w.leaf(float64(n.Value))
	}
	next := n.Next(w.x[n.Feature])
	for _, child := range [...]int{n.Left, n.Right} {
		if err := w.branch(child, child == next); err != nil {
			return err
		}
	}
	return nil
}

// branch goes down to a child, which is the way of the row or is not.
func (w *pairs) branch(child int, follows bool) error {
	path, product := w.path, w.product
	defer func() { w.path, w.product = path, product }()
	c := known{column: w.column[child], zero: w.zero[child], gain: make([]float64, len(w.points))}
	if follows {
		c.one = 1
	}
	w.product = make([]float64, len(w.points))
	copy(w.product, product)
	w.path = make([]known, 0, len(path)+1)
	for _, k := range path {
		if k.column != c.column {
			w.path = append(w.path, k)
			continue
		}
		c.one *= k.one
		for q, t := range w.points {
			w.product[q] = ratio(w.product[q], t*k.one+(1-t)*k.zero)
		}
	}
	for q, t := range w.points {
		w.product[q] *= t*c.one + (1-t)*c.zero
		c.gain[q] = gain(c.one, c.zero, t)
	}
	w.path = append(w.path, c)
	return w.descend(child)
}

// leaf adds the interactions of a leaf. One with thousands of columns on its path takes seconds.
func (w *pairs) leaf(value float64) error {
	for a, one := range w.path {
		if a%64 == 63 && w.ctx.Err() != nil {
			break
		}
		for _, two := range w.path[:a] {
			sum := 0.0
			for q, p := range w.product {
				sum += p * one.gain[q] * two.gain[q]
			}
			w.values.SetSym(one.column, two.column, w.values.At(one.column, two.column)+value*sum)
		}
	}
	return context.Cause(w.ctx)
}
