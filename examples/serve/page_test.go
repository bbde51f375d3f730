package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/org/salesconv/examples/internal/browser"
	"github.com/org/salesconv/transcript"
)

const shown = "document.querySelector('#probability')?.textContent"

// A call is pasted and sent by keyboard, another comes as a file, and a bad one is refused in words.
func TestPage(t *testing.T) {
	r := start(t, nil)
	tab := browser.Open(t, r.url)
	call := transcript.Sample()[33]
	tab.Do(chromedp.SendKeys(chromedp.CSS("#call"), call.Text), chromedp.KeyEvent("\t"), chromedp.KeyEvent("\r"),
		chromedp.WaitVisible(chromedp.CSS("#curve")))
	turns := len(call.Turns())
	if p := browser.Eval[string](tab, shown); !strings.HasSuffix(p, "%") {
		t.Errorf("the page shows %q", p)
	}
	if n := browser.Eval[int](tab, "document.querySelectorAll('#turns li').length"); n != turns {
		t.Errorf("%d turns are marked up, want %d", n, turns)
	}
	if n := browser.Eval[int](tab, "document.querySelectorAll('#turns mark').length"); n == 0 {
		t.Error("no words are marked up")
	}
	alarm := r.predictor.Info().DuringCall.Alarm
	if says, line := browser.Eval[string](tab, "document.querySelector('#slipping').textContent"), browser.Eval[int](tab, "document.querySelectorAll('#alarm').length"); strings.Contains(says, "slipping") != (alarm.Threshold > 0) || (line == 1) != (alarm.Threshold > 0) {
		t.Errorf("alarm %+v: the page says %q, and draws %d lines", alarm, says, line)
	}
	tab.Check()
	if m := string(r.send("GET", "metrics", "").body); !strings.Contains(m, "salesconv_calls_total 1\n") {
		t.Error("a pasted call is not counted once")
	}
	tab.Do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#call").value = ""; document.querySelector("#ask").requestSubmit()`))
	if hidden := browser.Eval[bool](tab, "document.querySelector('#result').hidden"); !hidden {
		t.Error("without a call the result of another one is shown")
	}
	file := filepath.Join(t.TempDir(), "call.vtt")
	if err := os.WriteFile(file, []byte("WEBVTT\n\n00:01.000 --> 00:02.000\n<v Agent>Hello <b>you</b>\n\n00:03.000 --> 00:04.000\n<v Customer>Yes\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tab.Do(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{file}), chromedp.WaitVisible(chromedp.CSS("#turns li:nth-child(2):last-child")))
	tab.Do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#call").value = "Agent: hello \u202egnp.exe\u202c <img src=x onerror=ran=1> z" + "\u0301".repeat(500) + "\nCustomer: yes"; document.querySelector("#ask").requestSubmit()`))
	tab.Until(`document.querySelector("#turns")?.textContent.includes("\\u202egnp.exe\\u202c <img")`)
	if clipped := browser.Eval[string](tab, "getComputedStyle(document.querySelector('#turns li')).overflow"); clipped != "clip" {
		t.Errorf("overflow of a turn: %q, so that accents stack up over others", clipped)
	}
	tab.Check()
	tab.Do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#call").value = '{"transcript": " "}'; document.querySelector("#ask").requestSubmit()`))
	until(t, "the page says that there is no text", func() bool {
		return strings.Contains(browser.Eval[string](tab, "document.querySelector('#status').textContent"), "the transcript is empty")
	})
	tab = browser.Open(t, r.url)
	tab.Do(chromedp.Navigate(r.url+"docs"), chromedp.WaitVisible(chromedp.CSS(".operation")), chromedp.Click(chromedp.CSS(".operation:first-child summary")),
		chromedp.Click(chromedp.CSS(".operation:first-child button")))
	until(t, "the documentation shows a response", func() bool {
		return strings.Contains(browser.Eval[string](tab, "document.querySelector('.operation pre').textContent"), "200")
	})
	tab.Check()
}
