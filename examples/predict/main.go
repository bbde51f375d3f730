// Command predict gives calls the probability that they are won, by a predictor that finetune trained.
//
//	go run ./examples/predict -models DIR [-by-turn] [-csv] [-html FILE] [-keep KEYS] [-columns NAMES] [-won WORDS] [-lost WORDS]
//	    [-roles NAMES] [-mask] [-skip] [-rejected FILE] [FILE]
//
// DIR is the directory that finetune wrote to. FILE is a file or directory of calls in any format that examples/inspect reads;
// by default calls are read from standard input. Labels are ignored. For each call it writes a line to standard output, in
// their order, at constant memory:
//
//	{"id":…,"probability":…,"log_odds":…,"won":…,"warnings":[…],"metadata":{…},"model":…,"time":…}
//
// Probabilities and log odds are rounded to six significant digits. Won reports whether the probability reaches the predictor's
// threshold. Warnings are reasons to distrust the probability: see package conversion. Metadata has the keys that -keep names.
// Model is the predictor's version, and time is when the command started. With -by-turn a line also has "by_turn", the
// probability of the call in progress after each turn, and after the last turn the probability of the whole call. With -csv the
// output is a table with the same columns, in which text of a call that starts with = + - or @, which spreadsheets would take for
// a formula, is preceded by an apostrophe.
//
// With -html it also writes a self-contained page, for which it keeps all calls in memory: a list of calls to follow up, the
// most likely to be won first, with the turns in favour and against, which can be sorted, filtered and saved as CSV; the
// agents; and each call marked up.
//
// Everything before a record that cannot be used is written. Such a record ends the command, unless -skip or -rejected
// is given.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/followup"
	"github.com/org/salesconv/transcript"
)

func main() { cli.Main(run) }

const usage = `-models DIR [flags] [FILE]

It writes the probability that each call is won, a line of JSON for each. FILE is a file or directory of calls in any format
that inspect reads; without it calls are read from standard input. Numbers have six significant digits.`

// batchCalls is how many calls are read before they are predicted together.
const batchCalls = 64

// options are the flags.
type options struct {
	models string
	byTurn bool
	csv    bool
	html   string
	keep   []string
	calls  cli.Calls
	file   string
}

func parse(env *cli.Env) (o *options, err error) {
	o = new(options)
	flags := flag.NewFlagSet("predict", flag.ContinueOnError)
	flags.StringVar(&o.models, "models", "", "`directory` that finetune wrote (required)")
	flags.BoolVar(&o.byTurn, "by-turn", false, "also the probability after each turn")
	flags.BoolVar(&o.csv, "csv", false, "write a table (CSV) instead of lines of JSON")
	flags.StringVar(&o.html, "html", "", "`file` to write a page to, with a list of the calls to follow up and the reasons")
	keep := flags.String("keep", "", "comma-separated metadata `keys` to write with each prediction, such as agent_id,industry")
	o.calls.Unlabelled = true
	o.calls.Flags(flags)
	o.calls.MaskFlag(flags)
	if err := env.Parse(flags, usage); err != nil {
		return nil, err
	}
	if o.models == "" {
		return nil, cli.Usagef("-models is missing: name the directory that finetune wrote")
	}
	o.keep = cli.Keys(*keep)
	o.calls.Writes("-html", o.html)
	o.file, err = env.File()
	return o, err
}

func run(ctx context.Context, env *cli.Env) error {
	o, err := parse(env)
	if err != nil {
		return err
	}
	p, err := conversion.Load(os.DirFS(o.models))
	if err != nil {
		return fmt.Errorf("%s: %w", o.models, err)
	}
	out := bufio.NewWriter(env.Stdout)
	w, err := newWriter(o, p.Version(), time.Now(), out)
	if err != nil {
		return err
	}
	b := &batch{predictor: p, options: o, progress: env.Progress(), write: w, page: followup.Page{Info: p.Info(), Keep: o.keep}}
	defer b.progress.Close()
	if err := errors.Join(b.all(ctx, env), out.Flush()); err != nil {
		return err
	}
	if o.html != "" {
		if err := b.page.Write(o.html); err != nil {
			return err
		}
	}
	b.progress.Close()
	for _, key := range o.keep {
		if !b.write.found[key] {
			env.Notef("no call has %q in its metadata, which -keep names", key)
		}
	}
	return nil
}

// batch predicts calls, some at a time.
type batch struct {
	*options
	predictor *conversion.Predictor
	progress  *cli.Progress
	write     *writer
	page      followup.Page

	waiting []transcript.Call
	done    int
}

// all predicts the calls of the command, those before an error in any case.
func (b *batch) all(ctx context.Context, env *cli.Env) error {
	for call, err := range b.calls.Read(ctx, env, b.file) {
		if err != nil {
			return errors.Join(b.flush(ctx), err)
		}
		if b.waiting = append(b.waiting, call); len(b.waiting) < batchCalls {
			continue
		}
		if err := b.flush(ctx); err != nil {
			return err
		}
	}
	return b.flush(ctx)
}

// flush predicts and writes the calls read so far.
func (b *batch) flush(ctx context.Context) error {
	predictions, err := b.predictor.Predict(ctx, b.waiting, &conversion.PredictOptions{ByTurn: b.byTurn || b.html != ""})
	if err != nil {
		return err
	}
	for i, p := range predictions {
		if b.html != "" {
			e, err := b.predictor.Explain(ctx, b.waiting[i], &conversion.ExplainOptions{Words: -1})
			if err != nil {
				return fmt.Errorf("call %q: %w", p.ID, err)
			}
			b.page.Add(b.waiting[i], e, p.ByTurn)
		}
		if !b.byTurn {
			p.ByTurn = nil
		}
		if err := b.write.line(p, b.waiting[i].Metadata); err != nil {
			return err
		}
	}
	b.done += len(b.waiting)
	b.waiting = b.waiting[:0]
	b.progress.Show("calls", b.done, -1)
	return nil
}
