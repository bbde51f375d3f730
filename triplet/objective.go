package triplet

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// Objective is a custom loss on the embeddings of documents, used instead of [Options].Loss: sampling, the memory
// limit, validation and checkpoints work as before. A [Loss] is an Objective too, so an Objective can combine several.
// Its type and its fields as JSON belong to the identity of a run: see [Checkpoints].
//
// [CheckGradient] compares the gradient of an Objective with finite differences.
type Objective interface {
	// Evaluate returns the loss of a batch and adds to b.Gradient, which is zero initially, the derivative of the loss by
	// each element of b.Embeddings. It is called once a step and must depend on b alone, so that runs are reproducible. An
	// error, or a loss or gradient that is not finite, ends the run.
	Evaluate(b *Batch) (float64, error)
}

// Batch is what an [Objective] is evaluated on: the documents of one step. It lasts until Evaluate returns.
type Batch struct {
	Documents  []int      // indices into the documents that Train was given, each once
	Labels     []int      // of each document: 0 or 1
	Embeddings *mat.Dense // [documents, width], to be read only
	Gradient   *mat.Dense // [documents, width]
	// Triplets yields the anchors, positives and negatives that were drawn, as rows of Embeddings:
	// [Options].TripletsPerAnchor for each document as the anchor. Every iteration yields the same triplets.
	Triplets iter.Seq[[3]int]
}

// Evaluate implements [Objective].
func (l Loss) Evaluate(b *Batch) (float64, error) {
	l, err := l.withDefaults()
	if err != nil {
		return 0, err
	}
	c := comparison{Loss: l}
	n, width := b.Embeddings.Dims()
	grad := make([]float64, n*width)
	c.of(b.internal(), width, mat.DenseCopyOf(b.Embeddings).RawMatrix().Data, grad)
	b.Gradient.Add(b.Gradient, mat.NewDense(n, width, grad))
	return c.value, nil
}

// internal is the batch as the losses of this package read it.
func (b *Batch) internal() *batch {
	n := 0
	if b.Triplets != nil {
		for range b.Triplets {
			n++
		}
	}
	return &batch{documents: b.Documents, labels: b.Labels, triplets: triplets{n, b.Triplets}}
}

// evaluate computes a loss of the caller's own over x [n,width] and overwrites grad with the gradient.
func (c *comparison) evaluate(o Objective, b *batch, width int, x, grad []float64) (err error) {
	c.begin(b, width, x)
	clear(grad)
	c.active, c.compared = 1, 1
	c.value, err = o.Evaluate(&Batch{b.documents, b.labels, mat.NewDense(c.n, width, x), mat.NewDense(c.n, width, grad), b.triplets.all})
	if err != nil {
		return fmt.Errorf("the objective: %w", err)
	}
	if math.IsNaN(c.value) || math.IsInf(c.value, 0) {
		return fmt.Errorf("the objective's loss is %v, want a finite number", c.value)
	}
	for i, g := range grad {
		if math.IsNaN(g) || math.IsInf(g, 0) {
			return fmt.Errorf("the objective's gradient of element %d of document %d is %v, want a finite number", i%width, b.documents[i/width], g)
		}
	}
	return nil
}

// CheckGradient evaluates an objective on random embeddings of the given width, one for each label, which are 0 and 1
// with two of each or more, and compares its gradient with central differences. The error names the element that
// differs by more than 1e-5, relative to its size if that is above 1. Near a kink, as in max(0, x), a correct
// gradient may differ: try another seed.
func CheckGradient(o Objective, labels []int, width int, seed uint64) error {
	if o == nil || width < 1 {
		return fmt.Errorf("triplet: objective %v on embeddings of width %d, want an objective and 1 or more", o, width)
	}
	if err := checkLabels(labels); err != nil {
		return fmt.Errorf("triplet: %w", err)
	}
	b := &batch{labels: labels, documents: make([]int, len(labels))}
	r := rand.New(rand.NewPCG(seed, 0))
	x := make([]float64, len(labels)*width)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	for i := range b.documents {
		b.documents[i] = i
	}
	b.triplets = newSampler(seed, labels, nil, Loss{Kind: Triplets}, len(labels), 2).triplets(0, b.documents)

	grad, other := make([]float64, len(x)), make([]float64, len(x))
	var c comparison
	if err := c.evaluate(o, b, width, x, grad); err != nil {
		return fmt.Errorf("triplet: %w", err)
	}
	const h = 1e-5
	for i, v := range x {
		var values [2]float64
		for k, d := range []float64{-h, h} {
			x[i] = v + d
			if err := c.evaluate(o, b, width, x, other); err != nil {
				return fmt.Errorf("triplet: %w", err)
			}
			values[k] = c.value
		}
		x[i] = v
		want := (values[1] - values[0]) / (2 * h)
		if !(math.Abs(grad[i]-want) <= 1e-5*max(1, math.Abs(want))) {
			return fmt.Errorf("triplet: the gradient of element %d of document %d is %g, central differences give %g", i%width, i/width, grad[i], want)
		}
	}
	return nil
}
