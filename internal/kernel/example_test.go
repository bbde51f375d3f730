package kernel_test

import (
	"fmt"

	"github.com/org/salesconv/internal/kernel"
)

// A linear layer: y = x·Wᵀ + b for two rows of three features and two output channels.
func ExampleGemm() {
	pool := kernel.NewPool(2)
	defer pool.Close()
	var w kernel.Packed[float32]
	w.PackTransposed(pool, []float32{
		1, 0, -1,
		2, 2, 2,
	}, 2, 3)
	x := []float32{
		1, 2, 3,
		4, 5, 6,
	}
	y := make([]float32, 4)
	kernel.Gemm(pool, 2, x, &w, y, kernel.Epilogue[float32]{Bias: []float32{10, 0}})
	fmt.Println(y)
	// Output: [8 12 8 30]
}

// Two sequences, of two tokens and of one, laid end to end: the last attends to itself alone.
func ExampleAttention() {
	const heads, dim = 1, 2
	qkv := []float64{
		0, 0 /* query */, 1, 2 /* key */, 10, 20, /* value */
		0, 0, 3, 4, 30, 40,
		5, 5, 5, 5, 7, 8,
	}
	out := make([]float64, 3*heads*dim)
	kernel.Attention(nil, qkv, []int{0, 2, 3}, heads, dim, kernel.Dropout{}, out)
	fmt.Println(out)
	// Output: [20 30 20 30 7 8]
}
