package triplet

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/org/salesconv/internal/reference"
)

func flat(rows [][]float64) (x []float64) {
	for _, r := range rows {
		x = append(x, r...)
	}
	return x
}

func worst(got, want []float64) (d float64) {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	for i := range got {
		d = max(d, math.Abs(got[i]-want[i]))
	}
	return d
}

// pairs returns the batch of n pairs, the partner of row i being row n+i, that MultipleNegatives was defined on.
func pairs(n int) *batch {
	b := &batch{labels: make([]int, 2*n)}
	var all [][3]int
	for i := range n {
		b.labels[i], b.labels[n+i] = i, i
		all = append(all, [3]int{i, n + i, (i + 1) % n})
	}
	b.triplets = given(all...)
	return b
}

// given are triplets that were not drawn.
func given(all ...[3]int) triplets { return triplets{len(all), slices.Values(all)} }

// Values and gradients equal sentence-transformers'.
func TestLossesGolden(t *testing.T) {
	var golden struct {
		Embeddings [][]float64
		Labels     []int
		Losses     map[string]struct {
			Margin, Loss float64
			Grad         [][]float64
			GradAnchor   [][]float64 `json:"grad_anchor"`
			GradPositive [][]float64 `json:"grad_positive"`
		}
	}
	reference.JSON(t, "batch_losses.json.gz", &golden)
	losses := map[string]Loss{
		"batch_all":              {Kind: BatchAll},
		"batch_hard":             {Kind: BatchHard},
		"batch_semi_hard":        {Kind: BatchSemiHard},
		"batch_hard_soft_margin": {Kind: BatchHard, Soft: true},
	}
	check := func(name string, l Loss, b *batch, rows [][]float64, value float64, grad []float64) {
		l, err := l.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		c := comparison{Loss: l}
		got := make([]float64, len(rows)*16)
		c.of(b, 16, flat(rows), got)
		if !(math.Abs(c.value-value) <= 1e-5) {
			t.Errorf("%s: loss %v, want %v", name, c.value, value)
		}
		if d := worst(got, grad); !(d <= 1e-5) {
			t.Errorf("%s: gradient differs by %g", name, d)
		}
	}
	for name, l := range losses {
		for _, d := range []Distance{Euclidean, Cosine} {
			g := golden.Losses[name+"."+string(d)]
			l.Distance, l.Margin = d, g.Margin
			check(name+"."+string(d), l, &batch{labels: golden.Labels}, golden.Embeddings, g.Loss, flat(g.Grad))
		}
	}
	g := golden.Losses["mnr.cosine"]
	check("mnr", Loss{Kind: MultipleNegatives}, pairs(8), golden.Embeddings[:16], g.Loss, flat(append(g.GradAnchor, g.GradPositive...)))
}

// The supervised contrastive loss as equation 2 of Khosla et al. has it, summed the slow way.
func TestSupervisedContrastive(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	labels, x := []int{0, 1, 0, 2, 1, 0, 1, 3}, make([]float64, 8*5)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	row := func(i int) []float64 { return x[5*i:][:5] }
	similarity := func(i, j int) float64 {
		return 10 * dot(row(i), row(j)) / math.Sqrt(dot(row(i), row(i))*dot(row(j), row(j)))
	}
	want, anchors := 0.0, 0.0
	for i, l := range labels {
		all, positives, sum := 0.0, 0.0, 0.0
		for a := range labels {
			if a != i {
				all += math.Exp(similarity(i, a))
			}
		}
		for p := range labels {
			if p != i && labels[p] == l {
				positives++
				sum -= math.Log(math.Exp(similarity(i, p)) / all)
			}
		}
		if positives > 0 {
			want += sum / positives
			anchors++
		}
	}
	l, err := Loss{Kind: SupervisedContrastive}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	c := comparison{Loss: l}
	c.of(&batch{labels: labels}, 5, x, make([]float64, len(x)))
	if math.Abs(c.value-want/anchors) > 1e-12 {
		t.Errorf("loss %v, want %v", c.value, want/anchors)
	}
}

