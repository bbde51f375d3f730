package sequential

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// experiment runs an experiment of n calls, of which variant v wins with the probability rate(v, i), and looks after every
// call. It returns after how many calls the always-valid P and the usual one of a z test first were 0.05 or less, 0 for
// never, and whether the interval ever missed the difference at one of a few looks.
func experiment(t *testing.T, seed uint64, n int, share float64, rate func(v, i int) float64, truth float64) (found, naive int, missed bool) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 3))
	d, err := NewDifference(share, 0, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		v, y := 0, 0.0
		if r.Float64() < share {
			v = 1
		}
		if r.Float64() < rate(v, i) {
			y = 1
		}
		if err := d.Add(v, y); err != nil {
			t.Fatal(err)
		}
		if found == 0 && d.P() <= 0.05 {
			found = i + 1
		}
		if naive == 0 && i >= 100 && zTest(d) <= 0.05 {
			naive = i + 1
		}
		if i+1 == 50 || i+1 == n/4 || i+1 == n {
			interval := d.Interval()
			missed = missed || truth < interval.Low || truth > interval.High
		}
	}
	return found, naive, missed
}

// zTest is the usual p value of a difference in proportions.
func zTest(d *Difference) float64 {
	p := (d.sum[0] + d.sum[1]) / float64(d.count[0]+d.count[1])
	v := p * (1 - p) * (1/float64(d.count[0]) + 1/float64(d.count[1]))
	z := (d.sum[1]/float64(d.count[1]) - d.sum[0]/float64(d.count[0])) / math.Sqrt(v)
	return 2 * distuv.UnitNormal.Survival(math.Abs(z))
}

// TestFalseAlarms looks after each of 1000 calls at experiments without a difference: the usual test finds one in a third
// of them.
func TestFalseAlarms(t *testing.T) {
	if testing.Short() {
		t.Skip("2000 experiments take 5 s")
	}
	const times = 400
	for name, c := range map[string]struct {
		share float64
		rate  func(v, i int) float64
	}{
		"a third is won":    {0.5, func(int, int) float64 { return 1. / 3 }},
		"few are won":       {0.5, func(int, int) float64 { return 0.03 }},
		"a small variant":   {0.1, func(int, int) float64 { return 0.5 }},
		"the rate wanders":  {0.5, func(_, i int) float64 { return 0.4 + 0.3*math.Sin(float64(i)/200) }},
		"all calls are won": {0.3, func(int, int) float64 { return 1 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			alarms, naive, missed := 0, 0, 0
			for k := range times {
				found, usual, outside := experiment(t, uint64(k), 1000, c.share, c.rate, 0)
				if found > 0 {
					alarms++
				}
				if usual > 0 {
					naive++
				}
				if outside {
					missed++
				}
			}
			t.Logf("of %d experiments without a difference P finds one in %d, a z test in %d; %d intervals miss", times, alarms, naive, missed)
			// 5% of 400 are 20; three standard deviations above are 33.
			if alarms > 33 || missed > 33 {
				t.Errorf("%d false alarms and %d intervals without the difference, of %d experiments, want 20 at most but for chance", alarms, missed, times)
			}
		})
	}
}

// TestPower: a difference of six points in a hundred is found; a z test of 1920 calls, at one look planned before, finds it
// in 80% of experiments.
func TestPower(t *testing.T) {
	if testing.Short() {
		t.Skip("100 experiments take 3 s")
	}
	const times, n = 100, 6000
	found, missed, calls := 0, 0, 0.0
	for k := range times {
		at, _, outside := experiment(t, uint64(k), n, 0.5, func(v, _ int) float64 { return 0.30 + 0.06*float64(v) }, 0.06)
		if at > 0 {
			found++
			calls += float64(at)
		}
		if outside {
			missed++
		}
	}
	t.Logf("found in %d of %d, after %.0f calls on average; %d intervals miss", found, times, calls/float64(found), missed)
	if found < 80 || missed > 11 {
		t.Errorf("found in %d of %d experiments of %d calls; %d intervals without the difference", found, times, n, missed)
	}
}

// TestPairedLoss: of differences of two predictors' losses on the same calls, whose noise is far below their bounds.
func TestPairedLoss(t *testing.T) {
	for _, c := range []struct {
		mean  float64
		found bool
	}{{0, false}, {-0.03, true}} {
		found, missed := 0, 0
		for k := range 100 {
			r := rand.New(rand.NewPCG(uint64(k), 5))
			s, err := NewSequence(-4, 4, 0, 0)
			if err != nil {
				t.Fatal(err)
			}
			for range 3000 {
				if err := s.Add(c.mean + 0.3*(r.Float64()+r.Float64()-1)); err != nil {
					t.Fatal(err)
				}
			}
			if s.P() <= 0.05 {
				found++
			}
			if i := s.Interval(); c.mean < i.Low || c.mean > i.High {
				missed++
			}
		}
		t.Logf("mean %v: found in %d of 100; %d intervals miss", c.mean, found, missed)
		if c.found != (found > 90) || !c.found && found > 11 || missed > 11 {
			t.Errorf("mean %v: found in %d of 100 experiments; %d intervals without it", c.mean, found, missed)
		}
	}
}

