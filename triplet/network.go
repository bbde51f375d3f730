package triplet

import (
	"cmp"
	"context"
	"runtime"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/internal/kernel"
	"github.com/org/salesconv/internal/ops"
)

// network is what a step runs: the encoder's graph from tokens to rows of sequences, and the head's from these rows to
// documents and the loss. The encoder's own loss is whatever inject says, so a batch that fits into memory
// takes one run, in which inject runs the head, and a larger one takes two passes over parts of it: rows alone, the
// head on all of them, then each part again with its share of the head's gradient (Gao et al. 2021, arXiv
// 2101.06983). Both give the same gradients.
type network struct {
	model  *encoder.Model
	opts   encoder.GraphOptions
	train  *encoder.Graph
	vm     G.VM
	inject func(rows, grad []float32) (float64, error)
	// solvable is what the solver changes: the trainable parameters, or the factors of their adapters.
	solvable []G.ValueGrad
	adapters []*adapter

	rows   *encoder.Graph // without gradients, made when first needed
	rowsVM G.VM
	head   *head
	pool   *kernel.Pool // of what is not in the encoder's graph

	tokens int // that fit into memory
	seed   uint64
	drop   bool
}

func newNetwork(m *encoder.Model, o *Options, tasks []*task) (*network, error) {
	n := &network{model: m, seed: o.Seed, drop: !o.NoDropout, tokens: int(o.MemoryLimit / bytesPerToken(m.Config(), o.TrainLayers))}
	trains := trains(m.Config(), o)
	n.opts = encoder.GraphOptions{Gradients: true, Frozen: func(p encoder.Parameter) bool { return !trains(p) }, Threads: o.Threads, Lower: o.Lower}
	if o.Threads != 1 {
		n.pool = kernel.NewPool(cmp.Or(o.Threads, runtime.GOMAXPROCS(0)))
		runtime.AddCleanup(n, (*kernel.Pool).Close, n.pool)
	}
	var err error
	if n.train, err = m.Graph(&n.opts); err != nil {
		return nil, err
	}
	loss, err := n.train.Loss("loss", n.train.Sequences, func(_, _ int, x, grad []float32) (float64, error) {
		return n.inject(x, grad)
	})
	if err != nil {
		return nil, err
	}
	n.solvable = G.NodesToValueGrads(n.train.Trainable)
	if _, err := G.Grad(loss, n.train.Trainable...); err != nil {
		return nil, err
	}
	if n.vm, err = n.train.Compile(); err != nil {
		return nil, err
	}
	if o.LoRA > 0 {
		n.adapt(o.LoRA, o.Seed)
	}
	if n.head, err = newHead(m, o, tasks, n.pool); err != nil {
		return nil, err
	}
	for _, p := range n.head.parameters {
		n.solvable = append(n.solvable, p)
	}
	return n, nil
}

// run leaves the gradients of a batch in the parameters.
func (n *network) run(ctx context.Context, step int, b *batch) error {
	n.set(n.train, step, b)
	if len(b.IDs) <= n.tokens {
		n.inject = func(rows, grad []float32) (float64, error) { return n.head.run(ctx, b, rows, grad) }
		return n.train.Run(ctx, n.vm)
	}
	if n.rows == nil {
		opts, err := n.opts, error(nil)
		opts.Gradients = false
		if n.rows, err = n.model.Graph(&opts); err != nil {
			return err
		}
		if n.rowsVM, err = n.rows.Compile(); err != nil {
			return err
		}
	}
	n.set(n.rows, step, b)
	bounds, width := divide(&b.Batch, n.tokens), n.model.Width()
	rows, grad := make([]float32, 0, b.Sequences()*width), make([]float32, b.Sequences()*width)
	for i, to := range bounds[1:] {
		if err := n.rows.RunPart(ctx, n.rowsVM, bounds[i], to); err != nil {
			return err
		}
		rows = append(rows, elements(n.rows.Sequences.Value())...)
	}
	if _, err := n.head.run(ctx, b, rows, grad); err != nil {
		return err
	}
	n.inject = func(_, g []float32) (float64, error) {
		grad = grad[copy(g, grad):]
		return 0, nil
	}
	for i, to := range bounds[1:] {
		if err := n.train.RunPart(ctx, n.vm, bounds[i], to); err != nil {
			return err
		}
	}
	return nil
}

