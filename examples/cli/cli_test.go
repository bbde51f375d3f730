package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// run runs a command that reads a flag and its input and returns fail.
func run(ctx context.Context, input string, fail error, args ...string) (status int, stdout, stderr string) {
	var out, note bytes.Buffer
	env := &Env{"try", args, strings.NewReader(input), &out, &note}
	status = Run(ctx, env, func(ctx context.Context, env *Env) error {
		flags := flag.NewFlagSet("try", flag.ContinueOnError)
		flags.Int("n", 1, "how `many`")
		if err := env.Parse(flags); err != nil {
			return err
		}
		r, name, err := env.Input(ctx)
		if err != nil {
			return err
		}
		defer r.Close()
		text, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		bar := env.Progress(3, "reading")
		bar.Set(2)
		bar.Describe("read")
		bar.Close()
		env.Stdout.Write([]byte(name + ": " + string(text)))
		return fail
	})
	return status, out.String(), note.String()
}

func TestRun(t *testing.T) {
	stopped, stop := context.WithCancel(context.Background())
	stop()
	path := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(path, []byte("file"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	for _, c := range []struct {
		name           string
		ctx            context.Context
		fail           error
		args           []string
		status         int
		stdout, stderr string
	}{
		{"standard input", ctx, nil, nil, 0, "standard input: typed", ""},
		{"a dash", ctx, nil, []string{"-n", "2", "-"}, 0, "standard input: typed", ""},
		{"a file", ctx, nil, []string{"--n=2", path}, 0, path + ": file", ""},
		{"two files", ctx, nil, []string{"a", "b"}, 2, "", "try: 2 files given, want one or none (flags come first)\n"},
		{"no such flag", ctx, nil, []string{"-m"}, 2, "", "try: flag provided but not defined: -m (-help lists the flags)\n"},
		{"bad value", ctx, nil, []string{"-n", "x"}, 2, "", "try: invalid value \"x\" for flag -n: parse error (-help lists the flags)\n"},
		{"help", ctx, nil, []string{"-h"}, 0, "Usage of try:\n  -n many\n    \thow many (default 1)\n", ""},
		{"no such file", ctx, nil, []string{"/nowhere/x"}, 1, "", "try: open /nowhere/x: no such file or directory\n"},
		{"lines", ctx, errors.New("a\nb\n"), nil, 1, "standard input: typed", "try: a; b\n"},
		{"interrupt", stopped, stopped.Err(), []string{path}, 1, path + ": file", "try: interrupted\n"},
		{"another error", stopped, errors.New("disk full"), []string{path}, 1, path + ": file", "try: disk full\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, stdout, stderr := run(c.ctx, "typed", c.fail, c.args...)
			if status != c.status || stdout != c.stdout || stderr != c.stderr {
				t.Errorf("status %d, %q, %q\nwant %d, %q, %q", status, stdout, stderr, c.status, c.stdout, c.stderr)
			}
		})
	}
}

// TestInterruptedRead waits on an input that never comes.
func TestInterruptedRead(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	never, _ := io.Pipe()
	var note bytes.Buffer
	env := &Env{Name: "try", Stdin: never, Stderr: &note}
	status := Run(ctx, env, func(ctx context.Context, env *Env) error {
		r, _, err := env.Input(ctx)
		if err != nil {
			return err
		}
		defer r.Close()
		stop()
		_, err = r.Read(make([]byte, 1))
		return err
	})
	if status != 1 || note.String() != "try: interrupted\n" {
		t.Errorf("status %d, %q", status, note.String())
	}
}

func TestNotef(t *testing.T) {
	var out bytes.Buffer
	(&Env{Name: "try", Stderr: &out}).Notef("%d of %d", 1, 2)
	if got := out.String(); got != "try: 1 of 2\n" {
		t.Errorf("wrote %q", got)
	}
}
