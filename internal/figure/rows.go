package figure

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Bar is one bar of Bars: a value with an interval around it. Low == High draws no interval.
type Bar struct {
	Name      string
	Value     float64
	Low, High float64
}

// Bars draws horizontal bars from a base, such as 0, the first on top, the value written next to each with the given
// format ("%.3f").
func Bars(title, x, format string, base float64, bars []Bar) (*Figure, error) {
	if len(bars) == 0 {
		return nil, fmt.Errorf("figure: %q has no bars", title)
	}
	rows := make([]row, len(bars))
	for i, b := range bars {
		if err := finite(strconv.Quote(b.Name), base, b.Value, b.Low, b.High); err != nil {
			return nil, err
		}
		rows[i] = row{name: b.Name, from: base, to: b.Value, low: b.Low, high: b.High, number: Number(format, b.Value)}
	}
	f := rowChart(title, x, rows)
	if !slices.ContainsFunc(bars, func(b Bar) bool { return b.Value != math.Trunc(b.Value) || b.Low != b.High }) { // counts
		f.X.Tick.Marker = roundTicks{whole: true}
	}
	return f, nil
}

// Waterfall draws how steps lead from a base to an output, which have names too, the first on top. Values of more than one digit before the
// point have one digit after it, others three.
func Waterfall(title, x, from, to string, base float64, steps []Bar) (*Figure, error) {
	rows := make([]row, 0, len(steps)+2)
	at, largest := base, math.Abs(base)
	for _, s := range steps {
		largest = max(largest, math.Abs(s.Value))
	}
	decimals := 3
	if largest >= 10 {
		decimals = 1
	}
	rows = append(rows, row{name: from, from: base, to: base, number: Number("%.*f", decimals, base)})
	for _, s := range steps {
		if err := finite(strconv.Quote(s.Name), s.Value); err != nil {
			return nil, err
		}
		rows = append(rows, row{name: s.Name, from: at, to: at + s.Value, number: Number("%+.*f", decimals, s.Value)})
		at += s.Value
	}
	if err := finite(strconv.Quote(to), base, at); err != nil {
		return nil, err
	}
	rows = append(rows, row{name: to, from: at, to: at, number: Number("%.*f", decimals, at)})
	f := rowChart(title, x, rows)
	last := -float64(len(rows) - 1)
	f.Add(upright(base, top, bottom), upright(at, last+top, last+bottom))
	return f, nil
}

// upright is a vertical line.
func upright(x, top, bottom float64) *plotter.Line {
	return &plotter.Line{
		XYs:       plotter.XYs{{X: x, Y: bottom}, {X: x, Y: top}},
		LineStyle: draw.LineStyle{Color: ink, Width: vg.Points(1.5)},
	}
}

// Above each row, whose place is 1 high, is its name; the bar is between bottom and top.
const bottom, top = -0.4, 0.12

// row is a horizontal bar from one value to another.
type row struct {
	name      string
	from, to  float64
	low, high float64 // of the interval around to, if they differ
	number    string  // written to the right of the bar
}

type rows []row

func rowChart(title, x string, r rows) *Figure {
	f := New(title, x, "")
	lines := grid()
	lines.Horizontal.Color = nil
	names := make([]string, len(r))
	for i, b := range r {
		names[i] = b.name
	}
	f.Add(lines, r)
	f.rows(names)
	nonEmpty(&f.X)
	for i, b := range r {
		says := b.name + ": " + b.number
		if b.low != b.high {
			says += Number(", 95%% interval %.4g", b.low) + Number(" to %.4g", b.high)
		}
		y := -float64(i)
		f.marks = append(f.marks, mark{f.X.Min, y - 0.45, f.X.Max, y + 0.5, says, ""})
	}
	return f
}

// rows makes the figure as high as rows with these names above them need.
func (f *Figure) rows(names []string) {
	f.Height = vg.Length(2.6+0.95*float64(len(names))) * vg.Centimeter
	f.Add(rowNames(names))
	f.Y.Min, f.Y.Max = -float64(len(names))+0.45, 0.6
	f.Y.LineStyle.Width = 0
	f.Y.Tick.Marker = plot.ConstantTicks(nil)
	f.Y.Tick.Length = 0
}

// rowNames are written above the rows, over the whole width.
type rowNames []string

func (names rowNames) Plot(c draw.Canvas, p *plot.Plot) {
	_, ty := p.Transforms(&c)
	style := restyle(p.Title.TextStyle, 9, ink)
	style.XAlign, style.YAlign = draw.XLeft, draw.YCenter
	for i, name := range names {
		c.FillText(style, vg.Point{X: c.Min.X, Y: ty(0.34 - float64(i))}, fit(style, name, c.Size().X))
	}
}

// right is where the number of a row goes.
func (r row) right() float64 {
	v := max(r.from, r.to)
	if r.low != r.high {
		v = max(v, r.high)
	}
	return v
}

func (r rows) DataRange() (xmin, xmax, ymin, ymax float64) {
	xmin, xmax = r[0].from, r[0].from
	for _, b := range r {
		xmin, xmax = min(xmin, b.from, b.to), max(xmax, b.right())
		if b.low != b.high {
			xmin = min(xmin, b.low)
		}
	}
	return xmin, xmax + 0.14*(xmax-xmin), -float64(len(r)), 0 // room for the numbers
}

func (r rows) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	style := restyle(p.Title.TextStyle, 9, ink)
	style.XAlign, style.YAlign = draw.XLeft, draw.YCenter
	line := draw.LineStyle{Color: ink, Width: vg.Points(1.2)}
	const middle = (bottom + top) / 2
	for i, b := range r {
		y := -float64(i)
		colour := For
		if b.to < b.from {
			colour = Against
		}
		c.FillPolygon(colour, []vg.Point{
			{X: tx(b.from), Y: ty(y + bottom)}, {X: tx(b.to), Y: ty(y + bottom)},
			{X: tx(b.to), Y: ty(y + top)}, {X: tx(b.from), Y: ty(y + top)},
		})
		if b.low != b.high {
			c.StrokeLine2(line, tx(b.low), ty(y+middle), tx(b.high), ty(y+middle))
			for _, end := range []float64{b.low, b.high} {
				c.StrokeLine2(line, tx(end), ty(y+middle-0.1), tx(end), ty(y+middle+0.1))
			}
		}
		c.FillText(style, vg.Point{X: tx(b.right()) + vg.Millimeter, Y: ty(y+middle) + vg.Millimeter/3}, b.number)
	}
}
