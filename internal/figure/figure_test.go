package figure

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func charts(t *testing.T) map[string]*Figure {
	t.Helper()
	figures := map[string]*Figure{}
	add := func(name string) func(*Figure, error) {
		return func(f *Figure, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			figures[name] = f
		}
	}
	add("roc")(Curves("ROC curve", "False positive rate", "True positive rate", []Curve{
		{Name: "Fine-tuned, AUC 0.81", X: []float64{0, 0.1, 0.3, 1}, Y: []float64{0, 0.5, 0.8, 1}},
		{Name: "Generic, AUC 0.72", X: []float64{0, 0.2, 0.5, 1}, Y: []float64{0, 0.5, 0.7, 1}},
		{Name: "tf-idf, AUC 0.70", X: []float64{0, 0.25, 0.5, 1}, Y: []float64{0, 0.45, 0.7, 1}, Dots: true},
	}, &CurveOptions{Unit: true, Diagonal: true}))
	add("history")(Curves("Loss", "Step", "Triplet loss", []Curve{
		{Name: "Training", X: []float64{0, 100, 200}, Y: []float64{0.3, 0.12, 0.08}},
	}, nil))
	add("bars")(Bars("ROC AUC on held-out calls", "AUC, 95% interval", "%.3f", 0.5, []Bar{
		{"Fine-tuned", 0.81, 0.74, 0.88}, {"Generic <&> \"quoted\"", 0.72, 0.65, 0.79}, {"tf\x00\x1b\xff\ufffe-idf 你好", 0.7, 0.7, 0.7}, {"below", 0.4, 0.3, 0.45},
	}))
	add("waterfall")(Waterfall("Why this call", "Log-odds of a won call", "average call", "this call", -0.4, []Bar{
		{Name: "Send me the contract", Value: 0.8}, {Name: "our budget is frozen", Value: -0.5}, {Name: "12 others", Value: 0.1},
	}))
	var values, shades []float64
	for i := range 200 {
		values = append(values, math.Sin(float64(i))*float64(i%7))
		shades = append(shades, float64(i%7)/6)
	}
	add("beeswarm")(Beeswarm("What the model looks at", "Contribution", "low", "high", []Swarm{
		{"turn length", values, shades}, {"questions", values[:50], shades[:50]},
	}))
	add("points")(Points("Map", "trained on", []Group{
		{Name: "Lost", X: []float64{1, 2, 3}, Y: []float64{3, 1, 2}, Faint: []bool{true, false, true}},
		{Name: "Won", X: []float64{5, 6, 7}, Y: []float64{6, 7, 6}, Says: []string{"a", "b", "c <&>"}, Links: []string{"#a", "", "#c"}}, {Name: "Unknown"},
	}))
	add("one point")(Points("One", "", []Group{{Name: "Won", X: []float64{5}, Y: []float64{6}}}))
	var groups []Group
	var many []Curve
	for i := range 24 {
		x := float64(i)
		groups = append(groups, Group{Name: fmt.Sprint("agent ", i), X: []float64{x, x + 0.3}, Y: []float64{x * math.Sin(x), x}})
		many = append(many, Curve{Name: fmt.Sprint("curve ", i), X: []float64{0, 1}, Y: []float64{x, 25 - x}})
	}
	add("many groups")(Points("Map of calls by agent, of which there are more than eight, with a title that takes two lines", "", groups))
	add("many curves")(Curves("Many", "x", "y", many, nil))
	var turns []Turn
	for i := range 18 {
		turns = append(turns, Turn{"Agent", 0.5 + 0.4*math.Sin(float64(i)/3), 6 * math.Sin(float64(i)*2)})
	}
	add("strip")(Strip("Call 7 by its turns", turns))
	add("one turn")(Strip("", turns[:1]))
	return figures
}

