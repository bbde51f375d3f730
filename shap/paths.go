package shap

import (
	"fmt"
	"slices"

	"github.com/org/salesconv/classify"
)

// The values of a tree are integrals of polynomials. A leaf is a product game: with the columns S known, a row ends in it
// with probability ∏(j∈S) oneⱼ · ∏(j∉S) zeroⱼ over the columns on its path, where one is 1 if the row goes that way and
// else 0, and zero is the share of the training rows that do. The Shapley value of column i is then
//
//	(oneᵢ-zeroᵢ) · ∫ ∏(j≠i) (t·oneⱼ + (1-t)·zeroⱼ) dt,   t from 0 to 1
//
// (the multilinear extension of Owen 1972), which Gauss–Legendre quadrature gives exactly with half as many points as there
// are columns on the path. So each branch of the tree needs a few multiplications for each point: down the tree the factors
// of a path are multiplied, and on the way back the leaves below a branch are summed, as in Linear TreeSHAP (Yu et al. 2022).
// All products are positive, so nothing cancels, however deep the tree.
const (
	lanes      = 8 // rows that are explained together
	mostPoints = 8 // points of one pass over a tree; deeper trees take several
)

// cases are what a branch may be to a row, by whether the row goes the way of this branch and of all above it on the same
// column: not of those above, of those above but not of this one, of all. A branch with none above has the first and last.
const cases = 3

// factor holds what a branch means at one point.
type factor struct {
	product [cases]float64 // what the product over the path is multiplied by
	// value is what the sum of the leaves below adds to the value of the branch's column.
	value [cases]float64
}

// paths are the branches of one tree, by the node that they lead to.
type paths struct {
	tree   *classify.Tree
	base   float64 // mean of the leaves by cover
	above  []int   // the nearest branch above on the same column, -1 for none
	column []int   // that the branch splits on
	// zero is the share of the training rows that take the branch, and all those above on its column.
	zero            []float64
	depth           int       // branches on the longest path
	points, weights []float64 // of the quadrature
	factors         []factor  // of all points, where they fit one pass: [node][point]
}

// newPaths prepares a tree over a number of columns.
func newPaths(t *classify.Tree, columns int) (*paths, error) {
	n := len(t.Nodes)
	p := &paths{tree: t, above: make([]int, n), column: make([]int, n), zero: make([]float64, n)}
	o := outline{paths: p, latest: make([]int, columns)}
	for j := range o.latest {
		o.latest[j] = -1
	}
	if err := o.descend(0, 0, 1); err != nil {
		return nil, err
	}
	p.points, p.weights = gaussLegendre(max(1, (o.widest+1)/2))
	if len(p.points) <= mostPoints {
		p.factors = p.pass(0, nil)
	}
	return p, nil
}

// outline goes through a tree once.
type outline struct {
	*paths
	latest       []int // by column: the branch nearest to the node, -1 for none
	wide, widest int   // columns on the path, and on the widest
}

// descend fills in the branches below a node that a share of the training rows reaches.
func (o *outline) descend(i, depth int, reach float64) error {
	n := &o.tree.Nodes[i]
	o.depth, o.widest = max(o.depth, depth), max(o.widest, o.wide)
	switch {
	case n.IsLeaf():
		o.base += reach * float64(n.Value) * float64(o.tree.Scale)
		return nil
	case depth == deepest:
		return fmt.Errorf("a path of more than %d splits; no values are computed for trees as deep", deepest)
	}
	left, above := leftShare(o.tree, n), o.latest[n.Feature]
	if above < 0 {
		o.wide++
	}
	for k, child := range [...]int{n.Left, n.Right} {
		share := left
		if k == 1 {
			share = 1 - left
		}
		o.column[child], o.above[child], o.zero[child] = n.Feature, above, share
		if above >= 0 {
			o.zero[child] *= o.zero[above]
		}
		o.latest[n.Feature] = child
		if err := o.descend(child, depth+1, reach*share); err != nil {
			return err
		}
	}
	if o.latest[n.Feature] = above; above < 0 {
		o.wide--
	}
	return nil
}

// leftShare is the share of the training rows at n that go left.
func leftShare(t *classify.Tree, n *classify.Node) float64 {
	left, right := float64(t.Nodes[n.Left].Cover), float64(t.Nodes[n.Right].Cover)
	if left+right <= 0 {
		return 0.5
	}
	return left / (left + right)
}

// width is the number of points in the pass that begins at a point.
func (p *paths) width(from int) int { return min(len(p.points)-from, mostPoints) }

// pass returns the factors of the pass that begins at a point, in place of the factors of another pass.
func (p *paths) pass(from int, factors []factor) []factor {
	width := p.width(from)
	factors = slices.Grow(factors[:0], len(p.tree.Nodes)*width)[:len(p.tree.Nodes)*width]
	for i := 1; i < len(p.tree.Nodes); i++ {
		for k := range width {
			factors[i*width+k] = p.factor(i, p.points[from+k])
		}
	}
	return factors
}

