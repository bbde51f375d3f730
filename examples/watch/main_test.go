package main

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/org/salesconv/classify/evaluate/sequential"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/browser"
	"github.com/org/salesconv/examples/internal/store"
	"github.com/org/salesconv/examples/internal/store/storetest"
)

func command(t *testing.T, args ...string) (status int, out, log string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	env := &cli.Env{Name: "watch", Args: args, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr}
	return cli.Run(t.Context(), env, run), stdout.String(), stderr.String()
}

var start = time.Date(2026, 2, 2, 0, 0, 0, 0, time.UTC)

// fill makes a store of 40 calls a day for five weeks, half of them in each of two industries, all with outcomes. In the
// last week log-odds are higher by shift, and outcomes are as they were.
func fill(t *testing.T, shift float64) (db string) {
	t.Helper()
	db = storetest.New(t)
	s, err := store.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := rand.New(rand.NewPCG(3, 3))
	var predictions []store.Prediction
	var outcomes []store.Outcome
	for i := range 35 * 40 {
		day := i / 40
		z := 1.5 * r.NormFloat64()
		won := r.Float64() < 1/(1+math.Exp(-z))
		if day >= 28 {
			z += shift
		}
		id := fmt.Sprintf("call-%04d", i)
		variant, err := sequential.Assign(id, "test", []float64{1, 1})
		if err != nil {
			t.Fatal(err)
		}
		predictions = append(predictions, store.Prediction{UID: id, CallID: id, Time: start.AddDate(0, 0, day).Add(time.Duration(i%40) * time.Minute), Version: "v1",
			Variant: []string{"control", "v2"}[variant], Probability: 1 / (1 + math.Exp(-z)), LogOdds: z, Turns: 10 + r.IntN(20), Words: 200 + r.IntN(300)})
		outcomes = append(outcomes, store.Outcome{CallID: id, Won: won, Time: start.AddDate(0, 0, day+3), Metadata: map[string]string{"industry": []string{"Retail", "Health"}[i%2]}})
	}
	if err := s.AddPredictions(t.Context(), predictions); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddOutcomes(t.Context(), outcomes, start); err != nil {
		t.Fatal(err)
	}
	return db
}

// sample is a line of Prometheus's text format, a comment or a value.
var sample = regexp.MustCompile(`^(# (HELP|TYPE) salesconv_watch_\w+ .+|salesconv_watch_\w+(\{\w+="[^"\n]*"\})? (-?[0-9.e+-]+|NaN))$`)

func TestWatch(t *testing.T) {
	until := start.AddDate(0, 0, 35).Format(time.DateOnly)
	for name, c := range map[string]struct {
		shift  float64
		status int
		alarms []string
		lead   string // of the page
	}{
		"quiet": {0, 0, nil, `<p class="lead">Nothing has changed beyond chance: the 280 calls since 2 March 2026 are like the 1120 before.`},
		"drift": {1.5, alarmed, []string{"log_odds", "calibration"}, `<p class="lead">Since 2 March 2026 predicted chances are higher: 76% instead of 51%.</p>`},
	} {
		dir := t.TempDir()
		page, metrics := filepath.Join(dir, "page.html"), filepath.Join(dir, "watch.prom")
		status, out, log := command(t, "-log", fill(t, c.shift), "-until", until, "-by", "industry,unknown", "-html", page, "-metrics", metrics, "-ab", "control=1,v2=1")
		if status != c.status {
			t.Errorf("%s: status %d, %s\n%s", name, status, out, log)
		}
		for _, test := range c.alarms {
			if !strings.Contains(log, test+" (") || !regexp.MustCompile(`(?m)^`+test+` .*ALARM$`).MatchString(out) {
				t.Errorf("%s: %s is no alarm: %s\n%s", name, test, log, out)
			}
		}
		for _, want := range []string{"280 calls from 2026-03-02 00:00 to 2026-03-09 00:00, 280 with an outcome, compared with 1120 from", "roc_auc", "industry Health  140",
			"industry Retail  140", "variant", "control"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is not in\n%s", name, want, out)
			}
		}
		for file, want := range map[string]string{page: c.lead, metrics: "salesconv_watch_roc_auc{segment=\"industry Retail\"} 0."} {
			if b, err := os.ReadFile(file); err != nil || !strings.Contains(string(b), want) {
				t.Errorf("%s: %s has no %q, %v", name, file, want, err)
			}
		}
		b, _ := os.ReadFile(metrics)
		for line := range strings.Lines(string(b)) {
			if !sample.MatchString(strings.TrimSuffix(line, "\n")) {
				t.Errorf("%s: metrics have the line %q", name, line)
			}
		}
	}
}

