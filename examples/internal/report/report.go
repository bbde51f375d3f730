// Package report writes self-contained pages: one HTML file that loads nothing from a network, follows the reader's light
// or dark setting, prints well and works on a telephone, with a keyboard and with a screen reader.
//
// A Page is made of sections, a section of blocks: Text, Table, Figures, Transcript, and Details, which hold blocks that are
// folded until the reader asks for them. All texts are escaped, including control characters, see [cli.Escape], so a
// transcript may contain anything. Values are plain data and pages may be written by several goroutines.
//
// A page has its own script and allows no other: tables with a name can be sorted, filtered and saved, and links lead to
// folded calls. Without scripts everything is still readable.
package report

import (
	"bytes"
	"crypto/sha256"
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

// Figures are shown side by side as far as the page is wide.
type Figures []Figure

// Figure is a drawing and the words below it.
type Figure struct {
	Caption string
	drawing template.HTML
}

// colours of drawings that follow the page into the dark.
var colours = strings.NewReplacer("#FFFFFF", "var(--ground)", "#222222", "var(--ink)", "#888888", "var(--quiet)", "#DDDDDD", "var(--line)")

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
	role := "img"
	if strings.Contains(svg, `class="mark"`) { // parts that have something to say
		role = "group"
	}
	return Figure{caption, template.HTML(`<svg role="` + role + `" aria-label="` + label + `" ` + colours.Replace(svg))}, nil
}

func (Text) kind() string       { return "text" }
func (Table) kind() string      { return "table" }
func (Figures) kind() string    { return "figures" }
func (Transcript) kind() string { return "transcript" }
func (Details) kind() string    { return "details" }

//go:embed page.html
var source string

//go:embed page.css
var style string

//go:embed page.js
var script string

// policy lets the page's script run and nothing else, whatever a text may have smuggled in, and nothing be loaded.
func policy() string {
	hash := sha256.Sum256([]byte(script))
	return "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
}

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"policy": policy, "css": func() template.CSS { return template.CSS(style) },
	"script": func() template.HTML { return template.HTML("<script>" + script + "</script>") },
	"kind":   Block.kind, "drawing": func(f Figure) template.HTML { return f.drawing }, "turns": Transcript.turns,
	"numeric": numeric, "visible": visible, "label": label, "long": long, "logOdds": logOdds, "next": func(i int) int { return i + 1 },
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
		return b.check()
	case Transcript:
		return b.check()
	}
	return nil
}

func finite(values ...float64) bool {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}
