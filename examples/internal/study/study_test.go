package study

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/salesconv/examples/cli"
)

func TestReadLeavesOutWhenAskedTo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "calls.jsonl")
	const calls = `{"id": "a", "transcript": "Agent: hi", "label": 1}
{"id": "b", "transcript": " ", "label": 1}
{"id": "a", "transcript": "Agent: bye", "label": 0}
{"id": "c", "transcript": "Agent: hm"}
{"id": "d", "transcript": "Agent: no", "label": 0}
{"id": "e", "transcript": "Agent: ...", "label": 0}
`
	if err := os.WriteFile(file, []byte(calls), 0o600); err != nil {
		t.Fatal(err)
	}
	var notes bytes.Buffer
	env := &cli.Env{Name: "study", Stderr: &notes}
	if _, err := Read(t.Context(), env, file, &ReadOptions{Rejected: new(cli.Rejected)}); err == nil || !strings.Contains(err.Error(), "calls.jsonl: record 2") {
		t.Errorf("error %v, want that of record 2", err)
	}
	rejected, flags := new(cli.Rejected), flag.NewFlagSet("study", flag.ContinueOnError)
	rejected.Flags(flags)
	if err := flags.Parse([]string{"-skip"}); err != nil {
		t.Fatal(err)
	}
	d, err := Read(t.Context(), env, file, &ReadOptions{Rejected: rejected})
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Calls) != 2 || d.Unknown != 1 || d.Won() != 1 {
		t.Errorf("%d calls, %d without a label, %d won; want 2, 1, 1", len(d.Calls), d.Unknown, d.Won())
	}
	for _, want := range []string{"left out: transcript: " + file + ": record 2", `the ID "a" is that`, `nobody says a word in call "e"`, "3 records cannot be used", "1 of 3 calls have no label"} {
		if !strings.Contains(notes.String(), want) {
			t.Errorf("notes %q, want %s", notes.String(), want)
		}
	}
}

func TestReadMasks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "calls.jsonl")
	const calls = `{"id": "a", "transcript": "Agent: Hi, my name is Rajesh.\nCustomer: Write to me at dana@example.com.", "label": 1, "metadata": {"agent_id": "Rajesh Kumar"}}
{"id": "b", "transcript": "Agent: Hi, my name is Rajesh.\nCustomer: No.", "label": 0, "metadata": {"agent_id": "Rajesh Kumar"}}
`
	if err := os.WriteFile(file, []byte(calls), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := Read(t.Context(), &cli.Env{Name: "study", Stderr: new(bytes.Buffer)}, file, &ReadOptions{Rejected: new(cli.Rejected), Mask: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range d.Calls {
		if text := c.Text + c.Metadata.AgentID + strings.Join(d.Docs[0], ""); strings.Contains(strings.ToLower(text), "rajesh") || strings.Contains(text, "dana@") {
			t.Errorf("personal data in %q, agent %q", c.Text, c.Metadata.AgentID)
		}
	}
	if d.Groups[0] != d.Groups[1] {
		t.Errorf("the agent's calls are in groups %q", d.Groups)
	}
}
