package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/report"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/internal/atomicfile"
	"github.com/org/salesconv/internal/figure"
	"github.com/org/salesconv/tsne"
)

// Files of the results.
const (
	pageFile    = "performance_comparison.html"
	historyFile = "training_history.png"
	metricsFile = "metrics.json"
	runFile     = "run.json"
)

// write replaces the results.
func (r *results) write(dir string, took *took) error {
	history, err := r.history()
	if err != nil {
		return err
	}
	page, err := r.page()
	if err != nil {
		return err
	}
	files := map[string]func(io.Writer) error{
		pageFile:    page.Write,
		historyFile: func(w io.Writer) error { return history.Write(w, "png") },
		metricsFile: indented(r),
		runFile:     indented(took),
	}
	for _, m := range r.Maps {
		files[m.file] = r.plot(m, "png")
	}
	return atomicfile.WriteDir(dir, r.own, func(dir string) (err error) {
		for name, write := range files {
			err = errors.Join(err, atomicfile.WriteFile(filepath.Join(dir, name), write))
		}
		return err
	})
}

// own reports whether a name is one of the files that write writes.
func (r *results) own(name string) bool {
	return slices.Contains([]string{pageFile, historyFile, metricsFile, runFile}, name) ||
		slices.ContainsFunc(r.Maps, func(m mapped) bool { return m.file == name })
}

// took is what run.json holds: what is not the same each time.
type took struct {
	Seconds float64 `json:"seconds"` // in all
	Stages  []stage `json:"stages"`
	Resumed []int   `json:"resumed"` // the step from which each fine-tuning run was resumed; 0: its beginning
}

func indented(v any) func(io.Writer) error {
	return func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
}

// print writes the table of the held-out calls.
func (r *results) print(w io.Writer) {
	fmt.Fprintf(w, "%d of %d calls held out (%s), predicted after training on the other %d\n\n", r.Data.Test, r.Data.Calls, cli.Escape(r.Data.Source), r.Data.Train)
	study.Print(w, r.table(), r.Verdicts)
	fmt.Fprintln(w, r.intervals())
	fmt.Fprintln(w, r.Tuning.Verdict())
	fmt.Fprintln(w, study.LeakText(r.Leak))
	fmt.Fprintln(w, r.lead(), r.worth())
	fmt.Fprintln(w)
	study.Print(w, r.during(), nil)
	fmt.Fprintln(w, r.slipping())
	fmt.Fprintln(w, r.saved())
	fmt.Fprintln(w, r.Tuning.Saved())
}

// intervals describes what intervals rest on.
func (r *results) intervals() string { return r.Methods[0].Intervals(r.data.Unit()) }

// saved says which calls the saved predictor was fitted on.
func (r *results) saved() string {
	if r.Options.Refit {
		return fmt.Sprintf("The saved predictor was then fitted again on all %d calls, so no figure here evaluates it: expect it to be as good or slightly better.", r.Data.Calls)
	}
	return fmt.Sprintf("The saved predictor was fitted on the %d other calls.", r.Data.Train)
}

// next says where everything is, what it holds, and what can be done with it.
func (r *results) next(env *cli.Env, out *output) {
	env.Notef("the page to open: %s", filepath.Join(out.results(), pageFile))
	personal := "the calls are not masked: they may name people"
	if r.Options.Mask {
		personal = "names, numbers and addresses are masked as far as they were found"
	}
	env.Notef("%s holds words of the calls (words.json), and %s quotes turns; %s, so protect both as you protect the calls", out.models(), out.results(), personal)
	env.Notef("next: go run ./examples/predict -models %s CALLS, or go run ./examples/explain -models %s -html calls.html CALLS", out.dir, out.dir)
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
	links, known := make([]string, len(trained)), r.heldOut.Links()
	says := make([]string, len(trained))
	for i, c := range r.data.Calls {
		links[i], says[i] = known[c.ID], c.ID+"\n"+c.Outcome.String()
		if trained[i] {
			links[i], says[i] = "", says[i]+"\ntrained on"
		}
	}
	return func(w io.Writer) error {
		return tsne.Plot(w, m.points, r.data.Labels, &tsne.PlotOptions{Title: title, Faint: trained, FaintName: "trained on", Says: says, Links: links, Format: format})
	}
}

