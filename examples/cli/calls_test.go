package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/salesconv/transcript"
)

// reading makes a Calls of flags.
func reading(t *testing.T, args ...string) (*Calls, *Env, *bytes.Buffer) {
	t.Helper()
	var note bytes.Buffer
	env := &Env{Name: "try", Args: args, Stderr: &note}
	c, flags := new(Calls), flag.NewFlagSet("try", flag.ContinueOnError)
	c.Flags(flags)
	c.MaskFlag(flags)
	if err := env.Parse(flags, ""); err != nil {
		t.Fatal(err)
	}
	return c, env, &note
}

func TestCalls(t *testing.T) {
	file := filepath.Join(t.TempDir(), "calls.csv")
	const table = "nr,words,stage,seller\n1,Mara: Hi,Signed,x\n1,Mara: Hi again,Signed,x\n2,,Dropped,y\n3,Mara: Bye,Dropped,y\n"
	if err := os.WriteFile(file, []byte(table), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-columns", "id=nr, transcript=words,agent_id=seller", "-won", "signed", "-lost", "Dropped", "-roles", "mara=agent"}
	c, env, _ := reading(t, args...)
	if _, err := c.Collect(context.Background(), env, file); text(err) != `transcript: the ID "1" is used by calls number 1 and 2; give each call its own id, or remove the repeated call` {
		t.Errorf("error %v, want the error of the first record that cannot be used", err)
	}
	c, env, note := reading(t, append(args, "-skip")...)
	calls, err := c.Collect(context.Background(), env, file)
	if err != nil || len(calls) != 2 {
		t.Fatalf("%d calls, error %v", len(calls), err)
	}
	c.Note(env)
	if a := calls[0]; a.ID != "1" || a.Outcome != transcript.Won || a.Metadata.AgentID != "x" || a.Turns()[0].Role != transcript.Agent {
		t.Errorf("first call %+v", a)
	}
	if want := "read CSV: 3 calls, 3 turns of 3 agents (counted in each call); 2 won, 1 lost; label is read from stage; left out: 1 record"; !strings.Contains(note.String(), want) {
		t.Errorf("noted %q, want %q", note, want)
	}
	c, env, _ = reading(t, append(args, "-skip", "-mask")...)
	n := 0
	for call, err := range c.Read(context.Background(), env, file) {
		if n++; err != nil || strings.Contains(call.Text, "Mara") {
			t.Errorf("call %+v, error %v", call, err)
		}
	}
	if n != 3 {
		t.Errorf("%d calls streamed, want 3", n)
	}
	c, env, _ = reading(t)
	for _, err := range c.Read(context.Background(), env, "nowhere.csv") {
		if !errors.Is(err, os.ErrNotExist) {
			t.Errorf("error %v", err)
		}
	}
}
