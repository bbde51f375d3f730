package ops

import (
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
)

func TestTanh(t *testing.T) {
	gradcheck{
		build: func(c *Context[float64], in G.Nodes) (*G.Node, error) { return Tanh(c, "tanh", in[0]) },
		forward: func(_ *Batch, in []array) []float64 {
			y := make([]float64, len(in[0].data))
			for i, x := range in[0].data {
				y[i] = math.Tanh(x)
			}
			return y
		},
	}.run(t)
}
