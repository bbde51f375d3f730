package study

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/org/salesconv/classify/evaluate"
)

// A Method of predicting, judged on calls that it was not trained on.
type Method struct {
	Name string `json:"name"`
	// AUC is the ROC AUC with its 95% interval, by bootstrap over groups of calls; nil where there is one group.
	AUC    *evaluate.Interval `json:"roc_auc_interval"`
	Groups int                `json:"groups"` // that the interval and comparisons rest on
	evaluate.Metrics
	Lift        []evaluate.LiftPoint      `json:"lift"`
	Calibration []evaluate.CalibrationBin `json:"calibration"`
	// CalibrationError is the expected one: the mean distance between predicted and observed frequencies.
	CalibrationError float64 `json:"calibration_error"`

	out *evaluate.OutOfFold
}

// Judge scores a method by its predictions.
func Judge(ctx context.Context, name string, out *evaluate.OutOfFold, resample *evaluate.ResampleOptions) (m Method, err error) {
	m = Method{Name: name, out: out, Groups: CountGroups(resample.Groups, len(out.P))}
	if m.Metrics, err = evaluate.Evaluate(out.P, out.Y); err != nil {
		return m, err
	}
	if m.Groups > 1 {
		auc, err := evaluate.Bootstrap(ctx, out.P, out.Y, resample)
		if err != nil {
			return m, err
		}
		m.AUC = &auc
	}
	if m.Lift, err = evaluate.Lift(out.P, out.Y, min(20, len(out.P))); err != nil {
		return m, err
	}
	m.Calibration, m.CalibrationError, err = evaluate.CalibrationTable(out.P, out.Y, min(6, len(out.P)))
	return m, err
}

// CountGroups is the number of groups of n calls. A call without one is a group of its own.
func CountGroups(groups []string, n int) int {
	if groups == nil {
		return n
	}
	named, alone := map[string]bool{}, 0
	for _, g := range groups {
		if g == "" {
			alone++
		} else {
			named[g] = true
		}
	}
	return alone + len(named)
}

// enoughGroups are as many as it takes for a bootstrap over them to be about right (Cameron and Miller 2015 hold 20 to be few).
const enoughGroups = 10

// Intervals describes what intervals are based on, and warns if that is too little; of names the groups, such as
// "agents".
func (m *Method) Intervals(of string) string {
	switch {
	case m.Groups == 1:
		return fmt.Sprintf("There are no intervals and no tests, as all calls are of one group (%s): they do not show how other groups would do.", of)
	case m.Groups < enoughGroups:
		return fmt.Sprintf("Intervals are 95%%, by bootstrap over %d %s. These are too few to rely on intervals and tests: take %d or more.", m.Groups, of, enoughGroups)
	}
	return fmt.Sprintf("Intervals are 95%%, by bootstrap over %d %s.", m.Groups, of)
}

// Rare reports whether few calls are won, so that PR AUC and lift are more informative than ROC AUC, which then
// hardly reacts to false positives.
func (m *Method) Rare() bool {
	won := m.Confusion.TruePositive + m.Confusion.FalseNegative
	return 5*won < m.Rows
}

// Top is the lift of the best-scored tenth of the calls.
func (m *Method) Top() evaluate.LiftPoint { return m.Lift[max(1, len(m.Lift)/10)-1] }

// A Verdict is a paired comparison of two methods.
type Verdict struct {
	A    string `json:"from"`
	B    string `json:"to"`
	Text string `json:"verdict"` // a sentence
	*evaluate.Comparison
}

// Verdicts compares pairs of methods by their names. A pair of which one is not among the methods is left out; where all
// calls are of one group, all are.
func Verdicts(ctx context.Context, methods []Method, pairs [][2]string, resample *evaluate.ResampleOptions) ([]Verdict, error) {
	outs := map[string]*evaluate.OutOfFold{}
	for _, m := range methods {
		if m.Groups > 1 {
			outs[m.Name] = m.out
		}
	}
	var all []Verdict
	for _, pair := range pairs {
		a, b := outs[pair[0]], outs[pair[1]]
		if a == nil || b == nil {
			continue
		}
		c, err := evaluate.Compare(ctx, a, b, resample)
		if err != nil {
			return nil, err
		}
		all = append(all, Verdict{pair[0], pair[1], sentence(c.Verdict(pair[0], pair[1])), c})
	}
	return all, nil
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return strings.TrimSuffix(string(unicode.ToUpper(first))+s[size:], ".") + "."
}
