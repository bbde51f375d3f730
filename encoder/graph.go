package encoder

import (
	"context"
	"errors"
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/internal/kernel"
	"github.com/org/salesconv/internal/ops"
)

// Graph is the encoder as a gorgonia expression graph over the model's weights, to be run as it is or built upon: what
// is built on Embeddings or Hidden has gradients with respect to Trainable. One graph serves batches of all sizes. The
// number of rows in the shapes of its nodes is nominal and varies with the batch: [Graph.Loss] reads nodes as they
// are, and [Graph.Rows] gives them a fixed number of rows for gorgonia's own operations.
//
// A Graph and what is built on it belong to one goroutine at a time; different graphs of a model may run concurrently,
// but not while one of them takes a [Graph.Step].
type Graph struct {
	*G.ExprGraph
	Parameters G.Nodes // the weights, in the order and under the names of [Model.Parameters]
	Trainable  G.Nodes // the Parameters that are not frozen

	// Hidden are the states of tokens, [tokens, hidden_size]: after the embeddings, and after each layer. Their values
	// can be read, and built upon, with GraphOptions.Gradients. With GraphOptions.Lower those below the last frozen layer's
	// are nil.
	Hidden    G.Nodes
	Sequences *G.Node // [sequences, width]: an embedding for each sequence of ids
	// Documents is [documents, width], sums of the rows of Sequences, each times its weight; nil unless asked for.
	Documents *G.Node
	// Embeddings is [n, width], an embedding for each text or document of the batch: Documents, or else Sequences.
	Embeddings *G.Node

	context *ops.Context[float32]
	model   *Model
}

// errNoGraph is the error of a nil pointer and of a zero value.
var errNoGraph = errors.New("encoder: no graph: it is nil, or not of Model.Graph")

// GraphOptions are what a graph is built for. Nil and the zero value are for inference on texts.
type GraphOptions struct {
	// Gradients keeps what the backward pass reads; default: operations share buffers.
	Gradients bool
	// Documents makes batches documents, see [Graph.SetDocuments]; default: texts or sequences.
	Documents bool
	// Frozen reports whether a parameter gets no gradient; default: none is frozen.
	Frozen func(p Parameter) bool
	// Threads work inside each operation, at most 1024; default GOMAXPROCS.
	Threads int
	// Lower caches the hidden states after the frozen layers below the lowest layer with a trainable parameter: each
	// sequence of tokens goes through them once, for all graphs that share it, and without dropout. Default: each run
	// computes them.
	Lower *LowerLayers

	layers int                             // the graph ends after the given number of layers; 0: it is whole
	leaf   func(b *ops.Batch, x []float32) // see builder
}

// Graph builds the graph of the encoder.
func (m *Model) Graph(opts *GraphOptions) (*Graph, error) {
	if opts == nil {
		opts = new(GraphOptions)
	}
	if err := m.check(opts.Threads); err != nil {
		return nil, err
	}
	return m.graph(m.threads(opts.Threads), opts)
}

func (m *Model) graph(pool *kernel.Pool, opts *GraphOptions) (g *Graph, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case failure:
			g, err = nil, fmt.Errorf("encoder: building the graph: %w", r.error)
		default:
			g, err = nil, fmt.Errorf("encoder: building the graph: %v", r)
		}
	}()
	g = &Graph{
		ExprGraph: G.NewGraph(),
		context:   &ops.Context[float32]{Pool: pool, Packs: m.packs, Keep: opts.Gradients, Batch: new(ops.Batch)},
		model:     m,
	}
	g.context.Batch.Reset()
	b := builder{g.context, m.config, map[string]*G.Node{}, opts.leaf}
	for _, p := range m.parameters {
		n := G.NewTensor(g.ExprGraph, G.Float32, p.Value.Dims(), G.WithShape(p.Value.Shape()...), G.WithName(p.Name), G.WithValue(p.Value))
		if opts.Frozen != nil && opts.Frozen(p) {
			g.context.Freeze(n)
		} else {
			g.Trainable = append(g.Trainable, n)
		}
		b.parameters[p.Name] = n
		g.Parameters = append(g.Parameters, n)
	}
	if opts.layers > 0 {
		g.Hidden = b.hidden(opts.layers)
		return g, nil
	}
	if opts.Lower == nil {
		g.Hidden = b.hidden(m.config.NumHiddenLayers)
	} else if err := g.upper(&b, opts); err != nil {
		return nil, fmt.Errorf("encoder: %w", err)
	}
	g.Sequences = b.pooled(g.Hidden[len(g.Hidden)-1])
	g.Embeddings = g.Sequences
	if opts.Documents {
		g.Documents = must(ops.Documents(g.context, "documents", g.Sequences, 1))
		g.Embeddings = g.Documents
	}
	return g, nil
}

