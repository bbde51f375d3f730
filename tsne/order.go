package tsne

// order lists the points breadth first, so that those with affinities come near each other.
func (a *Affinity) order() []int32 {
	n := a.Len()
	seen, all := make([]bool, n), make([]int32, 0, n)
	for from := range n {
		if seen[from] {
			continue
		}
		seen[from] = true
		all = append(all, int32(from))
		for at := len(all) - 1; at < len(all); at++ {
			row, _ := a.Row(int(all[at]))
			for _, j := range row {
				if !seen[j] {
					seen[j] = true
					all = append(all, j)
				}
			}
		}
	}
	return all
}

// by returns the affinities of the points in an order. A row's entries stay in the order of the points' numbers.
func (a *Affinity) by(order []int32) *Affinity {
	place := make([]int32, len(order))
	for k, i := range order {
		place[i] = int32(k)
	}
	b := &Affinity{first: make([]int, len(order)+1), column: make([]int32, 0, len(a.column)), p: make([]float64, 0, len(a.p))}
	for k, i := range order {
		row, p := a.Row(int(i))
		for e, j := range row {
			b.column = append(b.column, place[j])
			b.p = append(b.p, p[e])
		}
		b.first[k+1] = len(b.column)
	}
	return b
}
