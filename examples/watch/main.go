// Command watch compares recent predictions and outcomes in the store, which serve and outcomes wrote, with a
// reference period, and evaluates experiments with variants.
//
//	go run ./examples/watch -log DSN [-until TIME] [-recent DAYS] [-reference DAYS] [-from TIME] [-alpha P] [-by KEYS]
//	    [-data FILE] [-columns NAMES] [-won WORDS] [-lost WORDS] [-roles NAMES] [-skip] [-rejected FILE] [-ab WEIGHTS]
//	    [-html FILE] [-metrics FILE]
//
// By default the week up to now is compared with the four weeks before it; -until, -recent, -reference and -from choose
// other periods. A call counts once in a period, with its last prediction. It tests
//
//	log_odds, turns, words       the distribution of each (Kolmogorov–Smirnov)
//	no_words … unlike_training   the share of calls with each warning (Fisher)
//	unknown_words, embeddings    with -data: the share of words that do not occur in the reference calls
//	                             (Kolmogorov–Smirnov), and the embeddings of the calls (maximum mean discrepancy)
//	won, calibration, roc_auc    for calls with a known outcome: the share won, outcomes minus probabilities, and the ranking
//	                             of calls (Fisher, Welch, DeLong)
//
// Log-odds, calibration and ROC AUC are of the version that predicted most of the recent calls, and left out if it
// predicted no reference calls. For the recent calls with a known outcome a table has calibration and ROC AUC with 95%
// intervals, for all calls and for the segments by the metadata keys that -by names; outcomes -keep writes these metadata
// to the store.
//
// # Alarms
//
// An alarm is a test whose p value, adjusted for the number of tests (Holm), is -alpha or less, 0.01 by default, and whose
// statistic is large enough to matter: a distance of 0.1 between distributions, two percentage points of the calls, or 0.02
// of ROC AUC. If nothing changes, at most one report in a hundred has an alarm. The exit status is 0 without an alarm and 3
// with one; 1 is an error, 2 a wrong flag. Compare whole weeks, as days of the week differ. If outcomes of won calls become
// known sooner, the last days look better than they are: to watch outcomes, choose -until so that most are known.
//
// # Experiments
//
// -ab names the variants of an experiment and their weights, such as control=1,v2=1. Predictions have the name of their
// variant, as serve -variant writes it. Or variants are versions of the predictor, named by a prefix: two services then serve
// a directory each and write to one store, and their client assigns calls to them by a stable hash of the customer or the
// call (sequential.Assign). The command reports, for each variant after the first, the differences in the share won and in
// log loss, with 95% intervals and p values that stay valid however often they are computed (package sequential). It reads
// all predictions of the variants, in the order in which the outcomes of their calls became known. A sample ratio mismatch,
// that is shares of calls that contradict the weights, is an alarm too.
//
// # Output
//
// The output is a table on standard output, with -html also a page that shows what changed in words and a chart, and
// with -metrics a text file for the textfile collector of Prometheus's node exporter.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/store"
)

func main() { cli.Main(run) }

const usage = `-log DSN [flags]

It compares the predictions of the last week, and the outcomes known of them, with the four weeks before, and ends with status
3 if something changed. With -ab it reports the variants of an experiment too.`

// options are the flags.
type options struct {
	log             string
	until, from     time.Time
	days, reference int // lengths of both periods
	alpha           float64
	by              []string
	data            string
	calls           cli.Calls
	variants        []variant
	html, metrics   string
	now             time.Time
}

func parse(env *cli.Env) (o *options, err error) {
	o = &options{days: 7, reference: 28, alpha: 0.01, now: time.Now()}
	flags := flag.NewFlagSet("watch", flag.ContinueOnError)
	store.Flag(flags, &o.log)
	flags.Func("until", "end of the recent period, a `time` such as 2026-03-09 or 2026-03-09T12:00:00Z; default now", moment(&o.until))
	flags.Func("recent", "length of the recent period in `days`; default 7", cli.Positive(&o.days))
	flags.Func("reference", "length of the reference period in `days`; default 28", cli.Positive(&o.reference))
	flags.Func("from", "start of the reference period, a `time`; default: so that it ends when the recent period begins", moment(&o.from))
	flags.Func("alpha", "`probability` of a false alarm in a report; default 0.01", cli.Positive(&o.alpha))
	by := flags.String("by", "", "comma-separated metadata `keys` by which outcomes are split into segments, such as industry")
	flags.StringVar(&o.data, "data", "", "`file` or directory of the calls of both periods, with the IDs of their predictions: also tests what is said in them")
	o.calls.Flags(flags)
	flags.Func("ab", "variants of an experiment and their `weights`, the one to compare with first, such as control=1,v2=1", variants(&o.variants))
	flags.StringVar(&o.html, "html", "", "write the report as a page to this `file`")
	flags.StringVar(&o.metrics, "metrics", "", "write metrics for Prometheus's textfile collector to this `file`, whose name ends in .prom")
	if err := env.Parse(flags, usage); err != nil {
		return nil, err
	}
	if err := store.Validate(o.log); err != nil {
		return nil, cli.Usagef("-log: %v", err)
	}
	switch {
	case len(env.Args) > 0:
		return nil, cli.Usagef("unexpected argument %q: the store is named by -log, calls by -data", env.Args[0])
	case o.alpha >= 1:
		return nil, cli.Usagef("-alpha %v, want less than 1", o.alpha)
	}
	o.by = cli.Keys(*by)
	if o.until.IsZero() {
		o.until = o.now
	}
	if o.from.IsZero() {
		o.from = o.begin().AddDate(0, 0, -o.reference)
	}
	if o.end().After(o.begin()) {
		return nil, cli.Usagef("the reference period ends at %s, after the recent one begins at %s", when(o.end()), when(o.begin()))
	}
	return o, nil
}

