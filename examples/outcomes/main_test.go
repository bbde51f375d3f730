package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/store"
	"github.com/org/salesconv/examples/internal/store/storetest"
)

// command runs the command, and returns its status and what it writes.
func command(t *testing.T, in string, args ...string) (status int, out, log string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	env := &cli.Env{Name: "outcomes", Args: args, Stdin: strings.NewReader(in), Stdout: &stdout, Stderr: &stderr}
	return cli.Run(t.Context(), env, run), stdout.String(), stderr.String()
}

// TestOutcomes takes in files that are late, double and contradictory, one after the other.
func TestOutcomes(t *testing.T) {
	db := storetest.New(t)
	s, err := store.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.AddPredictions(t.Context(), []store.Prediction{{UID: "u", CallID: "c1", Probability: 0.5}}); err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		file, in, want string
		args           []string
	}{
		{"a.csv", "call_id,stage,closed,industry\nc1,Closed Won,2026-03-05,Retail\nc2,Closed Lost,2026-03-05,Health\nc3,open,2026-03-05,\n",
			`{"new":2,"repeated":0,"contradicted":0,"unpredicted":1,"without_label":1}`, []string{"-time", "closed", "-keep", "industry"}},
		{"a.csv", "call_id,stage,closed\nc1,Closed Won,2026-03-05\nc1,Closed Lost,2026-03-01\n",
			`{"new":1,"repeated":1,"contradicted":1,"unpredicted":0,"without_label":0}`, []string{"-time", "closed"}},
		{"b.tsv", "call_id\tlabel\nc2\tgewonnen\nc4\t0\n",
			`{"new":2,"repeated":0,"contradicted":1,"unpredicted":2,"without_label":0}`, []string{"-won", "gewonnen"}},
		{"", `{"id": "c2", "label": 1}`, `{"new":0,"repeated":1,"contradicted":0,"unpredicted":0,"without_label":0}`, nil},
	} {
		args := append([]string{"-log", db}, c.args...)
		if c.file != "" {
			file := filepath.Join(t.TempDir(), c.file)
			if err := os.WriteFile(file, []byte(c.in), 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, file)
		}
		status, out, log := command(t, c.in, args...)
		if status != 0 || out != c.want+"\n" {
			t.Errorf("run %d: status %d, %s\nwant %s\n%s", i, status, out, c.want, log)
		}
	}
	apply, contradicted, err := s.Outcomes(t.Context())
	if err != nil || contradicted != 2 || len(apply) != 3 {
		t.Fatalf("%v, %d contradicted, %v", apply, contradicted, err)
	}
	c1 := apply["c1"]
	if !c1.Won || c1.Metadata["industry"] != "Retail" || !c1.Time.Equal(time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)) || !apply["c2"].Won || apply["c4"].Won {
		t.Errorf("%+v", apply)
	}
}

func TestBad(t *testing.T) {
	db := storetest.New(t)
	for _, c := range []struct {
		in, want string
		status   int
		args     []string
	}{
		{"", "-log: store: the DSN is empty", 2, nil},
		{`{"id": "c1", "label": 1} {"label": 1}`, "names no call", 1, []string{"-log", db}},
		{`{"id": "c1", "label": "maybe"}`, `the label is "maybe"`, 1, []string{"-log", db}},
		{`{"id": "c1", "label": 1, "at": "Monday"}`, `"Monday" in the column at is no time`, 1, []string{"-log", db, "-time", "at"}},
		{`{"id": "c1", "label": 1}`, "is no time that can be read", 1, []string{"-log", db, "-time", "at"}},
		{`{"id": "c1", "label": 1}`, "store ", 1, []string{"-log", t.TempDir()}},
	} {
		status, out, log := command(t, c.in, c.args...)
		if status != c.status || out != "" || !strings.Contains(log, c.want) {
			t.Errorf("%s: status %d, %q, %q; want %d and %q", c.in, status, out, log, c.status, c.want)
		}
	}
	s, err := store.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if apply, _, _ := s.Outcomes(t.Context()); len(apply) != 0 {
		t.Errorf("%v: a file with an error was taken in", apply)
	}
	// With -skip the others are.
	if status, out, _ := command(t, `{"id": "c1", "label": 1} {"label": 1}`, "-log", db, "-skip"); status != 0 || !strings.Contains(out, `"new":1`) {
		t.Errorf("status %d, %s", status, out)
	}
}