func TestWrite(t *testing.T) {
	for name, f := range charts(t) {
		t.Run(name, func(t *testing.T) {
			for _, format := range []string{"png", "svg"} {
				var first, second bytes.Buffer
				if err := errors.Join(f.Write(&first, format), f.Write(&second, format)); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(first.Bytes(), second.Bytes()) {
					t.Errorf("%s differs when drawn again", format)
				}
				if dir := os.Getenv("FIGURES"); dir != "" { // to look at them
					if err := os.WriteFile(filepath.Join(dir, name+"."+format), first.Bytes(), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				check := wellFormed
				if format == "png" {
					check = decodes
				}
				if err := check(&first); err != nil {
					t.Errorf("%s: %v", format, err)
				}
			}
		})
	}
}

// What a figure shows is in its SVG in words, and its texts are as long as they were laid out in any font.
func TestMarks(t *testing.T) {
	for name, wants := range map[string][]string{
		"bars":      {`<g class="mark" role="img" aria-label="Fine-tuned: 0.810, 95% interval 0.74 to 0.88"><rect `, `textLength="`, `font-family:'Liberation Sans',Arial`},
		"points":    {`<a class="mark" href="#c" aria-label="c &lt;&amp;&gt;"><circle `, `<g class="mark" role="img" aria-label="b">`, "faint: trained on (2)"},
		"waterfall": {"our budget is frozen: −0.500", ">−0.400<"},
		"beeswarm":  {`aria-label="turn length` + "\nfrom −"},
		"roc":       {"False positive rate 0.3"},
		"strip":     {"after it 50%", "−1.7 points"},
	} {
		var svg bytes.Buffer
		if err := charts(t)[name].Write(&svg, "svg"); err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(svg.String(), want) {
				t.Errorf("%s lacks %s", name, want)
			}
		}
	}
}

func decodes(r io.Reader) error {
	_, err := png.Decode(r)
	return err
}

func wellFormed(r io.Reader) error {
	d := xml.NewDecoder(r)
	for {
		if _, err := d.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func TestRunning(t *testing.T) {
	y := make([]float64, 40)
	for i := range y {
		y[i] = float64(i)
	}
	got := Running(y) // of three values
	if len(got) != 40 || got[0] != 0 || got[1] != 0.5 || got[2] != 1 || got[39] != 38 {
		t.Error(got)
	}
	if got := Running([]float64{3, 5}); got[0] != 3 || got[1] != 5 {
		t.Error(got)
	}
}

func TestFaint(t *testing.T) {
	draw := func(faint ...bool) string {
		f, err := Points("Map", "", []Group{{Name: "Won", X: []float64{1, 2}, Y: []float64{1, 2}, Faint: faint}})
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := f.Write(&b, "svg"); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	all, one := draw(false, false), draw(true, false)
	if draw() != all || one == all || strings.Count(one, "fill-opacity:0.17") != 1 {
		t.Errorf("faint points are drawn as %s", one)
	}
}

func TestRefused(t *testing.T) {
	_, nan := Curves("t", "x", "y", []Curve{{Name: "c", X: []float64{1}, Y: []float64{math.NaN()}}}, nil)
	_, ragged := Curves("t", "x", "y", []Curve{{Name: "c", X: []float64{1, 2}, Y: []float64{1}}}, nil)
	_, none := Bars("t", "x", "%.2f", 0, nil)
	_, infinite := Points("t", "", []Group{{Name: "g", X: []float64{math.Inf(1)}, Y: []float64{0}}})
	_, mute := Points("t", "", []Group{{Name: "g", X: []float64{1}, Y: []float64{0}, Links: []string{"a", "b"}}})
	_, still := Strip("s", nil)
	format := New("t", "x", "y").Write(io.Discard, "gif")
	for want, err := range map[string]error{
		`"c": NaN cannot be drawn`: nan, "2 x and 1 y": ragged, "no bars": none, `"g": +Inf`: infinite, "0 of Says and 2 Links": mute, `"s" has no turns`: still, `format "gif"`: format,
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "figure: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want figure: … %s", err, want)
		}
	}
}

func TestRoundTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{0, 1, "0.0 0.2 0.4 0.6 0.8 1.0"}, {0, 200, "0 50 100 150 200"}, {0.08, 0.3, "0.10 0.15 0.20 0.25 0.30"},
		{-0.33, 1.02, "−0.2 0.0 0.2 0.4 0.6 0.8 1.0"}, {0, 3.5e6, "0 500000 1000000"}, {1e-5, 4e-5, "0.000010"},
	} {
		var labels []string
		for _, tick := range (roundTicks{}).Ticks(c.low, c.high) {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); !strings.HasPrefix(got, c.want) || len(labels) > 8 || len(labels) < 3 {
			t.Errorf("ticks from %v to %v are %s, want %s", c.low, c.high, got, c.want)
		}
	}
	if ticks := (roundTicks{whole: true}).Ticks(0, 1.14); len(ticks) != 2 || ticks[1].Label != "1" {
		t.Errorf("whole ticks up to 1.14 are %v, want 0 and 1", ticks)
	}
}

// Every colour of the palette can be seen on white, with a contrast of 2 to 1; the yellow of Okabe and Ito has 1.3.
func TestPaletteContrast(t *testing.T) {
	linear := func(v uint8) float64 { return math.Pow((float64(v)/255+0.055)/1.055, 2.4) } // of all but the darkest values
	for i, c := range Palette {
		luminance := 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
		if contrast := 1.05 / (luminance + 0.05); contrast < 2 {
			t.Errorf("colour %d has a contrast of %.2f", i, contrast)
		}
	}
}

// Edges of the cells of very many turns would hide their colours.
func TestStripEdges(t *testing.T) {
	for turns, edges := range map[int]int{20: 20, 2000: 0} {
		f, err := Strip("s", make([]Turn, turns))
		if err != nil {
			t.Fatal(err)
		}
		var svg bytes.Buffer
		if err := f.Write(&svg, "svg"); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(svg.String(), "stroke-width:0.4"); n != edges {
			t.Errorf("%d of %d cells have edges, want %d", n, turns, edges)
		}
	}
}
