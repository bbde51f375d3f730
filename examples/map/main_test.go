package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/browser"
	"github.com/org/salesconv/transcript"
	"gonum.org/v1/gonum/mat"
)

// tiny is a small random model.
const tiny = "../../encoder/testdata/models/mean12"

// mapping runs the command.
func mapping(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, note bytes.Buffer
	env := &cli.Env{Name: "map", Args: append([]string{"-model", tiny}, args...), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &note}
	return cli.Run(t.Context(), env, run), out.String(), note.String()
}

// write makes a file of calls.
func write(t *testing.T, calls []transcript.Call) string {
	t.Helper()
	b, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "calls.json")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// places reads what the command wrote.
func places(t *testing.T, stdout string) (all []place) {
	t.Helper()
	for d := json.NewDecoder(strings.NewReader(stdout)); d.More(); {
		var p place
		if err := d.Decode(&p); err != nil || math.IsNaN(p.X+p.Y) {
			t.Fatal(p, err)
		}
		all = append(all, p)
	}
	return all
}

func TestMap(t *testing.T) {
	calls := transcript.Sample()[:30]
	calls[3].Outcome = transcript.Unknown
	calls[4].Text = "Agent: " + browser.Hostile + "\n" + browser.Hostile + ": oh"
	calls[4].ID, calls[4].Metadata.Industry = browser.Hostile, browser.Hostile
	dir := t.TempDir()
	html, picture := filepath.Join(dir, "map.html"), filepath.Join(dir, "map.SVG")
	status, plain, said := mapping(t, write(t, calls[:24]))
	if status != 0 || len(places(t, plain)) != 24 {
		t.Fatalf("status %d: %s", status, said)
	}
	status, stdout, said := mapping(t, "-new", write(t, calls[24:]), "-html", html, "-picture", picture, write(t, calls[:24]))
	if status != 0 || !strings.HasPrefix(stdout, plain) {
		t.Fatalf("status %d, or new calls move the others: %s", status, said)
	}
	if all := places(t, stdout); len(all) != 30 || all[23].New || !all[24].New || all[29].ID != calls[29].ID {
		t.Errorf("places %+v", all)
	}
	for path, wants := range map[string][]string{
		html:    {`<a class="mark" href="#call-30" aria-label="` + calls[29].ID + "\n", "6 new calls are placed", "faint: calls of the original map (24)", "&lt;script&gt;ran=1"},
		picture: {"Map of calls by outcome", "won (", "Unknown (1)"},
	} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s lacks %s", filepath.Base(path), want)
			}
		}
	}
	t.Run("in a browser", func(t *testing.T) {
		tab := browser.Open(t, "file://"+html)
		tab.Do(chromedp.Click(chromedp.CSS(`svg a[href="#call-30"]`)), chromedp.WaitVisible(chromedp.CSS("#call-30 .turns")))
		tab.Do(chromedp.Focus(chromedp.CSS(`svg a[href="#call-2"]`)))
		if told := browser.Eval[string](tab, `document.querySelector("#tip").textContent`); !strings.HasPrefix(told, calls[1].ID+"\n") {
			t.Errorf("the map says %q of call %s", told, calls[1].ID)
		}
		tab.Check()
	})
}

// More values than have colours of their own are told apart as far as they are, and the rest is named.
func TestMapByKey(t *testing.T) {
	calls := transcript.Sample()[:40]
	for i := range calls {
		calls[i].Metadata.AgentID = strings.Repeat("a", 1+i%20)
	}
	picture := filepath.Join(t.TempDir(), "map.svg")
	status, _, said := mapping(t, "-by", "agent_id", "-picture", picture, write(t, calls))
	text, err := os.ReadFile(picture)
	if status != 0 || err != nil || !strings.Contains(string(text), "6 others (12)") || !strings.Contains(string(text), ">a (2)<") {
		t.Errorf("status %d, error %v, %s", status, err, said)
	}
}

func TestRefused(t *testing.T) {
	calls := transcript.Sample()[:3]
	same := write(t, calls)
	for want, args := range map[string][]string{
		"2 calls, want 3 or more": {write(t, calls[:2])},
		"no call has \"shoe\"":    {"-by", "shoe", write(t, calls)},
		"ends in .png or .svg":    {"-picture", "map.gif", write(t, calls)},
		"nobody says a word in":   {write(t, append(calls[:2:2], transcript.Call{ID: "mute", Text: "Agent: ..."}))},
		"which is the input":      {"-html", same, same},
		"-html and -picture are":  {"-html", "x.svg", "-picture", "x.svg", same},
		"a directory; name a":     {"-html", t.TempDir(), same},
		"missing.json":            {"-new", "missing.json", write(t, calls)},
		"hf download nobody/no":   {"-model", "nobody/no", write(t, calls)},
	} {
		status, stdout, said := mapping(t, args...)
		if status == 0 || stdout != "" || strings.Count(said, "\n") != 1 || !strings.Contains(said, want) {
			t.Errorf("%v: status %d, %q; want a line with %q", args, status, said, want)
		}
	}
}

// TestLongCalls: a page of 1,000 long calls stays below 5 MB, and opens new calls before the others.
func TestLongCalls(t *testing.T) {
	m := &chart{old: 999, points: mat.NewDense(1000, 2, nil)}
	for i := range 1000 {
		m.calls = append(m.calls, transcript.Call{ID: fmt.Sprint("long ", i), Text: strings.Repeat("Agent: <&> "+strings.Repeat("so ", 30)+"\nCustomer: Yes.\n", 60)})
	}
	page, err := m.page()
	if err != nil {
		t.Fatal(err)
	}
	var html strings.Builder
	if err := page.Write(&html); err != nil {
		t.Fatal(err)
	}
	if n := html.Len(); n >= 5e6 || !strings.Contains(html.String(), `<a href="#call-1000">long 999</a>`) || !strings.Contains(html.String(), "calls are only on the map and in the list.") {
		t.Errorf("the page has %d bytes, or opens no new call, or does not say that some calls do not open", n)
	}
}
