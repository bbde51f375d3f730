package main

import (
	"context"
	"fmt"
	"io"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/internal/report"
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
	moves, err := p.moves(ctx, model, call)
	if err != nil {
		return err
	}
	telling, err := p.telling(e)
	if err != nil {
		return err
	}
	verdict := report.Text(fmt.Sprintf("Probability of a won call: %.2f (log-odds %+.3f; the average call has %+.3f).",
		e.Probability, e.LogOdds, e.Base))
	p.sections = append(p.sections, report.Section{
		Title:  "Call " + call.ID,
		Blocks: []report.Block{verdict, report.Figures{moves, telling}, markedUp(e)},
	})
	return nil
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

// telling draws what the most telling turns add.
func (p *page) telling(e *conversion.Explanation) (report.Figure, error) {
	x := &shap.Explanation{Base: e.Base}
	for i, t := range e.Turns {
		x.Values = append(x.Values, t.Contribution)
		x.Names = append(x.Names, fmt.Sprintf("%d %s", i+1, t.Text))
	}
	return report.NewFigure("From the average call to this one, in log-odds; turns are numbered.", func(w io.Writer) error {
		return shap.Waterfall(w, x, &shap.PlotOptions{Title: "The most telling turns", Top: 8, Format: "svg"})
	})
}

func markedUp(e *conversion.Explanation) report.Transcript {
	t := report.Transcript{Title: "The call, marked up"}
	for i, u := range e.Turns {
		turn := report.Turn{Speaker: fmt.Sprintf("%d %s", i+1, u.Speaker), Value: u.Contribution}
		for _, w := range u.Words {
			turn.Spans = append(turn.Spans, report.Span{Text: w.Text, Value: w.Contribution})
		}
		if len(u.Words) == 0 {
			turn.Spans = []report.Span{{Text: u.Text}}
		}
		t.Turns = append(t.Turns, turn)
	}
	return t
}

// write writes the page.
func (p *page) write(path string) error {
	doc := report.Page{
		Title: "Why these probabilities",
		Lead: "What each turn of a call adds to the log-odds of winning it, and what the words of the most telling turns " +
			"add to theirs. This is what the model makes of a turn, not what the turn did to the customer.",
		Sections: p.sections,
	}
	if p.left > 0 {
		doc.Footer = fmt.Sprintf("%d further calls are not on this page, which shows the first %d.", p.left, pageCalls)
	}
	return atomicfile.WriteFile(path, doc.Write)
}
