package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/examples/internal/report"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/internal/figure"
)

// quantity is what a test is about, in words and as a figure that readers know without statistics.
type quantity struct {
	title, more, less string
	of                func([]row) float64 // NaN of calls that do not tell; nil where no figure shows a change
	format            string              // of the figure
	version           bool                // it is of the calls of one version, as the test is
}

// quantities are those of the tests, by the tests' names.
func (r *result) quantities() map[string]quantity {
	mean := func(of func(row) (float64, bool)) func([]row) float64 {
		return func(rows []row) float64 {
			sum, n := 0.0, 0
			for _, row := range rows {
				if v, ok := of(row); ok {
					sum, n = sum+v, n+1
				}
			}
			return sum / float64(n)
		}
	}
	warned := func(w conversion.Warning) func([]row) float64 {
		return mean(func(r row) (float64, bool) {
			return map[bool]float64{true: 100}[slices.Contains(r.Warnings, string(w))], true
		})
	}
	known := func(of func(row) float64) func([]row) float64 {
		return mean(func(r row) (float64, bool) {
			if r.outcome == nil {
				return 0, false
			}
			return 100 * of(r), true
		})
	}
	return map[string]quantity{
		"log_odds": {"predicted chance of being won, on average", "predicted chances are higher", "predicted chances are lower",
			mean(func(r row) (float64, bool) { return 100 * r.Probability, true }), "%.0f%%", true},
		"turns": {"turns of a call, on average", "calls have more turns", "calls have fewer turns",
			mean(func(r row) (float64, bool) { return float64(r.Turns), true }), "%.1f", false},
		"words": {"words of a call, on average", "calls are longer, in words", "calls are shorter, in words",
			mean(func(r row) (float64, bool) { return float64(r.Words), true }), "%.0f", false},
		string(conversion.NoWords): {"calls in which nobody speaks", "nobody speaks in more calls", "nobody speaks in fewer calls",
			warned(conversion.NoWords), "%.1f%%", false},
		string(conversion.TooShort): {"calls shorter than nearly all training calls", "more calls are very short", "fewer calls are very short",
			warned(conversion.TooShort), "%.1f%%", false},
		string(conversion.NotEnglish): {"calls that are not in English", "more calls are not in English", "fewer calls are not in English",
			warned(conversion.NotEnglish), "%.1f%%", false},
		string(conversion.Unlike): {"calls unlike the training calls", "more calls are unlike the training calls",
			"fewer calls are unlike the training calls", warned(conversion.Unlike), "%.1f%%", false},
		"unknown_words": {"words that do not occur in earlier calls", "more of the words do not occur in earlier calls", "fewer of the words do not occur in earlier calls",
			mean(func(row row) (float64, bool) {
				t, ok := r.said[row.CallID]
				return 100 * t.unknown, ok && !t.vocabulary
			}), "%.0f%%", false},
		"embeddings": {title: "topics of the calls", more: "the topics of the calls have changed"},
		"won": {"calls won, of those whose outcome is known", "more calls are won", "fewer calls are won",
			known(func(r row) float64 { return float64(label(r.outcome)) }), "%.0f%%", true},
		"calibration": {"calls won, more or fewer than predicted", "compared with predictions, more calls are won", "compared with predictions, fewer calls are won",
			known(func(r row) float64 { return float64(label(r.outcome)) - r.Probability }), "%+.0f%%", true},
		"roc_auc": {"pairs of a won and a lost call in which the won call had the higher chance", "calls are ranked better", "calls are ranked worse",
			func(rows []row) float64 { return 100 * evaluate.ROCAUC(scored(rows)) }, "%.0f%%", true},
	}
}

// change is what a test found, in words.
type change struct {
	finding
	quantity
	before, since string // the figure, "" where there is none
	says          string // what changed
}

