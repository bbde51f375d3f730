package figure

import (
	"fmt"
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

// Running smooths a curve of a history: the mean of each value and those before it, over a twentieth of all.
func Running(y []float64) []float64 {
	window, sum, mean := 1+len(y)/20, 0.0, make([]float64, len(y))
	for i, v := range y {
		sum += v
		if i >= window {
			sum -= y[i-window]
		}
		mean[i] = sum / float64(min(window, i+1))
	}
	return mean
}

// CurveOptions are the settings of Curves. A nil pointer means the defaults.
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
		every := max(1, len(c.X)/40) // marks of a long curve would hide each other
		for k := len(c.X) - 1; k >= 0; k -= every {
			f.point(c.X[k], c.Y[k], fmt.Sprintf("%s\n%s %s\n%s %s", c.Name, x, short(c.X[k]), y, short(c.Y[k])), "")
		}
	}
	f.Height = tall
	if o.Unit {
		f.X.Min, f.X.Max, f.Y.Min, f.Y.Max = 0, 1, 0, 1
	} else {
		nonEmpty(&f.X)
		nonEmpty(&f.Y)
	}
	return f, nil
}

// short is a number of four digits at most before an exponent.
func short(v float64) string { return Number("%.4g", v) }

// nonEmpty widens a range of one value.
func nonEmpty(a *plot.Axis) {
	if a.Min == a.Max {
		a.Min, a.Max = a.Min-0.5, a.Max+0.5
	}
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

// lineStyle and glyph are of curve or group i: its colour, and a dash or a shape that differs for those of the same colour.
func lineStyle(i int) draw.LineStyle {
	dashes := [][]vg.Length{nil, {vg.Points(7), vg.Points(2)}, {vg.Points(2), vg.Points(2)}, {vg.Points(7), vg.Points(2), vg.Points(2), vg.Points(2)}, {vg.Points(12), vg.Points(3)}}
	return draw.LineStyle{Color: Palette[i%len(Palette)], Width: vg.Points(1.8), Dashes: dashes[(i+i/len(Palette))%len(dashes)]}
}

func glyph(i int) draw.GlyphStyle {
	shapes := []draw.GlyphDrawer{draw.CircleGlyph{}, draw.PyramidGlyph{}, draw.BoxGlyph{}, draw.TriangleGlyph{}, draw.CrossGlyph{}, draw.RingGlyph{}, draw.PlusGlyph{}}
	c := Palette[i%len(Palette)]
	c.A = 0xb0
	return draw.GlyphStyle{Color: c, Radius: vg.Points(2.6), Shape: shapes[(i+i/len(Palette))%len(shapes)]}
}
