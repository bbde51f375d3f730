package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/salesconv/internal/cli"
	"github.com/org/salesconv/transcript"
)

func comparing(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, note bytes.Buffer
	env := &cli.Env{Name: "compare", Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &note}
	status = cli.Run(context.Background(), env, run)
	return status, out.String(), note.String()
}

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
	dir := t.TempDir()
	page, numbers := filepath.Join(dir, "page.html"), filepath.Join(dir, "numbers.json")
	status, out, note := comparing(t, "-data", file(t, transcript.Sample()[:16]), "-folds", "2", "-html", page, "-json", numbers)
	if status != 0 {
		t.Fatalf("status %d: %s", status, note)
	}
	lines := strings.Split(out, "\n")
	if !strings.HasPrefix(lines[0], "16 calls, ") || !strings.Contains(lines[2], "ROC AUC") {
		t.Errorf("output begins\n%s", out)
	}
	at := strings.Index(lines[2], "ROC AUC")
	for i, name := range []string{words, frozen, wordTrees, trees, stack, tuned, tunedTrees} {
		if row := lines[3+i]; !strings.HasPrefix(row, name+" ") || row[at-1] != ' ' || row[at] != '0' && row[at] != '1' {
			t.Errorf("row %q, want %s and its AUC below %q", row, name, lines[2])
		}
	}
	if !strings.Contains(out, "evidence of a difference: logistic on tf-idf") {
		t.Errorf("no verdict in\n%s", out)
	}
	html, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(html, []byte(tunedTrees)) || bytes.Contains(html, []byte("src=\"http")) || bytes.Contains(html, []byte("<script")) {
		t.Error("the page lacks a way, or is not one that stands alone")
	}
	var r results
	raw, err := os.ReadFile(numbers)
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil || len(r.Ways) != 7 || len(r.Verdicts) != len(pairs) || r.Calls != 16 {
		t.Errorf("%d ways, %d verdicts, %d calls, error %v", len(r.Ways), len(r.Verdicts), r.Calls, err)
	}
}

func TestCompareRefuses(t *testing.T) {
	one := transcript.Sample()[:6]
	for i := range one {
		one[i].Outcome = transcript.Won
	}
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"-folds", "1"}, 2, "-folds 1, want 2 or more"},
		{[]string{"-epochs", "-1"}, 2, "-epochs -1"},
		{[]string{"calls.json"}, 2, `unexpected argument "calls.json"`},
		{[]string{"-data", "no such file"}, 1, "no such file"},
		{[]string{"-data", file(t, one)}, 1, "calls.json"},
		{[]string{"-data", file(t, transcript.Sample()[:6]), "-folds", "50"}, 1, "50 folds"},
		{[]string{"-model", t.TempDir(), "-folds", "2"}, 1, "modules.json"},
	} {
		status, out, note := comparing(t, c.args...)
		if status != c.status || !strings.Contains(note, c.want) || strings.Count(note, "\n") != 1 || out != "" {
			t.Errorf("%q: status %d, output %q, note %q; want %d and %q", c.args, status, out, note, c.status, c.want)
		}
	}
}
