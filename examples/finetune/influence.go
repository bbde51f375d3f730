package main

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/internal/followup"
	"github.com/org/salesconv/examples/internal/study"
)

// influence is what a turn, or turns that say much the same, do to the predictions of held-out calls: the mean of them.
type influence struct {
	Text    string  `json:"text"`
	Speaker string  `json:"speaker"`
	Points  float64 `json:"points"`   // of probability, in hundredths
	LogOdds float64 `json:"log_odds"` // contribution to the log-odds
	Times   int     `json:"times"`    // that it is said
	Won     int     `json:"won"`      // in calls that were won
	Call    string  `json:"call"`     // one in which it is said
	Turn    int     `json:"turn"`     // its number there, from 1
}

// shown is how many turns for and against are listed.
const shown = 6

// influences finds the turns that move the predictions of held-out calls most, up and down, and adds the calls to the page.
func influences(ctx context.Context, d *data, p *conversion.Predictor, seed uint64, page *followup.Page, course *course) ([]influence, error) {
	var all []influence
	now, err := p.Predict(ctx, d.test(), &conversion.PredictOptions{ByTurn: true})
	if err != nil {
		return nil, err
	}
	for k, i := range d.split.Test {
		e, err := p.Explain(ctx, d.Calls[i], &conversion.ExplainOptions{Words: -1, Seed: seed})
		if err != nil {
			return nil, err
		}
		call := d.written(d.Calls[i])
		written := call.Turns()
		e.Turns = e.Turns[:min(len(e.Turns), len(written))]
		for t := range e.Turns {
			turn := &e.Turns[t]
			turn.Speaker, turn.Text = written[t].Speaker, written[t].Text
			all = append(all, influence{Text: turn.Text, Speaker: turn.Speaker, Points: 100 * turn.Contribution * study.Slope(e), LogOdds: turn.Contribution,
				Times: 1, Won: d.Labels[i], Call: d.Calls[i].ID, Turn: t + 1})
		}
		page.Add(call, e, now[k].ByTurn)
		course.Show("explaining held-out calls", k+1, len(d.split.Test))
	}
	slices.SortStableFunc(all, func(a, b influence) int { return cmp.Compare(b.Points, a.Points) })
	return joinAlike(all, slices.Concat(leaders(slices.Values(all)), leaders(reversed(all)))), nil
}

// reversed yields the elements of s from the last to the first.
func reversed(s []influence) iter.Seq[influence] {
	return func(yield func(influence) bool) {
		for _, x := range slices.Backward(s) {
			if !yield(x) {
				return
			}
		}
	}
}

// A leader represents the turns that say much the same as it does.
type leader struct {
	influence
	phrases map[string]bool
}

// leaders are the first turns that say different things.
func leaders(turns iter.Seq[influence]) (all []*leader) {
	for x := range turns {
		said := phrases(x.Text)
		if !slices.ContainsFunc(all, func(l *leader) bool { return alike(l.phrases, said) }) {
			all = append(all, &leader{x, said})
		}
		if len(all) == shown {
			break
		}
	}
	return all
}

// joinAlike returns the leaders with the means over all turns that say much the same, those that raise predictions first.
func joinAlike(all []influence, leaders []*leader) []influence {
	for _, l := range leaders {
		l.Points, l.LogOdds, l.Times, l.Won = 0, 0, 0, 0
	}
	for _, x := range all {
		said := phrases(x.Text)
		i := slices.IndexFunc(leaders, func(l *leader) bool { return alike(l.phrases, said) })
		if i < 0 {
			continue
		}
		l := leaders[i]
		l.Times++
		l.Won += x.Won
		l.Points += (x.Points - l.Points) / float64(l.Times)
		l.LogOdds += (x.LogOdds - l.LogOdds) / float64(l.Times)
	}
	var joined []influence
	for _, l := range leaders {
		if l.Times > 0 { // not one whose turns another took
			joined = append(joined, l.influence)
		}
	}
	slices.SortStableFunc(joined, func(a, b influence) int { return cmp.Compare(b.Points, a.Points) })
	return joined
}

// phrases are the sequences of three words in a text, or the text itself where it is shorter.
func phrases(text string) map[string]bool {
	words := strings.Fields(strings.ToLower(text))
	all := map[string]bool{}
	for i := range max(1, len(words)-2) {
		all[strings.Join(words[i:min(i+3, len(words))], " ")] = true
	}
	return all
}

// alike reports whether two texts are likely to be of one script: whether a large part of their phrases is the same (Dice's
// coefficient), or so many phrases are that one text repeats a sentence or two of the other.
func alike(a, b map[string]bool) bool {
	const repeated = 8
	shared := 0
	for phrase := range a {
		if b[phrase] {
			shared++
		}
	}
	return shared >= repeated || 10*shared >= 3*(len(a)+len(b))/2
}
