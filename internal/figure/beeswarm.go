package figure

import (
	"fmt"
	"image/color"
	"slices"
	"strconv"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Swarm is a row of Beeswarm: a point for each value, coloured by its shade from 0 (low) to 1 (high).
type Swarm struct {
	Name          string
	Values, Shade []float64
}

// Beeswarm draws a row of points for each swarm, the first on top; points that would hide each other stand one above
// the other. Low and high name the shades in the legend.
func Beeswarm(title, x, low, high string, swarms []Swarm) (*Figure, error) {
	f := New(title, x, "")
	f.Add(grid(), upright(0, 0.6, -float64(len(swarms))+0.4))
	names := make([]string, len(swarms))
	f.X.Min, f.X.Max = 0, 0
	for i, s := range swarms {
		if err := finite(strconv.Quote(s.Name), append(slices.Clone(s.Values), s.Shade...)...); err != nil {
			return nil, err
		}
		names[i] = s.Name
		f.X.Min, f.X.Max = min(f.X.Min, slices.Min(s.Values)), max(f.X.Max, slices.Max(s.Values))
	}
	nonEmpty(&f.X)
	for i, s := range swarms {
		f.Add(s.scatter((bottom+top)/2-float64(i), f.X.Min, f.X.Max))
		y := -float64(i)
		f.marks = append(f.marks, mark{f.X.Min, y - 0.45, f.X.Max, y + 0.5,
			fmt.Sprintf("%s\nfrom %s to %s", s.Name, short(slices.Min(s.Values)), short(slices.Max(s.Values))), ""})
	}
	f.rows(names)
	f.Height += legendRow + vg.Length(len(swarms))*legendRow
	for _, end := range []struct {
		name  string
		shade float64
	}{{low, 0}, {high, 1}} {
		f.AddLegend(end.name, &plotter.Scatter{GlyphStyle: shaded(end.shade)})
	}
	return f, nil
}

// scatter stacks the points of each of 90 columns between low and high around y.
func (s Swarm) scatter(y, low, high float64) *plotter.Scatter {
	const columns = 90
	column := make([]int, len(s.Values))
	var count, placed [columns]int
	for i, v := range s.Values {
		column[i] = min(columns-1, int(columns*(v-low)/(high-low)))
		count[column[i]]++
	}
	tallest := float64(max(6, slices.Max(count[:])))
	points := make(plotter.XYs, len(s.Values))
	for i, v := range s.Values {
		k := column[i]
		points[i] = plotter.XY{X: v, Y: y + (top-bottom)*(float64(placed[k])-float64(count[k]-1)/2)/tallest}
		placed[k]++
	}
	return &plotter.Scatter{XYs: points, GlyphStyleFunc: func(i int) draw.GlyphStyle { return shaded(s.Shade[i]) }}
}

// shaded is a point of a colour between sky blue and vermilion.
func shaded(v float64) draw.GlyphStyle {
	low, high := Palette[5], Palette[1]
	mix := func(a, b uint8) uint8 { return uint8((1-v)*float64(a) + v*float64(b) + 0.5) }
	return draw.GlyphStyle{
		Color:  color.NRGBA{mix(low.R, high.R), mix(low.G, high.G), mix(low.B, high.B), 0xd0},
		Radius: vg.Points(2), Shape: draw.CircleGlyph{},
	}
}
