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
	// A task is a block, whose words then stay in the cache, for all pairs, unless there are too few blocks to share out evenly.
	parts := max(1, min(len(pairs), 8*runtime.GOMAXPROCS(0)/blocks))
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
	size := g.blockSize(b)
	h := (*scratch)[:size]
	if p.small.histogram != nil {
		h = b.of(p.small.histogram, g.words)
	}
	g.build(b, p.small, h)
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

// blockSize is the size of a block's part of a histogram.
func (g *histGrower) blockSize(b *binBlock) int { return b.lanes() << b.shift * g.words }

// build makes h the block's part of the histogram of a node. The rows of a large node are shared out, so that processors are busy
// where there are few blocks or nodes.
func (g *histGrower) build(b *binBlock, n *histNode, h []int64) {
	clear(h)
	rows := n.to - n.from
	if len(g.data.blocks) >= 8*runtime.GOMAXPROCS(0) || rows < 2*chunkRows {
		g.add(b, h, n.from, n.to)
		return
	}
	parts := make([]*[]int64, min(chunks(rows), 4*runtime.GOMAXPROCS(0)))
	parallel.Do(len(parts), func(k int) {
		parts[k] = g.scratch.Get().(*[]int64)
		part := (*parts[k])[:len(h)]
		clear(part)
		g.add(b, part, n.from+rows*k/len(parts), n.from+rows*(k+1)/len(parts))
	})
	for _, p := range parts {
		for i, v := range (*p)[:len(h)] {
			h[i] += v
		}
		g.scratch.Put(p)
	}
}

// add adds rows from one place to another to a block's part of a histogram.
func (g *histGrower) add(b *binBlock, h []int64, from, to int) {
	if g.words == packedWords {
		b.addPacked(h, g.rows[from:to], g.packed[from:to])
	} else {
		b.addFull(h, g.rows[from:to], g.full[from:to])
	}
}
