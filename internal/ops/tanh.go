package ops

import (
	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/internal/kernel"
)

// Tanh is the hyperbolic tangent of each element of x.
func Tanh[T kernel.Float](c *Context[T], name string, x *G.Node) (*G.Node, error) {
	width := x.Shape()[1]
	o := c.op(name, x, x.Shape()[0], width, pooled)
	y := c.output(o)
	o.do = func(in []G.Value) (G.Value, error) {
		kernel.Tanh(c.Pool, data[T](in[0]), y.get(rows(in[0]), width))
		return y.value(), nil
	}
	o.diff = func(in G.Nodes, grad *G.Node) (G.Nodes, error) {
		dx := new(buffer[T])
		return o.backward(func(v []G.Value) error {
			d, out := dx.get(rows(v[0]), width), data[T](y.value())
			for i, g := range data[T](v[0]) {
				d[i] = g * (1 - out[i]*out[i])
			}
			return nil
		}, G.Nodes{grad}, o.results(in, dx.value)...)
	}
	return c.apply(o, x)
}