// changes are the findings in words, alarms first, the most significant on top.
func (r *result) changes() []change {
	all, quantities := make([]change, len(r.findings)), r.quantities()
	for i, f := range r.findings {
		c := change{finding: f, quantity: quantities[f.name]}
		c.says = c.more
		if c.of != nil {
			before, since := c.of(r.rows(c, r.before)), c.of(r.rows(c, r.recent))
			if c.before, c.since = figure.Number(c.format, before), figure.Number(c.format, since); since < before {
				c.says = c.less
			}
			c.says += ": " + c.since + " instead of " + c.before
			if c.before == c.since {
				c.says = c.title + ": " + c.since + " as before, but with another distribution"
			}
		}
		all[i] = c
	}
	slices.SortStableFunc(all, func(a, b change) int {
		if a.alarm != b.alarm {
			return map[bool]int{true: -1, false: 1}[a.alarm]
		}
		if a.alarm {
			return cmp.Compare(a.adjusted, b.adjusted)
		}
		return 0
	})
	return all
}

// rows are those of a period that a test reads.
func (r *result) rows(c change, period []row) []row {
	if c.version {
		return of(period, version(r.recent))
	}
	return period
}

// day is a time as people say it.
func day(t time.Time) string { return t.UTC().Format("2 January 2006") }

// page is the report as a page.
func (r *result) page() (*report.Page, error) {
	changes := r.changes()
	p := &report.Page{Title: "Have calls or predictions changed?", Lead: r.opening(changes)}
	add := func(title string, blocks ...report.Block) {
		p.Sections = append(p.Sections, report.Section{Title: title, Blocks: blocks})
	}
	if len(changes) > 0 {
		chart, err := study.Draw(r.chart(changes))
		if err != nil {
			return nil, err
		}
		add("", chart, report.Text(r.compared(changes)))
		add("What was compared", r.looked(changes), report.Details{Title: "The tests", Blocks: []report.Block{r.tests(), report.Text(fmt.Sprintf(
			"Statistic: the size of a change; for a distance, the largest difference between the shares of calls below any value. PSI (population stability index): below 0.1 is little, above 0.25 much. "+
				"p: the probability of a change as large by chance alone. Adjusted p: p adjusted for the number of tests (Holm); if nothing changes, a report has an alarm with a probability of at most %g.", r.alpha))}})
	}
	if len(r.segments) > 0 {
		add("How well recent calls are predicted", report.Text(r.predicted()), report.Details{Title: "In numbers", Blocks: []report.Block{r.outcomes(), report.Text(
			"Predicted and won: shares of the calls, ideally equal. Log loss: how far chances are from the outcomes; lower is better. " +
				"ROC AUC: how often a won call had a higher chance than a lost one; 0.5 is no better than random. 95%: confidence interval for other calls.")}})
	}
	if e := r.experiment; e != nil {
		add("The experiment", report.Text(strings.Join(e.says(), " ")), report.Details{Title: "The experiment in numbers", Blocks: []report.Block{e.table(), report.Text(
			"p: the probability of a difference as large by chance alone. Intervals and p stay valid however often they are computed.")}})
	}
	return p, nil
}

// opening states in a sentence whether something changed, and the most significant change.
func (r *result) opening(changes []change) string {
	if len(changes) == 0 {
		return strings.Join(r.experiment.says(), " ")
	}
	text := fmt.Sprintf("Nothing has changed beyond chance: the %d calls since %s are like the %d before.", len(r.recent), day(r.begin()), len(r.before))
	if changes[0].alarm {
		text = "Since " + day(r.begin()) + " " + changes[0].says + "."
	}
	if e := r.experiment; e != nil && e.ratio < unbalanced {
		text += " " + mixed
	}
	return text
}

// compared states which calls were compared, and what else changed.
func (r *result) compared(changes []change) string {
	var others []string
	for _, c := range changes[1:] {
		if c.alarm {
			others = append(others, c.says)
		}
	}
	text := ""
	if others != nil {
		text = "Changed too: " + strings.Join(others, "; ") + ". "
	}
	known := func(rows []row) int { return count(rows, func(row row) bool { return row.outcome != nil }) }
	text += fmt.Sprintf("The comparison is of %d calls from %s to %s, %d of them with a known outcome, and %d calls from %s to %s, %d of them with a known outcome.",
		len(r.recent), day(r.begin()), day(r.until), known(r.recent), len(r.before), day(r.from), day(r.end()), known(r.before))
	if r.contradicted > 0 {
		text += fmt.Sprintf(" Records of %d calls contradict each other; the latest applies.", r.contradicted)
	}
	return text
}

