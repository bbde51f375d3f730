package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/org/salesconv/examples/internal/report"
	"github.com/org/salesconv/transcript"
	"github.com/org/salesconv/tsne"
)

const (
	room  = 3_800_000 // bytes of the calls that the page opens, so that a page of 1,000 has less than 5 MB
	named = 15        // values of the key that have a colour and shape of their own
)

// has reports whether a call has a value of the key.
func (m *chart) has(key string) bool {
	return slices.ContainsFunc(m.calls, func(c transcript.Call) bool { return c.Metadata.Value(key) != "" })
}

// value is what a call is coloured by; "" is unknown.
func (m *chart) value(c transcript.Call) string {
	switch {
	case m.by != "":
		return c.Metadata.Value(m.by)
	case c.Outcome == transcript.Unknown:
		return ""
	}
	return c.Outcome.String()
}

// labels numbers the values, the most frequent ones last, as the last label is drawn first; names holds the value of each number.
func (m *chart) labels() (labels []int, names []string) {
	count := map[string]int{}
	for _, c := range m.calls {
		if v := m.value(c); v != "" {
			count[v]++
		}
	}
	names = slices.SortedFunc(maps.Keys(count), func(a, b string) int { return cmp.Or(count[a]-count[b], cmp.Compare(b, a)) })
	if m.by == "" {
		slices.Sort(names) // lost, won
	}
	rest := max(0, len(names)-named)
	number := map[string]int{"": -1}
	for i, name := range names {
		number[name] = max(0, i-rest)
	}
	if names = names[rest:]; rest > 0 {
		names[0] = fmt.Sprintf("%d others", rest+1)
	}
	labels = make([]int, len(m.calls))
	for i, c := range m.calls {
		labels[i] = number[m.value(c)]
	}
	return labels, names
}

// plot returns the function that draws the map. On a page, links are where its points lead.
func (m *chart) plot(format string, links []string) func(io.Writer) error {
	labels, names := m.labels()
	o := &tsne.PlotOptions{Title: "Map of calls by " + cmp.Or(m.by, "outcome"), Names: names, Format: format, Links: links}
	for i, c := range m.calls {
		o.Says = append(o.Says, c.ID+"\n"+cmp.Or(m.value(c), "unknown")+m.novelty(i, "\n")+"\n“"+opening(c)+"”")
		if m.old < len(m.calls) {
			o.Faint, o.FaintName = append(o.Faint, i < m.old), "calls of the original map"
		}
	}
	return func(w io.Writer) error { return tsne.Plot(w, m.points, labels, o) }
}

// novelty says of a new call that it is new, after a separator.
func (m *chart) novelty(i int, separator string) string {
	if i < m.old {
		return ""
	}
	return separator + "new"
}

// opening is the beginning of what is said in a call.
func opening(c transcript.Call) string { return report.Short(c.Turns()[0].Text, 80) }

func (m *chart) page() (*report.Page, error) {
	links := make([]string, len(m.calls))
	list := report.Table{Name: "calls", Columns: []string{"call", cmp.Or(m.by, "outcome"), "begins"}, Caption: "Click a call to open it, a head to sort.", Links: links}
	added := len(m.calls) - m.old
	if added > 0 {
		list.Columns = append(list.Columns, "on the map")
	}
	left, calls := room, make([]report.Block, 0, len(m.calls))
	for k := range m.calls { // new ones first, which people look for
		i := (m.old + k) % len(m.calls)
		t := report.Transcript{Name: fmt.Sprintf("call-%d", i+1), Title: m.calls[i].ID}
		for _, u := range m.calls[i].Turns() {
			t.Turns = append(t.Turns, report.Turn{Speaker: u.Speaker, Spans: []report.Span{{Text: u.Text}}})
		}
		links[i] = "#calls"
		if left -= t.Size(); left >= 0 || k == 0 {
			links[i] = "#" + t.Name
			calls = append(calls, t)
		}
	}
	for i, c := range m.calls {
		row := []string{c.ID, m.value(c), opening(c)}
		if added > 0 {
			row = append(row, cmp.Or(m.novelty(i, ""), "original"))
		}
		list.Rows = append(list.Rows, row)
	}
	if left := len(m.calls) - len(calls); left > 0 {
		calls = append(calls, report.Text(fmt.Sprintf("The other %d calls are only on the map and in the list.", left)))
	}
	drawn, err := report.NewFigure(fmt.Sprintf("Neighbouring calls have similar content; distances between groups mean little (t-SNE, perplexity %.3g).", m.perplexity),
		m.plot("svg", links))
	if err != nil {
		return nil, err
	}
	lead := fmt.Sprintf("%d calls: calls in which similar things are said lie together.", m.old)
	if added > 0 {
		lead += fmt.Sprintf(" %d new calls are placed among them.", added)
	}
	return &report.Page{
		Title: "Map of calls", Lead: lead + " Point at a call for its description; click it to open it.",
		Sections: []report.Section{
			{Blocks: []report.Block{report.Figures{drawn}}}, {Title: "All calls", Blocks: []report.Block{list}}, {Title: "What is said", Blocks: calls},
		},
	}, nil
}
