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
	for i := range model.Trees() {
		w := newWalk(&model.Trees()[i], x)
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
	for t := range model.Trees() {
		w := newWalk(&model.Trees()[t], x)
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
	zero, one float64 // share of the training rows, and of this row, that takes the path if the column is unknown, known
	weight    float64 // of the subsets of as many known columns as the step's place in the path
}

// walk explains one row by one tree.
type walk struct {
	tree     *classify.Tree
	scale    float64
	row      []float32
	expected []float64 // of each node: the mean of its leaves by cover

	phi       []float64
	condition condition
	column    int // that the condition is about
}

func newWalk(t *classify.Tree, row []float32) *walk {
	w := &walk{tree: t, scale: float64(t.Scale), row: row, expected: make([]float64, len(t.Nodes))}
	for i := len(t.Nodes) - 1; i >= 0; i-- { // children come after their parents
		n := &t.Nodes[i]
		if n.IsLeaf() {
			w.expected[i] = float64(n.Value)
			continue
		}
		w.expected[i] = w.share(n, n.Left)*w.expected[n.Left] + w.share(n, n.Right)*w.expected[n.Right]
	}
	return w
}

// share is the part of the rows at n that go to one of its children.
func (w *walk) share(n *classify.Node, child int) float64 {
	nodes := w.tree.Nodes
	cover := float64(nodes[n.Left].Cover) + float64(nodes[n.Right].Cover)
	if cover <= 0 {
		return 0.5
	}
	return float64(nodes[child].Cover) / cover
}

// shapley adds the values of the row, under a condition on one column, to phi.
func (w *walk) shapley(phi []float64, c condition, column int) {
	w.phi, w.condition, w.column = phi, c, column
	w.descend(0, nil, step{column: -1, zero: 1, one: 1}, 1)
}

// descend goes on to node i by way of a step. The condition's column is no step: it only scales what its leaves give.
func (w *walk) descend(i int, path []step, last step, scale float64) {
	if scale == 0 {
		return
	}
	if w.condition == unconditional || last.column != w.column {
		path = extend(path, last)
	}
	n := &w.tree.Nodes[i]
	if n.IsLeaf() {
		for k, s := range path[1:] {
			w.phi[s.column] += scale * w.scale * unwoundSum(path, k+1) * (s.one - s.zero) * float64(n.Value)
		}
		return
	}
	next := step{column: n.Feature, zero: 1, one: 1}
	for k, s := range path {
		if s.column == n.Feature {
			next.zero, next.one = s.zero, s.one
			path = unwind(path, k)
			break
		}
	}
	way := n.Next(w.row[n.Feature])
	for _, child := range []int{n.Left, n.Right} {
		s, below := next, scale
		s.zero *= w.share(n, child)
		if child != way {
			s.one = 0
		}
		if n.Feature == w.column {
			switch w.condition {
			case known:
				below *= s.one
			case unknown:
				below *= w.share(n, child)
			}
		}
		w.descend(child, path, s, below)
	}
}

// extend returns a new path with one more step: the weights of all subsets grow by those with the new column.
func extend(path []step, s step) []step {
	n := len(path)
	longer := make([]step, n+1)
	copy(longer, path)
	longer[n] = s
	if n == 0 {
		longer[0].weight = 1
	}
	for k := n - 1; k >= 0; k-- {
		longer[k+1].weight += s.one * longer[k].weight * float64(k+1) / float64(n+1)
		longer[k].weight *= s.zero * float64(n-k) / float64(n+1)
	}
	return longer
}

// unwind returns a new path without step k: what extend made of the others.
func unwind(path []step, k int) []step {
	n := len(path) - 1
	shorter := append(slices.Clone(path[:k]), path[k+1:]...)
	unwound(path, k, func(i int, weight float64) { shorter[i].weight = weight })
	return shorter[:n]
}

// unwoundSum is the sum of the weights of unwind(path, k).
func unwoundSum(path []step, k int) float64 {
	sum := 0.0
	unwound(path, k, func(_ int, weight float64) { sum += weight })
	return sum
}

// unwound calls f with the weights of the path without step k, last to first.
func unwound(path []step, k int, f func(i int, weight float64)) {
	n := len(path) - 1
	one, zero := path[k].one, path[k].zero
	carry := path[n].weight
	for i := n - 1; i >= 0; i-- {
		var weight float64
		if one != 0 {
			weight = carry * float64(n+1) / (float64(i+1) * one)
			carry = path[i].weight - weight*zero*float64(n-i)/float64(n+1)
		} else {
			weight = path[i].weight * float64(n+1) / (zero * float64(n-i))
		}
		f(i, weight)
	}
}
