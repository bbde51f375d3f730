// Package triplet fine-tunes an encoder so that documents of one outcome come to lie near each other and away from those
// of the other.
//
//	history, err := triplet.Train(ctx, model, docs, labels, &triplet.Options{Pairs: 4, Seed: 1})
//
// A document is a list of segments, such as the turns of a call. Each is encoded alone, a long one in several sequences,
// and the document's row is their mean, or what attention makes of them; gradients run through all of it. The whole
// encoder learns, or its upper layers (Options.TrainLayers).
//
// # What a step does
//
// The sampler deals a label-balanced batch of documents, and for losses that do not mine their own, triplets of anchor,
// positive and negative among them: more triplets cost next to nothing. Each document is encoded once, in gorgonia's
// graph of the encoder. A second, small graph makes documents of sequences and compares them by the [Loss]. [AdamW]
// takes the step, with warm-up, decay, and the gradient clipped by its norm.
//
// A batch whose activations exceed Options.MemoryLimit runs in parts by gradient caching (Gao et al. 2021, arXiv
// 2101.06983): rows first, then the loss on all of them, then each part again with its share of the gradient. So mined
// losses see the whole of a large batch in bounded memory, with the gradients of one piece. To accumulate gradients, choose
// a larger BatchSize.
//
// # Which loss
//
// Start with the default. If Active in the history falls near 0, triplets have become too easy: try BatchAll. If it stays
// at 1, the margin is beyond the distances that occur. See the constants of [LossKind].
//
// # Small data
//
// A few hundred calls are learnt by heart within an epoch or two. [Validation] measures the model on held-out documents
// before the run and during it, stops when they get no better, and leaves the best weights, which may be those to begin
// with; its Blend also tries weights in between. Besides that there are fewer TrainLayers, a lower
// LearningRate, LoRA, Pull, DropSegments, and Shortcuts that batches avoid. The history warns of what goes wrong, with a remedy.
//
// The tuned encoder pulls apart the documents that it was tuned on as it does no others, so a classifier that is fitted to
// their rows is too sure of itself. Have the label predicted by a Task of its own, whose head learns with the encoder, and judge
// that head by documents that neither has seen. Rows by encoders of different runs do not go into one regression: their
// axes drift apart.
//
// # Heads
//
// With Options.Attention a query is learnt that weighs the segments of a document, so that turns that tell count for more;
// it asks for more data than the mean does. Options.Tasks have columns of the metadata predicted from the documents' rows
// beside the labels, which keeps what labels alone would let go. Both are [encoder.Heads] of the model afterwards: its
// EncodeDocuments pools by the query, its Pooling reads out the weight of each segment, and Save and Load keep them.
//
// # Checkpoints
//
// With [Checkpoints] a run that was stopped or killed goes on where it was, and ends with the same bytes as one that
// was not. Files are written whole or not at all and verified when they are read; what cannot be written costs a
// warning and no earlier checkpoint. One takes 12 bytes a weight that learns, 16 with validation, 4 when the run has ended.
//
// # Reproducibility
//
// Batches and dropout are functions of the seed and the number of the step, sums have one order, so the same
// inputs give the same weights to the last bit on any number of threads.
//
// # Memory
//
// Besides activations (Options.MemoryLimit), a weight that learns takes 20 bytes, those of matrix products 8 more for
// their packed copies, validation 4 and Blend or Pull 4 more.
//
// # Errors and concurrency
//
// Errors name the step, and the layer or parameter whose numbers are not finite. Train changes the model in place: nothing
// else may use it meanwhile. Different models train concurrently.
package triplet
