// Command quality measures what fine-tuning is worth: by cross-validation with the encoder refitted in each fold, over
// several seeds, the stack with and without it, and their heads alone.
//
//	go run ./examples/internal/quality [-data FILE | -generate N] [-folds N] [-seeds N] [-tune JSON | -frozen] [-peer COMMAND]
//
// JSON are fields of triplet.Options, such as {"LearningRate": 1e-4, "TrainLayers": 3}, in the place of the recipe's.
// COMMAND predicts each fold too: it reads a JSON object with the texts train and test, the labels of train and a seed, and
// writes a JSON array of ways to predict, each with its name, the probability of each text of test, and seconds.
// internal/bench/peers/tune_peer.py does so by sentence-transformers:
//
//	-peer 'python internal/bench/peers/tune_peer.py MODEL_FOLDER THREADS 0 1 3'
//
// A row of the tables is of all calls as often as there are seeds; intervals resample agents, or calls where they are
// generated, with all their predictions. It trains folds × seeds predictors: hours, for many calls.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/examples/internal/pipeline"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/internal/cli"
	"github.com/org/salesconv/transcript"
	"github.com/org/salesconv/triplet"
)

func main() { cli.Main(run) }

// options are the flags.
type options struct {
	data         string
	generate     int
	folds, seeds int
	tune         triplet.Options
	frozen       bool
	peer         string
}

func parse(env *cli.Env) (o options, err error) {
	flags := flag.NewFlagSet("quality", flag.ContinueOnError)
	flags.StringVar(&o.data, "data", "", "`file` of labelled calls; default: the sample of synthetic calls")
	flags.IntVar(&o.generate, "generate", 0, "judge on so many generated calls instead, whose drivers count as they do by default")
	flags.IntVar(&o.folds, "folds", 5, "parts that the calls are cut into, each predicted from the others")
	flags.IntVar(&o.seeds, "seeds", 3, "how often, each time with other folds and other tunings")
	tune := flags.String("tune", "{}", "fields of triplet.Options as `JSON`")
	flags.BoolVar(&o.frozen, "frozen", false, "don't tune")
	flags.StringVar(&o.peer, "peer", "", "another program that predicts, a `command` without quotes in it")
	if err := env.Parse(flags); err != nil {
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
	d, groups, err := read(env, &o)
	if err != nil {
		return err
	}
	started := time.Now()
	t := &trial{Data: d, groups: groups, options: &o, ways: map[string]*classify.OutOfFold{}, seconds: map[string]float64{}}
	stages := env.Stages()
	for seed := range o.seeds {
		if err := t.round(ctx, seed, stages); err != nil {
			stages.Close()
			return err
		}
	}
	stages.Close()
	if err := t.print(ctx, env); err != nil {
		return err
	}
	for _, name := range t.names {
		if s := t.seconds[name]; s > 0 {
			fmt.Fprintf(env.Stdout, "%s: %.1f minutes\n", name, s/60)
		}
	}
	fmt.Fprintf(env.Stdout, "Tuned vectors were used in %d of %d predictors. %.1f minutes in all.\n", t.used, t.trained, time.Since(started).Minutes())
	return nil
}

// read returns the calls, and what resampling keeps together.
func read(env *cli.Env, o *options) (*study.Data, []string, error) {
	if o.generate == 0 {
		d, err := study.Read(env, o.data, false)
		if err != nil {
			return nil, nil, err
		}
		return d, d.Groups, d.Need(2 * o.folds)
	}
	s, err := transcript.Generate(o.generate, nil)
	if err != nil {
		return nil, nil, err
	}
	d := &study.Data{Source: "generated calls", Synthetic: true, Calls: s.Calls, Docs: pipeline.Documents(s.Calls)}
	if d.Labels, err = transcript.Labels(s.Calls); err != nil {
		return nil, nil, err
	}
	groups := make([]string, len(s.Calls))
	for i, c := range s.Calls {
		groups[i] = c.ID
	}
	fmt.Fprintf(env.Stdout, "Who knew the true probabilities of these %d calls would reach a ROC AUC of %.3f.\n", o.generate, s.BayesAUC)
	return d, groups, d.Need(2 * o.folds)
}

// trial gathers predictions: row i of seed s is at s·calls + i.
type trial struct {
	*study.Data
	*options
	groups        []string
	names         []string
	ways          map[string]*classify.OutOfFold
	seconds       map[string]float64 // that a peer took
	used, trained int
}

// round cross-validates once.
func (t *trial) round(ctx context.Context, seed int, stages *cli.Stages) error {
	folds, err := classify.Folds(t.Labels, t.Groups, t.folds, uint64(seed))
	if err != nil {
		return err
	}
	for f, fold := range folds {
		o := &pipeline.Options{Groups: t.Groups, Seed: uint64(seed), Tune: t.tune, Frozen: t.frozen, Progress: func(stage string, done, total int) {
			stages.Show(fmt.Sprintf("seed %d, fold %d, %s", seed+1, f+1, stage), done, total)
		}}
		fit, err := pipeline.Train(ctx, t.Docs, t.Labels, fold.Train, o)
		if err != nil {
			return err
		}
		t.trained++
		if fit.Tuning != nil && fit.Tuning.Used {
			t.used++
		}
		predictions, err := fit.Predictions(fold.Test)
		if err != nil {
			return err
		}
		for _, p := range predictions {
			t.keep(p, seed, f, fold.Test)
		}
		if err := t.askPeer(ctx, seed, f, fold); err != nil {
			return err
		}
	}
	return nil
}

func (t *trial) keep(p pipeline.Prediction, seed, fold int, places []int) {
	out := t.ways[p.Name]
	if out == nil {
		out = new(classify.OutOfFold)
		t.ways[p.Name], t.names = out, append(t.names, p.Name)
	}
	for k, i := range places {
		out.Row, out.Fold = append(out.Row, seed*len(t.Labels)+i), append(out.Fold, seed*t.folds+fold)
		out.Y, out.P = append(out.Y, t.Labels[i]), append(out.P, p.Probability[k])
	}
}

// compared are the pairs of ways that the paired tests are about.
var compared = [][2]string{
	{pipeline.GenericStack, pipeline.FullStack}, {pipeline.GenericStack, pipeline.TunedStack}, {pipeline.TurnMean, pipeline.TunedMean}, {pipeline.Words, pipeline.FullStack},
}

func (t *trial) print(ctx context.Context, env *cli.Env) error {
	resample := &classify.ResampleOptions{Seed: 1}
	for _, row := range t.ways[t.names[0]].Row {
		i := row % len(t.Labels)
		group := t.Calls[i].ID
		if t.groups != nil && t.groups[i] != "" {
			group = t.groups[i]
		}
		resample.Groups = append(resample.Groups, group)
	}
	var ways []study.Way
	for _, name := range t.names {
		w, err := study.Judge(ctx, name, t.ways[name], resample)
		if err != nil {
			return err
		}
		ways = append(ways, w)
	}
	verdicts, err := study.Verdicts(ctx, ways, compared, resample)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "%s: %d calls, %d won; %d folds, %d seeds\n\n", t.Source, len(t.Labels), t.Won(), t.folds, t.seeds)
	study.Print(env.Stdout, study.Table(ways, "classifier on", ""), verdicts)
	return nil
}
