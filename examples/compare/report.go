package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/internal/figure"
	"github.com/org/salesconv/internal/report"
)

// columns are those of the table.
var columns = []string{"classifier on features", "ROC AUC", "95% interval", "PR AUC", "F1", "accuracy", "log loss", "Brier"}

func (r *results) rows() [][]string {
	rows := make([][]string, len(r.Ways))
	for i, w := range r.Ways {
		rows[i] = []string{w.Name, three(w.ROCAUC), three(w.AUC.Low) + "–" + three(w.AUC.High), three(w.PRAUC), three(w.F1),
			three(w.Accuracy), three(w.LogLoss), three(w.Brier)}
	}
	return rows
}

func three(v float64) string { return fmt.Sprintf("%.3f", v) }

// sample says what was measured.
func (r *results) sample() string {
	kind := ""
	if r.Synthetic {
		kind = "synthetic "
	}
	return fmt.Sprintf("%d %scalls, %d of them won, in %d folds by agent (%s)", r.Calls, kind, r.Won, r.Options.Folds, r.Source)
}

// leak says what the metadata give away.
func (r *results) leak() string {
	switch {
	case r.Leak == nil:
		return "The calls have no metadata that differ."
	case r.Leak.Warning != "":
		return "Warning: " + r.Leak.Warning
	}
	return fmt.Sprintf("Metadata alone: ROC AUC %v, no more than chance explains.", r.Leak.AUC)
}

// print writes table and verdicts.
func (r *results) print(w io.Writer) {
	fmt.Fprintf(w, "%s\n\n", r.sample())
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(columns, "\t"))
	for _, row := range r.rows() {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	t.Flush()
	fmt.Fprintln(w)
	for _, v := range r.Verdicts {
		fmt.Fprintln(w, v.Text)
	}
	fmt.Fprintf(w, "\n%s\n", r.leak())
}

func (r *results) page() (*report.Page, error) {
	charts, err := r.charts()
	if err != nil {
		return nil, err
	}
	tests := report.Table{
		Columns: []string{"from", "to", "difference in ROC AUC", "95% interval", "p (permutation)", "p (DeLong)", "p (McNemar)"},
		Caption: "Intervals by paired bootstrap over agents; the permutation test exchanges whole agents, the other two take calls as independent.",
	}
	var verdicts []report.Block
	for _, v := range r.Verdicts {
		d := v.Difference
		tests.Rows = append(tests.Rows, []string{v.A, v.B, fmt.Sprintf("%+.3f", d.Estimate), fmt.Sprintf("%+.3f to %+.3f", d.Low, d.High),
			three(v.P), three(v.DeLong), three(v.McNemar)})
		verdicts = append(verdicts, report.Text(v.Text+"."))
	}
	return &report.Page{
		Title: "Which features, which classifier?",
		Lead:  r.sample() + ". Every call is predicted by models that learned nothing from it or from its agent's other calls.",
		Sections: []report.Section{
			{Title: "Out of fold", Blocks: []report.Block{report.Table{Columns: columns, Rows: r.rows(),
				Caption: "The stack joins tf-idf, turn means, last turns and trend of the generic encoder. Intervals are 95%, by bootstrap over agents."}}},
			{Title: "Charts", Blocks: []report.Block{charts}},
			{Title: "Differences", Blocks: append(verdicts, tests)},
			{Title: "Metadata", Blocks: []report.Block{report.Text(r.leak())}},
		},
		Footer: fmt.Sprintf("Seed %d, %d epochs of tuning in each fold.", r.Options.Seed, r.Options.Epochs),
	}, nil
}

// charts draws AUC with intervals, gain and calibration.
func (r *results) charts() (report.Figures, error) {
	var bars []figure.Bar
	var gain, calibration []figure.Curve
	for _, w := range r.Ways {
		bars = append(bars, figure.Bar{Name: w.Name, Value: w.ROCAUC, Low: w.AUC.Low, High: w.AUC.High})
		g := figure.Curve{Name: w.Name, X: []float64{0}, Y: []float64{0}}
		points, err := classify.Lift(w.out.P, w.out.Y, min(20, len(w.out.P)))
		if err != nil {
			return nil, err
		}
		for _, p := range points {
			g.X, g.Y = append(g.X, p.Share), append(g.Y, p.Gain)
		}
		c := figure.Curve{Name: w.Name, Dots: true}
		table, _, err := classify.CalibrationTable(w.out.P, w.out.Y, min(6, len(w.out.P)))
		if err != nil {
			return nil, err
		}
		for _, b := range table {
			c.X, c.Y = append(c.X, b.Foretold), append(c.Y, b.Observed)
		}
		gain, calibration = append(gain, g), append(calibration, c)
	}
	unit := &figure.CurveOptions{Unit: true, Diagonal: true}
	var all report.Figures
	for _, d := range []struct {
		caption string
		draw    func() (*figure.Figure, error)
	}{
		{"Chance would reach 0.5; whiskers are 95% intervals.", func() (*figure.Figure, error) {
			return figure.Bars("ROC AUC out of fold", "ROC AUC", "%.3f", bars)
		}},
		{"Calling the best-scored calls first: how many of the won ones are among them.", func() (*figure.Figure, error) {
			return figure.Curves("Won calls found", "share of calls", "share of won calls", gain, unit)
		}},
		{"On the diagonal, what was foretold is what happened.", func() (*figure.Figure, error) {
			return figure.Curves("Calibration", "foretold probability", "share won", calibration, unit)
		}},
	} {
		f, err := d.draw()
		if err != nil {
			return nil, err
		}
		drawn, err := report.NewFigure(d.caption, func(w io.Writer) error { return f.Write(w, "svg") })
		if err != nil {
			return nil, err
		}
		all = append(all, drawn)
	}
	return all, nil
}
