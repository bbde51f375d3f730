// Package report writes pages that stand alone: one HTML file without scripts and without anything from a network,
// which follows the reader's light or dark setting, prints well and can be read on a phone.
//
// A Page is made of sections, a section of blocks: Text, Table, Figures, Transcript, and Details, which hold blocks that are
// folded until the reader asks for them. All texts are escaped, and characters that could pass for something else than text
// are written out, see [cli.Escape]; a transcript may hold whatever it likes. Values are plain data and pages may be written
// by several goroutines.
package report

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"

	"github.com/org/salesconv/examples/cli"
)

// Page is one HTML file.
type Page struct {
	Title    string
	Lead     string // what the page says, in a sentence or two
	Sections []Section
	Footer   string
}

// Section is a part of a page under one heading; without a title it has none.
type Section struct {
	Title  string
	Blocks []Block
}

// Block is Text, a Table, Figures, a Transcript or Details.
type Block interface{ kind() string }

// Details are blocks under a title that unfolds them.
type Details struct {
	Title  string
	Blocks []Block
}

// Text is a paragraph.
type Text string

// Table is a table. A column whose cells all begin like numbers is set flush right, in figures of one width.
type Table struct {
	Caption string
	Columns []string
	Rows    [][]string // as many cells as columns each
}

// Figures are shown side by side as far as the page is wide.
type Figures []Figure

// Figure is a drawing and the words below it.
type Figure struct {
	Caption string
	drawing template.HTML
}

// NewFigure takes the drawing that write produces: an SVG, which becomes part of the page, or a PNG.
func NewFigure(caption string, write func(io.Writer) error) (Figure, error) {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return Figure{}, err
	}
	label := template.HTMLEscapeString(caption)
	if bytes.HasPrefix(b.Bytes(), []byte("\x89PNG")) {
		data := base64.StdEncoding.EncodeToString(b.Bytes())
		return Figure{caption, template.HTML(`<img alt="` + label + `" src="data:image/png;base64,` + data + `">`)}, nil
	}
	_, svg, ok := strings.Cut(b.String(), "<svg ") // an XML declaration has no place inside HTML
	if !ok {
		return Figure{}, fmt.Errorf("report: figure %q is neither SVG nor PNG", caption)
	}
	return Figure{caption, template.HTML(`<svg role="img" aria-label="` + label + `" ` + svg)}, nil
}

// Transcript is a call whose turns and words are coloured by what they contribute: blue speaks for a won call,
// orange against it.
type Transcript struct {
	Title string
	Turns []Turn
}

// Turn is what one speaker says. Its value is printed next to it.
type Turn struct {
	Speaker string
	Value   float64
	Spans   []Span // the text of the turn, end to end
}

// Span is a stretch of text with a value of its own; 0 leaves it uncoloured.
type Span struct {
	Text  string
	Value float64
}

func (Text) kind() string       { return "text" }
func (Table) kind() string      { return "table" }
func (Figures) kind() string    { return "figures" }
func (Transcript) kind() string { return "transcript" }
func (Details) kind() string    { return "details" }

//go:embed page.html
var source string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"kind": Block.kind, "drawing": func(f Figure) template.HTML { return f.drawing },
	"numeric": numeric, "fullTurn": fullTurn, "fullSpan": fullSpan, "shade": shade, "signed": signed,
}).Parse(source))

// Write writes the page.
func (p Page) Write(w io.Writer) error {
	for _, s := range p.Sections {
		for _, b := range s.Blocks {
			if err := check(b); err != nil {
				return fmt.Errorf("report: section %q: %w", s.Title, err)
			}
		}
	}
	var html bytes.Buffer
	if err := page.Execute(&html, p); err != nil {
		return err
	}
	for line := range bytes.Lines(html.Bytes()) { // the page's own lines end in nothing but a line feed
		if _, err := io.WriteString(w, cli.Escape(string(bytes.TrimSuffix(line, []byte("\n"))))+"\n"); err != nil {
			return err
		}
	}
	return nil
}

func check(b Block) error {
	switch b := b.(type) {
	case nil:
		return errors.New("a block is nil")
	case Details:
		for _, inner := range b.Blocks {
			if err := check(inner); err != nil {
				return err
			}
		}
	case Table:
		for i, row := range b.Rows {
			if len(row) != len(b.Columns) {
				return fmt.Errorf("table %q: row %d has %d cells, want %d", b.Caption, i, len(row), len(b.Columns))
			}
		}
	case Transcript:
		for i, t := range b.Turns {
			values := []float64{t.Value}
			for _, s := range t.Spans {
				values = append(values, s.Value)
			}
			for _, v := range values {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					return fmt.Errorf("transcript %q: turn %d has value %v", b.Title, i, v)
				}
			}
		}
	}
	return nil
}

// numeric reports, for each column, whether all cells begin like numbers.
func numeric(t Table) []bool {
	is := make([]bool, len(t.Columns))
	for j := range is {
		is[j] = len(t.Rows) > 0
		for _, row := range t.Rows {
			cell := strings.TrimLeft(row[j], "+-−±<≤≥>~ $€£–")
			is[j] = is[j] && (cell == "" || cell[0] >= '0' && cell[0] <= '9')
		}
	}
	return is
}

// fullTurn and fullSpan return the largest absolute value, which gets the full colour.
func fullTurn(t Transcript) (full float64) {
	for _, turn := range t.Turns {
		full = max(full, math.Abs(turn.Value))
	}
	return full
}

func fullSpan(t Transcript) (full float64) {
	for _, turn := range t.Turns {
		for _, span := range turn.Spans {
			full = max(full, math.Abs(span.Value))
		}
	}
	return full
}

// shade returns the attributes that colour an element by its value.
func shade(v, full float64) template.HTMLAttr {
	if v == 0 {
		return ""
	}
	class := "for"
	if v < 0 {
		class = "against"
	}
	return template.HTMLAttr(fmt.Sprintf(`class="%s" style="--strength:%.3f"`, class, math.Abs(v)/full))
}

func signed(v float64) string { return strings.Replace(fmt.Sprintf("%+.1f", v), "-", "−", 1) }
