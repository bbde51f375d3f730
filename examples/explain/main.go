// Command explain explains the probabilities that the predictor gives calls: what each turn adds to the log-odds of a
// won call, what the words of the most influential turns add to the turn's part, and which phrases move all calls.
//
//	go run ./examples/explain -models DIR [-csv] [-html FILE] [-phrases FILE] [-by KEY] [-words N] [-seed N] [-columns NAMES]
//	    [-won WORDS] [-lost WORDS] [-roles NAMES] [-mask] [-skip] [-rejected FILE] [FILE]
//
// DIR is the directory that finetune wrote to. FILE is a file or directory of calls in any format that examples/inspect reads;
// by default calls are read from standard input. Labels are ignored. For each call it writes a line
//
//	{"id":…,"probability":…,"log_odds":…,"warnings":[…],"base":…,"turns":[{"speaker":…,"text":…,"start":…,"end":…,
//	    "contribution":…,"words":[{"text":…,"start":…,"end":…,"contribution":…},…]},…],"features":[{"key":…,
//	    "contribution":…},…],"model":…,"time":…}
//
// to standard output, in their order. Base and the contributions of all turns add up to the log-odds, and so do base and
// the contributions of all blocks of features. The contributions of the words of a turn add up to what the log-odds lose
// when the turn's words are masked; where they are sampled, error is the standard error. Start and end are bytes of the
// transcript. Warnings are reasons to distrust the probability, model is the predictor's version, and time is when the
// command started.
//
// With -csv the output is a table instead, with a row for each turn: the call's id and probability, the number of the turn, the
// speaker, the turn's contribution in percentage points (which add up to the difference from the average call) and in log-odds,
// and the text. A call in which nobody says a word has one row without a turn.
//
// With -html it also writes a self-contained page: the calls by their probability with the turns in favour and against, which
// can be sorted, filtered and saved as CSV, the agents, and each call marked up, in points of probability. With -phrases it
// writes which phrases and blocks of features move the log-odds of all calls, with 95% intervals, among the won and the lost
// calls, and for each value of the metadata key that -by names: as JSON, or as a page if the file's name ends in .html. Both
// keep all calls in memory.
//
// Everything before a record that cannot be used is written. Such a record ends the command, unless -skip or -rejected
// is given.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/followup"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/transcript"
)

func main() { cli.Main(run) }

const usage = `-models DIR [flags] [FILE]

It writes what each turn of a call, and each word of the most influential turns, adds to the log-odds of a won call, a line of
JSON for each call; -html shows it. FILE is a file or directory of calls in any format that inspect reads; without it calls are
read from standard input.`

// options are the flags.
type options struct {
	models, html, phrases, by, file string
	words                           int
	seed                            uint64
	csv                             bool
	calls                           cli.Calls
}

func parse(env *cli.Env) (o *options, err error) {
	o = new(options)
	flags := flag.NewFlagSet("explain", flag.ContinueOnError)
	flags.StringVar(&o.models, "models", "", "`directory` that finetune wrote (required)")
	flags.BoolVar(&o.csv, "csv", false, "write a table (CSV), a row for each turn, instead of lines of JSON")
	flags.StringVar(&o.html, "html", "", "`file` to write a page to, with a list of the calls and each call marked up")
	flags.StringVar(&o.phrases, "phrases", "", "`file` to write the phrases and features that move all calls to: JSON, or a page if it ends in .html")
	flags.StringVar(&o.by, "by", "", "metadata `key` whose values -phrases compares (default agent_id, if calls have it)")
	flags.IntVar(&o.words, "words", 3, "`number` of the most influential turns of a call whose words are explained; 0: none")
	flags.Uint64Var(&o.seed, "seed", 1, "seed of what is sampled")
	o.calls.Flags(flags)
	o.calls.MaskFlag(flags)
	if err := env.Parse(flags, usage); err != nil {
		return nil, err
	}
	switch {
	case o.models == "":
		return nil, cli.Usagef("-models is missing: name the directory that finetune wrote")
	case o.words < 0:
		return nil, cli.Usagef("-words %d, want 0 or more", o.words)
	case o.by != "" && o.phrases == "":
		return nil, cli.Usagef("-by is for -phrases: name the file to write to")
	}
	o.calls.Unlabelled = o.phrases == "" // which compares the calls that were won with those that were lost
	o.calls.Writes("-html", o.html)
	o.calls.Writes("-phrases", o.phrases)
	o.file, err = env.File()
	return o, err
}

// line is what is written for a call.
type line struct {
	*conversion.Explanation
	Model string `json:"model"`
	Time  string `json:"time"`
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
	x := &explainer{options: o, predictor: p, time: time.Now().UTC().Format(time.RFC3339), page: followup.Page{Info: p.Info()}}
	if o.csv {
		x.table = cli.NewTable(env.Stdout)
		if err := x.table.Row("id", "probability", "turn", "speaker", "points", "log_odds", "text"); err != nil {
			return err
		}
	}
	for call, err := range o.calls.Read(ctx, env, o.file) {
		if err == nil {
			err = x.explain(ctx, env, call)
		}
		if err != nil {
			return errors.Join(err, x.write())
		}
	}
	if x.long > 0 {
		env.Notef("%d turns are too long for their words to be explained", x.long)
	}
	return errors.Join(x.writePhrases(ctx), x.write())
}

// explainer explains calls one by one.
type explainer struct {
	*options
	predictor *conversion.Predictor
	time      string
	page      followup.Page
	table     *cli.Table        // nil: JSON
	long      int               // turns whose words are not explained
	all       []transcript.Call // for -phrases
}

func (x *explainer) explain(ctx context.Context, env *cli.Env, call transcript.Call) error {
	if x.phrases != "" {
		x.all = append(x.all, call)
	}
	words := x.words
	if words == 0 {
		words = -1 // none
	}
	e, err := x.predictor.Explain(ctx, call, &conversion.ExplainOptions{Words: words, Seed: x.seed})
	if err != nil {
		return fmt.Errorf("call %q: %w", call.ID, err)
	}
	if e.Turns == nil { // nobody says a word
		e.Turns, e.Features = []conversion.TurnShare{}, []conversion.FeatureShare{}
	}
	x.long += e.Long
	if err := x.line(env, e); err != nil || x.html == "" {
		return err
	}
	now, err := x.predictor.Predict(ctx, []transcript.Call{call}, &conversion.PredictOptions{ByTurn: true})
	if err != nil {
		return err
	}
	x.page.Add(call, e, now[0].ByTurn)
	return nil
}

// line writes what explains a call: a line of JSON, or the rows of a table.
func (x *explainer) line(env *cli.Env, e *conversion.Explanation) error {
	if x.table == nil {
		return cli.WriteJSON(env.Stdout, line{e, x.predictor.Version(), x.time})
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	call := []string{cli.Cell(e.ID), number(e.Probability)}
	if len(e.Turns) == 0 {
		return x.table.Row(append(call, "", "", "", "", "")...)
	}
	points := 100 * study.Slope(e)
	for k, u := range e.Turns {
		if err := x.table.Row(append(call, strconv.Itoa(k+1), cli.Cell(u.Speaker), number(points*u.Contribution), number(u.Contribution), cli.Cell(u.Text))...); err != nil {
			return err
		}
	}
	return nil
}

// write writes the page, if one was asked for.
func (x *explainer) write() error {
	if x.html == "" {
		return nil
	}
	return x.page.Write(x.html)
}
