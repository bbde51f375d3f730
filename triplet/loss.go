package triplet

import (
	"context"
	"fmt"
	"math"

	"github.com/org/salesconv/internal/ops"
)

// LossKind names what a loss compares.
type LossKind string

const (
	// Triplets draws, for each document as anchor, a document of its label and one of the other, and requires the first
	// to be nearer by the margin (Schroff, Kalenichenko and Philbin 2015). The default: stable on little data. Only
	// this loss and MultipleNegatives do not need large batches.
	Triplets LossKind = "triplet"
	// BatchAll averages over all triplets within a label-balanced batch that violate the margin. Use it when
	// random triplets have become too easy (Active near 0).
	BatchAll LossKind = "batch_all"
	// BatchHard takes for each anchor the farthest document of its label and the nearest of the other (Hermans,
	// Beyer and Leibe 2017). It learns fast from clean labels; do not use it with noisy labels, since wrong labels
	// make the hardest triplets.
	BatchHard LossKind = "batch_hard"
	// BatchSemiHard takes for each anchor and positive the nearest negative that is farther from the anchor than
	// the positive (Schroff et al.), which avoids the collapse that hard triplets can cause.
	BatchSemiHard LossKind = "batch_semi_hard"
	// SupervisedContrastive is a softmax over all documents of the batch that favours documents of the same label
	// (Khosla et al. 2020). Use it with large batches; it has no margin to choose.
	SupervisedContrastive LossKind = "supervised_contrastive"
	// MultipleNegatives is a softmax that favours each anchor's positive over the positives of the other label in the
	// batch (Henderson et al. 2017). Use it when documents of one label are about many things: it pulls pairs
	// together, not whole labels.
	MultipleNegatives LossKind = "multiple_negatives"
)

// Distance names how far apart two documents are.
type Distance string

const (
	Cosine           Distance = "cosine" // 1 - cosine similarity, 0 to 2
	Euclidean        Distance = "euclidean"
	SquaredEuclidean Distance = "squared_euclidean" // for unit vectors twice Cosine
	Manhattan        Distance = "manhattan"         // the sum of absolute differences
)

// Loss is the function that training minimises. The zero value is the triplet loss on cosine distance with margin
// 0.3.
type Loss struct {
	Kind     LossKind // default: Triplets
	Distance Distance // default: Cosine; SupervisedContrastive and MultipleNegatives know no other
	// Margin is by how much a document of the other label must be farther away. Default: 0.3 for Cosine, 0.5 for
	// Euclidean, 0.6 for SquaredEuclidean, 5 for Manhattan; negative: none. With a margin larger than the distances
	// that occur, every triplet stays active, as with sentence-transformers' default of 5 on unit vectors.
	Margin float64
	// Soft replaces max(0, margin + p - n) by log(1 + exp(p - n)), which has no margin to choose and a gradient for
	// every triplet. For Triplets, BatchAll and BatchHard. Default: false.
	Soft bool
	// Scale multiplies similarities before the softmax of MultipleNegatives, default 20, or SupervisedContrastive, default 10.
	Scale float64
}

