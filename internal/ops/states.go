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
