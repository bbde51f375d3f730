package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/salesconv/transcript"
)

// run runs a command that reads a flag and its input and returns fail.
func run(ctx context.Context, input string, fail error, args ...string) (status int, stdout, stderr string) {
	var out, note bytes.Buffer
	env := &Env{Name: "try", Args: args, Stdin: strings.NewReader(input), Stdout: &out, Stderr: &note}
	status = Run(ctx, env, func(ctx context.Context, env *Env) error {
		flags := flag.NewFlagSet("try", flag.ContinueOnError)
		flags.Int("n", 1, "how `many`")
		if err := env.Parse(flags, "[flags] [FILE]\n\nIt tries."); err != nil {
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
		{"help", ctx, nil, []string{"-h"}, 0, "usage: try [flags] [FILE]\n\nIt tries.\n\nflags:\n  -n many\n    \thow many (default 1)\n", ""},
		{"no such file", ctx, nil, []string{"/nowhere/x"}, 1, "", "try: open /nowhere/x: no such file or directory\n"},
		{"joined errors", ctx, errors.Join(errors.New("a"), errors.New("b")), nil, 1, "standard input: typed", "try: a; b\n"},
		{"a forged line", ctx, errors.New("open a\ntry: done\x1b[2K: no such file\n"), nil, 1, "standard input: typed", "try: open a\\ntry: done\\u001b[2K: no such file\n"},
		{"a long value", ctx, errors.New(strings.Repeat("é", 1e6) + " no label"), nil, 1, "standard input: typed", "try: " + strings.Repeat("é", longest/4) + " … " + strings.Repeat("é", (longest/2-9)/2) + " no label\n"},
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

func TestEscape(t *testing.T) {
	for text, want := range map[string]string{
		"Dana\tRüdiger 你好 👩‍💻":                        "Dana\tRüdiger 你好 👩‍💻",
		"a\nb\r\n":                                    `a\nb\r\n`,
		"\x1b[31m\x00\x7f\u009b":                      `\u001b[31m\u0000\u007f\u009b`,
		"\u202etxt.exe\u2066\u200f\u061c\u2028\u2029": `\u202etxt.exe\u2066\u200f\u061c\u2028\u2029`,
		"\x9b2J\xff":                                  `\x9b2J\xff`,
	} {
		if got := Escape(text); got != want {
			t.Errorf("%+q: %q, want %q", text, got, want)
		}
	}
}

// What is written says the same as what was meant, on one line.
func FuzzWriteJSON(f *testing.F) {
	f.Add("a\u202e\x1b\u009b\n<b>")
	f.Fuzz(func(t *testing.T, text string) {
		var b strings.Builder
		if err := WriteJSON(&b, text); err != nil {
			t.Fatal(err)
		}
		line, ended := strings.CutSuffix(b.String(), "\n")
		var got string
		if err := json.Unmarshal([]byte(line), &got); err != nil || !ended || Escape(line) != line {
			t.Fatalf("%q, error %v", b.String(), err)
		}
		if want := strings.ToValidUTF8(text, ""); strings.ReplaceAll(got, "\ufffd", "") != strings.ReplaceAll(want, "\ufffd", "") {
			t.Errorf("%q reads as %q", text, got)
		}
	})
}

func TestPositive(t *testing.T) {
	var n int
	var x float64
	for _, c := range []struct {
		set        func(string) error
		text, want string
	}{
		{Positive(&n), "3", ""}, {Positive(&n), "0", "a whole number above 0"}, {Positive(&n), "-1", "a whole number above 0"},
		{Positive(&n), "1.5", "a whole number"}, {Positive(&x), "1e-4", ""}, {Positive(&x), "0", "a number above 0"}, {Positive(&x), "NaN", "a number"},
	} {
		if err := c.set(c.text); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.text, err, c.want)
		}
	}
	if n != 3 || x != 1e-4 {
		t.Errorf("set %d and %g", n, x)
	}
}

// In a log a stage has a line when it begins, and one each half minute.
func TestProgressInALog(t *testing.T) {
	var out bytes.Buffer
	clock := time.Unix(0, 0)
	env := &Env{Name: "try", Stderr: &out, now: func() time.Time { return clock }}
	p := env.Progress()
	for _, step := range []struct {
		stage            string
		done, total, sec int
	}{
		{"reading", 0, 9, 1}, {"reading", 5, 9, 20}, {"reading", 9, 9, 1}, {"training", 1, 400, 29}, {"training", 2, 400, 30},
		{"counting", 7, -1, 60}, {"reading", 1, 9, 0},
	} {
		clock = clock.Add(time.Duration(step.sec) * time.Second)
		p.Show(step.stage, step.done, step.total)
	}
	p.Close()
	want := "try: 1s: reading\ntry: 51s: training\ntry: 1m21s: training, 2 of 400\ntry: 2m21s: reading\n"
	if out.String() != want {
		t.Errorf("%s\nwant\n%s", out.String(), want)
	}
	new(Progress).Show("nowhere", 1, 2)
}

// TestInterruptedOpen waits for a pipe that nobody writes to.
func TestInterruptedOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if out, err := exec.Command("mkfifo", path).CombinedOutput(); err != nil {
		t.Skipf("no named pipes here: %v %s", err, out)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if status, _, note := run(ctx, "", nil, path); status != 1 || note != "try: interrupted\n" {
		t.Errorf("status %d, %q", status, note)
	}
}

func TestModel(t *testing.T) {
	cache, dir := t.TempDir(), t.TempDir()
	t.Setenv("HF_HUB_CACHE", cache)
	const revision = "0123456789abcdef0123456789abcdef01234567"
	for name, content := range map[string]string{"refs/main": revision, "snapshots/" + revision + "/config.json": "{}"} {
		path := filepath.Join(cache, "models--org--name", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if model, err := Model("org/name"); err != nil {
		t.Error(err)
	} else if b, err := fs.ReadFile(model, "config.json"); err != nil || string(b) != "{}" {
		t.Errorf("read %q, error %v", b, err)
	}
	if _, err := Model("org/other"); err == nil || !strings.Contains(err.Error(), "hf download org/other") {
		t.Errorf("error %v, want one that says how to get the model", err)
	}
	if model, err := Model(dir); model == nil || err != nil {
		t.Errorf("a directory: %v, %v", model, err)
	}
	if model, err := Model(""); model != nil || err != nil {
		t.Errorf("no name: %v, %v", model, err)
	}
}

// What is saved names no directory of the machine.
func TestModelName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "encoders", "mine")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]string{"": "", "org/name": "org/name", "org/name@main": "org/name@main", dir: "mine", dir + "/": "mine", dir + "/..": "encoders"} {
		if name := ModelName(flag); name != want {
			t.Errorf("-model %q is called %q, want %q", flag, name, want)
		}
	}
	t.Chdir(dir)
	if name := ModelName("."); name != "mine" {
		t.Errorf("-model . is called %q", name)
	}
}

func TestRejected(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rejected.jsonl")
	of := &transcript.RecordError{File: "calls\x1b.jsonl", Record: 2, Byte: 17, Err: errors.New("no transcript")}
	for _, c := range []struct {
		name        string
		args        []string
		used        int
		added, note string
		closed      string
	}{
		{"stops", nil, 1, "no transcript", "", ""},
		{"skips", []string{"-skip"}, 3, "", "try: left out: transcript: calls\\u001b.jsonl: record 2, byte 17: no transcript\n", ""},
		{"skips all", []string{"-skip"}, 0, "", "try: left out: ", "no record can be used"},
		{"writes", []string{"-rejected", file}, 3, "", "try: 1 left out with the reasons in " + file + "\n", ""},
	} {
		var note bytes.Buffer
		env := &Env{Name: "try", Args: c.args, Stderr: &note}
		r, flags := new(Rejected), flag.NewFlagSet("try", flag.ContinueOnError)
		r.Flags(flags)
		if err := errors.Join(env.Parse(flags, ""), r.Open(env)); err != nil {
			t.Fatal(err)
		}
		added := r.Add(of)
		closed := r.Close(c.used)
		if text(added) != c.added && !strings.Contains(text(added), c.added) || text(closed) != c.closed || !strings.HasPrefix(note.String(), c.note) {
			t.Errorf("%s: %v, %v, %q", c.name, added, closed, note.String())
		}
		if err := r.Add(fmt.Errorf("reading: %w", context.Canceled)); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: an interrupt was taken for a bad record", c.name)
		}
	}
	b, err := os.ReadFile(file)
	if want := `{"file":"calls\u001b.jsonl","record":2,"byte":17,"reason":"no transcript"}` + "\n"; string(b) != want {
		t.Errorf("wrote %q, error %v", b, err)
	}
}

