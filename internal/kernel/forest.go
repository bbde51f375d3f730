package kernel

// A Forest is trees of comparisons laid out for speed: every tree has Levels complete levels, so that all rows take as
// many steps and no jump depends on the data. In the tables each tree has TreeSize entries. Those of a split are at its
// place: 1 is the root, 2·i and 2·i+1 are the left and the right child of i. A leaf is at its place modulo TreeSize.
type Forest struct {
	Levels    int       // 1 to 6
	Threshold []float32 // a value from it on goes right, NaN left
	Feature   []uint32  // the column that a split looks at; with MissingRight, NaN goes right
	Leaf      []float32
}

const (
	TreeSize     = 64
	MissingRight = 1 << 31
	ForestRows   = 16 // that AddRows takes together
)

// AddRows adds the leaves that each of ForestRows rows ends in to its margin, in the order of the trees. Every column of
// Feature must be below the width of the rows.
func (f *Forest) AddRows(rows []float32, width int, margin *[ForestRows]float32) {
	if trees := len(f.Leaf) / TreeSize; trees > 0 {
		active32.walk(f, trees, rows[:ForestRows*width], width, margin)
	}
}

// AddRow is AddRows for one row, whose margin with the leaves it returns.
func (f *Forest) AddRow(row []float32, margin float32) float32 {
	trees, t := len(f.Leaf)/TreeSize, 0
	for ; t+8 <= trees; t += 8 { // side by side, to hide the latency of a step
		s0, s1, s2, s3 := f.splits(t), f.splits(t+1), f.splits(t+2), f.splits(t+3)
		s4, s5, s6, s7 := f.splits(t+4), f.splits(t+5), f.splits(t+6), f.splits(t+7)
		var a, b, c, d, e, g, h, i uint32 = 1, 1, 1, 1, 1, 1, 1, 1
		for range f.Levels {
			a, b, c, d = s0.step(a, row), s1.step(b, row), s2.step(c, row), s3.step(d, row)
			e, g, h, i = s4.step(e, row), s5.step(g, row), s6.step(h, row), s7.step(i, row)
		}
		for k, place := range [8]uint32{a, b, c, d, e, g, h, i} {
			margin += f.Leaf[(t+k)*TreeSize+int(place%TreeSize)]
		}
	}
	for ; t < trees; t++ {
		margin += f.Leaf[t*TreeSize+f.Place(t, row)]
	}
	return margin
}

// Place is where a row ends in a tree: the place of its leaf, modulo TreeSize.
func (f *Forest) Place(tree int, row []float32) int {
	s, place := f.splits(tree), uint32(1)
	for range f.Levels {
		place = s.step(place, row)
	}
	return int(place % TreeSize)
}

// splits are the tables of one tree.
type splits struct {
	threshold *[TreeSize]float32
	feature   *[TreeSize]uint32
}

func (f *Forest) splits(tree int) splits {
	return splits{(*[TreeSize]float32)(f.Threshold[tree*TreeSize:]), (*[TreeSize]uint32)(f.Feature[tree*TreeSize:])}
}

// step goes down one level.
func (s splits) step(place uint32, row []float32) uint32 {
	feature := s.feature[place%TreeSize]
	v, right := row[feature&^MissingRight], uint32(0)
	if v >= s.threshold[place%TreeSize] {
		right = 1 // compiled without a jump
	}
	if v != v {
		right = feature / MissingRight
	}
	return 2*place + right
}

func walkGeneric(f *Forest, trees int, rows []float32, width int, margin *[ForestRows]float32) {
	for t := range trees {
		s, leaf := f.splits(t), f.Leaf[t*TreeSize:(t+1)*TreeSize]
		for k := 0; k < ForestRows; k += 8 { // side by side, to hide the latency of a step
			row := func(i int) []float32 { return rows[(k+i)*width : (k+i+1)*width] }
			r0, r1, r2, r3, r4, r5, r6, r7 := row(0), row(1), row(2), row(3), row(4), row(5), row(6), row(7)
			var a, b, c, d, e, g, h, i uint32 = 1, 1, 1, 1, 1, 1, 1, 1
			for range f.Levels {
				a, b, c, d = s.step(a, r0), s.step(b, r1), s.step(c, r2), s.step(d, r3)
				e, g, h, i = s.step(e, r4), s.step(g, r5), s.step(h, r6), s.step(i, r7)
			}
			for j, place := range [8]uint32{a, b, c, d, e, g, h, i} {
				margin[k+j] += leaf[place%TreeSize]
			}
		}
	}
}