// upper puts into the graph the layers above those that opts.Lower remembers.
func (g *Graph) upper(b *builder, opts *GraphOptions) error {
	below := g.model.config.NumHiddenLayers
	for _, p := range g.model.parameters {
		if opts.Frozen == nil || !opts.Frozen(p) {
			below = min(below, p.Layer-1)
		}
	}
	if below < 1 {
		return errors.New("GraphOptions.Lower needs frozen embeddings and one frozen layer or more")
	}
	lower, err := opts.Lower.of(g.model, below, g.context)
	if err != nil {
		return err
	}
	x := must(ops.States(g.context, "lower", g.Parameters[0], g.model.config.HiddenSize, func(batch *ops.Batch, states []float32) error {
		return lower.fill(g.context.Ctx(), batch, states)
	}))
	g.Hidden = append(make(G.Nodes, below), b.between(below, g.model.config.NumHiddenLayers, x)...)
	return nil
}

// Loss reduces a matrix, a node of the graph or a function of one, to a scalar: f receives the n rows of x in the
// batch, of the given width, one after the other, returns the loss and sets grad, of the same size, to the derivative
// of the loss by each element of x. f is called once in each run, in the machine's goroutine. A loss that is not
// finite is an error of the run. The name identifies this operation in the graph.
func (g *Graph) Loss(name string, x *G.Node, f func(n, width int, x, grad []float32) (float64, error)) (*G.Node, error) {
	if g == nil || g.context == nil {
		return nil, errNoGraph
	}
	if x == nil || x.Dims() != 2 || f == nil {
		return nil, errors.New("encoder: a loss needs a matrix and a function")
	}
	loss, err := ops.Loss(g.context, name, x, f)
	if err != nil {
		return nil, fmt.Errorf("encoder: %w", err)
	}
	return loss, nil
}

// Rows gives a node of this graph, such as Embeddings, Sequences or one of Hidden, a fixed shape, as gorgonia's own
// operations need. fixed is [n, width]: the rows that the batch has, then zeros. weights is [n]: one over the number of
// rows in the batch for each of them, then zeros, so that the losses of the n rows, each times its weight, sum to the
// mean loss of the batch, and the rows of zeros count for nothing. Inputs of the caller's own, such as targets, have n
// rows as well. A batch with more than n rows is an error of the run.
func (g *Graph) Rows(x *G.Node, n int) (fixed, weights *G.Node, err error) {
	if g == nil || g.context == nil {
		return nil, nil, errNoGraph
	}
	switch {
	case x == nil || x.Dims() != 2:
		return nil, nil, errors.New("encoder: Rows needs a node of the graph that is a matrix")
	case n < 1:
		return nil, nil, fmt.Errorf("encoder: %d rows, want 1 or more", n)
	case !g.context.Keep && x != g.Embeddings && x != g.Sequences:
		return nil, nil, errors.New("encoder: hidden states are overwritten during a run: set GraphOptions.Gradients")
	}
	if fixed, err = ops.Rows(g.context, fmt.Sprintf("%s.rows%d", x.Op(), n), x, n); err == nil {
		weights, err = ops.RowWeights(g.context, fmt.Sprintf("%s.weights%d", x.Op(), n), x, n)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("encoder: %w", err)
	}
	return fixed, weights, nil
}

// SetTexts makes texts the next batch: each is cut at MaxSeqLength, as [Model.Encode] does, and one sequence. In a graph
// for documents it is a document too.
func (g *Graph) SetTexts(texts []string) {
	b := g.context.Batch
	b.Reset()
	for _, t := range texts {
		b.IDs, _ = g.model.tokenizer.Append(b.IDs, t, g.model.config.MaxSeqLength)
		b.Offsets = append(b.Offsets, len(b.IDs))
	}
}

// SetSequences makes sequences of token ids the next batch. In a graph for documents each is a document too.
func (g *Graph) SetSequences(sequences [][]int) {
	b := g.context.Batch
	b.Reset()
	for _, ids := range sequences {
		b.Add(ids)
	}
}

