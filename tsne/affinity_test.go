package tsne

import (
	"cmp"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/org/salesconv/internal/kernel"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// floatRows is a matrix of float32 rows, as embeddings are.
type floatRows struct {
	*mat.Dense
	rows [][]float32
}

func (f floatRows) RawRow(i int) []float32 { return f.rows[i] }

func TestNearest(t *testing.T) {
	x, _ := gaussians(150, 30, 2)
	for i := 20; i < 40; i++ {
		x.SetRow(i, x.RawRowView(0))
	}
	far := mat.DenseCopyOf(x)
	far.Set(77, 3, 1e5) // rounding hides what parts the others
	for name, x := range map[string]*mat.Dense{"duplicates": x, "outlier": far} {
		r, err := newRows(x)
		if err != nil {
			t.Fatal(err)
		}
		const k = 25
		near, err := nearest(context.Background(), nil, r, k)
		if err != nil {
			t.Fatal(err)
		}
		for i := range r.n {
			var want []neighbour
			for j := range r.n {
				if j != i {
					want = append(want, neighbour{int32(j), squaredDistance(r.row(i), r.row(j))})
				}
			}
			slices.SortStableFunc(want, func(a, b neighbour) int { return cmp.Compare(a.d2, b.d2) })
			if got := near[i*k : (i+1)*k]; !slices.Equal(got, want[:k]) {
				t.Fatalf("%s: neighbours of row %d are %v, want %v", name, i, got, want[:k])
			}
		}
	}
}

func TestConditionalPerplexity(t *testing.T) {
	near := make([]neighbour, 90)
	for _, perplexity := range []float64{1.5, 5, 30, 80} {
		for i := range near {
			near[i].d2 = 3 + float64(i*i)/100
		}
		p := make([]float64, len(near))
		conditional(near, perplexity, p)
		entropy, sum := 0.0, 0.0
		for _, v := range p {
			entropy -= v * math.Log(v)
			sum += v
		}
		if got := math.Exp(entropy); math.Abs(got-perplexity) > 1e-8*perplexity || math.Abs(sum-1) > 1e-12 {
			t.Errorf("perplexity %v, want %v; sum %v", got, perplexity, sum)
		}
	}
	for i := range near { // ten equal rows and many far ones: ten is the least perplexity there is
		near[i].d2 = float64(min(i/10, 1)) * 1e6
	}
	p := make([]float64, len(near))
	conditional(near, 5, p)
	for i, v := range p {
		if want := float64(1-min(i/10, 1)) / 10; math.Abs(v-want) > 1e-9 {
			t.Fatalf("weight %d is %v, want %v", i, v, want)
		}
	}
}

func TestAffinity(t *testing.T) {
	x, _ := gaussians(200, 10, 3)
	a, err := NewAffinity(context.Background(), x, &AffinityOptions{Perplexity: 20})
	if err != nil {
		t.Fatal(err)
	}
	dense := mat.NewDense(a.Len(), a.Len(), nil)
	sum := 0.0
	for i := range a.Len() {
		row, p := a.Row(i)
		if !slices.IsSorted(row) || slices.Contains(row, int32(i)) {
			t.Fatalf("row %d has columns %v, want ascending ones without %d", i, row, i)
		}
		for e, j := range row {
			dense.Set(i, int(j), p[e])
			sum += p[e]
		}
	}
	if math.Abs(sum-1) > 1e-12 || !mat.EqualApprox(dense, dense.T(), 1e-18) {
		t.Errorf("sum %v, want 1 of a symmetric matrix", sum)
	}
	if a.Perplexity != 20 {
		t.Errorf("perplexity %v, want 20", a.Perplexity)
	}
	rows := make([][]float32, a.Len())
	for i := range rows {
		rows[i] = make([]float32, 10)
		for j := range rows[i] {
			rows[i][j] = float32(x.At(i, j))
			x.Set(i, j, float64(rows[i][j]))
		}
	}
	want, err := NewAffinity(context.Background(), x, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := NewAffinity(context.Background(), floatRows{x, rows}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.p, want.p) || !slices.Equal(got.column, want.column) {
		t.Error("float32 rows give other affinities than the same values in a Dense")
	}
}

func TestDefaultPerplexity(t *testing.T) {
	x, _ := gaussians(31, 4, 3)
	a, err := NewAffinity(context.Background(), x, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a.Perplexity != 10 {
		t.Errorf("perplexity %v, want (31-1)/3 = 10", a.Perplexity)
	}
}

// The approximate search finds most of the nearest neighbours of data like embeddings: groups in few of many directions.
func TestApproximateSearch(t *testing.T) {
	const n, d, k = 20_000, 32, 30
	random := rand.New(rand.NewPCG(1, 2))
	axes, x := mat.NewDense(12, d, nil), mat.NewDense(n, d, nil)
	axes.Apply(func(_, _ int, _ float64) float64 { return random.NormFloat64() }, axes)
	centres := mat.NewDense(100, 12, nil)
	centres.Apply(func(_, _ int, _ float64) float64 { return 2 * random.NormFloat64() }, centres)
	for i := range n {
		latent := mat.VecDenseCopyOf(centres.RowView(random.IntN(100)))
		for j := range 12 {
			latent.SetVec(j, latent.AtVec(j)+random.NormFloat64())
		}
		row := x.RowView(i).(*mat.VecDense)
		row.MulVec(axes.T(), latent)
		for j := range d {
			row.SetVec(j, row.AtVec(j)+0.3*random.NormFloat64())
		}
	}
	r, err := newRows(x)
	if err != nil {
		t.Fatal(err)
	}
	pool := kernel.NewPool(3)
	defer pool.Close()
	want, err := nearest(t.Context(), pool, r, k)
	if err != nil {
		t.Fatal(err)
	}
	got, err := nearestByCells(t.Context(), pool, r, k)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for i := range n {
		exact := map[neighbour]bool{}
		for _, nb := range want[i*k : (i+1)*k] {
			exact[nb] = true
		}
		for e, nb := range got[i*k : (i+1)*k] {
			if exact[nb] {
				found++
			}
			if e > 0 && nearer(got[i*k+e-1], nb) >= 0 {
				t.Fatalf("neighbours of row %d are not in order: %v", i, got[i*k:(i+1)*k])
			}
		}
	}
	if recall := float64(found) / (n * k); recall < 0.97 {
		t.Errorf("recall %.4f, want 0.97", recall)
	} else {
		t.Logf("recall %.4f", recall)
	}
	alone, err := nearestByCells(t.Context(), nil, r, k)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(alone, got) {
		t.Error("one core finds other neighbours than three")
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := nearestByCells(stopped, pool, r, k); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

// Few rows make one cell, in which the search is exact.
func TestApproximateSearchOfFewRows(t *testing.T) {
	x, _ := gaussians(300, 10, 3)
	want, err := NewAffinity(t.Context(), x, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := NewAffinity(t.Context(), x, &AffinityOptions{Search: ApproximateSearch})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.p, want.p) || !slices.Equal(got.column, want.column) {
		t.Error("other affinities than by the exact search")
	}
}

// Against all eigenvectors of the dense matrix, in a ring that has no ends.
func TestSpectral(t *testing.T) {
	const n = 150
	x := mat.NewDense(n, 3, nil)
	random := rand.New(rand.NewPCG(1, 1))
	for i := range n {
		angle := 2 * math.Pi * float64(i*i) / (n * n) // of uneven density: no two eigenvalues are equal
		x.SetRow(i, []float64{3 * math.Cos(angle), 2 * math.Sin(angle), 0.05 * random.NormFloat64()})
	}
	a, err := NewAffinity(t.Context(), x, &AffinityOptions{Perplexity: 10})
	if err != nil {
		t.Fatal(err)
	}
	got, err := a.Spectral(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	degree, dense := make([]float64, n), mat.NewSymDense(n, nil)
	for i := range n {
		_, p := a.Row(i)
		degree[i] = floats.Sum(p)
	}
	for i := range n {
		row, p := a.Row(i)
		for e, j := range row {
			dense.SetSym(i, int(j), p[e]/math.Sqrt(degree[i]*degree[j]))
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(dense, true) {
		t.Fatal("no eigenvectors")
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	for c := range 2 {
		want := mat.Col(nil, n-2-c, &vectors)
		for i := range want {
			want[i] /= math.Sqrt(degree[i])
		}
		if r := stat.Correlation(want, mat.Col(nil, c, got), nil); math.Abs(r) < 0.999 {
			t.Errorf("column %d correlates with the eigenvector by %.4f", c, r)
		}
	}
	if deviation := stat.PopStdDev(mat.Col(nil, 0, got), nil); math.Abs(deviation-1e-4) > 2e-6 {
		t.Errorf("standard deviation %v, want 1e-4", deviation)
	}
	again, err := a.Spectral(t.Context(), 0)
	if err != nil || !mat.Equal(got, again) {
		t.Errorf("the same seed gave other values, error %v", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := a.Spectral(stopped, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	for _, few := range []int{2, 3, 5} {
		a, err := NewAffinity(t.Context(), x.Slice(0, few, 0, 3), nil)
		if err != nil {
			t.Fatal(err)
		}
		y, err := a.Spectral(t.Context(), 0)
		if err != nil || floats.HasNaN(y.RawMatrix().Data) {
			t.Errorf("%d rows: %v, error %v", few, y, err)
		}
	}
}

// counted counts how often it is asked whether it is done.
type counted struct {
	context.Context
	asked atomic.Int64
}

func (c *counted) Err() error {
	c.asked.Add(1)
	return nil
}

// All stages ask whether they are to stop before each row, block of rows or product with the matrix, which take long where
// there are many rows.
func TestStagesMayStop(t *testing.T) {
	x, _ := gaussians(600, 5, 3)
	ctx := &counted{Context: t.Context()}
	a, err := NewAffinity(ctx, x, nil)
	if err != nil {
		t.Fatal(err)
	}
	exact := ctx.asked.Swap(0)
	if _, err := NewAffinity(ctx, x, &AffinityOptions{Search: ApproximateSearch}); err != nil {
		t.Fatal(err)
	}
	approximate := ctx.asked.Swap(0)
	if _, err := a.Spectral(ctx, 0); err != nil {
		t.Fatal(err)
	}
	const blocks, degree, width = 600/queryBlock + 1, 12, 6
	if spectral := ctx.asked.Load(); exact < 3*600 || approximate < 3*600+lloydRounds*blocks || spectral < degree*width {
		t.Errorf("asked %d times by the exact search, %d by the approximate, %d by the spectral start", exact, approximate, spectral)
	}
	done, stop := context.WithCancel(t.Context())
	stop()
	if _, err := joint(done, nil, make([]neighbour, 4), 2, 2, []float64{1}); !errors.Is(err, context.Canceled) {
		t.Errorf("joint: error %v, want context.Canceled", err)
	}
}

func TestStart(t *testing.T) {
	x, _ := digits(t)
	start, err := Start(t.Context(), x, 0)
	if err != nil {
		t.Fatal(err)
	}
	n, d := x.Dims()
	for j := range d {
		column := mat.Col(nil, j, x)
		mean := 0.0
		for _, v := range column {
			mean += v / float64(n)
		}
		for i := range n {
			x.Set(i, j, x.At(i, j)-mean)
		}
	}
	var svd mat.SVD
	if !svd.Factorize(x, mat.SVDThin) {
		t.Fatal("no singular values")
	}
	var axes mat.Dense
	svd.VTo(&axes)
	scale := 1e-4 / svd.Values(nil)[0] * math.Sqrt(float64(n))
	for c := range 2 {
		axis := mat.Col(nil, c, &axes)
		largest := slices.MaxFunc(axis, func(a, b float64) int { return cmp.Compare(math.Abs(a), math.Abs(b)) })
		for i := range n {
			want := scale * math.Copysign(1, largest) * mat.Dot(x.RowView(i), mat.NewVecDense(d, axis))
			if got := start.At(i, c); math.Abs(got-want) > 6e-6 { // six times the noise
				t.Fatalf("point %d has component %d %v, want %v", i, c, got, want)
			}
		}
	}
}

func TestSquaredDistance(t *testing.T) {
	a, b := []float32{1, 2, 3, 4, 5}, []float32{0, 2, 5, 4, 2}
	for n, want := range []float64{0, 1, 1, 5, 5, 14} {
		if got := squaredDistance(a[:n], b[:n]); got != want {
			t.Errorf("distance of %d values is %v, want %v", n, got, want)
		}
	}
}

// Lengths of rows do not count by cosine.
func TestCosine(t *testing.T) {
	x, _ := gaussians(60, 5, 3)
	scaled := mat.DenseCopyOf(x)
	for i := range 60 {
		for j := range 5 {
			scaled.Set(i, j, math.Ldexp(x.At(i, j), i%7-3))
		}
	}
	opts := &AffinityOptions{Perplexity: 8, Metric: Cosine}
	want, err := NewAffinity(background(), x, opts)
	if err != nil {
		t.Fatal(err)
	}
	got, err := NewAffinity(background(), scaled, opts)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.p, want.p) || !slices.Equal(got.column, want.column) {
		t.Error("other lengths of the rows give other affinities")
	}
	scaled.SetRow(7, make([]float64, 5))
	if _, err := NewAffinity(background(), scaled, opts); err == nil || !strings.Contains(err.Error(), "row 7 is all zeros") {
		t.Errorf("a row of zeros: error %v", err)
	}
}

// Several scales give the mean of the affinities at each.
func TestScales(t *testing.T) {
	x, _ := gaussians(50, 4, 3)
	of := func(o AffinityOptions) *Affinity {
		t.Helper()
		o.AllRows = true
		a, err := NewAffinity(background(), x, &o)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	near, far := of(AffinityOptions{Perplexity: 4}), of(AffinityOptions{Perplexity: 30})
	both := of(AffinityOptions{Scales: []float64{30, 4}})
	if both.Perplexity != 30 {
		t.Errorf("perplexity %v, want 30", both.Perplexity)
	}
	for e, p := range both.p {
		if want := (near.p[e] + far.p[e]) / 2; math.Abs(p-want) > 1e-15 {
			t.Fatalf("entry %d is %v, want %v", e, p, want)
		}
	}
	if n := len(both.p); n != 50*49 {
		t.Errorf("%d entries, want those of all pairs", n)
	}
}

// scikit-learn's exact method ends at 0.680 with the same iterations.
func TestExactDigits(t *testing.T) {
	if testing.Short() {
		t.Skip("a minute on two cores: all pairs of 1,797 rows, 1,000 times")
	}
	x, _ := digits(t)
	m, err := Embed(background(), x, &Options{Affinity: &AffinityOptions{AllRows: true}, Layout: &LayoutOptions{Method: Exact, Iterations: 750}})
	if err != nil {
		t.Fatal(err)
	}
	if m.KL > 1.01*0.680 {
		t.Errorf("KL %.4f, want at most 0.687", m.KL)
	}
	t.Logf("KL %.4f", m.KL)
}
