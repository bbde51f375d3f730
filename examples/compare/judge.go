package main

import (
	"cmp"
	"context"
	"math"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/shap"
	"github.com/org/salesconv/transcript"
)

// results is everything that is printed, drawn and written.
type results struct {
	Options   options         `json:"options"`
	Source    string          `json:"source"`
	Synthetic bool            `json:"synthetic"`
	Calls     int             `json:"calls"`
	Won       int             `json:"won"`
	Tested    int             `json:"tested"` // calls that some fold predicts
	Methods   []study.Method  `json:"methods"`
	Verdicts  []study.Verdict `json:"verdicts"`
	Uses      []use           `json:"uses"` // of the predictor
	Profits   []profits       `json:"profits"`
	Learning  []learning      `json:"learning"`
	Leak      *evaluate.Leak  `json:"metadata_alone,omitempty"`

	talk *shap.Explanations // of calls by talk and metadata, in points
	kind string             // of the calls
	unit string             // that folds keep together
}

// use is what comes of calling those customers whose score reaches a threshold.
type use struct {
	Name      string  `json:"name"`
	Called    int     `json:"called"`
	Won       int     `json:"won"`       // of these
	Precision float64 `json:"precision"` // Won over Called
	Recall    float64 `json:"recall"`    // Won over all calls won
	Profit    float64 `json:"profit"`    // in costs of a call
}

// profits are what calling the best-scored calls first earns.
type profits struct {
	Name  string                 `json:"name"`
	Curve []evaluate.ProfitPoint `json:"curve"`
	Best  evaluate.ProfitPoint   `json:"best"`
}

// learning is how a method gets better with more training calls.
type learning struct {
	Name  string                        `json:"name"`
	Curve []evaluate.LearningCurvePoint `json:"curve"`
}

// drawn are the methods in the charts of profit and learning.
var drawn = []string{words, frozen, stack}

// judge measures each method and compares pairs of them.
func (s *trial) judge(ctx context.Context, r *results) error {
	resample := &evaluate.ResampleOptions{Seed: s.Seed}
	for _, m := range s.candidates() {
		out, err := s.predict(ctx, m)
		if err != nil {
			return err
		}
		r.Tested, resample.Groups = len(out.Row), study.Pick(s.Groups, out.Row)
		judged, err := study.Judge(ctx, m.name, out, resample)
		if err != nil {
			return err
		}
		r.Methods = append(r.Methods, judged)
		s.env.Notef("%s: ROC AUC %.3f", m.name, judged.ROCAUC)
		if m.name == s.options.predictor() {
			if r.Uses, err = s.uses(out); err != nil {
				return err
			}
		}
		if err := s.draw(ctx, r, m, out); err != nil {
			return err
		}
	}
	var err error
	if r.Verdicts, err = study.Verdicts(ctx, r.Methods, pairs, resample); err != nil {
		return err
	}
	if r.talk, err = s.explainTalk(ctx); err != nil {
		return err
	}
	r.Leak, err = s.Leak(ctx, s.folds, s.Seed)
	return err
}

// explainTalk explains calls by a classifier of talk and metadata, in points of probability of the average call: every call,
// or as many of a large set as a chart can show, taken evenly.
func (s *trial) explainTalk(ctx context.Context) (*shap.Explanations, error) {
	const most = 300
	f, err := transcript.FitFeatures(s.Calls)
	if err != nil {
		return nil, err
	}
	x := matrix(f.Rows(s.Calls))
	c, err := logistic(ctx, x, s.Labels, nil)
	if err != nil {
		return nil, err
	}
	var rows []int
	for i := range min(most, len(s.Calls)) {
		rows = append(rows, i*len(s.Calls)/min(most, len(s.Calls)))
	}
	some, err := classify.SelectRows(x, rows)
	if err != nil {
		return nil, err
	}
	e, err := shap.LinearRows(ctx, c.(*classify.Logistic), shap.Mean(x), some)
	if err != nil {
		return nil, err
	}
	average := classify.Sigmoid(e.Base)
	e.Names = f.Names()
	e.Values.Scale(100*average*(1-average), e.Values)
	return e, nil
}

