package boost

import (
	"container/heap"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/org/salesconv/internal/parallel"
)

// histNode is a node that may still be split.
type histNode struct {
	id, depth int
	from, to  int // its rows
	total     whole
	sum       sums
	gain      float32 // of not splitting it
	bounds    bounds
	path      []int32 // features split on above, with interaction constraints
	allowed   []bool  // features to split on; nil: all
	best      split
	reached   atomic.Uint64 // bits of the largest gain that reach was given
	histogram []int64       // nil where its children need none
}

// reach records the gain (0 or more) of a split of the node and returns the largest recorded so far. Columns that gain less
// are skipped: which ones depends on the order in which they are scanned, the best split does not.
func (n *histNode) reach(gain float64) float64 {
	for {
		bits := n.reached.Load()
		if most := math.Float64frombits(bits); gain <= most {
			return most
		}
		if n.reached.CompareAndSwap(bits, math.Float64bits(gain)) {
			return gain
		}
	}
}

// histGrower grows trees from histograms.
type histGrower struct {
	*treeOptions
	*regularizer
	data *bins

	summands
	rows      []uint32  // of each node, one node after the other
	rowsTo    []uint32  // room to partition them
	free      [][]int64 // histograms for use
	scratch   sync.Pool
	tree      Tree
	columns   ColumnSampler
	leaves    int
	finished  []*histNode // leaves with their rows
	blockBest []split
}

func newHistGrower(o *treeOptions, r *regularizer, data *bins) *histGrower {
	n := data.rows
	g := &histGrower{treeOptions: o, regularizer: r, data: data, rows: make([]uint32, n), rowsTo: make([]uint32, n)}
	largest := 0
	for i := range data.blocks {
		largest = max(largest, data.blocks[i].lanes()<<data.blocks[i].shift)
	}
	g.scratch.New = func() any { s := make([]int64, 2*largest*fullWords); return &s }
	return g
}

// grow grows one tree and adds its leaves to the margins of the rows.
func (g *histGrower) Grow(gradients []Gradient, columns ColumnSampler, margin []float32) Tree {
	total := g.fix(gradients)
	g.columns, g.leaves, g.finished = columns, 1, g.finished[:0]
	for i := range g.rows {
		g.rows[i] = uint32(i)
	}
	sum := g.float(total)
	root := &histNode{to: len(g.rows), total: total, sum: sum, gain: g.gain(sum, unbounded), bounds: unbounded}
	w := g.weight(sum, unbounded)
	g.tree = Tree{Scale: 1, Nodes: []Node{{Left: -1, Right: -1, Weight: w, Value: w * g.eta, Cover: float32(sum.hess)}}}
	g.evaluate([]*histPair{{small: root}})
	if g.lossGuide {
		g.growByLoss(root)
	} else {
		g.growByDepth(root)
	}
	parallel.Do(len(g.finished), func(k int) {
		n := g.finished[k]
		v := g.tree.Nodes[n.id].Value
		for _, i := range g.rows[n.from:n.to] {
			margin[i] += v
		}
	})
	return g.tree
}

// finish makes a node a leaf for good.
func (g *histGrower) finish(n *histNode) {
	g.release(n)
	g.finished = append(g.finished, n)
}

func (g *histGrower) release(n *histNode) {
	if n.histogram != nil {
		g.free = append(g.free, n.histogram)
		n.histogram = nil
	}
}

// growByDepth splits all nodes of a level before the nodes of the next.
func (g *histGrower) growByDepth(root *histNode) {
	for level := []*histNode{root}; len(level) > 0; {
		var parents []*histNode
		for _, n := range level {
			if g.valid(n) {
				g.leaves++
				parents = append(parents, n)
			} else {
				g.finish(n)
			}
		}
		level = g.expand(parents)
	}
}

// growByLoss splits the node that gains most, until none may be split.
func (g *histGrower) growByLoss(root *histNode) {
	open := byGain{root}
	for len(open) > 0 && g.valid(open[0]) {
		n := heap.Pop(&open).(*histNode)
		g.leaves++
		for _, child := range g.expand([]*histNode{n}) {
			if child.best.gain > minGain {
				heap.Push(&open, child)
			} else {
				g.finish(child)
			}
		}
	}
	for _, n := range open {
		g.finish(n)
	}
}

