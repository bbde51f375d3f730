// Package triplet fine-tunes an encoder so that documents of one label end up near each other and away from documents
// of the other.
//
//	history, err := triplet.Train(ctx, model, docs, labels, &triplet.Options{TrainLayers: 2, Seed: 1})
//
// A document is a list of segments, such as the turns of a call. Each segment is encoded alone, a long one in several
// sequences, and the document's embedding is their mean, or their mean weighted by attention; gradients flow through
// all of it. The whole encoder is trained, or its upper layers (Options.TrainLayers). The model is changed in place:
// make an [encoder.Model.Clone] first if the generic one is still needed. [TrainTokenized] takes documents that were
// tokenized once, for several runs.
//
// # What a step does
//
// The sampler draws a label-balanced batch of documents and, for losses that do not mine triplets, triplets of anchor,
// positive and negative among them; more triplets cost next to nothing. Each document is encoded once, in gorgonia's
// graph of the encoder. A second, small graph combines sequences into documents and compares these by the [Loss].
// [AdamW] takes the step, with warm-up, decay, and the gradient clipped by its norm.
//
// A batch whose activations exceed Options.MemoryLimit runs in parts by gradient caching (Gao et al. 2021, arXiv
// 2101.06983): embeddings first, then the loss on all of them, then each part again with its part of the gradient. So
// losses that mine triplets use the whole of a large batch in bounded memory, with the same gradients as without
// parts. For gradient accumulation, simply choose a larger BatchSize.
//
// # Which loss
//
// Start with the default. If Active in the history falls near 0, triplets have become too easy: try BatchAll. If it stays
// at 1, the margin is larger than the distances that occur. See the constants of [LossKind]. An [Objective] is a custom
// loss on the embeddings of a batch: [CheckGradient] compares its gradient with finite differences.
//
// # Small data
//
// A few hundred calls are memorized within an epoch or two. [Validation] evaluates the model on held-out documents
// before and during the run, stops when the score no longer improves, and restores the best weights, which may be the
// initial ones; Interpolate also tries weights in between. Fewer TrainLayers, a lower LearningRate, LoRA, L2SP,
// DropSegments and Confounders reduce overfitting too, and [Average], a model soup of several runs, predicts better
// than each run. Warnings in the history name problems and remedies.
//
// The fine-tuned encoder separates the documents that it was trained on far better than others, so a classifier that
// is fitted to their embeddings is overconfident. Train the classifier with the encoder instead (LabelWeight), and
// evaluate it on documents that neither was trained on. Do not fit one classifier to embeddings by encoders of
// different runs: their axes differ.
//
// # Heads
//
// With Options.LabelWeight a linear classifier of the label is trained with the encoder; Options.Tasks are further columns, of
// the metadata for example, to be predicted from the embeddings, which keeps information there that training on the labels alone
// would lose. With Options.Attention a query is trained that weights the segments of a document, so that the most influential
// segments count for more; it needs more data than the mean. If the label depends on the last segments or on the change over a
// document, Options.Last and Trend let losses and classifiers read these too. All are [encoder.Heads] of the model afterwards:
// its EncodeDocuments pools by the query, its Pooling gives the weight of each segment, and Save and Load keep them.
//
// # Checkpoints
//
// With [Checkpoints] a run that was stopped or killed resumes where it was, and ends with the same bytes as an
// uninterrupted run. Files are written atomically and verified when they are read; a checkpoint that cannot be
// written is a warning, and the earlier ones stay. A checkpoint takes 12 bytes for each trainable weight, 16 with
// validation, 4 when the run has ended.
//
// # Reproducibility
//
// Batches and dropout are functions of the seed and the number of the step, and sums have one order, so the same inputs
// give the same weights to the last bit on any number of threads. Other kernel back ends (AVX-512, AVX2, NEON, plain
// Go) round sums differently: their weights differ in the last bits.
//
// # Memory
//
// Besides activations (Options.MemoryLimit), a trainable weight takes 20 bytes, a weight of a matrix product 8 more for
// its packed copies, validation 4 more, and Interpolate or L2SP 4 more. A loss takes 16 bytes for each pair of
// documents in a batch.
//
// # Time
//
// A step of the whole encoder takes three times as long as encoding its documents. With two of six layers trained it
// takes five thirds of that time, and as long as encoding if all runs share an Options.Lower: the output of the frozen
// layers is then computed once for each sequence, in all epochs and runs.
//
// # Errors and concurrency
//
// Errors name the step, and the layer or parameter whose numbers are not finite. Nothing else may use a model while it
// is trained. Different models train concurrently.
package triplet
