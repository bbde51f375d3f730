package figure

import (
	"fmt"
	"image/color"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Curve is one line of Curves.
type Curve struct {
	Name string
	X, Y []float64
	Dots bool // draw the points too, as for a calibration table
}

// CurveOptions are those of Curves. A nil pointer means the defaults.
type CurveOptions struct {
	Unit     bool // both axes run from 0 to 1, as for ROC, precision–recall and calibration. Default: as the data.
	Diagonal bool // draw the diagonal that chance, or perfect calibration, follows. Default: none.
}

// Curves draws lines over a grid: ROC, precision–recall, calibration, lift, a history of losses.
func Curves(title, x, y string, curves []Curve, opts *CurveOptions) (*Figure, error) {
	var o CurveOptions
	if opts != nil {
		o = *opts
	}
	f := New(title, x, y)
	f.Add(grid())
	if o.Diagonal {
		f.Add(&plotter.Line{
			XYs:       plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}},
			LineStyle: draw.LineStyle{Color: quiet, Width: vg.Points(1), Dashes: []vg.Length{vg.Points(4), vg.Points(3)}},
		})
	}
	for i, c := range curves {
		if len(c.X) != len(c.Y) || len(c.X) == 0 {
			return nil, fmt.Errorf("figure: curve %q has %d x and %d y values, want as many of both", c.Name, len(c.X), len(c.Y))
		}
		if err := finite(strconv.Quote(c.Name), append(append([]float64{}, c.X...), c.Y...)...); err != nil {
			return nil, err
		}
		line := &plotter.Line{XYs: xys(c.X, c.Y), LineStyle: lineStyle(i)}
		f.Add(line)
		if c.Dots {
			f.Add(&plotter.Scatter{XYs: line.XYs, GlyphStyle: glyph(i)})
		}
		f.AddLegend(c.Name, line)
	}
	if o.Unit {
		f.Width, f.Height = 12*vg.Centimeter, 12.5*vg.Centimeter
		f.X.Min, f.X.Max, f.Y.Min, f.Y.Max = 0, 1, 0, 1
	} else {
		nonEmpty(&f.X)
		nonEmpty(&f.Y)
	}
	return f, nil
}

// nonEmpty widens a range of one value.
func nonEmpty(a *plot.Axis) {
	if a.Min == a.Max {
		a.Min, a.Max = a.Min-0.5, a.Max+0.5
	}
}

// Bar is one bar of Bars: a value with an interval around it. Low == High draws no interval.
type Bar struct {
	Name      string
	Value     float64
	Low, High float64
}

// Bars draws horizontal bars from zero, the first on top, the value written beside each with the given format
// ("%.3f").
func Bars(title, x, format string, bars []Bar) (*Figure, error) {
	if len(bars) == 0 {
		return nil, fmt.Errorf("figure: %q has no bars", title)
	}
	f := New(title, x, "")
	f.Height = vg.Length(3.2+0.9*float64(len(bars))) * vg.Centimeter
	lines := grid()
	lines.Horizontal.Color = nil
	f.Add(lines)
	ticks := make([]plot.Tick, len(bars))
	rows := barRows{bars: bars, format: format}
	for i, b := range bars {
		if err := finite(strconv.Quote(b.Name), b.Value, b.Low, b.High); err != nil {
			return nil, err
		}
		ticks[i] = plot.Tick{Value: -float64(i), Label: b.Name}
	}
	f.Add(rows)
	f.Y.Min, f.Y.Max = -float64(len(bars))+0.4, 0.6
	f.Y.LineStyle.Width = 0
	f.Y.Tick.Marker = plot.ConstantTicks(ticks)
	f.Y.Tick.Length = 0
	nonEmpty(&f.X)
	return f, nil
}

type barRows struct {
	bars   []Bar
	format string
}

func (r barRows) DataRange() (xmin, xmax, ymin, ymax float64) {
	for _, b := range r.bars {
		xmin, xmax = min(xmin, b.Value, b.Low), max(xmax, b.Value, b.High)
	}
	return xmin, xmax + 0.12*(xmax-xmin), -float64(len(r.bars)), 0 // room for the numbers
}

