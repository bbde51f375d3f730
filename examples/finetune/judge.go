package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/internal/cli"
	"github.com/org/salesconv/internal/pipeline"
	"github.com/org/salesconv/triplet"
	"github.com/org/salesconv/tsne"
	"gonum.org/v1/gonum/mat"
)

// results is what metrics.json holds, and what the page shows.
type results struct {
	Options     options             `json:"options"`
	Data        counts              `json:"data"`
	Ways        []way               `json:"held_out"`    // of predicting, judged on the calls held out
	Comparisons []comparison        `json:"comparisons"` // of two of them
	Heads       []headWeight        `json:"heads"`       // of the predictor
	Calibration []calibrationBin    `json:"calibration"` // of the predictor
	Gain        map[string][]gained `json:"gain"`
	Maps        []mapped            `json:"maps"`
	Turns       []tellingTurn       `json:"telling_turns"`
	Tuning      *triplet.History    `json:"tuning"`
	Seconds     float64             `json:"seconds"`

	labels []int // of all calls, for the maps
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

type way struct {
	Name string            `json:"name"`
	AUC  classify.Interval `json:"roc_auc_interval"` // 95%, by bootstrap over agents
	classify.Metrics
	probability []float64
}

type comparison struct {
	A       string `json:"from"`
	B       string `json:"to"`
	Verdict string `json:"verdict"`
	*classify.Comparison
}

type headWeight struct {
	Name   string  `json:"name"`
	Weight float64 `json:"weight"`
}

type calibrationBin = classify.CalibrationBin

type gained = classify.LiftPoint

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
func judge(ctx context.Context, env *cli.Env, d *data, fit *pipeline.Fit, o *options) (*results, error) {
	r := &results{Options: *o, Data: d.counts(), Tuning: fit.History, labels: d.labels}
	for _, h := range fit.Stack.Heads {
		r.Heads = append(r.Heads, headWeight{h.Name, h.Weight})
	}
	if err := r.compare(ctx, d, fit, o.Seed); err != nil {
		return nil, err
	}
	if err := r.draw(ctx, env, d, fit, o.Seed); err != nil {
		return nil, err
	}
	return r, r.tellingTurns(ctx, env, d, fit, o.Seed)
}

func (d *data) counts() counts {
	c := counts{Source: d.source, Synthetic: d.synthetic, Calls: len(d.calls), Unknown: d.unknown,
		Train: len(d.split.Train), Test: len(d.split.Test)}
	for i, l := range d.labels {
		c.Won += l
		c.Turns += len(d.docs[i])
	}
	return c
}

// compared are the pairs of ways that the page compares.
var compared = [][2]string{
	{pipeline.TurnMean, pipeline.TunedMean},
	{pipeline.GenericStack, pipeline.FullStack},
	{pipeline.Words, pipeline.FullStack},
}

// compare judges each way of predicting, and pairs of them.
func (r *results) compare(ctx context.Context, d *data, fit *pipeline.Fit, seed uint64) error {
	predictions, err := fit.Predictions(d.split.Test)
	if err != nil {
		return err
	}
	y := pick(d.labels, d.split.Test)
	resample := &classify.ResampleOptions{Seed: seed}
	if d.groups != nil {
		resample.Groups = pick(d.groups, d.split.Test)
	}
	folds := make([]int, len(y))
	outOfFold := map[string]*classify.OutOfFold{}
	r.Gain = map[string][]gained{}
	for _, p := range predictions {
		w := way{Name: p.Name, probability: p.Probability}
		if w.Metrics, err = classify.Evaluate(p.Probability, y); err != nil {
			return err
		}
		if w.AUC, err = classify.Bootstrap(ctx, p.Probability, y, resample); err != nil {
			return err
		}
		if r.Gain[p.Name], err = classify.Lift(p.Probability, y, 10); err != nil {
			return err
		}
		r.Ways = append(r.Ways, w)
		outOfFold[p.Name] = &classify.OutOfFold{Row: d.split.Test, Fold: folds, Y: y, P: p.Probability}
	}
	for _, pair := range compared {
		c, err := classify.Compare(ctx, outOfFold[pair[0]], outOfFold[pair[1]], resample)
		if err != nil {
			return err
		}
		r.Comparisons = append(r.Comparisons, comparison{pair[0], pair[1], c.Verdict(pair[0], pair[1]), c})
	}
	r.Calibration, _, err = classify.CalibrationTable(r.Ways[len(r.Ways)-1].probability, y, 5)
	return err
}

// draw maps all calls by the generic and by the tuned encoder.
func (r *results) draw(ctx context.Context, env *cli.Env, d *data, fit *pipeline.Fit, seed uint64) error {
	bars := &bars{env: env}
	defer bars.close()
	for _, m := range []struct {
		name, file string
		model      *encoder.Model
	}{{"generic embeddings", "generic_embeddings", fit.Generic}, {"fine-tuned embeddings", "fine_tuned_embeddings", fit.Tuned}} {
		x, err := fit.Vectors(ctx, m.model, d.docs)
		if err != nil {
			return err
		}
		a, err := tsne.NewAffinity(ctx, x, nil)
		if err != nil {
			return err
		}
		start, err := tsne.Start(x, seed)
		if err != nil {
			return err
		}
		layout, err := a.Layout(ctx, start, &tsne.LayoutOptions{Progress: func(s tsne.Step) {
			bars.show("map of "+m.name, s.Iteration, s.Iterations)
		}})
		if err != nil {
			return err
		}
		r.Maps = append(r.Maps, mapped{Name: m.name, Perplexity: a.Perplexity, KL: layout.KL, points: layout.Points, file: m.file + ".png",
			Neighbours: sameNeighbours(layout.Points, d.labels, d.split.Test)})
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
func (r *results) tellingTurns(ctx context.Context, env *cli.Env, d *data, fit *pipeline.Fit, seed uint64) error {
	bars := &bars{env: env}
	defer bars.close()
	var all []tellingTurn
	for k, i := range d.split.Test {
		e, err := fit.Explain(ctx, d.docs[i], seed)
		if err != nil {
			return err
		}
		for t, turn := range d.calls[i].Turns() {
			all = append(all, tellingTurn{d.calls[i].ID, t + 1, turn.Speaker, turn.Text, e.Values[t], d.calls[i].Outcome.String()})
		}
		bars.show("explaining held-out calls", k+1, len(d.split.Test))
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
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(columns, "\t"))
	for _, row := range r.rows() {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	t.Flush()
	fmt.Fprintln(w)
	for _, c := range r.Comparisons {
		fmt.Fprintln(w, c.Verdict)
	}
}

// columns are those of the table of held-out calls.
var columns = []string{"classifier on", "ROC AUC", "95% interval", "PR AUC", "F1", "accuracy", "log loss", "Brier"}

func (r *results) rows() [][]string {
	rows := make([][]string, len(r.Ways))
	for i, w := range r.Ways {
		rows[i] = []string{w.Name, three(w.ROCAUC), three(w.AUC.Low) + "–" + three(w.AUC.High), three(w.PRAUC), three(w.F1),
			three(w.Accuracy), three(w.LogLoss), three(w.Brier)}
	}
	return rows
}

func three(v float64) string { return fmt.Sprintf("%.3f", v) }

// pick returns the elements of s at the given places.
func pick[T any](s []T, places []int) []T {
	out := make([]T, len(places))
	for i, p := range places {
		out[i] = s[p]
	}
	return out
}
