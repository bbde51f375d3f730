package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"github.com/org/salesconv/internal/figure"
)

// Transcript is a call whose turns and words are coloured by what they contribute: blue speaks for a won call, orange
// against it.
type Transcript struct {
	Title string
	// Name is the call's anchor on the page. A call with a name is folded until a link or the reader opens it. Default: none.
	Name    string
	Lead    string
	Figures Figures
	Turns   []Turn
	// Points is the number of points of probability, the unit of the values, for one unit of log-odds; the reader can show
	// log-odds instead. Default: turns have no values and no probability after them.
	Points float64
}

// Turn is what one speaker says. Its value is printed next to it.
type Turn struct {
	Speaker string
	Value   float64
	After   float64 // probability after the turn, from 0 to 1
	Spans   []Span  // the text of the turn, end to end
}

// Span is a stretch of text with a value of its own; 0 leaves it uncoloured.
type Span struct {
	Text  string
	Value float64
}

func (t Transcript) check() error {
	for i, u := range t.Turns {
		values := []float64{u.Value, u.After, t.Points}
		for _, s := range u.Spans {
			values = append(values, s.Value)
		}
		if !finite(values...) {
			return fmt.Errorf("transcript %q: turn %d has values %v, want finite ones", t.Title, i, values)
		}
	}
	return nil
}

// Size is about how many bytes the call takes on a page, without its figures.
func (t Transcript) Size() int { return len(t.turns()) + len(t.Title) + len(t.Lead) + 100 }

// turns are the call as a table. It is written by hand as a page may have a thousand: end tags that HTML can do without are
// left out, and strengths of colours are in nine steps.
func (t Transcript) turns() template.HTML {
	if len(t.Turns) == 0 {
		return ""
	}
	turn, span := t.full()
	var b strings.Builder
	if t.Points == 0 {
		b.WriteString(`<table class="turns plain"><thead><tr><th>speaker<th>said<tbody>` + "\n")
	} else {
		b.WriteString(`<p class="key"><span class="f7">speaks for a won call</span> <span class="a7">speaks against it</span></p>` + "\n")
		fmt.Fprintf(&b, `<table class="turns" data-points="%.6g"><thead><tr><th>speaker<th>points<th>chance after<th>said<tbody>`+"\n", t.Points)
	}
	for _, u := range t.Turns {
		fmt.Fprintf(&b, "<tr><td>%s", template.HTMLEscapeString(u.Speaker))
		if t.Points != 0 {
			fmt.Fprintf(&b, "<td%s>%s<td>%s", shade(u.Value, turn), Signed(u.Value), figure.Chance(u.After))
		}
		b.WriteString("<td>")
		for _, s := range u.Spans {
			text, colour := template.HTMLEscapeString(s.Text), shade(s.Value, span)
			if colour != "" {
				text = fmt.Sprintf("<b%s title=%s>%s</b>", colour, Signed(s.Value), text)
			}
			b.WriteString(text)
		}
		b.WriteString("\n")
	}
	b.WriteString("</table>\n")
	return template.HTML(b.String())
}

// full returns the largest absolute values of turns and of spans, which get the full colour.
func (t Transcript) full() (turn, span float64) {
	for _, u := range t.Turns {
		turn = max(turn, math.Abs(u.Value))
		for _, s := range u.Spans {
			span = max(span, math.Abs(s.Value))
		}
	}
	return turn, span
}

// shade returns the attribute that colours an element by its value, where that shows at all.
func shade(v, full float64) string {
	strength := math.Round(9 * math.Abs(v) / max(full, 0.05))
	switch {
	case strength == 0 || math.Abs(v) < 0.05:
		return ""
	case v < 0:
		return fmt.Sprintf(" class=a%.0f", strength)
	}
	return fmt.Sprintf(" class=f%.0f", strength)
}

// Signed is a number of points, with its sign and one decimal; what rounds to zero has no sign.
func Signed(v float64) string { return figure.Number("%+.1f", v) }

// Short is the beginning of a text in one line, of most characters at most.
func Short(text string, most int) string {
	line := strings.Join(strings.Fields(text), " ")
	if runes := []rune(line); len(runes) > most {
		return strings.TrimRight(string(runes[:most-1]), " ,.") + "…"
	}
	return line
}
