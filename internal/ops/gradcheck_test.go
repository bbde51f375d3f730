package ops

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/org/salesconv/internal/kernel"
)

// array is a matrix, or a vector if cols is 0.
type array struct {
	rows, cols int
	data       []float64
}

func random(r *rand.Rand, rows, cols int) array {
	a := array{rows, cols, make([]float64, rows*max(cols, 1))}
	for i := range a.data {
		a.data[i] = r.NormFloat64()
	}
	return a
}

func (a array) tensor() *tensor.Dense {
	shape := []int{a.rows, a.cols}
	if a.cols == 0 {
		shape = shape[:1]
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(a.data))
}

// as32 copies an array as float32.
func as32(a array) *tensor.Dense {
	f := make([]float32, len(a.data))
	for i, x := range a.data {
		f[i] = float32(x)
	}
	d := a.tensor()
	return tensor.New(tensor.WithShape(d.Shape()...), tensor.WithBacking(f))
}

func input[T kernel.Float](g *G.ExprGraph, name string, v *tensor.Dense) *G.Node {
	return G.NewTensor(g, dtype[T](), v.Dims(), G.WithShape(v.Shape()...), G.WithName(name), G.WithValue(v))
}

// batches are ragged: a length of 1, an empty segment, an empty document, one segment alone.
func batches() []*Batch {
	ids := []int{3, 1, 4, 1, 5, 2, 6, 5, 3, 5}
	return []*Batch{
		{IDs: ids, Offsets: []int{0, 4, 5, 5, 10}, Documents: []int{0, 2, 2, 4}, Weights: [][]float64{{1, 3, 2, 0.5}, {-1, 0, 2, 1}}},
		{IDs: ids[:1], Offsets: []int{0, 1}},
		{IDs: ids[:6], Offsets: []int{0, 3, 6}, Documents: []int{0, 2}},
		{IDs: ids, Offsets: []int{0, 10}},
	}
}

// gradcheck runs one graph of an operation on all batches: values against the slow reference, and the gradients of Σ
// r·y with random r against central differences of the same. An input with 0 rows gets as many as rows returns.
type gradcheck struct {
	inputs    []array
	rows      func(b *Batch) int
	build     func(c *Context[float64], in G.Nodes) (*G.Node, error)
	reference func(b *Batch, in []array) []float64
	train     bool
}

func (check gradcheck) run(t *testing.T) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	g := G.NewGraph()
	c := &Context[float64]{Pool: kernel.NewPool(2), Keep: true, Train: check.train, Seed: 5, Step: 6}
	defer c.Pool.Close()
	in := make([]array, len(check.inputs))
	var nodes G.Nodes
	for i, a := range check.inputs {
		if in[i] = random(r, a.rows, a.cols); a.rows == 0 {
			in[i] = random(r, tokens, a.cols)
		}
		nodes = append(nodes, input[float64](g, fmt.Sprint("in", i), in[i].tensor()))
	}
	y, err := check.build(c, nodes)
	if err != nil {
		t.Fatal(err)
	}
	var weights []float64
	loss, err := Loss(c, "loss", y, func(rows, width int, x, grad []float64) (float64, error) {
		s := 0.0
		for i, v := range x {
			s += v * weights[i]
		}
		copy(grad, weights)
		return s, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := G.Grad(loss, nodes...); err != nil {
		t.Fatal(err)
	}
	vm, err := Compile(g)
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range batches() {
		c.Batch = b
		for j, a := range check.inputs {
			if a.rows == 0 {
				in[j] = random(r, check.rows(b), a.cols)
				G.WithValue(in[j].tensor())(nodes[j])
			}
		}
		weights = random(r, 1000, 0).data
		value := func() float64 {
			c.packs().Invalidate()
			if err := c.Run(t.Context(), vm); err != nil {
				t.Fatal(err)
			}
			return number[float64](loss.Value())
		}
		value()
		if check.reference != nil {
			near(t, fmt.Sprintf("batch %d: value", i), data[float64](y.Value()), check.reference(b, in), 1e-10)
		}
		var grads [][]float64
		for _, n := range nodes {
			v, err := n.Grad()
			if err != nil {
				t.Fatal(err)
			}
			grads = append(grads, append([]float64(nil), data[float64](v)...))
		}
		for j, a := range in {
			near(t, fmt.Sprintf("batch %d: gradient of input %d", i, j), grads[j], differences(a.data, value), 1e-6)
		}
	}
}

// differences returns the central differences of f at x.
func differences(x []float64, f func() float64) []float64 {
	const h = 1e-5
	d := make([]float64, len(x))
	for i, v := range x {
		x[i] = v + h
		up := f()
		x[i] = v - h
		d[i] = (up - f()) / (2 * h)
		x[i] = v
	}
	return d
}

func near(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d elements, want %d", what, len(got), len(want))
		return
	}
	for i, w := range want {
		if d := math.Abs(got[i] - w); !(d <= tolerance*max(1, math.Abs(w))) {
			t.Errorf("%s: element %d is %g, want %g", what, i, got[i], w)
			return
		}
	}
}