// factor is the factor of the branch to node i at point t.
func (p *paths) factor(i int, t float64) (f factor) {
	zero, a := p.zero[i], p.above[i]
	if a < 0 {
		f.product = [cases]float64{(1 - t) * zero, 0, t + (1-t)*zero}
		f.value = [cases]float64{gain(0, zero, t), 0, gain(1, zero, t)}
		return f
	}
	above := p.zero[a]
	f.product = [cases]float64{ratio(zero, above), ratio((1-t)*zero, t+(1-t)*above), ratio(t+(1-t)*zero, t+(1-t)*above)}
	f.value = [cases]float64{0, gain(0, zero, t) - gain(1, above, t), gain(1, zero, t) - gain(1, above, t)}
	return f
}

// gain is (one-zero) / (t·one + (1-t)·zero).
func gain(one, zero, t float64) float64 {
	if one == 0 {
		return -1 / (1 - t) // where zero is 0 as well, no leaf below counts
	}
	return (1 - zero) / (t + (1-t)*zero)
}

// ratio is a/b, and 0 where both are.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// block is what lanes rows have at each point.
type block [mostPoints][lanes]float64

// walk explains up to lanes rows by one tree after the other.
type walk struct {
	rows   int       // in use
	x      []float32 // [column][lanes]
	values [][lanes]float64

	tree     *paths
	width    int      // points of the pass
	factors  []factor // of the pass
	spare    []factor // room for trees that take several passes
	products []block  // by depth: of the factors from the root
	sums     []block  // by depth: of the leaves below
	// follows gives for each node the rows that take the branch and all branches above it on its column.
	follows []uint8
}

// add adds the values of a tree.
func (w *walk) add(p *paths) {
	w.tree = p
	w.products = slices.Grow(w.products[:0], p.depth+1)[:p.depth+1]
	w.sums = slices.Grow(w.sums[:0], p.depth+1)[:p.depth+1]
	w.follows = slices.Grow(w.follows[:0], len(p.tree.Nodes))[:len(p.tree.Nodes)]
	if p.tree.Nodes[0].IsLeaf() {
		return
	}
	for from := 0; from < len(p.points); from += mostPoints {
		if w.width, w.factors = p.width(from), p.factors; w.factors == nil {
			w.spare = p.pass(from, w.spare)
			w.factors = w.spare
		}
		for k := range w.width {
			for r := range w.rows {
				w.products[0][k][r] = p.weights[from+k] * float64(p.tree.Scale)
			}
		}
		w.descend(0, 0)
	}
}

// descend adds what the branches below a split give.
func (w *walk) descend(node, depth int) {
	n := &w.tree.tree.Nodes[node]
	left := w.left(n)
	w.sums[depth] = block{}
	w.branch(n.Left, depth, left)
	w.branch(n.Right, depth, ^left)
}

// branch adds what the branch to a child and those below it give; rows are the lanes that go its way.
func (w *walk) branch(child, depth int, rows uint8) {
	above := rows
	if a := w.tree.above[child]; a >= 0 {
		above = w.follows[a]
		rows &= above
	}
	w.follows[child] = rows
	c := casesOf(rows, above)
	factors := w.factors[child*w.width : (child+1)*w.width]
	values := w.values[w.tree.column[child]][:w.rows]
	if n := &w.tree.tree.Nodes[child]; n.IsLeaf() {
		leaf(&w.products[depth], factors, &c, float64(n.Value), &w.sums[depth], values)
		return
	}
	multiply(&w.products[depth+1], &w.products[depth], factors, &c, w.rows)
	w.descend(child, depth+1)
	collect(&w.sums[depth], &w.sums[depth+1], factors, &c, values)
}

// left returns which rows go left at a split.
func (w *walk) left(n *classify.Node) (rows uint8) {
	for r, v := range w.x[n.Feature*lanes : n.Feature*lanes+w.rows] {
		if n.Next(v) == n.Left {
			rows |= 1 << r
		}
	}
	return rows
}

// casesOf returns the case of each row.
func casesOf(rows, above uint8) (c [lanes]uint8) {
	for r := range c {
		c[r] = rows>>r&1 + above>>r&1
	}
	return c
}

// multiply: to = from·product.
func multiply(to, from *block, factors []factor, c *[lanes]uint8, rows int) {
	for k := range factors {
		f, to, from := &factors[k].product, to[k][:rows], from[k][:rows]
		for r := range to {
			to[r] = from[r] * f[c[r]%cases]
		}
	}
}

// collect: into += sum, and values += sum·value over all points.
func collect(into, sum *block, factors []factor, c *[lanes]uint8, values []float64) {
	for k := range factors {
		f, into, sum := &factors[k].value, into[k][:len(values)], sum[k][:len(values)]
		for r, s := range sum {
			into[r] += s
			values[r] += s * f[c[r]%cases]
		}
	}
}

// leaf is multiply and collect for the product times the value of a leaf.
func leaf(from *block, factors []factor, c *[lanes]uint8, value float64, into *block, values []float64) {
	for k := range factors {
		f, into, from := &factors[k], into[k][:len(values)], from[k][:len(values)]
		for r := range from {
			s := from[r] * f.product[c[r]%cases] * value
			into[r] += s
			values[r] += s * f.value[c[r]%cases]
		}
	}
}
