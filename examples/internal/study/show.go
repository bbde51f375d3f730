package study

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/examples/internal/report"
	"github.com/org/salesconv/internal/figure"
)

// Table shows the scores, a row for each method. Where few calls are won, PR AUC and lift come first, and F1 and accuracy
// are left out, as hardly a call has a probability of one half there.
func Table(methods []Method, what, caption string) report.Table {
	t := report.Table{Name: "scores", Columns: []string{what, "ROC AUC", "95% interval", "PR AUC", "F1", "accuracy", "log loss", "Brier"}, Caption: caption}
	rare := len(methods) > 0 && methods[0].Rare()
	if rare {
		t.Columns = []string{what, "PR AUC", "lift of the best tenth", "ROC AUC", "95% interval", "log loss", "Brier"}
	}
	for _, m := range methods {
		interval := "–"
		if m.AUC != nil {
			interval = Three(m.AUC.Low) + "–" + Three(m.AUC.High)
		}
		row := []string{m.Name, Three(m.ROCAUC), interval, Three(m.PRAUC), Three(m.F1), Three(m.Accuracy), Three(m.LogLoss), Three(m.Brier)}
		if rare {
			row = []string{m.Name, Three(m.PRAUC), fmt.Sprintf("%.2f", m.Top().Lift), Three(m.ROCAUC), interval, Three(m.LogLoss), Three(m.Brier)}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// Evidence explains what the predictor's parts read.
const Evidence = "tf-idf: which words and pairs of words are said. Turn mean, last turns, trend, first turns: embeddings of the turns, averaged over the whole call, at its end, their change from beginning to end, and at its beginning. " +
	"Fine-tuned turns: the same by an encoder that was trained further on such calls."

// Three is a number with three decimals.
func Three(v float64) string { return fmt.Sprintf("%.3f", v) }

func signed(v float64) string { return figure.Number("%+.3f", v) }

// P is a p value, which is never 0.
func P(v float64) string {
	if v < 0.001 {
		return "<0.001"
	}
	return Three(v)
}

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

// Differences shows the tests of each verdict, and describes what intervals rest on, as Method.Intervals does.
func Differences(verdicts []Verdict, intervals string) report.Table {
	t := report.Table{Name: "tests",
		Columns: []string{"from", "to", "difference in ROC AUC", "95% interval", "p (permutation)", "p (DeLong)", "p (McNemar)"},
		Caption: intervals + " The permutation test exchanges whole groups; the other two assume that calls are independent.",
	}
	for _, v := range verdicts {
		d := v.Difference
		t.Rows = append(t.Rows, []string{v.A, v.B, signed(d.Estimate), signed(d.Low) + " to " + signed(d.High),
			P(v.P), P(v.DeLong), P(v.McNemar)})
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

// AUCs is the chart of the AUC with intervals, and describes what these rest on, as Method.Intervals does.
func AUCs(methods []Method, intervals string) Drawing {
	var bars []figure.Bar
	for _, m := range methods {
		bar := figure.Bar{Name: m.Name, Value: m.ROCAUC}
		if m.AUC != nil {
			bar.Low, bar.High = m.AUC.Low, m.AUC.High
		}
		bars = append(bars, bar)
	}
	return Drawing{"How often a won call is scored above a lost one. Bars begin at 0.5, the value by chance; the thin lines are intervals. " + intervals, func() (*figure.Figure, error) {
		return figure.Bars("ROC AUC on held-out calls", "ROC AUC", "%.3f", 0.5, bars)
	}}
}

// Won is the chart of the share of calls that were won, in parts by their probability.
func Won(calls string, parts []evaluate.CalibrationBin) Drawing {
	var bars []figure.Bar
	for _, p := range slices.Backward(parts) {
		bars = append(bars, figure.Bar{Name: "predicted " + figure.Chances(p.From, p.To), Value: 100 * p.Observed, Low: 100 * p.Low, High: 100 * p.High})
	}
	return Drawing{fmt.Sprintf("The %s by their predicted probability, in %d parts of about equal size, the highest on top, and the share won of each part. "+
		"The thin lines are 95%% intervals, which assume that the calls of a part are independent: the fewer the calls, the longer the line.", calls, len(parts)),
		func() (*figure.Figure, error) {
			return figure.Bars("Calls won, of 100", "share won, %", "%.0f%%", 0, bars)
		}}
}

// Gain is the chart of how many won calls are found.
func Gain(methods []Method) Drawing {
	var curves []figure.Curve
	for _, m := range methods {
		c := figure.Curve{Name: m.Name, X: []float64{0}, Y: []float64{0}}
		for _, p := range m.Lift {
			c.X, c.Y = append(c.X, p.Share), append(c.Y, p.Gain)
		}
		curves = append(curves, c)
	}
	return unit("Won calls found", "share of calls", "share of won calls", curves,
		"The share of the won calls that is among the highest-scored calls. Random order follows the diagonal.")
}

// ROC is the chart of the shares of won and of lost calls above each threshold.
func ROC(methods []Method) Drawing {
	return thresholds(methods, "ROC", "share of lost calls called", "share of won calls called", true, func(called, won, calls, allWon float64) (x, y float64) {
		return (called - won) / (calls - allWon), won / allWon
	}, "Each point of a curve is a threshold: calls with at least this score are called. Random order follows the diagonal; the nearer to the upper left, the better.")
}

// PrecisionRecall is the chart of how many of the calls above each threshold were won, and how many of the won ones are among them.
func PrecisionRecall(methods []Method) Drawing {
	return thresholds(methods, "Precision and recall", "share of won calls called", "share won of those called", false, func(called, won, calls, allWon float64) (x, y float64) {
		return won / allWon, won / called
	}, "Each point of a curve is a threshold: calls with at least this score are called. Where few are called, the curve is noisy.")
}

// thresholds draws a curve of each method over its thresholds: at takes the numbers of calls called, of won ones among them, of
// all calls and of all won ones.
func thresholds(methods []Method, title, x, y string, diagonal bool, at func(called, won, calls, allWon float64) (x, y float64), caption string) Drawing {
	var curves []figure.Curve
	for _, m := range methods {
		order, allWon := make([]int, len(m.out.P)), 0
		for i := range order {
			order[i] = i
			allWon += m.out.Y[i]
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(m.out.P[b], m.out.P[a]) })
		c, won := figure.Curve{Name: m.Name}, 0
		if diagonal {
			c.X, c.Y = []float64{0}, []float64{0}
		}
		for k, i := range order {
			won += m.out.Y[i]
			if k+1 < len(order) && m.out.P[order[k+1]] == m.out.P[i] {
				continue // calls of one score are called together
			}
			px, py := at(float64(k+1), float64(won), float64(len(order)), float64(allWon))
			c.X, c.Y = append(c.X, px), append(c.Y, py)
		}
		curves = append(curves, c)
	}
	return Drawing{caption, func() (*figure.Figure, error) {
		return figure.Curves(title, x, y, curves, &figure.CurveOptions{Unit: true, Diagonal: diagonal})
	}}
}

// Lift is the chart of how many times more won calls there are among the best-scored than among all.
func Lift(methods []Method) Drawing {
	var curves []figure.Curve
	for _, m := range methods {
		c := figure.Curve{Name: m.Name}
		for _, p := range m.Lift {
			c.X, c.Y = append(c.X, p.Share), append(c.Y, p.Lift)
		}
		curves = append(curves, c)
	}
	return Drawing{"How many times more calls are won among the highest-scored than among all; random order gives 1.", func() (*figure.Figure, error) {
		return figure.Curves("Lift", "share of calls", "lift", curves, nil)
	}}
}

// Calibration is the chart of predicted and observed frequencies.
func Calibration(methods []Method) Drawing {
	var curves []figure.Curve
	for _, m := range methods {
		c := figure.Curve{Name: m.Name, Dots: true}
		for _, b := range m.Calibration {
			c.X, c.Y = append(c.X, b.Predicted), append(c.Y, b.Observed)
		}
		curves = append(curves, c)
	}
	return unit("Calibration", "predicted probability", "share won", curves, "On the diagonal, as many calls are won as were predicted.")
}

func unit(title, x, y string, curves []figure.Curve, caption string) Drawing {
	return Drawing{caption, func() (*figure.Figure, error) {
		return figure.Curves(title, x, y, curves, &figure.CurveOptions{Unit: true, Diagonal: true})
	}}
}

// Named are the methods of these names.
func Named(methods []Method, names ...string) []Method {
	return slices.DeleteFunc(slices.Clone(methods), func(m Method) bool { return !slices.Contains(names, m.Name) })
}

// Distinct are the methods without those that predict exactly as the one of a name does, which stays.
func Distinct(methods []Method, name string) []Method {
	named := Named(methods, name)
	return slices.DeleteFunc(slices.Clone(methods), func(m Method) bool {
		return slices.ContainsFunc(named, func(n Method) bool { return m.Name != n.Name && slices.Equal(m.out.P, n.out.P) })
	})
}

// Slope turns contributions to the log-odds of a call into points of probability: times Slope they add up to the
// difference between the call's probability and the average call's. It is the slope of the line between the two.
func Slope(e *conversion.Explanation) float64 {
	base := classify.Sigmoid(e.Base)
	if d := e.LogOdds - e.Base; math.Abs(d) > 1e-6 {
		return (e.Probability - base) / d
	}
	return base * (1 - base)
}
