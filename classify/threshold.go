package classify

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// ThresholdBestF1 is the threshold of the highest F1, of equal ones the highest threshold.
func ThresholdBestF1(p []float64, y []int) (float64, error) {
	if err := checkScores(p, y); err != nil {
		return 0, err
	}
	positive := 0
	for _, label := range y {
		positive += label
	}
	return bestThreshold(p, y, func(hit, miss int) float64 {
		return float64(2*hit) / float64(positive+hit+miss)
	}), nil
}

// ThresholdLowestCost is the threshold of the lowest total cost on the given rows, where a row called positive in error costs
// falsePositive and a positive row not called costs falseNegative. It is above 1 where it is best to call none.
func ThresholdLowestCost(p []float64, y []int, falsePositive, falseNegative float64) (float64, error) {
	if !(falsePositive >= 0 && falseNegative >= 0) || math.IsInf(falsePositive+falseNegative, 1) {
		return 0, fmt.Errorf("classify: costs %v and %v, want finite numbers, 0 or more", falsePositive, falseNegative)
	}
	if err := checkScores(p, y); err != nil {
		return 0, err
	}
	return bestThreshold(p, y, func(hit, miss int) float64 {
		return float64(hit)*falseNegative - float64(miss)*falsePositive
	}), nil
}

// Decide says which rows to call positive, by thresholds that choose, such as BestF1, finds for each fold on the rows of
// the others: what a threshold promises on the rows that it was chosen on is too much.
func (o *OutOfFold) Decide(choose func(p []float64, y []int) (float64, error)) ([]bool, error) {
	called := make([]bool, len(o.Row))
	for f := range slices.Max(o.Fold) + 1 {
		var inside, outside []int
		for k, fold := range o.Fold {
			if fold == f {
				inside = append(inside, k)
			} else {
				outside = append(outside, k)
			}
		}
		threshold, err := choose(pick(o.P, outside), pick(o.Y, outside))
		if err != nil {
			return nil, fmt.Errorf("%w (rows outside fold %d)", err, f+1)
		}
		for _, k := range inside {
			called[k] = o.P[k] >= threshold
		}
	}
	return called, nil
}

// bestThreshold is the threshold with the highest value of calling so many rows in truth and in error.
func bestThreshold(p []float64, y []int, value func(hit, miss int) float64) float64 {
	threshold, best := math.Nextafter(1, 2), value(0, 0)
	hit, miss := 0, 0
	for _, s := range scoreSteps(p, y) {
		hit += s.positive
		miss += s.negative
		if v := value(hit, miss); v > best {
			threshold, best = s.score, v
		}
	}
	return threshold
}

// ThresholdCapacity is the lowest threshold that at most the given number of rows reach: whom to call when only so many
// calls can be made. Ties at the border stay out.
func ThresholdCapacity(p []float64, calls int) (float64, error) {
	if len(p) == 0 || calls < 0 {
		return 0, fmt.Errorf("classify: capacity of %d calls among %d rows", calls, len(p))
	}
	sorted := slices.Clone(p)
	slices.SortFunc(sorted, func(a, b float64) int { return cmp.Compare(b, a) })
	if calls >= len(p) {
		return sorted[len(p)-1], nil
	}
	for k := calls; k > 0; k-- {
		if sorted[k-1] > sorted[calls] {
			return sorted[k-1], nil
		}
	}
	return math.Nextafter(max(1, sorted[0]), 2), nil
}
