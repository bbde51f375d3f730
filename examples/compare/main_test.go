package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/browser"
	"github.com/org/salesconv/transcript"
)

func comparing(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, note bytes.Buffer
	env := &cli.Env{Name: "compare", Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &note}
	status = cli.Run(context.Background(), env, run)
	return status, out.String(), note.String()
}

const tiny = "../../encoder/testdata/models/mean12"

// file writes calls as the command reads them.
func file(t *testing.T, calls []transcript.Call) string {
	t.Helper()
	raw, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "calls.json")
	if err := os.WriteFile(name, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestCompare(t *testing.T) {
	if testing.Short() {
		t.Skip("fits a whole predictor in each fold; TestCompareForward does so for fewer calls")
	}
	dir := t.TempDir()
	page, numbers := filepath.Join(dir, "page.html"), filepath.Join(dir, "numbers.json")
	calls := transcript.Sample()[:40]
	for i := range calls[:20] {
		calls[i].ID += browser.Hostile
		calls[i].Text = strings.Replace(calls[i].Text, "Customer: ", "Customer: "+browser.Hostile+" ", 1)
		calls[i].Metadata.Industry = browser.Hostile
		calls[i].Metadata.Extra = map[string]json.RawMessage{browser.Hostile: json.RawMessage(strconv.Quote("<b>"))}
	}
	status, out, note := comparing(t, "-data", file(t, calls), "-model", tiny, "-folds", "2", "-html", page, "-json", numbers)
	if status != 0 {
		t.Fatalf("status %d: %s", status, note)
	}
	lines := strings.Split(out, "\n")
	if !strings.HasPrefix(lines[0], "40 calls, ") || !strings.Contains(lines[2], "ROC AUC") {
		t.Errorf("output begins\n%s", out)
	}
	at := strings.Index(lines[2], "ROC AUC")
	for i, name := range []string{words, wordTrees, talk, talkTrees, frozen, trees, stack, talkStack, tuned, tunedTrees, tunedStack} {
		if row := lines[3+i]; !strings.HasPrefix(row, name+" ") || row[at-1] != ' ' || row[at] != '0' && row[at] != '1' {
			t.Errorf("row %q, want %s and its AUC below %q", row, name, lines[2])
		}
	}
	for _, want := range []string{"evidence of a difference: logistic on tf-idf", "chosen for a fifth of the calls ", "etadata alone"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	html, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(html, []byte(tunedTrees)) || bytes.Contains(html, []byte("src=\"http")) || bytes.Contains(html, []byte("<script src")) {
		t.Error("the page lacks a method, or is not self-contained")
	}
	t.Run("in a browser", func(t *testing.T) {
		tab := browser.Open(t, "file://"+page)
		if n := browser.Eval[int](tab, `document.querySelectorAll("section:first-of-type :is(svg, .table)").length`); n != 1 {
			t.Errorf("the page opens with %d charts and tables, want one", n)
		}
		tab.Unfold()
		tab.Do(chromedp.Focus(chromedp.CSS("section:first-of-type svg .mark")), chromedp.KeyEvent(kb.ArrowRight))
		if told := browser.Eval[string](tab, `document.querySelector("#tip").textContent`); !strings.HasPrefix(told, "predicted ") {
			t.Errorf("the first chart says %q", told)
		}
		tab.Check()
	})
	var r results
	raw, err := os.ReadFile(numbers)
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil || len(r.Methods) != 11 || len(r.Verdicts) != len(pairs) || len(r.Uses) != 4 || r.Calls != 40 {
		t.Errorf("%d methods, %d verdicts, %d calls, error %v", len(r.Methods), len(r.Verdicts), r.Calls, err)
	}
}

// Later calls are predicted from earlier ones.
func TestCompareForward(t *testing.T) {
	dir := t.TempDir()
	numbers := filepath.Join(dir, "numbers.json")
	status, out, note := comparing(t, "-data", file(t, transcript.Sample()[:66]), "-model", tiny,
		"-folds", "2", "-forward", "-frozen", "-value", "3", "-html", filepath.Join(dir, "page.html"), "-json", numbers)
	if status != 0 || !strings.Contains(out, "in 2 periods") || strings.Contains(out, tunedStack) {
		t.Fatalf("status %d: %s\n%s", status, note, out)
	}
	var r results
	raw, err := os.ReadFile(numbers)
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil || len(r.Methods) != 8 || r.Tested != 44 || r.Methods[0].Rows != 44 || len(r.Learning) != len(drawn) {
		t.Errorf("%d methods, %d tested, error %v", len(r.Methods), r.Tested, err)
	}
	if u := r.Uses[0]; u.Called != 44 || u.Profit != 3*float64(u.Won)-44 || u.Recall != 1 {
		t.Errorf("calling everyone: %+v", u)
	}
	if c := r.Learning[0].Curve; len(c) != 1 || c[0].Rows < 22 || c[0].Rows > 25 || c[0].Score.Estimate <= 0 {
		t.Errorf("learning curve %+v", c)
	}
}

// rare are calls of which so many are won.
func rare(n, won int) []transcript.Call {
	calls := transcript.Sample()[:n]
	for i := range calls {
		calls[i].Outcome, calls[i].Metadata.AgentID = transcript.Lost, ""
		if i < won {
			calls[i].Outcome = transcript.Won
		}
	}
	return calls
}

func TestCompareRefuses(t *testing.T) {
	one := transcript.Sample()[:6]
	for i := range one {
		one[i].Outcome = transcript.Won
	}
	untimed := transcript.Sample()[6:12]
	untimed[3].Metadata.CallTime = time.Time{}
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"-folds", "1"}, 2, "-folds 1, want 2 or more"},
		{[]string{"-epochs", "0"}, 2, "want a whole number above 0"},
		{[]string{"-value", "0.5"}, 2, "-value 0.5, want more than 1"},
		{[]string{"-data", file(t, untimed), "-forward"}, 1, "has no call_time"},
		{[]string{"calls.json"}, 2, `unexpected argument "calls.json"`},
		{[]string{"-data", "no such file"}, 1, "no such file"},
		{[]string{"-data", file(t, one)}, 1, "calls.json"},
		{[]string{"-data", file(t, rare(40, 3)), "-folds", "2"}, 1, "too few calls, 2 won and 18 lost: want 3 or more of each"},
		{[]string{"-data", file(t, transcript.Sample()[:6]), "-folds", "50"}, 1, "50 folds"},
		{[]string{"-model", t.TempDir(), "-folds", "2"}, 1, "modules.json"},
	} {
		status, out, note := comparing(t, c.args...)
		if status != c.status || !strings.Contains(note, c.want) || strings.Count(note, "\n") != 1 || out != "" {
			t.Errorf("%q: status %d, output %q, note %q; want %d and %q", c.args, status, out, note, c.status, c.want)
		}
	}
}
