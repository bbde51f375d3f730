package conversion

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/internal/sample"
	"github.com/org/salesconv/triplet"
	"gonum.org/v1/gonum/mat"
)

// Refit fits the predictor again on the training calls and the held-out calls, once it has been evaluated on the latter, so that
// no call is lost for training. What Fit decided out of fold is not decided again. The fine-tuning takes one more run, on all
// calls and of about as many steps, whose weights join the others in the model soup. [Info].HeldOut remains the evaluation of the
// predictor before, as only future calls can evaluate the new one. Options of Fit that have an entry for each call must have one
// for each held-out call too. The report that Refit returns is about the predictor that it returns.
func (r *Report) Refit(ctx context.Context) (*Predictor, *Report, error) {
	if r == nil || r.fit == nil {
		return nil, nil, errNoPredictor
	}
	before := r.fit
	if len(before.HeldOut) == 0 {
		return nil, nil, errors.New("conversion: refit: no calls were held out: set Options.HeldOut")
	}
	calls, o := slices.Concat(before.calls, before.HeldOut), before.whole
	if err := o.complete(len(calls)); err != nil {
		return nil, nil, err
	}
	o.HeldOut = nil
	f, err := newFit(calls, &o)
	if err != nil {
		return nil, nil, err
	}
	f.refitted, f.info.Refitted, f.generics = true, true, before.generics
	f.generic, f.genericCache, f.lower = before.generic, before.genericCache, before.lower
	if err := f.fit(ctx, func(ctx context.Context, _ *classify.Heads) (*tuned, error) { return f.retune(ctx, before) }); err != nil {
		return nil, nil, err
	}
	f.info.HeldOut, f.info.DuringCall.HeldOut = before.info.HeldOut, before.info.DuringCall.HeldOut
	f.tokens, f.lower = nil, nil
	return f.Predictor, f.report, nil
}

// retune adds a run on all calls to the fine-tuning on those before. The calls that were held out are new to the encoder
// that was judged on them.
func (f *fit) retune(ctx context.Context, before *fit) (*tuned, error) {
	old := before.tuning
	t := &tuned{Tuning: old.Tuning, held: new(held)}
	if settings := *before.info.Options.Tuning; t.Share == 0 {
		f.info.Options.Tuning = &settings
		return t, f.keepGeneric(ctx, t)
	}
	docs := f.tokens
	x, err := f.encode(ctx, old.model, docs[len(before.docs):], "encoding calls held out")
	if err != nil {
		return nil, err
	}
	z, err := old.head.Margins(x)
	if err != nil {
		return nil, err
	}
	t.held = &held{weights: old.held.weights, intercept: old.held.intercept, margins: slices.Concat(old.held.margins, z), outOfFold: new(mat.Dense)}
	t.held.outOfFold.Stack(old.held.outOfFold, x.Slice(0, len(z), 0, f.generic.Width()))
	if f.Tune.Epochs == 0 { // about as many steps as the runs before it, which were on fewer calls
		steps := float64(before.info.Options.Tuning.Epochs * t.Histories[0].Documents)
		f.Tune.Epochs = max(1, int(math.Round(steps/float64(len(docs)))))
	}
	m, h, err := f.tuneOn(ctx, docs, sample.All(len(docs)), "fine-tuning run on all calls")
	if err != nil {
		return nil, err
	}
	t.Histories = append(slices.Clip(t.Histories), h)
	if t.soup, err = triplet.Interpolate(old.soup, m, 1/float64(len(t.Histories))); err != nil {
		return nil, err
	}
	return t, t.keep(f.generic, t.Share)
}

// first are the options for the first n of the calls that columns may be of.
func (o Options) first(n int) Options {
	cut := func(column []string) []string {
		if len(column) == n+len(o.HeldOut) {
			return column[:n:n]
		}
		return column
	}
	o.Groups = cut(o.Groups)
	tasks, confounders := slices.Clone(o.Tune.Tasks), slices.Clone(o.Tune.Confounders)
	for i, t := range tasks {
		tasks[i].Classes = slices.Compact(slices.Sorted(slices.Values(slices.Concat(t.Classes, t.Targets)))) // the same in every run
		tasks[i].Targets = cut(t.Targets)
	}
	for i := range confounders {
		confounders[i] = cut(confounders[i])
	}
	o.Tune.Tasks, o.Tune.Confounders = tasks, confounders
	return o
}

// complete returns an error unless columns are of n calls, or there are none.
func (o *Options) complete(n int) error {
	columns := slices.Clone(o.Tune.Confounders)
	for _, t := range o.Tune.Tasks {
		columns = append(columns, t.Targets)
	}
	if o.Groups != nil {
		columns = append(columns, o.Groups)
	}
	for _, c := range columns {
		if len(c) != n {
			return fmt.Errorf("conversion: refit: groups, tasks and confounders have %d entries, want %d, for the training calls and then those held out", len(c), n)
		}
	}
	return nil
}