// TestMixed: where the variants alone are an alarm, the page opens with it.
func TestMixed(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.html")
	status, out, log := command(t, "-log", fill(t, 0), "-until", "2026-03-09", "-ab", "control=3,v2=1", "-html", page)
	b, err := os.ReadFile(page)
	if status != alarmed || err != nil || !strings.Contains(string(b), "like the 1120 before. "+mixed+"</p>") {
		t.Errorf("status %d, error %v, %s\n%s", status, err, log, out)
	}
}

// TestPage opens a report in a browser.
func TestPage(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes seconds to start")
	}
	page := filepath.Join(t.TempDir(), "page.html")
	status, out, log := command(t, "-log", fill(t, 1.5), "-until", "2026-03-09", "-by", "industry", "-ab", "control=1,v2=1", "-html", page)
	if status != alarmed {
		t.Fatalf("status %d, %s\n%s", status, out, log)
	}
	tab := browser.Open(t, "file://"+page)
	tab.Check()
	for _, want := range []string{"Changed too: compared with predictions, fewer calls are won: −25% instead of 0%. The comparison", "There is no evidence yet that v2 wins more or fewer calls than control",
		"76% were predicted to be won, and 50% were."} {
		if !browser.Eval[bool](tab, fmt.Sprintf("document.body.textContent.includes(%q)", want)) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if browser.Eval[bool](tab, "!!document.querySelector('details[open]')") {
		t.Error("details are not folded")
	}
}

// TestExperiment: the variant wins more often, its predictions are worse, and calls that both variants predicted do not count.
func TestExperiment(t *testing.T) {
	db := storetest.New(t)
	s, err := store.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(8, 8))
	var predictions []store.Prediction
	var outcomes []store.Outcome
	for i := range 3000 {
		v, id := r.IntN(2), fmt.Sprint(i)
		p := store.Prediction{UID: id, CallID: id, Time: start.Add(time.Duration(i) * time.Minute), Variant: []string{"old", "new"}[v], Probability: 0.3}
		if i%2 == 0 { // the variant is the version, named by its first digits
			p.Version, p.Variant = p.Variant+"0123456789abcdef", ""
		}
		if v == 1 {
			p.Probability = 0.05
		}
		predictions = append(predictions, p)
		if i < 10 {
			p.UID, p.Version, p.Variant = id+" again", "", []string{"new", "old"}[v]
			predictions = append(predictions, p)
		}
		outcomes = append(outcomes, store.Outcome{CallID: id, Time: p.Time.AddDate(0, 0, 1), Won: r.Float64() < 0.3+0.15*float64(v)})
	}
	if err := s.AddPredictions(t.Context(), predictions); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddOutcomes(t.Context(), outcomes, start); err != nil {
		t.Fatal(err)
	}
	apply, _, err := s.Outcomes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e, err := experiment(t.Context(), s, apply, []variant{{"old", 1}, {"new", 1}})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	v := e.variants[1]
	if e.crossed != 10 || e.variants[0].calls+v.calls != 2990 || e.ratio < unbalanced {
		t.Errorf("%+v", e)
	}
	if c := v.conversion; c.p > 0.05 || c.interval.Low > 0.15 || c.interval.High < 0.15 {
		t.Errorf("conversion %+v, want 0.15 in the interval", c)
	}
	if l := v.logLoss; l.p > 0.05 || l.interval.Low < 0.1 {
		t.Errorf("log loss %+v, want it far worse", l)
	}
	// Weights that are not those of the calls are an alarm.
	status, _, log := command(t, "-log", db, "-until", "2026-03-09", "-ab", "old=3,new=1")
	if status != alarmed || !strings.Contains(log, "do not have the shares") {
		t.Errorf("status %d, %s", status, log)
	}
}

