package classify

// heapLevels is the number of levels of a tree that one heap holds.
const heapLevels = 6

// A treeHeap is the top of a tree, or of a subtree, laid out for speed: all its levels are complete, so that the
// children of split i are 2i+1 and 2i+2, every row takes the same number of steps and no branch depends on the
// data. Where the tree ends early its leaf is repeated.
type treeHeap struct {
	split        [1 << heapLevels]heapSplit // the last is not used
	missingRight uint64                     // bit i: where split i sends missing values
	leaf         [1 << heapLevels]float32
	below        *[1 << heapLevels]*treeHeap // where the tree goes on below the heap; nil: nowhere
}

// heapSplit sends values from threshold on to the right.
type heapSplit struct {
	threshold float32
	feature   uint32
}

// A forest is a list of trees laid out for prediction.
type forest struct {
	levels int         // of each heap
	heaps  []*treeHeap // nil: the tree splits by category and is only in trees
	trees  []Tree
}

// newForest lays trees out.
func newForest(trees []Tree) *forest {
	f := &forest{levels: 1, heaps: make([]*treeHeap, len(trees)), trees: trees}
	for i := range trees {
		f.levels = max(f.levels, min(heapLevels, trees[i].depth()))
	}
	for i := range trees {
		if t := &trees[i]; !t.splitsByCategory() {
			f.heaps[i] = f.layout(t, 0)
		}
	}
	return f
}

func (t *Tree) splitsByCategory() bool {
	for i := range t.Nodes {
		if t.Nodes[i].Categories != nil {
			return true
		}
	}
	return false
}

// layout copies the levels from node root down into a heap, and what is below them into further heaps.
func (f *forest) layout(t *Tree, root int) *treeHeap {
	h := new(treeHeap)
	at := [2<<heapLevels - 1]int{root} // the node at each place of the heap
	inner := 1<<f.levels - 1
	for i := range inner {
		n := &t.Nodes[at[i]]
		left, right := at[i], at[i]
		if !n.IsLeaf() {
			left, right = n.Left, n.Right
			h.split[i] = heapSplit{n.Threshold, uint32(n.Feature)}
			if !n.DefaultLeft {
				h.missingRight |= 1 << i
			}
		}
		at[2*i+1], at[2*i+2] = left, right
	}
	for k, i := range at[inner : 2*inner+1] {
		n := &t.Nodes[i]
		if n.IsLeaf() {
			h.leaf[k] = n.Value * t.Scale
			continue
		}
		if h.below == nil {
			h.below = new([1 << heapLevels]*treeHeap)
		}
		h.below[k] = f.layout(t, i)
	}
	return h
}

// together is the number of rows that walk down a tree side by side: enough to hide the latency of a step.
const together = 8

// add adds what the trees give a block of rows, of width values each, to their margins: in float32 and in the order
// of the trees, as XGBoost does.
func (f *forest) add(rows []float32, width int, margin []float32) {
	for len(margin) >= together {
		r, m := rows[:together*width], (*[together]float32)(margin)
		missing := hasMissing(r)
		for i, h := range f.heaps {
			switch {
			case h.deep():
				for k := range m {
					m[k] += f.value(i, r[k*width:(k+1)*width])
				}
			case missing:
				h.addAny(f.levels, r, uint32(width), m)
			default:
				h.addPresent(f.levels, r, uint32(width), m)
			}
		}
		rows, margin = rows[together*width:], margin[together:]
	}
	for k := range margin {
		margin[k] = f.addRow(rows[k*width:(k+1)*width], margin[k])
	}
}

// hasMissing says whether any value is NaN or infinite. Sums that overflow count too: that only costs time.
func hasMissing(v []float32) bool {
	var a, b, c, d, e, f, g, h float32
	for ; len(v) >= 8; v = v[8:] {
		a, b, c, d = a+v[0], b+v[1], c+v[2], d+v[3]
		e, f, g, h = e+v[4], f+v[5], g+v[6], h+v[7]
	}
	for _, v := range v {
		a += v
	}
	sum := a + b + c + d + e + f + g + h
	return sum-sum != 0
}

const heapMask = 1<<heapLevels - 1 // spares the check of an index