// The file of rejected records is replaced once all are read, and is never what is read.
func TestRejectedFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "rejected.jsonl")
	if err := os.WriteFile(file, []byte("before"), 0o666); err != nil {
		t.Fatal(err)
	}
	env := &Env{Name: "try", Args: []string{"-rejected", file}, Stderr: io.Discard}
	r, flags := new(Rejected), flag.NewFlagSet("try", flag.ContinueOnError)
	r.Flags(flags)
	if err := errors.Join(env.Parse(flags, ""), r.Open(env), r.Add(errors.New("bad"))); err != nil {
		t.Fatal(err)
	}
	r.Abandon()
	r.Abandon()
	if b, err := os.ReadFile(file); string(b) != "before" || err != nil {
		t.Errorf("abandoned, the file holds %q, error %v", b, err)
	}
	if err := Apart("", "-rejected", dir); err == nil || !strings.Contains(err.Error(), "a directory; name a file") {
		t.Errorf("a directory: error %v", err)
	}
	for input, wrong := range map[string]bool{file: true, dir: true, "": false, filepath.Join(dir, "missing"): false, t.TempDir(): false} {
		if err := Apart(input, "-rejected", file); (err != nil) != wrong {
			t.Errorf("%s and %s: %v", input, file, err)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestKeys(t *testing.T) {
	if got := Keys(" agent_id, deal size,,agent_id"); !slices.Equal(got, []string{"agent_id", "deal size"}) || Keys("") != nil {
		t.Errorf("%q", got)
	}
}
