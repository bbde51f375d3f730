package shap

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/org/salesconv/internal/figure"
	"gonum.org/v1/gonum/mat"
)

// PlotOptions are the settings of the plots. A nil pointer means the defaults.
type PlotOptions struct {
	Title  string // Default: none.
	Top    int    // players shown by name. Default 12.
	Axis   string // what the values are in. Default log-odds.
	Base   string // name of the first row of a waterfall. Default Base.
	Output string // name of its last row. Default Output.
	Format string // png or svg. Default png.
}

func (o *PlotOptions) complete() PlotOptions {
	c := PlotOptions{}
	if o != nil {
		c = *o
	}
	if c.Top <= 0 {
		c.Top = 12
	}
	c.Axis, c.Format = cmp.Or(c.Axis, "log-odds"), cmp.Or(c.Format, "png")
	c.Base, c.Output = cmp.Or(c.Base, "Base"), cmp.Or(c.Output, "Output")
	return c
}

// Waterfall draws how the players lead from the base to the output, the most influential first and the rest as one.
func Waterfall(w io.Writer, e *Explanation, opts *PlotOptions) error {
	if e == nil {
		return errors.New("shap: nothing to draw: the explanation is nil")
	}
	o := opts.complete()
	top := e.Top(o.Top)
	var steps []figure.Bar
	rest := 0.0
	for _, v := range e.Values {
		rest += v
	}
	for _, i := range top {
		steps = append(steps, figure.Bar{Name: short(e.Name(i)), Value: e.Values[i]})
		rest -= e.Values[i]
	}
	if others := len(e.Values) - len(top); others > 0 {
		name := "1 other"
		if others > 1 {
			name = fmt.Sprintf("%d others", others)
		}
		steps = append(steps, figure.Bar{Name: name, Value: rest})
	}
	f, err := figure.Waterfall(o.Title, o.Axis, o.Base, o.Output, e.Base, steps)
	if err != nil {
		return fmt.Errorf("shap: %w", err)
	}
	return f.Write(w, o.Format)
}

// Beeswarm draws explanations of many rows, a point for each row: the players with the largest mean absolute value on
// top, coloured by the value that the player's column of X has in that row. A NaN in X has the colour of the column's
// middle.
func Beeswarm(w io.Writer, rows *Explanations, opts *PlotOptions) error {
	o := opts.complete()
	if rows == nil || rows.Values == nil || rows.X == nil {
		return errors.New("shap: nothing to draw: a beeswarm needs explanations of rows, and X")
	}
	n, d := rows.Values.Dims()
	if xn, xd := rows.X.Dims(); xn != n || xd != d {
		return fmt.Errorf("shap: explanations of %d rows by %d columns, but X has %d by %d", n, d, xn, xd)
	}
	var swarms []figure.Swarm
	for _, j := range rows.Top(o.Top) {
		swarms = append(swarms, figure.Swarm{Name: short(rows.name(j)), Values: mat.Col(nil, j, rows.Values), Shade: ranks(mat.Col(nil, j, rows.X))})
	}
	f, err := figure.Beeswarm(o.Title, "contribution, "+o.Axis, "low value", "high value", swarms)
	if err != nil {
		return fmt.Errorf("shap: %w", err)
	}
	return f.Write(w, o.Format)
}

// ranks returns the rank of each value, from 0 for the lowest to 1 for the highest; equal values share theirs.
func ranks(values []float64) []float64 {
	sorted := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	slices.Sort(sorted)
	r := make([]float64, len(values))
	for i, v := range values {
		r[i] = 0.5
		if !math.IsNaN(v) && sorted[0] != sorted[len(sorted)-1] {
			low, _ := slices.BinarySearch(sorted, v)
			high, _ := slices.BinarySearch(sorted, math.Nextafter(v, math.Inf(1)))
			r[i] = float64(low+high-1) / 2 / float64(len(sorted)-1)
		}
	}
	return r
}

// short cuts a name to what fits next to a chart.
func short(name string) string {
	const most = 80
	name = strings.Join(strings.Fields(name), " ")
	if utf8.RuneCountInString(name) <= most {
		return name
	}
	return string([]rune(name)[:most-1]) + "…"
}
