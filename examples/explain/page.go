package main

import (
	"context"
	"fmt"
	"io"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/internal/report"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/internal/atomicfile"
	"github.com/org/salesconv/internal/figure"
	"github.com/org/salesconv/shap"
	"github.com/org/salesconv/transcript"
)

// pageCalls is the number of calls that fit on a page.
const pageCalls = 100

// page gathers the calls of the HTML page.
type page struct {
	sections []report.Section
	left     int // calls that did not fit
}

// add puts a call on the page: how the probability moves, which turns move it most, and the call marked up.
func (p *page) add(ctx context.Context, model *conversion.Predictor, call transcript.Call, e *conversion.Explanation) error {
	if len(p.sections) == pageCalls {
		p.left++
		return nil
	}
	text := fmt.Sprintf("Probability of a won call: %.0f%%.", 100*e.Probability)
	if len(e.Turns) > 0 {
		text += fmt.Sprintf(" The average call has %.0f%%; the turns make the difference, in points of probability.", 100*classify.Sigmoid(e.Base))
	}
	for _, w := range e.Warnings {
		text += " " + warnings[w]
	}
	section := report.Section{Title: "Call " + call.ID, Blocks: []report.Block{report.Text(text)}}
	if len(e.Turns) > 0 {
		moves, err := p.moves(ctx, model, call)
		if err != nil {
			return err
		}
		influential, err := p.influential(e)
		if err != nil {
			return err
		}
		section.Blocks = append(section.Blocks, report.Figures{moves, influential}, markedUp(e))
	}
	p.sections = append(p.sections, section)
	return nil
}

// warnings explains what each warning means for a prediction.
var warnings = map[conversion.Warning]string{
	conversion.NoWords:    "Nobody says a word in this call: this is the share of training calls that were won.",
	conversion.TooShort:   "Distrust it: the call is shorter than nearly all training calls.",
	conversion.NotEnglish: "Distrust it: the call is not in English, as the training calls are.",
	conversion.Unlike:     "Distrust it: what is said is unlike the training calls.",
}

// moves draws the probability after each turn, or after 200 of them at most.
func (p *page) moves(ctx context.Context, model *conversion.Predictor, call transcript.Call) (report.Figure, error) {
	now, err := model.Predict(ctx, []transcript.Call{call}, &conversion.PredictOptions{ByTurn: true})
	if err != nil {
		return report.Figure{}, err
	}
	turns := len(now[0].ByTurn)
	points := min(turns, 200)
	number, after := make([]float64, points), make([]float64, points)
	for k := range points {
		n := (k + 1) * turns / points
		number[k], after[k] = float64(n), now[0].ByTurn[n-1]
	}
	f, err := figure.Curves("Probability after each turn, as if the call ended there", "turn", "probability of a won call",
		[]figure.Curve{{Name: "predicted", X: number, Y: after, Dots: points <= 60}}, nil)
	if err != nil {
		return report.Figure{}, err
	}
	f.Y.Min, f.Y.Max = 0, 1
	return report.NewFigure("Each point reads the call up to that turn.", func(w io.Writer) error { return f.Write(w, "svg") })
}

// influential draws what the most influential turns add.
func (p *page) influential(e *conversion.Explanation) (report.Figure, error) {
	points := 100 * study.Slope(e)
	x := &shap.Explanation{Base: 100 * classify.Sigmoid(e.Base)}
	for i, t := range e.Turns {
		x.Values = append(x.Values, points*t.Contribution)
		x.Names = append(x.Names, fmt.Sprintf("%d %s", i+1, t.Text))
	}
	return report.NewFigure("From the average call to this one, in per cent and points; turns are numbered.", func(w io.Writer) error {
		return shap.Waterfall(w, x, &shap.PlotOptions{Title: "The most influential turns", Top: 8, Axis: "probability of a won call, %", Format: "svg"})
	})
}

func markedUp(e *conversion.Explanation) report.Transcript {
	t, points := report.Transcript{Title: "The call, marked up"}, 100*study.Slope(e)
	for i, u := range e.Turns {
		turn := report.Turn{Speaker: fmt.Sprintf("%d %s", i+1, u.Speaker), Value: points * u.Contribution}
		for _, w := range u.Words {
			turn.Spans = append(turn.Spans, report.Span{Text: w.Text, Value: points * w.Contribution})
		}
		if len(u.Words) == 0 {
			turn.Spans = []report.Span{{Text: u.Text}}
		}
		t.Turns = append(t.Turns, turn)
	}
	return t
}

// write writes the page, if one was asked for.
func (p *page) write(path string) error {
	if path == "" {
		return nil
	}
	doc := report.Page{
		Title: "Why these probabilities",
		Lead: "What each turn of a call adds to the probability of winning it, in points (+5 takes 40% to 45%), and what the words of the most " +
			"influential turns add to theirs. This is the model's response to a turn, not the turn's effect on the customer.",
		Sections: p.sections,
	}
	if p.left > 0 {
		doc.Footer = fmt.Sprintf("%d further calls are not on this page, which shows the first %d.", p.left, pageCalls)
	}
	return atomicfile.WriteFile(path, doc.Write)
}
