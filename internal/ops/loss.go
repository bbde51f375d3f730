package ops

import (
	"errors"
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/internal/kernel"
)

// ErrNonFinite is part of the error of a run whose numbers are not finite.
var ErrNonFinite = errors.New("non-finite")

// Loss reduces x [rows,width] to a scalar by f, which returns the value and overwrites grad with its gradient. f is
// called once a run, so it may differ from one to the next. A value that is not finite makes the run fail.
func Loss[T kernel.Float](c *Context[T], name string, x *G.Node, f func(rows, width int, x, grad []T) (float64, error)) (*G.Node, error) {
	width := x.Shape()[1]
	o := c.op(name, x, 0, 0, pooled)
	o.out, o.shape, o.ragged = dtype[T](), nil, false
	var grad buffer[T]
	o.do = func(in []G.Value) (G.Value, error) {
		m := rows(in[0])
		value, err := f(m, width, data[T](in[0]), grad.get(m, width))
		if err != nil {
			return nil, err
		}
		if value-value != 0 {
			return nil, fmt.Errorf("ops: %s: %w loss %v", name, ErrNonFinite, value)
		}
		return scalar(T(value)), nil
	}
	o.diff = func(in G.Nodes, upstream *G.Node) (G.Nodes, error) {
		var dx buffer[T]
		return o.backward(func(v []G.Value) error {
			d := dx.get(rows(v[1]), width)
			scale := number[T](v[0])
			for i, g := range data[T](grad.value()) {
				d[i] = scale * g
			}
			return nil
		}, G.Nodes{upstream, in[0]}, o.results(in, dx.value)...)
	}
	return c.apply(o, x)
}

func scalar[T kernel.Float](x T) G.Value {
	if f, ok := any(x).(float32); ok {
		return G.NewF32(f)
	}
	return G.NewF64(float64(x))
}

func number[T kernel.Float](v G.Value) T {
	if f, ok := v.Data().(float32); ok {
		return T(f)
	}
	return T(v.Data().(float64))
}
