package sequential

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/org/salesconv/classify/evaluate"
)

// A Difference compares the means of two variants, 1 - 0, to which calls are assigned at random. [NewDifference] makes one.
type Difference struct {
	share [2]float64 // of each variant
	sum   [2]float64 // of values, as shares of the way from low to high
	count [2]int
	scale float64
	low   float64
	test  *Sequence
}

// NewDifference begins a test of whether values between low and high, such as outcomes 0 and 1, have the same mean in both
// variants. Variant 1 is assigned with the probability share. level is the level of the interval; 0 means 0.95.
func NewDifference(share, low, high, level float64) (*Difference, error) {
	if !(share > 0 && share < 1) {
		return nil, fmt.Errorf("sequential: a share of %v for variant 1, want between 0 and 1", share)
	}
	if !(low < high) || math.IsInf(high-low, 0) {
		return nil, fmt.Errorf("sequential: values from %v to %v, want two finite bounds, the lower one first", low, high)
	}
	limit := 1 / min(share, 1-share)
	test, err := NewSequence(-limit, limit, 0, level)
	if err != nil {
		return nil, err
	}
	return &Difference{share: [2]float64{1 - share, share}, low: low, scale: high - low, test: test}, nil
}

// Add adds the value of a call of a variant.
func (d *Difference) Add(variant int, value float64) error {
	x := (value - d.low) / d.scale
	switch {
	case variant != 0 && variant != 1:
		return fmt.Errorf("sequential: variant %d, want 0 or 1", variant)
	case !(x >= 0 && x <= 1):
		return fmt.Errorf("sequential: value %v, want one from %v to %v", value, d.low, d.low+d.scale)
	}
	// What is expected of each variant by the values before: any guess that does not look at x keeps the estimate unbiased.
	guess := [2]float64{d.mean(0), d.mean(1)}
	estimate := guess[1] - guess[0] + float64(2*variant-1)*(x-guess[variant])/d.share[variant]
	d.sum[variant] += x
	d.count[variant]++
	limit := d.test.high
	return d.test.Add(min(max(estimate, -limit), limit)) // it is within the limits, but for rounding
}

// mean is the mean of a variant so far, beginning at the middle.
func (d *Difference) mean(variant int) float64 {
	return (d.sum[variant] + 0.5) / float64(d.count[variant]+1)
}

// P is the always-valid p value of the difference, see [Sequence.P].
func (d *Difference) P() float64 { return d.test.P() }

// Interval is the difference of the means so far and its confidence interval, see [Sequence.Interval].
func (d *Difference) Interval() evaluate.Interval {
	i := d.test.Interval()
	i.Estimate, i.Low, i.High = i.Estimate*d.scale, max(i.Low, -1)*d.scale, min(i.High, 1)*d.scale
	return i
}

// SampleRatio returns an always-valid p value for the hypothesis that calls are assigned in proportion to weights, given
// the counts of the variants at any time. A low p means that calls are lost or not assigned at random, and that no other
// result of the experiment can be trusted (Lindon and Malek 2020, with a uniform prior). If it is computed repeatedly, take
// the lowest p.
func SampleRatio(counts []int, weights []float64) (float64, error) {
	shares, err := shares(weights)
	if err != nil {
		return 0, err
	}
	if len(counts) != len(weights) {
		return 0, fmt.Errorf("sequential: %d counts for %d weights", len(counts), len(weights))
	}
	// The mean over all shares of the likelihood of the counts, over their likelihood by the weights.
	variants, n := 0, 0
	evidence := 0.0
	for k, count := range counts {
		switch {
		case count < 0:
			return 0, fmt.Errorf("sequential: variant %d has %d calls", k, count)
		case shares[k] == 0 && count > 0:
			return 0, nil
		case shares[k] == 0:
			continue
		}
		evidence += logGamma(count+1) - float64(count)*math.Log(shares[k])
		variants, n = variants+1, n+count
	}
	evidence += logGamma(variants) - logGamma(n+variants)
	return min(1, math.Exp(-evidence)), nil
}

func logGamma(x int) float64 {
	v, _ := math.Lgamma(float64(x))
	return v
}

// Assign returns the variant, an index of weights, of an id in an experiment. The id is a customer's, so that all calls of
// a customer are of one variant, or a call's. The result depends on nothing but the arguments; assignments with different
// salts, the names of experiments, are independent. Weights are 0 or more, and need not add up to 1. With two variants, a
// change of the weights moves as few ids as possible.
func Assign(id, salt string, weights []float64) (int, error) {
	shares, err := shares(weights)
	if err != nil {
		return 0, err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%d %s%s", len(salt), salt, id)
	at := float64(binary.BigEndian.Uint64(h.Sum(nil))>>11) / (1 << 53) // in [0, 1)
	last := 0
	for k, share := range shares {
		if share == 0 {
			continue
		}
		if last = k; at < share {
			break
		}
		at -= share
	}
	return last, nil
}

// shares are the weights divided by their sum.
func shares(weights []float64) ([]float64, error) {
	sum := 0.0
	for k, w := range weights {
		if !(w >= 0) || math.IsInf(w, 1) {
			return nil, fmt.Errorf("sequential: variant %d has weight %v, want a finite number, 0 or more", k, w)
		}
		sum += w
	}
	if !(sum > 0) || math.IsInf(sum, 1) {
		return nil, errors.New("sequential: the sum of the weights is 0 or overflows: want at least one above 0")
	}
	s := make([]float64, len(weights))
	for k, w := range weights {
		s[k] = w / sum
	}
	return s, nil
}
