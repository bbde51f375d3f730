package conversion

import (
	"fmt"
	"math"
	"slices"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/classify/internal/sample"
	"gonum.org/v1/gonum/stat"
)

// DuringCall describes the model of calls in progress, which [Live] and [PredictOptions].ByTurn use, and evaluates
// it.
//
// The model is a stack with two heads for each block that needs no fine-tuning: one trained on beginnings of the training
// calls (a quarter, half and three quarters of the turns, each call with a total weight of 1), and one trained on whole
// calls. Its weights are fitted to out-of-fold margins of these beginnings. The log-odds are then shrunk towards the
// log-odds of the share of training calls won, by how much depends on the number of turns heard: see [Stage].
type DuringCall struct {
	Stages    []Stage        `json:"stages"` // in order, the first from turn 1 on
	Alarm     Alarm          `json:"alarm"`
	OutOfFold DuringFigures  `json:"out_of_fold"`        // of the training calls, by heads that were not trained on them
	HeldOut   *DuringFigures `json:"held_out,omitempty"` // of Options.HeldOut, if any
}

// A Stage is a range of the number of turns heard. The log-odds of a call in progress are base + Slope·(stack - base), where
// stack is the log-odds by the stack and base the log-odds of the share of training calls won. Slope minimises the upper end
// (one standard error above the mean) of the out-of-fold log loss; it is 0 where nothing can be predicted yet. Early slopes are
// reduced further if the log loss after a quarter of the turns would otherwise exceed the log loss of base.
type Stage struct {
	From  int     `json:"from"` // turns heard; the stage ends where the next one begins
	Slope float64 `json:"slope"`
}

// Alarm is the rule by which a call in progress is slipping: its probability is below the threshold. At most the share
// FalseAlarms of the calls that will be won is expected to be slipping after any of its turns: the threshold is an order
// statistic of the lowest out-of-fold probability of each won training call (conformal prediction, Vovk et al. 2005).
type Alarm struct {
	FalseAlarms float64 `json:"false_alarms"` // the stated share: 0.1
	Threshold   float64 `json:"threshold"`    // 0, no alarm, where too few calls were won
}

// falseAlarms is the stated share of won calls that are ever called slipping.
const falseAlarms = 0.1

// DuringFigures evaluate the predictions of calls in progress.
type DuringFigures struct {
	Points []PointFigures `json:"points"` // after 25, 50, 75 and 100% of the turns
	Alarm  AlarmFigures   `json:"alarm"`
}

// PointFigures evaluate the predictions after a share of the turns of each call. After all turns the call is over and predicted
// as a whole. WholeROCAUC and WholeLogLoss are of the model of whole calls, as if the calls had ended there; out of fold, that
// is the stack of generic heads.
type PointFigures struct {
	Share        float64 `json:"share"`
	ROCAUC       float64 `json:"roc_auc"`
	LogLoss      float64 `json:"log_loss"`
	WholeROCAUC  float64 `json:"whole_roc_auc"`
	WholeLogLoss float64 `json:"whole_log_loss"`
	BaseLogLoss  float64 `json:"base_log_loss"` // of the share of training calls that were won
}

// AlarmFigures count the calls that were slipping after any turn.
type AlarmFigures struct {
	Won         int `json:"won"`
	FalseAlarms int `json:"false_alarms"` // of the won calls
	Lost        int `json:"lost"`
	Alarms      int `json:"alarms"` // of the lost calls
	// Lead is the median number of turns after the alarm, over the lost calls with an alarm, and LeadShare the median of these as
	// a share of all turns; 0 without such calls.
	Lead      float64 `json:"lead"`
	LeadShare float64 `json:"lead_share"`
}

// shares of a call's turns after which calls in progress are judged, the last being the end.
var quarters = [...]float64{0.25, 0.5, 0.75, 1}

// turnsAt is the number of turns after a share of them: rounded up.
func turnsAt(share float64, turns int) int { return int(math.Ceil(share * float64(turns))) }