// withDefaults validates a loss and fills in what is zero.
func (l Loss) withDefaults() (Loss, error) {
	if l.Kind == "" {
		l.Kind = Triplets
	}
	if l.Distance == "" {
		l.Distance = Cosine
	}
	margin := map[Distance]float64{Cosine: 0.3, Euclidean: 0.5, SquaredEuclidean: 0.6, Manhattan: 5}[l.Distance]
	scale, known := map[LossKind]float64{MultipleNegatives: 20, SupervisedContrastive: 10, Triplets: 0, BatchAll: 0, BatchHard: 0, BatchSemiHard: 0}[l.Kind]
	softmax := scale > 0
	switch {
	case !known:
		return l, fmt.Errorf("triplet: loss %q, want triplet, batch_all, batch_hard, batch_semi_hard, supervised_contrastive or multiple_negatives", l.Kind)
	case margin == 0:
		return l, fmt.Errorf("triplet: distance %q, want cosine, euclidean, squared_euclidean or manhattan", l.Distance)
	case softmax && l.Distance != Cosine:
		return l, fmt.Errorf("triplet: loss %s works on cosine similarity, not on %s distance", l.Kind, l.Distance)
	case l.Soft && (l.Kind == BatchSemiHard || softmax):
		return l, fmt.Errorf("triplet: loss %s has no soft margin", l.Kind)
	case l.Margin != 0 && (l.Soft || softmax):
		return l, fmt.Errorf("triplet: loss %s, Soft %v, has no Margin: leave out %v", l.Kind, l.Soft, l.Margin)
	case l.Scale != 0 && !softmax:
		return l, fmt.Errorf("triplet: loss %s has no Scale: leave out %v", l.Kind, l.Scale)
	}
	var err error
	switch {
	case softmax:
		err = positive("Scale", &l.Scale, scale, math.MaxInt32)
	case !l.Soft:
		err = orNone("Margin", &l.Margin, margin, math.MaxInt32)
	}
	if err != nil {
		return l, fmt.Errorf("triplet: %w", err)
	}
	return l, nil
}

// drawsTriplets reports whether the loss works on drawn triplets rather than on a label-balanced batch.
func (l Loss) drawsTriplets() bool { return l.Kind == Triplets || l.Kind == MultipleNegatives }

// batch is what one value of a loss is about: documents, their labels, and for losses that draw them the triplets of
// anchor, positive and negative, as places among the documents.
type batch struct {
	ops.Batch
	segments  ops.Batch // the same sequences, with segments instead of documents
	attended  ops.Batch // segments instead of sequences
	documents []int     // which they are
	labels    []int
	triplets
}

// comparison is one evaluation of a loss over rows x [n,width]. Losses are functions of distances: they read at, and
// pull adds up their derivative by each distance. Its memory is reused.
type comparison struct {
	Loss
	*batch
	// ctx is nil, or ends an evaluation, whose value and gradient are then of no use.
	ctx      context.Context
	n, width int
	x, norm  []float64
	d, g     []float64 // distances, NaN until asked for, and derivatives [n,n]
	times    []float64 // each document's as a candidate of a softmax
	sum      []float64 // of the rows, each of length 1

	value            float64
	active, compared int // triplets or anchors: those whose loss is not zero yet, and all
}

// of evaluates the loss of a batch over x [n,width] and overwrites grad with the gradient.
func (c *comparison) of(b *batch, width int, x, grad []float64) {
	c.begin(b, width, x)
	switch c.Kind {
	case Triplets:
		c.drawn()
	case BatchAll:
		c.batchAll()
	case BatchHard:
		c.batchHard()
	case BatchSemiHard:
		c.batchSemiHard()
	case SupervisedContrastive:
		c.supervisedContrastive()
	case MultipleNegatives:
		c.multipleNegatives()
	}
	c.backward(grad)
}

// begin forgets what was compared before.
func (c *comparison) begin(b *batch, width int, x []float64) {
	c.read(b, width, x)
	c.value, c.active, c.compared = 0, 0, 0
	c.d, c.g = resize(c.d, c.n*c.n), resize(c.g, c.n*c.n)
	clear(c.g)
	for i := range c.d {
		c.d[i] = math.NaN()
	}
}

// read takes in the rows x of a batch.
func (c *comparison) read(b *batch, width int, x []float64) {
	c.batch, c.n, c.width, c.x = b, len(b.labels), width, x
	c.norm = resize(c.norm, c.n)
	for i := range c.norm {
		c.norm[i] = max(math.Sqrt(dot(c.row(i), c.row(i))), 1e-12)
	}
}

// cosine is the mean cosine similarity of different rows.
func (c *comparison) cosine() float64 {
	c.sum = resize(c.sum, c.width)
	sum := c.sum
	clear(sum)
	for i := range c.n {
		for k, v := range c.row(i) {
			sum[k] += v / c.norm[i]
		}
	}
	return (dot(sum, sum) - float64(c.n)) / float64(max(c.n*(c.n-1), 1))
}

