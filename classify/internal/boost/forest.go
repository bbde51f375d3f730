package boost

import (
	"slices"

	"github.com/org/salesconv/internal/kernel"
)

// heapLevels is the number of levels of a tree that one heap holds.
const heapLevels = 6

// A Forest is a list of trees laid out for prediction, in heaps: the top of each tree, tree by tree, then what is below
// those that are deeper. All levels of a heap are complete; where the tree ends early its leaf is repeated.
type Forest struct {
	kernel.Forest
	trees []Tree
	// below gives, by heap and leaf, the heap where the tree continues, 0 for nowhere; nil: none at all.
	below [][]int
	runs  []run

	categorical []bool // by tree
}

// A run is neighbouring trees, all of them plain, which is not deeper than a heap and without categories, or none.
type run struct {
	from, to int
	plain    bool
	kernel.Forest
}

// NewForest lays trees out.
func NewForest(trees []Tree) *Forest {
	f := &Forest{trees: trees}
	f.Levels = 1
	for i := range trees {
		f.Levels = max(f.Levels, min(heapLevels, trees[i].Depth()))
	}
	for range trees {
		f.addHeap()
	}
	for i := range trees {
		f.categorical = append(f.categorical, trees[i].splitsByCategory())
		plain := !f.categorical[i]
		if plain {
			f.layout(&trees[i], i, 0)
			plain = f.below[i] == nil
		}
		if k := len(f.runs); k > 0 && f.runs[k-1].plain == plain {
			f.runs[k-1].to++
		} else {
			f.runs = append(f.runs, run{from: i, to: i + 1, plain: plain})
		}
	}
	for k := range f.runs {
		r := &f.runs[k]
		lo, hi := r.from*kernel.TreeSize, r.to*kernel.TreeSize
		r.Forest = kernel.Forest{Levels: f.Levels, Threshold: f.Threshold[lo:hi], Feature: f.Feature[lo:hi], Leaf: f.Leaf[lo:hi]}
	}
	return f
}

func (t *Tree) splitsByCategory() bool {
	return slices.ContainsFunc(t.Nodes, func(n Node) bool { return n.Categories != nil })
}

// addHeap makes room for another heap and returns its number.
func (f *Forest) addHeap() int {
	var zero [kernel.TreeSize]float32
	var none [kernel.TreeSize]uint32
	f.Threshold, f.Leaf = append(f.Threshold, zero[:]...), append(f.Leaf, zero[:]...)
	f.Feature, f.below = append(f.Feature, none[:]...), append(f.below, nil)
	return len(f.below) - 1
}

// layout copies the levels from node root down into a heap, and what is below them into further heaps.
func (f *Forest) layout(t *Tree, heap, root int) {
	at := [2 * kernel.TreeSize]int{1: root} // the node at each place
	leaves := 1 << f.Levels
	for i := 1; i < leaves; i++ {
		n := &t.Nodes[at[i]]
		at[2*i], at[2*i+1] = at[i], at[i]
		if n.IsLeaf() {
			continue
		}
		at[2*i], at[2*i+1] = n.Left, n.Right
		k := heap*kernel.TreeSize + i
		f.Threshold[k], f.Feature[k] = n.Threshold, uint32(n.Feature)
		if !n.DefaultLeft {
			f.Feature[k] |= kernel.MissingRight
		}
	}
	for i := leaves; i < 2*leaves; i++ {
		n := &t.Nodes[at[i]]
		if n.IsLeaf() {
			f.Leaf[heap*kernel.TreeSize+i%kernel.TreeSize] = n.Value * t.Scale
			continue
		}
		if f.below[heap] == nil {
			f.below[heap] = make([]int, kernel.TreeSize)
		}
		next := f.addHeap()
		f.below[heap][i%kernel.TreeSize] = next
		f.layout(t, next, at[i])
	}
}

// Add adds what the trees give a block of rows, of width values each, to their margins: in float32 and in the order
// of the trees, as XGBoost does.
func (f *Forest) Add(rows []float32, width int, margin *[kernel.ForestRows]float32) {
	for i := range f.runs {
		r := &f.runs[i]
		if r.plain {
			r.AddRows(rows, width, margin)
			continue
		}
		for k := range margin {
			margin[k] = f.addOthers(r, rows[k*width:(k+1)*width], margin[k])
		}
	}
}

// AddRow is Add for one row.
func (f *Forest) AddRow(row []float32, margin float32) float32 {
	for i := range f.runs {
		if r := &f.runs[i]; r.plain {
			margin = r.AddRow(row, margin)
		} else {
			margin = f.addOthers(r, row, margin)
		}
	}
	return margin
}

// addOthers adds the trees of a run that is not plain to one row.
func (f *Forest) addOthers(r *run, row []float32, margin float32) float32 {
	for i := r.from; i < r.to; i++ {
		margin += f.value(i, row)
	}
	return margin
}

// value is what tree i gives a row.
func (f *Forest) value(i int, row []float32) float32 {
	if t := &f.trees[i]; f.categorical[i] {
		return t.Nodes[t.Leaf(row)].Value * t.Scale
	}
	for heap := i; ; {
		at := f.Place(heap, row)
		if f.below[heap] == nil || f.below[heap][at] == 0 {
			return f.Leaf[heap*kernel.TreeSize+at]
		}
		heap = f.below[heap][at]
	}
}
