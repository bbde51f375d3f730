// Package figure draws the project's charts in one style, as PNG or SVG: sans-serif, light grid, title and legend
// above the data so that they never cover it, and colours that people with colour blindness can tell apart. Charts are as
// wide as a telephone's screen shows them with letters that can be read.
//
// A Figure is a gonum plot; whatever plotters gonum offers can be added to it. Charts that several packages need are in this
// package too: Curves, Bars, Waterfall, Beeswarm, Points and Strip. An SVG also has descriptions in words, as invisible
// elements of the class "mark", which pages show on hover and keyboard focus. A Figure must not be used by two goroutines at
// once.
package figure

import (
	"bytes"
	"fmt"
	"image/color"
	"io"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Palette holds the eight colours of Okabe and Ito (2008), those that stand out most on white first.
var Palette = []color.NRGBA{
	{0x00, 0x72, 0xb2, 0xff}, // blue
	{0xd5, 0x5e, 0x00, 0xff}, // vermilion
	{0x00, 0x9e, 0x73, 0xff}, // bluish green
	{0xcc, 0x79, 0xa7, 0xff}, // reddish purple
	{0xe6, 0x9f, 0x00, 0xff}, // orange
	{0x56, 0xb4, 0xe9, 0xff}, // sky blue
	{0x55, 0x55, 0x55, 0xff}, // grey, for the black of the original
	{0xa0, 0x90, 0x00, 0xff}, // yellow, darker than the original, which cannot be seen on white
}

// For and Against are the colours of contributions for and against a won call.
var For, Against = Palette[0], Palette[1]

var (
	ink   = color.NRGBA{0x22, 0x22, 0x22, 0xff}
	faint = color.NRGBA{0xdd, 0xdd, 0xdd, 0xff}
	quiet = color.NRGBA{0x88, 0x88, 0x88, 0xff}
)

const (
	margin    = 3 * vg.Millimeter
	legendRow = 5 * vg.Millimeter
	tall      = 11 * vg.Centimeter // of curves, strips and maps, to stand side by side
	dpi       = 192
)

// Figure is a plot with a title and a legend above it.
type Figure struct {
	*plot.Plot
	Width, Height vg.Length

	title  string
	legend []entry
	marks  []mark
}

type entry struct {
	name  string
	thumb plot.Thumbnailer
}

// New returns an empty figure of 12 × 9 cm.
func New(title, x, y string) *Figure {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = x, y
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle = restyle(axis.Label.TextStyle, 10, ink)
		axis.Tick.Label = restyle(axis.Tick.Label, 9, ink)
		axis.LineStyle.Color = quiet
		axis.Tick.LineStyle.Color = quiet
		axis.Label.Padding = vg.Millimeter
		axis.Padding = 0
		axis.Tick.Marker = roundTicks{}
	}
	return &Figure{Plot: p, Width: 12 * vg.Centimeter, Height: 9 * vg.Centimeter, title: title}
}

func restyle(s text.Style, size float64, c color.Color) text.Style {
	s.Font.Typeface, s.Font.Variant = "Liberation", "Sans"
	s.Font.Size = vg.Points(size)
	s.Color = c
	return s
}

// AddLegend adds a name to the row of names above the plot.
func (f *Figure) AddLegend(name string, thumb plot.Thumbnailer) {
	f.legend = append(f.legend, entry{name, thumb})
}

// Write draws the figure as "png" or "svg". The same figure gives the same bytes.
func (f *Figure) Write(w io.Writer, format string) (err error) {
	defer func() { // gonum/plot panics on ranges that it cannot draw
		if v := recover(); v != nil {
			err = fmt.Errorf("figure: %q cannot be drawn: %v", f.title, v)
		}
	}()
	switch format {
	case "png":
		canvas := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(f.Width, f.Height), vgimg.UseDPI(dpi))}
		f.draw(draw.New(canvas))
		_, err = canvas.WriteTo(w)
	case "svg":
		var b bytes.Buffer
		canvas := vgsvg.New(f.Width, f.Height)
		data := f.draw(draw.New(canvas))
		if _, err = canvas.WriteTo(&b); err == nil {
			_, err = w.Write(bytes.Map(xmlRune, f.finish(b.Bytes(), data)))
		}
	default:
		return fmt.Errorf("figure: format %q, want png or svg", format)
	}
	return err
}

