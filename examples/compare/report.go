package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/report"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/internal/figure"
	"github.com/org/salesconv/shap"
)

// write writes the page, and every number where a file is named for them.
func (r *results) write(html, numbers string) error {
	page, err := r.page()
	if err != nil {
		return err
	}
	if err := cli.WriteFile(html, page.Write); err != nil || numbers == "" {
		return err
	}
	return cli.WriteFile(numbers, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	})
}

// sample describes what was measured.
func (r *results) sample() string {
	folds := fmt.Sprintf("in %d folds by %s", r.Options.Folds, strings.TrimSuffix(r.unit, "s"))
	if r.Options.Forward {
		folds = fmt.Sprintf("of which %d in %d periods are predicted from the calls before them", r.Tested, r.Options.Folds)
	}
	return fmt.Sprintf("%d %scalls, %d of them won, %s (%s)", r.Calls, r.kind, r.Won, folds, r.Source)
}

// predictor is the method of finetune; which method to use is not chosen by its score here.
func (r *results) predictor() study.Method { return study.Named(r.Methods, r.Options.predictor())[0] }

// lead says in a sentence how well the predictor ranks calls.
func (r *results) lead() string {
	w, interval := r.predictor(), ""
	if w.AUC != nil {
		interval = fmt.Sprintf("95%% interval %.0f%% to %.0f%%; ", 100*w.AUC.Low, 100*w.AUC.High)
	}
	return fmt.Sprintf("In %.0f%% of all pairs of a won and a lost call, the predictor scores the won call higher (%schance: 50%%).", 100*w.ROCAUC, interval)
}

// worth describes the profit of calling the best-scored calls.
func (r *results) worth() string {
	fifth := r.Uses[len(r.Uses)-1]
	return fmt.Sprintf("Of the %d highest-scored calls, about a fifth, %s were won, of all calls %s. The predictor is the method %q.",
		fifth.Called, figure.Percent(fifth.Precision), figure.Percent(r.Uses[0].Precision), r.predictor().Name)
}

// print writes tables and verdicts.
func (r *results) print(w io.Writer) {
	fmt.Fprintf(w, "%s\n\n", r.sample())
	study.Print(w, r.table(), r.Verdicts)
	fmt.Fprintf(w, "\n%s %s\n\n", r.lead(), r.worth())
	study.Print(w, r.uses(), nil)
	fmt.Fprintln(w, study.LeakText(r.Leak))
}

func (r *results) table() report.Table {
	return study.Table(r.Methods, "classifier, features",
		"The stack combines tf-idf, turn means, last turns and trend of the generic encoder. With fine-tuning where its inner folds show that it helps, it is the predictor of finetune. "+r.intervals())
}

// uses shows the results of calling by the scores of the predictor.
func (r *results) uses() report.Table {
	worth := fmt.Sprintf("a won call is worth %.2f calls", r.value())
	if r.Options.Value == 0 {
		worth += ", so that calling everyone breaks even (-value sets another)"
	}
	t := report.Table{
		Columns: []string{"whom to call", "called", "won", "share won", "of all won", "profit"},
		Caption: fmt.Sprintf("By the predictor, %s. The score from which to call was chosen on calls other than those counted here. Profit in costs of a call: %s.", r.Options.predictor(), worth),
	}
	for _, u := range r.Uses {
		t.Rows = append(t.Rows, []string{u.Name, fmt.Sprint(u.Called), fmt.Sprint(u.Won), figure.Percent(u.Precision), figure.Percent(u.Recall),
			figure.Number("%+.0f", u.Profit)})
	}
	return t
}

// value is what a won call is worth, derived from the profit of calling everyone.
func (r *results) value() float64 {
	everyone := r.Uses[0]
	return (everyone.Profit + float64(everyone.Called)) / float64(everyone.Won)
}

