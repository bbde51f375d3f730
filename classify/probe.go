package classify

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// A LearningCurvePoint is the score that training on some of the rows reached.
type LearningCurvePoint struct {
	Rows  int      `json:"rows"` // trained on, the mean over the folds
	Score Interval `json:"score"`
}

// LearningCurve shows what more data would bring: for each size it trains on so many rows of each fold (whole groups,
// those of smaller sizes among them) and scores the out-of-fold predictions. Sizes above that of the smallest fold mean
// all its rows.
func LearningCurve(ctx context.Context, y []int, folds []Fold, sizes []int, refit Refit, opts *ResampleOptions) ([]LearningCurvePoint, error) {
	o, err := opts.withDefaults(len(y))
	if err != nil {
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
		out, err := CrossValidate(ctx, y, some, refit)
		if err != nil {
			return nil, err
		}
		v := o
		v.Groups = pick(o.Groups, out.Row)
		score, err := Bootstrap(ctx, out.P, out.Y, &v)
		if err != nil {
			return nil, err
		}
		curve[k] = LearningCurvePoint{total / len(folds), score}
	}
	return curve, nil
}

// someRows draws whole groups until there are at least size rows, or all.
func someRows(rows []int, groups []string, size int, seed uint64) []int {
	members := membersOf(len(rows), pick(groups, rows))
	r := rand.New(rand.NewPCG(seed, 0x6375727665))
	r.Shuffle(len(members), func(a, b int) { members[a], members[b] = members[b], members[a] })
	var some []int
	for _, m := range members {
		if len(some) >= size {
			break
		}
		some = append(some, pick(rows, m)...)
	}
	slices.Sort(some)
	return some
}

// A Leak says how well columns predict that should not: metadata that the label may have leaked into.
type Leak struct {
	AUC     Interval     `json:"auc"`     // of all columns together, out of fold
	Columns []ColumnLeak `json:"columns"` // the most telling first
	Warning string       `json:"warning"` // empty where there is nothing to warn of
}

// A ColumnLeak is the ROC AUC of one column by itself, or of its negative where that is higher.
type ColumnLeak struct {
	Name string  `json:"name"`
	AUC  float64 `json:"auc"`
}

// LeakProbe asks what metadata alone predicts, by a standardized logistic regression in the given folds, and warns where
// it is more than chance: then the source, the date or the agent may give the label away, and a good score on the
// calls may have read them too. x has a column for each name, all finite.
func LeakProbe(ctx context.Context, x mat.Matrix, names []string, y []int, folds []Fold, opts *ResampleOptions) (*Leak, error) {
	if err := checkWidth(x, len(names)); err != nil {
		return nil, fmt.Errorf("classify: leak probe: %d names: %w", len(names), err)
	}
	if err := checkSample(x, y, nil); err != nil {
		return nil, err
	}
	out, err := CrossValidate(ctx, y, folds, func(ctx context.Context, train, test []int) ([]float64, error) {
		f, err := FitLogistic(ctx, SelectRows(x, train), pick(y, train), &LogisticOptions{Standardize: true})
		if err != nil {
			return nil, err
		}
		return f.Predict(SelectRows(x, test))
	})
	if err != nil {
		return nil, err
	}
	o, err := opts.withDefaults(len(y))
	if err != nil {
		return nil, err
	}
	o.Groups = pick(o.Groups, out.Row)
	leak := new(Leak)
	if leak.AUC, err = Bootstrap(ctx, out.P, out.Y, &o); err != nil {
		return nil, err
	}
	for j, name := range names {
		auc := ROCAUC(mat.Col(nil, j, x), y)
		leak.Columns = append(leak.Columns, ColumnLeak{name, max(auc, 1-auc)})
	}
	slices.SortStableFunc(leak.Columns, func(a, b ColumnLeak) int { return cmp.Compare(b.AUC, a.AUC) })
	leak.Warning = leak.warning()
	return leak, nil
}

func (l *Leak) warning() string {
	top := l.Columns[0]
	switch {
	case top.AUC >= 0.95:
		return fmt.Sprintf("column %q alone all but gives the label away (AUC %.3f): leave it out", top.Name, top.AUC)
	case l.AUC.Low > 0.5:
		return fmt.Sprintf("metadata alone predict the label: AUC %v, most of it %q (%.3f): check that they are known before the outcome, and test on sources or dates of their own",
			l.AUC, top.Name, top.AUC)
	}
	return ""
}
