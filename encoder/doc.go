// Package encoder turns texts and whole documents into embeddings with BERT models of the sentence-transformers family,
// such as all-MiniLM-L6-v2 (package minilm). Embeddings equal the Python library's within 1e-6 on ordinary text.
//
//	model, err := encoder.Load(minilm.FS())            // or os.DirFS(directory), or Open(ctx, "org/name", nil)
//	embeddings, err := model.Encode(ctx, texts, nil)   // a mat.Matrix: a row of 384 numbers for each text
//
// # Texts, segments, documents
//
// A sequence is what a model reads at once: up to 256 tokens for all-MiniLM-L6-v2. [Model.Encode] truncates a longer
// text, as the Python library does, and counts the tokens cut. [Model.EncodeSegments] cuts nothing: it splits a long
// segment between words into several sequences and averages their embeddings. [Model.EncodeDocuments] is for
// documents of several segments, such as a call with its turns: each segment is encoded alone, and a [Pooling]
// combines their embeddings into one: their mean, unless the model was trained with [AttentionPooling]. [Join]
// combines several poolings in one pass, and [Embeddings.Block] returns the embeddings of one of them.
//
// A [Cache] keeps the embeddings of segments, so that each new turn of a live call costs only its own encoding, and
// leaving a turn out of a call costs nothing. Repeated segments are encoded once. [Model.TokenizeDocuments] tokenizes
// documents that are read many times.
//
// # Embeddings
//
// [Embeddings] holds float32 rows, is a gonum mat.Matrix, and counts what was read: tokens, segments, splits,
// truncations. The embedding of a text is the same to the last bit whatever other texts are encoded with it, in any
// order, on any number of threads. It differs between processors whose vector instructions have different widths, as
// they round differently.
//
// all-MiniLM-L6-v2 gives texts embeddings of length 1, so that dot products are cosines. Embeddings of documents, and
// of segments that take several sequences, are means, whose length is below 1: the less similar the parts, the shorter
// the mean. Use [Cosine] and [Embeddings.Nearest], which compare directions, or [Embeddings.Normalized].
//
// # Models
//
// [Load] takes a directory with modules.json: a BERT with absolute positions, of any depth, width and number of
// attention heads, GELU (exact or by tanh) or ReLU, cased or uncased WordPiece; any of sentence-transformers' poolings,
// or several; then any of Normalize and Dense (Tanh or no activation). Weights are safetensors in F32, F16 or BF16 and
// are held in float32. Every setting in a model's files either acts as in sentence-transformers 6.2 or is an error that
// names the key; none is silently ignored. [Open] takes the name of a directory or of a model on the Hugging Face hub.
//
// [Model.Save] writes such a directory for either library, with a [Card]; [Heads], which package triplet trains, are
// read by this package alone. [Model.Clone] copies a model in memory, so that a model that is trained several times is
// read from files once.
//
// # The graph
//
// [Model.Graph] gives the network as a gorgonia graph over the model's weights, for custom losses and heads; package
// triplet trains with it. A graph is built and compiled once and runs batches of any size without padding, so the
// number of rows of its nodes varies with the batch. There are two ways to build on these nodes:
//
//   - [Graph.Loss] takes a Go function that computes the loss of the rows of a batch and its gradient. It works for
//     batches of any size and costs nothing extra.
//   - [Graph.Rows] is for gorgonia's own operations, which need fixed shapes: it gives a node a fixed number of rows,
//     padding the rows of the batch with zeros, and weights that leave the padding out. The encoder runs on the batch
//     without padding; what is built on top runs on all rows. For hidden states, the number of rows is the largest
//     number of tokens of a batch. A batch with more is an error.
//
// Every trainable parameter must contribute to what is built: for a head on Hidden, freeze the layers after it
// ([GraphOptions].Frozen). [Graph.Step] applies a step of a gorgonia solver to the model. Errors name what is
// missing: Gradients in the options, a batch for a run, or a fixed number of rows for an operation.
//
// # Attribution
//
// [Model.IntegratedGradients] attributes any function of an embedding, such as the log-odds of a linear classifier,
// to the tokens of each segment, with their byte spans. For a model that was trained with attention,
// [Pooling.Weights] has the weight of each segment.
//
// # int8
//
// With Options.Int8 the products with weights run in int8: weights are quantized for each output channel, activations
// dynamically for each row. Everything between stays float32, except that attention runs in bfloat16 on processors that
// multiply bfloat16. It is meant for processors with AMX or AVX-512 VNNI and is never the default. Over 193 reference texts
// the cosine with the exact embedding is 0.9985 on average and 0.993 or more for each.
//
// # Memory
//
// A model keeps its weights (91 MB for all-MiniLM-L6-v2) and, once used, a second copy of the weights of its layers in
// the order in which matrix products read them (43 MB). Encoding adds 15 KB for each token in progress, some 256
// tokens for each thread; texts are read in windows of 256 KB, so a long list of texts needs no more memory than its
// embeddings. A training graph keeps 132 KB for each token.
//
// # Errors and concurrency
//
// Errors name the file, key, tensor, document or layer, and what was expected. Numbers that are not finite, in a file, in
// weights or in activations, are errors, never embeddings. Models, tokenizers, caches and embeddings are safe for
// concurrent use; a graph belongs to one goroutine at a time; weights are changed while nothing else uses the model. Long
// calls return within a fraction of a second after their context ends.
//
// # Sources
//
// Devlin et al., BERT (2019); Reimers and Gurevych, Sentence-BERT (2019); Sundararajan, Taly and Yan, Axiomatic
// Attribution for Deep Networks (2017); the layouts of transformers, sentence-transformers and safetensors as of 2026.
package encoder
