package pipeline

import (
	"testing"

	"github.com/org/salesconv/encoder"
)

// Heads move as weights do, from zeros where there were none, and leave those they come from as they are.
func TestMoveHeads(t *testing.T) {
	heads := func(x float32) *encoder.Heads {
		return &encoder.Heads{Query: []float32{x}, Tasks: []encoder.Task{{Name: "a", Classes: []string{"b"}, Matrix: [][]float32{{2 * x}}, Bias: []float32{3 * x}}}}
	}
	for _, c := range []struct {
		from, start *encoder.Heads
		want        float32
	}{{nil, nil, 2}, {heads(1), nil, 3}, {heads(1), heads(1), 2.5}, {&encoder.Heads{Query: []float32{1, 2}}, nil, 2}} {
		to := heads(4)
		got := moveHeads(c.from, c.start, to, 0.5)
		if task := got.Tasks[0]; got.Query[0] != c.want || task.Matrix[0][0] != 2*c.want || task.Bias[0] != 3*c.want || task.Name != "a" {
			t.Errorf("moved to %v, want %v", got, c.want)
		}
		if to.Query[0] != 4 || to.Tasks[0].Matrix[0][0] != 8 {
			t.Error("what they move to has changed")
		}
	}
	if moveHeads(heads(1), heads(1), nil, 1) != nil {
		t.Error("heads out of nothing")
	}
}
