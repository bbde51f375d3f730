package tsne

import (
	"github.com/org/salesconv/internal/kernel"
	"gonum.org/v1/gonum/floats"
)

// grid sums the repulsion of all points by interpolation (Linderman et al. 2019). The plane is cut into square boxes with
// 3 × 3 nodes each; a point is shared out among the nodes of its box by quadratic Lagrange polynomials, what the nodes
// do to each other is a convolution, done by FFT, and is interpolated back to the points. Three kernels act on one set of
// charges: both components of the force, d/(1+|d|²)² at a distance d, and 1/(1+|d|²) for Z. They are odd or even in each
// direction, so that a quarter of their transforms says everything: a real number, or an imaginary one for the force.
// Z needs no way back: it is the product of the charges and their field, which the transforms give as well (Parseval).
type grid struct {
	pool  *kernel.Pool
	boxes int     // on each side
	width float64 // of a box
	lo    point   // where the boxes begin
	// size of the transforms on each side: twice the nodes or more, so that nothing wraps around.
	size int
	fft  *kernel.FFT

	// pull are the imaginary parts of the transforms of both forces, near is the transform of the kernel of Z: [half][wide],
	// frequencies in y and x.
	pull    [fields][]float64
	near    []float64
	charges []float64         // [nodes][nodes]
	rows    plane             // their transforms row by row
	spectra [fields]plane     // of the fields, row by row
	fields  [fields][]float64 // [nodes][nodes]
	z       []float64         // by block of frequencies in x
	workers []*transforms

	box   []int32 // by point
	order []int32 // points by box, and by index within a box
	first []int32 // by box: where its points begin in order
}

const (
	perBox     = 3 // nodes of a box on each side
	leastBoxes = 50
	widestBox  = 1.0
	lanes      = kernel.FFTLanes
)

// The fields that the charges make.
const (
	forceX = iota
	forceY
	fields
)

// A plane is complex numbers, the frequencies in x of each row of nodes: [nodes][wide].
type plane struct{ re, im []float64 }

func newPlane(n int) plane { return plane{make([]float64, n), make([]float64, n)} }

// transforms are what one worker needs for transforms of one size.
type transforms struct{ x, work, charge kernel.Lanes }

func newGrid(pool *kernel.Pool) *grid { return &grid{pool: pool} }

func (g *grid) nodes() int { return perBox * g.boxes }
func (g *grid) half() int  { return g.size/2 + 1 }
func (g *grid) wide() int  { return (g.half() + lanes - 1) / lanes * lanes }

func (g *grid) repulsion(points, force []point) (z float64, err error) {
	lo, span, ok := extent(points)
	if !ok {
		return 0, errDiverged
	}
	g.lo = lo
	g.resize(span)
	g.sort(points)
	g.spread(points)
	g.transformRows()
	g.convolve()
	g.restoreRows()
	g.gather(points, force)
	return floats.Sum(g.z) - float64(len(points)), nil // without what points are to themselves
}

// resize chooses boxes for points that span a square, and transforms the kernels where that changes them.
func (g *grid) resize(span float64) {
	boxes, width := max(leastBoxes, int(span/widestBox)+1), widestBox
	if boxes == leastBoxes {
		width = max(span, 1e-9) * (1 + 1e-9) / leastBoxes
	}
	size := goodSize(2 * perBox * boxes)
	if boxes != g.boxes || size != g.size {
		g.boxes, g.size = boxes, size
		nodes := g.nodes() * g.nodes()
		g.charges, g.rows = make([]float64, nodes), newPlane(g.nodes()*g.wide())
		for f := range fields {
			g.fields[f], g.spectra[f] = make([]float64, nodes), newPlane(g.nodes()*g.wide())
			g.pull[f] = make([]float64, g.half()*g.wide())
		}
		g.near, g.z = make([]float64, g.half()*g.wide()), make([]float64, g.wide()/lanes)
		g.fft, g.workers = kernel.NewFFT(size), make([]*transforms, g.pool.Workers())
	} else if width == g.width {
		return
	}
	g.width = width
	g.transformKernels()
}

// goodSize returns the next even number without prime factors above 5.
func goodSize(n int) int {
	for n += n % 2; ; n += 2 {
		rest := n
		for _, p := range []int{2, 3, 5} {
			for rest%p == 0 {
				rest /= p
			}
		}
		if rest == 1 {
			return n
		}
	}
}

// worker returns the transforms of a worker.
func (g *grid) worker(id int) *transforms {
	if g.workers[id] == nil {
		g.workers[id] = &transforms{kernel.NewLanes(g.size), kernel.NewLanes(g.size), kernel.NewLanes(g.size)}
	}
	return g.workers[id]
}

