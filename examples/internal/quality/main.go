// Command quality measures what fine-tuning is worth: by cross-validation with the encoder refitted in each fold, over
// several seeds, the stack with and without it, and their heads alone, on any number of sources of calls.
//
//	go run ./examples/internal/quality [-data FILE,FILE] [-generate N [-kinds KIND,KIND]] [-folds N] [-seeds N] [-tune JSON | -frozen] [-mask=false]
//	    [-reference COMMAND] [-keep DIR]
//
// -generate adds sources of generated calls, one for each kind of signal: see transcript.SignalKind. JSON are fields of
// triplet.Options, such as {"LearningRate": 1e-4, "TrainLayers": 3}, instead of the defaults. COMMAND predicts each fold
// too: it reads a JSON object with the texts train and test, the labels of train and a seed, and writes a JSON array of
// methods of predicting, each with its name, the probability of each text of test, and seconds.
// internal/bench/references/tune_reference.py does so by sentence-transformers:
//
//	-reference 'python internal/bench/references/tune_reference.py MODEL_DIR THREADS 0 1 3'
//
// A row of the tables is of all calls as often as there are seeds; intervals resample agents, or calls where they are
// generated, with all their predictions. It trains folds × seeds predictors for each source: hours, for many calls. With
// -keep it writes what it has after each, a file for each source, and resumes from there when it is started again. The
// last table is of all sources.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

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
	data, kinds  string
	generate     int
	folds, seeds int
	tune         triplet.Options
	frozen, mask bool
	reference    string
	keep         string
}

func parse(env *cli.Env) (o options, err error) {
	flags := flag.NewFlagSet("quality", flag.ContinueOnError)
	flags.StringVar(&o.data, "data", "", "`files` of labelled calls, with commas between; default: the sample of synthetic calls, unless -generate is given")
	flags.IntVar(&o.generate, "generate", 0, "judge on `N` generated calls of each kind too")
	flags.StringVar(&o.kinds, "kinds", "drivers,last turns,first turns,order,speaker,metadata,none", "`kinds` of signals of generated calls, with commas between")
	flags.IntVar(&o.folds, "folds", 5, "number of parts of the calls, each predicted from the others")
	flags.IntVar(&o.seeds, "seeds", 3, "number of repetitions, each with other folds and other fine-tuning runs")
	tune := flags.String("tune", "{}", "fields of triplet.Options as `JSON`")
	flags.BoolVar(&o.frozen, "frozen", false, "do not fine-tune")
	flags.BoolVar(&o.mask, "mask", true, "mask names, numbers and addresses in what tf-idf reads, as finetune does")
	flags.StringVar(&o.reference, "reference", "", "another program that predicts, a `command` without quotes in it")
	flags.StringVar(&o.keep, "keep", "", "`directory` of what was measured, to resume from; default: nothing is kept")
	if err := env.Parse(flags, usage); err != nil {
		return o, err
	}
	d := json.NewDecoder(strings.NewReader(*tune))
	d.DisallowUnknownFields()
	switch err := d.Decode(&o.tune); {
	case err != nil:
		return o, cli.Usagef("-tune %s: %v", *tune, err)
	case len(env.Args) > 0:
		return o, cli.Usagef("unexpected argument %q: calls are named by -data", env.Args[0])
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
	var all []*measurement
	for _, source := range o.sources() {
		m, err := measure(ctx, env, &o, source)
		if err != nil {
			return err
		}
		if err := m.print(ctx, env.Stdout); err != nil {
			return err
		}
		all = append(all, m)
	}
	if len(all) == 1 {
		return nil
	}
	return summarize(ctx, env.Stdout, all)
}

// A source is where labelled calls come from: a file, the sample ("") or the generator, by a kind.
type source struct {
	file string
	kind transcript.SignalKind
}

func (o *options) sources() (all []source) {
	if o.data != "" || o.generate == 0 {
		for file := range strings.SplitSeq(o.data, ",") {
			all = append(all, source{file: file})
		}
	}
	if o.generate > 0 {
		for kind := range strings.SplitSeq(o.kinds, ",") {
			all = append(all, source{kind: transcript.SignalKind(kind)})
		}
	}
	return all
}

// kept is the file of -keep for a source, "" without.
func (o *options) kept(s source) string {
	if o.keep == "" {
		return ""
	}
	name := fmt.Sprintf("%s-%d", s.kind, o.generate)
	if s.kind == "" {
		name = cmp.Or(s.file, "sample")
	}
	clean := func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' {
			return r
		}
		return '_'
	}
	return filepath.Join(o.keep, strings.Map(clean, name)+".json")
}

// measure cross-validates on a source, as far as that is not done.
func measure(ctx context.Context, env *cli.Env, o *options, s source) (*measurement, error) {
	d, best, err := read(ctx, env, o, s)
	if err != nil {
		return nil, err
	}
	file := o.kept(s)
	m, err := begin(o, d, file)
	if err != nil {
		return nil, err
	}
	m.Best = best
	if n := len(m.Rounds); n > 0 {
		env.Notef("resuming from %s, which holds %d predictors", file, n)
	}
	stages := env.Progress()
	defer stages.Close()
	t := &trial{Data: d, options: o, measurement: m, file: file}
	for seed := range o.seeds {
		if err := t.crossValidate(ctx, seed, stages); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// read returns the calls of a source, and the best possible ROC AUC where it is known, else 0.
func read(ctx context.Context, env *cli.Env, o *options, s source) (*study.Data, float64, error) {
	if s.kind == "" {
		calls := new(cli.Calls)
		d, err := study.Read(ctx, env, s.file, calls)
		if err == nil {
			err = d.Need(2 * o.folds)
		}
		if err != nil {
			return nil, 0, err
		}
		d.Note(env, calls)
		return d, 0, nil
	}
	made, err := transcript.Generate(o.generate, &transcript.GenerateOptions{Kind: s.kind})
	if err != nil {
		return nil, 0, err
	}
	d := &study.Data{Source: fmt.Sprintf("%d generated calls, %s", o.generate, s.kind), Synthetic: true, Calls: made.Calls, Docs: study.Documents(made.Calls)}
	if d.Labels, err = transcript.Labels(made.Calls); err != nil {
		return nil, 0, err
	}
	return d, made.BayesAUC, d.Need(2 * o.folds)
}

// trial measures.
type trial struct {
	*study.Data
	*options
	*measurement
	file string // to keep the measurement in; "": none
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
		if err := t.add(r, t.file); err != nil {
			return err
		}
	}
	return nil
}
