package boost

import "github.com/org/salesconv/internal/parallel"

// exactNode is a node of the level that is being split.
type exactNode struct {
	id      int
	above   int // the feature that its parent was split by
	sum     sums
	gain    float32 // of not splitting it
	weight  float32
	bounds  bounds
	path    []int32
	allowed []bool
	best    split
}

// exactGrower grows trees level by level from sorted columns, trying a cut between any two values that differ.
type exactGrower struct {
	*treeOptions
	*regularizer
	columns [][]float32
	sorted  [][]uint64 // of each column: sort keys, and the numbers of their rows
	upward  []bool     // of each column: whether to try missing values on the right too
	tree    Tree
	at      []int32 // the node of each row, or ^node where it does not count (any more)
}

func newExactGrower(o *treeOptions, r *regularizer, columns [][]float32) *exactGrower {
	n := len(columns[0])
	g := &exactGrower{treeOptions: o, regularizer: r, columns: columns, at: make([]int32, n),
		sorted: make([][]uint64, len(columns)), upward: make([]bool, len(columns))}
	parallel.Do(len(columns), func(j int) {
		keys := make([]uint64, 0, n)
		for i, v := range columns[j] {
			if v == v {
				keys = append(keys, uint64(sortKey(v))<<32|uint64(i))
			}
		}
		keys = sortByKey(keys, make([]uint64, len(keys)))
		g.sorted[j] = keys
		g.upward[j] = len(keys) > 0 && len(keys) < n && valueOf(keys[0]) != valueOf(keys[len(keys)-1])
	})
	return g
}

func valueOf(key uint64) float32 { return sortedValue(uint32(key >> 32)) }

// grow grows one tree and adds its leaves to the margins of the rows.
func (g *exactGrower) Grow(gradients []Gradient, columns ColumnSampler, margin []float32) Tree {
	for i := range g.at {
		g.at[i] = 0
		if gradients[i].Hess < 0 {
			g.at[i] = ^0
		}
	}
	g.tree = Tree{Scale: 1, Nodes: []Node{{Left: -1, Right: -1}}}
	level := []*exactNode{{bounds: unbounded}}
	g.measure(level, gradients)
	for depth := 0; depth < g.maxDepth && len(level) > 0; depth++ {
		g.findSplits(level, gradients, depth, columns)
		next := g.split(level)
		g.move()
		g.measure(next, gradients)
		for k := 0; k < len(next); k += 2 {
			left, right := next[k], next[k+1]
			left.bounds, right.bounds = g.divide(left.bounds, left.above, left.weight, right.weight)
		}
		level = next
	}
	target := g.prune()
	for i, id := range g.at {
		margin[i] += g.tree.Nodes[target[max(id, ^id)]].Value
	}
	g.tree.Compact()
	return g.tree
}

// measure sums the derivatives of new nodes, which still have the bounds of their parents.
func (g *exactGrower) measure(level []*exactNode, gradients []Gradient) {
	if len(level) == 0 {
		return
	}
	first := level[0].id
	for i, id := range g.at {
		if k := int(id) - first; k >= 0 {
			n := level[k]
			n.sum = n.sum.plus(gradients[i].sums())
		}
	}
	for _, n := range level {
		n.weight, n.gain = g.weight(n.sum, n.bounds), g.gain(n.sum, n.bounds)
		t := &g.tree.Nodes[n.id]
		t.Weight, t.Value, t.Cover = n.weight, n.weight*g.eta, float32(n.sum.hess)
	}
}

// findSplits finds the best split of each node of a level.
func (g *exactGrower) findSplits(level []*exactNode, gradients []Gradient, depth int, columns ColumnSampler) {
	const most = 64 // groups of columns that are searched side by side
	groups := min(most, len(g.columns))
	best := make([][]split, groups)
	sampled := columns.node(0, depth, nil)
	parallel.Do(groups, func(k int) {
		s := newExactScan(g, level, gradients)
		for j := k * len(g.columns) / groups; j < (k+1)*len(g.columns)/groups; j++ {
			if sampled == nil || sampled[j] {
				s.column(j)
			}
		}
		best[k] = s.best
	})
	for k, n := range level {
		for _, b := range best {
			n.best.improve(&b[k])
		}
	}
}

// split applies the splits that gain enough and returns the children.
func (g *exactGrower) split(level []*exactNode) []*exactNode {
	var next []*exactNode
	for _, n := range level {
		if n.best.gain <= minGain {
			continue
		}
		id := g.tree.split(n.id, &n.best, Node{}, Node{})
		above := int(n.best.feature)
		left, right := &exactNode{id: id, above: above, bounds: n.bounds}, &exactNode{id: id + 1, above: above, bounds: n.bounds}
		if g.interactions != nil {
			left.allowed, left.path = g.interactions.below(n.path, n.best.feature, len(g.columns))
			right.allowed, right.path = left.allowed, left.path
		}
		next = append(next, left, right)
	}
	return next
}

