// Package ops has the operations of a BERT encoder for gorgonia graphs. Each has its gradient, runs on package kernel,
// and is generic over float32, for use, and float64, for checks.
//
// # Ragged batches
//
// Graphs are built and compiled once and then run on batches of any size. The operations read the [Batch] from the
// [Context] that they share: ids of all sequences end to end, without padding. Row counts of nodes are nominal, because
// the machine does not look at shapes while it runs. Operations of gorgonia's own do: [Rows] gives them a fixed number of
// rows, and [Compile] refuses them on any other node.
//
//	c := &ops.Context[float32]{Pool: pool, Keep: true}
//	x, err := ops.Embed(c, "embeddings", word, position, tokenType)
//	…
//	vm, err := ops.Compile(graph)
//	c.Batch = &ops.Batch{IDs: ids, Offsets: offsets}   // or Reset and Add
//	err = c.Run(ctx, vm)
//
// # Gradients
//
// gorgonia differentiates the graph: each operation adds one backward operation that computes all its gradients, and
// nodes that hand them out. A gradient of weights is memory of its own that lasts until the next run. [Context.Freeze]
// leaves out what would only serve frozen parameters. Inside a block with a residual the two gradients that meet
// at its beginning are added in the epilogue of a matrix product, not by a node. Gradients of parameters that one
// node uses must not be written to, unless with zeros: gradients of word embeddings are zeroed only where the run before
// touched them.
//
// # Memory
//
// Of each layer the backward pass keeps queries, keys, values, context, the two sums and outputs of LayerNorm, and the
// argument of GELU, 12 floats per token and unit of width; attention weights and GELU are computed again. Everything
// else is shared by all layers: 130 KB a token for 6 layers of width 384 in float32. Layers below all that is trainable keep
// nothing. Without Keep it is 15 KB. Buffers grow to the largest batch and stay; a steady state allocates next to nothing.
//
// # Rules of gorgonia that shape this package
//
// Do runs in the machine's goroutine, so every operation recovers there. Nodes of one hash are merged, so every op has
// its own number, and [Compile] checks. The machine adds up gradients in the first one's memory, so an operation never
// reads a gradient it has handed out. A machine is reset after errors too ([Context.Run]). New machines write to the
// tensors of shared weights, so [Compile] makes one at a time. BindDualValues doubles gradients and is not to be used.
//
// # Concurrency
//
// A context and its graph belong to one goroutine at a time. Graphs on the same weights run concurrently and share [Packs];
// [Packs.Invalidate] is called after weights have changed, while none of them runs.
package ops
