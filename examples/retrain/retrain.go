package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/transcript"
	"github.com/org/salesconv/triplet"
)

// heldOut is the share of the calls, the latest ones, that the versions are compared on; of each outcome there have to be
// fewest.
const (
	heldOut = 0.25
	fewest  = 10
)

// figures are what a decision rests on.
type figures struct {
	Calls        int                `json:"calls"` // trained on
	HeldOut      int                `json:"held_out"`
	TrainedUntil time.Time          `json:"trained_until"` // time of the latest call trained on
	Candidate    float64            `json:"candidate_log_loss"`
	Serving      float64            `json:"serving_log_loss"`
	Difference   *evaluate.Interval `json:"difference,omitempty"` // the candidate's minus the serving version's, 90%: its upper end is also the end of a one-sided 95%
	Margin       float64            `json:"margin"`
}

// retrain trains a candidate, decides about it, and carries the decision out.
func retrain(ctx context.Context, env *cli.Env, o *options, v *versions, j *journal) error {
	train, test, err := read(ctx, env, o, j)
	if err != nil {
		return err
	}
	candidate, err := o.train(ctx, env, train, v)
	if err != nil {
		return err
	}
	if err := errors.Join(v.keep(v.serving), v.keep(candidate)); err != nil {
		return err
	}
	f := &figures{Calls: len(train), TrainedUntil: latest(train), Margin: o.margin}
	action, reason, err := f.judge(ctx, env, o, v.serving, candidate, test, j)
	if err != nil {
		return err
	}
	d, err := j.add(ctx, action, v.serving.Version(), candidate.Version(), reason, f)
	if err != nil {
		return err
	}
	if action == promoted {
		if err := v.serve(candidate.Version()); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(v.path(checkpointsDir)); err != nil {
		return err
	}
	return write(env, d)
}

// read reads the labelled calls to train on, and the later ones to compare on.
func read(ctx context.Context, env *cli.Env, o *options, j *journal) (train, test []transcript.Call, err error) {
	outcomes, _, err := j.store.Outcomes(ctx)
	if err != nil {
		return nil, nil, err
	}
	o.calls.Accept = func(call transcript.Call) error {
		if len(call.Turns()) == 0 {
			return fmt.Errorf("%s: nobody says a word in call %q", o.data, call.ID)
		}
		return nil
	}
	calls, err := o.calls.Collect(ctx, env, o.data)
	if err != nil {
		return nil, nil, err
	}
	known := 0
	for i := range calls {
		outcome, ok := outcomes[calls[i].ID]
		switch {
		case ok && outcome.Won:
			calls[i].Outcome, known = transcript.Won, known+1
		case ok:
			calls[i].Outcome, known = transcript.Lost, known+1
		}
	}
	o.calls.Note(env)
	all := len(calls)
	calls = slices.DeleteFunc(calls, func(c transcript.Call) bool { return c.Outcome == transcript.Unknown })
	env.Notef("%d calls; of %d the outcome is in the store; %d without any are left out", all, known, all-len(calls))
	split, err := transcript.SplitForward(calls, heldOut)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", o.data, err)
	}
	return study.Pick(calls, split.Train), study.Pick(calls, split.Test), nil
}

// latest is the time of the latest call.
func latest(calls []transcript.Call) (at time.Time) {
	for _, c := range calls {
		if c.Metadata.CallTime.After(at) {
			at = c.Metadata.CallTime
		}
	}
	return at
}

// train trains the candidate.
func (o *options) train(ctx context.Context, env *cli.Env, calls []transcript.Call, v *versions) (*conversion.Predictor, error) {
	progress := env.Progress()
	defer progress.Close()
	fit := &conversion.Options{Frozen: o.frozen, Unmasked: !o.mask, Seed: o.seed, Progress: progress.Show}
	if !o.frozen {
		fit.Tune.Checkpoints = &triplet.Checkpoints{Dir: v.path(checkpointsDir)}
	}
	p, _, err := conversion.Fit(ctx, calls, fit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.data, err)
	}
	return p, nil
}

// judge compares the candidate with the version that serves, and decides what is to be done, with the reason.
func (f *figures) judge(ctx context.Context, env *cli.Env, o *options, serving, candidate *conversion.Predictor, test []transcript.Call, j *journal) (action, reason string, err error) {
	if candidate.Version() == serving.Version() {
		return kept, "the candidate is the version that serves", nil
	}
	if until, known := j.trainedUntil(serving.Version()); known {
		test = slices.DeleteFunc(test, func(c transcript.Call) bool { return !c.Metadata.CallTime.After(until) })
	} else {
		env.Notef("the journal has no record of what the serving version was trained on: if that includes calls held out here, it looks better than it is")
	}
	f.HeldOut = len(test)
	y, err := transcript.Labels(test)
	if err != nil {
		return "", "", err
	}
	won := 0
	for _, label := range y {
		won += label
	}
	if min(won, len(y)-won) < fewest {
		return kept, fmt.Sprintf("of the calls that are later than the training calls of both versions, %d were won and %d lost: want %d or more of each for a comparison", won, len(y)-won, fewest), nil
	}
	if err := f.compare(ctx, o, serving, candidate, test, y); err != nil {
		return "", "", err
	}
	compared := fmt.Sprintf("log loss %.4f against %.4f on %d later calls, difference at most %+.4f with 95%% confidence, margin %g",
		f.Candidate, f.Serving, len(y), f.Difference.High, o.margin)
	switch {
	case j.wasRolledBack(candidate.Version()):
		return kept, "the candidate was rolled back before: " + compared, nil
	case f.Difference.High < o.margin:
		return promoted, "the candidate is no worse: " + compared, nil
	}
	return kept, "there is no evidence that the candidate is no worse: " + compared, nil
}

// compare measures the difference in log loss.
func (f *figures) compare(ctx context.Context, o *options, serving, candidate *conversion.Predictor, test []transcript.Call, y []int) error {
	row := make([]int, len(y))
	for i := range row {
		row[i] = i
	}
	var both [2]*evaluate.OutOfFold
	for k, p := range []*conversion.Predictor{serving, candidate} {
		predictions, err := p.Predict(ctx, test, nil)
		if err != nil {
			return err
		}
		both[k] = &evaluate.OutOfFold{Row: row, Fold: make([]int, len(y)), Y: y}
		for _, p := range predictions {
			both[k].P = append(both[k].P, p.Probability)
		}
	}
	c, err := evaluate.Compare(ctx, both[0], both[1], &evaluate.ResampleOptions{Groups: agents(test), Level: 0.9, Seed: o.seed, Score: evaluate.LogLoss})
	if err != nil {
		return err
	}
	f.Serving, f.Candidate, f.Difference = c.A, c.B, &c.Difference
	return nil
}

// agents are the groups of calls whose differences belong together; nil where so few agents are named that they say nothing.
func agents(calls []transcript.Call) (of []string) {
	named := map[string]bool{}
	for _, c := range calls {
		of = append(of, c.Metadata.AgentID)
		named[c.Metadata.AgentID] = true
	}
	if delete(named, ""); len(named) < fewest {
		return nil
	}
	return of
}

// trainedUntil is the time of the latest call that a version was trained on, if this command promoted it.
func (j *journal) trainedUntil(version string) (time.Time, bool) {
	d, ok := j.last(promoted, version)
	var f figures
	if !ok || json.Unmarshal([]byte(d.Figures), &f) != nil {
		return time.Time{}, false
	}
	return f.TrainedUntil, true
}
