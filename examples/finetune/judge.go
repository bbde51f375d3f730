package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/report"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/tsne"
	"gonum.org/v1/gonum/mat"
)

// results is what metrics.json holds, and what the page shows.
type results struct {
	Options  options            `json:"options"`
	Data     counts             `json:"data"`
	Ways     []study.Method     `json:"held_out"`    // of predicting, judged on the calls held out
	Verdicts []study.Verdict    `json:"comparisons"` // of two of them
	Heads    []headWeight       `json:"heads"`       // of the predictor
	Maps     []mapped           `json:"maps"`
	Turns    []tellingTurn      `json:"telling_turns"`
	Tuning   *conversion.Tuning `json:"tuning"`
	Seconds  float64            `json:"seconds"`

	data *data
}

type counts struct {
	Source    string `json:"source"`
	Synthetic bool   `json:"synthetic"`
	Calls     int    `json:"calls"`
	Won       int    `json:"won"`
	Unknown   int    `json:"left_out_without_label"`
	Train     int    `json:"train"`
	Test      int    `json:"test"`
	Turns     int    `json:"turns"`
}

type headWeight struct {
	Name   string  `json:"name"`
	Weight float64 `json:"weight"`
}

// mapped is a t-SNE map of all calls.
type mapped struct {
	Name       string  `json:"name"`
	Perplexity float64 `json:"perplexity"`
	KL         float64 `json:"kl_divergence"`
	Neighbours float64 `json:"same_outcome_neighbours"` // share of nearest neighbours on the map, of held-out calls, with the same outcome
	file       string
	points     *mat.Dense
}

// tellingTurn is a turn of a held-out call that moves its prediction much.
type tellingTurn struct {
	Call         string  `json:"call"`
	Turn         int     `json:"turn"` // from 1
	Speaker      string  `json:"speaker"`
	Text         string  `json:"text"`
	Contribution float64 `json:"contribution"` // to the log-odds
	Outcome      string  `json:"outcome"`
}

// judge measures everything on the calls held out, and draws the maps of all.
func judge(ctx context.Context, env *cli.Env, d *data, p *conversion.Predictor, fit *conversion.Report, o *options) (*results, error) {
	r := &results{Options: *o, Data: d.counts(), Tuning: fit.Tuning, data: d}
	for _, h := range p.Info().Heads {
		r.Heads = append(r.Heads, headWeight{h.Title, h.Weight})
	}
	if err := r.compare(ctx, d, fit, o.Seed); err != nil {
		return nil, err
	}
	if err := r.draw(ctx, env, d, fit, o.Seed); err != nil {
		return nil, err
	}
	return r, r.tellingTurns(ctx, env, d, p, o.Seed)
}

func (d *data) counts() counts {
	c := counts{Source: d.Source, Synthetic: d.Synthetic, Calls: len(d.Calls), Won: d.Won(), Unknown: d.Unknown,
		Train: len(d.split.Train), Test: len(d.split.Test)}
	for _, doc := range d.Docs {
		c.Turns += len(doc)
	}
	return c
}

// compared are the pairs of ways that the page compares. Its first sentence is about the first pair, which is left out where
// the predictor leaves tuned vectors out: both are the same then.
var compared = [][2]string{
	{conversion.Title(conversion.GenericStack), conversion.Title(conversion.Best)},
	{conversion.Title(conversion.TurnMean), conversion.Title(conversion.TunedTurnMean)},
	{conversion.Title(conversion.Words), conversion.Title(conversion.Best)},
}

// compare judges each way of predicting, and pairs of them.
func (r *results) compare(ctx context.Context, d *data, fit *conversion.Report, seed uint64) error {
	predictions, err := fit.Predict(ctx, study.Pick(d.Calls, d.split.Test))
	if err != nil {
		return err
	}
	test := d.split.Test
	resample := &evaluate.ResampleOptions{Groups: study.Pick(d.Groups, test), Seed: seed}
	for _, p := range predictions {
		out := &evaluate.OutOfFold{Row: test, Fold: make([]int, len(test)), Y: study.Pick(d.Labels, test), P: p.Probability}
		w, err := study.Judge(ctx, conversion.Title(p.Method), out, resample)
		if err != nil {
			return err
		}
		r.Ways = append(r.Ways, w)
	}
	pairs := compared
	if !fit.Tuning.Used {
		pairs = pairs[1:]
	}
	r.Verdicts, err = study.Verdicts(ctx, r.Ways, pairs, resample)
	return err
}

