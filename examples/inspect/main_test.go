package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/transcript"
)

const calls = `{"id": "a", "turns": [{"speaker": "Dana Reed", "text": "Hello, write to dana@example.com.", "start": 1, "end": 3}, {"speaker": "customer", "text": "Yes."}], "stage": "Closed Won", "rep": "\u001bx"}
{"id": "b"}
{"id": "c", "transcript": "Just words.", "stage": "Closed Lost"}
`

func inspect(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, note bytes.Buffer
	status = cli.Run(context.Background(), &cli.Env{Name: "inspect", Args: args, Stdin: strings.NewReader(calls), Stdout: &out, Stderr: &note}, run)
	return status, out.String(), note.String()
}

func TestInspect(t *testing.T) {
	out := filepath.Join(t.TempDir(), "calls.jsonl")
	status, stdout, stderr := inspect(t, "-skip", "-roles", "Dana Reed=agent", "-out", out)
	if status != 0 {
		t.Fatal(stderr)
	}
	want := `call a · won · agent_id \u001bx
  [0:01–0:03] Dana Reed (agent): Hello, write to dana@example.com.
  customer: Yes.

call c · lost
  note: no speaker was found
  (nobody): Just words.

`
	if stdout != want {
		t.Errorf("wrote\n%s\nwant\n%s", stdout, want)
	}
	line := "inspect: read JSON, JSON turns: 2 calls, 3 turns of 1 agent, 1 customer (counted in each call), 1 without a speaker; 1 won, 1 lost; label is read from stage; left out: 1 record (the first: "
	if !strings.Contains(stderr, line) || !strings.Contains(stderr, "of 1 call: no speaker was found") {
		t.Errorf("noted %q, want %q", stderr, line)
	}
	all, err := transcript.Collect(transcript.ReadFile(context.Background(), out), nil)
	if err != nil || len(all) != 2 || len(all[0].Turns()) != 2 || all[0].Outcome != transcript.Won || all[0].Turns()[0].To != 3e9 {
		t.Errorf("read back %+v, error %v", all, err)
	}
}

func TestMaskAndErrors(t *testing.T) {
	out := filepath.Join(t.TempDir(), "calls.jsonl")
	if status, stdout, stderr := inspect(t, "-n", "1", "-skip", "-mask", "-out", out, "-"); status != 0 || strings.Contains(stdout, "Dana") || !strings.Contains(stdout, "[EMAIL]") {
		t.Errorf("status %d, %q, %q", status, stdout, stderr)
	}
	if b, err := os.ReadFile(out); err != nil || bytes.Contains(b, []byte("Dana")) {
		t.Errorf("wrote %s, error %v", b, err)
	}
	status, _, stderr := inspect(t)
	if status != 1 || !strings.Contains(stderr, `transcript: standard input: record 2, byte 198`) {
		t.Errorf("status %d, %q", status, stderr)
	}
	if status, _, stderr := inspect(t, "-columns", "x"); status != 2 || !strings.Contains(stderr, "not of the form name=value") {
		t.Errorf("status %d, %q", status, stderr)
	}
	if status, _, _ := inspect(t, "a", "b"); status != 2 {
		t.Errorf("status %d for two files", status)
	}
}

func TestRepeatedIDs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "calls.jsonl")
	if err := os.WriteFile(file, []byte(strings.Repeat(`{"id": "a", "transcript": "Agent: Hello."}`+"\n", 3)), 0o600); err != nil {
		t.Fatal(err)
	}
	status, _, stderr := inspect(t, file)
	if want := `the ID of an earlier call: 2 (the first: "a")`; status != 0 || !strings.Contains(stderr, want) {
		t.Errorf("status %d, %q, want %q", status, stderr, want)
	}
}
