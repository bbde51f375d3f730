package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/internal/browser"
)

// in makes up an influence in n of 40 calls.
func in(n int, mean float64) conversion.InfluenceIn {
	low, high := mean-0.2, mean+0.2
	x := conversion.InfluenceIn{Calls: n, Share: float64(n) / 40, Mean: mean}
	if n > 1 {
		x.Low, x.High = &low, &high
	}
	return x
}

// The page of what moves all calls is in points, and in log-odds on request.
func TestPhrasePage(t *testing.T) {
	by := map[string]conversion.InfluenceIn{browser.Hostile: in(1, 0.3), "A02": in(0, 0)}
	influence := func(name string, n int, mean float64) conversion.Influence {
		return conversion.Influence{Name: name, InfluenceIn: in(n, mean), Won: in(n, mean), Lost: in(0, 0), By: by}
	}
	found := &conversion.Influences{Calls: 40, Features: []conversion.Influence{influence(conversion.Words, 40, 0.1)}}
	for k := range 16 {
		found.Phrases = append(found.Phrases, influence(strings.Repeat("so ", k)+browser.Hostile, 5+k, 0.8-0.1*float64(k)))
	}
	page, err := phrasePage(found, "agent_id")
	if err != nil {
		t.Fatal(err)
	}
	var html strings.Builder
	if err := page.Write(&html); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Over 40 calls, what is said with “&lt;script&gt;", "most clearly, on average from 50% to 69%; and", "&#43;14.6 to &#43;23.1 (5 calls)", ">tf-idf<", ">–<"} {
		if !strings.Contains(html.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	path := filepath.Join(t.TempDir(), "phrases.html")
	if err := os.WriteFile(path, []byte(html.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Run("in a browser", func(t *testing.T) {
		tab := browser.Open(t, "file://"+path)
		const cell = `document.querySelector("#phrase th:nth-child(3) button").textContent + " " + document.querySelector("#phrase td:nth-child(3)").textContent`
		for _, want := range []string{"points +19.0", "log-odds +0.80", "points +19.0"} {
			if got := browser.Eval[string](tab, cell); got != want {
				t.Errorf("the first phrase adds %q, want %q", got, want)
			}
			tab.Do(chromedp.Click(chromedp.CSS(".tools input[type=checkbox]")))
		}
		tab.Do(chromedp.Click(chromedp.CSS("#phrase th:nth-child(3) button")), chromedp.Click(chromedp.CSS("#phrase th:nth-child(3) button")))
		if got := browser.Eval[string](tab, cell); got != "log-odds −0.70" {
			t.Errorf("sorted from the lowest, the first is %q", got)
		}
		tab.Check()
	})
	worst := &conversion.Influences{Calls: 40, Phrases: []conversion.Influence{influence("no budget", 9, -0.8)}}
	if lead := phraseLead(worst); lead != "Over 40 calls, what is said with “no budget” lowers the predicted chance of being won most clearly, on average from 50% to 31%." {
		t.Errorf("of a phrase against alone: %s", lead)
	}
	if page, err = phrasePage(&conversion.Influences{Calls: 2, Features: []conversion.Influence{influence(conversion.Words, 2, 0)}}, ""); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page.Lead, "no phrase significantly raises or lowers") || len(page.Sections) != 3 {
		t.Errorf("without phrases: %q, %d sections", page.Lead, len(page.Sections))
	}
}
