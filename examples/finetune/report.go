package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/internal/report"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/internal/atomicfile"
	"github.com/org/salesconv/internal/figure"
	"github.com/org/salesconv/tsne"
)

// write writes metrics, drawings and page.
func (r *results) write(dir string) error {
	for _, m := range r.Maps {
		if err := atomicfile.WriteFile(filepath.Join(dir, m.file), r.plot(m, "png")); err != nil {
			return err
		}
	}
	course, err := r.course()
	if err != nil {
		return err
	}
	if err := atomicfile.WriteFile(filepath.Join(dir, "training_history.png"), func(w io.Writer) error { return course.Write(w, "png") }); err != nil {
		return err
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
	trained := make([]bool, len(r.data.Labels))
	for _, i := range r.data.split.Train {
		trained[i] = true
	}
	return func(w io.Writer) error {
		return tsne.Plot(w, m.points, r.data.Labels, &tsne.PlotOptions{Title: title, Faint: trained, Format: format})
	}
}

func (r *results) page() (*report.Page, error) {
	shown := study.Named(r.Ways, conversion.Title(conversion.Words), conversion.Title(conversion.TurnMean), conversion.Title(conversion.Best))
	charts, err := study.Draw(study.AUCs(r.Ways), study.Gain(shown), study.Calibration(shown),
		study.Drawing{Caption: "The encoder is tuned on all training calls, and once without each part of them, which tells what tuning is worth on calls left out; the model has the mean of all their weights. Each line is a running mean over a twentieth of the steps.", Draw: r.course})
	if err != nil {
		return nil, err
	}
	maps, err := r.maps()
	if err != nil {
		return nil, err
	}
	judged := []report.Block{r.table()}
	for _, v := range r.Verdicts {
		judged = append(judged, report.Text(v.Text))
	}
	return &report.Page{
		Title: "Does fine-tuning help?",
		Lead: fmt.Sprintf("%s Judged here on %d %scalls that nothing was trained on; %d trained.", r.answer(), r.Data.Test,
			r.data.Kind(), r.Data.Train),
		Sections: []report.Section{
			{Title: "On the calls held out", Blocks: append(judged, study.Differences(r.Verdicts))},
			{Title: "Charts", Blocks: []report.Block{charts}},
			{Title: "Maps of all calls", Blocks: []report.Block{maps}},
			{Title: "The most telling turns", Blocks: []report.Block{r.turns()}},
			{Title: "The predictor", Blocks: []report.Block{report.Text(r.Tuning.Verdict()), r.trials(), r.heads(), r.settings()}},
		},
		Footer: fmt.Sprintf("%s: %d calls, %d won, %d turns. Seed %d. Every number is in metrics.json.", r.Data.Source, r.Data.Calls, r.Data.Won, r.Data.Turns, r.Options.Seed),
	}, nil
}

// answer is the first sentence of the page.
func (r *results) answer() string {
	if r.Tuning.Used && len(r.Verdicts) > 0 {
		return r.Verdicts[0].Text
	}
	return r.Tuning.Verdict()
}

// course draws how the tuning went.
func (r *results) course() (*figure.Figure, error) {
	var curves []figure.Curve
	for k, h := range r.Tuning.Histories {
		c := figure.Curve{Name: fmt.Sprintf("without fold %d", k)}
		if k == 0 {
			c.Name = "on all training calls"
		}
		for _, s := range h.Steps {
			c.X, c.Y = append(c.X, float64(s.Step)), append(c.Y, s.Loss)
		}
		c.Y = figure.Running(c.Y)
		curves = append(curves, c)
	}
	return figure.Curves("Tuning", "step", "loss, running mean", curves, nil)
}

func (r *results) maps() (report.Figures, error) {
	var all report.Figures
	for _, m := range r.Maps {
		caption := fmt.Sprintf("t-SNE, perplexity %.3g, KL divergence %.3f. Faint: calls trained on, whose outcome the tuned encoder knows. The nearest call on the map ended alike for %.0f%% of the calls held out.",
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
		t.Rows = append(t.Rows, []string{h.Name, study.Three(h.Weight)})
	}
	return t
}

func (r *results) trials() report.Table {
	t := report.Table{Columns: []string{"stack of generic heads and", "log loss", "gain", "ROC AUC", ""},
		Caption: "What decided about fine-tuning: stacks on calls of the training set, each judged by encoders, heads and weights that were fitted without it. Fine-tuning is used if it betters both log loss and ROC AUC; behind the ± is the standard error of the gain."}
	for _, tried := range r.Tuning.Trials {
		chosen, gain := "", ""
		if tried.Block != "" {
			gain = fmt.Sprintf("%+.4f ± %.4f", tried.Gain, tried.Error)
		}
		if tried.Stays {
			chosen = "used"
		}
		t.Rows = append(t.Rows, []string{conversion.Title(cmp.Or(tried.Block, "nothing else")), fmt.Sprintf("%.4f", tried.LogLoss), gain, study.Three(tried.ROCAUC), chosen})
	}
	return t
}

func (r *results) settings() report.Table {
	o, pieces, steps := r.Options, 0, 0
	for _, h := range r.Tuning.Histories {
		pieces, steps = pieces+h.Tokens, steps+len(h.Steps)
	}
	return report.Table{Columns: []string{"setting", "value"}, Rows: [][]string{
		{"classifiers", o.Classifier}, {"steps of the tuning on all calls", fmt.Sprint(len(r.Tuning.Histories[0].Steps))}, {"triplets an anchor", fmt.Sprint(o.Pairs)},
		{"pieces in the calls of all tunings", fmt.Sprint(pieces)}, {"steps of all tunings", fmt.Sprint(steps)},
		{"seconds in all", fmt.Sprintf("%.0f", r.Seconds)},
	}}
}