func (r *results) page() (*report.Page, error) {
	first, err := study.Draw(study.Won("held-out calls", r.Fifths))
	if err != nil {
		return nil, err
	}
	shown := study.Named(r.Methods, conversion.Title(conversion.Words), conversion.Title(conversion.TurnMean), conversion.Title(conversion.Best))
	charts, err := study.Draw(study.AUCs(r.distinct(), r.intervals()), study.ROC(shown), study.PrecisionRecall(shown), study.Gain(shown), study.Lift(shown), study.Calibration(shown))
	if err != nil {
		return nil, err
	}
	history, err := study.Draw(study.Drawing{Draw: r.history, Caption: "One fine-tuning run leaves out each fold of the training calls, to evaluate it on the calls left out; with -refit, one more run uses all calls. The model averages the weights of all runs. Each line is a running mean over a twentieth of the steps."})
	if err != nil {
		return nil, err
	}
	maps, err := r.maps()
	if err != nil {
		return nil, err
	}
	calls, err := r.heldOut.Sections()
	if err != nil {
		return nil, err
	}
	return &report.Page{
		Title: "How well can won calls be predicted?",
		Lead:  r.lead(),
		Sections: slices.Concat([]report.Section{
			{Blocks: []report.Block{first, report.Text(fmt.Sprintf("Evaluated on %d %scalls that were held out from training; %d others were trained on. %s %s",
				r.Data.Test, r.data.Kind(), r.Data.Train, r.worth(), r.saved()))}},
			{Title: "What moves the predictions", Blocks: []report.Block{r.turns()}},
			{Title: "During the call", Blocks: []report.Block{report.Text(r.slipping()), report.Details{Title: "In numbers", Blocks: []report.Block{r.during(), report.Text(
				"ROC AUC: how often a won call has a higher probability than a lost one; 0.5 is chance. Log loss: how far probabilities are from the outcomes; lower is better. The last column is the log loss of the same probability for every call.")}}}},
			{Title: "Does fine-tuning help?", Blocks: []report.Block{
				report.Text(r.answer()), report.Details{Title: "Every score of every method", Blocks: append([]report.Block{r.table()}, terms...)},
				report.Details{Title: "Charts", Blocks: []report.Block{charts}},
				report.Details{Title: "Tests", Blocks: r.tests()},
			}},
			{Title: "Do the metadata reveal the outcome?", Blocks: []report.Block{report.Text(study.LeakText(r.Leak) + " The predictor does not read them."), report.Details{Title: "Which of them", Blocks: []report.Block{study.LeakTable(r.Leak)}}}},
			{Title: "Maps of all calls", Blocks: []report.Block{maps}},
		}, calls, []report.Section{
			{Title: "How it was trained", Blocks: []report.Block{
				report.Text(r.Tuning.Verdict()), report.Text(r.Tuning.Saved()),
				report.Details{Title: "How this was decided", Blocks: r.decisions()},
				report.Details{Title: "Training loss and settings", Blocks: []report.Block{history, r.settings()}},
			}},
		}),
		Footer: fmt.Sprintf("%s: %d calls, %d won, %d turns. Seed %d. Model %.12s. Every number is in %s.", r.Data.Source, r.Data.Calls, r.Data.Won, r.Data.Turns, r.Options.Seed, r.Model, metricsFile),
	}, nil
}

// lead says in a sentence how well the predictor ranks calls, and before it whether that may be chance.
func (r *results) lead() string {
	lead := fmt.Sprintf("In %.0f%% of all pairs of a won and a lost call, the predictor gives the won call the higher probability (chance: 50%%).", 100*r.predictor().ROCAUC)
	if !r.OutOfFold.Predicts() {
		lead = "Nothing can be predicted from these calls: do not rely on the probabilities. " + lead
	}
	return lead
}

// worth reports how good the predictor is on the calls held out, and out of fold where that may be chance.
func (r *results) worth() string {
	m, best := r.predictor(), r.Fifths[len(r.Fifths)-1]
	won := m.Confusion.TruePositive + m.Confusion.FalseNegative
	worth := fmt.Sprintf("Of the fifth of these calls with the highest probabilities %s were won (%.0f of %d), of all %s (%d of %d).",
		figure.Percent(best.Observed), best.Observed*float64(best.Rows), best.Rows, figure.Percent(float64(won)/float64(m.Rows)), won, m.Rows)
	if f := r.OutOfFold; !f.Predicts() {
		worth += fmt.Sprintf(" On the %d training calls, out of fold, the won call had the higher probability in %.0f%% of all pairs, and the log loss is %.3f, against %.3f for the share won: no better than chance.",
			f.Calls, 100*f.ROCAUC, f.LogLoss, f.BaseLogLoss)
	}
	return worth
}

