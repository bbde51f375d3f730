// Package followup makes the page of calls to follow up: a list of all calls, the most likely to be won first, with the turns
// in favour and against; the calls of each agent; and the calls themselves, marked up turn by turn.
//
// A Page gathers calls one by one, on one goroutine.
package followup

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/internal/report"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/internal/atomicfile"
	"github.com/org/salesconv/internal/figure"
	"github.com/org/salesconv/shap"
	"github.com/org/salesconv/transcript"
)

// How many calls of a page are opened by their links, and how many of these, from the top, are drawn. Calls that are opened, with
// their charts, take no more than a number of bytes, so that a page of 1,000 calls has less than 5 MB, however long they are.
const (
	opened = 1000
	drawn  = 10
	room   = 4_000_000
	strip  = 430 // bytes of the charts for each turn
)

// Page collects the calls of a page.
type Page struct {
	Info conversion.Info // of the predictor
	Keep []string        // keys of the metadata to list

	calls []call
}

// call is what the page shows of a call.
type call struct {
	*conversion.Explanation
	agent, day, outcome string // "" is unknown
	kept                []string
	after               []float64 // probability after each turn
	anchor              string    // of the call on the page, "" where it does not open
}

// Add adds a call, explained, and the probability after each of its turns.
func (p *Page) Add(c transcript.Call, e *conversion.Explanation, after []float64) {
	added := call{Explanation: e, agent: strings.TrimSpace(c.Metadata.AgentID), after: after}
	if at := c.Metadata.CallTime; !at.IsZero() {
		added.day = at.Format("2006-01-02")
	}
	if c.Outcome != transcript.Unknown {
		added.outcome = c.Outcome.String()
	}
	for _, key := range p.Keep {
		added.kept = append(added.kept, c.Metadata.Value(key))
	}
	p.calls = append(p.calls, added)
}

// Write writes the page to a file, atomically.
func (p *Page) Write(path string) error {
	page, err := p.page()
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(path, page.Write)
}

// ranked are the calls, the most likely to be won first. Those at the top open, as far as there is room.
func (p *Page) ranked() []call {
	calls := slices.Clone(p.calls)
	slices.SortStableFunc(calls, func(a, b call) int { return cmp.Compare(b.Probability, a.Probability) })
	left := room
	for i := range calls[:min(opened, len(calls))] {
		c := &calls[i]
		left -= c.transcript().Size()
		if i < drawn {
			left -= strip * len(c.Turns)
		}
		if left < 0 && i > 0 {
			break
		}
		c.anchor = fmt.Sprintf("call-%d", i+1)
	}
	return calls
}

// Links are where a page with the Sections shows the calls, by their IDs: "#" and an anchor.
func (p *Page) Links() map[string]string {
	links := map[string]string{}
	for _, c := range p.ranked() {
		links[c.ID] = c.link()
	}
	return links
}

// Sections are the list of the calls, the agents and the calls themselves.
func (p *Page) Sections() ([]report.Section, error) {
	calls := p.ranked()
	each, err := transcripts(calls)
	if err != nil {
		return nil, err
	}
	sections := []report.Section{{Title: "The calls, the most likely to be won first", Blocks: []report.Block{p.list(calls)}}}
	if agents := agents(calls); agents != nil {
		sections = append(sections, report.Section{Title: "By agent", Blocks: []report.Block{*agents}})
	}
	return append(sections, report.Section{Title: "What each turn adds", Blocks: each}), nil
}

func (p *Page) page() (*report.Page, error) {
	calls := p.ranked()
	page := &report.Page{
		Title: "Calls to follow up",
		Lead:  p.lead(calls),
		Footer: fmt.Sprintf("Contributions are the model's response to a turn, not the turn's effect on the customer. The model was trained on %d calls, %d of them won.",
			p.Info.Data.Calls, p.Info.Data.Won),
	}
	switch len(calls) {
	case 0:
		return page, nil
	case 1:
		each, err := transcripts(calls)
		page.Title, page.Sections = "Why this chance", []report.Section{{Title: calls[0].ID, Blocks: each}}
		return page, err
	}
	chances, err := chances(calls)
	if err != nil {
		return nil, err
	}
	first := report.Section{Blocks: []report.Block{chances}}
	if trust := p.trust(); trust != "" {
		first.Blocks = append(first.Blocks, report.Text(trust))
	}
	sections, err := p.Sections()
	page.Sections = append([]report.Section{first}, sections...)
	return page, err
}

// lead explains the page in a sentence.
func (p *Page) lead(calls []call) string {
	won := 0
	for _, c := range calls {
		if c.Won {
			won++
		}
	}
	switch len(calls) {
	case 0:
		return "There are no calls."
	case 1:
		return fmt.Sprintf("This call has a chance of %s of being won; calls are forecast to be won from %s on.", figure.Chance(calls[0].Probability), figure.Chance(p.Info.Threshold))
	}
	return fmt.Sprintf("%d of these %d calls are forecast to be won, with a chance of %s or more. Begin at the top of the list; each call opens with the reasons.",
		won, len(calls), figure.Chance(p.Info.Threshold))
}

