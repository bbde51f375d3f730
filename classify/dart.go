package classify

import (
	"math/rand/v2"

	"github.com/org/salesconv/internal/parallel"
)

// dart drops trees while others are fitted, and shares out their weights afterwards.
type dart struct {
	*DartOptions
	base     float32
	scale    []float32   // of the trees
	dropped  []bool      // in this round
	training [][]float32 // by tree: what it gives each training row, before its scale
}

// drop chooses the trees to drop in a round.
func (d *dart) drop(seed uint64) {
	rng := rand.New(rand.NewPCG(seed, dartStream))
	d.dropped = make([]bool, len(d.scale))
	if len(d.scale) == 0 || rng.Float64() < d.Skip {
		return
	}
	total := float32(0)
	for _, s := range d.scale {
		total += s
	}
	any := false
	for i, s := range d.scale {
		rate := d.Drop
		if d.Weighted {
			rate *= float64(s) * float64(len(d.scale)) / float64(total)
		}
		d.dropped[i] = rng.Float64() < rate
		any = any || d.dropped[i]
	}
	if d.One && !any {
		d.dropped[d.pick(rng, total)] = true
	}
}

// pick draws one tree, heavy ones more often if so asked.
func (d *dart) pick(rng *rand.Rand, total float32) int {
	if !d.Weighted {
		return rng.IntN(len(d.scale))
	}
	at := rng.Float64() * float64(total)
	for i, s := range d.scale {
		if at -= float64(s); at < 0 {
			return i
		}
	}
	return len(d.scale) - 1
}

// sum puts the base and the trees that are not dropped into margin.
func (d *dart) sum(trees [][]float32, margin []float32) {
	const block = 4096
	parallel.Do((len(margin)+block-1)/block, func(k int) {
		from, to := k*block, min(len(margin), (k+1)*block)
		for i := from; i < to; i++ {
			margin[i] = d.base
		}
		for t, added := range trees {
			if t < len(d.dropped) && d.dropped[t] {
				continue
			}
			for i := from; i < to; i++ {
				margin[i] += float32(added[i] * d.scale[t])
			}
		}
	})
}

// normalize weighs the new tree and the dropped ones so that together they give what the dropped ones gave.
func (d *dart) normalize(eta float32) {
	count := float32(0)
	for _, dropped := range d.dropped {
		if dropped {
			count++
		}
	}
	factor, added := float32(1), float32(1)
	switch {
	case count == 0:
	case d.Forest:
		factor, added = 1/(1+eta), 1/(1+eta)
	default:
		factor, added = count/(count+eta), 1/(count+eta)
	}
	for i, dropped := range d.dropped {
		if dropped {
			d.scale[i] *= factor
		}
	}
	d.scale = append(d.scale, added)
	d.dropped = nil
}
