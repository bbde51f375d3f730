// Command compare asks, by cross-validation, which features and classifiers predict best which calls are won, and whether
// fine-tuning the encoder helps.
//
//	go run ./examples/compare [-data FILE] [-skip] [-model DIR] [-folds N] [-forward] [-epochs N] [-frozen]
//	    [-value V] [-seed N] [-html FILE] [-json FILE]
//
// FILE is a file or folder of calls in any of transcript's formats, such as JSON (an array, one object or JSON Lines; may
// be gzipped): transcript, label 0 or 1, metadata. A record that cannot be used ends the run, unless -skip is given. The
// default is a sample of synthetic calls. Calls of one agent stay in one fold, and everything that learns (tf-idf, encoder,
// classifiers, weights of the stack, thresholds) learns anew in each fold from the calls outside it. With -forward folds are
// periods, each predicted from the calls before it. In each fold the predictor is trained as finetune trains it, which tunes the
// encoder four times.
//
// Table, verdicts, what the scores are worth in use, and what metadata alone predict go to standard output, the
// same with charts of gain, profit, calibration and learning to a page that stands alone.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/encoder/minilm"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/internal/atomicfile"
)

func main() { cli.Main(run) }

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
	skip    bool
	html    string
	json    string
}

func parse(env *cli.Env) (o options, err error) {
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	flags.StringVar(&o.Data, "data", "", "`file` or folder of labelled calls: JSON, CSV, text, WebVTT, SRT; default: a sample of synthetic calls")
	flags.BoolVar(&o.skip, "skip", false, "name records that cannot be used and leave them out, rather than stop at the first")
	flags.StringVar(&o.Model, "model", "", "`folder` of a sentence-transformers model; default: the built-in all-MiniLM-L6-v2")
	flags.IntVar(&o.Folds, "folds", 5, "parts that the calls are cut into, each predicted from the others")
	flags.BoolVar(&o.Forward, "forward", false, "test on later calls than are trained on, by call_time, rather than on other agents")
	flags.IntVar(&o.Epochs, "epochs", 0, "how often each tuning goes through its calls; default: for 400 steps, 3 to 12 times")
	flags.BoolVar(&o.Frozen, "frozen", false, "don't tune the encoder, which takes most of the time")
	flags.Float64Var(&o.Value, "value", 0, "what a won call is `worth`, in costs of making a call; default: calling everyone breaks even")
	flags.Uint64Var(&o.Seed, "seed", 1, "seed of folds, tuning and resampling")
	flags.StringVar(&o.html, "html", "comparison.html", "page to write")
	flags.StringVar(&o.json, "json", "", "`file` to write every number to; default: none")
	if err := env.Parse(flags); err != nil {
		return o, err
	}
	switch {
	case len(env.Args) > 0:
		return o, cli.Usagef("unexpected argument %q: the calls are named by -data", env.Args[0])
	case o.Folds < 2:
		return o, cli.Usagef("-folds %d, want 2 or more", o.Folds)
	case o.Epochs < 0:
		return o, cli.Usagef("-epochs %d, want 0 or more", o.Epochs)
	case o.Value != 0 && !(o.Value > 1 && o.Value < math.MaxFloat32):
		return o, cli.Usagef("-value %v, want more than 1: what a won call is worth, where making a call costs 1", o.Value)
	}
	return o, nil
}

func run(ctx context.Context, env *cli.Env) error {
	o, err := parse(env)
	if err != nil {
		return err
	}
	d, err := study.Read(ctx, env, o.Data, o.skip)
	if err != nil {
		return err
	}
	r, err := compare(ctx, env, d, &o)
	if err != nil {
		return err
	}
	r.print(env.Stdout)
	page, err := r.page()
	if err != nil {
		return err
	}
	if err := atomicfile.WriteFile(o.html, page.Write); err != nil {
		return err
	}
	env.Notef("the page is %s", o.html)
	if o.json == "" {
		return nil
	}
	return atomicfile.WriteFile(o.json, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	})
}

// load reads the encoder anew: tuning changes its weights.
func load(o *options) (*encoder.Model, error) {
	if o.Model == "" {
		return encoder.Load(minilm.FS())
	}
	m, err := encoder.Load(os.DirFS(o.Model))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Model, err)
	}
	return m, nil
}
