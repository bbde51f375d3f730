package kernel

import (
	"cmp"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestBackend fails where the back end that the tests of all packages run on is not the one
// that SALESCONV_KERNEL names, or the best one that the operating system reports.
func TestBackend(t *testing.T) {
	want := cmp.Or(os.Getenv(variable), expectedBackends()[0])
	if err := Check(); err != nil {
		t.Errorf("the tests do not run on %s: %v", want, err)
	}
	if Backend() != want {
		t.Errorf("the tests run on %s, want %s", Backend(), want)
	}
}

// TestChoose fails where a vector back end is left out though the processor has it, so that its tests do not run.
func TestChoose(t *testing.T) {
	for i, name := range append([]string{""}, expectedBackends()...) {
		want := expectedBackends()[max(0, i-1)]
		if b, err := choose(name); err != nil || b.name != want {
			t.Errorf("choose(%q) = %s, %v, want %s", name, b.name, err, want)
		}
	}
	for _, name := range []string{"abacus", "AVX2", "avx512 ", "sse"} {
		_, err := choose(name)
		if err == nil {
			t.Fatalf("choose(%q) gives no error", name)
		}
		for _, part := range append(expectedBackends(), strconv.Quote(name), variable) {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("error %q does not name %s", err, part)
			}
		}
	}
}

// TestSameBytes checks that kernels that sum over rows or chunks give the same bytes for any number of workers.
func TestSameBytes(t *testing.T) {
	const m, n, k, heads = 700, 48, 33, 3
	rng := newSource[float32]()
	y, x, qkv := rng.normal(m*n), rng.normal(m*k), rng.normal(m*3*n)
	mean, rstd, gamma := rng.normal(m), rng.normal(m), rng.normal(n)
	run := func(pool *Pool) []float32 {
		dw, sums, dsum := make([]float32, n*k), make([]float32, n), make([]float32, m*n)
		dgamma, dbeta, out, dqkv := make([]float32, n), make([]float32, n), make([]float32, m*n), make([]float32, m*3*n)
		GemmTN(pool, m, y, n, x, k, dw)
		ColumnSums(pool, m, y, n, sums)
		LayerNormBackward(pool, m, n, y, mean, rstd, gamma, y, Dropout{}, dsum, nil, dgamma, dbeta)
		Attention(pool, qkv, []int{0, 300, m}, heads, n/heads, Dropout{P: 0.1}, out)
		AttentionBackward(pool, qkv, out, y, []int{0, 300, m}, heads, n/heads, Dropout{P: 0.1}, dqkv)
		var all []float32
		for _, part := range [][]float32{dw, sums, dsum, dgamma, dbeta, out, dqkv, {float32(SumSquares(pool, qkv))}} {
			all = append(all, part...)
		}
		return all
	}
	want := run(nil)
	for _, workers := range []int{2, 3, 7} {
		pool := NewPool(workers)
		near(t, "result", run(pool), want, 0)
		pool.Close()
	}
}
