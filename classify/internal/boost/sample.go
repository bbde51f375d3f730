package boost

import (
	"math/rand/v2"
	"slices"
)

// A ColumnSampler draws the columns that the splits of one tree may use: some for the tree, of these some for each
// level and of those some for each node. Each draw has its own random stream, whatever the order of the calls.
type ColumnSampler struct {
	seed            uint64
	columns         int
	byLevel, byNode float64
	tree            []int // nil: all
}

// The random streams of a tree: for its rows, its columns, each level and each node.
const (
	rowStream = iota
	treeStream
	dartStream
	levelStream = 1 << 32
	nodeStream  = 2 << 32
)

// NewColumnSampler draws the columns of a tree; shares are of byTree's columns for each level, and of these for each
// node.
func NewColumnSampler(seed uint64, columns int, byTree, byLevel, byNode float64) ColumnSampler {
	c := ColumnSampler{seed: seed, columns: columns, byLevel: byLevel, byNode: byNode}
	c.tree = c.draw(nil, byTree, treeStream)
	return c
}

// draw takes a share of the columns, one at least; nil is all of them.
func (c *ColumnSampler) draw(from []int, share float64, stream uint64) []int {
	if share == 1 {
		return from
	}
	if from == nil {
		from = make([]int, c.columns)
		for j := range from {
			from[j] = j
		}
	}
	drawn := slices.Clone(from)
	rng := rand.New(rand.NewPCG(c.seed, stream))
	rng.Shuffle(len(drawn), func(i, j int) { drawn[i], drawn[j] = drawn[j], drawn[i] })
	return drawn[:max(1, int(share*float64(len(from))))]
}

// node reports for each column whether a node may split on it; allowed are the columns that constraints leave. nil: all.
func (c *ColumnSampler) node(id, depth int, allowed []bool) []bool {
	drawn := c.draw(c.draw(c.tree, c.byLevel, levelStream+uint64(depth)), c.byNode, nodeStream+uint64(id))
	if drawn == nil {
		return allowed
	}
	mask := make([]bool, c.columns)
	for _, j := range drawn {
		mask[j] = allowed == nil || allowed[j]
	}
	return mask
}

// SampleRows leaves rows out of a tree, by making their second derivative negative.
func SampleRows(gradients []Gradient, share float64, seed uint64) {
	if share == 1 {
		return
	}
	rng := rand.New(rand.NewPCG(seed, rowStream))
	for i := range gradients {
		if rng.Float64() >= share {
			gradients[i] = Gradient{0, -1}
		}
	}
}
