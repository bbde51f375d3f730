package synth

import (
	"math"
	"math/rand/v2"
	"slices"
)

// label draws the outcomes of calls and returns the ROC AUC to be expected of their true probabilities.
func label(calls []Call, o Options) float64 {
	odds := make([]float64, len(calls))
	for i := range calls {
		odds[i] = calls[i].odds(o)
	}
	shift := intercept(odds, o.WonShare)
	coins := rand.New(rand.NewPCG(o.Seed, labelStream))
	p := make([]float64, len(calls))
	for i := range calls {
		p[i] = (1-o.Noise)*sigmoid(odds[i]+shift) + o.Noise*o.WonShare
		calls[i].Probability, calls[i].Won = p[i], coins.Float64() < p[i]
	}
	return expectedAUC(p)
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// intercept returns what has to be added to the log-odds for the mean probability to be share.
func intercept(odds []float64, share float64) float64 {
	low, high := -100.0, 100.0
	for range 100 {
		middle, sum := (low+high)/2, 0.0
		for _, x := range odds {
			sum += sigmoid(x + middle)
		}
		if sum < share*float64(len(odds)) {
			low = middle
		} else {
			high = middle
		}
	}
	return (low + high) / 2
}

// expectedAUC returns, for labels drawn independently with probabilities p, the expected number of pairs of a won and a
// lost call that p ranks rightly (half for ties) over the expected number of such pairs.
func expectedAUC(p []float64) float64 {
	sorted := slices.Sorted(slices.Values(p))
	var right, pairs, below, all float64 // below: expected number of lost calls ranked lower
	for _, v := range sorted {
		all += 1 - v
	}
	for i := 0; i < len(sorted); {
		j, won, lost, self := i, 0.0, 0.0, 0.0
		for ; j < len(sorted) && sorted[j] == sorted[i]; j++ {
			v := sorted[j]
			won, lost, self = won+v, lost+1-v, self+v*(1-v)
		}
		right += won*below + (won*lost-self)/2
		pairs += won*all - self
		below += lost
		i = j
	}
	if pairs == 0 {
		return 0.5
	}
	return right / pairs
}