// move sends rows on to the children of their nodes; those that stay in a leaf no longer count.
func (g *exactGrower) move() {
	for i, id := range g.at {
		n := &g.tree.Nodes[max(id, ^id)]
		switch {
		case n.IsLeaf():
			g.at[i] = min(id, ^id)
		case id >= 0:
			g.at[i] = int32(n.Next(g.columns[n.Feature][i]))
		default:
			g.at[i] = ^int32(n.Next(g.columns[n.Feature][i]))
		}
	}
}

// prune makes splits of two leaves that gain less than gamma leaves, from the bottom up, and returns for each node
// itself or the leaf above it.
func (g *exactGrower) prune() []int {
	nodes := g.tree.Nodes
	target := make([]int, len(nodes))
	parent := make([]int, len(nodes))
	for i := len(nodes) - 1; i >= 0; i-- {
		target[i] = i
		n := &nodes[i]
		if n.IsLeaf() {
			continue
		}
		parent[n.Left], parent[n.Right] = i, i
		if nodes[n.Left].IsLeaf() && nodes[n.Right].IsLeaf() && n.Gain < g.gamma {
			*n = Node{Left: -1, Right: -1, Weight: n.Weight, Value: n.Weight * g.eta, Cover: n.Cover}
		}
	}
	for i := range nodes {
		if p := target[parent[i]]; nodes[p].IsLeaf() {
			target[i] = p
		}
	}
	return target
}

// exactScan goes through sorted columns and keeps the best split of each node of a level.
type exactScan struct {
	*exactGrower
	level     []*exactNode
	gradients []Gradient
	best      []split
	sum       []sums    // of the values of each node so far
	last      []float32 // the last of them
}

func newExactScan(g *exactGrower, level []*exactNode, gradients []Gradient) *exactScan {
	n := len(level)
	return &exactScan{g, level, gradients, make([]split, n), make([]sums, n), make([]float32, n)}
}

// column tries the cuts of a column.
func (s *exactScan) column(j int) {
	keys := s.sorted[j]
	if s.upward[j] {
		clear(s.sum)
		for _, key := range keys {
			s.step(j, key, false)
		}
		s.end(j, false)
	}
	clear(s.sum)
	for i := len(keys) - 1; i >= 0; i-- {
		s.step(j, keys[i], true)
	}
	s.end(j, true)
}

// step takes in the next value of a column, after trying a cut before it.
func (s *exactScan) step(j int, key uint64, down bool) {
	row, v := uint32(key), valueOf(key)
	k := int(s.at[row]) - s.level[0].id
	if k < 0 {
		return
	}
	n := s.level[k]
	if n.allowed != nil && !n.allowed[j] {
		return
	}
	sum := &s.sum[k]
	if last := s.last[k]; sum.hess != 0 && v != last {
		threshold := (v + last) * 0.5
		if threshold == v {
			threshold = last
		}
		s.try(j, k, threshold, down)
	}
	*sum = sum.plus(s.gradients[row].sums())
	s.last[k] = v
}

// end tries to divide the values of each node from the missing ones.
func (s *exactScan) end(j int, down bool) {
	for k, n := range s.level {
		if n.allowed != nil && !n.allowed[j] {
			continue
		}
		gap := abs32(s.last[k]) + minGain
		if down {
			gap = -gap
		}
		s.try(j, k, s.last[k]+gap, down)
	}
}

// try considers a cut between what has been summed and the rest of node k, missing values included: the rest is on
// the left if values came downwards.
func (s *exactScan) try(j, k int, threshold float32, down bool) {
	n, sum := s.level[k], s.sum[k]
	least := float64(s.minChild)
	if sum.hess < least {
		return
	}
	rest := n.sum.minus(sum)
	lambda, needed := float64(s.lambda), float64(s.best[k].gain+n.gain)*nearly
	if rest.hess < least || !mayGain(sum.grad, sum.hess+lambda, rest.grad, rest.hess+lambda, needed) {
		return
	}
	t := split{feature: int32(j), threshold: threshold, defaultLeft: down, left: sum, right: rest}
	if down {
		t.left, t.right = rest, sum
	}
	t.gain = s.splitGain(j, t.left, t.right, n.bounds) - n.gain
	s.best[k].improve(&t)
}