// transformKernels sets pull and near, by one transform of complex numbers: the force in x is the real part of what is
// transformed, the kernel of Z the imaginary part. All are alike, but for signs, on both sides of the middle.
func (g *grid) transformKernels() {
	n, size, half, wide := g.nodes(), g.size, g.half(), g.wide()
	h := g.width / perBox
	g.blocks(n, lanes, func(t *transforms, from, to int) {
		t.x.Clear()
		for y := from; y < to; y++ {
			for x := range n {
				dx, dy := float64(x)*h, float64(y)*h
				q := 1 / (1 + dx*dx + dy*dy)
				at, mirror := x*lanes+y-from, (size-x)%size*lanes+y-from
				t.x.Re[at], t.x.Im[at] = dx*q*q, q
				t.x.Re[mirror], t.x.Im[mirror] = -dx*q*q, q
			}
		}
		g.fft.Transform(&t.x, &t.work)
		for y := from; y < to; y++ {
			g.separate(&t.x, y-from, func(x int, _, pull, near, _ float64) { g.rows.re[y*wide+x], g.rows.im[y*wide+x] = pull, near })
		}
	})
	g.blocks(wide, lanes, func(t *transforms, from, to int) {
		t.x.Clear()
		for y := range n {
			for _, at := range [2]int{y * lanes, (size - y) % size * lanes} {
				copy(t.x.Re[at:at+lanes], g.rows.re[y*wide+from:])
				copy(t.x.Im[at:at+lanes], g.rows.im[y*wide+from:])
			}
		}
		g.fft.Transform(&t.x, &t.work)
		for y := range half {
			copy(g.pull[forceX][y*wide+from:y*wide+to], t.x.Re[y*lanes:])
			copy(g.near[y*wide+from:y*wide+to], t.x.Im[y*lanes:])
		}
	})
	for y := range half {
		for x := range half {
			g.pull[forceY][y*wide+x] = g.pull[forceX][x*wide+y]
		}
	}
}

// blocks calls f in parallel for the numbers below n, run at a time, with the transforms of its worker.
func (g *grid) blocks(n, run int, f func(t *transforms, from, to int)) {
	g.pool.Do((n+run-1)/run, func(id, task int) { f(g.worker(id), task*run, min(n, (task+1)*run)) })
}

// separate calls f for each frequency of the transforms of two real sequences, which were the real and the imaginary parts of
// one lane.
func (g *grid) separate(x *kernel.Lanes, lane int, f func(frequency int, re1, im1, re2, im2 float64)) {
	for k := range g.half() {
		at, mirror := k*lanes+lane, (g.size-k)%g.size*lanes+lane
		re, im := x.Re[at]/2, x.Im[at]/2
		reMirror, imMirror := x.Re[mirror]/2, x.Im[mirror]/2
		f(k, re+reMirror, im-imMirror, im+imMirror, reMirror-re)
	}
}

// place returns the box of a coordinate, and the weights of its nodes for it.
func (g *grid) place(v float64) (box int, weights [perBox]float64) {
	u := v / g.width
	box = min(int(u), g.boxes-1)
	u -= float64(box)
	return box, [perBox]float64{4.5 * (u - 1./2) * (u - 5./6), -9 * (u - 1./6) * (u - 5./6), 4.5 * (u - 1./6) * (u - 1./2)}
}

// sort orders the points by box.
func (g *grid) sort(points []point) {
	if len(g.box) != len(points) {
		g.box, g.order = make([]int32, len(points)), make([]int32, len(points))
	}
	g.first = append(g.first[:0], make([]int32, g.boxes*g.boxes+1)...)
	for i, p := range points {
		x, _ := g.place(p.X - g.lo.X)
		y, _ := g.place(p.Y - g.lo.Y)
		g.box[i] = int32(y*g.boxes + x)
		g.first[g.box[i]+1]++
	}
	for b := 1; b < len(g.first); b++ {
		g.first[b] += g.first[b-1]
	}
	for i, b := range g.box {
		g.order[g.first[b]] = int32(i)
		g.first[b]++
	}
	copy(g.first[1:], g.first)
	g.first[0] = 0
}

// row returns the points of one row of boxes.
func (g *grid) row(y int) []int32 { return g.order[g.first[y*g.boxes]:g.first[(y+1)*g.boxes]] }

// spread sets the charges of all nodes.
func (g *grid) spread(points []point) {
	n := g.nodes()
	g.pool.Do(g.boxes, func(_, row int) {
		charges := g.charges[row*perBox*n : (row+1)*perBox*n]
		clear(charges)
		for _, i := range g.row(row) {
			x, wx := g.place(points[i].X - g.lo.X)
			_, wy := g.place(points[i].Y - g.lo.Y)
			for a, w := range wy {
				to := charges[a*n+x*perBox:][:perBox]
				for b := range to {
					to[b] += w * wx[b]
				}
			}
		}
	})
}

