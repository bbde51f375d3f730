// Command explain tells why the predictor gives calls the probabilities it does: what each turn adds to the log-odds of
// a won call, and what the words of the most telling turns add to theirs.
//
//	go run ./examples/explain -models DIR [-html FILE] [-words N] [-seed N] [FILE]
//
// DIR is the folder models that finetune wrote, or the one above it. FILE is a file or folder of calls in any of
// transcript's formats; by default calls are read from standard input as JSON, an array, one object or JSON Lines. Labels
// are not looked at. For each call it writes a line
//
//	{"id":…,"probability":…,"log_odds":…,"base":…,"turns":[{"speaker":…,"text":…,"start":…,"end":…,"contribution":…,
//	    "words":[{"text":…,"start":…,"end":…,"contribution":…,"error":…},…]},…]}
//
// to standard output, in their order. Base and the contributions of all turns add up to the log-odds. Those of the
// words of a turn add up to what the log-odds lose when the turn falls silent; they are sampled, and error is the
// standard error. Start and end are bytes of the transcript. With -html it also writes a page that stands alone, with
// the calls marked up.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
)

func main() { cli.Main(run) }

func run(ctx context.Context, env *cli.Env) error {
	flags := flag.NewFlagSet("explain", flag.ContinueOnError)
	models := flags.String("models", "", "`folder` that finetune wrote (required)")
	html := flags.String("html", "", "`file` to write a page with the calls marked up to")
	words := flags.Int("words", 3, "explain the words of this many of a call's most telling turns")
	seed := flags.Uint64("seed", 1, "seed of what is sampled")
	if err := env.Parse(flags); err != nil {
		return err
	}
	switch {
	case *models == "":
		return cli.Usagef("-models is missing: name the folder that finetune wrote")
	case *words < 0:
		return cli.Usagef("-words %d, want 0 or more", *words)
	}
	p, err := conversion.Load(os.DirFS(*models))
	if err != nil {
		return fmt.Errorf("%s: %w", *models, err)
	}
	o := &conversion.ExplainOptions{Words: *words, Seed: *seed}
	if o.Words == 0 {
		o.Words = -1
	}
	page, long := &page{}, 0
	out := json.NewEncoder(env.Stdout)
	out.SetEscapeHTML(false)
	for call, err := range env.Calls(ctx) {
		if err != nil {
			return err
		}
		e, err := p.Explain(ctx, call, o)
		if err != nil {
			return fmt.Errorf("call %q: %w", call.ID, err)
		}
		long += e.Long
		if err := out.Encode(e); err != nil {
			return err
		}
		if *html != "" {
			if err := page.add(ctx, p, call, e); err != nil {
				return err
			}
		}
	}
	if long > 0 {
		env.Notef("%d turns are too long for their words to be explained", long)
	}
	if *html == "" {
		return nil
	}
	return page.write(*html)
}
