package boost

import "github.com/org/salesconv/internal/parallel"

// partition sorts the rows of a node to its children, keeping their order.
func (g *histGrower) partition(n, left, right *histNode) {
	block, k := g.data.locate(int(n.best.feature))
	goes := g.directions(&n.best)
	rows, rest := g.rows[n.from:n.to], g.rowsTo[n.from:n.to]
	divider := divider{block, k, goes}
	l := 0
	if g.words == packedWords {
		l = divideChunks(divider, rows, rest, g.packed[n.from:n.to], g.packedTo[n.from:n.to])
	} else {
		l = divideChunks(divider, rows, rest, g.full[n.from:n.to], g.fullTo[n.from:n.to])
	}
	left.from, left.to, right.from, right.to = n.from, n.from+l, n.from+l, n.to
	left.total = g.sum(left.from, left.to)
	right.total = n.total.minus(left.total)
}

// A divider says by which column of a block rows go left or right.
type divider struct {
	block *binBlock
	k     int
	goes  []int // 1: right, by the code of the column
}

// divideChunks is divide, for the chunks of many rows side by side.
func divideChunks[G any](d divider, rows, rest []uint32, gradients, restGradients []G) (l int) {
	n := len(rows)
	lefts := make([]int, chunks(n))
	parallel.Do(len(lefts), func(k int) {
		from, end := chunk(n, k)
		lefts[k] = divide(d, rows[from:end], rest[from:end], gradients[from:end], restGradients[from:end])
	})
	if len(lefts) == 1 {
		return lefts[0]
	}
	for _, left := range lefts {
		l += left
	}
	at := make([][2]int, len(lefts)) // where the left and the right rows of each chunk go
	toLeft, toRight := 0, l
	for k, left := range lefts {
		from, end := chunk(n, k)
		at[k] = [2]int{toLeft, toRight}
		toLeft, toRight = toLeft+left, toRight+end-from-left
	}
	parallel.Do(len(lefts), func(k int) {
		from, end := chunk(n, k)
		middle := from + lefts[k]
		copy(rest[at[k][0]:], rows[from:middle])
		copy(restGradients[at[k][0]:], gradients[from:middle])
		copy(rest[at[k][1]:], rows[middle:end])
		copy(restGradients[at[k][1]:], gradients[middle:end])
	})
	parallel.Do(len(lefts), func(k int) {
		from, end := chunk(n, k)
		copy(rows[from:end], rest[from:end])
		copy(gradients[from:end], restGradients[from:end])
	})
	return l
}

// divide sorts rows and their gradients by where they go, keeping their order, and returns how many go left.
func divide[G any](d divider, rows, rest []uint32, gradients, restGradients []G) int {
	l, r := 0, 0
	for i, row := range rows {
		g, right := gradients[i], d.goes[d.block.code(row, d.k)]
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
