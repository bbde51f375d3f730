package ops

import (
	"fmt"
	"sort"

	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/internal/kernel"
)

// LayerNorm is gamma·(s-mean)/√(variance+eps) + beta over the columns of s = dropout(x) + residual; residual may be
// nil, p is the probability of dropping an element of x. A row that is not finite makes the run fail with an error
// that names the operation.
func LayerNorm[T kernel.Float](c *Context[T], name string, x, residual, gamma, beta *G.Node, eps, p float64) (*G.Node, error) {
	width := x.Shape()[1]
	for _, n := range []*G.Node{gamma, beta} {
		if err := check[T](name, n, width); err != nil {
			return nil, err
		}
	}
	o := c.op(name, x, x.Shape()[0], width, normed, narrow)
	inputs := G.Nodes{x, gamma, beta}
	if residual != nil {
		if residual != c.norm { // else this operation may write over it
			if r, ok := residual.Op().(*op); ok && r.chained && !c.Keep {
				return nil, fmt.Errorf("ops: %s: residual %v is not the LayerNorm before it and would be overwritten", name, residual)
			}
			retain(residual)
		}
		inputs = append(inputs, residual)
	}
	n := &norm[T]{op: o, c: c, width: width, eps: eps, drop: c.dropout(name, p, 1), y: c.output(o), sum: new(buffer[T])}
	if !c.trainable(inputs...) {
		n.sum = c.buffer(o, narrow) // over x
	}
	o.do = n.forward
	head := branch(x, residual)
	o.diff = func(in G.Nodes, grad *G.Node) (G.Nodes, error) { return n.backward(in, grad, head) }
	y, err := c.apply(o, inputs...)
	if err != nil {
		return nil, err
	}
	if head != nil {
		o.wrt[3] = false // its gradient joins the block's
	}
	if o.chained {
		c.norm = y
	}
	return y, nil
}

// branch returns the operation at which the block that ends in x leaves the residual, if that operation can add
// the residual's gradient to its own: one sum less for every block.
func branch(x, residual *G.Node) *op {
	for residual != nil && x != nil {
		o, ok := x.Op().(*op)
		if !ok || !o.chained {
			return nil
		}
		if o.input == residual && o.folds && o.wrt[0] {
			return o
		}
		if o.slot == normed {
			return nil
		}
		x = o.input
	}
	return nil
}

type norm[T kernel.Float] struct {
	*op
	c          *Context[T]
	width      int
	eps        float64
	drop       func() kernel.Dropout
	y, sum     *buffer[T]
	mean, rstd []T
}

func (n *norm[T]) forward(in []G.Value) (G.Value, error) {
	m := rows(in[0])
	x, out := data[T](in[0]), n.y.get(m, n.width)
	var skip []T
	if len(in) == 4 {
		skip = data[T](in[3])
	}
	sum := n.sum.get(m, n.width)
	if cap(n.mean) < m {
		n.mean, n.rstd = make([]T, m+m/16), make([]T, m+m/16)
	}
	n.mean, n.rstd = n.mean[:m], n.rstd[:m]
	bad := kernel.LayerNorm(n.c.Pool, m, n.width, x, skip, n.drop(), data[T](in[1]), data[T](in[2]),
		n.eps, sum, out, n.mean, n.rstd)
	if bad >= 0 {
		b := n.c.Batch
		s := sort.SearchInts(b.Offsets, bad+1) - 1
		return nil, fmt.Errorf("ops: %s: %w activation in sequence %d, token %d", n.name, ErrNonFinite, s, bad-b.Offsets[s])
	}
	return n.y.value(), nil
}

// backward adds the operation's gradients to the graph. With a head, the residual's gradient goes to it.
func (n *norm[T]) backward(in G.Nodes, grad *G.Node, head *op) (G.Nodes, error) {
	c := n.c
	dx, dsum := c.buffer(n.op, narrow), new(buffer[T])
	if head != nil {
		dsum = c.buffer(n.op, residual)
	}
	var dgamma, dbeta buffer[T]
	parameters := make([]T, 2*n.width)
	run := func(v []G.Value) error {
		m, sum := rows(v[0]), data[T](n.sum.value())
		dg, db := parameters[:n.width], parameters[n.width:]
		kernel.LayerNormBackward(c.Pool, m, n.width, sum, n.mean, n.rstd, data[T](v[1]), data[T](v[0]),
			n.drop(), dsum.get(m, n.width), dx.get(m, n.width), dg, db)
		c.accumulate(&dgamma, n.width, 0, func(g []T) { copy(g, dg) })
		c.accumulate(&dbeta, n.width, 0, func(g []T) { copy(g, db) })
		return nil
	}
	results := n.results(in, dx.value, dgamma.value, dbeta.value, dsum.value)
	if head != nil {
		results[3].value = dsum.value
	}
	grads, err := n.op.backward(run, G.Nodes{grad, in[1]}, results...)
	if err == nil && head != nil {
		head.skip = grads[3]
	}
	return grads, err
}
