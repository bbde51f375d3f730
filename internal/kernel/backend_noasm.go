//go:build !(amd64 || arm64) || purego

package kernel

// simd returns no vector back ends.
func simd() []*backend[float32] { return nil }
