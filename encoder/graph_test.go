package encoder

import (
	"math"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
)

// TestGraphHead builds operations of gorgonia's own on the embeddings and checks the gradients that reach the weights
// against differences.
func TestGraphHead(t *testing.T) {
	texts := []string{"hello there", "the price is too high", "a", "", "we can sign it"}
	for name, build := range map[string]func(x *G.Node) (*G.Node, error){
		"column":  func(x *G.Node) (*G.Node, error) { return G.Sum(G.Must(G.Slice(x, nil, G.S(0)))) },
		"squares": func(x *G.Node) (*G.Node, error) { return G.Sum(G.Must(G.Square(x))) },
		"mean":    func(x *G.Node) (*G.Node, error) { return G.Mean(x) },
		"layer": func(x *G.Node) (*G.Node, error) {
			w := G.NewMatrix(x.Graph(), G.Float32, G.WithShape(40, 1), G.WithName("head"), G.WithInit(G.Ones()))
			return G.Sum(G.Must(G.Tanh(G.Must(G.Mul(x, w)))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := small(t, "cls-cased")
			g, err := m.Graph(&GraphOptions{Gradients: true, Documents: len(texts)})
			if err != nil {
				t.Fatal(err)
			}
			loss, err := build(g.Embeddings)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := G.Grad(loss, g.Parameters...); err != nil {
				t.Fatal(err)
			}
			vm, err := g.Compile()
			if err != nil {
				t.Fatal(err)
			}
			g.SetTexts(texts)
			run := func() float64 {
				m.InvalidateWeights()
				if err := g.Run(vm); err != nil {
					t.Fatal(err)
				}
				return float64(loss.Value().Data().(float32))
			}
			run()
			beta := len(g.Parameters) - 1
			grad, err := g.Parameters[beta].Grad()
			if err != nil {
				t.Fatal(err)
			}
			got := float64(grad.Data().([]float32)[0])
			x := &m.parameters[beta].Value.Data().([]float32)[0]
			const h = 1.0 / 64
			*x += h
			up := run()
			*x -= 2 * h
			if want := (up - run()) / (2 * h); math.Abs(got-want) > 1e-3*math.Max(1, math.Abs(want)) {
				t.Errorf("gradient %g, want %g", got, want)
			}
			g.SetTexts(texts[:2])
			if err := g.Run(vm); err == nil || !strings.Contains(err.Error(), "a batch of 2, want 5") {
				t.Errorf("a batch of another size: error %v", err)
			}
		})
	}
}
