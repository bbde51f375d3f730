package ops

import (
	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/internal/kernel"
)

// Linear is x·Wᵀ + b for x [rows,in], weight [out,in] and bias [out], which may be nil.
func Linear[T kernel.Float](c *Context[T], name string, x, weight, bias *G.Node) (*G.Node, error) {
	n, k := weight.Shape()[0], x.Shape()[1]
	if err := check[T](name, weight, n, k); err != nil {
		return nil, err
	}
	inputs := G.Nodes{x, weight}
	if bias != nil {
		if err := check[T](name, bias, n); err != nil {
			return nil, err
		}
		inputs = append(inputs, bias)
	}
	slot := narrow
	if n > k {
		slot = wide
	}
	o := c.op(name, x, x.Shape()[0], n, slot, normed, mixed)
	if c.trainable(weight) {
		retain(x)
	}
	y := c.output(o)
	o.do = func(in []G.Value) (G.Value, error) {
		m, w := rows(in[0]), data[T](in[1])
		var e kernel.Epilogue[T]
		if bias != nil {
			e.Bias = data[T](in[2])
		}
		c.product(m, data[T](in[0]), w, n, k, y.get(m, n), e)
		return y.value(), nil
	}
	o.folds = true
	o.diff = func(in G.Nodes, grad *G.Node) (G.Nodes, error) { return linearBackward(c, o, in, grad) }
	return c.apply(o, inputs...)
}

// product sets y = x·Wᵀ for W [n,k] and applies the epilogue.
func (c *Context[T]) product(m int, x, w []T, n, k int, y []T, e kernel.Epilogue[T]) {
	if w, ok := any(w).([]float32); ok && c.Int8 && e.PreActivation == nil {
		kernel.GemmInt8(c.Pool, m, any(x).([]float32), c.packs().rounded(c.Pool, w, n, k), any(y).([]float32), any(e.Bias).([]float32), e.GELU)
		return
	}
	kernel.Gemm(c.Pool, m, x, c.packs().transposed(c.Pool, w, n, k), y, e)
}

func linearBackward[T kernel.Float](c *Context[T], o *op, in G.Nodes, grad *G.Node) (G.Nodes, error) {
	n, k := in[1].Shape()[0], in[1].Shape()[1]
	dx := c.buffer(o, down)
	var dw, db buffer[T]
	inputs := G.Nodes{grad, in[0], in[1]}
	if o.skip != nil {
		inputs = append(inputs, o.skip)
	}
	return o.backward(func(v []G.Value) error {
		m, dy := rows(v[0]), data[T](v[0])
		if o.wrt[1] {
			c.weightGradient(m, dy, n, data[T](v[1]), k, &dw)
		}
		if len(in) == 3 && o.wrt[2] {
			c.biasGradient(m, dy, n, &db)
		}
		if o.wrt[0] {
			c.inputGradient(m, dy, data[T](v[2]), n, k, v[3:], dx, nil)
		}
		return nil
	}, inputs, o.results(in, dx.value, dw.value, db.value)...)
}

// inputGradient sets dx = dy·W for W [n,k], times the derivative of GELU at pre if that is not nil, plus the
// gradient that reaches x around the block, if there is one.
func (c *Context[T]) inputGradient(m int, dy, w []T, n, k int, skip []G.Value, dx *buffer[T], pre []T) {
	e := kernel.Epilogue[T]{GELUGrad: pre}
	if len(skip) > 0 {
		e.Residual = data[T](skip[0])
	}
	kernel.Gemm(c.Pool, m, dy, c.packs().straight(c.Pool, w, n, k), dx.get(m, k), e)
}

// weightGradient sets dw = dyᵀ·x, or adds it.
func (c *Context[T]) weightGradient(m int, dy []T, n int, x []T, k int, dw *buffer[T]) {
	c.accumulate(dw, n, k, func(sum []T) { kernel.GemmTN(c.Pool, m, dy, n, x, k, sum) })
}

// biasGradient sets db to the column sums of dy, or adds them.
func (c *Context[T]) biasGradient(m int, dy []T, n int, db *buffer[T]) {
	c.accumulate(db, n, 0, func(sum []T) { kernel.ColumnSums(c.Pool, m, dy, n, sum) })
}

// accumulate lets f write a gradient to the buffer, or adds what f writes to what was there.
func (c *Context[T]) accumulate(b *buffer[T], rows, cols int, f func([]T)) {
	if !c.Accumulate || b.dense == nil {
		f(b.get(rows, cols))
		return
	}
	f(c.part.get(rows, cols))
	sum(c.Pool, &c.part, b)
}