// set makes the batch of a step the next of a graph.
func (n *network) set(g *encoder.Graph, step int, b *batch) {
	sequences := make([][]int, b.Sequences())
	for i := range sequences {
		sequences[i] = b.IDs[b.Offsets[i]:b.Offsets[i+1]]
	}
	g.SetSequences(sequences)
	g.SetDropout(n.drop, n.seed, uint64(step))
}

// divide returns the bounds of parts of a batch, of at most the given number of tokens each, but of one sequence at
// least.
func divide(b *ops.Batch, tokens int) []int {
	bounds := []int{0}
	for from := 0; from < b.Sequences(); bounds = append(bounds, from) {
		first := b.Offsets[from]
		for from++; from < b.Sequences() && b.Offsets[from+1]-first <= tokens; {
			from++
		}
	}
	return bounds
}

// head is the graph from rows of sequences to documents and their losses.
type head struct {
	// context is of documents, segments of the pooling of sequences to segments, if attention reads these.
	context, segments *ops.Context[float32]
	rows              *G.Node
	query             *G.Node // of attention, if there is one
	last              int     // of what documents consist, as in Options
	trend             bool
	tasks             []*task
	parameters        G.Nodes
	vm                G.VM
	batch             *batch
	objective         Objective // of the caller's own, if there is one
	comparison
	documents, gradient []float64 // the comparison's input and output
}

func newHead(m *encoder.Model, o *Options, tasks []*task, pool *kernel.Pool) (*head, error) {
	h := &head{last: o.Last, trend: o.Trend, objective: o.Objective, comparison: comparison{Loss: o.Loss}, tasks: tasks}
	h.context = &ops.Context[float32]{Pool: pool, Packs: ops.NewPacks[float32](), Keep: true}
	h.rows = G.NewMatrix(G.NewGraph(), tensor.Float32, G.WithShape(5, m.Width()), G.WithName("sequences"))
	documents, err := h.pool(m, o)
	if err != nil {
		return nil, err
	}
	total, err := ops.Loss(h.context, "loss", documents, h.compare)
	if err != nil {
		return nil, err
	}
	for _, t := range tasks {
		loss, err := h.task(t, documents)
		if err != nil {
			return nil, err
		}
		if total, err = G.Add(total, loss); err != nil {
			return nil, err
		}
	}
	if _, err := G.Grad(total, append(G.Nodes{h.rows}, h.parameters...)...); err != nil {
		return nil, err
	}
	h.vm, err = ops.Compile(h.rows.Graph())
	return h, err
}

// run returns the loss of a batch whose sequences have the given rows, and overwrites grad with its gradient.
func (h *head) run(ctx context.Context, b *batch, rows, grad []float32) (float64, error) {
	h.ctx, h.batch, h.context.Batch = ctx, b, &b.Batch
	if h.segments != nil {
		h.segments.Batch, h.context.Batch = &b.segments, &b.attended
	}
	n := b.Sequences()
	G.WithValue(tensor.New(tensor.WithShape(n, len(rows)/n), tensor.WithBacking(rows)))(h.rows)
	if err := h.context.Run(ctx, h.vm); err != nil {
		return 0, err
	}
	g, err := h.rows.Grad()
	if err != nil {
		return 0, err
	}
	copy(grad, elements(g))
	return h.value, nil
}

// compare is the loss as an operation: in float64, which costs nothing next to the encoder.
func (h *head) compare(rows, width int, x, grad []float32) (float64, error) {
	h.documents, h.gradient = resize(h.documents, len(x)), resize(h.gradient, len(x))
	for i, v := range x {
		h.documents[i] = float64(v)
	}
	if h.objective == nil {
		h.of(h.batch, width, h.documents, h.gradient)
	} else if err := h.evaluate(h.objective, h.batch, width, h.documents, h.gradient); err != nil {
		return 0, err
	}
	if h.stopped() {
		return 0, context.Cause(h.ctx)
	}
	for i, g := range h.gradient {
		grad[i] = float32(g)
	}
	return h.value, nil
}

// bytesPerToken is what activations and gradients of a token take when n upper layers are trained, 0 being all.
func bytesPerToken(c encoder.Config, n int) int64 {
	h, inside := c.HiddenSize, c.IntermediateSize
	if n == 0 {
		n = c.NumHiddenLayers
	}
	kept := n*(8*h+inside) + 2*h
	shared := 4*h + max(3*h, inside) + inside
	return int64(4 * (kept + shared))
}