func TestBad(t *testing.T) {
	db := storetest.New(t)
	for _, c := range []struct {
		want   string
		status int
		args   []string
	}{
		{"-log: store: the DSN is empty", 2, nil},
		{"0 calls were predicted in the reference period", 1, []string{"-log", db}},
		{"want a day such as", 2, []string{"-log", db, "-until", "yesterday"}},
		{"the reference period ends at", 2, []string{"-log", db, "-until", "2026-03-09", "-from", "2026-03-01"}},
		{"-alpha 1, want less than 1", 2, []string{"-log", db, "-alpha", "1"}},
		{"name=weight", 2, []string{"-log", db, "-ab", "a,b"}},
		{"two variants or more", 2, []string{"-log", db, "-ab", "a=1"}},
		{"unexpected argument", 2, []string{"-log", db, "x"}},
	} {
		if status, out, log := command(t, c.args...); status != c.status || out != "" || !strings.Contains(log, c.want) {
			t.Errorf("%v: status %d, %q, %q; want %d and %q", c.args, status, out, log, c.status, c.want)
		}
	}
}

// TestTexts: with -data the words and the meaning of the calls are tested.
func TestTexts(t *testing.T) {
	dir := t.TempDir()
	db, data := storetest.New(t), filepath.Join(dir, "calls.jsonl")
	s, err := store.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	var calls strings.Builder
	var predictions []store.Prediction
	for i := range 120 {
		said := fmt.Sprintf("Agent: The insurance covers %d rooms of the house.", i)
		if i > 82 { // 24 days are 82 calls
			said = fmt.Sprintf("Agent: Turbine %d needs a gearbox.", i)
		}
		id := fmt.Sprint(i)
		predictions = append(predictions, store.Prediction{UID: id, CallID: id, Time: start.Add(time.Duration(i) * 7 * time.Hour), Probability: 0.5})
		fmt.Fprintf(&calls, "{\"id\": %q, \"transcript\": %q}\n", id, said)
	}
	if err := s.AddPredictions(t.Context(), predictions); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := os.WriteFile(data, []byte(calls.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	until := start.Add(120 * 7 * time.Hour).Format(time.RFC3339)
	args := []string{"-log", db, "-until", until, "-recent", "11", "-reference", "23"}
	page := filepath.Join(dir, "page.html")
	status, out, log := command(t, append(args, "-data", data, "-html", page)...)
	if b, err := os.ReadFile(page); err != nil || !strings.Contains(string(b), "more of the words do not occur in earlier calls: 100% instead of 0%.</p>") {
		t.Errorf("the page does not state that words are new, %v", err)
	}
	if status != alarmed || !strings.Contains(log, "unknown_words (") || !strings.Contains(log, "embeddings (") {
		t.Errorf("status %d, %s\n%s", status, out, log)
	}
	if status, out, log := command(t, args...); status != 0 || strings.Contains(out, "unknown_words") {
		t.Errorf("without -data: status %d, %s\n%s", status, out, log)
	}
	if err := os.WriteFile(data, []byte(`{"id": "other", "transcript": "Agent: Hi."}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, log := command(t, append(args, "-data", data)...); status != 1 || !strings.Contains(log, "want the IDs that they were predicted by") {
		t.Errorf("status %d, %s", status, log)
	}
}
