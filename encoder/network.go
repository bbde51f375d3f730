package encoder

import (
	"strconv"

	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/internal/ops"
)

// builder puts the operations into a graph, each under the name of its parameters in the checkpoint. Its methods
// follow the classes of the Hugging Face implementation.
type builder struct {
	*ops.Context[float32]
	config     *Config
	parameters map[string]*G.Node
	leaf       func(b *ops.Batch, x []float32) // writes what the network reads instead of the embeddings of tokens; nil: those
}

// failure is an error on its way up to Model.graph.
type failure struct{ error }

func must(n *G.Node, err error) *G.Node {
	if err != nil {
		panic(failure{err})
	}
	return n
}

// hidden is BertModel: what the embeddings and each of the first layers give.
func (b *builder) hidden(layers int) G.Nodes { return b.between(0, layers, b.embeddings()) }

// between is x, which the layers up to below gave, and what each layer after them up to top gives.
func (b *builder) between(below, top int, x *G.Node) G.Nodes {
	all := G.Nodes{x}
	for i := below; i < top; i++ {
		x = b.layer("encoder.layer."+strconv.Itoa(i)+".", x)
		all = append(all, x)
	}
	return all
}

// embeddings is BertEmbeddings.
func (b *builder) embeddings() *G.Node {
	const name = "embeddings."
	var x *G.Node
	if b.leaf != nil {
		x = must(ops.Leaf(b.Context, leafName, b.parameters[leafName], b.config.HiddenSize, b.leaf))
	} else {
		x = must(ops.Embed(b.Context, "embeddings", b.parameters[name+"word_embeddings.weight"],
			b.parameters[name+"position_embeddings.weight"], b.parameters[name+"token_type_embeddings.weight"]))
	}
	x = b.norm(name+"LayerNorm", x, nil, 0)
	return must(ops.Dropout(b.Context, name+"dropout", x, b.config.HiddenDropoutProb))
}

// layer is BertLayer.
func (b *builder) layer(name string, x *G.Node) *G.Node {
	x = b.attention(name+"attention.", x)
	y := must(ops.FeedForward(b.Context, name+"intermediate.dense", activations[b.config.HiddenAct], x,
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

// pooled is the Pooling of sentence-transformers, and the modules after it.
func (b *builder) pooled(x *G.Node) *G.Node {
	how := make([]ops.Pooling, len(b.config.poolings))
	for i, name := range b.config.poolings {
		how[i], _ = poolingOf(name)
	}
	x = must(ops.Pool(b.Context, "pooling", x, how...))
	for _, m := range b.config.modules {
		switch {
		case m.Normalize:
			x = must(ops.Normalize(b.Context, m.Path, x))
		case m.Truncate > 0:
			x = must(ops.Columns(b.Context, "truncate_dim", x, m.Truncate))
		default:
			x = b.linear(m.Path+".linear", x)
			if m.Activation == tanh {
				x = must(ops.Tanh(b.Context, m.Path+".tanh", x))
			}
		}
	}
	return x
}
