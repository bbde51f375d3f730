package ops

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"weak"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/org/salesconv/internal/kernel"
)

// network is a whole encoder of two layers: width 6, two heads, 9 inside, 8 tokens.
type network[T kernel.Float] struct {
	*Context[T]
	graph      *G.ExprGraph
	names      []string
	weights    []*tensor.Dense
	parameters G.Nodes
	frozen     int
	rows, loss *G.Node
	vm         G.VM
	target     []T // gradient of the loss at rows
}

func (n *network[T]) parameter(name string, rows, cols int) *G.Node {
	i := len(n.parameters)
	if len(n.weights) == i {
		a := random(rand.New(rand.NewPCG(9, uint64(i))), rows, cols)
		for j := range a.data {
			a.data[j] *= 0.7
		}
		w := a.tensor()
		if dtype[T]() == tensor.Float32 {
			w = as32(a)
		}
		n.weights = append(n.weights, w)
	}
	n.names = append(n.names, name)
	n.parameters = append(n.parameters, input[T](n.graph, name, n.weights[i]))
	if i < n.frozen {
		n.Freeze(n.parameters[i])
	}
	return n.parameters[i]
}

func (n *network[T]) must(x *G.Node, err error) *G.Node {
	if err != nil {
		panic(err)
	}
	return x
}

func (n *network[T]) norm(name string, x, residual *G.Node) *G.Node {
	return n.must(LayerNorm(n.Context, name, x, residual, n.parameter(name+".gamma", 6, 0), n.parameter(name+".beta", 6, 0), 1e-6, 0.2))
}

func (n *network[T]) linear(name string, x *G.Node, rows int) *G.Node {
	return n.must(Linear(n.Context, name, x, n.parameter(name+".weight", rows, 6), n.parameter(name+".bias", rows, 0)))
}

