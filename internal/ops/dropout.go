package ops

import (
	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/internal/kernel"
)

// Dropout drops elements of x with probability p and scales the others by 1/(1-p). It works in the memory of x,
// which nothing else may read.
func Dropout[T kernel.Float](c *Context[T], name string, x *G.Node, p float64) (*G.Node, error) {
	width := x.Shape()[1]
	o := c.op(name, x, x.Shape()[0], width, normed, normed)
	drop := c.dropout(name, p, 1)
	o.retain = func() { retain(x) }
	o.do = func(in []G.Value) (G.Value, error) {
		v := data[T](in[0])
		kernel.Drop(c.Pool, rows(in[0]), width, v, drop(), v)
		return in[0], nil
	}
	o.diff = func(in G.Nodes, grad *G.Node) (G.Nodes, error) {
		dx := c.buffer(o, mixed)
		return o.backward(func(v []G.Value) error {
			m := rows(v[0])
			kernel.Drop(c.Pool, m, width, data[T](v[0]), drop(), dx.get(m, width))
			return nil
		}, G.Nodes{grad}, o.results(in, dx.value)...)
	}
	first := o.chained && x == c.norm
	y, err := c.apply(o, x)
	if err == nil && first {
		c.norm = y
	}
	return y, err
}
