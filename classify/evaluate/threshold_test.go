package evaluate

import (
	"strings"
	"testing"
)

func TestThresholds(t *testing.T) {
	p := []float64{0.9, 0.8, 0.8, 0.6, 0.4, 0.2}
	y := []int{1, 1, 0, 1, 0, 0}
	if got, err := ThresholdBestF1(p, y); got != 0.6 || err != nil {
		t.Errorf("best F1 at %v, error %v", got, err)
	}
	if got, err := ThresholdLowestCost(p, y, 10, 1); got != 0.9 || err != nil {
		t.Errorf("dear errors: threshold %v, error %v", got, err)
	}
	if got, err := ThresholdLowestCost(p, y, 1, 10); got != 0.6 || err != nil {
		t.Errorf("dear misses: threshold %v, error %v", got, err)
	}
	for calls, want := range []int{0, 1, 1, 3, 4, 5, 6, 6} { // two rows tie for the second place
		threshold, err := ThresholdCapacity(p, calls)
		if c := confusion(p, y, threshold); c.TruePositive+c.FalsePositive != want || err != nil {
			t.Errorf("capacity %d: threshold %v calls %d, want %d, error %v", calls, threshold, c.TruePositive+c.FalsePositive, want, err)
		}
	}
	if _, err := ThresholdLowestCost(p, y, -1, 1); err == nil || !strings.Contains(err.Error(), "costs -1 and 1") {
		t.Errorf("error %v", err)
	}
}
