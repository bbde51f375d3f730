package conversion

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/transcript"
)

// On generated calls of several kinds, the log loss of calls in progress is never above the log loss of the share of calls won. Where the
// outcome shows near the beginning, calls are ranked better there than by the model of whole calls; where it shows nowhere,
// every beginning has the same probability and there is no alarm.
func TestDuringCallOfKinds(t *testing.T) {
	if testing.Short() {
		t.Skip("trains on hundreds of calls")
	}
	for _, kind := range []transcript.SignalKind{transcript.ByFirst, transcript.ByLast, transcript.ByDrivers, transcript.ByNothing} {
		s, err := transcript.Generate(500, &transcript.GenerateOptions{Kind: kind, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		groups := make([]string, 300) // each call for itself
		p, _, err := Fit(t.Context(), s.Calls[:300], &Options{Model: tiny, Frozen: true, Groups: groups, HeldOut: s.Calls[300:]})
		if err != nil {
			t.Fatal(err)
		}
		d := p.info.DuringCall
		for k, f := range d.OutOfFold.Points[:3] {
			if f.LogLoss > f.BaseLogLoss+1e-3 {
				t.Errorf("%s: out of fold %+v", kind, f)
			}
			if held := d.HeldOut.Points[k]; held.LogLoss > held.BaseLogLoss+0.01 || k == 0 && held.LogLoss > held.WholeLogLoss {
				t.Errorf("%s: held out %+v", kind, held)
			}
		}
		a := d.HeldOut.Alarm
		if share := float64(a.FalseAlarms) / float64(a.Won); share > falseAlarms+3*math.Sqrt(falseAlarms*(1-falseAlarms)/float64(a.Won)) {
			t.Errorf("%s: %+v: false alarms %.3f, want about %v at most", kind, a, share, falseAlarms)
		}
		switch first := d.HeldOut.Points[0]; {
		case kind == transcript.ByFirst && !(first.ROCAUC > first.WholeROCAUC+0.03 && a.Alarms > 2*a.FalseAlarms && a.Lead > 3):
			t.Errorf("%s: %+v, %+v", kind, first, a)
		case kind == transcript.ByNothing && (d.Stages[d.stage(5)].Slope != 0 || a.Alarms > 0):
			t.Errorf("%s: stages %v, %+v", kind, d.Stages, a)
		}
	}
}

// Log-odds that are too large by a factor get its inverse as the slope, and those that mean nothing get 0, by the number of turns.
func TestCalibrateByTurns(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	i := &Info{Data: Data{Calls: 10, Won: 3}}
	var z []float64
	var turns, labels []int
	var groups []string
	for c := range 6000 {
		n := 1 + c%9
		truth, label := i.prior()+2*r.NormFloat64(), 0
		if r.Float64() < classify.Sigmoid(truth) {
			label = 1
		}
		said := i.prior() + 2*(truth-i.prior())
		if n <= 3 {
			said = 4 * r.NormFloat64()
		}
		z, turns, labels, groups = append(z, said), append(turns, n), append(labels, label), append(groups, strconv.Itoa(c))
	}
	all := i.calibrate(z, turns, labels, groups)
	want := []Stage{{1, 0}, {4, 0.5}, {7, 0.5}}
	for k, s := range all {
		if len(all) != 3 || s.From != want[k].From || math.Abs(s.Slope-want[k].Slope) > 0.101 {
			t.Errorf("stages %v, want about %v", all, want)
			break
		}
	}
	if got := i.calibrate(z[:30], slices.Repeat([]int{4}, 30), labels[:30], groups[:30]); len(got) != 1 || got[0].From != 1 {
		t.Errorf("calls of one length: stages %v", got)
	}
}

// The slope of early turns that would make the first quarter worse than the share of calls won is made smaller, to 0 if need be;
// late turns keep theirs.
func TestSoften(t *testing.T) {
	i := &Info{Data: Data{Calls: 2, Won: 1}}
	labels := []int{1, 1, 1, 1, 0, 0, 0, 0}
	turns := []int{1, 2, 3, 4, 1, 2, 3, 4}
	stages := []Stage{{1, 1}, {3, 1}}
	for _, c := range []struct {
		z    []float64
		want []Stage
	}{
		{[]float64{0, 1, 1, 1, 0, -1, -1, -1}, stages},
		{[]float64{1, 1, 1, 1, 1, -1, -1, -1}, []Stage{{1, 0}, {3, 1}}},
		{[]float64{1, 1, 1, 1, 0.9, -1, -1, -1}, []Stage{{1, 0.2}, {3, 1}}},
		{[]float64{1, 1, 1, 1, 1, -1, 1, -1}, []Stage{{1, 0}, {3, 0}}},
	} {
		got := i.soften(stages, c.z, turns, labels)
		same := slices.EqualFunc(got, c.want, func(a, b Stage) bool { return a.From == b.From && math.Abs(a.Slope-b.Slope) < 1e-9 })
		if !same {
			t.Errorf("%v: %v, want %v", c.z, got, c.want)
		}
	}
}

// Of won calls like those that the threshold was chosen on, at most half of the stated share is called slipping, and nearly
// that.
func TestAlarmRate(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	lowest := func() course {
		p := 1.0
		c := course{}
		for range 8 {
			p = min(p, r.Float64())
			c.during = append(c.during, p)
		}
		return c
	}
	for _, n := range []int{18, 19, 40, 137} {
		below, of := 0, 0
		for range 4000 {
			all, labels := make([]course, n+1), slices.Repeat([]int{1}, n+1)
			for k := range all {
				all[k] = lowest()
			}
			labels[n] = 0
			a := alarm(all, labels)
			of++
			if slices.Min(lowest().during) < a.Threshold {
				below++
			}
		}
		rate := float64(below) / float64(of)
		want := math.Floor(falseAlarms/2*float64(n+1)) / float64(n+1)
		if math.Abs(rate-want) > 4*math.Sqrt(0.05*0.95/float64(of)) || want > falseAlarms/2 {
			t.Errorf("%d won calls: %v of others are called slipping, want %v", n, rate, want)
		}
	}
}

// Figures count calls and turns as they are.
func TestJudgeCourses(t *testing.T) {
	i := &Info{Data: Data{Calls: 2, Won: 1}, DuringCall: &DuringCall{Alarm: Alarm{Threshold: 0.3}}}
	all := make([]course, 4)
	for c, p := range [][]float64{{0.5, 0.6, 0.7, 0.8}, {0.5, 0.2, 0.5, 0.9}, {0.5, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1}, {0.6, 0.5, 0.4, 0.31}} {
		for _, v := range p {
			all[c].add(v, v/2, len(p))
		}
	}
	labels := []int{1, 1, 0, 0}
	f := i.judgeCourses(all, labels)
	if want := (AlarmFigures{Won: 2, FalseAlarms: 1, Lost: 2, Alarms: 1, Lead: 6, LeadShare: 0.75}); f.Alarm != want {
		t.Errorf("%+v, want %+v", f.Alarm, want)
	}
	at := func(k int) []float64 {
		return []float64{all[0].byTurn[k], all[1].byTurn[k], all[2].byTurn[2*k+1], all[3].byTurn[k]}
	}
	for k, point := range f.Points {
		p := at(k)
		if point.Share != quarters[k] || point.ROCAUC != evaluate.ROCAUC(p, labels) || point.LogLoss != evaluate.LogLoss(p, labels) || math.Abs(point.BaseLogLoss-math.Ln2) > 1e-12 {
			t.Errorf("after %v of the turns: %+v", quarters[k], point)
		}
	}
	if p := f.Points[3]; p.ROCAUC != p.WholeROCAUC || p.LogLoss != p.WholeLogLoss || all[0].byTurn[3] != 0.4 || all[0].during[3] != 0.8 {
		t.Errorf("after all turns: %+v, %+v", p, all[0])
	}
}