// duringCall is the log-odds of a call in progress, given the log-odds by the stack.
func (i *Info) duringCall(z float64, turns int) float64 {
	return i.towards(i.DuringCall.Stages[i.DuringCall.stage(turns)].Slope, z)
}

// towards shrinks log-odds towards the log-odds of the share of training calls won: all the way with a slope of 0.
func (i *Info) towards(slope, z float64) float64 {
	prior := i.prior()
	return prior + slope*(z-prior)
}

// excess is how much larger the log loss of a call is with a slope than with the share of training calls that were won.
func (i *Info) excess(slope, z float64, label int) float64 {
	return sample.LogLoss(classify.Sigmoid(i.towards(slope, z)), label) - sample.LogLoss(classify.Sigmoid(i.prior()), label)
}

// stage is the index of the stage of a number of turns.
func (d *DuringCall) stage(turns int) int {
	k := len(d.Stages) - 1
	for k > 0 && turns < d.Stages[k].From {
		k--
	}
	return k
}

// validate returns an error unless the numbers are ones that a fit gives.
func (d *DuringCall) validate() error {
	for k, s := range d.Stages {
		if !(s.Slope >= 0 && s.Slope <= steepest) || k == 0 && s.From != 1 || k > 0 && s.From <= d.Stages[k-1].From {
			return fmt.Errorf("during_call: stage %d from turn %d with slope %v, want ascending turns from 1 on and slopes from 0 to %v", k+1, s.From, s.Slope, steepest)
		}
	}
	if len(d.Stages) == 0 || !(d.Alarm.Threshold >= 0 && d.Alarm.Threshold <= 1) {
		return fmt.Errorf("during_call: %d stages, alarm below %v, want some stages and a probability", len(d.Stages), d.Alarm.Threshold)
	}
	return nil
}

// A course is what was predicted of a call: after each turn, and at the four points by the model of whole calls.
type course struct {
	byTurn []float64 // the last by the model of whole calls
	during []float64 // as byTurn, but the last as of a call in progress
	whole  [len(quarters)]float64
}

// judgeCourses makes figures of the courses of calls.
func (i *Info) judgeCourses(all []course, labels []int) (f DuringFigures) {
	base := slices.Repeat([]float64{classify.Sigmoid(i.prior())}, len(all))
	for k, share := range quarters {
		during, whole := make([]float64, len(all)), make([]float64, len(all))
		for c := range all {
			during[c], whole[c] = all[c].byTurn[turnsAt(share, len(all[c].byTurn))-1], all[c].whole[k]
		}
		f.Points = append(f.Points, PointFigures{
			share, evaluate.ROCAUC(during, labels), evaluate.LogLoss(during, labels),
			evaluate.ROCAUC(whole, labels), evaluate.LogLoss(whole, labels), evaluate.LogLoss(base, labels),
		})
	}
	var lead, leadShare []float64
	for c, label := range labels {
		at := slices.IndexFunc(all[c].during, func(p float64) bool { return p < i.DuringCall.Alarm.Threshold })
		turns := len(all[c].during)
		switch {
		case label == 1:
			f.Alarm.Won++
			if at >= 0 {
				f.Alarm.FalseAlarms++
			}
		default:
			f.Alarm.Lost++
			if at >= 0 {
				f.Alarm.Alarms++
				lead, leadShare = append(lead, float64(turns-at-1)), append(leadShare, float64(turns-at-1)/float64(turns))
			}
		}
	}
	if f.Alarm.Alarms > 0 {
		f.Alarm.Lead, f.Alarm.LeadShare = quantile(lead, 0.5), quantile(leadShare, 0.5)
	}
	return f
}