func (r barRows) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	style := restyle(p.Title.TextStyle, 9, ink)
	style.XAlign, style.YAlign = draw.XLeft, draw.YCenter
	for i, b := range r.bars {
		y := -float64(i)
		c.FillPolygon(fill(b.Value), []vg.Point{
			{X: tx(0), Y: ty(y - 0.3)}, {X: tx(b.Value), Y: ty(y - 0.3)},
			{X: tx(b.Value), Y: ty(y + 0.3)}, {X: tx(0), Y: ty(y + 0.3)},
		})
		right := max(0, b.Value)
		if b.Low != b.High {
			right = max(right, b.High)
			line := draw.LineStyle{Color: ink, Width: vg.Points(1.2)}
			c.StrokeLine2(line, tx(b.Low), ty(y), tx(b.High), ty(y))
			for _, end := range []float64{b.Low, b.High} {
				c.StrokeLine2(line, tx(end), ty(y-0.1), tx(end), ty(y+0.1))
			}
		}
		c.FillText(style, vg.Point{X: tx(right) + vg.Millimeter, Y: ty(y)}, fmt.Sprintf(r.format, b.Value))
	}
}

func fill(v float64) color.Color {
	c := For
	if v < 0 {
		c = Against
	}
	c.A = 0xc8
	return c
}

// Group is a set of points of one colour and shape.
type Group struct {
	Name string
	X, Y []float64
}

// Points draws groups of points on axes of equal scale without ticks, as a map wants them, and counts them in the
// legend.
func Points(title string, groups []Group) (*Figure, error) {
	f := New(title, "", "")
	f.Height = 14 * vg.Centimeter
	for i, g := range groups {
		if len(g.X) != len(g.Y) {
			return nil, fmt.Errorf("figure: group %q has %d x and %d y values, want as many of both", g.Name, len(g.X), len(g.Y))
		}
		if err := finite(strconv.Quote(g.Name), append(append([]float64{}, g.X...), g.Y...)...); err != nil {
			return nil, err
		}
		s := &plotter.Scatter{XYs: xys(g.X, g.Y), GlyphStyle: glyph(i)}
		if len(g.X) > 0 {
			f.Add(s)
		}
		f.AddLegend(fmt.Sprintf("%s (%d)", g.Name, len(g.X)), s)
	}
	f.X.Tick.Marker, f.Y.Tick.Marker = plot.ConstantTicks(nil), plot.ConstantTicks(nil)
	f.X.LineStyle.Width, f.Y.LineStyle.Width = 0, 0
	squareUp(f)
	f.Add(frame{})
	return f, nil
}

// squareUp gives both axes the same length in data units for the figure's shape.
func squareUp(f *Figure) {
	nonEmpty(&f.X)
	nonEmpty(&f.Y)
	const aspect, room = 1.28, 1.06 // aspect of the area that title and legend leave
	wide, high := f.X.Max-f.X.Min, f.Y.Max-f.Y.Min
	wide, high = room*max(wide, high*aspect), room*max(high, wide/aspect)
	x, y := (f.X.Min+f.X.Max)/2, (f.Y.Min+f.Y.Max)/2
	f.X.Min, f.X.Max, f.Y.Min, f.Y.Max = x-wide/2, x+wide/2, y-high/2, y+high/2
}

// frame is a faint line around the data.
type frame struct{}

func (frame) Plot(c draw.Canvas, _ *plot.Plot) {
	c.StrokeLines(draw.LineStyle{Color: faint, Width: vg.Points(1)}, []vg.Point{
		c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}, c.Min,
	})
}

func xys(x, y []float64) plotter.XYs {
	p := make(plotter.XYs, len(x))
	for i := range p {
		p[i] = plotter.XY{X: x[i], Y: y[i]}
	}
	return p
}

func grid() *plotter.Grid {
	g := plotter.NewGrid()
	g.Vertical = draw.LineStyle{Color: faint, Width: vg.Points(0.6)}
	g.Horizontal = g.Vertical
	return g
}

func lineStyle(i int) draw.LineStyle {
	style := draw.LineStyle{Color: Palette[i%len(Palette)], Width: vg.Points(1.8)}
	if i%3 == 1 {
		style.Dashes = []vg.Length{vg.Points(7), vg.Points(2)}
	} else if i%3 == 2 {
		style.Dashes = []vg.Length{vg.Points(2), vg.Points(2)}
	}
	return style
}

func glyph(i int) draw.GlyphStyle {
	shapes := []draw.GlyphDrawer{draw.CircleGlyph{}, draw.PyramidGlyph{}, draw.BoxGlyph{}, draw.TriangleGlyph{}}
	c := Palette[i%len(Palette)]
	c.A = 0xb0
	return draw.GlyphStyle{Color: c, Radius: vg.Points(2.6), Shape: shapes[i%len(shapes)]}
}
