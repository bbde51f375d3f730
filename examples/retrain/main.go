// Command retrain trains a new version of the predictor, compares it on later calls with the version that serves, and
// promotes it only if it is no worse. It can also go back to the version before.
//
//	go run ./examples/retrain -models DIR -log DSN -data FILE [-margin X] [-frozen] [-mask=false] [-seed N]
//	    [-columns NAMES] [-won WORDS] [-lost WORDS] [-roles NAMES] [-skip] [-rejected FILE]
//	go run ./examples/retrain -models DIR -log DSN -rollback
//
// DIR is what finetune wrote to and serve reads. FILE has all calls, old and new, in any format that examples/inspect reads,
// each with its time. Their labels come from FILE, or from the store where it has an outcome.
//
// # Decision
//
// The latest quarter of the calls is held out. The candidate is trained on all earlier ones, and is no worse if its log
// loss on the held-out calls exceeds the serving version's by less than -margin, 0.02 by default, with 95% confidence: the
// upper end of the one-sided interval, by a paired bootstrap over agents if calls name them. This is a non-inferiority
// test: a candidate that is as good is promoted, as it was trained on newer calls. Held-out calls that the serving version
// was trained on are left out, as far as the journal has them: a version by finetune may have been trained on some, which
// makes it look better than it is; a note says so. A version that was rolled back is not promoted again.
//
// # Versions
//
//	DIR/models              the version that serves
//	DIR/versions/VERSION    all versions, for rollbacks; remove those that are not needed
//	DIR/retrain-checkpoints the state of training until a run has ended; the same command resumes it
//
// DIR/models is exchanged atomically, and only when everything is written and read back: a run that is killed at any
// moment leaves the old version or the new one, whole. serve notices the new one by itself. A run locks DIR.
//
// # Journal
//
// Each decision is a row of the table decisions of the store, with its reason and figures: promote, keep, rollback, or
// interrupted if a run was killed between its decision and the exchange. A decision to promote is written before the
// exchange. The decision is also written to standard output as a line of JSON. The exit status is 0 whether the
// candidate is promoted or not.
package main

import (
	"context"
	"flag"

	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/store"
	"github.com/org/salesconv/internal/atomicfile"
)

func main() { cli.Main(run) }

const usage = `-models DIR -log DSN -data FILE [flags]
       retrain -models DIR -log DSN -rollback

It trains a predictor on all calls but the latest quarter, and replaces the one that serves, DIR/models, if the new one predicts the latest
quarter no worse. With -rollback the version that served before serves again.`

// options are the flags.
type options struct {
	models, log, data string
	margin            float64
	frozen, mask      bool
	seed              uint64
	rollback          bool
	calls             cli.Calls
}

func parse(env *cli.Env) (*options, error) {
	o := &options{margin: 0.02}
	flags := flag.NewFlagSet("retrain", flag.ContinueOnError)
	flags.StringVar(&o.models, "models", "", "`directory` that finetune wrote, whose models serve (required)")
	store.Flag(flags, &o.log)
	flags.StringVar(&o.data, "data", "", "`file` or directory of all calls, old and new")
	flags.Func("margin", "`difference` in log loss that the candidate must stay below; default 0.02", cli.Positive(&o.margin))
	flags.BoolVar(&o.frozen, "frozen", false, "do not fine-tune the encoder: seconds instead of minutes")
	flags.BoolVar(&o.mask, "mask", true, "mask names, numbers and addresses in the words that are saved with the model")
	flags.Uint64Var(&o.seed, "seed", 1, "seed of training and of the comparison")
	flags.BoolVar(&o.rollback, "rollback", false, "go back to the version that served before")
	o.calls.Flags(flags)
	if err := env.Parse(flags, usage); err != nil {
		return nil, err
	}
	if err := store.Validate(o.log); err != nil {
		return nil, cli.Usagef("-log: %v", err)
	}
	switch {
	case len(env.Args) > 0:
		return nil, cli.Usagef("unexpected argument %q: calls are named by -data", env.Args[0])
	case o.models == "":
		return nil, cli.Usagef("-models is missing: name the directory that finetune wrote")
	case o.data == "" && !o.rollback:
		return nil, cli.Usagef("-data is missing: name the calls to train on, old and new")
	case o.data != "" && o.rollback:
		return nil, cli.Usagef("-rollback trains nothing: leave -data out")
	}
	return o, nil
}

func run(ctx context.Context, env *cli.Env) error {
	o, err := parse(env)
	if err != nil {
		return err
	}
	v, err := openVersions(o.models)
	if err != nil {
		return err
	}
	unlock, err := atomicfile.Lock(o.models)
	if err != nil {
		return err
	}
	defer unlock()
	if err := v.clean(); err != nil {
		return err
	}
	s, err := store.Open(ctx, o.log)
	if err != nil {
		return err
	}
	defer s.Close()
	j, err := openJournal(ctx, s, v)
	if err != nil {
		return err
	}
	if o.rollback {
		return rollback(ctx, env, v, j)
	}
	return retrain(ctx, env, o, v, j)
}
