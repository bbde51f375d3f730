package ops

import (
	"fmt"
	"math"
	"slices"
	"sort"

	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/internal/kernel"
)

// Pooling is how the rows of a sequence become one.
type Pooling int

// The poolings of sentence-transformers.
const (
	Mean         Pooling = iota
	CLS                  // the first row
	Max                  // of each column
	MeanSqrt             // the sum divided by the square root of the number of rows
	WeightedMean         // row i, from 1 on, weighs i
	Last                 // the last row
)

// Pool gives each sequence one row from x [tokens,width]: what each of the poolings gives side by side,
// [sequences,len(how)·width]; zeros if it has no tokens.
func Pool[T kernel.Float](c *Context[T], name string, x *G.Node, how ...Pooling) (*G.Node, error) {
	width := x.Shape()[1]
	pools := make([]pool[T], len(how))
	for i, h := range how {
		if pools[i] = newPool(c, h, width); pools[i].forward == nil {
			return nil, fmt.Errorf("ops: %s: pooling %d is none of those that there are", name, h)
		}
	}
	if len(how) == 0 {
		return nil, fmt.Errorf("ops: %s: no pooling", name)
	}
	o := c.op(name, x, sequences, len(how)*width, pooled, normed)
	y := c.output(o)
	var one []T // what one of several poolings gives, or its gradient
	o.do = func(in []G.Value) (G.Value, error) {
		n := c.Batch.Sequences()
		out := y.get(n, len(how)*width)
		if len(how) == 1 {
			pools[0].forward(data[T](in[0]), out)
			return y.value(), nil
		}
		one = slices.Grow(one[:0], n*width)[:n*width]
		for i, p := range pools {
			p.forward(data[T](in[0]), one)
			for s := range n {
				copy(out[(s*len(how)+i)*width:][:width], one[s*width:])
			}
		}
		return y.value(), nil
	}
	o.diff = func(in G.Nodes, grad *G.Node) (G.Nodes, error) {
		dx, part := c.buffer(o, down), new(buffer[T])
		return o.backward(func(v []G.Value) error {
			n, dy, d := c.Batch.Sequences(), data[T](v[0]), dx.get(len(c.Batch.IDs), width)
			if len(how) == 1 {
				pools[0].backward(dy, d)
				return nil
			}
			clear(d)
			for i, p := range pools {
				for s := range n {
					copy(one[s*width:][:width], dy[(s*len(how)+i)*width:])
				}
				p.backward(one, part.get(len(c.Batch.IDs), width))
				sum(c.Pool, part, dx)
			}
			return nil
		}, G.Nodes{grad}, o.results(in, dx.value)...)
	}
	return c.apply(o, x)
}

// pool is a pooling and its gradient.
type pool[T kernel.Float] struct{ forward, backward func(from, to []T) }

func newPool[T kernel.Float](c *Context[T], how Pooling, width int) pool[T] {
	switch how {
	case Mean:
		return pool[T]{
			func(x, y []T) { kernel.MeanPool(c.Pool, x, c.Batch.Offsets, width, y) },
			func(dy, dx []T) { kernel.MeanPoolBackward(c.Pool, dy, c.Batch.Offsets, width, dx) },
		}
	case Max:
		var argmax []int
		return pool[T]{
			func(x, y []T) {
				argmax = slices.Grow(argmax[:0], len(y))[:len(y)]
				kernel.MaxPool(c.Pool, x, c.Batch.Offsets, width, y, argmax)
			},
			func(dy, dx []T) { kernel.MaxPoolBackward(c.Pool, dy, c.Batch.Offsets, width, argmax, dx) },
		}
	case CLS:
		return pool[T]{
			func(x, y []T) { firstRows(x, c.Batch.Offsets, width, y) },
			func(dy, dx []T) { firstRowsBackward(dy, c.Batch.Offsets, width, dx) },
		}
	case MeanSqrt, WeightedMean, Last:
		var weights []T
		return pool[T]{
			func(x, y []T) {
				weights = tokenWeights(how, c.Batch.Offsets, weights[:0])
				kernel.WeightedSum(c.Pool, x, c.Batch.Offsets, weights, width, y)
			},
			func(dy, dx []T) { kernel.WeightedSumBackward(c.Pool, dy, c.Batch.Offsets, weights, width, dx) },
		}
	}
	return pool[T]{}
}

// tokenWeights appends the weight of each token in its sequence's sum.
func tokenWeights[T kernel.Float](how Pooling, offsets []int, weights []T) []T {
	for s, from := range offsets[:len(offsets)-1] {
		n := offsets[s+1] - from
		for i := range n {
			w := 1 / math.Sqrt(float64(n))
			if how == WeightedMean {
				w = float64(i+1) / (float64(n) * float64(n+1) / 2)
			} else if how == Last {
				w = float64((i + 1) / n)
			}
			weights = append(weights, T(w))
		}
	}
	return weights
}

