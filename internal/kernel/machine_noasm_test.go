//go:build !(amd64 || arm64) || purego

package kernel

var peaks map[string]func()

var peakFlops map[string]float64

func expectedBackends() []string { return []string{"generic"} }
