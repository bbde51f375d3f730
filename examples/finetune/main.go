// Command finetune fine-tunes the encoder on labelled calls, trains the predictor, compares it with a predictor without
// fine-tuning, and saves everything.
//
//	go run ./examples/finetune [-data FILE] [-columns NAMES] [-won WORDS] [-lost WORDS] [-roles NAMES] [-skip] [-rejected FILE]
//	    [-mask=false] [-model DIR] [-classifier_type logistic|xgboost]
//	    [-epochs N] [-n_pairs N] [-loss NAME] [-learning_rate X] [-train_layers N] [-lora RANK] [-batch_size N]
//	    [-attention] [-tasks KEYS] [-confounders KEYS] [-refit=false] [-seed N] [-out DIR]
//
// The defaults did best in measurements; -help describes each flag.
//
// FILE is a file or directory of calls in any format that examples/inspect reads, such as JSON (an array, one object or JSON
// Lines; may be gzipped): transcript, label 0 or 1, metadata. A record that cannot be used ends the run, unless -skip or
// -rejected is given. The default is a sample of synthetic calls. A quarter of the calls is held out for evaluation; calls of
// one agent stay on one side if four agents or more are named. Below the DIR of -out it writes
//
//	models/                               the predictor, for the commands predict and explain
//	models/fine_tuned_embeddings/         the fine-tuned encoder, which sentence-transformers opens too; the last line reports if
//	                                      the generic encoder, or an interpolation, is saved instead as fine-tuning did not help
//	results/performance_comparison.html   the predictor's scores, charts, maps and the most influential turns: the page to open
//	results/generic_embeddings.png        t-SNE maps of all calls
//	results/fine_tuned_embeddings.png
//	results/training_history.png          the loss of each fine-tuning run, step by step
//	results/metrics.json                  every number, the options as they were used, and the seed
//	results/run.json                      the time in all and for each stage, and the point from which it was resumed
//	checkpoints/                          the state of training; removed at the end
//
// A run that was stopped or killed is resumed by the same command, and gives the same bytes as an uninterrupted run,
// except run.json and models/created.json. Until then the directory keeps its checkpoints; runs with other flags
// leave them alone.
//
// # Personal data
//
// models/ holds words of the calls (words.json), and values of the metadata that -tasks names; the results quote turns. Therefore
// names, telephone and card numbers, addresses and the like are masked in all of these, as far as transcript.Call.Mask finds
// them, which is not all of them: protect the directory as you protect the calls. -mask=false leaves them in.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"sync"
	"time"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/triplet"
	"gonum.org/v1/gonum/mat"
)

func main() { cli.Main(run) }

const usage = `[flags]

It fine-tunes the encoder on labelled calls, trains the predictor, evaluates it on a held-out quarter of the calls, and
writes models and results to the directory of -out. A run that was stopped resumes when it is started again.`

const (
	testShare = 0.25 // part of the calls that is held out
	fewest    = 6    // least number of calls of each outcome, to hold some out and still fine-tune in inner folds
)

// options are the flags.
type options struct {
	Data       string `json:"data"`
	Mask       bool   `json:"mask"`
	Model      string `json:"model"`
	Classifier string `json:"classifier_type"`
	Refit      bool   `json:"refit"`
	Seed       uint64 `json:"seed"`
	tuning
	calls cli.Calls
	out   string
}

func parse(env *cli.Env) (o *options, err error) {
	o = new(options)
	flags := flag.NewFlagSet("finetune", flag.ContinueOnError)
	flags.StringVar(&o.Data, "data", "", "`file` or directory of labelled calls; default: a sample of synthetic calls")
	o.calls.Flags(flags)
	flags.BoolVar(&o.Mask, "mask", true, "mask names, numbers and addresses in the words that are saved with the model and in the results")
	flags.StringVar(&o.Model, "model", "", "`directory` of a sentence-transformers model, or its name on the Hugging Face hub if it is in the cache; default: the built-in all-MiniLM-L6-v2")
	flags.StringVar(&o.Classifier, "classifier_type", "logistic", "`type` of the classifiers on generic embeddings, logistic or xgboost; the fine-tuned encoder always has a linear classifier")
	o.tuning.flags(flags)
	flags.BoolVar(&o.Refit, "refit", true, "after the evaluation on the held-out calls, fit the saved predictor on all calls")
	flags.Uint64Var(&o.Seed, "seed", 1, "seed of splits, triplets, dropout and maps")
	flags.StringVar(&o.out, "out", "out", "`directory` to write models and results to")
	if err := env.Parse(flags, usage); err != nil {
		return nil, err
	}
	_, known := fitters[o.Classifier]
	switch {
	case len(env.Args) > 0:
		return nil, cli.Usagef("unexpected argument %q: the calls are named by -data", env.Args[0])
	case !known:
		return nil, cli.Usagef("-classifier_type %q, want logistic or xgboost", o.Classifier)
	}
	return o, o.tuning.validate()
}

