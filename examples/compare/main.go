// Command compare evaluates by cross-validation which features and classifiers predict won calls best, and whether
// fine-tuning the encoder helps.
//
//	go run ./examples/compare [-data FILE] [-columns NAMES] [-won WORDS] [-lost WORDS] [-roles NAMES] [-skip] [-rejected FILE]
//	    [-mask=false] [-model DIR] [-folds N] [-forward] [-epochs N] [-frozen] [-value V] [-seed N] [-html FILE] [-json FILE]
//
// FILE is a file or directory of calls in any format that examples/inspect reads, such as JSON (an array, one object or
// JSON Lines; may be gzipped): transcript, label 0 or 1, metadata. A record that cannot be used ends the run, unless
// -skip or -rejected is given. The default is a sample of synthetic calls. Calls of one agent stay in one fold, where four
// agents or more are named, and everything trainable (tf-idf, encoder, classifiers, weights of the stack, thresholds) is
// trained again in each fold on the calls outside it. With -forward folds are periods, each predicted from the calls
// before it. In each fold the predictor is trained as finetune trains it, which takes three fine-tuning runs.
//
// Scores, verdicts, results of calling by score, and what metadata alone predict are written to standard output,
// and with charts of gain, profit, calibration and learning curves to a self-contained page.
package main

import (
	"context"
	"flag"
	"math"

	"github.com/org/salesconv/examples/cli"
)

func main() { cli.Main(run) }

const usage = `[flags]

It asks, by cross-validation on labelled calls, which features and classifiers predict best which calls are won, and whether
fine-tuning the encoder helps. Tables go to standard output, the same with charts to a page, -html.`

// options are the flags.
type options struct {
	Data    string  `json:"data"`
	Model   string  `json:"model"`
	Folds   int     `json:"folds"`
	Forward bool    `json:"forward"`
	Epochs  int     `json:"epochs"`
	Frozen  bool    `json:"frozen"`
	Value   float64 `json:"value"`
	Seed    uint64  `json:"seed"`
	Mask    bool    `json:"mask"`

	calls      cli.Calls
	html, json string
}

func parse(env *cli.Env) (o *options, err error) {
	o = new(options)
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	flags.StringVar(&o.Data, "data", "", "`file` or directory of labelled calls; default: a sample of synthetic calls")
	o.calls.Flags(flags)
	flags.BoolVar(&o.Mask, "mask", true, "mask names, numbers and addresses in what tf-idf reads, as finetune does")
	flags.StringVar(&o.Model, "model", "", "`directory` of a sentence-transformers model, or its name on the Hugging Face hub if it is in the cache; default: the built-in all-MiniLM-L6-v2")
	flags.IntVar(&o.Folds, "folds", 5, "number of folds of the calls, each predicted by training on the others")
	flags.BoolVar(&o.Forward, "forward", false, "test on later calls than are trained on, by call_time, rather than on other agents")
	flags.Func("epochs", "number `N` of epochs of each fine-tuning run; default: as many as take 200 steps, but 3 to 12", cli.Positive(&o.Epochs))
	flags.BoolVar(&o.Frozen, "frozen", false, "do not fine-tune the encoder, which takes most of the time")
	flags.Func("value", "what a won call is `worth`, in costs of making a call; default: the value at which calling everyone breaks even", cli.Positive(&o.Value))
	flags.Uint64Var(&o.Seed, "seed", 1, "seed of folds, fine-tuning and resampling")
	flags.StringVar(&o.html, "html", "comparison.html", "`file` to write the page to")
	flags.StringVar(&o.json, "json", "", "`file` to write every number to; default: none")
	if err := env.Parse(flags, usage); err != nil {
		return nil, err
	}
	switch {
	case len(env.Args) > 0:
		return nil, cli.Usagef("unexpected argument %q: the calls are named by -data", env.Args[0])
	case o.Folds < 2:
		return nil, cli.Usagef("-folds %d, want 2 or more", o.Folds)
	case o.Value != 0 && !(o.Value > 1 && o.Value < math.MaxFloat32):
		return nil, cli.Usagef("-value %v, want more than 1: what a won call is worth, where making a call costs 1", o.Value)
	}
	o.calls.Writes("-html", o.html)
	o.calls.Writes("-json", o.json)
	return o, nil
}

func run(ctx context.Context, env *cli.Env) error {
	o, err := parse(env)
	if err != nil {
		return err
	}
	r, err := compare(ctx, env, o)
	if err != nil {
		return err
	}
	r.print(env.Stdout)
	if err := r.write(o.html, o.json); err != nil {
		return err
	}
	env.Notef("the page to open: %s", o.html)
	return nil
}
