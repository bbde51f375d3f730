package tsne

import (
	"math"
	"math/bits"
	"sort"

	"github.com/org/salesconv/internal/kernel"
)

// A point of the map.
type point = kernel.Point

// node is a cell of the plane that holds at least one point. Nodes lie in one slice, each before its children, so
// that walking the tree is walking the slice: one on to look inside a cell, or to next to pass over it.
type node struct {
	x, y float64 // centre of mass
	mass float64 // number of points
	// reach is the squared distance from which on the cell acts as one point; below 0 for a leaf, which always does.
	reach float64
	next  int32
}

// quadtree sums the repulsion of all points by the method of Barnes and Hut. Cells are found by sorting the points
// along a Morton curve on a grid of 2^22 × 2^22; those that share a grid cell act as one. Cells with a single
// child are left out, so that n points make fewer than 2n nodes.
type quadtree struct {
	nodes []node
	keys  []keyed // by Morton code, then by index
	spare []keyed
}

type keyed struct {
	code  uint64
	point int32
}

const gridBits = 22

// extent returns the lower corner and the side of a square that holds all points, and reports whether they are finite.
func extent(points []point) (lo point, side float64, finite bool) {
	lo, hi := points[0], points[0]
	for _, p := range points {
		lo = point{X: min(lo.X, p.X), Y: min(lo.Y, p.Y)}
		hi = point{X: max(hi.X, p.X), Y: max(hi.Y, p.Y)}
	}
	side = max(hi.X-lo.X, hi.Y-lo.Y)
	sum := side + lo.X + lo.Y
	return lo, side, !math.IsNaN(sum) && !math.IsInf(sum, 0)
}

// build makes the tree of the points, and reports whether they are all finite.
func (t *quadtree) build(points []point, theta float64) bool {
	lo, span, ok := extent(points)
	if !ok {
		return false
	}
	scale := 0.0
	if span > 0 {
		scale = (1<<gridBits - 1) / span
	}
	t.keys = t.keys[:0]
	for i, p := range points {
		code := spread(uint32((p.X-lo.X)*scale)) | spread(uint32((p.Y-lo.Y)*scale))<<1
		t.keys = append(t.keys, keyed{code, int32(i)})
	}
	t.sort()
	t.nodes = t.nodes[:0]
	t.add(points, t.keys, span/theta)
	return true
}

// add appends the node of a run of keys, and those below it. The smallest cell that holds the run is known by the
// bits that its first and last code share.
func (t *quadtree) add(points []point, run []keyed, reach float64) {
	at := len(t.nodes)
	first, last := run[0].code, run[len(run)-1].code
	if first == last {
		n := node{mass: float64(len(run)), reach: -1, next: int32(at + 1)}
		for _, k := range run {
			n.x += points[k.point].X
			n.y += points[k.point].Y
		}
		n.x /= n.mass
		n.y /= n.mass
		t.nodes = append(t.nodes, n)
		return
	}
	level := (bits.Len64(first^last) - 1) / 2 // of the children: their codes differ in bits 2·level and 2·level+1
	t.nodes = append(t.nodes, node{})
	var n node
	for len(run) > 0 {
		child := run[0].code >> (2 * level)
		cut := sort.Search(len(run), func(i int) bool { return run[i].code>>(2*level) > child })
		c := len(t.nodes)
		t.add(points, run[:cut], reach)
		n.x += t.nodes[c].x * t.nodes[c].mass
		n.y += t.nodes[c].y * t.nodes[c].mass
		n.mass += t.nodes[c].mass
		run = run[cut:]
	}
	n.x /= n.mass
	n.y /= n.mass
	n.reach = math.Ldexp(reach, level+1-gridBits)
	n.reach *= n.reach
	n.next = int32(len(t.nodes))
	t.nodes[at] = n
}

// around returns Σ q² (p - pⱼ) and Σ q over all points j but one at p itself, where q = 1/(1+|p-pⱼ|²).
func (t *quadtree) around(p point) (force point, z float64) {
	for k := int32(0); k < int32(len(t.nodes)); {
		n := &t.nodes[k]
		dx, dy := p.X-n.x, p.Y-n.y
		d2 := dx*dx + dy*dy
		if d2 <= n.reach {
			k++
			continue
		}
		q := 1 / (1 + d2)
		m := n.mass * q
		z += m
		m *= q
		force.X += m * dx
		force.Y += m * dy
		k = n.next
	}
	return force, z - 1
}

// sort orders the keys by code, keeping the order of equal ones: a radix sort in four passes of 11 bits.
func (t *quadtree) sort() {
	if cap(t.spare) < len(t.keys) {
		t.spare = make([]keyed, len(t.keys))
	}
	from, to := t.keys, t.spare[:len(t.keys)]
	for shift := 0; shift < 2*gridBits; shift += 11 {
		var end [1 << 11]int32
		for _, k := range from {
			end[k.code>>shift&(1<<11-1)]++
		}
		sum := int32(0)
		for i, n := range end {
			end[i] = sum
			sum += n
		}
		for _, k := range from {
			d := k.code >> shift & (1<<11 - 1)
			to[end[d]] = k
			end[d]++
		}
		from, to = to, from
	}
}

// spread puts a zero between the bits of v.
func spread(v uint32) uint64 {
	x := uint64(v)
	x = (x | x<<16) & 0x0000ffff0000ffff
	x = (x | x<<8) & 0x00ff00ff00ff00ff
	x = (x | x<<4) & 0x0f0f0f0f0f0f0f0f
	x = (x | x<<2) & 0x3333333333333333
	return (x | x<<1) & 0x5555555555555555
}
