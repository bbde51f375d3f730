// Package kernel holds the arithmetic of the encoder: matrix products with fused epilogues, attention over ragged
// batches, layer normalisation, GELU, embedding, pooling, AdamW, each forward kernel beside its backward one.
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
// on the best implementation the processor and the operating system support, chosen once at start: AVX-512
// or AVX2 with FMA on amd64, NEON on arm64, else generic Go; float64 always runs on generic Go, so that the same
// compositions can be checked against finite differences. The environment variable SALESCONV_KERNEL asks for
// a lower one by its name (avx512, avx2, neon, generic); a name that is unknown or not supported here is ignored. The build tag
// purego leaves all assembly out.
//
// # Results
//
// Kernels divide work into tasks whose bounds do not depend on the number of workers, and sum over tasks in
// a fixed order, so results are the same bytes for any Pool. They are not the same bytes for any back end.
// NaN and infinities always reach the result; nothing clamps them away.
package kernel