// alarm chooses the threshold by the lowest probabilities of the won calls: the k-th lowest of n, where another won call
// that the same heads predict is below it with a probability of at most k/(n+1). The probabilities are out of fold and the heads
// of the predictor were trained on more calls, so that the rate may be twice that in the worst case (Barber et al.,
// "Predictive inference with the jackknife+", 2021), and half of the stated share is aimed at.
func alarm(all []course, labels []int) Alarm {
	var lowest []float64
	for c, label := range labels {
		if label == 1 {
			lowest = append(lowest, slices.Min(all[c].during))
		}
	}
	slices.Sort(lowest)
	a := Alarm{FalseAlarms: falseAlarms}
	if k := int(falseAlarms / 2 * float64(len(lowest)+1)); k > 0 {
		a.Threshold = lowest[k-1]
	}
	return a
}

const (
	stages   = 3   // ranges of the number of turns, each with as many beginnings of the training calls
	steepest = 1.5 // slope that is tried
	slopes   = 15  // that are tried above 0
)

// calibrate finds the stages by the out-of-fold log-odds of beginnings of some turns.
func (i *Info) calibrate(z []float64, turns, labels []int, groups []string) []Stage {
	sorted := slices.Sorted(slices.Values(turns))
	all := []Stage{{From: 1}}
	for k := 1; k < stages; k++ {
		if from := sorted[k*len(sorted)/stages] + 1; from > all[len(all)-1].From && from <= sorted[len(sorted)-1] {
			all = append(all, Stage{From: from})
		}
	}
	for k := range all {
		var in []int
		for r, n := range turns {
			if n >= all[k].From && (k+1 == len(all) || n < all[k+1].From) {
				in = append(in, r)
			}
		}
		all[k].Slope = i.bestSlope(sample.Pick(z, in), sample.Pick(labels, in), sample.Pick(groups, in))
	}
	return all
}

// bestSlope is the slope whose log loss is lowest, one standard error over groups added.
func (i *Info) bestSlope(z []float64, labels []int, groups []string) (best float64) {
	members := sample.Groups(len(z), groups)
	if len(members) < 2 {
		return 0
	}
	lowest := 0.0
	for step := 1; step <= slopes; step++ {
		slope := steepest * float64(step) / slopes
		worse := make([]float64, len(members)) // than the share of calls that were won
		for g, rows := range members {
			for _, r := range rows {
				worse[g] += i.excess(slope, z[r], labels[r])
			}
		}
		mean, deviation := stat.MeanStdDev(worse, nil)
		if upper := mean + deviation/math.Sqrt(float64(len(members))); upper < lowest {
			best, lowest = slope, upper
		}
	}
	return best
}

// soften makes slopes smaller until, after each quarter of the turns, the log loss of the beginnings is no worse than the log loss
// of the share of calls that were won: always the slope of the first stage that has one and beginnings of a quarter which is
// worse, as least is known there. Row 4c+k is of call c at quarter k.
func (i *Info) soften(all []Stage, z []float64, turns, labels []int) []Stage {
	softer := DuringCall{Stages: slices.Clone(all)}
	for {
		k := i.tooSteep(&softer, z, turns, labels)
		if k < 0 {
			return softer.Stages
		}
		slope := softer.Stages[k].Slope - all[k].Slope/10
		if slope < all[k].Slope/20 {
			slope = 0
		}
		softer.Stages[k].Slope = slope
	}
}

// tooSteep returns the first stage with a slope among the beginnings of a quarter whose log loss is worse than the log loss of the
// share of calls that were won, or -1.
func (i *Info) tooSteep(d *DuringCall, z []float64, turns, labels []int) int {
	for quarter := range len(quarters) - 1 {
		worse, first := 0.0, -1
		for r := quarter; r < len(z); r += len(quarters) {
			k := d.stage(turns[r])
			if slope := d.Stages[k].Slope; slope > 0 {
				worse += i.excess(slope, z[r], labels[r])
				if first < 0 || k < first {
					first = k
				}
			}
		}
		if worse > 0 {
			return first
		}
	}
	return -1
}