func firstRows[T kernel.Float](x []T, offsets []int, width int, y []T) {
	clear(y)
	for s, from := range offsets[:len(offsets)-1] {
		if from < offsets[s+1] {
			copy(y[s*width:][:width], x[from*width:])
		}
	}
}

func firstRowsBackward[T kernel.Float](dy []T, offsets []int, width int, dx []T) {
	clear(dx)
	for s, from := range offsets[:len(offsets)-1] {
		if from < offsets[s+1] {
			copy(dx[from*width:][:width], dy[s*width:])
		}
	}
}

// Columns is the first n columns of x.
func Columns[T kernel.Float](c *Context[T], name string, x *G.Node, n int) (*G.Node, error) {
	width := x.Shape()[1]
	if n < 1 || n > width {
		return nil, fmt.Errorf("ops: %s: %d columns of %d", name, n, width)
	}
	o := c.op(name, x, x.Shape()[0], n, pooled)
	y := c.output(o)
	o.do = func(in []G.Value) (G.Value, error) {
		v, out := data[T](in[0]), y.get(rows(in[0]), n)
		for i := range rows(in[0]) {
			copy(out[i*n:][:n], v[i*width:])
		}
		return y.value(), nil
	}
	o.diff = func(in G.Nodes, grad *G.Node) (G.Nodes, error) {
		dx := new(buffer[T])
		return o.backward(func(v []G.Value) error {
			m := rows(v[0])
			dy, d := data[T](v[0]), dx.get(m, width)
			clear(d)
			for i := range m {
				copy(d[i*width:][:n], dy[i*n:])
			}
			return nil
		}, G.Nodes{grad}, o.results(in, dx.value)...)
	}
	return c.apply(o, x)
}

// Normalize divides each row of x by its Euclidean norm.
func Normalize[T kernel.Float](c *Context[T], name string, x *G.Node) (*G.Node, error) {
	width := x.Shape()[1]
	o := c.op(name, x, x.Shape()[0], width, pooled)
	y := c.output(o)
	var norm []T
	o.do = func(in []G.Value) (G.Value, error) {
		m := rows(in[0])
		if len(norm) < m {
			norm = make([]T, m)
		}
		kernel.L2Normalize(c.Pool, m, width, data[T](in[0]), y.get(m, width), norm)
		return y.value(), nil
	}
	o.diff = func(in G.Nodes, grad *G.Node) (G.Nodes, error) {
		dx := new(buffer[T])
		return o.backward(func(v []G.Value) error {
			m := rows(v[0])
			kernel.L2NormalizeBackward(c.Pool, m, width, data[T](y.value()), norm, data[T](v[0]), dx.get(m, width))
			return nil
		}, G.Nodes{grad}, o.results(in, dx.value)...)
	}
	return c.apply(o, x)
}

// Documents gives each document of the batch the sum of its segments' rows, each times its weight, or without weights
// their mean, and further sums with other weights side by side: [documents,blocks·width] from x [segments,width]; zeros if
// it has no segments.
func Documents[T kernel.Float](c *Context[T], name string, x *G.Node, blocks int) (*G.Node, error) {
	width := x.Shape()[1]
	o := c.op(name, x, documents, blocks*width, pooled)
	y := c.output(o)
	weights := make([][]T, blocks)
	var one []T // a block, or its gradient
	o.do = func(in []G.Value) (G.Value, error) {
		b := c.Batch
		n, out := b.Rows(), y.get(b.Rows(), blocks*width)
		one = slices.Grow(one[:0], n*width)[:n*width]
		for k := range weights {
			weights[k] = shares(b, k, weights[k][:0])
			kernel.WeightedSum(c.Pool, data[T](in[0]), b.bounds(), weights[k], width, one)
			for d := range n {
				copy(out[(d*blocks+k)*width:][:width], one[d*width:])
			}
		}
		return y.value(), nil
	}
	o.diff = func(in G.Nodes, grad *G.Node) (G.Nodes, error) {
		dx, part := new(buffer[T]), new(buffer[T])
		return o.backward(func(v []G.Value) error {
			b := c.Batch
			dy, d := data[T](v[0]), dx.get(b.Sequences(), width)
			clear(d)
			for k := range weights {
				for row := range b.Rows() {
					copy(one[row*width:][:width], dy[(row*blocks+k)*width:])
				}
				kernel.WeightedSumBackward(c.Pool, one, b.bounds(), weights[k], width, part.get(b.Sequences(), width))
				sum(c.Pool, part, dx)
			}
			return nil
		}, G.Nodes{grad}, o.results(in, dx.value)...)
	}
	return c.apply(o, x)
}

// shares appends each segment's weight in a block of its document.
func shares[T kernel.Float](b *Batch, block int, weights []T) []T {
	if block < len(b.Weights) {
		for _, w := range b.Weights[block] {
			weights = append(weights, T(w))
		}
	}
	docs := b.bounds()
	for s := len(weights); s < b.Sequences(); s++ {
		d := sort.SearchInts(docs, s+1) - 1
		weights = append(weights, T(1/float64(docs[d+1]-docs[d])))
	}
	return weights
}
