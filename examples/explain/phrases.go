package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/report"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/internal/figure"
	"github.com/org/salesconv/transcript"
)

const (
	agent       = "agent_id" // the key that phrases are compared by unless another is named
	charted     = 6          // phrases for and as many against in the chart
	fewInterval = 10         // calls that an interval rests on, below which it is marked
)

// writePhrases writes what moves all calls, if that was asked for.
func (x *explainer) writePhrases(ctx context.Context) error {
	if x.phrases == "" {
		return nil
	}
	by := x.by
	if by == "" && slices.ContainsFunc(x.all, func(c transcript.Call) bool { return c.Metadata.Value(agent) != "" }) {
		by = agent
	}
	found, err := x.predictor.Influences(ctx, x.all, &conversion.InfluenceOptions{By: by, Seed: x.seed})
	if err != nil {
		return err
	}
	if !strings.HasSuffix(x.phrases, ".html") {
		return cli.WriteFile(x.phrases, func(w io.Writer) error { return json.NewEncoder(w).Encode(found) })
	}
	page, err := phrasePage(found, by)
	if err != nil {
		return err
	}
	return cli.WriteFile(x.phrases, page.Write)
}

// phrasePage shows influences as a chart and tables.
func phrasePage(found *conversion.Influences, by string) (*report.Page, error) {
	page := &report.Page{
		Title: "What moves the predictions",
		Lead:  phraseLead(found),
		Footer: "Points are what a contribution adds to a chance of 50%: +5 takes it to 55%. They are the model's response to what is said, " +
			"not its effect on the customer.",
	}
	phrases := report.Section{Title: "Phrases"}
	if len(found.Phrases) > 0 {
		chart, err := study.Draw(chart(found.Phrases))
		if err != nil {
			return nil, err
		}
		page.Sections = append(page.Sections, report.Section{Blocks: []report.Block{chart}})
		phrases.Blocks = []report.Block{influences(found.Phrases, "phrase")}
	} else {
		phrases.Blocks = []report.Block{report.Text("No phrase that occurs in five calls or more has a significant influence on the predictions.")}
	}
	page.Sections = append(page.Sections, phrases,
		report.Section{Title: "Kinds of evidence", Blocks: []report.Block{report.Text(study.Evidence), influences(titled(found.Features), "evidence")}})
	if len(found.Features) > 0 && len(found.Features[0].By) > 0 {
		page.Sections = append(page.Sections, report.Section{Title: "By " + by, Blocks: []report.Block{byTable(found, by)}})
	}
	return page, nil
}

// phraseLead names what raises and what lowers predictions most.
func phraseLead(found *conversion.Influences) string {
	lead := fmt.Sprintf("Over %d calls,", found.Calls)
	if found.Calls == 1 {
		lead = "Over 1 call,"
	}
	if len(found.Phrases) == 0 {
		return lead + " no phrase significantly raises or lowers the predicted chance of being won."
	}
	var moves []string
	for _, m := range []struct {
		verb   string
		phrase conversion.Influence
		does   bool
	}{{"raises", found.Phrases[0], found.Phrases[0].Mean > 0}, {"lowers", found.Phrases[len(found.Phrases)-1], found.Phrases[len(found.Phrases)-1].Mean < 0}} {
		if m.does {
			moves = append(moves, fmt.Sprintf(" what is said with “%s” %s the predicted chance of being won most clearly, on average from 50%% to %.0f%%", m.phrase.Name, m.verb, 50+toEven(m.phrase.Mean)))
		}
	}
	return lead + strings.Join(moves, "; and") + "."
}

// toEven is what log-odds add to a chance of 50%, in points.
func toEven(logOdds float64) float64 { return 100*classify.Sigmoid(logOdds) - 50 }

func points(logOdds float64) string { return report.Signed(toEven(logOdds)) }

