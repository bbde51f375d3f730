package browser

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Widths of a screen in pixels, at which pages are checked.
const (
	Desktop   = 1280
	Telephone = 360
)

// Hostile is a text that runs a script if a page treats it as markup, which Check reports, and contains control characters.
const Hostile = `<script>ran=1</script>"'><img src=x onerror=ran=1><svg onload=ran=1>{{.}}` + "\u202e\x1b[2J"

// Tab is a page in a browser of its own, as wide as a Desktop at first. What fails in it fails the test.
type Tab struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	origin   string   // of the page: what requests may begin with
	requests []string // to anywhere else
	faults   []string // exceptions, and what the console says of errors
}

// Open starts a browser, which ends with the test, and opens a page.
func Open(t testing.TB, url string) *Tab {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	names := []string{"chromium", "chromium-browser", "google-chrome"}
	at := slices.IndexFunc(names, func(name string) bool { _, err := exec.LookPath(name); return err == nil })
	if at < 0 {
		t.Skipf("NOT CHECKED in a browser: there is none of %s (Debian: apt-get install chromium)", strings.Join(names, ", "))
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(names[at]), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(10*time.Minute))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		chromedp.Cancel(ctx) // waits for the browser, whose directory is removed next
		cancel()
		stop()
	})
	b := &Tab{t: t, ctx: ctx, origin: url}
	b.Do()
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	b.Resize(Desktop)
	b.Do(call(log.Enable, cdp.Empty{}), call(network.Enable, network.EnableParams{}), chromedp.Navigate(url))
	return b
}

// listen notes requests and errors.
func (b *Tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		url, _, _ := strings.Cut(e.Request.URL, ",")
		if !strings.HasPrefix(url, b.origin) && !strings.HasPrefix(url, "data:") && !strings.HasPrefix(url, "blob:") {
			b.requests = append(b.requests, url)
		}
	case *runtime.EventExceptionThrown:
		b.faults = append(b.faults, fmt.Sprintf("%s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			b.faults = append(b.faults, e.Entry.Text)
		}
	}
}

// call is the action that sends a command whose result is of no interest.
func call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	})
}

// Do runs actions one after the other.
func (b *Tab) Do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// Eval returns the value of an expression in JavaScript; a promise is awaited.
func Eval[T any](b *Tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%.300s: %v", expression, err)
	}
	return v
}

// Until waits until a condition in JavaScript holds, which takes the page some moments after a link was followed.
func (b *Tab) Until(condition string) {
	b.t.Helper()
	Eval[bool](b, "new Promise(done => { const look = () => ("+condition+") ? done(true) : setTimeout(look, 20); look() })")
}

// Resize gives the screen another width in pixels.
func (b *Tab) Resize(width int) {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(int64(width), 900))
}

// Scheme makes the reader prefer a scheme of colours, light or dark.
func (b *Tab) Scheme(scheme string) {
	b.t.Helper()
	b.Do(call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}))
}

// paper is the width in pixels between the margins of a sheet of A4.
const paper = 718

// Print shows the page as it is printed, until Scheme shows it on a screen again, and checks that no table is cut.
func (b *Tab) Print() {
	b.t.Helper()
	b.Resize(paper)
	b.Do(call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}))
	Eval[bool](b, "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))") // it is drawn
	if cut := Eval[[]string](b, `[...document.querySelectorAll("table")].filter(t => t.getBoundingClientRect().right > innerWidth + 1).map(t => t.rows[0].innerText)`); len(cut) > 0 {
		b.t.Errorf("tables that are cut on paper: %q", cut)
	}
}

// Unfold opens what is folded by clicking on it; of the calls, of which there may be very many, only the first.
func (b *Tab) Unfold() {
	b.t.Helper()
	Eval[chromedp.Void](b, `for (const d of [...document.querySelectorAll("details:not(.call)"), ...[...document.querySelectorAll("details.call")].slice(0, 1)])
		if (!d.open) d.querySelector("summary").click()`)
	b.Until(`![...document.querySelectorAll("details:not(.call)")].some(d => !d.open)`)
}

// keep writes a picture of the whole page to the directory that the environment variable SCREENSHOTS names, if it is there, for
// somebody to look at.
func (b *Tab) keep(name string) {
	b.t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	image, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		page := b.t.Name() + " " + Eval[string](b, "document.title")
		err = os.WriteFile(filepath.Join(dir, strings.ReplaceAll(page, "/", "-")+" "+name), image, 0o644)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

//go:embed axe.min.js.gz
var axe []byte

// script is axe-core.
var script = sync.OnceValues(func() (string, error) {
	r, err := gzip.NewReader(bytes.NewReader(axe))
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(r)
	return string(text), err
})

// violations lists, after axe-core was loaded, each rule that is violated with some of the elements that violate it.
const violations = `axe.run(document, {resultTypes: ["violations"], iframes: false}).then(r => r.violations.map(v =>
	v.id + ": " + v.help + ": " + v.nodes.length + " times, such as " + v.nodes.slice(0, 3).map(n => n.target + " " + n.html.slice(0, 200) + " " + n.failureSummary).join("; ")))`

// Check reports violations of axe-core's rules, and what is wider than the screen, on a desktop, a telephone and paper, in light and in
// dark; and all errors, requests, and scripts of Hostile so far. It leaves a Desktop in light.
func (b *Tab) Check() {
	b.t.Helper()
	text, err := script()
	if err != nil {
		b.t.Fatal(err)
	}
	Eval[chromedp.Void](b, text)
	for _, width := range []int{Telephone, Desktop} {
		for _, scheme := range []string{"dark", "light"} {
			b.Resize(width)
			b.Scheme(scheme)
			for _, v := range Eval[[]string](b, violations) {
				b.t.Errorf("%d pixels, %s: %s", width, scheme, v)
			}
			b.keep(fmt.Sprintf("%d-%s.png", width, scheme))
			if wide := Eval[int](b, "document.documentElement.scrollWidth"); wide > width {
				b.t.Errorf("the page is %d pixels wide, the screen %d", wide, width)
			}
		}
	}
	b.Print()
	b.Resize(Desktop)
	b.Scheme("light")
	if Eval[bool](b, "'ran' in window") {
		b.t.Error("the page ran a script of a text")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, url := range b.requests {
		b.t.Errorf("the page asks for %s", url)
	}
	for _, fault := range b.faults {
		b.t.Errorf("error on the page: %s", fault)
	}
}
