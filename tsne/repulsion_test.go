package tsne

import (
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/org/salesconv/internal/kernel"
)

// Every method against the sum over all pairs, on maps that are small, like the start, and large.
func TestRepulsion(t *testing.T) {
	pool := kernel.NewPool(0)
	defer pool.Close()
	const n = 700
	want, got := make([]point, n), make([]point, n)
	for _, c := range []struct {
		name      string
		forces    repulsion
		scale     float64
		tolerance float64
	}{
		{"exact", &pairs{pool: pool}, 1, 0},
		{"fft, nearly a point", newGrid(pool), 1e-6, 1e-6},
		{"fft, small", newGrid(pool), 0.1, 1e-3},
		{"fft, boxes as wide as may be", newGrid(pool), 1, 0.1},
		{"cells", newCells(pool, 0.5), 1, 0.03},
	} {
		points := cloud(n, 1)
		for i := range points {
			points[i] = point{X: points[i].X * c.scale, Y: points[i].Y * c.scale}
		}
		wantZ := 0.0
		for i := range points {
			var z float64
			want[i], z = direct(points, i)
			wantZ += z
		}
		gotZ, err := c.forces.repulsion(points, got)
		if err != nil {
			t.Fatal(err)
		}
		var off, size float64
		for i := range points {
			off += math.Pow(got[i].X-want[i].X, 2) + math.Pow(got[i].Y-want[i].Y, 2)
			size += math.Pow(want[i].X, 2) + math.Pow(want[i].Y, 2)
		}
		if rel, relZ := math.Sqrt(off/size), math.Abs(gotZ/wantZ-1); rel > c.tolerance+1e-12 || relZ > c.tolerance+1e-12 {
			t.Errorf("%s: forces differ by %.2g, Z by %.2g relative, want at most %v", c.name, rel, relZ, c.tolerance)
		}
		points[3].X = math.Inf(1)
		if _, err := c.forces.repulsion(points, got); err != errDiverged {
			t.Errorf("%s: a point at infinity: %v", c.name, err)
		}
	}
}

// One grid serves maps that grow and shrink, on any number of cores, as a new one does.
func TestGridReused(t *testing.T) {
	pool := kernel.NewPool(3)
	defer pool.Close()
	used := newGrid(pool)
	const n = 200
	for _, scale := range []float64{0.1, 2, 3, 0.5, 2} {
		points := cloud(n, 4)
		for i := range points {
			points[i] = point{X: points[i].X * scale, Y: points[i].Y * scale}
		}
		got, want := make([]point, n), make([]point, n)
		gotZ, err := used.repulsion(points, got)
		if err != nil {
			t.Fatal(err)
		}
		wantZ, err := newGrid(nil).repulsion(points, want)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) || gotZ != wantZ {
			t.Errorf("scale %v: a grid that was used gives other bytes on %d cores than a new one on one", scale, runtime.GOMAXPROCS(0))
		}
	}
}

// Maps that are too wide for a grid, as a start that is not scaled may be, are summed without one.
func TestWideMap(t *testing.T) {
	forces, fine := newRepulsion(nil, 700, FFT, 0.5)
	points, got := cloud(700, 1), make([]point, 700)
	points[5], points[9].Y = point{X: -4e5, Y: 3e3}, 8e5
	for _, f := range []repulsion{forces, fine} {
		gotZ, err := f.repulsion(points, got)
		if err != nil {
			t.Fatal(err)
		}
		wantZ, off, size := 0.0, 0.0, 0.0
		for i := range points {
			want, z := direct(points, i)
			wantZ += z
			off += math.Pow(got[i].X-want.X, 2) + math.Pow(got[i].Y-want.Y, 2)
			size += math.Pow(want.X, 2) + math.Pow(want.Y, 2)
		}
		if rel := math.Sqrt(off / size); !(rel < 0.05) || !(math.Abs(gotZ/wantZ-1) < 0.05) {
			t.Errorf("forces differ by %.2g relative, Z is %v, want %v", rel, gotZ, wantZ)
		}
		if n := f.(bounded).grid.boxes; n != 0 {
			t.Errorf("a grid of %d boxes on each side", n)
		}
	}
}

func TestMethods(t *testing.T) {
	x, labels := gaussians(120, 20, 7)
	for _, method := range []Method{Exact, BarnesHut, FFT} {
		m, err := Embed(background(), x, &Options{Affinity: &AffinityOptions{Perplexity: 15}, Layout: &LayoutOptions{Method: method}})
		if err != nil {
			t.Fatal(err)
		}
		a, err := NewAffinity(background(), x, &AffinityOptions{Perplexity: 15})
		if err != nil {
			t.Fatal(err)
		}
		if exact := exactKL(a, m.Points); math.Abs(exact-m.KL) > 0.01 {
			t.Errorf("%s: KL %.4f, summed over all pairs %.4f", method, m.KL, exact)
		}
		if got := agreement(m, labels); got != 1 {
			t.Errorf("%s: %.3f of nearest neighbours share the group, want all", method, got)
		}
	}
}

func BenchmarkRepulsion(b *testing.B) {
	pool := kernel.NewPool(0)
	defer pool.Close()
	points := cloud(20_000, 1)
	force := make([]point, len(points))
	for name, r := range map[string]repulsion{"barnes_hut": newCells(pool, 0.5), "fft": newGrid(pool)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := r.repulsion(points, force); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
