//go:build !purego

package kernel

var peaks map[string]func() // no measure of the processor's peak

var peakFlops map[string]float64

func expectedBackends() []string { return []string{"neon", "generic"} }
