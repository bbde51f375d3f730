package study

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/salesconv/examples/cli"
)

func TestReadLeavesOutWhenAskedTo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "calls.jsonl")
	const lines = `{"id": "a", "transcript": "Agent: hi", "label": 1}
{"id": "b", "transcript": " ", "label": 1}
{"id": "a", "transcript": "Agent: bye", "label": 0}
{"id": "c", "transcript": "Agent: hm"}
{"id": "d", "transcript": "Agent: no", "label": 0}
{"id": "e", "transcript": "Agent: ...", "label": 0}
{"id": "f", "transcript": "Agent:\nCustomer:", "label": 0}
`
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	var notes bytes.Buffer
	env := &cli.Env{Name: "study", Stderr: &notes}
	if _, err := Read(t.Context(), env, file, calls(t)); err == nil || !strings.Contains(err.Error(), "calls.jsonl: record 2") {
		t.Errorf("error %v, want the error of record 2", err)
	}
	d, err := Read(t.Context(), env, file, calls(t, "-skip"))
	if err != nil {
		t.Fatal(err)
	}
	d.Note(env, new(cli.Calls))
	if len(d.Calls) != 2 || d.Unknown != 1 || d.Won() != 1 {
		t.Errorf("%d calls, %d without a label, %d won; want 2, 1, 1", len(d.Calls), d.Unknown, d.Won())
	}
	for _, want := range []string{"left out: transcript: " + file + ": record 2", `the ID "a" is used by calls number 1 and 2`, `nobody says a word in call "e"`, `nobody says a word in call "f"`, "1 of 3 calls have no label"} {
		if !strings.Contains(notes.String(), want) {
			t.Errorf("notes %q, want %s", notes.String(), want)
		}
	}
}

// Groups need enough agents: one to hold out and one for each inner fold.
func TestReadGroups(t *testing.T) {
	for _, c := range []struct {
		agents []string // of eight calls
		unit   string
		noted  string
	}{
		{[]string{"", "", "", "", "", "", "", ""}, "calls", ""},
		{[]string{"a", "a", "a", "a", "a", "a", "a", "a"}, "calls", "agents named by agent_id: 1, too few"},
		{[]string{"a", "b", "c", "a", "b", "c", "a", "b"}, "calls", "agents named by agent_id: 3, too few"},
		{[]string{"a", "b", "c", "d", "a", "b", "c", "d"}, "agents", ""},
		{[]string{"a", "a", "b", "b", "", "", "", ""}, "agents", ""},
	} {
		var lines strings.Builder
		for i, agent := range c.agents {
			fmt.Fprintf(&lines, `{"transcript": "Agent: hi", "label": %d, "metadata": {"agent_id": %q}}`+"\n", i%2, agent)
		}
		file := filepath.Join(t.TempDir(), "calls.jsonl")
		if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		var notes bytes.Buffer
		env, flags := &cli.Env{Name: "study", Stderr: &notes}, calls(t)
		d, err := Read(t.Context(), env, file, flags)
		if err != nil {
			t.Fatal(err)
		}
		d.Note(env, flags)
		if d.Unit() != c.unit || !strings.Contains(notes.String(), c.noted) || (c.noted == "") == strings.Contains(notes.String(), "too few") {
			t.Errorf("%v: by %s, noted %q; want by %s, %q", c.agents, d.Unit(), notes.String(), c.unit, c.noted)
		}
	}
}

// calls are read as flags say.
func calls(t *testing.T, args ...string) *cli.Calls {
	t.Helper()
	c, flags := new(cli.Calls), flag.NewFlagSet("study", flag.ContinueOnError)
	c.Flags(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return c
}
