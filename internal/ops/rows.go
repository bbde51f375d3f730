package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/org/salesconv/internal/kernel"
)

// Rows gives x [rows,width] a fixed number n of rows, for operations of gorgonia's own, which count on the shapes they
// are built with: the rows that the batch has, then zeros. A batch with more is an error. Gradients of the zeros go
// nowhere.
func Rows[T kernel.Float](c *Context[T], name string, x *G.Node, n int) (*G.Node, error) {
	width := x.Shape()[1]
	o := c.op(name, x, n, width, pooled)
	o.ragged, o.chained = false, false
	retain(x)
	y := new(buffer[T])
	o.do = func(in []G.Value) (G.Value, error) {
		if m := rows(in[0]); m > n {
			return nil, fmt.Errorf("ops: %s: a batch of %d rows, want at most %d, as the graph was built for", name, m, n)
		}
		d := y.get(n, width)
		clear(d[copy(d, data[T](in[0])):])
		return y.value(), nil
	}
	o.diff = func(in G.Nodes, grad *G.Node) (G.Nodes, error) {
		dx := new(buffer[T])
		return o.backward(func(v []G.Value) error {
			copy(dx.get(rows(v[1]), width), data[T](v[0]))
			return nil
		}, G.Nodes{grad, in[0]}, o.results(in, dx.value)...)
	}
	return c.apply(o, x)
}

// RowWeights is the vector [n] that turns losses of the rows of Rows into their mean: 1/m for each of the m rows that x
// has in the batch, then zeros.
func RowWeights[T kernel.Float](c *Context[T], name string, x *G.Node, n int) (*G.Node, error) {
	o := c.op(name, x, n, 0, pooled)
	o.out, o.shape = G.TensorType{Dims: 1, Of: dtype[T]()}, tensor.Shape{n}
	o.ragged, o.chained = false, false
	y := new(buffer[T])
	o.do = func(in []G.Value) (G.Value, error) {
		d, m := y.get(n, 0), min(rows(in[0]), n)
		clear(d)
		for i := range m {
			d[i] = 1 / T(m)
		}
		return y.value(), nil
	}
	node, err := c.apply(o, x)
	o.wrt = []bool{false} // counting rows has no gradient
	return node, err
}
