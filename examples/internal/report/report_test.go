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
				Table{Caption: "On held-out calls", Columns: []string{"Features", "ROC AUC", "Interval"}, Rows: [][]string{
					{"Fine-tuned", "0.810", "0.740 – 0.880"}, {"tf-idf", "0.700", "0.620 – 0.770"}, {"1 <b>", "−0.1", ""},
				}},
				figures,
			}},
			{"", []Block{Details{"What the words <mean>", []Block{Text("ROC AUC: how often a won call scores above a lost one.")}}}},
			{"Calls", []Block{
				Table{Caption: "All calls", Name: "calls", Columns: []string{"call", "chance", "agent <x>"}, Links: []string{"#call-17", "#call-18"},
					Rows: [][]string{{"17 <i>", "73%", `Dana "D" \u202e`}, {"18", "−8%", "=1+1"}}},
				Transcript{Title: "Call 17 <i>", Name: "call-17", Lead: "A call.", Points: 25, Turns: []Turn{
					{"Agent", -0.12, 0.4, []Span{{"What <script>alert(1)</script> budget ", 0}, {"concerns", -0.2}, {" you?", 0.01}}},
					{"Customer", 0.31, 0.735, []Span{{"Send me the ", 0.05}, {"contract", 0.4}, {", I think we are ready.\nReally.", 0.1}}},
					{"Agent", 0, 0.735, []Span{{"Great.", 0}}},
					{"\u202etnegA\x1b[2J", 0, 0.735, []Span{{"one\u2028line\x7f", 0}}},
				}},
				Transcript{Title: "Call 18", Name: "call-18", Lead: "Nobody says a word."},
				Transcript{Title: "Call 19", Turns: []Turn{{Speaker: "Agent", Spans: []Span{{"Hi <there>.", 0}}}}},
			}},
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
		`<svg role="group" aria-label="ROC AUC &amp; &#34;quotes&#34;"`, `src="data:image/png;base64,iVBOR`,
		"What &lt;script&gt;alert(1)&lt;/script&gt; budget ", `<b class=a5 title=−0.2>concerns</b>`,
		`<tr><td>Customer<td class=f9>+0.3<td>74%<td>`, `<td>0.0<td>74%<td>Great.`, `<a href="#call-17">17 &lt;i&gt;</a>`, `<details class="call" id="call-17">`, "<tr><td>Agent<td>Hi &lt;there&gt;.\n</table>",
		"<details><summary>What the words &lt;mean&gt;</summary>\n<p>ROC AUC: how", `\u202etnegA\u001b[2J`, `one\u2028line\u007f`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if n := strings.Count(text, "<script"); n != 1 {
		t.Errorf("%d scripts on the page, want its own", n)
	}
	for _, not := range []string{"http://", "https://", "ZgotmplZ", "<?xml", "<h2></h2>", "\u202e", "\x1b", "\x7f"} {
		if strings.Contains(strings.ReplaceAll(text, `="http://www.w3.org/`, ""), not) {
			t.Errorf("the page has %s", not)
		}
	}
}

func TestShort(t *testing.T) {
	for text, want := range map[string]string{" a  b\nc ": "a b c", "eins zwei, drei": "eins zwei…", "äöüßäöüßäöüß": "äöüßäöüßäö…"} {
		if got := Short(text, 11); got != want {
			t.Errorf("short form of %q is %q, want %q", text, got, want)
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
		`table "T": row 0 has 1 cells, want 2`: write(Table{Caption: "T", Columns: []string{"a", "b"}, Rows: [][]string{{"c"}}}),
		`table "T" has 1 links for 0 rows`:     write(Table{Caption: "T", Links: []string{"#a"}}),
		`transcript "C": turn 0 has values [N`: write(Transcript{Title: "C", Turns: []Turn{{Value: math.NaN()}}}),
		`table "F": row 0 has 0 cells`:         write(Details{"D", []Block{Table{Caption: "F", Columns: []string{"a"}, Rows: [][]string{{}}}}}),
		`figure "A" is neither`:                drawing,
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "report: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want report: … %s", err, want)
		}
	}
}