// chart draws the phrases that raise and lower predictions most clearly.
func chart(phrases []conversion.Influence) study.Drawing {
	shown := slices.Clone(phrases)
	if len(shown) > 2*charted {
		shown = slices.Delete(shown, charted, len(shown)-charted)
	}
	slices.SortStableFunc(shown, func(a, b conversion.Influence) int { return cmp.Compare(b.Mean, a.Mean) })
	bars := make([]figure.Bar, len(shown))
	for i, p := range shown {
		bars[i] = figure.Bar{Name: fmt.Sprintf("%s (%d calls)", p.Name, p.Calls), Value: toEven(p.Mean), Low: toEven(*p.Low), High: toEven(*p.High)}
	}
	return study.Drawing{Caption: "The phrases that raise and lower predictions most clearly, and what turns with them add to a chance of 50%, in points. The thin lines are 95% intervals over the calls with the phrase.",
		Draw: func() (*figure.Figure, error) {
			return figure.Bars("Phrases that move predictions", "points", "%+.1f", 0, bars)
		}}
}

// titled names blocks of features as readers know them.
func titled(features []conversion.Influence) []conversion.Influence {
	all := slices.Clone(features)
	for i := range all {
		all[i].Name = conversion.Title(all[i].Name)
	}
	return all
}

// influences is a table of what moves all calls.
func influences(all []conversion.Influence, named string) report.Table {
	t := report.Table{
		Name:    named,
		Columns: []string{named, "calls", "points", "95% interval", "in won calls", "points if won", "in lost calls", "points if lost"},
		LogOdds: [][]string{{"", "", "log-odds", "", "", "log-odds if won", "", "log-odds if lost"}},
		Caption: fmt.Sprintf("The number of calls with it, what it adds to them on average, with a 95%% interval over these calls, and the shares of won and of lost calls with it. Intervals over fewer than %d calls are unreliable.", fewInterval),
	}
	for _, i := range all {
		t.Rows = append(t.Rows, []string{i.Name, fmt.Sprint(i.Calls), mean(i.InfluenceIn, points), interval(i.InfluenceIn, points), figure.Percent(i.Won.Share),
			mean(i.Won, points), figure.Percent(i.Lost.Share), mean(i.Lost, points)})
		t.LogOdds = append(t.LogOdds, []string{"", "", mean(i.InfluenceIn, logOdds), interval(i.InfluenceIn, logOdds), "", mean(i.Won, logOdds), "", mean(i.Lost, logOdds)})
	}
	return t
}

// byTable shows what each phrase adds to the calls with each value of a key, of the values with the most calls.
func byTable(found *conversion.Influences, by string) report.Table {
	const most = 8
	calls := found.Features[0].By // which all calls hold
	values := slices.SortedStableFunc(slices.Values(slices.Sorted(maps.Keys(calls))), func(a, b string) int { return calls[b].Calls - calls[a].Calls })
	t := report.Table{Name: "by", Columns: []string{"phrase"}, Caption: "What it adds on average, in points, with the number of calls in brackets."}
	if more := len(values) - most; more > 0 {
		t.Caption += fmt.Sprintf(" The values with the most calls are shown; %d others are left out.", more)
		values = values[:most]
	}
	for _, v := range values {
		t.Columns = append(t.Columns, fmt.Sprintf("%s (calls: %d)", report.Short(v, 40), calls[v].Calls))
	}
	t.LogOdds = [][]string{make([]string, len(t.Columns))}
	for _, i := range slices.Concat(found.Phrases, titled(found.Features)) {
		row, other := []string{i.Name}, []string{""}
		for _, v := range values {
			share := " (" + figure.Percent(i.By[v].Share) + ")"
			row, other = append(row, mean(i.By[v], points)+share), append(other, mean(i.By[v], logOdds)+share)
		}
		t.Rows, t.LogOdds = append(t.Rows, row), append(t.LogOdds, other)
	}
	return t
}

func logOdds(v float64) string { return figure.Number("%+.2f", v) }

// mean is the mean contribution in points or log-odds, as the function formats it.
func mean(in conversion.InfluenceIn, format func(float64) string) string {
	if in.Calls == 0 {
		return "–"
	}
	return format(in.Mean)
}

func interval(in conversion.InfluenceIn, format func(float64) string) string {
	switch {
	case in.Low == nil:
		return "–"
	case in.Calls < fewInterval:
		return fmt.Sprintf("%s to %s (%d calls)", format(*in.Low), format(*in.High), in.Calls)
	}
	return format(*in.Low) + " to " + format(*in.High)
}