// trust states how far to trust the forecasts, by out-of-fold predictions; "" if nothing is known.
func (p *Page) trust() string {
	f := p.Info.OutOfFold
	switch {
	case f.Calls == 0:
		return ""
	case !f.Predicts():
		return fmt.Sprintf("Do not rely on this order: on %d calls that the model was not trained on, its chances were not significantly better than giving every call %s.",
			f.Calls, figure.Percent(float64(f.Won)/float64(f.Calls)))
	}
	return fmt.Sprintf("Of %d calls that the model was not trained on, %s were won; of the calls that it forecast to be won, %s were.",
		f.Calls, figure.Percent(float64(f.Won)/float64(f.Calls)), figure.Percent(f.Precision))
}

// chances draws the number of calls by their chance.
func chances(calls []call) (report.Figures, error) {
	const bins = 5
	var count [bins]int
	for _, c := range calls {
		count[min(bins-1, int(bins*c.Probability))]++
	}
	var bars []figure.Bar
	for i, n := range slices.Backward(count[:]) {
		bars = append(bars, figure.Bar{Name: fmt.Sprintf("%d–%d%%", i*100/bins, (i+1)*100/bins), Value: float64(n)})
	}
	return study.Draw(study.Drawing{Caption: "The number of calls by their chance of being won.", Draw: func() (*figure.Figure, error) {
		return figure.Bars("Calls by their chance of being won", "calls", "%.0f", 0, bars)
	}})
}

// list is the list to work through.
func (p *Page) list(calls []call) report.Table {
	t := report.Table{Name: "calls", Columns: []string{"call", "chance", "forecast"},
		Caption: "Chance: of being won. For and against: the turns that move it most, in points, where +5 takes 40% to 45%. Click a call to open it, a head to sort."}
	var fields []func(call) string
	for _, column := range []struct {
		name string
		of   func(call) string
	}{
		{"outcome", func(c call) string { return c.outcome }}, {"agent", func(c call) string { return c.agent }}, {"day", func(c call) string { return c.day }},
	} {
		if slices.ContainsFunc(calls, func(c call) bool { return column.of(c) != "" }) {
			t.Columns, fields = append(t.Columns, column.name), append(fields, column.of)
		}
	}
	t.Columns = append(append(t.Columns, p.Keep...), "speaks for it", "speaks against it")
	cautious := slices.ContainsFunc(calls, func(c call) bool { return len(c.Warnings) > 0 })
	if cautious {
		t.Columns = append(t.Columns, "caution")
	}
	for _, c := range calls {
		row := []string{c.ID, figure.Chance(c.Probability), forecast(c.Won)}
		for _, of := range fields {
			row = append(row, of(c))
		}
		row = append(append(row, c.kept...), c.reasons(1), c.reasons(-1))
		if cautious {
			row = append(row, c.cautions())
		}
		t.Rows = append(t.Rows, row)
		t.Links = append(t.Links, c.link())
	}
	return t
}

// link leads to a call on the page, or to the list where it does not open.
func (c *call) link() string {
	if c.anchor == "" {
		return "#calls"
	}
	return "#" + c.anchor
}

func forecast(won bool) string {
	if won {
		return "won"
	}
	return "lost"
}

// reasons quotes the two turns that contribute most in favour of a won call, or with sign -1 against it.
func (c call) reasons(sign float64) string {
	points := 100 * study.Slope(c.Explanation) * sign
	turns := slices.Clone(c.Turns)
	slices.SortStableFunc(turns, func(a, b conversion.TurnShare) int { return cmp.Compare(points*b.Contribution, points*a.Contribution) })
	var quotes []string
	for _, t := range turns[:min(2, len(turns))] {
		if v := points * t.Contribution; v >= 0.5 {
			quotes = append(quotes, report.Signed(sign*v)+" “"+report.Short(t.Text, 60)+"”")
		}
	}
	return strings.Join(quotes, " · ")
}

// cautions are reasons to distrust the chance, in a word or two each.
func (c call) cautions() string {
	var all []string
	for _, w := range c.Warnings {
		all = append(all, warnings[w].short)
	}
	return strings.Join(all, ", ")
}

// warnings explains what each warning means for a prediction.
var warnings = map[conversion.Warning]struct{ short, long string }{
	conversion.NoWords:    {"nobody speaks", "Nobody says a word in this call: this is the share of training calls that were won."},
	conversion.TooShort:   {"very short", "the call is shorter than nearly all training calls"},
	conversion.NotEnglish: {"not English", "the call is not in English, unlike the training calls"},
	conversion.Unlike:     {"unlike others", "what is said is unlike the training calls"},
}

