package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// recorder keeps the errors that a Tab reports.
type recorder struct {
	testing.TB
	errors []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func open(t testing.TB, body string) *Tab {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.html")
	page := `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>A</title><main><h1>A</h1>` + body + `</main>`
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	return Open(t, "file://"+path)
}

// Each fault of a page is found, and a page without any has none.
func TestCheck(t *testing.T) {
	r := &recorder{TB: t}
	tab := open(r, `<p>Hello.</p><button onclick="this.textContent = 'clicked'">click</button>`)
	tab.Do(chromedp.Click(chromedp.CSS("button")))
	if got := Eval[string](tab, "document.querySelector('button').textContent"); got != "clicked" {
		t.Errorf("the button says %q", got)
	}
	if tab.Check(); r.errors != nil {
		t.Errorf("errors on a sound page: %q", r.errors)
	}
	r = &recorder{TB: t}
	open(r, `<p style="color: #aaa; background: #fff">faint</p> <img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">
		<p style="width: 492px; background: url(file:///nowhere)">wide</p> <script>undefined.x</script>`).Check()
	for _, want := range []string{
		"360 pixels, dark: color-contrast: ", "1280 pixels, light: image-alt: ", "the page is 500 pixels wide, the screen 360",
		"the page asks for file:///nowhere", "error on the page: Uncaught",
	} {
		if !slices.ContainsFunc(r.errors, func(e string) bool { return strings.HasPrefix(e, want) }) {
			t.Errorf("errors %q, want %q among them", r.errors, want)
		}
	}
}