// answer says in a sentence whether fine-tuning helps.
func (r *results) answer() string {
	switch {
	case r.Tuning.Share == 0:
		return "No: on the training calls, out of fold, the fine-tuned embedding was worse than the generic one, which is saved instead."
	case !r.Tuning.Used:
		return "No: on the training calls, out of fold, the predictor was not better with the fine-tuned encoder, so it does not use it."
	case len(r.Verdicts) == 0:
		return "On the training calls, out of fold, it does, so the predictor uses it. Calls of a single group cannot show whether it does on other calls."
	case !r.Verdicts[0].Differs():
		return "On the training calls, out of fold, it does, so the predictor uses it; on the held-out calls the difference is no more than chance would explain."
	case r.Verdicts[0].Difference.Estimate < 0:
		return "On the training calls, out of fold, it does, so the predictor uses it; on the held-out calls it makes predictions worse."
	}
	return "Yes: the predictor with the fine-tuned encoder is better on the held-out calls, by more than chance would explain."
}

// terms explains the columns of the table.
var terms = []report.Block{
	report.Text("ROC AUC: how often a won call gets a higher probability than a lost one; 0.5 is chance, 1 perfect. PR AUC: the share of won calls among those called, averaged over thresholds; by chance it is the share won of all calls. Lift of the best tenth: how many times more won calls it holds than a random tenth."),
	report.Text("F1 and accuracy, left out where few calls are won: at a probability of one half. Log loss and Brier score: how far probabilities are from the outcomes; lower is better. Interval: 95% confidence interval of the ROC AUC for other calls of the same source."),
	report.Text(study.Evidence + " Stack: the weighted sum of all these."),
}

// distinct are the methods that predict differently. A predictor without fine-tuning equals the generic stack, and
// where the generic weights are kept, fine-tuned turns are generic ones.
func (r *results) distinct() []study.Method {
	methods := study.Distinct(r.Methods, conversion.Title(conversion.Best))
	if r.Tuning.Share == 0 {
		methods = slices.DeleteFunc(methods, func(m study.Method) bool { return m.Name == conversion.Title(conversion.TunedTurns) })
	}
	return methods
}

// table shows the scores.
func (r *results) table() report.Table {
	return study.Table(r.distinct(), "method", "Each row is a method of predicting which calls are won, evaluated on the held-out calls; methods with the same predictions share a row. "+r.intervals())
}

// tests shows which differences are more than chance.
func (r *results) tests() []report.Block {
	var blocks []report.Block
	for _, v := range r.Verdicts {
		blocks = append(blocks, report.Text(v.Text))
	}
	return append(blocks, study.Differences(r.Verdicts, r.intervals()))
}

// history draws the loss of the fine-tuning runs.
func (r *results) history() (*figure.Figure, error) {
	var curves []figure.Curve
	for k, h := range r.Tuning.Histories {
		c := figure.Curve{Name: fmt.Sprintf("without fold %d", k+1)}
		if h.Documents == r.Data.Calls {
			c.Name = "on all calls"
		}
		for _, s := range h.Steps {
			c.X, c.Y = append(c.X, float64(s.Step)), append(c.Y, s.Loss)
		}
		c.Y = figure.Running(c.Y)
		curves = append(curves, c)
	}
	return figure.Curves("Fine-tuning", "step", "loss, running mean", curves, nil)
}

func (r *results) maps() (report.Figures, error) {
	var all report.Figures
	maps := r.Maps
	if r.Tuning.Share == 0 {
		maps = maps[:1] // both have the generic embedding
	}
	for _, m := range maps {
		caption := fmt.Sprintf("Calls in which similar things are said lie together; click a held-out call to open it. Faint: training calls, whose outcomes the fine-tuned encoder has learned. The nearest call on the map had the same outcome for %s of the held-out calls (t-SNE, perplexity %.3g, KL divergence %.3f).",
			figure.Percent(m.Neighbours), m.Perplexity, m.KL)
		drawn, err := report.NewFigure(caption, r.plot(m, "svg"))
		if err != nil {
			return nil, err
		}
		all = append(all, drawn)
	}
	return all, nil
}

