package tsne

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// exactKL sums over all pairs.
func exactKL(a *Affinity, y *mat.Dense) float64 {
	kernel := func(i, j int) float64 {
		return 1 / (1 + math.Pow(y.At(i, 0)-y.At(j, 0), 2) + math.Pow(y.At(i, 1)-y.At(j, 1), 2))
	}
	z, kl := 0.0, 0.0
	for i := range a.Len() {
		for j := range a.Len() {
			if i != j {
				z += kernel(i, j)
			}
		}
	}
	for i := range a.Len() {
		row, p := a.Row(i)
		for e, j := range row {
			kl += p[e] * math.Log(p[e]*z/kernel(i, int(j)))
		}
	}
	return kl
}

func cloud(n int, seed uint64) []point {
	random := rand.New(rand.NewPCG(seed, 9))
	points := make([]point, n)
	for i := range points {
		points[i] = point{X: 5 * random.NormFloat64(), Y: 20 * random.NormFloat64()}
		if i%7 == 3 {
			points[i] = points[i-1] // points may coincide
		}
	}
	return points
}

func direct(points []point, i int) (force point, z float64) {
	for j, p := range points {
		dx, dy := points[i].X-p.X, points[i].Y-p.Y
		q := 1 / (1 + dx*dx + dy*dy)
		if j != i {
			z += q
			force.X += q * q * dx
			force.Y += q * q * dy
		}
	}
	return force, z
}

func TestQuadtree(t *testing.T) {
	points := cloud(700, 1)
	for _, c := range []struct{ theta, tolerance float64 }{{1e-9, 1e-5}, {0.2, 2e-3}, {0.5, 2e-2}, {1, 0.15}} {
		var tree quadtree
		if !tree.build(points, c.theta) {
			t.Fatal("points are not finite")
		}
		if len(tree.nodes) >= 2*len(points) || tree.nodes[0].mass != float64(len(points)) {
			t.Fatalf("%d nodes, root of mass %v", len(tree.nodes), tree.nodes[0].mass)
		}
		var off, size, offZ, sumZ float64
		for i, p := range points {
			force, z := tree.around(p)
			want, wantZ := direct(points, i)
			off += math.Pow(force.X-want.X, 2) + math.Pow(force.Y-want.Y, 2)
			size += math.Pow(want.X, 2) + math.Pow(want.Y, 2)
			offZ += z - wantZ
			sumZ += wantZ
		}
		if rel := math.Sqrt(off / size); rel > c.tolerance {
			t.Errorf("theta %v: forces differ by %.2g relative, want at most %v", c.theta, rel, c.tolerance)
		}
		if rel := math.Abs(offZ / sumZ); rel > c.tolerance {
			t.Errorf("theta %v: Z differs by %.2g relative, want at most %v", c.theta, rel, c.tolerance)
		}
	}
}

func TestQuadtreeSort(t *testing.T) {
	var tree quadtree
	tree.build(cloud(500, 2), 0.5)
	for i, k := range tree.keys[1:] {
		if before := tree.keys[i]; before.code > k.code || before.code == k.code && before.point >= k.point {
			t.Fatalf("key %d %v comes after %v", i+1, k, before)
		}
	}
}

// The gradient against central differences of the divergence, both without approximation.
func TestGradient(t *testing.T) {
	x, _ := gaussians(40, 5, 4)
	a, err := NewAffinity(context.Background(), x, &AffinityOptions{Perplexity: 8})
	if err != nil {
		t.Fatal(err)
	}
	y := mat.NewDense(40, 2, nil)
	for i, p := range cloud(40, 3) {
		y.SetRow(i, []float64{p.X / 8, p.Y / 8})
	}
	d := newDescent(a, y, &LayoutOptions{Method: Exact})
	defer d.pool.Close()
	if err := d.slope(1); err != nil {
		t.Fatal(err)
	}
	for k, i := range d.order {
		i := int(i)
		for c, got := range []float64{d.gradient[k].X, d.gradient[k].Y} {
			const h = 1e-5
			v := y.At(i, c)
			y.Set(i, c, v+h)
			up := exactKL(a, y)
			y.Set(i, c, v-h)
			down := exactKL(a, y)
			y.Set(i, c, v)
			if want := (up - down) / (2 * h); math.Abs(got-want) > 1e-7 {
				t.Errorf("gradient of point %d, coordinate %d is %v, want %v", i, c, got, want)
			}
		}
	}
	if got, want := d.divergence(), exactKL(a, y); math.Abs(got-want) > 1e-6 {
		t.Errorf("divergence %v, want %v", got, want)
	}
}