// transformRows sets rows, two rows of charges by each lane.
func (g *grid) transformRows() {
	n, wide := g.nodes(), g.wide()
	g.blocks(n, 2*lanes, func(t *transforms, from, to int) {
		t.x.Clear()
		for y := from; y < to; y++ {
			part := t.x.Re
			if y >= from+lanes {
				part = t.x.Im
			}
			for x, c := range g.charges[y*n : (y+1)*n] {
				part[x*lanes+(y-from)%lanes] = c
			}
		}
		g.fft.Transform(&t.x, &t.work)
		for y := from; y < min(to, from+lanes); y++ {
			one, two := y*wide, (y+lanes)*wide
			if y+lanes >= to {
				two = one // there is none: it is written first
			}
			g.separate(&t.x, y-from, func(x int, re1, im1, re2, im2 float64) {
				g.rows.re[two+x], g.rows.im[two+x] = re2, im2
				g.rows.re[one+x], g.rows.im[one+x] = re1, im1
			})
		}
	})
}

// convolve sets the spectra of the fields, in which only the transform of the rows is left to undo.
func (g *grid) convolve() {
	n, wide := g.nodes(), g.wide()
	g.blocks(wide, lanes, func(t *transforms, from, to int) {
		t.charge.Clear()
		for y := range n {
			copy(t.charge.Re[y*lanes:(y+1)*lanes], g.rows.re[y*wide+from:])
			copy(t.charge.Im[y*lanes:(y+1)*lanes], g.rows.im[y*wide+from:])
		}
		g.fft.Transform(&t.charge, &t.work)
		g.z[from/lanes] = g.energy(from, &t.charge)
		for f := range g.spectra {
			g.force(f, from, &t.charge, &t.x)
			g.fft.Inverse(&t.x, &t.work)
			for y := range n {
				copy(g.spectra[f].re[y*wide+from:y*wide+to], t.x.Re[y*lanes:])
				copy(g.spectra[f].im[y*wide+from:y*wide+to], t.x.Im[y*lanes:])
			}
		}
	})
}

// force sets the transform of a field for a block of frequencies in x, given that of the charges.
func (g *grid) force(field, from int, charge, to *kernel.Lanes) {
	for y := range g.size {
		mirror, sign := y, 1.0
		if y >= g.half() {
			if mirror = g.size - y; field == forceY {
				sign = -1
			}
		}
		pull := g.pull[field][mirror*g.wide()+from:][:lanes]
		re, im := charge.Re[y*lanes:][:lanes], charge.Im[y*lanes:][:lanes]
		toRe, toIm := to.Re[y*lanes:][:lanes], to.Im[y*lanes:][:lanes]
		for l, k := range pull {
			toRe[l], toIm[l] = -im[l]*sign*k, re[l]*sign*k
		}
	}
}

// energy returns what a block of frequencies in x adds to Z. Those in the middle stand for their mirror images as well.
func (g *grid) energy(from int, charge *kernel.Lanes) (total float64) {
	var sums [lanes]float64
	for y := range g.size {
		near := g.near[min(y, g.size-y)*g.wide()+from:][:lanes]
		re, im := charge.Re[y*lanes:][:lanes], charge.Im[y*lanes:][:lanes]
		for l, k := range near {
			sums[l] += (re[l]*re[l] + im[l]*im[l]) * k
		}
	}
	for l, sum := range sums[:min(lanes, g.half()-from)] {
		if x := from + l; x > 0 && x < g.half()-1 {
			sum *= 2
		}
		total += sum
	}
	return total / (float64(g.size) * float64(g.size))
}

// restoreRows sets the fields. Both fields of a row are transformed in one lane, as its real and its imaginary part.
func (g *grid) restoreRows() {
	n, wide := g.nodes(), g.wide()
	scale := 1 / (float64(g.size) * float64(g.size))
	g.blocks(n, lanes, func(t *transforms, from, to int) {
		for y := from; y < to; y++ {
			one, two := &g.spectra[forceX], &g.spectra[forceY]
			for k := range g.half() {
				re1, im1, re2, im2 := one.re[y*wide+k], one.im[y*wide+k], two.re[y*wide+k], two.im[y*wide+k]
				at, mirror := k*lanes+y-from, (g.size-k)%g.size*lanes+y-from
				t.x.Re[mirror], t.x.Im[mirror] = re1+im2, re2-im1
				t.x.Re[at], t.x.Im[at] = re1-im2, im1+re2
			}
		}
		g.fft.Inverse(&t.x, &t.work)
		for y := from; y < to; y++ {
			for x := range n {
				at := x*lanes + y - from
				g.fields[forceX][y*n+x], g.fields[forceY][y*n+x] = t.x.Re[at]*scale, t.x.Im[at]*scale
			}
		}
	})
}

// gather interpolates the fields at the points.
func (g *grid) gather(points, force []point) {
	n := g.nodes()
	g.pool.Do(g.boxes, func(_, row int) {
		for _, i := range g.row(row) {
			x, wx := g.place(points[i].X - g.lo.X)
			_, wy := g.place(points[i].Y - g.lo.Y)
			var sum [fields]float64
			for a, w := range wy {
				at := (row*perBox+a)*n + x*perBox
				for f := range sum {
					from := g.fields[f][at:][:perBox]
					sum[f] += w * (wx[0]*from[0] + wx[1]*from[1] + wx[2]*from[2])
				}
			}
			force[i] = point{X: sum[forceX], Y: sum[forceY]}
		}
	})
}
