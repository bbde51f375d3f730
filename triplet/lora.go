package triplet

import (
	"math"
	"math/rand/v2"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/internal/kernel"
)

// adapter trains a weight by a correction of low rank (Hu et al. 2021, arXiv 2106.09685): W = W₀ + 2·B·A with A
// [rank,k] and B [n,rank]. The model holds W all the time, so it encodes, and is saved, as any other. The graph gives
// the gradient of W; the gradients of A and B follow from it.
type adapter struct {
	weight     *G.Node
	start      []float32 // W₀
	a, b       *factor
	n, k, rank int
}

// loraScale is the customary ratio of alpha to rank.
const loraScale = 2

// What is added to the name of a weight for its factors.
const loraA, loraB = ".lora_A", ".lora_B"

// factor is A or B: a parameter by name for the solver.
type factor struct {
	name        string
	value, grad *tensor.Dense
}

func (f *factor) Name() string           { return f.name }
func (f *factor) Value() G.Value         { return f.value }
func (f *factor) Grad() (G.Value, error) { return f.grad, nil }

func newFactor(name string, rows, cols int) *factor {
	matrix := func() *tensor.Dense {
		return tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(make([]float32, rows*cols)))
	}
	return &factor{name, matrix(), matrix()}
}

// isAdapted reports whether a parameter gets an adapter: the matrices of the layers do.
func isAdapted(c encoder.Config, p encoder.Parameter) bool {
	return p.Kind == encoder.Weight && p.Layer > 0 && p.Layer <= c.NumHiddenLayers
}

// newAdapter begins with the weight as it is: B is zero, A random.
func newAdapter(weight *G.Node, rank int, r *rand.Rand) *adapter {
	n, k := weight.Shape()[0], weight.Shape()[1]
	a := &adapter{weight: weight, start: slices.Clone(elements(weight.Value())), n: n, k: k, rank: min(rank, n, k)}
	a.a, a.b = newFactor(weight.Name()+loraA, a.rank, k), newFactor(weight.Name()+loraB, n, a.rank)
	x := elements(a.a.value)
	for i := range x {
		x[i] = float32(r.NormFloat64() / math.Sqrt(float64(k)))
	}
	return a
}

// gradients sets the gradients of A and B: dA = 2·Bᵀ·dW and dB = 2·dW·Aᵀ.
func (a *adapter) gradients(pool *kernel.Pool) error {
	dw, err := gradient(a.weight)
	if err != nil {
		return err
	}
	kernel.GemmTN(pool, a.n, elements(a.b.value), a.rank, dw, a.k, elements(a.a.grad))
	var p kernel.Packed[float32]
	p.PackTransposed(pool, elements(a.a.value), a.rank, a.k)
	kernel.Gemm(pool, a.n, dw, &p, elements(a.b.grad), kernel.Epilogue[float32]{})
	for _, g := range [][]float32{elements(a.a.grad), elements(a.b.grad)} {
		for i := range g {
			g[i] *= loraScale
		}
	}
	return nil
}

// merge sets W.
func (a *adapter) merge(pool *kernel.Pool) {
	var p kernel.Packed[float32]
	p.Pack(pool, elements(a.a.value), a.rank, a.k)
	w := elements(a.weight.Value())
	kernel.Gemm(pool, a.n, elements(a.b.value), &p, w, kernel.Epilogue[float32]{})
	for i, d := range w {
		w[i] = a.start[i] + loraScale*d
	}
}

// adapt replaces the trainable parameters by adapters.
func (n *network) adapt(rank int, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 0x10a))
	var solvable []G.ValueGrad
	for _, p := range n.solvable {
		a := newAdapter(p.(*G.Node), rank, r)
		n.adapters = append(n.adapters, a)
		solvable = append(solvable, a.a, a.b)
	}
	n.solvable = solvable
}

// step lets the solver take one, and makes it known to the model.
func (n *network) step(s G.Solver) error {
	for _, a := range n.adapters {
		if err := a.gradients(n.pool); err != nil {
			return err
		}
	}
	if err := s.Step(n.solvable); err != nil {
		return err
	}
	n.changed()
	return nil
}

// changed brings the model up to date with what was written to the solvable parameters.
func (n *network) changed() {
	for _, a := range n.adapters {
		a.merge(n.pool)
	}
	n.head.context.Packs.Invalidate()
	n.model.InvalidateWeights()
}

// trains reports whether a parameter of the model gets a gradient.
func trains(c encoder.Config, o *Options) func(p encoder.Parameter) bool {
	return func(p encoder.Parameter) bool {
		return (o.TrainLayers == 0 || depth(c, p) <= o.TrainLayers) && (o.LoRA == 0 || isAdapted(c, p))
	}
}
