package tsne

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/org/salesconv/internal/figure"
	"gonum.org/v1/gonum/mat"
)

// PlotOptions are the settings of Plot. A nil pointer means the defaults.
type PlotOptions struct {
	Title string // Default: none.
	// Names of labels 0, 1, … in the legend. Default: Lost and Won if no other labels occur, else the numbers.
	Names []string
	// Faint marks points for the background, such as calls that an encoder was fine-tuned on, and FaintName is their
	// name in the legend. Default: none; "in the background".
	Faint     []bool
	FaintName string
	// Says has a description of each point, and Links the target of its link, for an SVG in a page. Default: none.
	Says, Links []string
	Format      string // png or svg. Default png.
}

// Plot draws points, [n, 2], with colours and shapes by label; a label below 0 means unknown. The legend counts the
// points of each label. The colours are safe for colour blindness, and repeat after eight labels with other shapes.
func Plot(w io.Writer, points mat.Matrix, labels []int, opts *PlotOptions) error {
	var o PlotOptions
	if opts != nil {
		o = *opts
	}
	if points == nil {
		return errors.New("tsne: no points to draw")
	}
	n, d := points.Dims()
	if d != 2 || n != len(labels) {
		return fmt.Errorf("tsne: points are [%d %d] with %d labels, want [%d 2]", n, d, len(labels), len(labels))
	}
	for _, of := range []struct {
		name string
		n    int
	}{{"Faint", len(o.Faint)}, {"Says", len(o.Says)}, {"Links", len(o.Links)}} {
		if of.n != 0 && of.n != n {
			return fmt.Errorf("tsne: %d of %s for %d points", of.n, of.name, n)
		}
	}
	const most = 1000 // with an entry each in the legend
	top := 1
	for i, label := range labels {
		if label >= most {
			return fmt.Errorf("tsne: label %d of point %d, want labels below %d: number them from 0", label, i, most)
		}
		top = max(top, label)
	}
	if o.Names == nil && top == 1 {
		o.Names = []string{"Lost", "Won"}
	}
	groups := make([]figure.Group, top+2)
	for label := range top + 1 {
		g := &groups[top-label] // the last label first: Won has the colour of what speaks for a won call
		g.Name = strconv.Itoa(label)
		if label < len(o.Names) {
			g.Name = o.Names[label]
		}
	}
	groups[top+1].Name = "Unknown"
	for i, label := range labels {
		g := &groups[top-max(label, -1)]
		g.X = append(g.X, points.At(i, 0))
		g.Y = append(g.Y, points.At(i, 1))
		g.Faint = append(g.Faint, len(o.Faint) > 0 && o.Faint[i])
		if len(o.Says) > 0 {
			g.Says = append(g.Says, o.Says[i])
		}
		if len(o.Links) > 0 {
			g.Links = append(g.Links, o.Links[i])
		}
	}
	if len(groups[top+1].X) == 0 {
		groups = groups[:top+1]
	}
	f, err := figure.Points(o.Title, orDefault(o.FaintName, "in the background"), groups)
	if err != nil {
		return fmt.Errorf("tsne: %w", err)
	}
	return f.Write(w, orDefault(o.Format, "png"))
}