// xmlRune replaces what XML does not allow, which a name may hold.
func xmlRune(r rune) rune {
	if r < ' ' && r != '\n' && r != '\t' || r == 0xfffe || r == 0xffff {
		return '\ufffd'
	}
	return r
}

// draw lays out title, legend and plot from top to bottom, and returns where the data are.
func (f *Figure) draw(c draw.Canvas) draw.Canvas {
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, margin, -margin, margin, -margin)
	if f.title != "" {
		style := restyle(f.Title.TextStyle, 11, ink)
		style.XAlign = draw.XLeft
		for _, line := range wrap(style, f.title, c.Size().X) {
			c.FillText(style, vg.Point{X: c.Min.X, Y: c.Max.Y}, line)
			c.Max.Y -= style.Rectangle(line).Size().Y + vg.Millimeter
		}
		c.Max.Y -= vg.Millimeter
	}
	c.Max.Y -= f.drawLegend(c)
	f.Draw(c)
	return f.DataCanvas(c)
}

// wrap breaks a text into lines that are no wider than there is room, as far as its words allow.
func wrap(style text.Style, s string, room vg.Length) (lines []string) {
	line := ""
	for _, word := range strings.Fields(s) {
		if longer := strings.TrimPrefix(line+" "+word, " "); line == "" || style.Width(longer) <= room {
			line = longer
			continue
		}
		lines, line = append(lines, line), word
	}
	return append(lines, line)
}

// fit cuts a text to the room that there is.
func fit(style text.Style, s string, room vg.Length) string {
	if style.Width(s) <= room {
		return s
	}
	runes := []rune(s)
	for n := len(runes) - 1; n > 0; n-- {
		if s = strings.TrimRight(string(runes[:n]), " ,.") + "…"; style.Width(s) <= room {
			break
		}
	}
	return s
}

// drawLegend puts the names in rows from left to right, and returns the height it took.
func (f *Figure) drawLegend(c draw.Canvas) vg.Length {
	if len(f.legend) == 0 {
		return 0
	}
	style := restyle(f.Legend.TextStyle, 9, ink)
	style.YAlign = draw.YCenter
	const thumb, gap, row = 5 * vg.Millimeter, 2 * vg.Millimeter, legendRow
	x, y := c.Min.X, c.Max.Y-row/2
	for _, e := range f.legend {
		name := fit(style, e.name, c.Size().X-thumb-gap)
		width := thumb + gap + style.Width(name)
		if x > c.Min.X && x+width > c.Max.X {
			x, y = c.Min.X, y-row
		}
		icon := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: x, Y: y - row/4}, Max: vg.Point{X: x + thumb, Y: y + row/4},
		}}
		e.thumb.Thumbnail(&icon)
		c.FillText(style, vg.Point{X: x + thumb + gap/2, Y: y + vg.Millimeter/3}, name)
		x += width + 2*gap
	}
	return c.Max.Y - y + row/2 + vg.Millimeter
}

// roundTicks marks some five multiples of 1, 2 or 5 times a power of ten, and if so asked whole numbers alone.
type roundTicks struct{ whole bool }

func (t roundTicks) Ticks(low, high float64) []plot.Tick {
	least := (high - low) / 7
	if t.whole {
		least = max(least, 1)
	}
	power := math.Pow(10, math.Floor(math.Log10(least)))
	step := 10 * power
	for _, factor := range []float64{5, 2, 1} {
		if factor*power >= least {
			step = factor * power
		}
	}
	decimals := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	var ticks []plot.Tick
	for k := math.Ceil(low/step - 1e-9); k <= high/step+1e-9; k++ {
		ticks = append(ticks, plot.Tick{Value: k * step, Label: Number("%.*f", decimals, k*step)})
	}
	return ticks
}

// finite reports an error that names the chart and the first value that cannot be drawn.
func finite(chart string, values ...float64) error {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("figure: %s: %v cannot be drawn", chart, v)
		}
	}
	return nil
}
