package ops

import (
	"fmt"
	"sort"

	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/internal/kernel"
)

// Pooling is how the rows of a segment become one.
type Pooling int

// The poolings of sentence-transformers.
const (
	Mean Pooling = iota
	CLS          // the first row
	Max          // of each column
)

// Pool gives each segment one row, [segments,width], from x [tokens,width]; zeros if it has no tokens.
func Pool[T kernel.Float](c *Context[T], name string, x *G.Node, how Pooling) (*G.Node, error) {
	width := x.Shape()[1]
	var argmax []int
	forward := map[Pooling]func(x, y []T){
		Mean: func(x, y []T) { kernel.MeanPool(c.Pool, x, c.Batch.Offsets, width, y) },
		CLS:  func(x, y []T) { firstRows(x, c.Batch.Offsets, width, y) },
		Max:  func(x, y []T) { kernel.MaxPool(c.Pool, x, c.Batch.Offsets, width, y, argmax) },
	}[how]
	backward := map[Pooling]func(dy, dx []T){
		Mean: func(dy, dx []T) { kernel.MeanPoolBackward(c.Pool, dy, c.Batch.Offsets, width, dx) },
		CLS:  func(dy, dx []T) { firstRowsBackward(dy, c.Batch.Offsets, width, dx) },
		Max:  func(dy, dx []T) { kernel.MaxPoolBackward(c.Pool, dy, c.Batch.Offsets, width, argmax, dx) },
	}[how]
	if forward == nil {
		return nil, fmt.Errorf("ops: %s: pooling %d is none of Mean, CLS and Max", name, how)
	}
	o := c.op(name, x, sequences, width, pooled, normed)
	y := c.output(o)
	o.do = func(in []G.Value) (G.Value, error) {
		n := c.Batch.Sequences()
		if how == Max && len(argmax) < n*width {
			argmax = make([]int, n*width)
		}
		forward(data[T](in[0]), y.get(n, width))
		return y.value(), nil
	}
	o.diff = func(in G.Nodes, grad *G.Node) (G.Nodes, error) {
		dx := c.buffer(o, down)
		return o.backward(func(v []G.Value) error {
			backward(data[T](v[0]), dx.get(len(c.Batch.IDs), width))
			return nil
		}, G.Nodes{grad}, o.results(in, dx.value)...)
	}
	return c.apply(o, x)
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
// their mean: [documents,width] from x [segments,width]; zeros if it has no segments.
func Documents[T kernel.Float](c *Context[T], name string, x *G.Node) (*G.Node, error) {
	width := x.Shape()[1]
	o := c.op(name, x, documents, width, pooled)
	y := c.output(o)
	var weights []T
	o.do = func(in []G.Value) (G.Value, error) {
		b := c.Batch
		weights = shares(b, weights[:0])
		kernel.WeightedSum(c.Pool, data[T](in[0]), b.bounds(), weights, width, y.get(b.Rows(), width))
		return y.value(), nil
	}
	o.diff = func(in G.Nodes, grad *G.Node) (G.Nodes, error) {
		dx := new(buffer[T])
		return o.backward(func(v []G.Value) error {
			b := c.Batch
			kernel.WeightedSumBackward(c.Pool, data[T](v[0]), b.bounds(), weights, width, dx.get(b.Sequences(), width))
			return nil
		}, G.Nodes{grad}, o.results(in, dx.value)...)
	}
	return c.apply(o, x)
}

// shares appends each segment's weight in its document.
func shares[T kernel.Float](b *Batch, weights []T) []T {
	for _, w := range b.Weights {
		weights = append(weights, T(w))
	}
	docs := b.bounds()
	for s := len(weights); s < b.Sequences(); s++ {
		d := sort.SearchInts(docs, s+1) - 1
		weights = append(weights, T(1/float64(docs[d+1]-docs[d])))
	}
	return weights
}