// agents sums up the calls of each agent, those with the likeliest calls first; nil where no call names one.
func agents(calls []call) *report.Table {
	type agent struct {
		name                     string
		calls, won, known, warns int // won: of those with a known outcome
		forecast                 int
		mean                     float64
	}
	var all []*agent
	of := map[string]*agent{}
	for _, c := range calls {
		if c.agent == "" {
			continue
		}
		a := of[c.agent]
		if a == nil {
			a = &agent{name: c.agent}
			of[c.agent] = a
			all = append(all, a)
		}
		a.calls++
		a.mean += (c.Probability - a.mean) / float64(a.calls)
		if c.Won {
			a.forecast++
		}
		if c.outcome != "" {
			a.known++
		}
		if c.outcome == transcript.Won.String() {
			a.won++
		}
		if len(c.Warnings) > 0 {
			a.warns++
		}
	}
	if all == nil {
		return nil
	}
	slices.SortStableFunc(all, func(a, b *agent) int { return cmp.Compare(b.mean, a.mean) })
	t := &report.Table{Name: "agents", Columns: []string{"agent", "calls", "forecast won", "mean chance", "with a caution", "won, where known"},
		Caption: "Click an agent to list the agent's calls. The mean of a few calls is unreliable, and it depends on the calls that an agent had, not on skill alone."}
	for _, a := range all {
		t.Rows = append(t.Rows, []string{a.name, fmt.Sprint(a.calls), fmt.Sprint(a.forecast), figure.Chance(a.mean), fmt.Sprint(a.warns), fmt.Sprintf("%d of %d", a.won, a.known)})
		t.Links = append(t.Links, "#calls="+url.PathEscape(`"`+a.name+`"`))
	}
	return t
}

// transcripts are the calls that open, those at the top with charts.
func transcripts(calls []call) ([]report.Block, error) {
	blocks := []report.Block{report.Text("The chance after a turn is the chance of the call in progress, given what was said up to then. Points are what the turn adds to the chance of the whole call. " +
		"Coloured words show what they add to their turn.")}
	for i, c := range calls {
		if c.anchor == "" {
			blocks = append(blocks, report.Text(fmt.Sprintf("The other %d calls are only in the list.", len(calls)-i)))
			break
		}
		t := c.transcript()
		if len(calls) == 1 { // under the heading of its section, open
			t.Name, t.Title = "", ""
		}
		if len(c.Turns) > 0 && i < drawn {
			var err error
			if t.Figures, err = c.charts(t.Points); err != nil {
				return nil, err
			}
		}
		blocks = append(blocks, t)
	}
	return blocks, nil
}

// transcript is the call, marked up.
func (c *call) transcript() report.Transcript {
	t := report.Transcript{Name: c.anchor, Title: c.ID + ": " + figure.Chance(c.Probability), Lead: c.explain(), Points: 100 * study.Slope(c.Explanation)}
	for k, u := range c.Turns {
		turn := report.Turn{Speaker: fmt.Sprintf("%d %s", k+1, u.Speaker), Value: t.Points * u.Contribution, After: c.after[k]}
		for _, w := range u.Words {
			turn.Spans = append(turn.Spans, report.Span{Text: w.Text, Value: t.Points * w.Contribution})
		}
		if len(u.Words) == 0 {
			turn.Spans = []report.Span{{Text: u.Text}}
		}
		t.Turns = append(t.Turns, turn)
	}
	return t
}

// explain puts a call's chance into words.
func (c call) explain() string {
	text := fmt.Sprintf("Chance of being won: %s.", figure.Chance(c.Probability))
	if len(c.Turns) > 0 {
		text += fmt.Sprintf(" The average call has %s; the turns make the difference.", figure.Chance(classify.Sigmoid(c.Base)))
	}
	var distrust []string
	for _, w := range c.Warnings {
		if w == conversion.NoWords {
			return text + " " + warnings[w].long
		}
		distrust = append(distrust, warnings[w].long)
	}
	if distrust != nil {
		text += " Distrust it: " + strings.Join(distrust, "; ") + "."
	}
	return text
}

// charts draws a call by its turns, and its most influential turns.
func (c call) charts(points float64) (report.Figures, error) {
	turns := make([]figure.Turn, len(c.Turns))
	x := new(shap.Explanation) // in points from the average call's chance: in chances the steps could pass 100%
	for k, u := range c.Turns {
		turns[k] = figure.Turn{Speaker: u.Speaker, After: c.after[k], Points: points * u.Contribution}
		x.Values = append(x.Values, points*u.Contribution)
		x.Names = append(x.Names, fmt.Sprintf("%d %s", k+1, u.Text))
	}
	strip, err := figure.Strip("Chance after each turn", turns)
	if err != nil {
		return nil, err
	}
	course, err := report.NewFigure("The line is the chance after each turn. Below it, what each turn adds to the chance of the whole call.",
		func(w io.Writer) error { return strip.Write(w, "svg") })
	if err != nil {
		return nil, err
	}
	influential, err := report.NewFigure("From the average call to this one, in points; turns are numbered.", func(w io.Writer) error {
		return shap.Waterfall(w, x, &shap.PlotOptions{Title: "The most influential turns", Top: 6, Axis: "points", Base: "the average call, " + figure.Chance(classify.Sigmoid(c.Base)), Output: "this call, " + figure.Chance(c.Probability), Format: "svg"})
	})
	return report.Figures{course, influential}, err
}
