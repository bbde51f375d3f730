package study

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/org/salesconv/classify/evaluate"
)

// A Way is a way of predicting, judged on calls that it was not trained on.
type Way struct {
	Name string            `json:"name"`
	AUC  evaluate.Interval `json:"roc_auc_interval"` // 95%, by bootstrap over agents
	evaluate.Metrics
	Lift        []evaluate.LiftPoint      `json:"lift"`
	Calibration []evaluate.CalibrationBin `json:"calibration"`
	// Off is the expected calibration error: the mean distance between what was foretold and what happened.
	Off float64 `json:"calibration_error"`

	out *evaluate.OutOfFold
}

// Judge scores a way by its predictions.
func Judge(ctx context.Context, name string, out *evaluate.OutOfFold, resample *evaluate.ResampleOptions) (w Way, err error) {
	w = Way{Name: name, out: out}
	if w.Metrics, err = evaluate.Evaluate(out.P, out.Y); err != nil {
		return w, err
	}
	if w.AUC, err = evaluate.Bootstrap(ctx, out.P, out.Y, resample); err != nil {
		return w, err
	}
	if w.Lift, err = evaluate.Lift(out.P, out.Y, min(20, len(out.P))); err != nil {
		return w, err
	}
	w.Calibration, w.Off, err = evaluate.CalibrationTable(out.P, out.Y, min(6, len(out.P)))
	return w, err
}

// A Verdict is a paired comparison of two ways.
type Verdict struct {
	A    string `json:"from"`
	B    string `json:"to"`
	Text string `json:"verdict"` // a sentence
	*evaluate.Comparison
}

// Verdicts compares pairs of ways by their names. A pair of which one is not among the ways is left out.
func Verdicts(ctx context.Context, ways []Way, pairs [][2]string, resample *evaluate.ResampleOptions) ([]Verdict, error) {
	outs := map[string]*evaluate.OutOfFold{}
	for _, w := range ways {
		outs[w.Name] = w.out
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
