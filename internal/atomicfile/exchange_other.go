//go:build !linux && !darwin

package atomicfile

// exchange gives two directories each other's names.
func exchange(a, b string) error { return swap(a, b) }
