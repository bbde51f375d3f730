package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"github.com/org/salesconv/internal/atomicfile"
	"github.com/org/salesconv/internal/figure"
	"github.com/org/salesconv/internal/report"
	"github.com/org/salesconv/tsne"
)

// write writes metrics, maps and page.
func (r *results) write(dir string) error {
	for _, m := range r.Maps {
		if err := atomicfile.WriteFile(filepath.Join(dir, m.file), r.plot(m, "png")); err != nil {
			return err
		}
	}
	page, err := r.page()
	if err != nil {
		return err
	}
	if err := atomicfile.WriteFile(filepath.Join(dir, "performance_comparison.html"), page.Write); err != nil {
		return err
	}
	return atomicfile.WriteFile(filepath.Join(dir, "metrics.json"), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	})
}

func (r *results) plot(m mapped, format string) func(io.Writer) error {
	title := m.Name
	if r.Data.Synthetic {
		title += ", synthetic calls"
	}
	return func(w io.Writer) error {
		return tsne.Plot(w, m.points, r.labels, &tsne.PlotOptions{Title: title, Format: format})
	}
}

func (r *results) page() (*report.Page, error) {
	kind := ""
	if r.Data.Synthetic {
		kind = "synthetic "
	}
	charts, err := r.charts()
	if err != nil {
		return nil, err
	}
	maps, err := r.maps()
	if err != nil {
		return nil, err
	}
	verdicts := make([]report.Block, len(r.Comparisons))
	for i, c := range r.Comparisons {
		verdicts[i] = report.Text(c.Verdict)
	}
	return &report.Page{
		Title: "Does fine-tuning help?",
		Lead: fmt.Sprintf("%s Judged on %d %scalls that nothing was trained on; %d trained.", r.Comparisons[1].Verdict,
			r.Data.Test, kind, r.Data.Train),
		Sections: []report.Section{
			{Title: "On the calls held out", Blocks: append([]report.Block{
				report.Table{Columns: columns, Rows: r.rows(), Caption: "Each row is a way to predict which calls are won. Intervals are 95%, by bootstrap over agents."},
			}, verdicts...)},
			{Title: "Charts", Blocks: []report.Block{charts}},
			{Title: "Maps of all calls", Blocks: []report.Block{maps}},
			{Title: "The most telling turns", Blocks: []report.Block{r.turns()}},
			{Title: "The predictor", Blocks: []report.Block{r.heads(), r.settings()}},
		},
		Footer: fmt.Sprintf("%s: %d calls, %d won, %d turns. Seed %d. Every number is in metrics.json.", r.Data.Source, r.Data.Calls, r.Data.Won, r.Data.Turns, r.Options.Seed),
	}, nil
}

// charts draws AUC with intervals, gain, calibration and the course of the tuning.
func (r *results) charts() (report.Figures, error) {
	var bars []figure.Bar
	var gain []figure.Curve
	for _, w := range r.Ways {
		bars = append(bars, figure.Bar{Name: w.Name, Value: w.ROCAUC, Low: w.AUC.Low, High: w.AUC.High})
	}
	for _, name := range []string{r.Ways[0].Name, r.Ways[1].Name, r.Ways[len(r.Ways)-1].Name} {
		c := figure.Curve{Name: name, X: []float64{0}, Y: []float64{0}}
		for _, p := range r.Gain[name] {
			c.X, c.Y = append(c.X, p.Share), append(c.Y, p.Gain)
		}
		gain = append(gain, c)
	}
	calibration := figure.Curve{Name: r.Ways[len(r.Ways)-1].Name, Dots: true}
	for _, b := range r.Calibration {
		calibration.X, calibration.Y = append(calibration.X, b.Foretold), append(calibration.Y, b.Observed)
	}
	loss, active := figure.Curve{Name: "triplet loss"}, figure.Curve{Name: "share of active triplets"}
	for _, s := range r.Tuning.Steps {
		step := float64(s.Step)
		loss.X, loss.Y = append(loss.X, step), append(loss.Y, s.Loss)
		active.X, active.Y = append(active.X, step), append(active.Y, s.Active)
	}
	unit := &figure.CurveOptions{Unit: true, Diagonal: true}
	return figures([]drawing{
		{"Chance would reach 0.5; whiskers are 95% intervals.", func() (*figure.Figure, error) {
			return figure.Bars("ROC AUC on the calls held out", "ROC AUC", "%.3f", bars)
		}},
		{"Calling the best-scored calls first: how many of the won ones are among them.", func() (*figure.Figure, error) {
			return figure.Curves("Won calls found", "share of calls", "share of won calls", gain, unit)
		}},
		{"On the diagonal, what was foretold is what happened.", func() (*figure.Figure, error) {
			return figure.Curves("Calibration", "foretold probability", "share won", []figure.Curve{calibration}, unit)
		}},
		{"The tuning on all training calls.", func() (*figure.Figure, error) {
			return figure.Curves("Tuning", "step", "", []figure.Curve{loss, active}, nil)
		}},
	})
}

type drawing struct {
	caption string
	draw    func() (*figure.Figure, error)
}

func figures(drawings []drawing) (report.Figures, error) {
	var all report.Figures
	for _, d := range drawings {
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

func (r *results) maps() (report.Figures, error) {
	var all report.Figures
	for _, m := range r.Maps {
		caption := fmt.Sprintf("t-SNE, perplexity %.3g, KL divergence %.3f. The nearest call on the map ended alike for %.0f%% of the calls held out.",
			m.Perplexity, m.KL, 100*m.Neighbours)
		drawn, err := report.NewFigure(caption, r.plot(m, "svg"))
		if err != nil {
			return nil, err
		}
		all = append(all, drawn)
	}
	return all, nil
}

func (r *results) turns() report.Table {
	t := report.Table{Columns: []string{"log-odds", "call", "turn", "speaker", "said", "the call was"},
		Caption: "What single turns of the calls held out add to the log-odds of winning, most for and most against."}
	for _, x := range r.Turns {
		t.Rows = append(t.Rows, []string{fmt.Sprintf("%+.2f", x.Contribution), x.Call, fmt.Sprint(x.Turn), x.Speaker, x.Text, x.Outcome})
	}
	return t
}

func (r *results) heads() report.Table {
	t := report.Table{Columns: []string{"head", "weight"},
		Caption: "The predictor adds up the log-odds of these heads; a head counts for what it was worth on calls that it was not trained on."}
	for _, h := range r.Heads {
		t.Rows = append(t.Rows, []string{h.Name, three(h.Weight)})
	}
	return t
}

func (r *results) settings() report.Table {
	o := r.Options
	return report.Table{Columns: []string{"setting", "value"}, Rows: [][]string{
		{"classifiers", o.Classifier}, {"epochs", fmt.Sprint(o.Epochs)}, {"triplets an anchor", fmt.Sprint(o.Pairs)},
		{"pieces in the training calls", fmt.Sprint(r.Tuning.Pieces)}, {"steps", fmt.Sprint(len(r.Tuning.Steps))},
		{"seconds in all", fmt.Sprintf("%.0f", r.Seconds)},
	}}
}
