package figure

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A mark says in words what a part of the figure shows.
type mark struct {
	x0, y0, x1, y1 float64 // corners of a rectangle in units of the data; the corners of a point are equal
	text           string
	link           string // where it leads; "": nowhere
}

// point adds the mark of a point.
func (f *Figure) point(x, y float64, text, link string) {
	f.marks = append(f.marks, mark{x, y, x, y, text, link})
}

// finish adds the marks to an SVG, and makes its texts as long as they are in the font that it was laid out with, whatever font
// is there.
func (f *Figure) finish(svg []byte, data draw.Canvas) []byte {
	svg = texts.ReplaceAllFunc(svg, fixed)
	end := bytes.LastIndex(svg, []byte("</svg>"))
	b := bytes.NewBuffer(svg[:end:end])
	tx, ty := f.Transforms(&data)
	y := func(v float64) vg.Length { return f.Height - ty(v) } // an SVG's y axis points down
	for _, m := range f.marks {
		name, link := "g", ` role="img"`
		if m.link != "" {
			name, link = "a", ` href="`+html.EscapeString(m.link)+`"`
		}
		fmt.Fprintf(b, `<%s class="mark"%s aria-label="%s">`, name, link, html.EscapeString(m.text))
		if m.x0 == m.x1 && m.y0 == m.y1 {
			fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="5" fill-opacity="0"/>`, tx(m.x0), y(m.y0))
		} else {
			fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill-opacity="0"/>`, tx(m.x0), y(m.y1), tx(m.x1)-tx(m.x0), y(m.y0)-y(m.y1))
		}
		fmt.Fprintf(b, "</%s>\n", name)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// texts are the elements that gonum writes for texts: what comes before the style, the style's family, what follows it with the
// size, and the text.
var texts = regexp.MustCompile(`(<text [^>]*?)style="font-family:Liberation Sans;([^"]*font-size:([0-9.]+)px[^"]*)">([^<]*)</text>`)

// families have letters of the same widths, but for the last.
const families = "'Liberation Sans',Arial,Helvetica,Arimo,sans-serif"

// fixed gives a text its length. Letters that the font lacks, such as Chinese ones, have lengths of their own.
func fixed(element []byte) []byte {
	m := texts.FindSubmatch(element)
	said := html.UnescapeString(string(m[4]))
	length := ""
	if !strings.ContainsFunc(said, func(r rune) bool { return r >= 0x2e80 }) {
		size, _ := strconv.ParseFloat(string(m[3]), 64) // the pattern lets digits through alone
		style := restyle(text.Style{Handler: text.Plain{Fonts: font.DefaultCache}}, size, ink)
		length = fmt.Sprintf(`textLength="%.2f" lengthAdjust="spacingAndGlyphs" `, style.Width(said))
	}
	return fmt.Appendf(nil, `%s%sstyle="font-family:%s;%s">%s</text>`, m[1], length, families, m[2], m[4])
}