func (c *comparison) row(i int) []float64 { return c.x[i*c.width:][:c.width] }

// violation is how far a triplet is from what is wanted, and its derivative by p - n.
func (c *comparison) violation(p, n float64) (value, slope float64) {
	if c.Soft {
		return softplus(p - n), 1 / (1 + math.Exp(n-p))
	}
	if v := p - n + c.Margin; v > 0 {
		return v, 1
	}
	return 0, 0
}

// stopped reports whether the evaluation is to end.
func (c *comparison) stopped() bool { return c.ctx != nil && c.ctx.Err() != nil }

// anchors yields the rows, until the evaluation is to end.
func (c *comparison) anchors(yield func(int) bool) {
	for a := range c.n {
		if c.stopped() || !yield(a) {
			return
		}
	}
}

// drawnTriplets yields the batch's triplets, until the evaluation is to end.
func (c *comparison) drawnTriplets(yield func([3]int) bool) {
	i := 0
	for t := range c.triplets.all {
		if i++; i%1024 == 0 && c.stopped() || !yield(t) {
			return
		}
	}
}

// count counts a comparison, as active if it is within the margin or, with a soft one, in the wrong order.
func (c *comparison) count(p, n float64) {
	c.compared++
	if c.Soft && p > n || !c.Soft && p-n+c.Margin > 0 {
		c.active++
	}
}

// share is the share of active comparisons.
func (c *comparison) share() float64 { return float64(c.active) / float64(max(c.compared, 1)) }

// drawn is the mean over the batch's triplets.
func (c *comparison) drawn() {
	w := 1 / float64(c.triplets.n)
	for t := range c.drawnTriplets {
		c.triplet(t[0], t[1], t[2], w)
		c.count(c.at(t[0], t[1]), c.at(t[0], t[2]))
	}
}

// triplet adds one with weight w.
func (c *comparison) triplet(a, p, n int, w float64) {
	v, slope := c.violation(c.at(a, p), c.at(a, n))
	c.value += w * v
	c.pull(a, p, w*slope)
	c.pull(a, n, -w*slope)
}

// eachTriplet calls f for all triplets of the batch.
func (c *comparison) eachTriplet(f func(a, p, n int)) {
	for a := range c.anchors {
		for p := range c.n {
			if p == a || c.labels[p] != c.labels[a] {
				continue
			}
			for n := range c.n {
				if c.labels[n] != c.labels[a] {
					f(a, p, n)
				}
			}
		}
	}
}

// batchAll is the mean over the triplets of positive loss; with a soft margin all of them are.
func (c *comparison) batchAll() {
	positive := 0
	c.eachTriplet(func(a, p, n int) {
		if v, _ := c.violation(c.at(a, p), c.at(a, n)); v > 1e-16 {
			positive++
		}
		c.count(c.at(a, p), c.at(a, n))
	})
	if positive == 0 {
		return
	}
	w := 1 / float64(positive)
	c.eachTriplet(func(a, p, n int) { c.triplet(a, p, n, w) })
}

// batchHard is the mean over anchors of their hardest triplet. An anchor alone with its label has 0 as the distance
// of its positive.
func (c *comparison) batchHard() {
	w := 1 / float64(c.n)
	for a := range c.anchors {
		p, n := -1, -1
		for j := range c.n {
			switch {
			case j == a:
			case c.labels[j] == c.labels[a]:
				if p < 0 || c.at(a, j) > c.at(a, p) {
					p = j
				}
			case n < 0 || c.at(a, j) < c.at(a, n):
				n = j
			}
		}
		if n < 0 {
			continue
		}
		if p >= 0 {
			c.triplet(a, p, n, w)
			c.count(c.at(a, p), c.at(a, n))
			continue
		}
		v, slope := c.violation(0, c.at(a, n))
		c.value += w * v
		c.pull(a, n, -w*slope)
		c.count(0, c.at(a, n))
	}
}

