package study

import (
	"bytes"
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
`
	if err := os.WriteFile(file, []byte(calls), 0o600); err != nil {
		t.Fatal(err)
	}
	var notes bytes.Buffer
	env := &cli.Env{Name: "study", Stderr: &notes}
	if _, err := Read(t.Context(), env, file, false); err == nil || !strings.Contains(err.Error(), "calls.jsonl: record 2") {
		t.Errorf("error %v, want that of record 2", err)
	}
	d, err := Read(t.Context(), env, file, true)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Calls) != 2 || d.Unknown != 1 || d.Won() != 1 {
		t.Errorf("%d calls, %d without a label, %d won; want 2, 1, 1", len(d.Calls), d.Unknown, d.Won())
	}
	for _, want := range []string{"left out: transcript: " + file + ": record 2", `the ID "a" is that`, "2 records cannot be used", "1 of 3 calls have no label"} {
		if !strings.Contains(notes.String(), want) {
			t.Errorf("notes %q, want %s", notes.String(), want)
		}
	}
}
