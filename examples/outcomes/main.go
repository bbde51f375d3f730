// Command outcomes adds the outcomes of calls to the store of predictions, as they become known.
//
//	go run ./examples/outcomes -log DSN [-time COLUMN] [-keep KEYS] [-columns NAMES] [-won WORDS] [-lost WORDS]
//	    [-roles NAMES] [-skip] [-rejected FILE] [FILE]
//
// DSN is the store that serve writes to: an SQLite file, or postgres://… FILE is any table with the ID of a call and a label
// in each row: CSV, TSV, Parquet or JSON, also a directory of them, or the calls themselves with their labels. By default
// outcomes are read from standard input as JSON, {"id":…,"label":…}. IDs and labels are recognised as in the calls that
// finetune reads; -columns, -won and -lost name unusual ones. A file is added as a whole or, after an error, not at all.
//
// # Late, double and contradictory outcomes
//
// An outcome applies to the predictions of its call, whichever arrives first, and however late. All records are kept
// except repetitions: the same label of the same call at the same time. Of contradicting records the one with the latest
// time applies, and of equal times the one that was added last. The time is read from the column that -time names;
// without -time it is the time of the run, and a record with the outcome that applies already is a repetition. Records
// without a label are left out. A line of JSON on standard output counts all of these:
//
//	{"new":…,"repeated":…,"contradicted":…,"unpredicted":…,"without_label":…}
//
// Unpredicted counts calls without a prediction so far: more than a few mean that the IDs differ from those that serve
// received. With -keep the store also has these metadata of the calls, which watch -by uses for segments.
package main

import (
	"context"
	"flag"
	"time"

	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/store"
	"github.com/org/salesconv/transcript"
)

func main() { cli.Main(run) }

const usage = `-log DSN [flags] [FILE]

It takes what became of calls, a label for each ID, into the store of predictions. FILE is a table (CSV, TSV, Parquet, JSON) or a
directory of them; without it outcomes are read from standard input, as JSON. Of records of a call that contradict each other the latest
applies.`

// options are the flags.
type options struct {
	log   string
	time  string
	keep  []string
	calls cli.Calls
	file  string
}

func parse(env *cli.Env) (o *options, err error) {
	o = &options{calls: cli.Calls{Outcomes: true}}
	flags := flag.NewFlagSet("outcomes", flag.ContinueOnError)
	store.Flag(flags, &o.log)
	flags.StringVar(&o.time, "time", "", "`column` or key with the time at which each outcome became known; default: now")
	keep := flags.String("keep", "", "comma-separated metadata `keys` to keep in the store, such as industry,agent_id")
	o.calls.Flags(flags)
	if err := env.Parse(flags, usage); err != nil {
		return nil, err
	}
	if err := store.Validate(o.log); err != nil {
		return nil, cli.Usagef("-log: %v", err)
	}
	if o.time != "" {
		o.calls.Column(o.time, "call_time")
	}
	o.keep = cli.Keys(*keep)
	o.calls.Accept = o.accept
	o.file, err = env.File()
	return o, err
}

// counts is what the command writes.
type counts struct {
	store.Added
	WithoutLabel int `json:"without_label"`
}

func run(ctx context.Context, env *cli.Env) error {
	o, err := parse(env)
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, o.log)
	if err != nil {
		return err
	}
	defer s.Close()
	var outcomes []store.Outcome
	var n counts
	for call, err := range o.calls.Read(ctx, env, o.file) {
		if err != nil {
			return err
		}
		if call.Outcome == transcript.Unknown {
			n.WithoutLabel++
			continue
		}
		outcomes = append(outcomes, o.outcome(call))
	}
	if n.Added, err = s.AddOutcomes(ctx, outcomes, time.Now()); err != nil {
		return err
	}
	return cli.WriteJSON(env.Stdout, n)
}
