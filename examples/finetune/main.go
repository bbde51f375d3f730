// Command finetune tunes the encoder on labelled calls, trains the predictor, compares it with what it would be without
// tuning, and saves everything.
//
//	go run ./examples/finetune [-data FILE] [-skip] [-model DIR] [-classifier_type logistic|xgboost]
//	    [-epochs N] [-n_pairs N] [-loss NAME] [-learning_rate X] [-train_layers N] [-lora RANK] [-batch_size N]
//	    [-attention] [-tasks KEYS] [-shortcuts KEYS] [-seed N] [-out DIR]
//
// Without flags it does what is best to begin with; -help tells what each is for.
//
// FILE is a file or folder of calls in any of transcript's formats, such as JSON (an array, one object or JSON Lines; may
// be gzipped): transcript, label 0 or 1, metadata. A record that cannot be used ends the run, unless -skip is given. The
// default is a sample of synthetic calls. A quarter of the calls is held out and only judged on; calls of one
// agent stay on one side. Below DIR it writes
//
//	models/                               the predictor, for the commands predict and explain
//	models/fine_tuned_embeddings/         the tuned encoder, which sentence-transformers opens too
//	results/generic_embeddings.png        t-SNE maps of all calls
//	results/fine_tuned_embeddings.png
//	results/training_history.png          the loss of each tuning, step by step
//	results/performance_comparison.html   tables, charts, maps and the most telling turns; stands alone
//	results/metrics.json                  every number, the options and the seed
//	checkpoints/                          what is trained so far; gone when all is done
//
// A run that was stopped or killed goes on when it is started again with the same flags, and gives the same bytes as one
// that was not.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/transcript"
	"github.com/org/salesconv/triplet"
	"gonum.org/v1/gonum/mat"
)

func main() { cli.Main(run) }

const (
	testShare = 0.25 // part of the calls that is held out
	fewest    = 6    // calls of each outcome that it takes to hold some out and still tune in inner folds
)

// options are the flags.
type options struct {
	Data       string `json:"data"`
	Model      string `json:"model"`
	Classifier string `json:"classifier_type"`
	Seed       uint64 `json:"seed"`
	tuning
	skip bool
	out  string
}

func parse(env *cli.Env) (o options, err error) {
	flags := flag.NewFlagSet("finetune", flag.ContinueOnError)
	flags.StringVar(&o.Data, "data", "", "`file` or folder of labelled calls: JSON, CSV, text, WebVTT, SRT; default: a sample of synthetic calls")
	flags.BoolVar(&o.skip, "skip", false, "name records that cannot be used and leave them out, rather than stop at the first")
	flags.StringVar(&o.Model, "model", "", "`folder` of a sentence-transformers model; default: the built-in all-MiniLM-L6-v2")
	flags.StringVar(&o.Classifier, "classifier_type", "logistic", "`type` of the classifiers on generic embeddings, logistic or xgboost; the tuned encoder learns with a linear one of its own")
	o.tuning.flags(flags)
	flags.Uint64Var(&o.Seed, "seed", 1, "seed of splits, triplets, dropout and maps")
	flags.StringVar(&o.out, "out", "out", "`folder` to write models and results to")
	if err := env.Parse(flags); err != nil {
		return o, err
	}
	_, known := fitters[o.Classifier]
	switch {
	case len(env.Args) > 0:
		return o, cli.Usagef("unexpected argument %q: the calls are named by -data", env.Args[0])
	case !known:
		return o, cli.Usagef("-classifier_type %q, want logistic or xgboost", o.Classifier)
	}
	return o, o.tuning.check()
}

// fitters are the classifiers of turn vectors by their names on the command line; nil is the stack's own choice.
var fitters = map[string]classify.Fitter{
	"logistic": nil,
	"xgboost": func(ctx context.Context, x mat.Matrix, y []int, weight []float64) (classify.Classifier, error) {
		return classify.FitBoosted(ctx, x, y, &classify.BoostedOptions{LearningRate: 0.1, MaxDepth: 3, Weights: weight})
	},
}

func run(ctx context.Context, env *cli.Env) error {
	o, err := parse(env)
	if err != nil {
		return err
	}
	if err := writable(o.out); err != nil {
		return err
	}
	started := time.Now()
	d, err := read(ctx, env, &o)
	if err != nil {
		return err
	}
	left := unfinished{o.out}
	if err := left.begin(env, &o, d); err != nil {
		return err
	}
	r, err := work(ctx, env, d, &o, started)
	switch {
	case err == nil:
		err = left.remove()
	case left.any():
		env.Notef("what was trained so far is kept in %s: the same command goes on from there", left.folder())
	default:
		err = errors.Join(err, left.remove())
	}
	if err != nil {
		return err
	}
	r.print(env.Stdout)
	env.Notef("models and results are in %s", o.out)
	return nil
}

// work trains, judges and writes models and results.
func work(ctx context.Context, env *cli.Env, d *data, o *options, started time.Time) (*results, error) {
	p, rep, err := train(ctx, env, d, o)
	if err != nil {
		return nil, err
	}
	for k, h := range rep.Tuning.Histories {
		for _, w := range h.Warnings {
			env.Notef("step %d of tuning %d: %s", w.Step, k+1, w.Text)
		}
	}
	r, err := judge(ctx, env, d, p, rep, o)
	if err != nil {
		return nil, err
	}
	r.Seconds = time.Since(started).Seconds()
	if err := p.Save(filepath.Join(o.out, "models")); err != nil {
		return nil, err
	}
	return r, r.write(filepath.Join(o.out, "results"))
}

// probe begins the name of the file that writable makes.
const probe = ".finetune-probe"

// writable makes the folder, and says early if nothing can be written there.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("%w; name another folder with -out", err)
	}
	f, err := os.CreateTemp(dir, probe)
	if err != nil {
		return fmt.Errorf("%w; name another folder with -out", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// data are the calls and how they are parted.
type data struct {
	*study.Data
	split transcript.Fold
}

func read(ctx context.Context, env *cli.Env, o *options) (*data, error) {
	calls, err := study.Read(ctx, env, o.Data, o.skip)
	if err != nil {
		return nil, err
	}
	if err := calls.Need(fewest); err != nil {
		return nil, err
	}
	d := &data{Data: calls}
	if d.Groups == nil {
		d.split, err = transcript.Split(d.Calls, testShare, o.Seed)
	} else {
		d.split, err = transcript.SplitGroups(d.Calls, d.Groups, testShare, o.Seed)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.Source, err)
	}
	return d, nil
}

// train fits the predictor on the calls that are not held out.
func train(ctx context.Context, env *cli.Env, d *data, o *options) (*conversion.Predictor, *conversion.Report, error) {
	p := conversion.Options{Head: fitters[o.Classifier], Groups: study.Pick(d.Groups, d.split.Train), Seed: o.Seed, Tune: o.tuning.options()}
	if err := o.tuning.columns(&p.Tune, d); err != nil {
		return nil, nil, err
	}
	p.Tune.Checkpoints = &triplet.Checkpoints{Dir: unfinished{o.out}.folder(), Every: everyStep}
	if o.Model != "" {
		p.Model = os.DirFS(o.Model)
	}
	stages := env.Progress()
	defer stages.Close()
	p.Progress = stages.Show
	predictor, report, err := conversion.Fit(ctx, study.Pick(d.Calls, d.split.Train), &p)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", cmp.Or(o.Model, d.Source), err)
	}
	return predictor, report, nil
}
