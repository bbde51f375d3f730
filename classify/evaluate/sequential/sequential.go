package sequential

import (
	"cmp"
	"fmt"
	"math"

	"github.com/org/salesconv/classify/evaluate"
)

// A Sequence is a test of the mean of values between two bounds, and a confidence sequence of it: an interval that holds
// the mean at all times with a probability of at least the level. All values must have the same expectation, whatever
// the values before; otherwise they need not be independent. [NewSequence] makes one.
type Sequence struct {
	low, high, level float64

	above, below []float64 // the values, as shares of the way from low to high, and from high to low
	sum          float64   // of above
	up, down     *bets     // against the mean that P tests
	most         float64   // won by both on average
}

// NewSequence begins a test of whether values between low and high have the mean null. level is the level of the
// interval; 0 means 0.95.
func NewSequence(low, high, null, level float64) (*Sequence, error) {
	level = cmp.Or(level, 0.95)
	switch {
	case !(low < high) || math.IsInf(high-low, 0):
		return nil, fmt.Errorf("sequential: values from %v to %v, want two finite bounds, the lower one first", low, high)
	case !(null >= low && null <= high):
		return nil, fmt.Errorf("sequential: a mean of %v, want one from %v to %v, the range of the values", null, low, high)
	case !(level > 0 && level < 1):
		return nil, fmt.Errorf("sequential: interval of level %v, want between 0 and 1", level)
	}
	mean := (null - low) / (high - low)
	return &Sequence{low: low, high: high, level: level, up: newBets(mean), down: newBets(1 - mean), most: 1}, nil
}

// Add adds a value.
func (s *Sequence) Add(v float64) error {
	if !(v >= s.low && v <= s.high) {
		return fmt.Errorf("sequential: value %v, want one from %v to %v", v, s.low, s.high)
	}
	x := (v - s.low) / (s.high - s.low)
	s.above, s.below = append(s.above, x), append(s.below, 1-x)
	s.sum += x
	s.up.add(x)
	s.down.add(1 - x)
	s.most = max(s.most, (s.up.won()+s.down.won())/2)
	return nil
}

// P is the always-valid p value of the mean: the probability that it ever falls to α is at most α. It never rises; 1
// before the first value.
func (s *Sequence) P() float64 { return 1 / s.most }

// Interval is the mean of the values so far and its confidence interval, which is the whole range before the first
// value. Samples is the number of values, to which the time is proportional.
func (s *Sequence) Interval() evaluate.Interval {
	n := len(s.above)
	if n == 0 {
		return evaluate.Interval{Estimate: (s.low + s.high) / 2, Low: s.low, High: s.high}
	}
	mean := s.sum / float64(n)
	limit := 2 / (1 - s.level)
	low := boundary(mean, func(m float64) bool { return won(s.above, m) < limit })
	high := 1 - boundary(1-mean, func(m float64) bool { return won(s.below, m) < limit })
	scale := func(x float64) float64 { return s.low + x*(s.high-s.low) }
	return evaluate.Interval{Estimate: scale(mean), Low: scale(low), High: scale(high), Samples: n}
}

// boundary is the lowest number, 0 or more, for which a condition holds that holds from there up to inside.
func boundary(inside float64, holds func(float64) bool) float64 {
	outside := 0.0
	if holds(outside) {
		return outside
	}
	for range 30 { // to 1e-9
		if middle := (inside + outside) / 2; holds(middle) {
			inside = middle
		} else {
			outside = middle
		}
	}
	return outside
}

// stakes is the number of sizes of bets, which are mixed in equal parts: a geometric grid, as the best size is small where the
// difference is. That there are 16 of them costs a factor of 16 in capital at most, 2.8 in its logarithm.
const stakes = 16

// sizes are shares of the capital that one value can lose: 0.84, 0.59, 0.42 … 0.0046.
var sizes = func() (all [stakes]float64) {
	for k := range all {
		all[k] = 0.84 * math.Exp2(-float64(k)/2)
	}
	return all
}()

// bets are the capitals that stakes on values above a mean have won, each 1 in the beginning: a value x multiplies the one of
// a stake c by 1 + c (x/mean - 1). That is never negative, 1 on average if the mean is right, and falls in the mean.
type bets struct {
	mean    float64         // from 0 to 1
	log     [stakes]float64 // of the capital, but for
	product [stakes]float64 // what has been won since
}

func newBets(mean float64) *bets {
	b := &bets{mean: mean}
	for k := range b.product {
		b.product[k] = 1
	}
	return b
}

// add bets on a value from 0 to 1.
func (b *bets) add(x float64) {
	excess := -1.0 // of 0, whatever the mean, 0 among them
	if x > 0 {
		excess = x/b.mean - 1
	}
	for k, c := range sizes {
		v := b.product[k] * (1 + c*excess)
		if v < 1e-100 || v > 1e100 {
			b.log[k] += math.Log(v)
			v = 1
		}
		b.product[k] = v
	}
}

// won is the mean capital.
func (b *bets) won() (sum float64) {
	for k, v := range b.product {
		sum += math.Exp(b.log[k]+math.Log(v)) / stakes
	}
	return sum
}

// won is the mean capital that bets on values above a mean win.
func won(values []float64, mean float64) float64 {
	b := newBets(mean)
	for _, x := range values {
		b.add(x)
	}
	return b.won()
}
