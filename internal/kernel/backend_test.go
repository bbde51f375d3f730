package kernel

import (
	"os"
	"testing"
)

// TestChoice fails where tests of the vector back ends would not have run though the processor has them.
func TestChoice(t *testing.T) {
	for _, name := range expectedBackends() {
		if b := choose(name); b.name != name {
			t.Errorf("%s is supported here and not to be had", name)
		}
	}
	if os.Getenv("SALESCONV_KERNEL") == "" && Backend() != expectedBackends()[0] {
		t.Errorf("%s was chosen, want %s", Backend(), expectedBackends()[0])
	}
	if b := choose("abacus"); b != backends32[0] {
		t.Errorf("an unknown name chose %s, want %s", b.name, backends32[0].name)
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
