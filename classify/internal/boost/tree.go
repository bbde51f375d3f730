package boost

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// A Tree is one regression tree of a Boosted model: what a row adds to the log-odds. Only to be read.
type Tree struct {
	Nodes []Node // Nodes[0] is the root; children come after their parent
	// Scale multiplies the leaf values: the weight that DART gave the tree, otherwise 1.
	Scale float32
}

// A Node splits the rows that reach it, or is a leaf.
type Node struct {
	Left, Right int     // indices of the children, -1 in a leaf
	Feature     int     // the column that the split tests
	Threshold   float32 // values below it go left
	// Categories is nil, or a split by category: a bit set of those that go right (bit c%32 of word c/32).
	Categories  []uint32
	DefaultLeft bool    // where a missing value (NaN) goes
	Value       float32 // leaf: what it adds to the log-odds, before the tree's Scale
	// Weight is the best constant for the rows of the node, before shrinking by the learning rate.
	Weight float32
	Gain   float32 // split: by how much it lowers the regularised loss
	// Cover is the sum of the second derivatives of the loss over the training rows of the node.
	Cover float32
}

// IsLeaf reports whether the node has no children.
func (n *Node) IsLeaf() bool { return n.Left < 0 }

// Next is the child that a row with value v in column Feature goes to. Columns are compared as float32, as in
// XGBoost; a category that is negative or was not seen in training goes left.
func (n *Node) Next(v float32) int {
	left := n.DefaultLeft
	switch {
	case v != v:
	case n.Categories == nil:
		left = v < n.Threshold
	default:
		left = !hasCategory(n.Categories, v)
	}
	if left {
		return n.Left
	}
	return n.Right
}

// Leaf is the index of the leaf that a row ends in.
func (t *Tree) Leaf(row []float32) int {
	i := 0
	for !t.Nodes[i].IsLeaf() {
		n := &t.Nodes[i]
		i = n.Next(row[n.Feature])
	}
	return i
}

// Depth is the number of splits on the longest path from the root.
func (t *Tree) Depth() int {
	depth := make([]int, len(t.Nodes))
	deepest := 0
	for i := range t.Nodes {
		if n := &t.Nodes[i]; !n.IsLeaf() {
			depth[n.Left], depth[n.Right] = depth[i]+1, depth[i]+1
			deepest = max(deepest, depth[i]+1)
		}
	}
	return deepest
}

// split turns the leaf i into a split with two new leaves and returns the index of the left one.
func (t *Tree) split(i int, s *split, left, right Node) int {
	n := &t.Nodes[i]
	n.Left, n.Right = len(t.Nodes), len(t.Nodes)+1
	n.Feature, n.Threshold, n.DefaultLeft = int(s.feature), s.threshold, s.defaultLeft
	n.Categories, n.Gain, n.Value = s.categories, s.gain, 0
	left.Left, left.Right, right.Left, right.Right = -1, -1, -1, -1
	t.Nodes = append(t.Nodes, left, right)
	return len(t.Nodes) - 2
}

// Compact drops the nodes that cannot be reached from the root and keeps the order of the others.
func (t *Tree) Compact() {
	index := make([]int, len(t.Nodes))
	kept := t.Nodes[:0]
	index[0] = 1 // 0: not reached, otherwise the new index + 1
	for i, n := range t.Nodes {
		if index[i] == 0 {
			continue
		}
		index[i] = len(kept) + 1
		if !n.IsLeaf() {
			index[n.Left], index[n.Right] = 1, 1
		}
		kept = append(kept, n)
	}
	for i := range kept {
		if n := &kept[i]; !n.IsLeaf() {
			n.Left, n.Right = index[n.Left]-1, index[n.Right]-1
		}
	}
	t.Nodes = kept
}

// MaxCategory is the largest number of a category: float32 holds all integers up to it.
const MaxCategory = 1<<24 - 1

// hasCategory reports whether category v is in the bit set.
func hasCategory(set []uint32, v float32) bool {
	if v < 0 || v > MaxCategory {
		return false
	}
	c := uint(v)
	return c/32 < uint(len(set)) && set[c/32]>>(c%32)&1 != 0
}

// CategoriesIn lists the members of a bit set, ascending.
func CategoriesIn(set []uint32) []int {
	var list []int
	for k, word := range set {
		for ; word != 0; word &= word - 1 {
			list = append(list, 32*k+bits.TrailingZeros32(word))
		}
	}
	return list
}

// CategorySet is the bit set of the categories.
func CategorySet(list []int) []uint32 {
	set := make([]uint32, slices.Max(list)/32+1)
	for _, c := range list {
		set[c/32] |= 1 << (c % 32)
	}
	return set
}

// MaxTreeDepth is the most splits on a path: it keeps recursion within bounds.
const MaxTreeDepth = 1 << 16

// Check checks that the nodes are a tree whose children follow their parents, with sound features and numbers.
func (t *Tree) Check(features int) error {
	reached := make([]int, len(t.Nodes)) // depth + 1
	reached[0] = 1
	for i := range t.Nodes {
		n := &t.Nodes[i]
		v := n.Threshold + n.Value
		switch {
		case reached[i] == 0:
		case v != v || math.IsInf(float64(v), 0):
			return fmt.Errorf("node %d: %v is not a finite number", i, v)
		case n.IsLeaf():
		case n.Feature < 0 || n.Feature >= features:
			return fmt.Errorf("node %d: feature %d of %d", i, n.Feature, features)
		case reached[i] > MaxTreeDepth:
			return fmt.Errorf("deeper than %d", MaxTreeDepth)
		default:
			for _, c := range [2]int{n.Left, n.Right} {
				if c <= i || c >= len(t.Nodes) || reached[c] != 0 {
					return fmt.Errorf("node %d: child %d of %d nodes, want one after its parent and of one parent only", i, c, len(t.Nodes))
				}
				reached[c] = reached[i] + 1
			}
		}
	}
	return nil
}