// batchSemiHard is the mean over pairs of one label, each with the nearest negative that is farther, or the farthest if
// none is.
func (c *comparison) batchSemiHard() {
	pairs := 0
	for a := range c.anchors {
		for p := range c.n {
			if p != a && c.labels[p] == c.labels[a] {
				pairs++
			}
		}
	}
	w := 1 / float64(max(pairs, 1))
	for a := range c.anchors {
		for p := range c.n {
			if p == a || c.labels[p] != c.labels[a] {
				continue
			}
			if n := c.semiHard(a, c.at(a, p)); n >= 0 {
				c.triplet(a, p, n, w)
				c.count(c.at(a, p), c.at(a, n))
			}
		}
	}
}

// semiHard returns the nearest negative of a beyond distance d, or the farthest of all.
func (c *comparison) semiHard(a int, d float64) int {
	nearest, farthest := -1, -1
	for n := range c.n {
		if c.labels[n] == c.labels[a] {
			continue
		}
		if farthest < 0 || c.at(a, n) > c.at(a, farthest) {
			farthest = n
		}
		if c.at(a, n) > d && (nearest < 0 || c.at(a, n) < c.at(a, nearest)) {
			nearest = n
		}
	}
	if nearest >= 0 {
		return nearest
	}
	return farthest
}

// supervisedContrastive is, averaged over anchors and their positives, the negative logarithm of the softmax over all
// other documents.
func (c *comparison) supervisedContrastive() {
	anchors := 0
	for a := range c.anchors {
		if c.partners(a) > 0 {
			anchors++
		}
	}
	c.times = resize(c.times, c.n)
	for j := range c.times {
		c.times[j] = 1
	}
	for a := range c.anchors {
		positives := c.partners(a)
		if positives == 0 {
			continue
		}
		c.times[a] = 0
		c.softmax(a, 1/float64(anchors), func(j int) float64 {
			if c.labels[j] == c.labels[a] {
				return 1 / float64(positives)
			}
			return 0
		})
		c.times[a] = 1
	}
}

// partners returns how many other documents have the label of a.
func (c *comparison) partners(a int) int {
	n := -1
	for _, l := range c.labels {
		if l == c.labels[a] {
			n++
		}
	}
	return n
}

// multipleNegatives is, averaged over the drawn pairs, the negative logarithm of the softmax over the own partner and
// rows of other labels.
func (c *comparison) multipleNegatives() {
	w := 1 / float64(c.triplets.n)
	drawn := make([]float64, c.n) // how often each document is a partner
	for t := range c.drawnTriplets {
		drawn[t[1]]++
	}
	c.times = resize(c.times, c.n)
	for t := range c.drawnTriplets {
		for j, k := range drawn {
			if c.labels[j] == c.labels[t[0]] {
				k = 0
			}
			c.times[j] = k
		}
		c.times[t[1]] = 1
		c.softmax(t[0], w, func(j int) float64 {
			if j == t[1] {
				return 1
			}
			return 0
		})
	}
}

// softmax adds, with weight w, the cross entropy between the target shares and the softmax of the similarity to a over
// the candidates, which are documents each as often as times has it. The anchor is active if the most similar candidate is
// not wanted.
func (c *comparison) softmax(a int, w float64, target func(j int) float64) {
	best := -1
	for j, k := range c.times {
		if k > 0 && (best < 0 || c.at(a, j) < c.at(a, best)) {
			best = j
		}
	}
	sum := 0.0
	for j, k := range c.times {
		if k > 0 {
			sum += k * math.Exp(c.Scale*(c.at(a, best)-c.at(a, j)))
		}
	}
	for j, k := range c.times {
		if k > 0 {
			z := c.Scale * (c.at(a, best) - c.at(a, j))
			c.value += w * target(j) * (math.Log(sum) - z)
			c.pull(a, j, w*c.Scale*(target(j)-k*math.Exp(z)/sum))
		}
	}
	c.compared++
	if target(best) == 0 {
		c.active++
	}
}

func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// resize returns a slice of n elements, in the memory of s if that suffices.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
