package encoder

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// outsider is what a user builds on nodes of a graph: layers of his own on their rows, and the sum of the means over the
// batch of the tanh of the layers' outputs.
func outsider(g *Graph, n int, on ...*G.Node) (loss *G.Node, heads G.Nodes, err error) {
	for i, node := range on {
		x, weights, err := g.Rows(node, n)
		if err != nil {
			return nil, nil, err
		}
		width := x.Shape()[1]
		w := make([]float32, width)
		for j := range w {
			w[j] = float32((i+j)%5)/5 - 0.3
		}
		head := G.NewMatrix(g.ExprGraph, G.Float32, G.WithShape(width, 1), G.WithName(fmt.Sprint("head", i)), G.WithValue(tensor.New(tensor.WithShape(width, 1), tensor.WithBacking(w))))
		rows := G.Must(G.Reshape(G.Must(G.Tanh(G.Must(G.Mul(x, head)))), tensor.Shape{n}))
		mean := G.Must(G.Sum(G.Must(G.HadamardProd(rows, weights))))
		if heads = append(heads, head); loss == nil {
			loss = mean
		} else {
			loss = G.Must(G.Add(loss, mean))
		}
	}
	_, err = G.Grad(loss, append(slices.Clone(g.Trainable), heads...)...)
	return loss, heads, err
}

// TestGraphRows checks the gradients of operations of gorgonia's own, on every kind of node and in batches of several
// sizes, against differences.
func TestGraphRows(t *testing.T) {
	texts := []string{"hello there", "the price is too high", "a", "", "we can sign it"}
	above := func(layer int) func(p Parameter) bool { return func(p Parameter) bool { return p.Layer > layer } }
	for name, c := range map[string]struct {
		on   func(g *Graph) G.Nodes
		opts GraphOptions
	}{
		"embeddings":      {func(g *Graph) G.Nodes { return G.Nodes{g.Embeddings} }, GraphOptions{}},
		"documents":       {func(g *Graph) G.Nodes { return G.Nodes{g.Documents} }, GraphOptions{Documents: true}},
		"sequences":       {func(g *Graph) G.Nodes { return G.Nodes{g.Sequences} }, GraphOptions{Documents: true}},
		"last layer":      {func(g *Graph) G.Nodes { return G.Nodes{g.Hidden[2]} }, GraphOptions{}},
		"first layer":     {func(g *Graph) G.Nodes { return G.Nodes{g.Hidden[1]} }, GraphOptions{Frozen: above(1)}},
		"word embeddings": {func(g *Graph) G.Nodes { return G.Nodes{g.Hidden[0]} }, GraphOptions{Frozen: above(0)}},
		"everything":      {func(g *Graph) G.Nodes { return append(G.Nodes{g.Embeddings}, g.Hidden...) }, GraphOptions{}},
		"frozen below":    {func(g *Graph) G.Nodes { return append(G.Nodes{g.Embeddings}, g.Hidden...) }, GraphOptions{Frozen: func(p Parameter) bool { return p.Layer < 2 }}},
	} {
		t.Run(name, func(t *testing.T) {
			m := small(t, "cls-cased")
			c.opts.Gradients = true
			g, err := m.Graph(&c.opts)
			if err != nil {
				t.Fatal(err)
			}
			loss, heads, err := outsider(g, 40, c.on(g)...)
			if err != nil {
				t.Fatal(err)
			}
			vm, err := g.Compile()
			if err != nil {
				t.Fatal(err)
			}
			run := func() float64 {
				m.InvalidateWeights()
				if err := g.Run(t.Context(), vm); err != nil {
					t.Fatal(err)
				}
				return float64(loss.Value().Data().(float32))
			}
			for _, batch := range [][]string{texts, texts[:2], texts[1:2], texts} {
				g.SetTexts(batch)
				run()
				for _, n := range append(slices.Clone(g.Trainable), heads...) {
					grad, err := n.Grad()
					if err != nil {
						t.Fatalf("%s: %v", n.Name(), err)
					}
					values := grad.Data().([]float32)
					j := 0 // the element of the greatest gradient
					for i, v := range values {
						if math.Abs(float64(v)) > math.Abs(float64(values[j])) {
							j = i
						}
					}
					got := float64(values[j])
					x := &n.Value().Data().([]float32)[j]
					const h = 1.0 / 128
					before := *x
					*x = before + h
					up := run()
					*x = before - h
					want := (up - run()) / (2 * h)
					*x = before
					if math.Abs(got-want) > 1e-2*math.Max(1, math.Abs(want)) {
						t.Errorf("%d texts: gradient of %s is %g, want %g", len(batch), n.Name(), got, want)
					}
				}
			}
		})
	}
}

