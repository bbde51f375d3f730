package ops

import (
	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/internal/kernel"
)

// FeedForward is act(x·Wᵀ₁ + b₁)·Wᵀ₂ + b₂ for x [rows,width], w1 [inner,width], b1 [inner], w2 [width,inner] and
// b2 [width]. It is one operation because only the argument of the activation is kept for the backward pass, a third of
// what two operations would need.
func FeedForward[T kernel.Float](c *Context[T], name string, act Activation, x, w1, b1, w2, b2 *G.Node) (*G.Node, error) {
	inside, width := w1.Shape()[0], x.Shape()[1]
	for _, p := range []struct {
		*G.Node
		shape []int
	}{{w1, []int{inside, width}}, {b1, []int{inside}}, {w2, []int{width, inside}}, {b2, []int{width}}} {
		if err := check[T](name, p.Node, p.shape...); err != nil {
			return nil, err
		}
	}
	o := c.op(name, x, x.Shape()[0], width, narrow, normed)
	if c.trainable(w1) {
		retain(x)
	}
	keep := c.trainable(x, w1, b1, w2, b2)
	y, mid := c.output(o), c.buffer(o, wide)
	var pre, bent buffer[T]
	o.do = func(in []G.Value) (G.Value, error) {
		m := rows(in[0])
		e := kernel.Epilogue[T]{Bias: data[T](in[2]), GELU: act == GELU}
		if keep && act == GELU {
			e.PreActivation = pre.get(m, inside)
		}
		h, out := mid.get(m, inside), y.get(m, width)
		c.product(m, data[T](in[0]), data[T](in[1]), inside, width, h, e)
		if act != GELU {
			if keep {
				copy(pre.get(m, inside), h)
			}
			apply(c.Pool, act, h, bent.get(m, inside))
		}
		c.product(m, h, data[T](in[3]), width, inside, out, kernel.Epilogue[T]{Bias: data[T](in[4])})
		return y.value(), nil
	}
	o.folds = true
	o.diff = func(in G.Nodes, grad *G.Node) (G.Nodes, error) {
		return feedForwardBackward(c, o, act, in, grad, &pre, &bent)
	}
	return c.apply(o, x, w1, b1, w2, b2)
}

func feedForwardBackward[T kernel.Float](c *Context[T], o *op, act Activation, in G.Nodes, grad *G.Node, pre, bent *buffer[T]) (G.Nodes, error) {
	inside, width := in[1].Shape()[0], in[1].Shape()[1]
	dx, dpre := c.buffer(o, down), c.buffer(o, inner)
	var dw1, db1, dw2, db2 buffer[T]
	inputs := G.Nodes{grad, in[0], in[1], in[3]}
	if o.skip != nil {
		inputs = append(inputs, o.skip)
	}
	return o.backward(func(v []G.Value) error {
		m, dy := rows(v[0]), data[T](v[0])
		h := pre.own[:m*inside]
		t := bent.own[:min(len(bent.own), len(h))]
		switch { // of h, the argument of the activation, each of these makes its value
		case !o.wrt[0] && !o.wrt[1] && !o.wrt[2]:
			apply(c.Pool, act, h, t)
		case act == GELU:
			c.inputGradient(m, dy, data[T](v[3]), width, inside, nil, dpre, h)
		default:
			c.inputGradient(m, dy, data[T](v[3]), width, inside, nil, dpre, nil)
			applyGrad(c.Pool, act, h, data[T](dpre.value()), t)
		}
		if o.wrt[3] {
			c.weightGradient(m, dy, width, h, inside, &dw2)
		}
		if o.wrt[4] {
			c.biasGradient(m, dy, width, &db2)
		}
		if o.wrt[1] {
			c.weightGradient(m, data[T](dpre.value()), inside, data[T](v[1]), width, &dw1)
		}
		if o.wrt[2] {
			c.biasGradient(m, data[T](dpre.value()), inside, &db1)
		}
		if o.wrt[0] {
			c.inputGradient(m, data[T](dpre.value()), data[T](v[2]), inside, width, v[4:], dx, nil)
		}
		return nil
	}, inputs, o.results(in, dx.value, dw1.value, db1.value, dw2.value, db2.value)...)
}
