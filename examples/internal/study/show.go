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

// Draw makes charts.
func Draw(drawings ...Drawing) (report.Figures, error) {
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

// AUCs is the chart of the AUC with intervals.
func AUCs(ways []Way) Drawing {
	var bars []figure.Bar
	for _, w := range ways {
		bars = append(bars, figure.Bar{Name: w.Name, Value: w.ROCAUC, Low: w.AUC.Low, High: w.AUC.High})
	}
	return Drawing{"Bars begin at 0.5, what chance would reach; whiskers are 95% intervals.", func() (*figure.Figure, error) {
		return figure.Bars("ROC AUC on calls not trained on", "ROC AUC", "%.3f", 0.5, bars)
	}}
}

// Gain is the chart of how many won calls are found.
func Gain(ways []Way) Drawing {
	var curves []figure.Curve
	for _, w := range ways {
		c := figure.Curve{Name: w.Name, X: []float64{0}, Y: []float64{0}}
		for _, p := range w.Lift {
			c.X, c.Y = append(c.X, p.Share), append(c.Y, p.Gain)
		}
		curves = append(curves, c)
	}
	return unit("Won calls found", "share of calls", "share of won calls", curves,
		"Calling the best-scored calls first: how many of the won ones are among them. Chance follows the diagonal.")
}

// Calibration is the chart of what was foretold and what happened.
func Calibration(ways []Way) Drawing {
	var curves []figure.Curve
	for _, w := range ways {
		c := figure.Curve{Name: w.Name, Dots: true}
		for _, b := range w.Calibration {
			c.X, c.Y = append(c.X, b.Predicted), append(c.Y, b.Observed)
		}
		curves = append(curves, c)
	}
	return unit("Calibration", "foretold probability", "share won", curves, "On the diagonal, what was foretold is what happened.")
}

func unit(title, x, y string, curves []figure.Curve, caption string) Drawing {
	return Drawing{caption, func() (*figure.Figure, error) {
		return figure.Curves(title, x, y, curves, &figure.CurveOptions{Unit: true, Diagonal: true})
	}}
}

// Named are the ways of these names.
func Named(ways []Way, names ...string) []Way {
	return slices.DeleteFunc(slices.Clone(ways), func(w Way) bool { return !slices.Contains(names, w.Name) })
}
