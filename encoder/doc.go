// Package encoder turns texts and whole documents into embeddings with BERT models of the sentence-transformers family,
// such as all-MiniLM-L6-v2 (package minilm), with the numbers that the Python library gives: within 1e-6 on ordinary text.
//
//	model, err := encoder.Load(minilm.FS())        // or os.DirFS(folder), or LoadHub
//	rows, err := model.Encode(ctx, texts, nil)     // a mat.Matrix: a row of 384 for each text
//
// # Texts, segments, documents
//
// A model reads a limited number of pieces at once, 256 for all-MiniLM-L6-v2. [Model.Encode] cuts a text there and counts
// what it cut, as the Python library does. [Model.EncodeSegments] cuts nothing: it splits a long segment between words
// and averages. [Model.EncodeDocuments] is for what has parts, such as a call with its turns: each segment is encoded
// alone, and a [Pooling] makes one row of theirs: their mean, unless the model was trained with [AttentionPooling]. A [Cache] keeps rows of segments, so that a live call costs one turn at
// a time and trying a call without one of its turns costs nothing.
//
// # Rows
//
// [Embeddings] holds float32 rows, is a gonum mat.Matrix, and counts what was read: pieces, segments, splits, cuts. The
// row of a text is the same to the last bit whatever other texts are encoded with it, in whatever order, with however
// many threads. Between processors, vector instructions of different widths round differently.
//
// # Models
//
// [Load] takes a folder with modules.json: a BERT with absolute positions and exact GELU, of any depth, width and number
// of heads, cased or uncased WordPiece; mean, CLS or max pooling; then any of Normalize and Dense (Tanh or no activation).
// Weights are safetensors in F32, F16 or BF16 and are held in float32. Other architectures are refused by name.
// [Model.Save] writes such a folder for either library; [Heads], which package triplet trains, are for this one alone.
//
// # The graph
//
// [Model.Graph] gives the network as a gorgonia graph over the model's weights, for losses and heads to be built on;
// package triplet trains with it. The weights are the model's own: after a solver has written to them, [Model.InvalidateWeights]
// says so.
//
// # Eight bits
//
// With Options.Int8 the products with weights run in 8-bit integers: weights are rounded for each output channel,
// activations for each row as they come, and everything between stays float32. It is an option for processors with AVX-512
// VNNI and never the default. Of 193 reference texts, the cosine with the
// exact embedding is 0.9985 on average and 0.9937 at least.
//
// # Memory
//
// A model keeps its weights (91 MB for all-MiniLM-L6-v2) and, once used, those of its layers a second time in the order
// in which matrix products read them (43 MB). Encoding adds 15 KB for each piece in work, of which there are some 256 a
// thread; texts are read in windows of 256 KB, so a long list of texts takes no more than its rows.
//
// # Errors and concurrency
//
// Errors name the file, key, tensor, document or layer, and what was expected. Numbers that are not finite, in a file, in
// weights or in activations, are errors, never rows. Models, caches and embeddings are safe for concurrent use; a graph
// belongs to one goroutine at a time; weights are changed while nothing else uses the model.
//
// # Sources
//
// Devlin et al., BERT (2019); Reimers and Gurevych, Sentence-BERT (2019); the layouts of transformers, sentence-transformers
// and safetensors as of 2026.
package encoder