// byGain is a heap of nodes by gain, equal ones by age.
type byGain []*histNode

func (h byGain) Len() int      { return len(h) }
func (h byGain) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h byGain) Less(i, j int) bool {
	if h[i].best.gain != h[j].best.gain {
		return h[i].best.gain > h[j].best.gain
	}
	return h[i].id < h[j].id
}
func (h *byGain) Push(n any) { *h = append(*h, n.(*histNode)) }
func (h *byGain) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// valid reports whether the best split of a node is good enough and within the limits.
func (g *histGrower) valid(n *histNode) bool {
	return n.best.gain > minGain && n.best.gain >= g.gamma && n.best.left.hess != 0 && n.best.right.hess != 0 &&
		(g.maxLeaves == 0 || g.leaves < g.maxLeaves)
}

// expand splits nodes and returns the children that may be split further; other children become leaves.
func (g *histGrower) expand(parents []*histNode) []*histNode {
	children := make([]*histNode, 0, 2*len(parents))
	for _, n := range parents {
		left, right := g.split(n)
		children = append(children, left, right)
	}
	parallel.Do(len(parents), func(k int) { g.partition(parents[k], children[2*k], children[2*k+1]) })
	depth := 0
	if len(parents) > 0 {
		depth = parents[0].depth + 1
	}
	if g.maxDepth > 0 && depth >= g.maxDepth || g.maxLeaves > 0 && g.leaves >= g.maxLeaves {
		for _, n := range parents {
			g.release(n)
		}
		for _, n := range children {
			g.finish(n)
		}
		return nil
	}
	pairs := make([]*histPair, len(parents))
	for k, n := range parents {
		p := &histPair{parent: n, small: children[2*k], large: children[2*k+1]}
		if p.large.to-p.large.from < p.small.to-p.small.from {
			p.small, p.large = p.large, p.small
		}
		pairs[k] = p
	}
	g.evaluate(pairs)
	return children
}

// split applies the best split of a node to the tree.
func (g *histGrower) split(n *histNode) (left, right *histNode) {
	s := &n.best
	wl, wr := g.weight(s.left, n.bounds), g.weight(s.right, n.bounds)
	id := g.tree.split(n.id, s,
		Node{Value: wl * g.eta, Weight: wl * g.eta, Cover: float32(s.left.hess)},
		Node{Value: wr * g.eta, Weight: wr * g.eta, Cover: float32(s.right.hess)})
	g.tree.Nodes[n.id].Weight = g.weight(n.sum, n.bounds)
	left = &histNode{id: id, depth: n.depth + 1, sum: s.left, gain: g.gain(s.left, n.bounds)}
	right = &histNode{id: id + 1, depth: n.depth + 1, sum: s.right, gain: g.gain(s.right, n.bounds)}
	left.bounds, right.bounds = g.divide(n.bounds, int(s.feature), wl, wr)
	if g.interactions != nil {
		left.allowed, left.path = g.interactions.below(n.path, s.feature, len(g.data.cuts))
		right.allowed, right.path = left.allowed, left.path
	}
	return left, right
}

// partition sorts the rows of a node to its children, keeping their order.
func (g *histGrower) partition(n, left, right *histNode) {
	block, k := g.data.locate(int(n.best.feature))
	goes := g.directions(&n.best)
	rows, rest := g.rows[n.from:n.to], g.rowsTo[n.from:n.to]
	l := 0
	if g.words == packedWords {
		l = divide(rows, rest, g.packed[n.from:n.to], g.packedTo[n.from:n.to], block, k, goes)
	} else {
		l = divide(rows, rest, g.full[n.from:n.to], g.fullTo[n.from:n.to], block, k, goes)
	}
	left.from, left.to, right.from, right.to = n.from, n.from+l, n.from+l, n.to
	left.total = g.sum(left.from, left.to)
	right.total = n.total.minus(left.total)
}