// lift shows what calling the best-scored calls first finds.
func (r *results) lift() report.Table {
	t := report.Table{Columns: []string{"best-scored", "score from", "share won", "lift", "of all won"},
		Caption: "By the predictor, " + r.Options.predictor() + ". Lift: how many times more won calls than among as many random calls."}
	lift := r.predictor().Lift
	for _, tenths := range []int{1, 2, 3, 5} {
		p := lift[max(1, tenths*len(lift)/10)-1]
		t.Rows = append(t.Rows, []string{figure.Percent(p.Share), study.Three(p.Threshold), figure.Percent(p.Precision), fmt.Sprintf("%.2f", p.Lift), figure.Percent(p.Gain)})
	}
	return t
}

// calibration shows predicted and observed frequencies.
func (r *results) calibration() report.Table {
	w := r.predictor()
	t := report.Table{Columns: []string{"predicted", "calls", "share won", "95% interval"},
		Caption: fmt.Sprintf("By the predictor, %s. Predictions and shares are %.1f points apart on average (calibration error). Intervals assume that the calls of a row are independent.", w.Name, 100*w.CalibrationError)}
	for _, b := range w.Calibration {
		t.Rows = append(t.Rows, []string{figure.Chances(b.From, b.To), fmt.Sprint(b.Rows), figure.Percent(b.Observed),
			figure.Percent(b.Low) + "–" + figure.Percent(b.High)})
	}
	return t
}

func (r *results) page() (*report.Page, error) {
	shown := study.Named(r.Methods, words, frozen, stack, tunedStack)
	page := &report.Page{
		Title:  "How well can won calls be predicted?",
		Lead:   r.lead(),
		Footer: fmt.Sprintf("Seed %d. %s", r.Options.Seed, map[bool]string{true: "The encoder was not fine-tuned.", false: "The encoder was fine-tuned anew in each fold."}[r.Options.Frozen]),
	}
	swarm, failed := r.swarm()
	draw := func(drawings ...study.Drawing) report.Figures {
		charts, err := study.Draw(drawings...)
		failed = errors.Join(failed, err)
		return charts
	}
	add := func(title string, blocks ...report.Block) {
		page.Sections = append(page.Sections, report.Section{Title: title, Blocks: blocks})
	}
	add("", draw(study.Won("calls", r.predictor().Calibration)), report.Text(sentence(r.sample())+". Every call is predicted by models that were not trained on it"+r.apart()+". "+r.worth()+" "+r.intervals()))
	add("What does it bring in use?", r.uses(), report.Details{Title: "Lift and profit", Blocks: []report.Block{draw(study.Lift(shown), r.profit()), r.lift()}})
	add("Which method predicts best?", report.Text(r.summary()), draw(study.AUCs(r.Methods, r.intervals())),
		report.Details{Title: "Every score of every method", Blocks: append([]report.Block{r.table()}, terms...)},
		report.Details{Title: "Charts by threshold", Blocks: []report.Block{draw(study.Gain(shown), study.ROC(shown), study.PrecisionRecall(shown))}},
		report.Details{Title: "Tests", Blocks: r.verdicts()})
	add("Are the probabilities calibrated?", draw(study.Calibration(shown)), report.Details{Title: "In numbers", Blocks: []report.Block{r.calibration()}})
	if curves := draw(r.learning()...); curves != nil {
		add("Would more calls help?", curves)
	}
	add("What do won calls have in common?", swarm)
	add("Do the metadata reveal the outcome?", report.Text(study.LeakText(r.Leak)), report.Details{Title: "Which of them", Blocks: []report.Block{study.LeakTable(r.Leak)}})
	return page, failed
}

// intervals describes what intervals rest on.
func (r *results) intervals() string { return r.Methods[0].Intervals(r.unit) }

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// apart describes what else the models were not trained on.
func (r *results) apart() string {
	switch {
	case r.Options.Forward:
		return " or on later calls"
	case r.unit == "calls":
		return ""
	}
	return " or on other calls of its agent"
}

