package ops

import (
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
)

func TestTanh(t *testing.T) {
	gradcheck{inputs: []array{{cols: 5}}, rows: segmentRows,
		build: func(c *Context[float64], in G.Nodes) (*G.Node, error) { return Tanh(c, "tanh", in[0]) },
		reference: func(_ *Batch, in []array) (y []float64) {
			for _, x := range in[0].data {
				y = append(y, math.Tanh(x))
			}
			return y
		}}.run(t)
}
