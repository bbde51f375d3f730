package encoder

import (
	"fmt"
	"strconv"

	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/internal/kernel"
	"github.com/org/salesconv/internal/ops"
)

// Graph is the encoder as a gorgonia expression graph over the model's weights, to be run as it is or built upon: a
// loss on Embeddings has gradients with respect to Parameters. One graph serves batches of all sizes: the rows of its
// shapes are nominal, a batch decides them.
//
// A Graph and what is built on it belong to one goroutine at a time; different graphs of a model may run concurrently.
type Graph struct {
	*G.ExprGraph
	Parameters G.Nodes // the weights, in the order and under the names of [Model.Parameters]
	Hidden     G.Nodes // [pieces, hidden_size]: after the embeddings, and after each layer; to be read only with Gradients
	Segments   *G.Node // [segments, width]: a row for each sequence of ids
	Embeddings *G.Node // [documents, width]: sums of the rows of Segments, each times its weight

	// Context is what the operations of the graph share. Train, Seed and Step in it switch dropout on and say what is
	// dropped; without Train there is none.
	Context *ops.Context[float32]

	model *Model
}

// GraphOptions says what a graph is for. Nil and the zero value are for inference.
type GraphOptions struct {
	Gradients bool                   // keep what the backward pass reads; default: operations share buffers
	Frozen    func(name string) bool // parameters that get no gradient; default: none
	Threads   int                    // that work inside each operation; default 0: GOMAXPROCS
	// Documents is the number of documents of every batch. Operations of gorgonia's own that are built on Embeddings
	// count on the shapes they are built with, so for them it has to be set. Default 0: batches may have any number.
	Documents int
}

// Graph builds the graph of the encoder.
func (m *Model) Graph(opts *GraphOptions) (*Graph, error) {
	if opts == nil {
		opts = new(GraphOptions)
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
		Context:   &ops.Context[float32]{Pool: pool, Packs: m.packs, Keep: opts.Gradients, Documents: opts.Documents},
		model:     m,
	}
	b := builder{g.Context, m.config, map[string]*G.Node{}}
	for _, p := range m.parameters {
		n := G.NewTensor(g.ExprGraph, G.Float32, p.Value.Dims(), G.WithShape(p.Value.Shape()...), G.WithName(p.Name), G.WithValue(p.Value))
		if opts.Frozen != nil && opts.Frozen(p.Name) {
			g.Context.Freeze(n)
		}
		b.parameters[p.Name] = n
		g.Parameters = append(g.Parameters, n)
	}
	x := b.embeddings()
	g.Hidden = G.Nodes{x}
	for i := range m.config.NumHiddenLayers {
		x = b.layer("encoder.layer."+strconv.Itoa(i)+".", x)
		g.Hidden = append(g.Hidden, x)
	}
	g.Segments = b.pooled(x)
	g.Embeddings = must(ops.Documents(g.Context, "documents", g.Segments))
	return g, nil
}

// builder puts the operations into a graph, each under the name of its parameters in the checkpoint. Its methods
// follow the classes of the Hugging Face implementation.
type builder struct {
	*ops.Context[float32]
	config     *Config
	parameters map[string]*G.Node
}

// failure is an error on its way up to Model.graph.
type failure struct{ error }

func must(n *G.Node, err error) *G.Node {
	if err != nil {
		panic(failure{err})
	}
	return n
}

// embeddings is BertEmbeddings.
func (b *builder) embeddings() *G.Node {
	const name = "embeddings."
	x := must(ops.Embed(b.Context, "embeddings", b.parameters[name+"word_embeddings.weight"],
		b.parameters[name+"position_embeddings.weight"], b.parameters[name+"token_type_embeddings.weight"]))
	x = b.norm(name+"LayerNorm", x, nil, 0)
	return must(ops.Dropout(b.Context, name+"dropout", x, b.config.HiddenDropoutProb))
}

// layer is BertLayer.
func (b *builder) layer(name string, x *G.Node) *G.Node {
	x = b.attention(name+"attention.", x)
	y := must(ops.FeedForward(b.Context, name+"intermediate.dense", x,
		b.parameters[name+"intermediate.dense.weight"], b.parameters[name+"intermediate.dense.bias"],
		b.parameters[name+"output.dense.weight"], b.parameters[name+"output.dense.bias"]))
	return b.norm(name+"output.LayerNorm", y, x, b.config.HiddenDropoutProb)
}

