package study

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/org/salesconv/examples/internal/report"
	"github.com/org/salesconv/internal/figure"
)

var columns = []string{"ROC AUC", "95% interval", "PR AUC", "F1", "accuracy", "log loss", "Brier"}

// Table shows the scores, a row for each way.
func Table(ways []Way, what, caption string) report.Table {
	t := report.Table{Columns: append([]string{what}, columns...), Caption: caption}
	for _, w := range ways {
		t.Rows = append(t.Rows, []string{w.Name, Three(w.ROCAUC), Three(w.AUC.Low) + "–" + Three(w.AUC.High), Three(w.PRAUC),
			Three(w.F1), Three(w.Accuracy), Three(w.LogLoss), Three(w.Brier)})
	}
	return t
}

// Three is a number with three decimals.
func Three(v float64) string { return fmt.Sprintf("%.3f", v) }

// Print writes a table in aligned columns and the verdicts below it.
func Print(w io.Writer, t report.Table, verdicts []Verdict) {
	tabs := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{t.Columns}, t.Rows...) {
		fmt.Fprintln(tabs, strings.Join(row, "\t"))
	}
	tabs.Flush()
	fmt.Fprintln(w)
	for _, v := range verdicts {
		fmt.Fprintln(w, v.Text)
	}
}

// Differences shows the tests of each verdict.
func Differences(verdicts []Verdict) report.Table {
	t := report.Table{
		Columns: []string{"from", "to", "difference in ROC AUC", "95% interval", "p (permutation)", "p (DeLong)", "p (McNemar)"},
		Caption: "Intervals by paired bootstrap over agents; the permutation test exchanges whole agents, the other two take calls as independent.",
	}
	for _, v := range verdicts {
		d := v.Difference
		t.Rows = append(t.Rows, []string{v.A, v.B, fmt.Sprintf("%+.3f", d.Estimate), fmt.Sprintf("%+.3f to %+.3f", d.Low, d.High),
			Three(v.P), Three(v.DeLong), Three(v.McNemar)})
	}
	return t
}

// A Drawing is a chart to be made, and the words below it.
type Drawing struct {
	Caption string
	Draw    func() (*figure.Figure, error)
}

// Charts shows AUC with intervals of all ways, gain and calibration of those that are named, and what else is given.
func Charts(ways []Way, named []string, more ...Drawing) (report.Figures, error) {
	var bars []figure.Bar
	var gain, calibration []figure.Curve
	for _, w := range ways {
		bars = append(bars, figure.Bar{Name: w.Name, Value: w.ROCAUC, Low: w.AUC.Low, High: w.AUC.High})
		if !slices.Contains(named, w.Name) {
			continue
		}
		g, c := figure.Curve{Name: w.Name, X: []float64{0}, Y: []float64{0}}, figure.Curve{Name: w.Name, Dots: true}
		for _, p := range w.Lift {
			g.X, g.Y = append(g.X, p.Share), append(g.Y, p.Gain)
		}
		for _, b := range w.Calibration {
			c.X, c.Y = append(c.X, b.Foretold), append(c.Y, b.Observed)
		}
		gain, calibration = append(gain, g), append(calibration, c)
	}
	unit := &figure.CurveOptions{Unit: true, Diagonal: true}
	return draw(append([]Drawing{
		{"Chance would reach 0.5; whiskers are 95% intervals.", func() (*figure.Figure, error) {
			return figure.Bars("ROC AUC on calls not trained on", "ROC AUC", "%.3f", bars)
		}},
		{"Calling the best-scored calls first: how many of the won ones are among them.", func() (*figure.Figure, error) {
			return figure.Curves("Won calls found", "share of calls", "share of won calls", gain, unit)
		}},
		{"On the diagonal, what was foretold is what happened.", func() (*figure.Figure, error) {
			return figure.Curves("Calibration", "foretold probability", "share won", calibration, unit)
		}},
	}, more...))
}

func draw(drawings []Drawing) (report.Figures, error) {
	var all report.Figures
	for _, d := range drawings {
		f, err := d.Draw()
		if err != nil {
			return nil, err
		}
		drawn, err := report.NewFigure(d.Caption, func(w io.Writer) error { return f.Write(w, "svg") })
		if err != nil {
			return nil, err
		}
		all = append(all, drawn)
	}
	return all, nil
}
