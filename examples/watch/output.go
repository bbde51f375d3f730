package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/report"
)

var nan = math.NaN()

// result is everything that the command found.
type result struct {
	*options
	before, recent []row // the calls of both periods
	contradicted   int
	findings       []finding
	segments       []segment
	experiment     *experimentReport // nil without -ab
	said           map[string]text   // what -data tells of calls
}

// alarms lists the alarms.
func (r *result) alarms() (all []string) {
	for _, f := range r.findings {
		if f.alarm {
			all = append(all, fmt.Sprintf("%s (%s %+.3f, p %s)", f.name, f.what, f.statistic, small(f.adjusted)))
		}
	}
	if r.experiment != nil && r.experiment.ratio < unbalanced {
		all = append(all, fmt.Sprintf("the variants do not have the shares of the calls that -ab names (p %s)", small(r.experiment.ratio)))
	}
	return all
}

// lead describes what was compared, and reports whether there is an alarm.
func (r *result) lead() string {
	known := func(row row) bool { return row.outcome != nil }
	lead := fmt.Sprintf("%d calls from %s to %s, %d with an outcome, compared with %d from %s to %s, %d with an outcome.",
		len(r.recent), when(r.begin()), when(r.until), count(r.recent, known), len(r.before), when(r.from), when(r.end()), count(r.before, known))
	if r.contradicted > 0 {
		lead += fmt.Sprintf(" Records of %d calls contradict each other; the latest applies.", r.contradicted)
	}
	if alarms := r.alarms(); len(alarms) > 0 {
		return lead + " Alarm: " + strings.Join(alarms, "; ") + "."
	}
	return lead + " No alarm."
}

// tables are the report for a terminal.
func (r *result) tables() (all []report.Table) {
	if len(r.findings) > 0 {
		all = append(all, r.tests())
	}
	if len(r.segments) > 0 {
		all = append(all, r.outcomes())
	}
	if e := r.experiment; e != nil {
		all = append(all, e.table())
	}
	return all
}

func (r *result) tests() report.Table {
	t := report.Table{Caption: "Changes", Columns: []string{"test", "statistic", "value", "PSI", "p", "adjusted p", "alarm"}}
	for _, f := range r.findings {
		t.Rows = append(t.Rows, []string{f.name, f.what, fmt.Sprintf("%+.3f", f.statistic), number3(f.psi), small(f.p), small(f.adjusted),
			map[bool]string{true: "ALARM"}[f.alarm]})
	}
	return t
}

func (r *result) outcomes() report.Table {
	t := report.Table{Caption: "Recent calls with an outcome", Columns: []string{"calls", "number", "predicted", "won", "95%", "log loss", "ROC AUC", "95%"}}
	for _, s := range r.segments {
		cells := []string{s.name, fmt.Sprint(s.calls), "", "", "", number3(s.logLoss), "", ""}
		if c := s.calibration; c != nil {
			cells[2], cells[3], cells[4] = number3(c.Predicted), number3(c.Observed), between(c.Low, c.High)
		}
		if s.auc != nil {
			cells[6], cells[7] = number3(s.auc.Estimate), between(s.auc.Low, s.auc.High)
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

func (e *experimentReport) table() report.Table {
	t := report.Table{
		Caption: fmt.Sprintf("Experiment (shares of calls: p %s; calls of two variants, left out: %d)", small(e.ratio), e.crossed),
		Columns: []string{"variant", "calls", "with outcome", "won", "change of won", "95%", "p", "change of log loss", "95%", "p"},
	}
	for _, v := range e.variants {
		cells := []string{v.name, fmt.Sprint(v.calls), fmt.Sprint(v.known), number3(float64(v.won) / float64(v.known))}
		for _, d := range []*difference{v.conversion, v.logLoss} {
			if d == nil {
				cells = append(cells, "", "", "")
				continue
			}
			cells = append(cells, fmt.Sprintf("%+.3f", d.interval.Estimate), between(d.interval.Low, d.interval.High), small(d.p))
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

func number3(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return fmt.Sprintf("%.3f", v)
}

func between(low, high float64) string { return fmt.Sprintf("%.3f to %.3f", low, high) }

// small writes a p value.
func small(p float64) string {
	if p < 0.0001 {
		return "<0.0001"
	}
	return fmt.Sprintf("%.4f", p)
}

// table writes the report for a terminal.
func (r *result) table(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, cli.Escape(r.lead()))
	for _, t := range r.tables() {
		fmt.Fprintf(w, "\n%s\n", t.Caption)
		for _, row := range append([][]string{t.Columns}, t.Rows...) {
			for i, cell := range row {
				row[i] = cli.Escape(cell)
			}
			fmt.Fprintln(w, strings.TrimRight(strings.Join(row, "\t"), "\t"))
		}
	}
	return w.Flush()
}

// metrics writes the report for Prometheus.
func (r *result) metrics(out io.Writer) error {
	m := &metrics{out: out}
	m.family("salesconv_watch_calls", "Calls of a period.")
	m.value(float64(len(r.before)), "period", "reference")
	m.value(float64(len(r.recent)), "period", "recent")
	m.family("salesconv_watch_alarms", "Number of alarms of the report.")
	m.value(float64(len(r.alarms())))
	m.family("salesconv_watch_until_seconds", "End of the recent period, in seconds since 1970.")
	m.value(float64(r.until.Unix()))
	m.family("salesconv_watch_statistic", "The statistic of a test: the size of a change.")
	for _, f := range r.findings {
		m.value(f.statistic, "test", f.name)
	}
	m.family("salesconv_watch_adjusted_p", "The p value of a test, adjusted for the number of tests.")
	for _, f := range r.findings {
		m.value(f.adjusted, "test", f.name)
	}
	m.family("salesconv_watch_calibration", "Share won minus mean probability, of recent calls with an outcome.")
	for _, s := range r.segments {
		if s.calibration != nil {
			m.value(s.calibration.Observed-s.calibration.Predicted, "segment", s.name)
		}
	}
	m.family("salesconv_watch_roc_auc", "ROC AUC of recent calls with an outcome.")
	for _, s := range r.segments {
		if s.auc != nil {
			m.value(s.auc.Estimate, "segment", s.name)
		}
	}
	if e := r.experiment; e != nil {
		m.family("salesconv_watch_variant_won_change", "Share won minus the share of the first variant.")
		for _, v := range e.variants[1:] {
			m.value(v.conversion.interval.Estimate, "variant", v.name)
		}
		m.family("salesconv_watch_variant_won_p", "The always-valid p value of that change.")
		for _, v := range e.variants[1:] {
			m.value(v.conversion.p, "variant", v.name)
		}
	}
	return m.err
}

// metrics writes Prometheus's text format, and keeps the first error.
type metrics struct {
	out  io.Writer
	name string
	err  error
}

func (m *metrics) printf(format string, args ...any) {
	_, err := fmt.Fprintf(m.out, format, args...)
	m.err = cmp.Or(m.err, err)
}

func (m *metrics) family(name, help string) {
	m.name = name
	m.printf("# HELP %s %s\n# TYPE %s gauge\n", name, help, name)
}

var labelValue = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// value writes a value with at most one label.
func (m *metrics) value(v float64, label ...string) {
	if len(label) == 2 {
		m.printf("%s{%s=\"%s\"} %g\n", m.name, label[0], labelValue.Replace(label[1]), v)
		return
	}
	m.printf("%s %g\n", m.name, v)
}