// fitters are the classifiers of turn vectors by their names on the command line; nil is the stack's own choice.
var fitters = map[string]classify.Fitter{
	"logistic": nil,
	"xgboost": func(ctx context.Context, x mat.Matrix, y []int, weight []float64) (classify.Classifier, error) {
		return classify.FitBoosted(ctx, x, y, &classify.BoostedOptions{LearningRate: 0.1, MaxDepth: 3, Weights: weight})
	},
}

func run(ctx context.Context, env *cli.Env) error {
	started := time.Now()
	o, err := parse(env)
	if err != nil {
		return err
	}
	out, err := openOutput(o.out)
	if err != nil {
		return err
	}
	course := &course{Progress: env.Progress()}
	p, r, err := work(ctx, env, o, out, course)
	if err == nil {
		err = out.write(p, r, &took{time.Since(started).Seconds(), course.Stages, r.resumed})
	}
	if err := out.end(ctx, env, err); err != nil {
		return err
	}
	env.Notef("time by stage: %v", course)
	r.next(env, out)
	r.print(env.Stdout)
	return nil
}

// work reads the calls, trains the predictor, and judges it on the calls held out.
func work(ctx context.Context, env *cli.Env, o *options, out *output, course *course) (*conversion.Predictor, *results, error) {
	d, err := read(ctx, env, o)
	if err != nil {
		return nil, nil, err
	}
	if err := out.begin(env, o, d); err != nil {
		return nil, nil, err
	}
	defer course.Close()
	begin := sync.OnceFunc(func() { d.Note(env, &o.calls) })
	p, report, err := train(ctx, d, o, out, func(stage string, done, total int) {
		begin()
		course.Show(stage, done, total)
	})
	if err != nil {
		return nil, nil, err
	}
	r, err := judge(ctx, d, p, report, o, course)
	if err != nil {
		return nil, nil, err
	}
	if o.Refit {
		if p, report, err = report.Refit(ctx); err != nil {
			return nil, nil, err
		}
		r.trained(report.Tuning)
		r.Heads = p.Info().Heads
	}
	course.end()
	course.Close()
	warn(env, report.Tuning)
	return p, r, nil
}

// train fits the predictor on the calls that are not held out.
func train(ctx context.Context, d *data, o *options, out *output, progress func(stage string, done, total int)) (*conversion.Predictor, *conversion.Report, error) {
	model, err := cli.Model(o.Model)
	if err != nil {
		return nil, nil, err
	}
	fit := conversion.Options{
		Model: model, ModelName: cli.ModelName(o.Model), Tune: o.tuning.options(), Head: fitters[o.Classifier], Groups: study.Pick(d.Groups, d.order()),
		Unmasked: !o.Mask, HeldOut: d.test(), Seed: o.Seed, Progress: progress,
	}
	if err := o.tuning.columns(&fit.Tune, d); err != nil {
		return nil, nil, err
	}
	fit.Tune.Checkpoints = &triplet.Checkpoints{Dir: out.checkpoints(), Every: everyStep}
	p, report, err := conversion.Fit(ctx, d.train(), &fit)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", cmp.Or(o.Model, d.Source), err)
	}
	return p, report, nil
}

// warn notes what went wrong in the fine-tuning without ending it.
func warn(env *cli.Env, t *conversion.Tuning) {
	for k, h := range t.Histories {
		for _, w := range h.Warnings {
			env.Notef("step %d of fine-tuning run %d: %s", w.Step, k+1, w.Text)
		}
		if h.Best == 0 {
			env.Notef("fine-tuning run %d changed nothing: the initial weights were the best", k+1)
		}
	}
}
