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

// Group is a set of points of one colour and shape.
type Group struct {
	Name  string
	X, Y  []float64
	Faint []bool // which stand in the background; nil: none
	// Says has a description of each point, and Links the target of its link, in an SVG. Nil: none.
	Says, Links []string
}

// Points draws groups of points on axes of equal scale without ticks, as a map wants them, and counts them in the
// legend, which names the faint ones too, if there are any.
func Points(title, faint string, groups []Group) (*Figure, error) {
	f := New(title, "", "")
	f.Height = tall + vg.Length((len(groups)-1)/4)*legendRow
	background := 0
	for i, g := range groups {
		if len(g.X) != len(g.Y) || g.Faint != nil && len(g.Faint) != len(g.X) {
			return nil, fmt.Errorf("figure: group %q has %d x and %d y values, %d of Faint, want as many of each, or none of Faint", g.Name, len(g.X), len(g.Y), len(g.Faint))
		}
		if err := finite(strconv.Quote(g.Name), append(append([]float64{}, g.X...), g.Y...)...); err != nil {
			return nil, err
		}
		if g.Says != nil && len(g.Says) != len(g.X) || g.Links != nil && len(g.Links) != len(g.X) {
			return nil, fmt.Errorf("figure: group %q has %d points, %d of Says and %d Links, want as many of each, or none", g.Name, len(g.X), len(g.Says), len(g.Links))
		}
		front, back := g.layers(glyph(i))
		background += len(back.XYs)
		for k, say := range g.Says {
			link := ""
			if g.Links != nil {
				link = g.Links[k]
			}
			f.point(g.X[k], g.Y[k], say, link)
		}
		for _, s := range []*plotter.Scatter{back, front} {
			if len(s.XYs) > 0 {
				f.Add(s)
			}
		}
		f.AddLegend(fmt.Sprintf("%s (%d)", g.Name, len(g.X)), front)
	}
	if background > 0 {
		style := draw.GlyphStyle{Color: ink, Radius: vg.Points(2.6), Shape: draw.CircleGlyph{}}
		_, back := (&Group{X: []float64{0}, Y: []float64{0}, Faint: []bool{true}}).layers(style)
		f.AddLegend(fmt.Sprintf("faint: %s (%d)", faint, background), back)
	}
	f.X.Tick.Marker, f.Y.Tick.Marker = plot.ConstantTicks(nil), plot.ConstantTicks(nil)
	f.X.LineStyle.Width, f.Y.LineStyle.Width = 0, 0
	squareUp(f)
	f.Add(frame{})
	return f, nil
}

// layers parts the points that are faint from the others.
func (g *Group) layers(style draw.GlyphStyle) (front, back *plotter.Scatter) {
	front, back = &plotter.Scatter{GlyphStyle: style}, &plotter.Scatter{GlyphStyle: style}
	c := style.Color.(color.NRGBA)
	c.A /= 4
	back.Color = c
	for i, p := range xys(g.X, g.Y) {
		layer := front
		if g.Faint != nil && g.Faint[i] {
			layer = back
		}
		layer.XYs = append(layer.XYs, p)
	}
	return front, back
}

// squareUp gives both axes the same length in data units for the figure's shape.
func squareUp(f *Figure) {
	nonEmpty(&f.X)
	nonEmpty(&f.Y)
	const aspect, room = 1.22, 1.06 // aspect of the area that title and legend leave
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