func (r *results) turns() report.Table {
	known := r.heldOut.Links()
	t := report.Table{Name: "turns", Columns: []string{"said", "points", "speaker", "times", "of these won", "for example"},
		Caption: "The turns of held-out calls that raise and lower the probability of a won call most, in points: +5 takes 40% to 45%. Turns with nearly the same words count as one, with the mean of their points; click one to open a call with it. This is the model's response to a turn, not the turn's effect on the customer.",
		LogOdds: [][]string{{"", "log-odds", "", "", "", ""}}}
	for _, x := range r.Turns {
		t.LogOdds = append(t.LogOdds, []string{"", figure.Number("%+.2f", x.LogOdds), "", "", "", ""})
		t.Links = append(t.Links, known[x.Call])
		t.Rows = append(t.Rows, []string{x.Text, report.Signed(x.Points), x.Speaker, fmt.Sprint(x.Times), fmt.Sprint(x.Won), fmt.Sprintf("call\u00a0%s, turn\u00a0%d", x.Call, x.Turn)})
	}
	return t
}

// decisions shows how the predictor was chosen. Where the generic weights are kept, no stacks were tried.
func (r *results) decisions() []report.Block {
	blocks := []report.Block{r.shares(), r.further(), r.heads()}
	if len(r.Tuning.Trials) > 0 {
		blocks = slices.Insert(blocks, 1, report.Block(r.trials()))
	}
	return blocks
}

func (r *results) heads() report.Table {
	t := report.Table{Columns: []string{"head", "weight"},
		Caption: "The predictor adds up the log-odds of these heads, with weights fitted to calls that the heads were not trained on."}
	for _, h := range r.Heads {
		t.Rows = append(t.Rows, []string{h.Title, study.Three(h.Weight)})
	}
	return t
}

func (r *results) shares() report.Table {
	t := report.Table{Columns: []string{"fine-tuned weights", "ROC AUC", "ROC AUC, generic", "difference", "95% interval", "decision"},
		Caption: "The share of fine-tuned weights that is kept, the rest being generic: the one with which the tuned head ranks the training calls best out of fold; none if the best head on generic turn vectors ranks them better."}
	for _, tried := range r.Tuning.Shares {
		kept, d := "", tried.Difference
		if tried.Share == r.Tuning.Share {
			kept = "kept"
		}
		t.Rows = append(t.Rows, []string{fmt.Sprintf("%.0f%%", 100*tried.Share), study.Three(tried.B), study.Three(tried.A), figure.Number("%+.3f", d.Estimate),
			figure.Number("%+.3f", d.Low) + " to " + figure.Number("%+.3f", d.High), kept})
	}
	return t
}

func (r *results) trials() report.Table {
	return trials(r.Tuning.Trials, "used", "Stacks evaluated on the training calls out of fold: encoders, heads and weights were fitted without the call. Fine-tuning is used if it improves both log loss and ROC AUC; after the ± is the standard error of the gain.")
}

func (r *results) further() report.Table {
	return trials(r.Further, "best", "Stacks with blocks that the predictor does not use, evaluated in the same way: these blocks can neither be attributed to turns nor be known in live calls.")
}

// trials shows stacks with optional blocks.
func trials(all []classify.BlockTrial, chosen, caption string) report.Table {
	t := report.Table{Columns: []string{"stack of generic heads and", "log loss", "gain", "ROC AUC", "decision"}, Caption: caption}
	for _, tried := range all {
		stays, gain := "", ""
		if tried.Block != "" {
			gain = figure.Number("%+.4f", tried.Gain) + fmt.Sprintf(" ± %.4f", tried.Error)
		}
		if tried.Stays {
			stays = chosen
		}
		t.Rows = append(t.Rows, []string{cmp.Or(tried.Block, "nothing else"), fmt.Sprintf("%.4f", tried.LogLoss), gain, study.Three(tried.ROCAUC), stays})
	}
	return t
}

func (r *results) settings() report.Table {
	o, tokens, steps := r.Options, 0, 0
	for _, h := range r.Tuning.Histories {
		tokens, steps = tokens+h.Tokens, steps+len(h.Steps)
	}
	return report.Table{Columns: []string{"setting", "value"}, Rows: [][]string{
		{"classifiers", o.Classifier}, {"fine-tuning runs", fmt.Sprint(len(r.Tuning.Histories))}, {"share of fine-tuned weights, %", fmt.Sprint(100 * r.Tuning.Share)},
		{"epochs", fmt.Sprint(o.Epochs)}, {"learning rate", fmt.Sprint(o.LearningRate)}, {"triplets for each anchor", fmt.Sprint(o.Pairs)},
		{"tokens in the calls of all runs", fmt.Sprint(tokens)}, {"steps of all runs", fmt.Sprint(steps)},
	}}
}
