// Command compare asks, by cross-validation, which features and classifiers predict best which calls are won, and whether
// fine-tuning the encoder helps.
//
//	go run ./examples/compare [-data FILE] [-model DIR] [-folds N] [-epochs N] [-seed N] [-html FILE] [-json FILE]
//
// FILE holds calls as JSON (an array, one object or JSON Lines; may be gzipped): transcript, label 0 or 1, metadata. The
// default is a sample of synthetic calls. Calls of one agent stay in one fold, and everything that learns (tf-idf, encoder,
// classifiers, weights of the stack) learns anew in each fold from the calls outside it. The table and the verdicts
// go to standard output, the same with charts to a page that stands alone.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/encoder/minilm"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/internal/atomicfile"
	"github.com/org/salesconv/internal/cli"
)

func main() { cli.Main(run) }

// options are the flags.
type options struct {
	Data   string `json:"data"`
	Model  string `json:"model"`
	Folds  int    `json:"folds"`
	Epochs int    `json:"epochs"`
	Seed   uint64 `json:"seed"`
	html   string
	json   string
}

func parse(env *cli.Env) (o options, err error) {
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	flags.StringVar(&o.Data, "data", "", "`file` of labelled calls as JSON; default: a sample of synthetic calls")
	flags.StringVar(&o.Model, "model", "", "`folder` of a sentence-transformers model; default: the built-in all-MiniLM-L6-v2")
	flags.IntVar(&o.Folds, "folds", 5, "parts that the calls are cut into, each predicted from the others")
	flags.IntVar(&o.Epochs, "epochs", 1, "how often each tuning goes through its calls; 0: don't tune")
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
	}
	return o, nil
}

func run(ctx context.Context, env *cli.Env) error {
	o, err := parse(env)
	if err != nil {
		return err
	}
	d, err := study.Read(o.Data)
	if err != nil {
		return err
	}
	if d.Unknown > 0 {
		env.Notef("%d of %d calls have no label and are left out", d.Unknown, len(d.Calls)+d.Unknown)
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
