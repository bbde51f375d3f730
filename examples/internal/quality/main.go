// Command quality measures what fine-tuning is worth: by cross-validation with the encoder refitted in each fold, over
// several seeds, the stack with and without it, and their heads alone.
//
//	go run ./examples/internal/quality [-data FILE | -generate N] [-folds N] [-seeds N] [-tune JSON | -frozen] [-mask=false] [-reference COMMAND] [-keep FILE]
//	go run ./examples/internal/quality -mean FILE,FILE
//
// JSON are fields of triplet.Options, such as {"LearningRate": 1e-4, "TrainLayers": 3}, instead of the defaults.
// COMMAND predicts each fold too: it reads a JSON object with the texts train and test, the labels of train and a seed, and
// writes a JSON array of methods of predicting, each with its name, the probability of each text of test, and seconds.
// internal/bench/references/tune_reference.py does so by sentence-transformers:
//
//	-reference 'python internal/bench/references/tune_reference.py MODEL_DIR THREADS 0 1 3'
//
// A row of the tables is of all calls as often as there are seeds; intervals resample agents, or calls where they are
// generated, with all their predictions. It trains folds × seeds predictors: hours, for many calls. With -keep it writes
// what it has after each, resumes from there when it is started again, and -mean joins several such files, each a source.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/transcript"
	"github.com/org/salesconv/triplet"
)

func main() { cli.Main(run) }

const usage = `[flags]

It judges, by cross-validation over several seeds, what fine-tuning adds to the predictor.`

// options are the flags.
type options struct {
	data         string
	generate     int
	folds, seeds int
	tune         triplet.Options
	frozen, mask bool
	reference    string
	keep, mean   string
}

func parse(env *cli.Env) (o options, err error) {
	flags := flag.NewFlagSet("quality", flag.ContinueOnError)
	flags.StringVar(&o.data, "data", "", "`file` of labelled calls; default: the sample of synthetic calls")
	flags.IntVar(&o.generate, "generate", 0, "judge on `N` generated calls instead, whose drivers have their default weights")
	flags.IntVar(&o.folds, "folds", 5, "number of parts of the calls, each predicted from the others")
	flags.IntVar(&o.seeds, "seeds", 3, "number of repetitions, each with other folds and other fine-tuning runs")
	tune := flags.String("tune", "{}", "fields of triplet.Options as `JSON`")
	flags.BoolVar(&o.frozen, "frozen", false, "do not fine-tune")
	flags.BoolVar(&o.mask, "mask", true, "mask names, numbers and addresses in what tf-idf reads, as finetune does")
	flags.StringVar(&o.reference, "reference", "", "another program that predicts, a `command` without quotes in it")
	flags.StringVar(&o.keep, "keep", "", "`file` of what was measured, to resume from; default: nothing is kept")
	flags.StringVar(&o.mean, "mean", "", "measure nothing, but show the mean of what these comma-separated `files` of -keep hold")
	if err := env.Parse(flags, usage); err != nil {
		return o, err
	}
	d := json.NewDecoder(strings.NewReader(*tune))
	d.DisallowUnknownFields()
	switch err := d.Decode(&o.tune); {
	case err != nil:
		return o, cli.Usagef("-tune %s: %v", *tune, err)
	case len(env.Args) > 0 || o.data != "" && o.generate != 0:
		return o, cli.Usagef("want one of -data and -generate, and no arguments")
	case o.generate < 0 || o.folds < 2 || o.seeds < 1:
		return o, cli.Usagef("-generate %d -folds %d -seeds %d, want 0, 2 and 1 or more", o.generate, o.folds, o.seeds)
	}
	return o, nil
}

func run(ctx context.Context, env *cli.Env) error {
	o, err := parse(env)
	if err != nil {
		return err
	}
	if o.mean != "" {
		return mean(ctx, env.Stdout, strings.Split(o.mean, ","))
	}
	d, err := read(ctx, env, &o)
	if err != nil {
		return err
	}
	m, err := begin(&o, d)
	if err != nil {
		return err
	}
	if n := len(m.Rounds); n > 0 {
		env.Notef("resuming from %s, which holds %d predictors", o.keep, n)
	}
	stages := env.Progress()
	t := &trial{Data: d, options: &o, measurement: m}
	for seed := range o.seeds {
		if err := t.crossValidate(ctx, seed, stages); err != nil {
			stages.Close()
			return err
		}
	}
	stages.Close()
	return m.print(ctx, env.Stdout)
}

// read returns the calls.
func read(ctx context.Context, env *cli.Env, o *options) (*study.Data, error) {
	if o.generate == 0 {
		calls := new(cli.Calls)
		d, err := study.Read(ctx, env, o.data, calls)
		if err == nil {
			err = d.Need(2 * o.folds)
		}
		if err != nil {
			return nil, err
		}
		d.Note(env, calls)
		return d, nil
	}
	s, err := transcript.Generate(o.generate, nil)
	if err != nil {
		return nil, err
	}
	d := &study.Data{Source: fmt.Sprintf("%d generated calls", o.generate), Synthetic: true, Calls: s.Calls, Docs: study.Documents(s.Calls)}
	if d.Labels, err = transcript.Labels(s.Calls); err != nil {
		return nil, err
	}
	fmt.Fprintf(env.Stdout, "Who knew the true probabilities of these %d calls would reach a ROC AUC of %.3f.\n", o.generate, s.BayesAUC)
	return d, d.Need(2 * o.folds)
}

// trial measures.
type trial struct {
	*study.Data
	*options
	*measurement
}

// crossValidate predicts all calls once, but for the folds that are measured already.
func (t *trial) crossValidate(ctx context.Context, seed int, stages *cli.Progress) error {
	folds, err := t.split(seed)
	if err != nil {
		return err
	}
	groups := t.Data.Groups
	if groups == nil { // each call for itself
		for i := range t.Calls {
			groups = append(groups, strconv.Itoa(i))
		}
	}
	for f, fold := range folds {
		if t.has(seed, f) {
			continue
		}
		started := time.Now()
		o := &conversion.Options{Unmasked: !t.mask, Groups: study.Pick(groups, fold.Train), Seed: uint64(seed), Tune: t.tune, Frozen: t.frozen, Progress: func(stage string, done, total int) {
			stages.Show(fmt.Sprintf("seed %d, fold %d, %s", seed+1, f+1, stage), done, total)
		}}
		_, fit, err := conversion.Fit(ctx, study.Pick(t.Calls, fold.Train), o)
		if err != nil {
			return err
		}
		r := round{Seed: seed, Fold: f, Tuning: fit.Tuning, Seconds: map[string]float64{conversion.Best: time.Since(started).Seconds()}}
		if r.Predictions, err = fit.Predict(ctx, study.Pick(t.Calls, fold.Test)); err != nil {
			return err
		}
		if err := t.askReference(ctx, &r, fold); err != nil {
			return err
		}
		if err := t.add(r, t.keep); err != nil {
			return err
		}
	}
	return nil
}
