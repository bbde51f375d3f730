package tsne

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/org/salesconv/internal/reference"
)

func background() context.Context { return context.Background() }

// digits reads the UCI digits: [1797, 64] and the labels.
func digits(t testing.TB) (*mat.Dense, []int) {
	t.Helper()
	records, err := csv.NewReader(bytes.NewReader(reference.Bytes(t, "digits.csv.gz"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	x, labels := mat.NewDense(len(records), 64, nil), make([]int, len(records))
	for i, record := range records {
		for j, field := range record {
			v, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			if j < 64 {
				x.Set(i, j, float64(v))
			} else {
				labels[i] = v
			}
		}
	}
	return x, labels
}

// gaussians draws n rows around two centres.
func gaussians(n, d int, seed uint64) (*mat.Dense, []int) {
	random := rand.New(rand.NewPCG(seed, 1))
	x, labels := mat.NewDense(n, d, nil), make([]int, n)
	for i := range n {
		labels[i] = i % 2
		for j := range d {
			x.Set(i, j, random.NormFloat64()+6*float64(labels[i]))
		}
	}
	return x, labels
}

func contents(m *Map) []byte {
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, m.Points.RawMatrix().Data)
	binary.Write(&b, binary.LittleEndian, m.KL)
	return b.Bytes()
}

// agreement is the share of points whose nearest neighbour in the map has the same label.
func agreement(m *Map, labels []int) float64 {
	same := 0
	for i, label := range labels {
		best, bestLabel := math.Inf(1), 0
		for j := range labels {
			d := math.Hypot(m.Points.At(i, 0)-m.Points.At(j, 0), m.Points.At(i, 1)-m.Points.At(j, 1))
			if j != i && d < best {
				best, bestLabel = d, labels[j]
			}
		}
		if bestLabel == label {
			same++
		}
	}
	return float64(same) / float64(len(labels))
}

// scikit-learn 0.753 and openTSNE 0.751 on the same data; the divergence here is checked against the sum over all
// pairs as well.
func TestEmbedDigits(t *testing.T) {
	x, labels := digits(t)
	m, err := Embed(background(), x, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m.KL > 0.76 {
		t.Errorf("KL %.4f, want at most 0.76", m.KL)
	}
	a, err := NewAffinity(background(), x, nil)
	if err != nil {
		t.Fatal(err)
	}
	if exact := exactKL(a, m.Points); math.Abs(exact-m.KL) > 0.002 {
		t.Errorf("KL %.4f, summed over all pairs %.4f", m.KL, exact)
	}
	if got := agreement(m, labels); got < 0.97 {
		t.Errorf("%.3f of nearest neighbours share the label, want 0.97", got)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	alone, err := Embed(background(), x, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(contents(m), contents(alone)) {
		t.Error("one core gives other bytes than several")
	}
}

func TestEmbedSeparates(t *testing.T) {
	x, labels := gaussians(120, 20, 7)
	m, err := Embed(background(), x, &Options{Affinity: &AffinityOptions{Perplexity: 15}, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	if got := agreement(m, labels); got != 1 {
		t.Errorf("%.3f of nearest neighbours share the group, want all", got)
	}
	again, err := Embed(background(), x, &Options{Affinity: &AffinityOptions{Perplexity: 15}, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(contents(m), contents(again)) {
		t.Error("the same seed gave other bytes")
	}
}

func TestEmbedFewOrDuplicateRows(t *testing.T) {
	one, _ := gaussians(40, 1, 5)
	mixed, _ := gaussians(60, 4, 5)
	for i := range 30 {
		mixed.SetRow(i, mixed.RawRowView(0))
	}
	large := mat.NewDense(4, 2, []float64{1e300, 0, -1e300, 1, 2, 3, 1e-300, 5})
	small := mat.NewDense(4, 2, []float64{1e-300, 0, -1e-300, 0, 0, 1e-300, 0, 0})
	for name, x := range map[string]*mat.Dense{
		"2 rows": mat.NewDense(2, 2, []float64{1, 2, 3, 4}),
		"3 rows": mat.NewDense(3, 2, []float64{1, 2, 3, 4, 5, 6}), "one column": one, "many duplicates": mixed, "large values": large, "small values": small,
	} {
		t.Run(name, func(t *testing.T) {
			m, err := Embed(background(), x, nil)
			if err != nil {
				t.Fatal(err)
			}
			n, _ := x.Dims()
			if rows, columns := m.Points.Dims(); rows != n || columns != 2 {
				t.Errorf("map is [%d %d], want [%d 2]", rows, columns, n)
			}
			for _, v := range append(m.Points.RawMatrix().Data, m.KL) {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("%v in the map", v)
				}
			}
			if m.KL < -1e-9 {
				t.Errorf("KL %v is negative", m.KL)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	x, _ := gaussians(10, 3, 1)
	with := func(v float64) *mat.Dense {
		y := mat.DenseCopyOf(x)
		y.Set(4, 2, v)
		return y
	}
	for _, c := range []struct {
		name string
		x    mat.Matrix
		opts *Options
		want string
	}{
		{"NaN", with(math.NaN()), nil, "row 4, column 2 is NaN"},
		{"infinity", with(math.Inf(-1)), nil, "row 4, column 2 is -Inf"},
		{"no rows", &mat.Dense{}, nil, "0 rows of 0 columns"},
		{"no matrix", nil, nil, "no matrix"},
		{"short row", floatRows{x, [][]float32{{1, 2, 3}, {4, 5}, 9: nil}}, nil, "row 1 has 2 values, want 3"},
		{"short row by cosine", floatRows{x, [][]float32{{1, 2, 3}, {4, 5}, 9: nil}}, &Options{Affinity: &AffinityOptions{Metric: Cosine}}, "row 1 has 2 values, want 3"},
		{"one row", x.Slice(3, 4, 0, 3), nil, "one row"},
		{"equal rows", mat.NewDense(50, 3, nil), nil, "50 rows, all the same"},
		{"search", x, &Options{Affinity: &AffinityOptions{Search: "tree"}}, `search "tree"`},
		{"nothing to search", x, &Options{Affinity: &AffinityOptions{Search: ApproximateSearch, AllRows: true}}, "AllRows compares all rows"},
		{"large perplexity", x, &Options{Affinity: &AffinityOptions{Perplexity: 3.5}}, "perplexity 3.5 is too large for 10 rows, which allow 3 at most"},
		{"large scale", x, &Options{Affinity: &AffinityOptions{AllRows: true, Scales: []float64{2, 12}}}, "perplexity 12 is too large for 10 rows, which allow 9"},
		{"perplexity", x, &Options{Affinity: &AffinityOptions{Perplexity: 0.5}}, "perplexity 0.5"},
		{"infinite perplexity", x, &Options{Affinity: &AffinityOptions{Perplexity: math.Inf(1)}}, "perplexity +Inf is too large for 10 rows"},
		{"infinite exaggeration", x, &Options{Layout: &LayoutOptions{Exaggeration: math.Inf(1)}}, "exaggeration +Inf, want a finite number"},
		{"perplexity NaN", x, &Options{Affinity: &AffinityOptions{Perplexity: math.NaN()}}, "perplexity NaN"},
		{"method", x, &Options{Layout: &LayoutOptions{Method: "octree"}}, `method "octree"`},
		{"iterations", x, &Options{Layout: &LayoutOptions{Iterations: math.MaxInt}}, "9223372036854775807 iterations"},
		{"theta", x, &Options{Layout: &LayoutOptions{Theta: 2}}, "theta 2"},
		{"exaggeration", x, &Options{Layout: &LayoutOptions{Exaggeration: 0.1}}, "exaggeration 0.1"},
		{"learning rate", x, &Options{Layout: &LayoutOptions{LearningRate: -1}}, "learning rate -1"},
		{"divergence", x, &Options{Layout: &LayoutOptions{LearningRate: 1e308}}, "moved to infinity"},
	} {
		_, err := Embed(background(), c.x, c.opts)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "tsne: ") {
			t.Errorf("%s: error %v, want tsne: … %s", c.name, err, c.want)
		}
	}
	a, err := NewAffinity(background(), x, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Layout(background(), mat.NewDense(9, 2, nil), nil); err == nil || !strings.Contains(err.Error(), "[9 2], want [10 2]") {
		t.Errorf("wrong start: error %v", err)
	}
	start := func(v float64) *mat.Dense {
		y, err := Start(background(), x, 1)
		if err != nil {
			t.Fatal(err)
		}
		y.Set(3, 1, v)
		return y
	}
	for _, c := range []struct {
		a     *Affinity
		start mat.Matrix
		want  string
	}{
		{nil, start(0), "no affinity"}, {new(Affinity), start(0), "no affinity"}, {a, nil, "no start"},
		{a, start(math.NaN()), "start: row 3, column 1 is NaN"}, {a, start(math.Inf(-1)), "start: row 3, column 1 is -Inf"},
		{a, start(-1e30), "start: row 3, column 1 is -1e+30, want -1000000 to 1000000"},
		{a, mat.NewDense(10, 2, slices.Repeat([]float64{2, 1}, 10)), "in one place"},
	} {
		if m, err := c.a.Layout(background(), c.start, nil); m != nil || err == nil || !strings.HasPrefix(err.Error(), "tsne: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("map %v, error %v, want tsne: … %s", m, err, c.want)
		}
	}
}

func TestCancel(t *testing.T) {
	x, _ := gaussians(40, 3, 1)
	ctx, cancel := context.WithCancel(background())
	m, err := Embed(ctx, x, &Options{Layout: &LayoutOptions{Progress: func(s Step) {
		if s.Iteration == 100 {
			cancel()
		}
	}}})
	if !errors.Is(err, context.Canceled) || m == nil || m.Iterations != 100 {
		t.Errorf("map %+v, error %v; want the map of 100 iterations and context.Canceled", m, err)
	}
	if _, err := NewAffinity(ctx, x, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("NewAffinity: error %v, want context.Canceled", err)
	}
	if y, err := Start(ctx, x, 1); !errors.Is(err, context.Canceled) || y != nil {
		t.Errorf("Start: %v, error %v, want context.Canceled", y, err)
	}
}

func TestProgress(t *testing.T) {
	x, _ := gaussians(40, 3, 1)
	var steps []Step
	m, err := Embed(background(), x, &Options{Layout: &LayoutOptions{
		EarlyIterations: -1, Iterations: 120, Progress: func(s Step) { steps = append(steps, s) },
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(steps) != 3 || steps[2].Iteration != 120 || steps[2].Iterations != 120 || steps[2].KL != m.KL {
		t.Errorf("steps %+v, want those after 50, 100 and 120 iterations, the last with KL %v", steps, m.KL)
	}
}

func BenchmarkEmbedDigits(b *testing.B) {
	x, _ := digits(b)
	for b.Loop() {
		m, err := Embed(background(), x, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(m.KL, "KL")
	}
}

func BenchmarkAffinity(b *testing.B) {
	x, _ := gaussians(3000, 384, 1)
	for b.Loop() {
		if _, err := NewAffinity(background(), x, nil); err != nil {
			b.Fatal(err)
		}
	}
}
