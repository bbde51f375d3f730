package study

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/org/salesconv/classify"
)

// A Way is a way of predicting, judged on calls that it was not trained on.
type Way struct {
	Name string            `json:"name"`
	AUC  classify.Interval `json:"roc_auc_interval"` // 95%, by bootstrap over agents
	classify.Metrics
	Lift        []classify.LiftPoint      `json:"lift"`
	Calibration []classify.CalibrationBin `json:"calibration"`
	// Off is the expected calibration error: the mean distance between what was foretold and what happened.
	Off float64 `json:"calibration_error"`

	out *classify.OutOfFold
}

// Judge scores a way by its predictions.
func Judge(ctx context.Context, name string, out *classify.OutOfFold, resample *classify.ResampleOptions) (w Way, err error) {
	w = Way{Name: name, out: out}
	if w.Metrics, err = classify.Evaluate(out.P, out.Y); err != nil {
		return w, err
	}
	if w.AUC, err = classify.Bootstrap(ctx, out.P, out.Y, resample); err != nil {
		return w, err
	}
	if w.Lift, err = classify.Lift(out.P, out.Y, min(20, len(out.P))); err != nil {
		return w, err
	}
	w.Calibration, w.Off, err = classify.CalibrationTable(out.P, out.Y, min(6, len(out.P)))
	return w, err
}

// A Verdict is a paired comparison of two ways.
type Verdict struct {
	A    string `json:"from"`
	B    string `json:"to"`
	Text string `json:"verdict"` // a sentence
	*classify.Comparison
}

// Verdicts compares pairs of ways by their names. A pair of which one is not among the ways is left out.
func Verdicts(ctx context.Context, ways []Way, pairs [][2]string, resample *classify.ResampleOptions) ([]Verdict, error) {
	outs := map[string]*classify.OutOfFold{}
	for _, w := range ways {
		outs[w.Name] = w.out
	}
	var all []Verdict
	for _, pair := range pairs {
		a, b := outs[pair[0]], outs[pair[1]]
		if a == nil || b == nil {
			continue
		}
		c, err := classify.Compare(ctx, a, b, resample)
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
