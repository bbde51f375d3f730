package boost

import (
	"math/rand/v2"

	"github.com/org/salesconv/internal/parallel"
)

// Dart drops trees while others are fitted, and divides their weights among them and the new tree afterwards (Rashmi and
// Gilad-Bachrach 2015).
type Dart struct {
	Rate             float64 // share of the trees to drop in a round
	Skip             float64 // probability of dropping none
	One              bool    // drop one at least
	Weighted, Forest bool    // see classify.DartOptions
	Base             float32 // the log-odds before the first tree

	Scale   []float32 // of the trees
	dropped []bool    // in this round
}

// Drop chooses the trees to drop in a round.
func (d *Dart) Drop(seed uint64) {
	rng := rand.New(rand.NewPCG(seed, dartStream))
	d.dropped = make([]bool, len(d.Scale))
	if len(d.Scale) == 0 || rng.Float64() < d.Skip {
		return
	}
	total := float32(0)
	for _, s := range d.Scale {
		total += s
	}
	any := false
	for i, s := range d.Scale {
		rate := d.Rate
		if d.Weighted {
			rate *= float64(s) * float64(len(d.Scale)) / float64(total)
		}
		d.dropped[i] = rng.Float64() < rate
		any = any || d.dropped[i]
	}
	if d.One && !any {
		d.dropped[d.pick(rng, total)] = true
	}
}

// pick draws one tree, heavy ones more often if so asked.
func (d *Dart) pick(rng *rand.Rand, total float32) int {
	if !d.Weighted {
		return rng.IntN(len(d.Scale))
	}
	at := rng.Float64() * float64(total)
	for i, s := range d.Scale {
		if at -= float64(s); at < 0 {
			return i
		}
	}
	return len(d.Scale) - 1
}

// Sum sets margin to the base and the trees that are not dropped; trees[t] is what tree t gives each row before its scale.
func (d *Dart) Sum(trees [][]float32, margin []float32) {
	const block = 4096
	parallel.Do((len(margin)+block-1)/block, func(k int) {
		from, to := k*block, min(len(margin), (k+1)*block)
		for i := from; i < to; i++ {
			margin[i] = d.Base
		}
		for t, added := range trees {
			if t < len(d.dropped) && d.dropped[t] {
				continue
			}
			for i := from; i < to; i++ {
				margin[i] += float32(added[i] * d.Scale[t])
			}
		}
	})
}

// Normalize weighs the new tree and the dropped ones so that together they give what the dropped ones gave.
func (d *Dart) Normalize(eta float32) {
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
			d.Scale[i] *= factor
		}
	}
	d.Scale = append(d.Scale, added)
	d.dropped = nil
}
