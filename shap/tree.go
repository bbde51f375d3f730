package shap

import (
	"fmt"
	"math"
	"slices"

	"github.com/org/salesconv/classify"
	"gonum.org/v1/gonum/mat"
)

// Tree explains the log-odds that boosted trees give a row, a NaN in it being a missing value. Where a column is
// unknown, a tree goes both ways, in proportion to the training rows that did (their cover): path-dependent TreeSHAP
// (Lundberg et al. 2018), the values that XGBoost calls contributions. Time grows with leaves × depth² of a tree.
func Tree(model *classify.Boosted, row []float64) (*Explanation, error) {
	x, err := treeRow(model, row)
	if err != nil {
		return nil, err
	}
	e := &Explanation{Base: model.Base(), Values: make([]float64, len(row))}
	w := walk{row: x}
	for i := range model.Trees() {
		w.enter(&model.Trees()[i])
		e.Base += w.scale * w.expected[0]
		w.shapley(e.Values, unconditional, 0)
	}
	return e, finite(e)
}

// Interactions shares the log-odds out among pairs of columns. Base and all entries of Values add up to the output;
// a row (or column) of Values adds up to what Tree gives its column.
type Interactions struct {
	Base   float64
	Values *mat.SymDense // off the diagonal: half of what two columns do together; on it: what a column does alone
}

// TreeInteractions splits the path-dependent values of a row into main effects and interactions of two columns
// (Lundberg et al. 2020): half the difference that knowing one column makes to the value of the other. It takes as
// many times as long as Tree as a tree has columns.
func TreeInteractions(model *classify.Boosted, row []float64) (*Interactions, error) {
	x, err := treeRow(model, row)
	if err != nil {
		return nil, err
	}
	d := len(row)
	in := &Interactions{Base: model.Base(), Values: mat.NewSymDense(d, nil)}
	main, on, off := make([]float64, d), make([]float64, d), make([]float64, d)
	w := walk{row: x}
	for t := range model.Trees() {
		w.enter(&model.Trees()[t])
		in.Base += w.scale * w.expected[0]
		w.shapley(main, unconditional, 0)
		columns := columnsOf(w.tree)
		for _, i := range columns {
			clear(on)
			clear(off)
			w.shapley(on, known, i)
			w.shapley(off, unknown, i)
			for _, j := range columns {
				if j > i {
					in.Values.SetSym(i, j, in.Values.At(i, j)+(on[j]-off[j])/2)
				}
			}
		}
	}
	for i := range d {
		alone := main[i]
		for j := range d {
			if j != i {
				alone -= in.Values.At(i, j)
			}
		}
		in.Values.SetSym(i, i, alone)
	}
	return in, nil
}

