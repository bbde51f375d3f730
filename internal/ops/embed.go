package ops

import (
	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/internal/kernel"
)

// Embed is word[id] + position[i] + tokenType[0] for token i of each sequence of the batch: [tokens,width] for tables
// word [vocabulary,width], position [positions,width] and tokenType [types,width]. It begins the chain.
func Embed[T kernel.Float](c *Context[T], name string, word, position, tokenType *G.Node) (*G.Node, error) {
	vocabulary, width, positions, types := word.Shape()[0], word.Shape()[1], position.Shape()[0], tokenType.Shape()[0]
	if err := check[T](name, position, positions, width); err != nil {
		return nil, err
	}
	if err := check[T](name, tokenType, types, width); err != nil {
		return nil, err
	}
	o := c.op(name, nil, tokens, width, narrow, start)
	y := c.output(o)
	o.do = func(in []G.Value) (G.Value, error) {
		b := c.Batch
		if err := b.check(name, vocabulary, positions); err != nil {
			return nil, err
		}
		out := y.get(len(b.IDs), width)
		kernel.Embed(c.Pool, b.IDs, b.Offsets, data[T](in[0]), data[T](in[1]), data[T](in[2]), width, out)
		return y.value(), nil
	}
	o.diff = func(in G.Nodes, grad *G.Node) (G.Nodes, error) {
		var dword, dposition, dtype, morePosition, moreType buffer[T]
		var touched []int // the rows of dword that are not zero
		return o.backward(func(v []G.Value) error {
			b, stale, dp, dt := c.Batch, touched, &dposition, &dtype
			more := c.Accumulate && len(touched) > 0
			if more {
				stale, dp, dt = nil, &morePosition, &moreType
			} else {
				touched = touched[:0]
			}
			kernel.EmbedBackward(c.Pool, b.IDs, b.Offsets, data[T](v[0]), width, stale,
				dword.get(vocabulary, width), dp.get(positions, width), dt.get(types, width))
			if more {
				sum(c.Pool, &morePosition, &dposition)
				sum(c.Pool, &moreType, &dtype)
			}
			touched = append(touched, b.IDs...)
			return nil
		}, G.Nodes{grad}, o.results(in, dword.value, dposition.value, dtype.value)...)
	}
	return c.apply(o, word, position, tokenType)
}

// sum adds the elements of part to the elements of whole.
func sum[T kernel.Float](pool *kernel.Pool, part, whole *buffer[T]) {
	w := data[T](whole.value())
	kernel.Add(pool, data[T](part.value()), w, w)
}