// draw maps all calls by the generic and by the tuned encoder.
func (r *results) draw(ctx context.Context, env *cli.Env, d *data, fit *conversion.Report, seed uint64) error {
	stages := env.Progress()
	defer stages.Close()
	generic, tuned, err := fit.Embeddings(ctx, d.Calls)
	if err != nil {
		return err
	}
	for _, m := range []struct {
		name, file string
		x          mat.Matrix
	}{{"generic embeddings", "generic_embeddings", generic}, {"fine-tuned embeddings", "fine_tuned_embeddings", tuned}} {
		a, err := tsne.NewAffinity(ctx, m.x, nil)
		if err != nil {
			return err
		}
		start, err := tsne.Start(ctx, m.x, seed)
		if err != nil {
			return err
		}
		layout, err := a.Layout(ctx, start, &tsne.LayoutOptions{Progress: func(s tsne.Step) {
			stages.Show("map of "+m.name, s.Iteration, s.Iterations)
		}})
		if err != nil {
			return err
		}
		r.Maps = append(r.Maps, mapped{Name: m.name, Perplexity: a.Perplexity, KL: layout.KL, points: layout.Points, file: m.file + ".png",
			Neighbours: sameNeighbours(layout.Points, d.Labels, d.split.Test)})
	}
	return nil
}

// sameNeighbours is the share of the given points whose nearest other point has the same label.
func sameNeighbours(points *mat.Dense, labels, of []int) float64 {
	same := 0
	for _, i := range of {
		best, nearest := math.Inf(1), -1
		for j := range labels {
			if distance := math.Hypot(points.At(i, 0)-points.At(j, 0), points.At(i, 1)-points.At(j, 1)); j != i && distance < best {
				best, nearest = distance, j
			}
		}
		if labels[nearest] == labels[i] {
			same++
		}
	}
	return float64(same) / float64(len(of))
}

// shown is how many turns for and against are listed.
const shown = 6

// tellingTurns finds the turns of held-out calls that move predictions most, up and down.
func (r *results) tellingTurns(ctx context.Context, env *cli.Env, d *data, predictor *conversion.Predictor, seed uint64) error {
	stages := env.Progress()
	defer stages.Close()
	var all []tellingTurn
	for k, i := range d.split.Test {
		e, err := predictor.Explain(ctx, d.Calls[i], &conversion.ExplainOptions{Words: -1, Seed: seed})
		if err != nil {
			return err
		}
		for t, turn := range e.Turns {
			all = append(all, tellingTurn{d.Calls[i].ID, t + 1, turn.Speaker, turn.Text, turn.Contribution, d.Calls[i].Outcome.String()})
		}
		stages.Show("explaining held-out calls", k+1, len(d.split.Test))
	}
	slices.SortStableFunc(all, func(a, b tellingTurn) int {
		switch {
		case a.Contribution > b.Contribution:
			return -1
		case a.Contribution < b.Contribution:
			return 1
		}
		return 0
	})
	n := min(shown, len(all)/2)
	r.Turns = slices.Concat(all[:n], all[len(all)-n:])
	return nil
}

// print writes the table of the held-out calls.
func (r *results) print(w io.Writer) {
	fmt.Fprintf(w, "%d calls held out of %d (%s), trained on %d\n\n", r.Data.Test, r.Data.Calls, r.Data.Source, r.Data.Train)
	study.Print(w, r.table(), r.Verdicts)
	fmt.Fprintln(w, r.Tuning.Verdict())
}

func (r *results) table() report.Table {
	return study.Table(r.Ways, "classifier on", "Each row is a method of predicting which calls are won. "+r.Ways[0].Intervals("agents"))
}
