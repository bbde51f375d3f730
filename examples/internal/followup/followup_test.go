package followup

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/internal/browser"
	"github.com/org/salesconv/transcript"
)

// explained makes up an explanation of a call: contributions of turns, and of the words of three of them.
func explained(c transcript.Call, seed int) (*conversion.Explanation, []float64) {
	e := &conversion.Explanation{Base: -0.1}
	e.ID, e.LogOdds = c.ID, e.Base
	var after []float64
	for k, t := range c.Turns() {
		u := conversion.TurnShare{Speaker: t.Speaker, Share: conversion.Share{Text: t.Text, Contribution: 0.3 * math.Sin(float64(seed*7+k*k))}}
		if k < 3 {
			for i, word := range strings.SplitAfter(t.Text, " ") {
				u.Words = append(u.Words, conversion.Share{Text: word, Contribution: 0.05 * math.Sin(float64(i+seed))})
			}
		}
		e.Turns = append(e.Turns, u)
		e.LogOdds += u.Contribution
		after = append(after, classify.Sigmoid(e.LogOdds))
	}
	e.Probability = classify.Sigmoid(e.LogOdds)
	e.Won = e.Probability >= 0.5
	if seed%10 == 3 {
		e.Warnings = []conversion.Warning{conversion.TooShort, conversion.Unlike}
	}
	return e, after
}

func gathered(calls []transcript.Call) *Page {
	p := &Page{Keep: []string{"industry"}}
	p.Info.Threshold = 0.48
	p.Info.Data = conversion.Data{Calls: 180, Won: 90}
	p.Info.OutOfFold = conversion.Figures{Calls: 180, Won: 90, ROCAUC: 0.7, LogLoss: 0.6, BaseLogLoss: 0.69, Precision: 0.7}
	for i, c := range calls {
		e, after := explained(c, i)
		p.Add(c, e, after)
	}
	return p
}

// written writes a page and returns its path and text.
func written(t *testing.T, p *Page) (path, text string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "page.html")
	if err := p.Write(path); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, string(b)
}

func generated(t *testing.T, n int) []transcript.Call {
	t.Helper()
	s, err := transcript.Generate(n, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s.Calls
}

func TestThousandCalls(t *testing.T) {
	path, text := written(t, gathered(generated(t, 1000)))
	if len(text) >= 5e6 {
		t.Errorf("the page has %d bytes, want less than 5 MB", len(text))
	}
	if n := strings.Count(text, `<details class="call"`); n != 1000 {
		t.Errorf("%d calls open, want all", n)
	}
	t.Run("in a browser", func(t *testing.T) {
		started := time.Now()
		tab := browser.Open(t, "file://"+path)
		t.Logf("%d bytes, started and loaded in %v", len(text), time.Since(started))
		for _, c := range []struct{ does, script, want string }{
			{"sorts", `document.querySelector("#calls th:nth-child(1) button").click()`, `document.querySelector("#calls tbody a").textContent === "synthetic-0001"`},
			{"filters", `Object.assign(document.querySelector("#calls input"), {value: "A07"}).dispatchEvent(new Event("input"))`,
				`[...document.querySelectorAll("#calls tbody tr:not([hidden])")].every(r => r.textContent.includes("A07"))`},
			{"opens the last call", `location.hash = "#call-1000"`, `document.querySelector("#call-1000").open`},
		} {
			took := browser.Eval[float64](tab, fmt.Sprintf("(() => { const t = performance.now(); %s; document.body.offsetHeight; return performance.now() - t })()", c.script))
			tab.Until(c.want)
			t.Logf("%s in %.0f ms", c.does, took)
		}
	})
}

func TestTenThousandCalls(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 10,000 calls")
	}
	_, text := written(t, gathered(generated(t, 10000)))
	if opens, listed := strings.Count(text, `<details class="call"`), strings.Count(text, "<td><a href=\"#call"); opens != opened || listed < 10000 {
		t.Errorf("%d calls are listed and %d open, want 10000 and %d", listed, opens, opened)
	}
	if !strings.Contains(text, "The other 9000 calls are only in the list.") {
		t.Error("the page does not say that some calls do not open")
	}
}

