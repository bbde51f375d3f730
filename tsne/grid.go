package tsne

import (
	"github.com/org/salesconv/internal/kernel"
	"gonum.org/v1/gonum/dsp/fourier"
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

	// pull is the transform of the force in x, imaginary part, [half][half]: frequency in x, in y.
	pull    []float64
	near    []float64 // transform of the kernel of Z, likewise
	charges []float64 // [nodes][nodes]
	// columns of the charges, transformed row by row: [half][size], of which the first nodes are used.
	columns []complex128
	spectra [fields][]complex128
	fields  [fields][]float64 // [nodes][nodes]
	z       []float64         // by frequency in x
	workers []*transforms

	box   []int32 // by point
	order []int32 // points by box, and by index within a box
	first []int32 // by box: where its points begin in order
}

const (
	perBox     = 3 // nodes of a box on each side
	leastBoxes = 50
	widestBox  = 1.0
	rowsAtOnce = 8 // of a transform: a cache line of each column holds 4 of them
)

// The fields that the charges make.
const (
	forceX = iota
	forceY
	fields
)

// transforms are what one worker needs for transforms of one size.
type transforms struct {
	real    *fourier.FFT
	complex *fourier.CmplxFFT
	values  []float64
	halves  [rowsAtOnce][]complex128
	a, b    []complex128
}

func newGrid(pool *kernel.Pool) *grid { return &grid{pool: pool} }

func (g *grid) nodes() int { return perBox * g.boxes }
func (g *grid) half() int  { return g.size/2 + 1 }

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
	if boxes != g.boxes {
		g.boxes = boxes
		g.charges = make([]float64, g.nodes()*g.nodes())
		for f := range g.fields {
			g.fields[f] = make([]float64, g.nodes()*g.nodes())
		}
	}
	if size == g.size && width == g.width {
		return
	}
	if size != g.size {
		g.size = size
		g.workers = make([]*transforms, g.pool.Workers())
		g.pull, g.near = make([]float64, g.half()*g.half()), make([]float64, g.half()*g.half())
		g.columns, g.z = make([]complex128, g.half()*size), make([]float64, g.half())
		for f := range g.spectra {
			g.spectra[f] = make([]complex128, g.half()*size)
		}
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
		t := &transforms{real: fourier.NewFFT(g.size), complex: fourier.NewCmplxFFT(g.size), values: make([]float64, g.size),
			a: make([]complex128, g.size), b: make([]complex128, g.size)}
		for k := range t.halves {
			t.halves[k] = make([]complex128, g.half())
		}
		g.workers[id] = t
	}
	return g.workers[id]
}

// transformKernels sets pull and near. A kernel's rows are alike on both sides of the middle one.
func (g *grid) transformKernels() {
	n, size, half := g.nodes(), g.size, g.half()
	h := g.width / perBox
	for _, k := range []struct {
		to   []float64
		at   func(dx, dy float64) float64
		part func(complex128) float64
	}{
		{g.pull, func(dx, dy float64) float64 { q := 1 / (1 + dx*dx + dy*dy); return dx * q * q }, func(c complex128) float64 { return imag(c) }},
		{g.near, func(dx, dy float64) float64 { return 1 / (1 + dx*dx + dy*dy) }, func(c complex128) float64 { return real(c) }},
	} {
		g.pool.Do(n, func(id, y int) {
			t := g.worker(id)
			for x := range t.values {
				t.values[x] = 0
				if x < n {
					t.values[x] = k.at(float64(x)*h, float64(y)*h)
				} else if x > size-n {
					t.values[x] = k.at(float64(x-size)*h, float64(y)*h)
				}
			}
			for x, c := range t.real.Coefficients(t.halves[0], t.values) {
				g.columns[x*size+y] = complex(k.part(c), 0)
			}
		})
		g.pool.Do(half, func(id, x int) {
			t := g.worker(id)
			for y := range t.a {
				t.a[y] = 0
				if y < n {
					t.a[y] = g.columns[x*size+y]
				} else if y > size-n {
					t.a[y] = g.columns[x*size+size-y]
				}
			}
			for y, c := range t.complex.Coefficients(t.b, t.a)[:half] {
				k.to[x*half+y] = real(c)
			}
		})
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

// transformRows sets columns.
func (g *grid) transformRows() {
	n, size := g.nodes(), g.size
	g.pool.Do((n+rowsAtOnce-1)/rowsAtOnce, func(id, task int) {
		t := g.worker(id)
		from, to := task*rowsAtOnce, min(n, (task+1)*rowsAtOnce)
		for y := from; y < to; y++ {
			clear(t.values[copy(t.values, g.charges[y*n:(y+1)*n]):])
			t.real.Coefficients(t.halves[y-from], t.values)
		}
		for x := range g.half() {
			for y := from; y < to; y++ {
				g.columns[x*size+y] = t.halves[y-from][x]
			}
		}
	})
}

// convolve sets the spectra, in which only the transform of the rows is left to undo.
func (g *grid) convolve() {
	n, size, half := g.nodes(), g.size, g.half()
	g.pool.Do(half, func(id, x int) {
		t := g.worker(id)
		clear(t.a[copy(t.a, g.columns[x*size:x*size+n]):])
		charge := t.complex.Coefficients(t.b, t.a)
		g.z[x] = g.energy(x, charge)
		for f := range g.spectra {
			for y, c := range charge {
				mirror, sign := y, 1.0
				if y >= half {
					mirror, sign = size-y, -1
				}
				switch f {
				case forceX:
					k := g.pull[x*half+mirror]
					t.a[y] = complex(-imag(c)*k, real(c)*k)
				case forceY:
					k := sign * g.pull[mirror*half+x]
					t.a[y] = complex(-imag(c)*k, real(c)*k)
				}
			}
			copy(g.spectra[f][x*size:x*size+n], t.complex.Sequence(t.a, t.a))
		}
	})
}

// energy returns what the frequencies of one column add to Z. Those in the middle stand for their mirror images as well.
func (g *grid) energy(x int, charge []complex128) (sum float64) {
	near := g.near[x*g.half() : (x+1)*g.half()]
	for y, c := range charge {
		sum += (real(c)*real(c) + imag(c)*imag(c)) * near[min(y, g.size-y)]
	}
	if x > 0 && x < g.half()-1 {
		sum *= 2
	}
	return sum / (float64(g.size) * float64(g.size))
}

// restoreRows sets the fields.
func (g *grid) restoreRows() {
	n, size := g.nodes(), g.size
	scale := 1 / (float64(size) * float64(size))
	blocks := (n + rowsAtOnce - 1) / rowsAtOnce
	g.pool.Do(fields*blocks, func(id, task int) {
		t, f := g.worker(id), task/blocks
		from := task % blocks * rowsAtOnce
		to := min(n, from+rowsAtOnce)
		for x := range g.half() {
			for y := from; y < to; y++ {
				t.halves[y-from][x] = g.spectra[f][x*size+y]
			}
		}
		for y := from; y < to; y++ {
			t.real.Sequence(t.values, t.halves[y-from])
			for x := range n {
				g.fields[f][y*n+x] = t.values[x] * scale
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