// divide sorts rows and their gradients by where column k of a block sends them, and returns how many go left.
func divide[G any](rows, rest []uint32, gradients, restGradients []G, block *binBlock, k int, goes []int) int {
	l, r := 0, 0
	for i, row := range rows {
		g, right := gradients[i], goes[block.code(row, k)]
		rows[l], gradients[l] = row, g
		rest[r], restGradients[r] = row, g
		l += 1 - right
		r += right
	}
	copy(rows[l:], rest[:r])
	copy(gradients[l:], restGradients[:r])
	return l
}

// directions gives for each code of the split column 0 if it goes left, 1 if it goes right.
func (g *histGrower) directions(s *split) []int {
	c := &g.data.cuts[s.feature]
	goes := make([]int, len(c.cut)+1)
	for b, cut := range c.cut {
		if s.categories == nil && cut > s.threshold || s.categories != nil && hasCategory(s.categories, cut) {
			goes[b] = 1
		}
	}
	if !s.defaultLeft {
		goes[len(c.cut)] = 1
	}
	return goes
}

// A histPair is two new siblings: the histogram of the small one is built, the histogram of the other is what remains
// of their parent's. The root is small, alone.
type histPair struct{ parent, small, large *histNode }

// evaluate finds the best split of new nodes.
func (g *histGrower) evaluate(pairs []*histPair) {
	for _, p := range pairs {
		keep := g.maxDepth == 0 || p.small.depth+1 < g.maxDepth // children will need it
		if keep {
			p.small.histogram = g.histogram()
		}
		if p.large != nil && keep {
			p.large.histogram = p.parent.histogram
		}
		for _, n := range [2]*histNode{p.small, p.large} {
			if n != nil {
				n.allowed = g.columns.node(n.id, n.depth, n.allowed)
			}
		}
	}
	blocks := len(g.data.blocks)
	g.blockBest = slices.Grow(g.blockBest[:0], 2*len(pairs)*blocks)[:2*len(pairs)*blocks]
	parts := 1 // a task is a block, whose words then stay in the cache, for all pairs, unless there are few blocks
	if blocks < 2*runtime.GOMAXPROCS(0) {
		parts = len(pairs)
	}
	parallel.Do(blocks*parts, func(task int) {
		b := task / parts
		for k := task % parts; k < len(pairs); k += parts {
			best := g.blockBest[2*k*blocks:]
			g.evaluateBlock(pairs[k], &g.data.blocks[b], &best[b], &best[blocks+b])
		}
	})
	for k, p := range pairs {
		best := g.blockBest[2*k*blocks:]
		for b := range blocks {
			p.small.best.improve(&best[b])
			if p.large != nil {
				p.large.best.improve(&best[blocks+b])
			}
		}
		if p.large != nil && p.large.histogram == nil {
			g.release(p.parent)
		}
	}
}

// histogram is a free histogram.
func (g *histGrower) histogram() []int64 {
	size := g.data.size * g.words
	for n := len(g.free); n > 0; n-- {
		h := g.free[n-1]
		g.free = g.free[:n-1]
		if cap(h) >= size { // others are from trees that took fewer words
			return h[:size]
		}
	}
	return make([]int64, size)
}

// evaluateBlock finds the best splits of a pair by the columns of a block.
func (g *histGrower) evaluateBlock(p *histPair, b *binBlock, small, large *split) {
	*small, *large = split{}, split{}
	scratch := g.scratch.Get().(*[]int64)
	defer g.scratch.Put(scratch)
	size := b.lanes() << b.shift * g.words
	h := (*scratch)[:size]
	if p.small.histogram != nil {
		h = b.of(p.small.histogram, g.words)
	}
	clear(h)
	if rows := g.rows[p.small.from:p.small.to]; g.words == packedWords {
		b.addPacked(h, rows, g.packed[p.small.from:p.small.to])
	} else {
		b.addFull(h, rows, g.full[p.small.from:p.small.to])
	}
	g.scanBlock(p.small, b, h, small)
	if p.large == nil {
		return
	}
	parent := b.of(p.parent.histogram, g.words)
	rest := (*scratch)[size : 2*size]
	if p.large.histogram != nil {
		rest = b.of(p.large.histogram, g.words) // the parent's, which is no longer needed
	}
	for i, v := range parent[:len(h)] {
		rest[i] = v - h[i]
	}
	g.scanBlock(p.large, b, rest, large)
}