// build makes the network, with the given number of its first parameters frozen.
func build[T kernel.Float](t testing.TB, c *Context[T], weights []*tensor.Dense, freeze int) *network[T] {
	t.Helper()
	n := &network[T]{Context: c, graph: G.NewGraph(), weights: weights, frozen: freeze}
	x := n.must(Embed(c, "embeddings", n.parameter("word", 8, 6), n.parameter("position", 12, 6), n.parameter("type", 2, 6)))
	x = n.must(Dropout(c, "embeddings.dropout", n.norm("embeddings.LayerNorm", x, nil), 0.1))
	for l := range 2 {
		p := fmt.Sprintf("layer.%d.", l)
		a := n.must(Attention(c, p+"attention", n.linear(p+"qkv", x, 18), 2, 0.3))
		x = n.norm(p+"attention.LayerNorm", n.linear(p+"attention.output", a, 6), x)
		f := n.must(FeedForward(c, p+"output", GELU, x, n.parameter(p+"w1", 9, 6), n.parameter(p+"b1", 9, 0), n.parameter(p+"w2", 6, 9), n.parameter(p+"b2", 6, 0)))
		x = n.norm(p+"output.LayerNorm", f, x)
	}
	n.rows = n.must(Normalize(c, "normalize", n.must(Pool(c, "pool", x, Mean))))
	n.rows = n.must(Normalize(c, "normalize documents", n.must(Documents(c, "documents", n.rows, 1))))
	if c.Keep {
		n.loss = n.must(Loss(c, "loss", n.rows, func(_, _ int, x, grad []T) (float64, error) {
			copy(grad, n.target)
			return kernel.Dot(x, n.target[:len(x)]), nil
		}))
		if _, err := G.Grad(n.loss, n.parameters[freeze:]...); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if n.vm, err = Compile(n.graph); err != nil {
		t.Fatal(err)
	}
	return n
}

func (n *network[T]) run(t testing.TB, b *Batch) {
	t.Helper()
	n.Batch = b
	n.target = make([]T, b.Rows()*6)
	for i := range n.target {
		n.target[i] = T(i%7) - 3
	}
	if err := n.Run(t.Context(), n.vm); err != nil {
		t.Fatal(err)
	}
}

func (n *network[T]) gradient(t testing.TB, i int) []T {
	t.Helper()
	v, err := n.parameters[i].Grad()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(data[T](v))
}

// A network that nothing refers to any more is collected, though its loss refers back to it.
func TestNetworkIsCollected(t *testing.T) {
	run := func() weak.Pointer[network[float32]] {
		n := build[float32](t, &Context[float32]{Keep: true}, nil, 0)
		n.run(t, batches()[0])
		return weak.Make(n)
	}
	n := run()
	for i := 0; i < 5 && n.Value() != nil; i++ {
		runtime.GC()
	}
	if n.Value() != nil {
		t.Error("the network and its machine are still there")
	}
}

func TestNetworkGradients(t *testing.T) {
	for _, freeze := range []int{0, 3, 5, 7, 9, 11, 13, 15, 17, 19, 28} { // up to every kind of operation
		n := build(t, &Context[float64]{Keep: true, Train: true, Seed: 1, Step: 2}, nil, freeze)
		for i, b := range batches() {
			n.run(t, b)
			var grads [][]float64
			for j := range n.parameters[freeze:] {
				grads = append(grads, n.gradient(t, freeze+j))
			}
			value := func() float64 {
				n.packs().Invalidate()
				n.run(t, b)
				return number[float64](n.loss.Value())
			}
			for j, g := range grads {
				near(t, fmt.Sprintf("batch %d: %s", i, n.names[freeze+j]), g, differences(data[float64](n.weights[freeze+j]), value), 1e-5)
			}
		}
	}
}

// Shared outputs, any pool and any element type give the same rows.
func TestNetworkForward(t *testing.T) {
	whole := build(t, &Context[float32]{Keep: true, Train: true, Seed: 1}, nil, 0)
	pool := kernel.NewPool(3)
	defer pool.Close()
	shared := build(t, &Context[float32]{Pool: pool, Train: true, Seed: 1}, whole.weights, 0)
	double := build(t, &Context[float64]{Train: true, Seed: 1}, nil, 0)
	for _, b := range batches() {
		whole.run(t, b)
		shared.run(t, b)
		double.run(t, b)
		want := data[float32](whole.rows.Value())
		if got := data[float32](shared.rows.Value()); !slices.Equal(got, want) {
			t.Errorf("shared outputs give %v, kept ones %v", got, want)
		}
		wide := make([]float64, len(want))
		for i, v := range want {
			wide[i] = float64(v)
		}
		near(t, "float32", wide, data[float64](double.rows.Value()), 1e-4)
	}
}

// The same bytes on any number of workers, step after step.
func TestNetworkWorkers(t *testing.T) {
	var want [][]float32
	for _, workers := range []int{1, 2, 7} {
		pool := kernel.NewPool(workers)
		n := build(t, &Context[float32]{Pool: pool, Keep: true, Train: true, Seed: 3}, nil, 0)
		var got [][]float32
		for step, b := range append(batches(), batches()...) {
			n.Step = uint64(step)
			n.run(t, b)
			for i := range n.parameters {
				got = append(got, n.gradient(t, i))
			}
		}
		pool.Close()
		if want == nil {
			want = got
		}
		for i, g := range got {
			if !slices.Equal(g, want[i]) {
				t.Fatalf("%d workers: gradient %d differs from one worker's", workers, i)
			}
		}
	}
}

// A batch run in parts, gradients accumulated, drops the same and gives the same gradients as in one run.
func TestNetworkParts(t *testing.T) {
	n := build(t, &Context[float64]{Keep: true, Train: true, Seed: 4}, nil, 0)
	whole := &Batch{IDs: []int{1, 2, 3, 4, 5, 6, 7, 1, 2}, Offsets: []int{0, 2, 5, 9}}
	n.run(t, whole)
	var want [][]float64
	for i := range n.parameters {
		want = append(want, n.gradient(t, i))
	}
	target := slices.Clone(n.target)
	parts := []*Batch{
		{IDs: whole.IDs[:5], Offsets: []int{0, 2, 5}},
		{IDs: whole.IDs[5:], Offsets: []int{0, 4}, First: 5},
	}
	n.run(t, parts[1]) // leaves gradients that must not count
	for i, b := range parts {
		n.Batch, n.Accumulate = b, i > 0
		n.target, target = target[:b.Rows()*6], target[b.Rows()*6:]
		if err := n.Run(t.Context(), n.vm); err != nil {
			t.Fatal(err)
		}
	}
	for i, w := range want {
		near(t, n.names[i], n.gradient(t, i), w, 1e-12)
	}
}

func TestNonFiniteNamesLayer(t *testing.T) {
	n := build(t, &Context[float32]{Keep: true}, nil, 0)
	n.Batch, n.target = batches()[2], make([]float32, 6)
	w := data[float32](n.weights[slices.Index(n.names, "layer.1.attention.output.weight")])
	w[0] = float32(math.NaN())
	err := n.Run(t.Context(), n.vm)
	const want = "ops: layer.1.attention.LayerNorm: non-finite activation in sequence 0, token 0"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestBadBatch(t *testing.T) {
	n := build(t, &Context[float32]{}, nil, 0)
	for want, b := range map[string]*Batch{
		"id 8 in sequence 1, want 0 to 7":          {IDs: []int{1, 8}, Offsets: []int{0, 1, 2}},
		"sequence 0 has 13 tokens, want 0 to 12":   {IDs: make([]int, 13), Offsets: []int{0, 13}},
		"offsets of the batch do not span its 2":   {IDs: []int{1, 2}, Offsets: []int{0, 1}},
		"documents of the batch do not span its 1": {IDs: []int{1}, Offsets: []int{0, 1}, Documents: []int{0, 2}},
		"1 weights for 2 sequences":                {IDs: []int{1, 2}, Offsets: []int{0, 1, 2}, Weights: [][]float64{{1}}},
	} {
		n.Batch = b
		if err := n.Run(t.Context(), n.vm); err == nil || !strings.Contains(err.Error(), "ops: embeddings: "+want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	n.run(t, batches()[0]) // the machine is fit for use after errors
}

// A steady state allocates only what gorgonia's machine does, a few words an operation.
func TestSteadyStateAllocations(t *testing.T) {
	n := build(t, &Context[float32]{Keep: true, Train: true}, nil, 0)
	n.target = make([]float32, 100)
	bs := batches()
	perRun := testing.AllocsPerRun(20, func() {
		for _, b := range bs[1:] {
			n.Batch = b
			if err := n.Run(t.Context(), n.vm); err != nil {
				t.Fatal(err)
			}
		}
	}) / float64(len(bs)-1)
	if limit := 6 * float64(len(n.graph.AllNodes())); perRun > limit {
		t.Errorf("%.0f allocations a run of %d nodes, want at most %.0f", perRun, len(n.graph.AllNodes()), limit)
	}
	t.Logf("%.0f allocations a run of %d nodes", perRun, len(n.graph.AllNodes()))
}

func TestUnique(t *testing.T) {
	g := G.NewGraph()
	a := array{2, 2, make([]float64, 4)}
	input[float64](g, "a", a.tensor())
	input[float64](g, "b", a.tensor())
	if err := Unique(g); err != nil {
		t.Error(err)
	}
}
