package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/report"
	"github.com/org/salesconv/transcript"
)

// agent is the key that phrases are compared by unless another is named.
const agent = "agent_id"

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
	return cli.WriteFile(x.phrases, func(w io.Writer) error {
		if strings.HasSuffix(x.phrases, ".html") {
			return phrasePage(found, by).Write(w)
		}
		return json.NewEncoder(w).Encode(found)
	})
}

// phrasePage shows influences as tables.
func phrasePage(found *conversion.Influences, by string) report.Page {
	table := func(all []conversion.Influence, named string) report.Table {
		t := report.Table{Columns: []string{named, "calls", "log-odds", "95% interval", "won calls", "in them", "lost calls", "in them"}}
		for _, i := range all {
			t.Rows = append(t.Rows, []string{i.Name, fmt.Sprint(i.Calls), number(i.InfluenceIn), interval(i.InfluenceIn), percent(i.Won),
				number(i.Won), percent(i.Lost), number(i.Lost)})
		}
		return t
	}
	page := report.Page{
		Title: "What moves the predictions",
		Lead: fmt.Sprintf("What turns that hold a phrase add to the log-odds of a won call, over %d calls: the mean of the calls that hold it, "+
			"with its 95%% interval; how many of the won and of the lost calls hold it, and what it adds to them. An addition of 0.7 doubles "+
			"the odds. This is the model's response to what is said, not the effect on the customer.", found.Calls),
		Sections: []report.Section{
			{Title: "Phrases", Blocks: []report.Block{table(found.Phrases, "phrase")}},
			{Title: "Features", Blocks: []report.Block{table(found.Features, "block of features")}},
		},
	}
	if len(found.Phrases) == 0 {
		page.Sections[0].Blocks = []report.Block{report.Text("No phrase moves the log-odds beyond chance.")}
	}
	if len(found.Features) > 0 && len(found.Features[0].By) > 0 {
		page.Sections = append(page.Sections, report.Section{Title: "By " + by, Blocks: []report.Block{byTable(found, by)}})
	}
	return page
}

// byTable shows what each phrase adds to the calls with each value of a key, of the values with the most calls.
func byTable(found *conversion.Influences, by string) report.Table {
	const most = 8
	calls := found.Features[0].By // which all calls hold
	values := slices.SortedStableFunc(slices.Values(slices.Sorted(maps.Keys(calls))), func(a, b string) int { return calls[b].Calls - calls[a].Calls })
	values = values[:min(most, len(values))]
	t := report.Table{Columns: []string{"phrase"}}
	for _, v := range values {
		t.Columns = append(t.Columns, fmt.Sprintf("%s (%d calls)", v, calls[v].Calls))
	}
	for _, i := range slices.Concat(found.Phrases, found.Features) {
		row := []string{i.Name}
		for _, v := range values {
			row = append(row, number(i.By[v])+" in "+percent(i.By[v]))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func number(in conversion.InfluenceIn) string {
	if in.Calls == 0 {
		return "–"
	}
	return strings.Replace(fmt.Sprintf("%+.2f", in.Mean), "-", "−", 1)
}

func interval(in conversion.InfluenceIn) string {
	if in.Low == nil {
		return "–"
	}
	return strings.ReplaceAll(fmt.Sprintf("%+.2f to %+.2f", *in.Low, *in.High), "-", "−")
}

func percent(in conversion.InfluenceIn) string { return fmt.Sprintf("%.0f%%", 100*in.Share) }
