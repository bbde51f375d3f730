package figure

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Turn is a turn of a call in a Strip.
type Turn struct {
	Speaker string
	After   float64 // probability of a won call after it, from 0 to 1
	Points  float64 // of probability that it contributes
}

// Strip draws a call by its turns: the probability of a won call after each, and below it a strip of one cell a turn, blue for
// what speaks for a won call and orange for what speaks against it, the stronger the darker.
func Strip(title string, turns []Turn) (*Figure, error) {
	if len(turns) == 0 {
		return nil, fmt.Errorf("figure: %q has no turns", title)
	}
	f := New(title, "turn", "chance after it, %")
	f.Height = tall
	after, most := make(plotter.XYs, len(turns)), 0.0
	for i, t := range turns {
		if err := finite(fmt.Sprintf("turn %d", i+1), t.After, t.Points); err != nil {
			return nil, err
		}
		after[i] = plotter.XY{X: float64(i + 1), Y: 100 * t.After}
		most = max(most, math.Abs(t.Points))
		x := float64(i + 1)
		f.marks = append(f.marks, mark{x - 0.5, stripLow, x + 0.5, 100,
			fmt.Sprintf("turn %d, %s\nafter it %s\n%s points", i+1, t.Speaker, Chance(t.After), Number("%+.1f", t.Points)), ""})
	}
	line := &plotter.Line{XYs: after, LineStyle: lineStyle(0)}
	line.Color = ink
	f.Add(grid(), cells{turns, most}, line)
	if len(turns) <= 60 {
		f.Add(&plotter.Scatter{XYs: after, GlyphStyle: draw.GlyphStyle{Color: ink, Radius: vg.Points(2.2), Shape: draw.CircleGlyph{}}})
	}
	f.AddLegend("speaks for a won call", swatch(For))
	f.AddLegend("speaks against it", swatch(Against))
	f.X.Min, f.X.Max, f.Y.Min, f.Y.Max = 0.5, float64(len(turns))+0.5, stripLow, 100
	f.X.Tick.Marker = whole{}
	f.Y.Tick.Marker = plot.ConstantTicks([]plot.Tick{{Value: 0, Label: "0"}, {Value: 25, Label: "25"}, {Value: 50, Label: "50"}, {Value: 75, Label: "75"}, {Value: 100, Label: "100"}})
	return f, nil
}

// The cells are below the axis of probabilities, in its units.
const stripLow, stripHigh = -22, -6

type cells struct {
	turns []Turn
	most  float64
}

func (s cells) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	for i, t := range s.turns {
		x := float64(i + 1)
		colour, edge := For, []vg.Point{
			{X: tx(x - 0.5), Y: ty(stripLow)}, {X: tx(x + 0.5), Y: ty(stripLow)}, {X: tx(x + 0.5), Y: ty(stripHigh)}, {X: tx(x - 0.5), Y: ty(stripHigh)},
		}
		if t.Points < 0 {
			colour = Against
		}
		if s.most > 0 {
			colour.A = uint8(255*math.Abs(t.Points)/s.most + 0.5)
		} else {
			colour.A = 0
		}
		c.FillPolygon(colour, edge)
		if len(s.turns) <= 200 { // or edges hide the colours
			c.StrokeLines(draw.LineStyle{Color: quiet, Width: vg.Points(0.4)}, append(edge, edge[0]))
		}
	}
}

// swatch is a filled rectangle in the legend.
type swatch color.NRGBA

func (s swatch) Thumbnail(c *draw.Canvas) {
	c.FillPolygon(color.NRGBA(s), []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
}

// whole marks whole numbers alone.
type whole struct{}

func (whole) Ticks(low, high float64) (ticks []plot.Tick) {
	step := max(1, int(math.Ceil((high-low)/12)))
	for k := 1; float64(k) <= high; k++ {
		if k == 1 || k%step == 0 {
			ticks = append(ticks, plot.Tick{Value: float64(k), Label: fmt.Sprint(k)})
		}
	}
	return ticks
}
