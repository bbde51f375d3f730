package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/internal/kernel"
)

// Attention is multi-head self-attention inside each segment, of packed queries, keys and values qkv
// [rows,3·width]; it gives [rows,width]. p is the probability of dropping an attention weight. The backward pass
// computes the attention weights anew.
func Attention[T kernel.Float](c *Context[T], name string, qkv *G.Node, heads int, p float64) (*G.Node, error) {
	width := qkv.Shape()[1] / 3
	if heads < 1 || qkv.Shape()[1] != 3*width || width%heads != 0 {
		return nil, fmt.Errorf("ops: %s: %d columns do not divide into queries, keys and values of %d heads", name, qkv.Shape()[1], heads)
	}
	o := c.op(name, qkv, qkv.Shape()[0], width, mixed, wide)
	if c.trainable(qkv) {
		retain(qkv)
	}
	y := c.output(o)
	drop := c.dropout(name, p, heads)
	o.do = func(in []G.Value) (G.Value, error) {
		out := y.get(rows(in[0]), width)
		if qkv, ok := in[0].Data().([]float32); ok && c.Int8 {
			kernel.AttentionInt8(c.Pool, qkv, c.Batch.Offsets, heads, width/heads, any(out).([]float32))
			return y.value(), nil
		}
		kernel.Attention(c.Pool, data[T](in[0]), c.Batch.Offsets, heads, width/heads, drop(), out)
		return y.value(), nil
	}
	o.diff = func(in G.Nodes, grad *G.Node) (G.Nodes, error) {
		o.retain()
		dqkv := c.buffer(o, wide)
		return o.backward(func(v []G.Value) error {
			m := rows(v[0])
			kernel.AttentionBackward(c.Pool, data[T](v[1]), data[T](y.value()), data[T](v[0]), c.Batch.Offsets,
				heads, width/heads, drop(), dqkv.get(m, 3*width))
			return nil
		}, G.Nodes{grad, in[0]}, o.results(in, dqkv.value)...)
	}
	return c.apply(o, qkv)
}