// addPresent adds a tree that fits its heap to rows without missing values.
func (h *treeHeap) addPresent(levels int, r []float32, width uint32, margin *[together]float32) {
	s := &h.split[0]
	a0, a1 := 1+s.right(r[s.feature]), 1+s.right(r[s.feature+width])
	a2, a3 := 1+s.right(r[s.feature+2*width]), 1+s.right(r[s.feature+3*width])
	a4, a5 := 1+s.right(r[s.feature+4*width]), 1+s.right(r[s.feature+5*width])
	a6, a7 := 1+s.right(r[s.feature+6*width]), 1+s.right(r[s.feature+7*width])
	for range levels - 1 {
		s0, s1, s2, s3 := &h.split[a0&heapMask], &h.split[a1&heapMask], &h.split[a2&heapMask], &h.split[a3&heapMask]
		s4, s5, s6, s7 := &h.split[a4&heapMask], &h.split[a5&heapMask], &h.split[a6&heapMask], &h.split[a7&heapMask]
		a0 = 2*a0 + 1 + s0.right(r[s0.feature])
		a1 = 2*a1 + 1 + s1.right(r[s1.feature+width])
		a2 = 2*a2 + 1 + s2.right(r[s2.feature+2*width])
		a3 = 2*a3 + 1 + s3.right(r[s3.feature+3*width])
		a4 = 2*a4 + 1 + s4.right(r[s4.feature+4*width])
		a5 = 2*a5 + 1 + s5.right(r[s5.feature+5*width])
		a6 = 2*a6 + 1 + s6.right(r[s6.feature+6*width])
		a7 = 2*a7 + 1 + s7.right(r[s7.feature+7*width])
	}
	for k, a := range [together]uint32{a0, a1, a2, a3, a4, a5, a6, a7} {
		margin[k] += h.end(a, levels)
	}
}

// right is 1 if a value, not missing, goes right.
func (s *heapSplit) right(v float32) (right uint32) {
	if v >= s.threshold {
		right = 1 // compiled without a jump
	}
	return right
}

// end is the leaf at a place below the last level.
func (h *treeHeap) end(at uint32, levels int) float32 { return h.leaf[(at+1-1<<levels)&heapMask] }

// addAny adds a tree that fits its heap to any rows.
func (h *treeHeap) addAny(levels int, r []float32, width uint32, margin *[together]float32) {
	var a0, a1, a2, a3, a4, a5, a6, a7 uint32
	for range levels {
		a0, a1 = h.step(a0, r, 0), h.step(a1, r, width)
		a2, a3 = h.step(a2, r, 2*width), h.step(a3, r, 3*width)
		a4, a5 = h.step(a4, r, 4*width), h.step(a5, r, 5*width)
		a6, a7 = h.step(a6, r, 6*width), h.step(a7, r, 7*width)
	}
	for k, a := range [together]uint32{a0, a1, a2, a3, a4, a5, a6, a7} {
		margin[k] += h.end(a, levels)
	}
}

// step goes down one level with any row, which begins at rows[from].
func (h *treeHeap) step(at uint32, rows []float32, from uint32) uint32 {
	s := &h.split[at&heapMask]
	v := rows[from+s.feature]
	right := s.right(v)
	if v != v {
		right = uint32(h.missingRight>>(at&heapMask)) & 1
	}
	return 2*at + 1 + right
}

// addRow adds the trees, four at a time, to any row.
func (f *forest) addRow(row []float32, margin float32) float32 {
	i := 0
	for ; i+4 <= len(f.heaps); i += 4 {
		h0, h1, h2, h3 := f.heaps[i], f.heaps[i+1], f.heaps[i+2], f.heaps[i+3]
		if h0.deep() || h1.deep() || h2.deep() || h3.deep() {
			for k := i; k < i+4; k++ {
				margin += f.value(k, row)
			}
			continue
		}
		var a0, a1, a2, a3 uint32
		for range f.levels {
			a0, a1 = h0.step(a0, row, 0), h1.step(a1, row, 0)
			a2, a3 = h2.step(a2, row, 0), h3.step(a3, row, 0)
		}
		margin += h0.end(a0, f.levels)
		margin += h1.end(a1, f.levels)
		margin += h2.end(a2, f.levels)
		margin += h3.end(a3, f.levels)
	}
	for ; i < len(f.heaps); i++ {
		margin += f.value(i, row)
	}
	return margin
}

// deep says whether a tree does not fit its heap.
func (h *treeHeap) deep() bool { return h == nil || h.below != nil }

// value is what tree i gives any row.
func (f *forest) value(i int, row []float32) float32 {
	h := f.heaps[i]
	if h == nil {
		t := &f.trees[i]
		return t.Nodes[t.Leaf(row)].Value * t.Scale
	}
	for {
		at := uint32(0)
		for range f.levels {
			at = h.step(at, row, 0)
		}
		if h.below == nil || h.below[at+1-1<<f.levels] == nil {
			return h.end(at, f.levels)
		}
		h = h.below[at+1-1<<f.levels]
	}
}
