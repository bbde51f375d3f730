package ops

import (
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/internal/kernel"
)

// AttentiveDocuments gives each document of the batch the weighted mean of its segments' rows that a query makes:
// segment s weighs as w·exp(query·x) over the sum of these in its document, w being its weight in [Documents]. A
// query of zeros gives what Documents does if those weights sum to 1. x is [segments,width], query [width].
func AttentiveDocuments[T kernel.Float](c *Context[T], name string, x, query *G.Node) (*G.Node, error) {
	width := x.Shape()[1]
	if err := check[T](name, query, width); err != nil {
		return nil, err
	}
	o := c.op(name, x, documents, width, pooled)
	y := c.output(o)
	var weights []T
	o.do = func(in []G.Value) (G.Value, error) {
		b := c.Batch
		weights = Attend(data[T](in[0]), data[T](in[1]), b.bounds(), shares(b, 0, weights[:0]))
		kernel.WeightedSum(c.Pool, data[T](in[0]), b.bounds(), weights, width, y.get(b.Rows(), width))
		return y.value(), nil
	}
	o.diff = func(in G.Nodes, grad *G.Node) (G.Nodes, error) {
		dx, dq := new(buffer[T]), new(buffer[T])
		return o.backward(func(v []G.Value) error {
			b := c.Batch
			d := dx.get(b.Sequences(), width)
			kernel.WeightedSumBackward(c.Pool, data[T](v[0]), b.bounds(), weights, width, d)
			c.accumulate(dq, width, 0, func(dq []T) {
				attendBackward(data[T](v[1]), data[T](v[2]), data[T](y.value()), data[T](v[0]), b.bounds(), weights, d, dq)
			})
			return nil
		}, G.Nodes{grad, in[0], in[1]}, o.results(in, dx.value, dq.value)...)
	}
	return c.apply(o, x, query)
}

// Attend turns the weights of rows x in documents, bounded by offsets, into those that the query gives them, each
// document's summing to 1, or to 0 if they were all 0.
func Attend[T kernel.Float](x, query []T, offsets []int, weights []T) []T {
	width := len(query)
	for d := range len(offsets) - 1 {
		from, to := offsets[d], offsets[d+1]
		top, sum := math.Inf(-1), 0.0
		for s := from; s < to; s++ {
			top = max(top, kernel.Dot(x[s*width:][:width], query))
		}
		for s := from; s < to; s++ {
			weights[s] *= T(math.Exp(kernel.Dot(x[s*width:][:width], query) - top))
			sum += float64(weights[s])
		}
		for s := from; s < to && sum > 0; s++ {
			weights[s] /= T(sum)
		}
	}
	return weights
}

// attendBackward adds to dx what rows gain through their weights, and sets dq: the derivative of a segment's score is its
// weight times dy·(x-y).
func attendBackward[T kernel.Float](x, query, y, dy []T, offsets []int, weights, dx, dq []T) {
	width := len(query)
	clear(dq)
	for d := range len(offsets) - 1 {
		grad := dy[d*width:][:width]
		mean := kernel.Dot(grad, y[d*width:][:width])
		for s := offsets[d]; s < offsets[d+1]; s++ {
			row := x[s*width:][:width]
			score := T(float64(weights[s]) * (kernel.Dot(grad, row) - mean))
			kernel.Axpy(score, query, dx[s*width:][:width])
			kernel.Axpy(score, row, dq)
		}
	}
}
