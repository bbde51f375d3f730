package drift

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/classify/internal/sample"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// MMD tests whether two samples of rows, such as embeddings, have the same distribution, by the squared maximum mean
// discrepancy (Gretton et al. 2012): the unbiased estimate with the kernel exp(-|a-b|²/s), where s is the median of |a-b|²
// over all pairs of rows. The statistic is 0 on average, and may be below 0, where nothing moved; p is by permutation. Of
// a sample with more than opts.Rows rows, opts.Rows are drawn at random. Each sample needs two rows or more.
func MMD(ctx context.Context, reference, recent mat.Matrix, opts *Options) (Test, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return Test{}, err
	}
	a, err := draw(reference, &o, 0)
	if err != nil {
		return Test{}, fmt.Errorf("drift: MMD: reference: %w", err)
	}
	b, err := draw(recent, &o, 1)
	if err != nil {
		return Test{}, fmt.Errorf("drift: MMD: recent: %w", err)
	}
	if len(a[0]) != len(b[0]) {
		return Test{}, fmt.Errorf("drift: MMD: rows of %d and of %d columns", len(a[0]), len(b[0]))
	}
	if len(b) < len(a) {
		a, b = b, a // sums are over pairs of the first sample
	}
	k := newKernel(append(a, b...))
	statistic := func(order []int) float64 { return k.discrepancy(order[:len(a)]) }
	seen := statistic(sample.All(len(a) + len(b)))
	p, err := o.permute(ctx, len(a)+len(b), seen, statistic)
	return Test{seen, p}, err
}

// draw copies rows of a matrix, all or at random.
func draw(x mat.Matrix, o *Options, stream uint64) ([][]float64, error) {
	if x == nil {
		return nil, errNoRows
	}
	n, _ := x.Dims()
	if n < 2 {
		return nil, fmt.Errorf("%d rows, want 2 or more", n)
	}
	order := sample.All(n)
	if n > o.Rows {
		order = rand.New(rand.NewPCG(o.Seed, 1<<63+stream)).Perm(n)[:o.Rows]
	}
	rows := make([][]float64, len(order))
	for k, i := range order {
		rows[k] = mat.Row(nil, i, x)
		if slices.ContainsFunc(rows[k], func(v float64) bool { return v-v != 0 }) {
			return nil, fmt.Errorf("row %d has a number that is not finite", i)
		}
	}
	return rows, nil
}

// kernel holds the similarities of all pairs of different rows among n.
type kernel struct {
	n     int
	value []float64 // n × n, 0 in the diagonal
	sums  []float64 // of each row
	total float64
}

func newKernel(rows [][]float64) *kernel {
	n := len(rows)
	k := &kernel{n: n, value: make([]float64, n*n), sums: make([]float64, n)}
	var squares []float64
	for i := range n {
		for j := range i {
			d := 0.0
			for c, v := range rows[i] {
				d += (v - rows[j][c]) * (v - rows[j][c])
			}
			k.value[i*n+j] = d
			squares = append(squares, d)
		}
	}
	slices.Sort(squares)
	median := (squares[len(squares)/2] + squares[(len(squares)-1)/2]) / 2
	if median == 0 {
		median = 1 // most rows are equal: any scale tells the others from them
	}
	for i := range n {
		for j := range i {
			v := math.Exp(-k.value[i*n+j] / median)
			k.value[i*n+j], k.value[j*n+i] = v, v
			k.sums[i], k.sums[j], k.total = k.sums[i]+v, k.sums[j]+v, k.total+2*v
		}
	}
	return k
}

// discrepancy is the unbiased squared discrepancy between some of the rows and all others.
func (k *kernel) discrepancy(first []int) float64 {
	within, sums := 0.0, 0.0
	for _, i := range first {
		row := k.value[i*k.n : (i+1)*k.n]
		for _, j := range first {
			within += row[j]
		}
		sums += k.sums[i]
	}
	n, m := float64(len(first)), float64(k.n-len(first))
	across := sums - within
	others := k.total - within - 2*across
	return within/(n*(n-1)) + others/(m*(m-1)) - 2*across/(n*m)
}

// Classifier tests whether a classifier can tell recent rows from reference rows (Lopez-Paz and Oquab 2017): refit is
// trained on a random half of the rows to predict which are recent, label 1, and the statistic is its ROC AUC on the other
// half, 0.5 by chance. P is the p value of the Mann–Whitney test, one-sided, as a classifier that is worse than chance is no
// evidence of drift. The rows of label 0 are the reference; classify.Refit makes a Refit from a matrix of all rows and a
// classifier. Each label needs four rows or more.
func Classifier(ctx context.Context, recent []int, refit evaluate.Refit, seed uint64) (Test, error) {
	if err := sample.CheckLabels(len(recent), recent, nil); err != nil {
		return Test{}, fmt.Errorf("drift: classifier: %w", err)
	}
	var train, test []int
	var seen [2]int
	for _, i := range rand.New(rand.NewPCG(seed, 0)).Perm(len(recent)) {
		half := &train
		if seen[recent[i]]%2 == 1 {
			half = &test
		}
		*half = append(*half, i)
		seen[recent[i]]++
	}
	if min(seen[0], seen[1]) < 4 {
		return Test{}, fmt.Errorf("drift: classifier: %d reference rows and %d recent ones, want 4 or more of each", seen[0], seen[1])
	}
	slices.Sort(train)
	slices.Sort(test)
	p, err := refit(ctx, train, test)
	if err != nil {
		return Test{}, fmt.Errorf("drift: classifier: %w", err)
	}
	return mannWhitney(p, sample.Pick(recent, test))
}

// mannWhitney tests whether rows of label 1 score higher, with the normal approximation for ties and for continuity.
func mannWhitney(score []float64, y []int) (Test, error) {
	auc := evaluate.ROCAUC(score, y)
	if math.IsNaN(auc) {
		return Test{}, fmt.Errorf("drift: %d scores for %d rows, or a score is NaN", len(score), len(y))
	}
	n, m, ties := 0.0, 0.0, 0.0
	count := map[float64]float64{}
	for i, label := range y {
		n, m = n+float64(1-label), m+float64(label)
		count[score[i]]++
	}
	for _, c := range slices.Sorted(maps.Values(count)) {
		ties += c*c*c - c
	}
	all := n + m
	sd := math.Sqrt(n * m / 12 * (all + 1 - ties/(all*(all-1))))
	if sd == 0 {
		return Test{auc, 1}, nil
	}
	return Test{auc, distuv.UnitNormal.Survival((auc*n*m - n*m/2 - 0.5) / sd)}, nil
}