// attention is BertAttention.
func (b *builder) attention(name string, x *G.Node) *G.Node {
	y := b.linear(name+"self.qkv", x)
	y = must(ops.Attention(b.Context, name+"self", y, b.config.NumAttentionHeads, b.config.AttentionProbsDropoutProb))
	y = b.linear(name+"output.dense", y)
	return b.norm(name+"output.LayerNorm", y, x, b.config.HiddenDropoutProb)
}

// linear is nn.Linear.
func (b *builder) linear(name string, x *G.Node) *G.Node {
	weight, bias := b.parameters[name+".weight"], b.parameters[name+".bias"]
	return must(ops.Linear(b.Context, name, x, weight, bias))
}

// norm is nn.LayerNorm, of x after dropout plus residual.
func (b *builder) norm(name string, x, residual *G.Node, dropout float64) *G.Node {
	return must(ops.LayerNorm(b.Context, name, x, residual, b.parameters[name+".weight"], b.parameters[name+".bias"], b.config.LayerNormEps, dropout))
}

// pooled is the Pooling of sentence-transformers, and the modules behind it.
func (b *builder) pooled(x *G.Node) *G.Node {
	how := map[string]ops.Pooling{"mean": ops.Mean, "cls": ops.CLS, "max": ops.Max}[b.config.PoolingMode]
	x = must(ops.Pool(b.Context, "pooling", x, how))
	for _, m := range b.config.modules {
		if m.Normalize {
			x = must(ops.Normalize(b.Context, m.Path, x))
			continue
		}
		x = b.linear(m.Path+".linear", x)
		if m.Activation == tanh {
			x = must(ops.Tanh(b.Context, m.Path+".tanh", x))
		}
	}
	return x
}

// SetTexts makes texts the next batch: each is cut at MaxSeqLength, and a document of one segment.
func (g *Graph) SetTexts(texts []string) {
	b := &ops.Batch{Offsets: []int{0}}
	for _, t := range texts {
		b.IDs, _ = g.model.tokenizer.Append(b.IDs, t, g.model.config.MaxSeqLength)
		b.Offsets = append(b.Offsets, len(b.IDs))
	}
	g.Context.Batch = b
}

// SetDocuments makes documents the next batch: the segments of each are split as [Model.EncodeSegments] does, and p
// makes one row of theirs; nil means [Mean]. Here p has to give one block of weights, and sees neither roles nor rows.
func (g *Graph) SetDocuments(docs [][]string, p Pooling) error {
	b := &ops.Batch{Offsets: []int{0}, Documents: []int{0}}
	if p == nil {
		p = Mean
	}
	for d, segments := range docs {
		var parts [][]float64 // the shares of each segment's sequences
		var pieces []int
		for _, text := range segments {
			sequences, share := g.model.Sequences(text)
			n := 2
			for _, s := range sequences {
				b.IDs = append(b.IDs, s...)
				b.Offsets = append(b.Offsets, len(b.IDs))
				n += len(s) - 2
			}
			parts, pieces = append(parts, share), append(pieces, n)
		}
		blocks, err := p.weights(Segments{Tokens: pieces})
		if err == nil && len(blocks) != 1 {
			err = fmt.Errorf("the pooling gave %d blocks of weights, want 1", len(blocks))
		}
		if err != nil {
			return fmt.Errorf("encoder: document %d: %w", d, err)
		}
		for i, w := range blocks[0] {
			for _, part := range parts[i] {
				b.Weights = append(b.Weights, w*part)
			}
		}
		b.Documents = append(b.Documents, b.Segments())
	}
	g.Context.Batch = b
	return nil
}

// Compile makes a tape machine for the graph with all that was built on it.
func (g *Graph) Compile() (G.VM, error) {
	vm, err := ops.Compile(g.ExprGraph)
	if err != nil {
		return nil, fmt.Errorf("encoder: %w", err)
	}
	return vm, nil
}

// Run runs the machine on the batch that was set and resets it. Numbers that are not finite are an error that names
// the layer.
func (g *Graph) Run(vm G.VM) error {
	if err := g.Context.Run(vm); err != nil {
		return fmt.Errorf("encoder: %w", err)
	}
	return nil
}
