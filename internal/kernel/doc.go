// Package kernel holds the arithmetic of the encoder: matrix products with fused epilogues, attention over ragged
// batches, layer normalisation, GELU, dropout, embedding, pooling, AdamW, each forward kernel with its backward one,
// and int8 products for inference. For boosted trees it finds the best cuts of histograms and walks rows down the trees;
// for t-SNE it sums the attraction of points and computes Fourier transforms.
//
// # Data
//
// Matrices are dense and row-major, in plain slices; sizes are arguments. Ragged batches lay their sequences end to
// end: rows offsets[s] to offsets[s+1] belong to sequence s, and nothing is padded. Results overwrite their
// destination unless a function says that it adds. A slice that is too short is a bug of the caller and panics.
//
// # Back ends
//
// Every kernel is composed of a few loops over rows (backend), of which generic.go is the specification. float32 runs
// on the best implementation that processor and operating system support, chosen once at start: AVX-512 (with AMX on
// Linux: the same float32, and int8 on tiles) or AVX2 with FMA on amd64, NEON on arm64, else generic Go. float64 always
// runs on generic Go, so that the same compositions can be checked against finite differences. The environment variable
// SALESCONV_KERNEL asks for another one by its name (amx, avx512, avx2, neon, generic). For a name that is unknown or not
// supported here Check returns an error, and so does every function that loads or fits a model. The build tag purego
// leaves all assembly out.
//
// The assembly is written by the programs in _asm, a module of its own: go generate ./internal/kernel repeats it, and must
// change nothing.
//
// # Results
//
// Sums over rows, chunks and tasks have bounds and an order that do not depend on the number of workers, so results
// are the same bytes for any Pool. In a matrix product each element is one chain of multiply-adds, so a row's result
// does not depend on its neighbours either. Back ends differ from each other by rounding: Backend belongs to the
// identity of a run that is to be repeated or resumed. NaN and infinities always reach the result; nothing clamps them
// away, and LayerNorm, which every layer passes, reports the row.
//
// # Speed
//
// On one core of an AMD EPYC of the Zen 4 generation, go test -bench . measures matrix products of the encoder's shapes
// at 96 to 99% of the rate of multiply-adds alone (93% with GELU), weight gradients at 88 to 95%, attention at 67 to 83%
// (its gradients at 62 to 79%), and six layers of MiniLM in int8 at 3.1 to 3.4 times the rate of float32. A call of a kernel
// allocates a few hundred bytes, whatever its size.
package kernel

//go:generate sh -c "cd _asm && go run ."