// uses judges calling everyone, and thresholds chosen for F1, for profit and for a fifth of the calls.
func (s *trial) uses(out *evaluate.OutOfFold) ([]use, error) {
	value := s.value(out.Y)
	var all []use
	for _, u := range []struct {
		name   string
		choose func(p []float64, y []int) (float64, error)
	}{
		{"everyone", func([]float64, []int) (float64, error) { return 0, nil }},
		{"chosen for few misses and few false alarms (F1)", evaluate.ThresholdBestF1},
		{"chosen for profit", func(p []float64, y []int) (float64, error) { return evaluate.ThresholdLowestCost(p, y, 1, value-1) }},
		{"chosen for a fifth of the calls", func(p []float64, _ []int) (float64, error) { return evaluate.ThresholdCapacity(p, len(p)/5) }},
	} {
		called, err := out.Decide(u.choose)
		if err != nil {
			return nil, err
		}
		all = append(all, outcome(u.name, called, out.Y, value))
	}
	return all, nil
}

func outcome(name string, called []bool, y []int, value float64) use {
	u, won := use{Name: name}, 0
	for i, label := range y {
		won += label
		if called[i] {
			u.Called++
			u.Won += label
		}
	}
	u.Precision = float64(u.Won) / float64(max(1, u.Called))
	u.Recall = float64(u.Won) / float64(won)
	u.Profit = value*float64(u.Won) - float64(u.Called)
	return u
}

// value is what a won call is worth, in costs of a call. By default calling everyone just breaks even, so that all
// profit is due to the scores.
func (s *trial) value(y []int) float64 {
	won := 0
	for _, label := range y {
		won += label
	}
	return cmp.Or(s.Value, float64(len(y))/float64(won))
}

// draw computes the curves of the methods that are drawn.
func (s *trial) draw(ctx context.Context, r *results, m candidate, out *evaluate.OutOfFold) error {
	for _, name := range drawn {
		if name != m.name {
			continue
		}
		curve, best, err := evaluate.Profit(out.P, out.Y, s.value(out.Y), 1)
		if err != nil {
			return err
		}
		r.Profits = append(r.Profits, profits{m.name, curve, best})
		points, err := s.learn(ctx, m)
		if err != nil {
			return err
		}
		r.Learning = append(r.Learning, learning{m.name, points})
	}
	return nil
}

// learn scores a method trained on an eighth, a quarter, half and all of the training calls.
func (s *trial) learn(ctx context.Context, m candidate) ([]evaluate.LearningCurvePoint, error) {
	least := len(s.Calls)
	for _, f := range s.folds {
		least = min(least, len(f.Train))
	}
	rare := float64(min(s.Won(), len(s.Calls)-s.Won())) / float64(len(s.Calls))
	var sizes []int
	for _, part := range []int{8, 4, 2, 1} {
		if size := least / part; size >= fewest && (part == 1 || certain(size, rare)) {
			sizes = append(sizes, size)
		}
	}
	fits := 0
	return evaluate.LearningCurve(ctx, s.Labels, s.folds, sizes, func(ctx context.Context, train, test []int) ([]float64, error) {
		s.stage(m.name+", learning curve")(fits, len(sizes)*len(s.folds))
		fits++
		return m.refit(ctx, train, test)
	}, &evaluate.ResampleOptions{Groups: s.Groups, Seed: s.Seed})
}

// certain reports whether calls drawn at random, of which a share has the rarer label, will have enough of it for the inner
// folds: where that is 3.5 standard deviations below the mean.
func certain(size int, rare float64) bool {
	mean := float64(size) * rare
	return mean-3.5*math.Sqrt(mean*(1-rare)) >= conversion.InnerFolds
}

// fewest is the size of the smallest training set of a learning curve.
const fewest = 20
