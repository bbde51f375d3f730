package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/salesconv/examples/cli"
)

func embedding(t *testing.T, input string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, note bytes.Buffer
	env := &cli.Env{Name: "embed", Args: args, Stdin: strings.NewReader(input), Stdout: &out, Stderr: &note}
	status = cli.Run(context.Background(), env, run)
	return status, out.String(), note.String()
}

func TestTokens(t *testing.T) {
	status, out, note := embedding(t, `["The price", "", "[MASK] naïve"]`, "-tokens")
	want := "{\"ids\":[101,1996,3976,102]}\n{\"ids\":[101,102]}\n{\"ids\":[101,103,15743,102]}\n"
	if status != 0 || out != want || note != "" {
		t.Errorf("status %d, %q, %q", status, out, note)
	}
}

// TestEmbeddings sends more than a batch, not in the order of their lengths, with a text that is too long.
func TestEmbeddings(t *testing.T) {
	var lines []string
	for i := range 5000 {
		lines = append(lines, fmt.Sprintf("%q", strings.Repeat("price ", i*7%3)))
	}
	lines = append(lines, fmt.Sprintf("%q", strings.Repeat("the ", 300)))
	path := filepath.Join(t.TempDir(), "texts.jsonl")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, note := embedding(t, "", path)
	if want := "embed: 1 of 5001 texts are longer than the 256 tokens the model reads: 46 tokens were cut\n"; status != 0 || note != want {
		t.Fatalf("status %d, %q", status, note)
	}
	rows := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(rows) != 5001 {
		t.Fatalf("%d lines", len(rows))
	}
	for i := 3; i < 5000; i++ {
		if rows[i] != rows[i-3] {
			t.Fatalf("line %d is not line %d", i, i-3)
		}
	}
	var row struct{ Embedding []float64 }
	if err := json.Unmarshal([]byte(rows[0]), &row); err != nil {
		t.Fatal(err)
	}
	square := 0.0
	for _, x := range row.Embedding {
		square += x * x
	}
	if len(row.Embedding) != 384 || math.Abs(square-1) > 1e-5 {
		t.Errorf("%d numbers of length %g", len(row.Embedding), math.Sqrt(square))
	}
}

// What comes before an error is written.
func TestWritesWhatIsBeforeAnError(t *testing.T) {
	for flag, want := range map[string]string{"-tokens": "{\"ids\":[101,1996,3976,102]}\n", "-tokens=false": "{\"embedding\":["} {
		status, out, note := embedding(t, `["The price", 1]`, flag)
		if status != 1 || strings.Count(out, "\n") != 1 || !strings.HasPrefix(out, want) || strings.Count(note, "\n") != 1 {
			t.Errorf("%s: status %d, %.60q, %q", flag, status, out, note)
		}
	}
}

func TestNothing(t *testing.T) {
	for _, in := range []string{"", "[]"} {
		if status, out, note := embedding(t, in); status != 0 || out+note != "" {
			t.Errorf("%q: status %d, %q, %q", in, status, out, note)
		}
	}
}

func TestFails(t *testing.T) {
	for _, c := range []struct {
		in     string
		args   []string
		status int
		want   string
	}{
		{`["a", 1]`, nil, 1, "embed: standard input: record 2, byte 7: found '1', want a string in double quotes"},
		{`["a`, []string{"-tokens"}, 1, "embed: standard input: record 1, byte 2: the string has no end"},
		{"", []string{"/nowhere/texts"}, 1, "embed: open /nowhere/texts: no such file"},
		{"", []string{"-model", "/nowhere"}, 1, "embed: -model: encoder: there is no directory"},
		{"", []string{"-model", "/nowhere", "-tokens"}, 1, "embed: -model: encoder: there is no directory"},
		{"", []string{"-modle", "x"}, 2, "embed: flag provided but not defined"},
		{"", []string{"a", "b"}, 2, "embed: 2 files given"},
	} {
		status, _, note := embedding(t, c.in, c.args...)
		if status != c.status || !strings.HasPrefix(note, c.want) || strings.Count(note, "\n") != 1 {
			t.Errorf("%q %q: status %d, %q", c.in, c.args, status, note)
		}
	}
}
