package report

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/salesconv/internal/figure"
)

func sample(t *testing.T) Page {
	t.Helper()
	var figures Figures
	for _, format := range []string{"svg", "png"} {
		f, err := figure.Bars("ROC AUC", "AUC, 95% interval", "%.3f", 0.5, []figure.Bar{
			{Name: "Fine-tuned", Value: 0.81, Low: 0.74, High: 0.88}, {Name: "tf-idf", Value: 0.7, Low: 0.62, High: 0.77},
		})
		if err != nil {
			t.Fatal(err)
		}
		drawing, err := NewFigure(`ROC AUC & "quotes"`, func(w io.Writer) error { return f.Write(w, format) })
		if err != nil {
			t.Fatal(err)
		}
		figures = append(figures, drawing)
	}
	return Page{
		Title: "Generic and fine-tuned embeddings <compared>",
		Lead:  "No evidence of a difference on 140 held-out calls.",
		Sections: []Section{
			{"Results", []Block{
				Text("Intervals are 95%, by 2,000 bootstrap samples of calls."),
				Table{"On held-out calls", []string{"Features", "ROC AUC", "Interval"}, [][]string{
					{"Fine-tuned", "0.810", "0.740 – 0.880"}, {"tf-idf", "0.700", "0.620 – 0.770"}, {"1 <b>", "−0.1", ""},
				}},
				figures,
			}},
			{"", []Block{Details{"What the words <mean>", []Block{Text("ROC AUC: how often a won call scores above a lost one.")}}}},
			{"The most influential turns", []Block{Transcript{"Call 17", []Turn{
				{"Agent", -0.12, []Span{{"What <script>alert(1)</script> budget ", 0}, {"concerns", -0.2}, {" you?", 0.01}}},
				{"Customer", 0.31, []Span{{"Send me the ", 0.05}, {"contract", 0.4}, {", I think we are ready.\nReally.", 0.1}}},
				{"Agent", 0, []Span{{"Great.", 0}}},
				{"\u202etnegA\x1b[2J", 0, []Span{{"one\u2028line\x7f", 0}}},
			}}}},
		},
		Footer: "Seed 1.",
	}
}

func TestPage(t *testing.T) {
	var first, second bytes.Buffer
	if err := errors.Join(sample(t).Write(&first), sample(t).Write(&second)); err != nil {
		t.Fatal(err)
	}
	if path := os.Getenv("PAGE"); path != "" { // to look at it
		if err := os.WriteFile(filepath.Clean(path), first.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same page is written in two ways")
	}
	text := first.String()
	for _, want := range []string{
		"<title>Generic and fine-tuned embeddings &lt;compared&gt;</title>",
		`<th>Features</th><th class="number">ROC AUC</th>`, `<td>1 &lt;b&gt;</td><td class="number">−0.1</td>`,
		`<svg role="img" aria-label="ROC AUC &amp; &#34;quotes&#34;"`, `src="data:image/png;base64,iVBOR`,
		"What &lt;script&gt;alert(1)&lt;/script&gt; budget ", `<span class="against" style="--strength:0.500" title="−0.2">concerns</span>`,
		`<span class="for" style="--strength:1.000">&#43;0.3</span>`, `<span >Great.</span>`,
		"<details><summary>What the words &lt;mean&gt;</summary>\n<p>ROC AUC: how", `\u202etnegA\u001b[2J`, `one\u2028line\u007f`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, not := range []string{"<script", "http://", "https://", "ZgotmplZ", "<?xml", "<h2></h2>", "\u202e", "\x1b", "\x7f"} {
		if strings.Contains(strings.ReplaceAll(text, `="http://www.w3.org/`, ""), not) {
			t.Errorf("the page has %s", not)
		}
	}
}

func TestRefused(t *testing.T) {
	write := func(b Block) error {
		return Page{Sections: []Section{{"Results", []Block{b}}}}.Write(io.Discard)
	}
	_, drawing := NewFigure("A", func(w io.Writer) error { _, err := io.WriteString(w, "GIF"); return err })
	failed := errors.New("no room")
	_, passed := NewFigure("A", func(io.Writer) error { return failed })
	if !errors.Is(passed, failed) {
		t.Errorf("error %v, want the writer's", passed)
	}
	for want, err := range map[string]error{
		"a block is nil":                       write(nil),
		`table "T": row 0 has 1 cells, want 2`: write(Table{"T", []string{"a", "b"}, [][]string{{"c"}}}),
		`transcript "C": turn 0 has value NaN`: write(Transcript{"C", []Turn{{Value: math.NaN()}}}),
		`table "F": row 0 has 0 cells`:         write(Details{"D", []Block{Table{"F", []string{"a"}, [][]string{{}}}}}),
		`figure "A" is neither`:                drawing,
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "report: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want report: … %s", err, want)
		}
	}
}
