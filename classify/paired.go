package classify

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// permute is the share of exchanges with a difference at least as large as the one seen, that one among them.
// For the ROC AUC it is ranks that are exchanged (Bandos, Rockette and Gur 2005), so that a difference in scale is none.
func (o *ResampleOptions) permute(ctx context.Context, a, b []float64, y []int) (float64, error) {
	members := membersOf(len(y), o.Groups)
	if o.ranks {
		a, b = midranks(a), midranks(b)
	}
	seen := math.Abs(o.Score(b, y) - o.Score(a, y))
	larger := make([]bool, o.Samples)
	err := o.each(ctx, func(s int, r *rand.Rand) {
		p, q := slices.Clone(a), slices.Clone(b)
		for _, rows := range members {
			if r.Uint64()&1 == 0 {
				continue
			}
			for _, i := range rows {
				p[i], q[i] = q[i], p[i]
			}
		}
		larger[s] = math.Abs(o.Score(q, y)-o.Score(p, y)) >= seen-1e-12
	})
	count := 1
	for _, l := range larger {
		if l {
			count++
		}
	}
	return float64(count) / float64(o.Samples+1), err
}

// midranks gives each row the mean position, from the lowest, of the rows with its score.
func midranks(p []float64) []float64 {
	order, ranks := descending(p), make([]float64, len(p))
	slices.Reverse(order)
	for lo := 0; lo < len(order); {
		hi := lo
		for hi < len(order) && p[order[hi]] == p[order[lo]] {
			hi++
		}
		for _, i := range order[lo:hi] {
			ranks[i] = float64(lo+hi-1) / 2
		}
		lo = hi
	}
	return ranks
}

// deLong is the two-sided p of equal ROC AUCs on the same rows, which are taken to be independent (DeLong, DeLong and
// Clarke-Pearson 1988), by ranks (Sun and Xu 2014).
func deLong(a, b []float64, y []int) float64 {
	var placements [2][]float64 // differences between b and a: the share of the other label that each row outranks
	pa, pb := placement(a, y), placement(b, y)
	for i, label := range y {
		placements[label] = append(placements[label], pb[i]-pa[i])
	}
	variance, difference := 0.0, 0.0
	for label, v := range placements {
		mean := 0.0
		for _, d := range v {
			mean += d
		}
		mean /= float64(len(v))
		if label == 1 {
			difference = mean
		}
		square := 0.0
		for _, d := range v {
			square += (d - mean) * (d - mean)
		}
		variance += square / max(1, float64(len(v)-1)) / float64(len(v))
	}
	if variance == 0 {
		return 1
	}
	return 2 * distuv.UnitNormal.Survival(math.Abs(difference)/math.Sqrt(variance))
}

// placement gives for each row the share of the rows of the other label that it is on the right side of, ties half.
func placement(p []float64, y []int) []float64 {
	order := descending(p)
	var total, above [2]int
	for _, label := range y {
		total[label]++
	}
	at := make([]float64, len(p))
	for lo := 0; lo < len(order); {
		hi := lo
		var tied [2]int
		for ; hi < len(order) && p[order[hi]] == p[order[lo]]; hi++ {
			tied[y[order[hi]]]++
		}
		for _, i := range order[lo:hi] {
			other := 1 - y[i]
			better := float64(above[other]) + float64(tied[other])/2
			at[i] = better / float64(total[other]) // of label 0: those above
			if y[i] == 1 {
				at[i] = 1 - at[i]
			}
		}
		above[0], above[1] = above[0]+tied[0], above[1]+tied[1]
		lo = hi
	}
	return at
}

// mcNemar is the exact two-sided p of as many rows being called right by a alone as by b alone, at threshold ½.
func mcNemar(a, b []float64, y []int) float64 {
	onlyA, onlyB := 0, 0
	for i, label := range y {
		rightA, rightB := (a[i] >= 0.5) == (label == 1), (b[i] >= 0.5) == (label == 1)
		switch {
		case rightA && !rightB:
			onlyA++
		case rightB && !rightA:
			onlyB++
		}
	}
	n := onlyA + onlyB
	if n == 0 {
		return 1
	}
	binomial := distuv.Binomial{N: float64(n), P: 0.5}
	return min(1, 2*binomial.CDF(float64(min(onlyA, onlyB))))
}