// chart draws what most surely changed, or the predicted chances, over time: in parts as long as the recent period, of the
// reference period eight at most.
func (r *result) chart(changes []change) study.Drawing {
	c := changes[0]
	if c.of == nil { // the embeddings: words show what is talked of as well, where there are calls enough
		at := slices.IndexFunc(changes, func(c change) bool { return c.name == "unknown_words" })
		c = changes[max(at, slices.IndexFunc(changes, func(c change) bool { return c.name == "turns" }))]
	}
	var bars []figure.Bar
	bar := func(name string, rows []row) {
		if v := c.of(rows); !math.IsNaN(v) {
			bars = append(bars, figure.Bar{Name: fmt.Sprintf("%s (%d calls)", name, len(rows)), Value: v})
		}
	}
	step := max(r.days, (r.reference+7)/8)
	for from := r.from; from.Before(r.end()); from = from.AddDate(0, 0, step) {
		to := from.AddDate(0, 0, step)
		if to.After(r.end()) {
			to = r.end()
		}
		bar("from "+day(from), slices.DeleteFunc(slices.Clone(r.rows(c, r.before)), func(row row) bool { return row.Time.Before(from) || !row.Time.Before(to) }))
	}
	bar("since "+day(r.begin()), r.rows(c, r.recent))
	return study.Drawing{Caption: "Over time: " + c.title + ". The last bar is of the recent calls.", Draw: func() (*figure.Figure, error) {
		return figure.Bars(strings.ToUpper(c.title[:1])+c.title[1:], "", c.format, 0, bars)
	}}
}

// looked lists what was compared.
func (r *result) looked(changes []change) report.Table {
	t := report.Table{Columns: []string{"figure", "before", "since then", "changed"}, Caption: "Before and since " + day(r.begin()) + ". Changed: beyond chance, and by enough to matter."}
	for _, c := range changes {
		t.Rows = append(t.Rows, []string{c.title, c.before, c.since, map[bool]string{true: "yes"}[c.alarm]})
	}
	return t
}

// predicted states how well recent calls with a known outcome were predicted.
func (r *result) predicted() string {
	all := r.segments[0]
	text := fmt.Sprintf("The outcome of %d recent calls is known.", all.calls)
	if c := all.calibration; c != nil {
		text += fmt.Sprintf(" %s were predicted to be won, and %s were.", figure.Percent(c.Predicted), figure.Percent(c.Observed))
	}
	if a := all.auc; a != nil {
		text += fmt.Sprintf(" In %.0f%% of all pairs of a won and a lost call, the predictor gave the won call the higher chance (95%% interval %.0f%% to %.0f%%; random order: 50%%).", 100*a.Estimate, 100*a.Low, 100*a.High)
	}
	return text
}

const mixed = "The variants did not get their intended shares of the calls: find out why before you compare them."

// says puts the experiment into words.
func (e *experimentReport) says() (all []string) {
	if e.ratio < unbalanced {
		all = append(all, mixed)
	}
	first := e.variants[0]
	won := func(v variantReport) string { return fmt.Sprintf("%d of %d calls", v.won, v.known) }
	for _, v := range e.variants[1:] {
		how := map[bool]string{true: "more", false: "fewer"}[v.conversion.interval.Estimate > 0]
		if i := v.conversion.interval; i.Low <= 0 && i.High >= 0 {
			all = append(all, fmt.Sprintf("There is no evidence yet that %s wins more or fewer calls than %s: it won %s, %s won %s.", v.name, first.name, won(v), first.name, won(first)))
		} else {
			all = append(all, fmt.Sprintf("%s wins %s calls than %s, beyond chance: %s, %s %s.", v.name, how, first.name, won(v), first.name, won(first)))
		}
	}
	return all
}