// TestInterval compares the boundaries, which bisection finds, with a grid.
func TestInterval(t *testing.T) {
	s, err := NewSequence(0, 2, 1, 0.9)
	if err != nil {
		t.Fatal(err)
	}
	if i := s.Interval(); i.Low != 0 || i.High != 2 || i.Samples != 0 || s.P() != 1 {
		t.Errorf("before the first value: %+v, P %v", i, s.P())
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		if err := s.Add(2 * r.Float64() * r.Float64()); err != nil {
			t.Fatal(err)
		}
	}
	i := s.Interval()
	for k := range 2001 {
		m := float64(k) / 2000
		up, down := won(s.above, m), won(s.below, 1-m)
		if inside := up < 20 && down < 20; inside != (2*m > i.Low && 2*m < i.High) {
			t.Fatalf("a mean of %v: won %v and %v, interval %+v", 2*m, up, down, i)
		}
	}
	if i.High < 1 && s.P() > 0.1 {
		t.Errorf("the interval %+v leaves out 1, with P = %v", i, s.P())
	}
}

func TestAssign(t *testing.T) {
	weights := []float64{2, 0, 1}
	counts, both := make([]int, 3), 0
	for i := range 30000 {
		id := "customer-" + strconv.Itoa(i)
		a, err := Assign(id, "spring", weights)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := Assign(id, "autumn", weights)
		counts[a]++
		if a == 2 && b == 2 {
			both++
		}
	}
	p, err := SampleRatio(counts, weights)
	if err != nil || p < 0.01 || counts[1] != 0 {
		t.Errorf("counts %v for weights %v: p = %v, %v", counts, weights, p, err)
	}
	if both < 3333-163 || both > 3333+163 { // three standard deviations of 1/9 of 30000
		t.Errorf("%d ids are of the last variant in both experiments, want 3333 if the two are independent", both)
	}
	// The assignment may never change: these are of its first version.
	got := ""
	for i := range 12 {
		v, _ := Assign(fmt.Sprint(i), "s", []float64{1, 1})
		got += strconv.Itoa(v)
	}
	if want := "101000101101"; got != want {
		t.Errorf("ids 0 to 11 are of variants %s, want %s", got, want)
	}
	// More weight for a variant takes nobody from it.
	for i := range 1000 {
		a, _ := Assign(fmt.Sprint(i), "s", []float64{3, 1})
		b, _ := Assign(fmt.Sprint(i), "s", []float64{1, 1})
		if a == 1 && b == 0 {
			t.Fatalf("id %d left the variant that grew", i)
		}
	}
}

func TestSampleRatio(t *testing.T) {
	for _, c := range []struct {
		counts []int
		low    bool
	}{{[]int{500, 520}, false}, {[]int{5000, 5600}, true}, {[]int{0, 0}, false}, {[]int{3, 0}, false}} {
		p, err := SampleRatio(c.counts, []float64{1, 1})
		if err != nil || c.low != (p < 0.001) {
			t.Errorf("%v: p = %v, %v", c.counts, p, err)
		}
	}
	// One call of two variants is no evidence: the mean likelihood is ½ as well.
	if p, _ := SampleRatio([]int{1, 0}, []float64{1, 1}); math.Abs(p-1) > 1e-12 {
		t.Errorf("p = %v, want 1", p)
	}
	if p, _ := SampleRatio([]int{5, 1}, []float64{1, 0}); p != 0 {
		t.Errorf("a call of a variant of weight 0: p = %v, want 0", p)
	}
}

func TestBad(t *testing.T) {
	nan := math.NaN()
	s, _ := NewSequence(0, 1, 0.5, 0)
	d, _ := NewDifference(0.5, 0, 1, 0)
	for name, f := range map[string]func() error{
		"bounds":  func() error { _, err := NewSequence(1, 1, 1, 0); return err },
		"mean":    func() error { _, err := NewSequence(0, 1, 2, 0); return err },
		"level":   func() error { _, err := NewSequence(0, 1, 0, 1); return err },
		"share":   func() error { _, err := NewDifference(1, 0, 1, 0); return err },
		"range":   func() error { _, err := NewDifference(0.5, 0, nan, 0); return err },
		"value":   func() error { return s.Add(nan) },
		"above":   func() error { return s.Add(1.1) },
		"variant": func() error { return d.Add(2, 1) },
		"outcome": func() error { return d.Add(1, nan) },
		"weights": func() error { _, err := Assign("a", "", []float64{0, 0}); return err },
		"weight":  func() error { _, err := Assign("a", "", []float64{-1, 2}); return err },
		"counts":  func() error { _, err := SampleRatio([]int{1}, []float64{1, 1}); return err },
		"count":   func() error { _, err := SampleRatio([]int{1, -1}, []float64{1, 1}); return err },
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if s.P() != 1 || d.P() != 1 || s.Interval().Samples+d.Interval().Samples != 0 {
		t.Error("what was refused has changed the test")
	}
}