// begin is the start of the recent period, end the end of the reference period.
func (o *options) begin() time.Time { return o.until.AddDate(0, 0, -o.days) }
func (o *options) end() time.Time   { return o.from.AddDate(0, 0, o.reference) }

func moment(t *time.Time) func(string) error {
	return func(text string) (err error) {
		for _, layout := range []string{time.DateOnly, time.RFC3339} {
			if *t, err = time.Parse(layout, text); err == nil {
				return nil
			}
		}
		return fmt.Errorf("want a day such as 2026-03-09, or a time such as 2026-03-09T12:00:00Z")
	}
}

func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// variant is one of an experiment.
type variant struct {
	name   string
	weight float64
}

func variants(to *[]variant) func(string) error {
	return func(list string) error {
		for _, pair := range cli.Keys(list) {
			name, text, _ := strings.Cut(pair, "=")
			weight, err := strconv.ParseFloat(text, 64)
			if err != nil || !(weight > 0) || name == "" {
				return fmt.Errorf("%q is not of the form name=weight, with a weight above 0", pair)
			}
			*to = append(*to, variant{name, weight})
		}
		if len(*to) < 2 {
			return fmt.Errorf("want two variants or more")
		}
		return nil
	}
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
	r, err := watch(ctx, env, s, o)
	if err != nil {
		return err
	}
	if err := r.table(env.Stdout); err != nil {
		return err
	}
	page, err := r.page()
	if err != nil {
		return err
	}
	for _, out := range []struct {
		file  string
		write func(io.Writer) error
	}{{o.html, page.Write}, {o.metrics, r.metrics}} {
		if out.file == "" {
			continue
		}
		if err := cli.WriteFile(out.file, out.write); err != nil {
			return err
		}
	}
	if alarms := r.alarms(); len(alarms) > 0 {
		return cli.Statusf(alarmed, "alarm: %s", strings.Join(alarms, "; "))
	}
	return nil
}

// alarmed is the exit status of a report with an alarm.
const alarmed = 3

// watch makes the report.
func watch(ctx context.Context, env *cli.Env, s *store.Store, o *options) (*result, error) {
	outcomes, contradicted, err := s.Outcomes(ctx)
	if err != nil {
		return nil, err
	}
	r := &result{options: o, contradicted: contradicted}
	if r.before, err = read(ctx, s, o.from, o.end(), outcomes); err != nil {
		return nil, err
	}
	if r.recent, err = read(ctx, s, o.begin(), o.until, outcomes); err != nil {
		return nil, err
	}
	if len(r.variants) == 0 && min(len(r.before), len(r.recent)) < fewest {
		return nil, fmt.Errorf("%s: %d calls were predicted in the reference period, from %s on, and %d in the recent one, from %s on: want %d or more in each",
			cmp.Or(o.log, "the store"), len(r.before), when(o.from), len(r.recent), when(o.begin()), fewest)
	}
	if o.data != "" {
		if r.said, err = readTexts(ctx, env, o, r.before, r.recent); err != nil {
			return nil, err
		}
	}
	if min(len(r.before), len(r.recent)) >= fewest {
		if r.findings, err = compare(ctx, r.before, r.recent, r.said, o.alpha); err != nil {
			return nil, err
		}
		if r.segments, err = segments(ctx, r.recent, o.by); err != nil {
			return nil, err
		}
	}
	if len(o.variants) > 0 {
		r.experiment, err = experiment(ctx, s, outcomes, o.variants)
	}
	return r, err
}