// columnsOf returns the columns that a tree splits by, ascending.
func columnsOf(t *classify.Tree) []int {
	var list []int
	for i := range t.Nodes {
		if n := &t.Nodes[i]; !n.IsLeaf() {
			list = append(list, n.Feature)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func treeRow(model *classify.Boosted, row []float64) ([]float32, error) {
	if len(row) != model.Columns() {
		return nil, fmt.Errorf("shap: a row of %d columns, want the model's %d", len(row), model.Columns())
	}
	x := make([]float32, len(row))
	for j, v := range row {
		if math.IsInf(v, 0) {
			return nil, fmt.Errorf("shap: column %d is %v, want a finite value, or NaN for a missing one", j, v)
		}
		x[j] = float32(v)
	}
	return x, nil
}

// condition is what becomes of one column in walk.shapley.
type condition int

const (
	unconditional condition = iota
	known                   // it takes no part, and the tree goes the row's way at its splits
	unknown                 // it takes no part, and the tree goes both ways at its splits
)

// step is a column on the path from the root of a tree. Splits by the same column are one step.
type step struct {
	column    int
	zero, one float64 // share of the training rows, and of this row (0 or 1), that takes the path if the column is unknown, known
}

// path is the way from the root of a tree to a node.
type path struct {
	steps   []step
	weights []float64 // [k] is that of the subsets of k of the steps' columns, as far as they take the path
}

// walk explains one row by one tree after the other.
type walk struct {
	tree     *classify.Tree
	scale    float64
	row      []float32
	expected []float64 // of each node: the mean of its leaves by cover

	phi       []float64
	condition condition
	column    int // that the condition is about

	steps   []step    // paths from the root to where the walk is, one behind the other
	weights []float64 // of these paths
	spare   []float64 // weights of a path without one of its steps
	inverse []float64 // [k] is 1/k
}

// enter turns to another tree.
func (w *walk) enter(t *classify.Tree) {
	w.tree, w.scale = t, float64(t.Scale)
	w.expected = append(w.expected[:0], make([]float64, len(t.Nodes))...)
	for i := len(t.Nodes) - 1; i >= 0; i-- { // children come after their parents
		n := &t.Nodes[i]
		if n.IsLeaf() {
			w.expected[i] = float64(n.Value)
			continue
		}
		left := w.leftShare(n)
		w.expected[i] = left*w.expected[n.Left] + (1-left)*w.expected[n.Right]
	}
}

// leftShare is the part of the training rows at n that go left.
func (w *walk) leftShare(n *classify.Node) float64 {
	left, right := float64(w.tree.Nodes[n.Left].Cover), float64(w.tree.Nodes[n.Right].Cover)
	if left+right <= 0 {
		return 0.5
	}
	return left / (left + right)
}

// shapley adds the values of the row, under a condition on one column, to phi.
func (w *walk) shapley(phi []float64, c condition, column int) {
	w.phi, w.condition, w.column = phi, c, column
	w.descend(0, path{}, step{column: -1, zero: 1, one: 1}, 1)
}

// descend goes on to node i by way of a step. The condition's column is no step: it only scales what its leaves give.
func (w *walk) descend(i int, p path, last step, scale float64) {
	if scale == 0 {
		return
	}
	mark := len(w.steps)
	defer func() { w.steps, w.weights = w.steps[:mark], w.weights[:mark] }()
	if w.condition == unconditional || last.column != w.column {
		p = w.extend(p, last)
	}
	n := &w.tree.Nodes[i]
	if n.IsLeaf() {
		w.leaf(p, scale*w.scale*float64(n.Value))
		return
	}
	next := step{column: n.Feature, zero: 1, one: 1}
	for k, s := range p.steps {
		if s.column == n.Feature {
			next, p = s, w.unwind(p, k)
			break
		}
	}
	way, left := n.Next(w.row[n.Feature]), w.leftShare(n)
	for _, child := range [...]struct {
		node  int
		share float64
	}{{n.Left, left}, {n.Right, 1 - left}} {
		s, below := next, scale
		s.zero *= child.share
		if child.node != way {
			s.one = 0
		}
		if n.Feature == w.column {
			switch w.condition {
			case known:
				below *= s.one
			case unknown:
				below *= child.share
			}
		}
		if s.zero != 0 || s.one != 0 {
			w.descend(child.node, p, s, below)
		}
	}
}

// leaf gives the columns on a path their shares of the leaf's value. All columns by which the row leaves the path have
// the same share.
func (w *walk) leaf(p path, value float64) {
	n := len(p.weights) - 1
	cold := 0.0
	for i, weight := range p.weights[:n] {
		cold += weight * float64(n+1) * w.inverse[n-i]
	}
	w.spare = append(w.spare[:0], p.weights[:n]...)
	for k, s := range p.steps[1:] {
		if s.one == 0 {
			w.phi[s.column] -= cold * value
			continue
		}
		w.unwound(w.spare, p, k+1)
		sum := 0.0
		for _, weight := range w.spare {
			sum += weight
		}
		w.phi[s.column] += sum * (1 - s.zero) * value
	}
}

// extend returns a path with one more step: the weights of all subsets grow by those with the new column.
func (w *walk) extend(p path, s step) path {
	n, at := len(p.steps), len(w.steps)
	w.steps = append(append(w.steps, p.steps...), s)
	w.weights = append(append(w.weights, p.weights...), 0)
	longer := path{w.steps[at:], w.weights[at:]}
	if n == 0 {
		longer.weights[0] = 1
	}
	for len(w.inverse) < n+2 {
		w.inverse = append(w.inverse, 1/float64(len(w.inverse)))
	}
	for k := n - 1; k >= 0; k-- {
		longer.weights[k+1] += s.one * longer.weights[k] * float64(k+1) * w.inverse[n+1]
		longer.weights[k] *= s.zero * float64(n-k) * w.inverse[n+1]
	}
	return longer
}

// unwind returns the path without step k: what extend made of the others.
func (w *walk) unwind(p path, k int) path {
	n, at := len(p.steps)-1, len(w.steps)
	w.steps = append(append(w.steps, p.steps[:k]...), p.steps[k+1:]...)
	w.weights = append(w.weights, p.weights[:n]...)
	shorter := path{w.steps[at:], w.weights[at:]}
	w.unwound(shorter.weights, p, k)
	return shorter
}

// unwound sets weights to those of the path without step k.
func (w *walk) unwound(weights []float64, p path, k int) {
	n, s := len(weights), p.steps[k]
	carry := p.weights[n]
	for i := n - 1; i >= 0; i-- {
		if s.one == 0 {
			weights[i] = p.weights[i] * float64(n+1) * w.inverse[n-i] / s.zero
			continue
		}
		weights[i] = carry * float64(n+1) * w.inverse[i+1]
		carry = p.weights[i] - weights[i]*s.zero*float64(n-i)*w.inverse[n+1]
	}
}