// SetDocuments makes documents the next batch of a graph for documents. The pooling combines the embeddings of the
// segments of each document; nil means [Mean]. Here it must give one block of weights, and has neither roles nor
// embeddings.
func (g *Graph) SetDocuments(docs Documents, p Pooling) error {
	if g == nil || g.context == nil {
		return errNoGraph
	}
	if g.Documents == nil {
		return errors.New("encoder: the graph is for texts: set GraphOptions.Documents")
	}
	if p == nil {
		p = Mean
	}
	b := g.context.Batch
	b.Reset()
	for d, segments := range docs {
		if err := validate(segments); err != nil {
			b.Reset()
			return fmt.Errorf("encoder: document %d %w", d, err)
		}
		tokens := make([]int, len(segments))
		for i, s := range segments {
			tokens[i] = s.Tokens()
		}
		blocks, err := p.weights(Segments{Tokens: tokens})
		if err == nil && len(blocks) != 1 {
			err = fmt.Errorf("the pooling gave %d blocks of weights, want 1", len(blocks))
		}
		if err != nil {
			b.Reset()
			return fmt.Errorf("encoder: document %d: %w", d, err)
		}
		for i, s := range segments {
			b.AddSegment(s.Sequences, s.Shares, blocks[0][i])
		}
		b.EndDocument()
	}
	return nil
}

// SetDropout makes the next runs drop activations with the probabilities in the model's config.json. Which ones depends
// on seed, step and position alone, so the same arguments give the same bytes. A graph begins without dropout.
func (g *Graph) SetDropout(on bool, seed, step uint64) {
	g.context.Train, g.context.Seed, g.context.Step = on, seed, step
}

// Compile makes a tape machine for the graph with all that was built on it. One of gorgonia's own operations on a
// node whose number of rows varies with the batch is an error: see [Graph.Rows].
func (g *Graph) Compile() (G.VM, error) {
	if g == nil || g.context == nil {
		return nil, errNoGraph
	}
	vm, err := ops.Compile(g.ExprGraph)
	if err != nil {
		return nil, fmt.Errorf("encoder: %w", err)
	}
	return vm, nil
}

// Run runs the machine on the batch that was set, and resets the machine. Numbers that are not finite are an error
// that names the layer. If ctx ends, the run stops between two operations, and values and gradients are undefined.
func (g *Graph) Run(ctx context.Context, vm G.VM) error {
	if g == nil || g.context == nil {
		return errNoGraph
	}
	g.context.Accumulate = false
	return g.run(ctx, vm)
}

// RunPart runs the machine on sequences from to to-1 of the batch alone, for batches whose activations do not fit
// into memory as a whole. Parts are run in their order: the first, from 0, replaces the gradients of Parameters, and
// the others add theirs. Dropout is the same as for the whole batch. It is not for graphs of documents.
func (g *Graph) RunPart(ctx context.Context, vm G.VM, from, to int) error {
	if g == nil || g.context == nil {
		return errNoGraph
	}
	whole := g.context.Batch
	if g.Documents != nil {
		return errors.New("encoder: a graph for documents cannot run parts of a batch")
	}
	if from < 0 || from >= to || to > whole.Sequences() {
		return fmt.Errorf("encoder: sequences %d to %d of a batch of %d", from, to, whole.Sequences())
	}
	g.context.Batch, g.context.Accumulate = whole.Part(from, to), from > 0
	defer func() { g.context.Batch = whole }()
	return g.run(ctx, vm)
}

func (g *Graph) run(ctx context.Context, vm G.VM) error {
	if ctx == nil || vm == nil {
		return errors.New("encoder: a run needs a context and the machine of Graph.Compile")
	}
	if g.context.Batch.Sequences() == 0 {
		return errors.New("encoder: a run needs a batch: call SetTexts, SetDocuments or SetSequences with one text or more")
	}
	if err := g.context.Run(ctx, vm); err != nil {
		return fmt.Errorf("encoder: %w", err)
	}
	return nil
}

// Step lets a solver update Trainable and more, which are the caller's own nodes of the graph, with the gradients of
// the last run, and invalidates what the model derived from the old weights. Nothing else may use the model
// meanwhile. Of gorgonia's solvers, NewAdamW of v0.9.18 leaves weights unchanged; package triplet has one that does
// not.
func (g *Graph) Step(solver G.Solver, more ...*G.Node) (err error) {
	if g == nil || g.context == nil {
		return errNoGraph
	}
	defer g.model.InvalidateWeights()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("encoder: the solver panicked: %v", r)
		}
	}()
	all := append(append(G.Nodes{}, g.Trainable...), more...)
	if err := solver.Step(G.NodesToValueGrads(all)); err != nil {
		return fmt.Errorf("encoder: step: %w", err)
	}
	return nil
}