func TestGraphErrors(t *testing.T) {
	m := small(t, "cls-cased")
	build := func(opts *GraphOptions) *Graph {
		g, err := m.Graph(opts)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	g := build(&GraphOptions{Gradients: true})
	if _, _, err := outsider(g, 2, g.Embeddings); err != nil {
		t.Fatal(err)
	}
	vm, err := g.Compile()
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	wants := func(err error, what string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("error %v, want %q", err, what)
		}
	}
	wants(g.Run(t.Context(), vm), "a run needs a batch")
	g.SetTexts([]string{"a", "b", "c"})
	wants(g.Run(t.Context(), vm), "a batch of 3 rows, want at most 2")
	wants(g.RunPart(t.Context(), vm, 2, 4), "sequences 2 to 4 of a batch of 3")
	wants(g.SetDocuments(nil, nil), "set GraphOptions.Documents")
	g.SetTexts([]string{"a", "b"})
	if err := g.Run(ended, vm); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
	if err := g.Run(t.Context(), vm); err != nil { // the machine is fit for use after errors
		t.Error(err)
	}

	forgotten := build(nil)
	_, _, err = outsider(forgotten, 2, forgotten.Embeddings)
	wants(err, "was not built for gradients")
	_, _, err = forgotten.Rows(forgotten.Hidden[0], 2)
	wants(err, "set GraphOptions.Gradients")

	ragged := build(&GraphOptions{Gradients: true})
	G.Must(G.Sum(G.Must(G.Square(ragged.Embeddings))))
	_, err = ragged.Compile()
	wants(err, "whose number of rows differs from batch to batch")

	if _, err := m.Graph(&GraphOptions{Threads: 100000}); err == nil || !strings.Contains(err.Error(), "Threads is 100000") {
		t.Errorf("100,000 threads: error %v", err)
	}
}

// A batch run in parts gives the gradients of the whole batch, dropout included.
func TestGraphParts(t *testing.T) {
	m := small(t, "mean12")
	g, err := m.Graph(&GraphOptions{Gradients: true})
	if err != nil {
		t.Fatal(err)
	}
	loss, err := g.Loss("loss", g.Sequences, func(n, width int, x, grad []float32) (float64, error) {
		sum := 0.0
		for i, v := range x {
			grad[i] = v * v
			sum += float64(v) * float64(v) * float64(v) / 3
		}
		return sum, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := G.Grad(loss, g.Trainable...); err != nil {
		t.Fatal(err)
	}
	vm, err := g.Compile()
	if err != nil {
		t.Fatal(err)
	}
	g.SetTexts([]string{"hello there", "the price is too high", "a", "we can sign it"})
	g.SetDropout(true, 5, 6)
	gradients := func(run ...error) (all [][]float32) {
		for _, err := range run {
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, p := range g.Trainable {
			grad, err := p.Grad()
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, slices.Clone(grad.Data().([]float32)))
		}
		return all
	}
	whole := gradients(g.Run(t.Context(), vm))
	parts := gradients(g.RunPart(t.Context(), vm, 0, 1), g.RunPart(t.Context(), vm, 1, 4))
	for i, w := range whole {
		if d := worst(parts[i], w); !(d < 1e-4) {
			t.Errorf("gradient of %s in parts differs by %g", g.Trainable[i].Name(), d)
		}
	}
}

// A step by a solver of gorgonia's makes the loss smaller, batch after batch, the last and smaller one included.
func TestGraphStep(t *testing.T) {
	m := small(t, "mean12")
	g, err := m.Graph(&GraphOptions{Gradients: true})
	if err != nil {
		t.Fatal(err)
	}
	loss, heads, err := outsider(g, 3, g.Embeddings)
	if err != nil {
		t.Fatal(err)
	}
	vm, err := g.Compile()
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{"hello there", "the price is too high", "a", "we can sign it"}
	solver := G.NewVanillaSolver(G.WithLearnRate(0.05))
	var first, last float64
	for epoch := range 10 {
		sum := 0.0
		for batch := range slices.Chunk(texts, 3) {
			g.SetTexts(batch)
			if err := g.Run(t.Context(), vm); err != nil {
				t.Fatal(err)
			}
			sum += float64(len(batch)) * float64(loss.Value().Data().(float32))
			if err := g.Step(solver, heads...); err != nil {
				t.Fatal(err)
			}
		}
		if last = sum / float64(len(texts)); epoch == 0 {
			first = last
		}
	}
	if !(last < first-0.2) {
		t.Errorf("the loss went from %g to %g", first, last)
	}
	e, err := m.Encode(t.Context(), texts[:3], nil)
	if err != nil {
		t.Fatal(err)
	}
	g.SetTexts(texts[:3])
	if err := g.Run(t.Context(), vm); err != nil {
		t.Fatal(err)
	}
	if d := worst(g.Embeddings.Value().Data().([]float32), e.data); !(d < 1e-5) {
		t.Error(fmt.Sprint("after the steps the model and its graph differ by ", d))
	}
}
