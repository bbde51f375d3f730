package pipeline

import (
	"slices"

	"github.com/org/salesconv/encoder"
)

// moveHeads is move for what encoders have on top; what from or start lacks counts as zeros, with which heads begin.
func moveHeads(from, start, to *encoder.Heads, share float64) *encoder.Heads {
	if to == nil {
		return nil
	}
	moved := &encoder.Heads{Query: slices.Clone(to.Query)}
	for _, t := range to.Tasks {
		t.Bias, t.Matrix = slices.Clone(t.Bias), slices.Clone(t.Matrix)
		for c, row := range t.Matrix {
			t.Matrix[c] = slices.Clone(row)
		}
		moved.Tasks = append(moved.Tasks, t)
	}
	a, b := numbers(from), numbers(start)
	for i, x := range numbers(moved) {
		for j, v := range x {
			x[j] = float32(at(a, i, j, len(x)) + share*(float64(v)-at(b, i, j, len(x))))
		}
	}
	return moved
}

// numbers are all that heads have learnt.
func numbers(h *encoder.Heads) [][]float32 {
	if h == nil {
		return nil
	}
	all := [][]float32{h.Query}
	for _, t := range h.Tasks {
		all = append(append(all, t.Matrix...), t.Bias)
	}
	return all
}

// at is element j of vector i, or 0 where there is no such vector of n.
func at(x [][]float32, i, j, n int) float64 {
	if i >= len(x) || len(x[i]) != n {
		return 0
	}
	return float64(x[i][j])
}
