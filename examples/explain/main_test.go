package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"html"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/browser"
	"github.com/org/salesconv/transcript"
)

// models is the directory of a predictor trained on a few synthetic calls, without fine-tuning.
var models = sync.OnceValues(func() (string, error) {
	calls := transcript.Sample()[:20]
	p, _, err := conversion.Fit(context.Background(), calls, &conversion.Options{Frozen: true})
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "explain")
	if err != nil {
		return "", err
	}
	return dir, p.Save(filepath.Join(dir, "models"))
})

func TestMain(m *testing.M) {
	status := m.Run()
	if dir, err := models(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(status)
}

func explaining(t *testing.T, input string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, note bytes.Buffer
	env := &cli.Env{Name: "explain", Args: args, Stdin: strings.NewReader(input), Stdout: &out, Stderr: &note}
	status = cli.Run(context.Background(), env, run)
	return status, out.String(), note.String()
}

func TestExplain(t *testing.T) {
	if testing.Short() {
		t.Skip("tries hundreds of variants of two calls, turn by turn and word by word")
	}
	dir, err := models()
	if err != nil {
		t.Fatal(err)
	}
	p, err := conversion.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	calls := transcript.Sample()[20:22]
	input, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(t.TempDir(), "page.html")
	status, out, note := explaining(t, string(input), "-models", dir, "-html", page, "-words", "2")
	if status != 0 || strings.Count(note, "\n") != 1 || !strings.Contains(note, "2 calls, 36 turns") {
		t.Fatalf("status %d, %q; want the line about what was read", status, note)
	}
	want, err := p.Predict(context.Background(), calls, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(strings.NewReader(out))
	for i, call := range calls {
		var e conversion.Explanation
		if err := d.Decode(&e); err != nil {
			t.Fatal(err)
		}
		sum, explainedTurns := e.Base, 0
		for k, u := range e.Turns {
			sum += u.Contribution
			if got := call.Text[u.Start:u.End]; got != u.Text {
				t.Errorf("call %d, turn %d spans %q, its text is %q", i, k, got, u.Text)
			}
			var words strings.Builder
			for _, w := range u.Words {
				words.WriteString(w.Text)
				if got := call.Text[w.Start:w.End]; got != w.Text {
					t.Errorf("call %d, turn %d: word spans %q, its text is %q", i, k, got, w.Text)
				}
			}
			if len(u.Words) > 0 {
				explainedTurns++
				if words.String() != u.Text {
					t.Errorf("call %d, turn %d: words are %q, want %q", i, k, words.String(), u.Text)
				}
			}
		}
		if explainedTurns != 2 {
			t.Errorf("call %d: the words of %d turns are explained, want 2", i, explainedTurns)
		}
		if math.Abs(sum-e.LogOdds) > 1e-9 || math.Abs(e.Probability-want[i].Probability) > 1e-5 || e.ID != call.ID {
			t.Errorf("call %q: contributions add up to %v of %v, probability %v, predicted %v", e.ID, sum, e.LogOdds, e.Probability, want[i].Probability)
		}
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{">" + calls[0].ID + "</a>", "<h3>" + calls[1].ID + ": ", "<svg ", "<b class=a", "<b class=f"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	at := regexp.MustCompile(`"time":"[^"]*"`) // of the run
	_, again, _ := explaining(t, string(input), "-models", filepath.Join(dir, "models"), "-words", "2")
	if at.ReplaceAllString(again, "") != at.ReplaceAllString(out, "") {
		t.Error("the same input gives another explanation")
	}
}

// Pages of one call, of calls in which nobody speaks, and of hostile ones are clean.
func TestOddPages(t *testing.T) {
	dir, err := models()
	if err != nil {
		t.Fatal(err)
	}
	call := transcript.Sample()[20]
	silent := transcript.Call{ID: "silent", Text: "Agent: ...", Metadata: transcript.Metadata{AgentID: "A1"}}
	hostile := transcript.Call{ID: browser.Hostile, Text: "Agent: " + browser.Hostile + "\nCustomer: " + browser.Hostile, Outcome: transcript.Won,
		Metadata: transcript.Metadata{AgentID: browser.Hostile, Industry: browser.Hostile}}
	for name, c := range map[string]struct {
		calls []transcript.Call
		want  string
	}{
		"one":       {[]transcript.Call{call}, "no phrase significantly raises or lowers"},
		"silent":    {[]transcript.Call{silent, call}, "Over 1 call,"},
		"one class": {[]transcript.Call{hostile, hostile, hostile, hostile, hostile, hostile}, "Over 6 calls,"},
	} {
		t.Run(name, func(t *testing.T) {
			input, err := json.Marshal(c.calls)
			if err != nil {
				t.Fatal(err)
			}
			page, phrases := filepath.Join(t.TempDir(), "page.html"), filepath.Join(t.TempDir(), "phrases.html")
			status, _, note := explaining(t, string(input), "-models", dir, "-html", page, "-phrases", phrases, "-words", "1")
			if status != 0 {
				t.Fatalf("status %d, %s", status, note)
			}
			for _, path := range []string{page, phrases} {
				text, err := os.ReadFile(path)
				if err != nil || strings.Count(string(text), "<script") != 1 || strings.ContainsAny(string(text), "\u202e\x1b") || strings.Contains(string(text), "<img") {
					t.Errorf("%s: error %v, or text that passes for more", filepath.Base(path), err)
				}
				if path == phrases && !strings.Contains(string(text), c.want) {
					t.Errorf("the page of phrases lacks %q", c.want)
				}
			}
			if name == "one class" {
				for _, path := range []string{page, phrases} {
					tab := browser.Open(t, "file://"+path)
					tab.Unfold()
					tab.Check()
				}
			}
		})
	}
}

// Where there are no phrases to explain, the page is written all the same, and a call without words has lists without entries.
func TestSilentCalls(t *testing.T) {
	dir, err := models()
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(t.TempDir(), "page.html")
	status, out, note := explaining(t, `[{"id":"silent","text":"Agent: ..."}]`, "-models", dir, "-html", page, "-phrases", filepath.Join(t.TempDir(), "phrases.json"))
	if status != 1 || !strings.Contains(note, "nobody says a word") || !strings.Contains(out, `"turns":[],"features":[]`) {
		t.Errorf("status %d, %s%s", status, note, out)
	}
	if text, err := os.ReadFile(page); err != nil || !strings.Contains(string(text), "silent") {
		t.Errorf("the page: error %v", err)
	}
}

// -phrases writes what Influences finds, as JSON or as a page.
func TestPhrases(t *testing.T) {
	if testing.Short() {
		t.Skip("encodes 30 calls")
	}
	dir, err := models()
	if err != nil {
		t.Fatal(err)
	}
	p, err := conversion.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	calls := transcript.Sample()[20:50]
	for i := range calls {
		calls[i].Metadata.AgentID = []string{"Ada", "Ben"}[i%2]
	}
	input, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	want, err := p.Influences(t.Context(), calls, &conversion.InfluenceOptions{By: agent})
	if err != nil {
		t.Fatal(err)
	}
	if len(want.Phrases) == 0 || want.Calls != len(calls) {
		t.Fatalf("%d phrases move %d calls, want some in %d", len(want.Phrases), want.Calls, len(calls))
	}
	written := func(name string) []byte {
		file := filepath.Join(t.TempDir(), name)
		if status, _, note := explaining(t, string(input), "-models", dir, "-words", "0", "-phrases", file); status != 0 {
			t.Fatalf("status %d, %q", status, note)
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	wanted, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if got := bytes.TrimSpace(written("phrases.json")); !bytes.Equal(got, wanted) {
		t.Errorf("phrases.json holds %s, want %s", got, wanted)
	}
	page := string(written("phrases.html"))
	for _, influence := range append(want.Phrases, titled(want.Features)...) {
		if name := html.EscapeString(influence.Name); strings.Count(page, name) < 2 { // in all calls and by agent
			t.Errorf("the page has %q %d times, want 2", name, strings.Count(page, name))
		}
	}
	for _, column := range []string{"95% interval", "Ada (calls: 15)", "Ben (calls: 15)"} {
		if !strings.Contains(page, column) {
			t.Errorf("the page lacks %q", column)
		}
	}
}

// The table has a row for each turn, whose points add up to what the call has more than the average one.
func TestTable(t *testing.T) {
	dir, err := models()
	if err != nil {
		t.Fatal(err)
	}
	call := transcript.Sample()[20]
	call.ID = "=1+1"
	input, err := json.Marshal([]transcript.Call{call, {ID: "silent", Text: "Agent: ..."}})
	if err != nil {
		t.Fatal(err)
	}
	status, out, note := explaining(t, string(input), "-models", dir, "-words", "0", "-csv")
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	turns := call.Turns()
	if status != 0 || err != nil || len(rows) != 2+len(turns) {
		t.Fatalf("status %d, %s, error %v, %d rows for %d turns", status, note, err, len(rows), len(turns))
	}
	points, odds, p := 0.0, 0.0, 0.0
	for k, row := range rows[1 : 1+len(turns)] {
		var values [3]float64
		for i, j := range []int{1, 4, 5} {
			if values[i], err = strconv.ParseFloat(row[j], 64); err != nil {
				t.Fatal(err)
			}
		}
		p, points, odds = values[0], points+values[1], odds+values[2]
		if row[0] != "'=1+1" || row[2] != strconv.Itoa(k+1) || row[3] != turns[k].Speaker || row[6] != turns[k].Text {
			t.Errorf("row %q of turn %+v", row, turns[k])
		}
	}
	base := math.Log(p/(1-p)) - odds
	if average := 100 / (1 + math.Exp(-base)); math.Abs(100*p-average-points) > 0.01 {
		t.Errorf("%v points lead from %v%% to %v", points, average, p)
	}
	if last := rows[len(rows)-1]; last[0] != "silent" || last[2] != "" {
		t.Errorf("the silent call has the row %q", last)
	}
}

func TestFailures(t *testing.T) {
	dir, err := models()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		input  string
		args   []string
		status int
		want   string
	}{
		{"[]", nil, 2, "-models is missing"},
		{"[]", []string{"-models", dir, "-words", "-1"}, 2, "-words -1"},
		{"[]", []string{"-models", dir, "-by", "team"}, 2, "-by is for -phrases"},
		{"[]", []string{"-models", filepath.Join(dir, "none")}, 1, "none"},
		{"", []string{"-models", dir}, 1, "standard input"},
		{`[{"transcript": "Agent: Hi.", "label": 2}]`, []string{"-models", dir, "-phrases", filepath.Join(dir, "phrases.json")}, 1, "label"},
		{`[{"transcript": "Agent: Hi.", "label": 2}]`, []string{"-models", dir}, 0, "1 call"},
		{"[]", []string{"-models", dir, "missing.json"}, 1, "missing.json"},
	} {
		status, _, note := explaining(t, c.input, c.args...)
		if status != c.status || !strings.Contains(note, c.want) || strings.Count(note, "\n") != 1 {
			t.Errorf("%v: status %d, %q; want %d and a line with %q", c.args, status, note, c.status, c.want)
		}
	}
}
