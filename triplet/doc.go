// Package triplet fine-tunes an encoder so that documents of one outcome come to lie near each other and away from those
// of the other.
//
//	history, err := triplet.Train(ctx, model, docs, labels, &triplet.Options{Pairs: 4, Seed: 1})
//
// A document is a list of segments, such as the turns of a call. Each is encoded alone, a long one in several sequences,
// and the document's row is the mean; gradients run through all of it. The whole encoder learns, or its upper
// layers (Options.TrainLayers).
//
// # What a step does
//
// The sampler deals a label-balanced batch of documents, and for losses that do not mine their own, triplets of anchor,
// positive and negative among them: more triplets cost next to nothing. Each document is encoded once, in gorgonia's graph
// of the encoder. A second, small graph makes
// documents of sequences and compares them by the [Loss]. [AdamW] takes the step, with warm-up, decay, and the
// gradient clipped by its norm.
//
// A batch whose activations exceed Options.MemoryLimit runs in parts by gradient caching (Gao et al. 2021, arXiv
// 2101.06983): rows first, then the loss on all of them, then each part again with its share of the gradient. So mined
// losses see the whole of a large batch in bounded memory, with the gradients of one piece.
//
// # Which loss
//
// Start with the default. If Active in the history falls near 0, triplets have become too easy: try BatchAll. If it stays
// at 1, the margin is beyond the distances that occur. See the constants of [Kind]. Small data overfits within an epoch
// or two; fewer TrainLayers and a lower LearningRate are the first remedies.
//
// # Reproducibility
//
// Batches and dropout are functions of the seed and the number of the step, sums have one order, so the same
// inputs give the same weights to the last bit on any number of threads.
//
// # Errors and concurrency
//
// Errors name the step, and the layer or parameter whose numbers are not finite. Train changes the model in place: nothing
// else may use it meanwhile. Different models train concurrently.
package triplet
