package evaluate

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/org/salesconv/classify/internal/sample"
)

// ThresholdBestF1 is the threshold with the highest F1; of several, the highest.
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

// ThresholdLowestCost is the threshold of the lowest total cost on the given rows, where a false positive costs
// falsePositive and a false negative costs falseNegative. It is above 1 where it is best to predict no row positive.
func ThresholdLowestCost(p []float64, y []int, falsePositive, falseNegative float64) (float64, error) {
	if !(falsePositive >= 0 && falseNegative >= 0) || math.IsInf(falsePositive+falseNegative, 1) {
		return 0, fmt.Errorf("evaluate: costs %v and %v, want finite numbers, 0 or more", falsePositive, falseNegative)
	}
	if err := checkScores(p, y); err != nil {
		return 0, err
	}
	return bestThreshold(p, y, func(hit, miss int) float64 {
		return float64(hit)*falseNegative - float64(miss)*falsePositive
	}), nil
}

// Decide reports for each row whether it is predicted positive. The threshold for the rows of a fold is what choose, such
// as ThresholdBestF1, returns for the rows of all other folds, because a threshold scores too well on the rows that it
// was chosen on.
func (o *OutOfFold) Decide(choose func(p []float64, y []int) (float64, error)) ([]bool, error) {
	if o == nil || choose == nil {
		return nil, errors.New("evaluate: decide: no predictions, or no function that chooses a threshold")
	}
	n := len(o.Row)
	if n == 0 || len(o.Fold) != n || len(o.Y) != n || len(o.P) != n {
		return nil, fmt.Errorf("evaluate: decide: %d rows, %d folds, %d labels and %d probabilities, want the same number of each, 1 or more",
			n, len(o.Fold), len(o.Y), len(o.P))
	}
	called := make([]bool, n)
	for f := range slices.Max(o.Fold) + 1 {
		var inside, outside []int
		for k, fold := range o.Fold {
			if fold == f {
				inside = append(inside, k)
			} else {
				outside = append(outside, k)
			}
		}
		threshold, err := choose(sample.Pick(o.P, outside), sample.Pick(o.Y, outside))
		if err != nil {
			return nil, fmt.Errorf("%w (rows outside fold %d)", err, f+1)
		}
		for _, k := range inside {
			called[k] = o.P[k] >= threshold
		}
	}
	return called, nil
}

// bestThreshold is the threshold with the highest value, a function of the numbers of true and of false positives.
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

// ThresholdCapacity is the lowest threshold that at most the given number of rows reach: which customers to call if
// there is only time for that many calls. If rows tie at the limit, all of them stay below the threshold.
func ThresholdCapacity(p []float64, calls int) (float64, error) {
	if len(p) == 0 || calls < 0 || slices.ContainsFunc(p, math.IsNaN) {
		return 0, fmt.Errorf("evaluate: capacity of %d calls among %d rows, want 0 or more, and scores without NaN", calls, len(p))
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