// summary sums up the comparisons.
func (r *results) summary() string {
	var found []string
	for _, v := range r.Verdicts {
		if v.Differs() {
			better, worse := v.B, v.A
			if v.Difference.Estimate < 0 {
				better, worse = worse, better
			}
			found = append(found, better+" beats "+worse)
		}
	}
	if found == nil {
		return fmt.Sprintf("None of %d comparisons shows a difference beyond chance: take the simplest method.", len(r.Verdicts))
	}
	return fmt.Sprintf("In %d of %d comparisons there is evidence of a difference: %s. Elsewhere take the simpler method.",
		len(found), len(r.Verdicts), strings.Join(found, ", "))
}

// verdicts states which differences are beyond chance.
func (r *results) verdicts() []report.Block {
	var blocks []report.Block
	for _, v := range r.Verdicts {
		blocks = append(blocks, report.Text(v.Text))
	}
	return append(blocks, study.Differences(r.Verdicts, r.intervals()))
}

// profit draws the profit of calling the best-scored calls first.
func (r *results) profit() study.Drawing {
	var curves []figure.Curve
	for _, p := range r.Profits {
		c := figure.Curve{Name: p.Name}
		for _, point := range p.Curve {
			c.X, c.Y = append(c.X, float64(point.Rows)/float64(r.Tested)), append(c.Y, point.Profit)
		}
		curves = append(curves, c)
	}
	caption := fmt.Sprintf("What calling the best-scored calls first earns, if a won call is worth %.2f calls.", r.value())
	return study.Drawing{Caption: caption, Draw: func() (*figure.Figure, error) {
		return figure.Curves("Profit", "share of calls", "profit, in costs of a call", curves, nil)
	}}
}

// learning draws the learning curves, if there are calls enough.
func (r *results) learning() []study.Drawing {
	var curves []figure.Curve
	for _, l := range r.Learning {
		c := figure.Curve{Name: l.Name, Dots: true}
		for _, p := range l.Curve {
			c.X, c.Y = append(c.X, float64(p.Rows)), append(c.Y, p.Score.Estimate)
		}
		if len(c.X) > 1 {
			curves = append(curves, c)
		}
	}
	if curves == nil {
		return nil
	}
	return []study.Drawing{{Caption: "Each point is trained on part of the calls; all are tested on the same calls. If a curve still rises at its end, more calls would help.", Draw: func() (*figure.Figure, error) {
		return figure.Curves("Learning", "calls trained on", "ROC AUC", curves, nil)
	}}}
}

// swarm draws how talk and metadata correlate with the outcome.
func (r *results) swarm() (report.Figures, error) {
	drawn, err := report.NewFigure("Who talks how much and how, and the metadata. Each point is a call: the further to the right, the more the feature raises its chance of being won "+
		"in a classifier of these features alone, in points; orange where the feature is high. This shows correlations in these calls, not causes.",
		func(w io.Writer) error {
			return shap.Beeswarm(w, r.talk, &shap.PlotOptions{Title: "Talk and metadata", Top: 8, Axis: "points", Format: "svg"})
		})
	return report.Figures{drawn}, err
}

// terms explains the words of the tables.
var terms = []report.Block{
	report.Text("tf-idf: which words and pairs of words are said. Generic: embeddings of the turns by an encoder that was trained on other texts; fine-tuned: the same encoder, trained further on these calls. Talk and metadata: who talks how much, questions, mentions of price and next steps, sentiment, time, industry."),
	report.Text("Logistic: adds up weights. Boosted: a hundred small decision trees, each correcting those before. Stack: a weighted sum of logistic classifiers of different features."),
	report.Text("ROC AUC: how often a won call is scored above a lost one; 0.5 is chance, 1 perfect. PR AUC: the share of won calls among those called, averaged over thresholds. F1 and accuracy, left out where few calls are won: at a probability of one half. Log loss and Brier: how far probabilities are from the outcomes; lower is better."),
	report.Text("95% interval: confidence interval of the figure for other calls of the same source. p: the probability of a difference this large by chance alone; below 0.05 it counts as evidence. p is not adjusted for the number of comparisons: one in twenty would pass by chance."),
}
