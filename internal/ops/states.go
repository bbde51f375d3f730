package ops

import (
	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/internal/kernel"
)

// States is [tokens,width]: hidden states that f writes for each run's batch, instead of layers that would compute them.
// It begins the chain. below is a frozen parameter of the layers that it replaces: an operation needs an input.
func States[T kernel.Float](c *Context[T], name string, below *G.Node, width int, f func(b *Batch, states []T) error) (*G.Node, error) {
	o := c.op(name, nil, tokens, width, normed, start)
	y := c.output(o)
	o.do = func([]G.Value) (G.Value, error) {
		if err := f(c.Batch, y.get(len(c.Batch.IDs), width)); err != nil {
			return nil, err
		}
		return y.value(), nil
	}
	n, err := c.apply(o, below)
	if err == nil {
		c.norm = n
	}
	return n, err
}

// Leaf is [tokens,width]: sums of embeddings that f writes for each run's batch, instead of Embed. It begins the chain. Its
// gradient is the gradient of leaf, a node that nothing else reads.
func Leaf[T kernel.Float](c *Context[T], name string, leaf *G.Node, width int, f func(b *Batch, x []T)) (*G.Node, error) {
	o := c.op(name, nil, tokens, width, narrow, start)
	x := c.output(o)
	o.do = func([]G.Value) (G.Value, error) {
		f(c.Batch, x.get(len(c.Batch.IDs), width))
		return x.value(), nil
	}
	o.diff = func(in G.Nodes, grad *G.Node) (G.Nodes, error) {
		var dx buffer[T]
		return o.backward(func(v []G.Value) error {
			copy(dx.get(rows(v[0]), width), data[T](v[0]))
			return nil
		}, G.Nodes{grad}, o.results(in, dx.value)...)
	}
	return c.apply(o, leaf)
}
