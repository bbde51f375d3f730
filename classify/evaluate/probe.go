package evaluate

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/org/salesconv/classify/internal/sample"
)

// A LearningCurvePoint is the score reached by training on some of the rows.
type LearningCurvePoint struct {
	Rows  int      `json:"rows"` // trained on, the mean over the folds
	Score Interval `json:"score"`
}

// LearningCurve shows what more data would bring: for each size it trains on that many rows of each fold and scores the
// out-of-fold predictions. Rows are taken in whole groups, and a larger size contains the groups of a smaller one. A
// size larger than the smallest fold means all its rows.
func LearningCurve(ctx context.Context, y []int, folds []Fold, sizes []int, refit Refit, opts *ResampleOptions) ([]LearningCurvePoint, error) {
	o, err := opts.withDefaults(len(y))
	if err != nil {
		return nil, err
	}
	if err := checkRows(folds, len(y)); err != nil {
		return nil, err
	}
	curve := make([]LearningCurvePoint, len(sizes))
	for k, size := range sizes {
		some, total := make([]Fold, len(folds)), 0
		for f, fold := range folds {
			some[f] = Fold{Train: someRows(fold.Train, o.Groups, size, o.Seed), Test: fold.Test}
			total += len(some[f].Train)
		}
		if _, err := checkFolds(some, y); err != nil {
			return nil, fmt.Errorf("%w (learning curve at %d rows)", err, size)
		}
		score, err := o.crossValidated(ctx, y, some, refit)
		if err != nil {
			return nil, err
		}
		curve[k] = LearningCurvePoint{total / len(folds), score}
	}
	return curve, nil
}

// crossValidated is the score of the out-of-fold predictions and its interval.
func (o *ResampleOptions) crossValidated(ctx context.Context, y []int, folds []Fold, refit Refit) (Interval, error) {
	out, err := CrossValidate(ctx, y, folds, refit)
	if err != nil {
		return Interval{}, err
	}
	v := *o
	v.Groups = sample.Pick(o.Groups, out.Row)
	return Bootstrap(ctx, out.P, out.Y, &v)
}

// someRows draws whole groups until there are at least size rows, or all.
func someRows(rows []int, groups []string, size int, seed uint64) []int {
	members := sample.Groups(len(rows), sample.Pick(groups, rows))
	r := rand.New(rand.NewPCG(seed, 0x6375727665))
	r.Shuffle(len(members), func(a, b int) { members[a], members[b] = members[b], members[a] })
	var some []int
	for _, m := range members {
		if len(some) >= size {
			break
		}
		some = append(some, sample.Pick(rows, m)...)
	}
	slices.Sort(some)
	return some
}

// A Leak measures how well columns predict the label that should not: metadata that the label may have leaked into.
type Leak struct {
	AUC     Interval     `json:"auc"`     // of all columns together, out of fold
	Columns []ColumnLeak `json:"columns"` // the most predictive first
	Warning string       `json:"warning"` // empty where there is nothing to warn of
}

// A ColumnLeak is the ROC AUC of one column by itself, or of its negative where that is higher.
type ColumnLeak struct {
	Name string  `json:"name"`
	AUC  float64 `json:"auc"`
}

// LeakProbe measures how well metadata alone predict the label, and warns if that is better than chance: the source,
// the date or the agent may then reveal the label, and a good score on the calls may depend on them too. columns[j][i]
// is the value of the column names[j] in row i of the data; refit fits a simple model, such as a standardized logistic
// regression, to these columns in the training rows.
func LeakProbe(ctx context.Context, names []string, columns [][]float64, y []int, folds []Fold, refit Refit, opts *ResampleOptions) (*Leak, error) {
	if err := checkLabels(len(y), y); err != nil {
		return nil, err
	}
	if len(names) != len(columns) || len(columns) == 0 {
		return nil, fmt.Errorf("evaluate: leak probe: %d names for %d columns, want the same number of each, 1 or more", len(names), len(columns))
	}
	o, err := opts.withDefaults(len(y))
	if err != nil {
		return nil, err
	}
	o.Score = ROCAUC
	leak := new(Leak)
	for j, name := range names {
		if !scorable(columns[j], y, true) {
			return nil, fmt.Errorf("evaluate: leak probe: column %q: %d values for %d rows, want a number in each", name, len(columns[j]), len(y))
		}
		auc := ROCAUC(columns[j], y)
		leak.Columns = append(leak.Columns, ColumnLeak{name, max(auc, 1-auc)})
	}
	slices.SortStableFunc(leak.Columns, func(a, b ColumnLeak) int { return cmp.Compare(b.AUC, a.AUC) })
	if leak.AUC, err = o.crossValidated(ctx, y, folds, refit); err != nil {
		return nil, err
	}
	leak.Warning = leak.warning()
	return leak, nil
}

func (l *Leak) warning() string {
	top := l.Columns[0]
	switch {
	case top.AUC >= 0.95:
		return fmt.Sprintf("column %q alone almost determines the label (AUC %.3f): leave it out", top.Name, top.AUC)
	case l.AUC.Low > 0.5:
		return fmt.Sprintf("metadata alone predict the label: AUC %v, most of all %q (%.3f): check that they are known before the outcome, and test on other sources or dates",
			l.AUC, top.Name, top.AUC)
	}
	return ""
}
