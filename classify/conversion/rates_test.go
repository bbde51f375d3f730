package conversion

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/org/salesconv/transcript"
)

// share returns n calls, a number of them won.
func share(t *testing.T, n, won int) []transcript.Call {
	t.Helper()
	made, err := transcript.Generate(6*n, nil)
	if err != nil {
		t.Fatal(err)
	}
	left := map[transcript.Outcome]int{transcript.Won: won, transcript.Lost: n - won}
	return slices.DeleteFunc(made.Calls, func(c transcript.Call) bool {
		left[c.Outcome]--
		return left[c.Outcome] < 0
	})
}

// However many or few calls are won, probabilities average the share that is won, and as many calls reach the
// threshold.
func TestShareWon(t *testing.T) {
	if testing.Short() {
		t.Skip("trains at several shares of won calls")
	}
	const n = 200
	for _, won := range []int{4, 10, 100, 190, 196} {
		calls := share(t, n, won)
		p, _, err := Fit(t.Context(), calls, &Options{Model: tiny, Frozen: true, Folds: 2, Groups: each(n)})
		if err != nil {
			t.Fatalf("%d of %d won: %v", won, n, err)
		}
		i := p.Info()
		if i.OutOfFold.Calls != n || i.OutOfFold.Won != won || math.Abs(i.OutOfFold.Precision-i.OutOfFold.Recall) > 0.06 {
			t.Errorf("%d of %d won: %+v", won, n, i.OutOfFold)
		}
		if i.OutOfFold.LogLoss > 1.1*i.OutOfFold.BaseLogLoss { // 0.91 to 1.07 with seeds 0 to 2
			t.Errorf("%d of %d won: log loss %v out of fold, the share alone gives %v", won, n, i.OutOfFold.LogLoss, i.OutOfFold.BaseLogLoss)
		}
		mean := 0.0
		for _, now := range predict(t, p, calls) {
			mean += now.Probability / n
		}
		if want := float64(won) / n; math.Abs(mean-want) > 0.02 {
			t.Errorf("%d of %d won: the mean probability is %v", won, n, mean)
		}
	}
}

func TestTooFewWon(t *testing.T) {
	if _, _, err := Fit(t.Context(), share(t, 60, 2), &Options{Model: tiny, Frozen: true, Groups: each(60)}); err == nil || !strings.Contains(err.Error(), "won calls: 2,") {
		t.Errorf("2 won calls for 3 folds: error %v", err)
	}
}

// Two agents do not make three inner folds: calls are then assigned to them one by one.
func TestFewerGroupsThanFolds(t *testing.T) {
	calls := share(t, 30, 15)
	groups := make([]string, len(calls))
	for i := range groups {
		groups[i] = []string{"a", "b"}[i/2%2]
	}
	p, _, err := Fit(t.Context(), calls, &Options{Model: tiny, Frozen: true, Groups: groups})
	if err != nil {
		t.Fatal(err)
	}
	if n := p.Info().Options.Groups; n != len(calls) {
		t.Errorf("%d groups, want one for each of %d calls", n, len(calls))
	}
	if _, _, err := Fit(t.Context(), calls, &Options{Model: tiny, Frozen: true, Groups: groups[:2]}); err == nil {
		t.Error("2 groups for 30 calls are no error")
	}
}

func TestThresholdOf(t *testing.T) {
	for _, c := range []struct {
		p       []float64
		won     int
		reached int
	}{
		{[]float64{0.1, 0.9, 0.5, 0.3}, 2, 2}, {[]float64{0.1, 0.9, 0.9, 0.9}, 1, 0}, {[]float64{0.1, 0.9, 0.9, 0.3}, 2, 2},
		{[]float64{0.05, 0.05, 0.05, 0.05}, 1, 0}, {[]float64{0.95, 0.95, 0.95, 0.95}, 3, 4}, {[]float64{1, 1}, 0, 0},
	} {
		threshold, reached := thresholdOf(c.p, c.won), 0
		for _, p := range c.p {
			if p >= threshold {
				reached++
			}
		}
		if reached != c.reached {
			t.Errorf("%v, %d won: %d reach %v, want %d", c.p, c.won, reached, threshold, c.reached)
		}
	}
}

// Of calls whose outcome shows nowhere, nothing can be predicted, and the figures say so.
func TestPredicts(t *testing.T) {
	for want, f := range map[bool]Figures{
		true:  {Calls: 100, Won: 50, ROCAUC: 0.6, LogLoss: 0.68, BaseLogLoss: 0.69}, // 0.595 is the bound
		false: {Calls: 100, Won: 50, ROCAUC: 0.59, LogLoss: 0.68, BaseLogLoss: 0.69},
	} {
		if f.Predicts() != want {
			t.Errorf("%+v: %v", f, !want)
		}
		if f.LogLoss = 0.7; f.Predicts() {
			t.Errorf("%+v: predicts with a log loss above the base", f)
		}
	}
	s, err := transcript.Generate(200, &transcript.GenerateOptions{Seed: 2, Kind: transcript.ByNothing})
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := Fit(t.Context(), s.Calls, &Options{Model: tiny, Frozen: true, Groups: each(200)})
	if err != nil {
		t.Fatal(err)
	}
	if f := p.Info().OutOfFold; f.Predicts() {
		t.Errorf("%+v of calls without any signal", f)
	}
}

// each gives each of n calls a group of its own.
func each(n int) []string {
	groups := make([]string, n)
	for i := range groups {
		groups[i] = string(rune('a' + i))
	}
	return groups
}
