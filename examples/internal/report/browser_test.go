package report

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/org/salesconv/examples/internal/browser"
)

// open opens a page in a browser.
func open(t *testing.T, p Page) *browser.Tab {
	t.Helper()
	var html bytes.Buffer
	if err := p.Write(&html); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, html.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return browser.Open(t, "file://"+path)
}

// All parts of a page answer to the mouse and the keyboard, and nothing that a text smuggles in does.
func TestInBrowser(t *testing.T) {
	p := sample(t)
	hostile := `<img src=x onerror="window.ran=1"><script>window.ran=1</script>"><svg onload=window.ran=1>`
	p.Sections[2].Blocks = append(p.Sections[2].Blocks, Text(hostile), Transcript{Title: hostile, Lead: hostile, Points: 20, Turns: []Turn{{hostile, 1, 0.5, []Span{{hostile, 1}}}}})
	tab := open(t, p)
	text := func(want, expression string) {
		t.Helper()
		if got := browser.Eval[string](tab, "String("+expression+")"); got != want {
			t.Errorf("%s is %q, want %q", expression, got, want)
		}
	}
	const rows = `[...document.querySelectorAll("#calls tbody tr")].filter(r => !r.hidden).map(r => r.cells[0].textContent).join()`
	text("undefined", "window.ran")
	text("17 <i>,18", rows)
	tab.Do(chromedp.Click(chromedp.CSS("#calls th:nth-child(2) button")), chromedp.Click(chromedp.CSS("#calls th:nth-child(2) button")))
	text("18,17 <i>", rows)
	text("ascending", `document.querySelector("#calls th:nth-child(2)").ariaSort`)
	tab.Do(chromedp.SendKeys(chromedp.CSS("#calls input"), "dana"))
	text("17 <i>", rows)
	text("1 of 2", `document.querySelector("#calls [role=status]").textContent`)
	const saved = `new Promise(done => {
		URL.createObjectURL = blob => { blob.text().then(done); return "#" }
		document.querySelector("#calls .tools button").click()
	})`
	tab.Do(chromedp.Evaluate[chromedp.Void](`location.hash = '#calls="=1%2B1"'`))
	tab.Until(rows + ` === "18"`)
	if got, want := browser.Eval[string](tab, saved), "call,chance,agent <x>\r\n18,-8%,'=1+1\r\n"; got != "\ufeff"+want && got != want {
		t.Errorf("saved %q, want %q", got, want)
	}
	tab.Do(chromedp.Evaluate[chromedp.Void](`location.hash = "#calls="`), chromedp.Click(chromedp.CSS(`a[href="#call-17"]`)), chromedp.WaitVisible(chromedp.CSS("#call-17 .turns")))
	text("true,SUMMARY", `[document.querySelector("#call-17").open, document.activeElement.tagName]`)
	tab.Do(chromedp.Focus(chromedp.CSS("#call-17 .turns b")), chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowDown))
	text("contract: +0.4", `document.querySelector("#tip").textContent`)
	tab.Do(chromedp.Click(chromedp.CSS(".tools input[type=checkbox]")))
	text("log-odds 0.00 +0.02", `document.querySelector("#call-17 th:nth-child(2)").textContent + " " + document.querySelector("#call-17 td:nth-child(2)").textContent + " " + document.querySelectorAll("#call-17 b")[2].title`)
	const folded = `[...document.querySelectorAll("details:not([open]) > :not(summary)")].filter(e => e.checkVisibility({contentVisibilityAuto: true})).length`
	onScreen := browser.Eval[int](tab, folded)
	tab.Print()
	if n := browser.Eval[int](tab, folded); onScreen != 0 || n == 0 {
		t.Errorf("%d folded elements are seen on the screen and %d in print, want none and all", onScreen, n)
	}
	tab.Check()
}

// A name of thousands of letters or stacks of accents leaves room for the rest of the page, and a name that cannot be seen can be
// clicked on.
func TestNames(t *testing.T) {
	columns := []string{`a (calls: 2)`, `é "</style><script>ran=1</script>\`}
	long, high := strings.Repeat("i", 5000), "z"+strings.Repeat("\u0301", 500)
	p := Page{Title: "Names", Sections: []Section{{Title: "List", Blocks: []Block{
		Table{Name: "calls", Columns: columns, Rows: [][]string{{long, high}, {" \u200b", "hi"}}, Links: []string{"#a", "#b"}},
		Transcript{Name: "a", Title: long, Turns: []Turn{{"Agent", 0, 0, []Span{{high, 0}}}}}, Transcript{Name: "b", Title: "b"},
	}}}}
	tab := open(t, p)
	tab.Resize(browser.Telephone)
	for j, column := range columns { // which stand before each cell there
		want := strconv.Quote(column + ": ")
		if got := browser.Eval[string](tab, fmt.Sprintf(`getComputedStyle(document.querySelector("#calls td:nth-child(%d)"), "::before").content`, j+1)); got != want {
			t.Errorf("column %q is labelled %s on a telephone", column, got)
		}
	}
	for _, width := range []int{browser.Telephone, browser.Desktop} {
		tab.Resize(width)
		if n := browser.Eval[float64](tab, `Math.max(...[...document.querySelectorAll("#calls a, summary h3")].map(e => e.getBoundingClientRect().height))`); n > 200 {
			t.Errorf("%d pixels: a name is %.0f pixels high", width, n)
		}
		if !browser.Eval[bool](tab, `[...document.querySelectorAll("td")].every(e => getComputedStyle(e).overflow === "clip")`) {
			t.Errorf("%d pixels: accents leave their cells", width)
		}
	}
	tab.Check()
}