// Every loss on every distance against central differences.
func TestLossGradients(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	x := make([]float64, 9*5)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	b := &batch{labels: []int{0, 1, 1, 0, 2, 1, 0, 1, 0}, triplets: given([][3]int{{0, 3, 1}, {3, 6, 4}, {1, 2, 0}, {5, 7, 8}, {8, 0, 4}}...)}
	tried := 0
	for _, kind := range []LossKind{Triplets, BatchAll, BatchHard, BatchSemiHard, SupervisedContrastive, MultipleNegatives} {
		for _, d := range []Distance{Cosine, Euclidean, SquaredEuclidean, Manhattan} {
			for _, soft := range []bool{false, true} {
				l, err := Loss{Kind: kind, Distance: d, Soft: soft}.withDefaults()
				if err != nil {
					continue
				}
				tried++
				c := comparison{Loss: l}
				grad, none := make([]float64, len(x)), make([]float64, len(x))
				c.of(b, 5, x, grad)
				if c.compared == 0 || c.active > c.compared || !(c.value > 0) {
					t.Errorf("%+v: loss %v, active %v", l, c.value, c.active)
				}
				for i, v := range x {
					const h = 1e-5
					x[i] = v + h
					up := comparison{Loss: l}
					up.of(b, 5, x, none)
					x[i] = v - h
					down := comparison{Loss: l}
					down.of(b, 5, x, none)
					x[i] = v
					if want := (up.value - down.value) / (2 * h); math.Abs(grad[i]-want) > 1e-6 {
						t.Errorf("%+v: gradient %d is %g, want %g", l, i, grad[i], want)
						break
					}
				}
			}
		}
	}
	if tried != 4*2+4*2+4*2+4+2 {
		t.Errorf("%d losses tried", tried)
	}
}

// A negative margin is none, which is not the default.
func TestLossMargin(t *testing.T) {
	for margin, want := range map[float64]float64{0: 0.3, 0.5: 0.5, -1: 0} {
		if l, err := (Loss{Margin: margin}).withDefaults(); err != nil || l.Margin != want {
			t.Errorf("margin %v becomes %v, error %v, want %v", margin, l.Margin, err, want)
		}
	}
}

// A perfect arrangement costs nothing, equal documents do not divide by zero.
func TestLossExtremes(t *testing.T) {
	far := []float64{1, 0, 1, 0, -1, 0, -1, 0}
	same := []float64{1, 1, 1, 1, 1, 1, 1, 1}
	b := &batch{labels: []int{0, 0, 1, 1}, triplets: given([][3]int{{0, 1, 2}, {2, 3, 0}}...)}
	for _, kind := range []LossKind{Triplets, BatchAll, BatchHard, BatchSemiHard} {
		for _, d := range []Distance{Cosine, Euclidean, SquaredEuclidean, Manhattan} {
			l, err := Loss{Kind: kind, Distance: d, Margin: 0.2}.withDefaults()
			if err != nil {
				t.Fatal(err)
			}
			grad := make([]float64, 8)
			c := comparison{Loss: l}
			c.of(b, 2, far, grad)
			if c.value != 0 || c.active != 0 || worst(grad, make([]float64, 8)) != 0 {
				t.Errorf("%s %s: loss %v, active %v, gradient %v of what is apart", kind, d, c.value, c.active, grad)
			}
			c = comparison{Loss: l}
			c.of(b, 2, same, grad)
			if math.Abs(c.value-0.2) > 1e-9 || c.share() != 1 || math.IsNaN(worst(grad, grad)) {
				t.Errorf("%s %s: loss %v, active %v, gradient %v of equals", kind, d, c.value, c.active, grad)
			}
		}
	}
}

func TestLossErrors(t *testing.T) {
	for _, l := range []Loss{
		{Kind: "hard"}, {Distance: "l2"}, {Margin: math.NaN()}, {Margin: math.Inf(1)},
		{Scale: 10}, {Kind: MultipleNegatives, Scale: -1}, {Kind: MultipleNegatives, Scale: math.Inf(1)}, {Kind: MultipleNegatives, Margin: 0.1},
		{Soft: true, Margin: 0.1}, {Kind: BatchSemiHard, Soft: true}, {Kind: MultipleNegatives, Distance: Euclidean}, {Kind: SupervisedContrastive, Soft: true},
	} {
		if _, err := l.withDefaults(); err == nil {
			t.Errorf("%+v: no error", l)
		}
	}
}
