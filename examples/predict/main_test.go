package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/transcript"
)

// predict runs the command on an input.
func predict(t *testing.T, input string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, note bytes.Buffer
	env := &cli.Env{Name: "predict", Args: args, Stdin: strings.NewReader(input), Stdout: &out, Stderr: &note}
	return cli.Run(t.Context(), env, run), out.String(), note.String()
}

// models trains a predictor on a small random encoder and saves it.
func models(t *testing.T) string {
	t.Helper()
	calls := transcript.Sample()[:20]
	p, _, err := conversion.Fit(t.Context(), calls,
		&conversion.Options{Model: os.DirFS("../../encoder/testdata/models/mean12"), Folds: 2})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := p.Save(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRun(t *testing.T) {
	dir := models(t)
	calls := transcript.Sample()[20:23]
	for i := range calls {
		calls[i].Outcome = transcript.Unknown
	}
	input, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := predict(t, string(input), "-models", dir, "-by-turn")
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	lines := json.NewDecoder(strings.NewReader(stdout))
	for _, c := range calls {
		var p conversion.Prediction
		if err := lines.Decode(&p); err != nil {
			t.Fatal(err)
		}
		turns := len(c.Turns())
		if p.ID != c.ID || len(p.ByTurn) != turns || math.Abs(p.ByTurn[turns-1]-p.Probability) > 1e-9 || !(p.Probability > 0 && p.Probability < 1) {
			t.Errorf("%s of %d turns: %+v", c.ID, turns, p)
		}
	}
	status, _, stderr = predict(t, `[{"transcript":"Agent: hi"},{"transcript":" "}]`, "-models", dir)
	if status != 1 || !strings.Contains(stderr, "standard input") || !strings.Contains(stderr, "record 2") {
		t.Errorf("status %d: %s", status, stderr)
	}
	status, stdout, stderr = predict(t, "", "-models", dir, "../../transcript/testdata/folder/won")
	if status != 0 || strings.Count(stdout, "probability") < 1 {
		t.Errorf("a folder: status %d, %q: %s", status, stdout, stderr)
	}
}

func TestRunRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		status int
		stderr string
	}{
		"no flag":      {nil, 2, "-models"},
		"no folder":    {[]string{"-models", "missing"}, 1, "finetune"},
		"other folder": {[]string{"-models", t.TempDir()}, 1, "predictor.json"},
	} {
		if status, _, stderr := predict(t, "", c.args...); status != c.status || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.stderr) {
			t.Errorf("%s: status %d, %q; want %d and a line with %q", name, status, stderr, c.status, c.stderr)
		}
	}
}