func TestOddPages(t *testing.T) {
	const hostile = `<script>ran=1</script>"'><img src=x onerror=ran=1>` + "\u202e\x1b[2J"
	silent := transcript.Call{ID: "silent"}
	evil := transcript.Call{ID: hostile, Text: hostile + ": " + hostile, Metadata: transcript.Metadata{AgentID: hostile, Industry: hostile}}
	worse := gathered(generated(t, 3))
	worse.Info.OutOfFold.LogLoss = 1
	var long []transcript.Call
	for i := range 1000 {
		long = append(long, transcript.Call{ID: fmt.Sprint(i), Text: strings.Repeat("Agent: "+strings.Repeat("so ", 30)+"\nCustomer: <&> \n", 60)})
	}
	for name, c := range map[string]struct {
		page *Page
		want []string
	}{
		"blank":    {gathered([]transcript.Call{{ID: " ", Text: "Agent: Hi.", Metadata: transcript.Metadata{AgentID: " "}}, silent}), []string{`href="#call-1">–</a>`}},
		"long":     {gathered(long), []string{"calls are only in the list."}},
		"none":     {gathered(nil), []string{"There are no calls."}},
		"one":      {gathered(generated(t, 1)), []string{"This call has a chance of", "<h2>synthetic-0001</h2>", ">chance after<", ">the average call, 48%<"}},
		"silent":   {gathered([]transcript.Call{silent, silent}), []string{">silent</a>"}},
		"hostile":  {gathered([]transcript.Call{evil, evil}), []string{"&lt;script&gt;ran=1&lt;/script&gt;", `\u202e\u001b[2J`}},
		"cautions": {gathered(generated(t, 4)), []string{"Distrust it: the call is shorter than nearly all training calls; what is said is unlike the training calls.</p>"}},
		"no skill": {worse, []string{"Do not rely on this order"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, text := written(t, c.page)
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("the page lacks %s", want)
				}
			}
			if len(text) >= 5e6 {
				t.Errorf("the page has %d bytes, want less than 5 MB", len(text))
			}
			if n := strings.Count(text, "<script"); n != 1 || strings.ContainsAny(text, "\u202e\x1b") || strings.Contains(text, "<img") {
				t.Errorf("%d scripts, or text that passes for more", n)
			}
		})
	}
}

func TestInBrowser(t *testing.T) {
	calls := generated(t, 150)
	calls[7].Metadata.AgentID = `<b onclick="ran=1">"D" & Co`
	path, _ := written(t, gathered(calls))
	tab := browser.Open(t, "file://"+path)
	number := func(expression string) int {
		t.Helper()
		return browser.Eval[int](tab, expression)
	}
	const rows = `[...document.querySelectorAll("#calls tbody tr")].filter(r => !r.hidden)`
	if n := number(rows + ".length"); n != 100 {
		t.Errorf("%d calls are shown at first, want 100", n)
	}
	tab.Do(chromedp.Click(chromedp.CSS("#calls .more")))
	if n := number(rows + ".length"); n != 150 {
		t.Errorf("%d calls are shown, want all", n)
	}
	tab.Do(chromedp.Click(chromedp.CSS("#agents tbody a")))
	agent := browser.Eval[string](tab, `document.querySelector("#agents tbody a").textContent`)
	tab.Until(fmt.Sprintf(rows+".length > 0 && "+rows+".every(r => r.cells[4].textContent === %q)", agent)) // no others are listed
	tab.Do(chromedp.Click(chromedp.CSS("#calls tbody tr:not([hidden]) a")))
	tab.Do(chromedp.WaitVisible(chromedp.CSS("details.call[open] .turns")), // or the click does not open it
		chromedp.Evaluate[chromedp.Void](`location.hash = "#call-1"`), chromedp.WaitVisible(chromedp.CSS("#call-1 .turns")),
		chromedp.Focus(chromedp.CSS("#call-1 svg .mark")))
	if told := browser.Eval[string](tab, `document.querySelector("#tip").textContent`); !strings.HasPrefix(told, "turn 1, ") {
		t.Errorf("a chart says %q of its first turn", told)
	}
	if ran := browser.Eval[bool](tab, "'ran' in window"); ran {
		t.Error("a script of a call ran")
	}
}

// axe-core takes minutes for a long page.
func TestAccessible(t *testing.T) {
	path, _ := written(t, gathered(generated(t, 3)))
	tab := browser.Open(t, "file://"+path)
	tab.Do(chromedp.Click(chromedp.CSS("#calls tbody a")), chromedp.WaitVisible(chromedp.CSS("#call-1 .turns")))
	tab.Check()
}
