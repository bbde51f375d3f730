package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/transcript"
	"github.com/parquet-go/parquet-go"
)

// Variables that make the test's program the command or a job server, and that make a process that scores calls kill itself,
// once, when it has scored dieAfter batches: die names a directory that is made then.
const (
	role     = "BATCH_TEST_ROLE"
	die      = "BATCH_TEST_DIE"
	dieAfter = 12
)

func TestMain(m *testing.M) {
	beat /= 20 // so that a job that waits for a dead worker is given up after half a minute
	if marker := os.Getenv(die); marker != "" {
		kinds["score"] = mortal(kinds["score"], marker)
	}
	worker := slices.ContainsFunc(os.Args, func(arg string) bool { return strings.HasPrefix(arg, "--provision_endpoint=") })
	switch role := os.Getenv(role); {
	case worker, role == "command":
		cli.Main(run)
	case role == "server":
		serve()
	}
	os.Exit(m.Run())
}

// mortal is a kind whose process kills itself.
func mortal(k kind, marker string) kind {
	var batches atomic.Int32
	load := k.load
	k.load = func(j *Job) (scorer, error) {
		score, err := load(j)
		return func(ctx context.Context, records []record) ([]any, error) {
			if batches.Add(1) == dieAfter && os.Mkdir(marker, 0o777) == nil {
				self, err := os.FindProcess(os.Getpid())
				if err == nil {
					err = self.Kill()
				}
				if err != nil {
					panic(err)
				}
				select {}
			}
			return score(ctx, records)
		}, err
	}
	return k
}

// serve is Prism in a process of its own. It writes its address to standard output, and ends with its standard input.
func serve() {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		panic(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	if _, err := prism.CreateJobServer(context.Background(), prism.Options{Port: port}); err != nil {
		panic(err)
	}
	fmt.Printf("localhost:%d\n", port)
	io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// command prepares the test's program for a role, with further variables.
func command(t *testing.T, as string, env []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self, args...)
	c.Env = append(append(os.Environ(), role+"="+as), env...)
	return c
}

// batch runs the command and returns what it writes to standard error.
func batch(t *testing.T, args ...string) (stderr string, err error) {
	t.Helper()
	return batchWith(t, nil, args...)
}

func batchWith(t *testing.T, env []string, args ...string) (stderr string, err error) {
	t.Helper()
	c := command(t, "command", env, args...)
	var out bytes.Buffer
	c.Stderr = &out
	err = c.Run()
	return out.String(), err
}

// server starts a job server, whose workers get its variables, and returns its address.
func server(t *testing.T, env ...string) string {
	t.Helper()
	c := command(t, "server", env)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		c.Wait()
	})
	var address string
	if _, err := fmt.Fscan(out, &address); err != nil {
		t.Fatal(err)
	}
	return address
}

// data is a predictor and calls in files of three formats, some of them poisonous.
type data struct {
	dir, models, glob string
	calls             []transcript.Call
	predictor         *conversion.Predictor
}

const perFile = 20

func newData(t *testing.T) *data {
	t.Helper()
	d := &data{dir: t.TempDir()}
	d.models, d.glob = filepath.Join(d.dir, "models"), filepath.Join(d.dir, "in", "*")
	var err error
	if d.predictor, _, err = conversion.Fit(t.Context(), transcript.Sample()[:24],
		&conversion.Options{Model: os.DirFS("../../encoder/testdata/models/mean12"), Frozen: true, Folds: 2}); err != nil {
		t.Fatal(err)
	}
	if err := d.predictor.Save(d.models); err != nil {
		t.Fatal(err)
	}
	made, err := transcript.Generate(4*perFile, &transcript.GenerateOptions{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	d.calls = made.Calls
	var lines [2]bytes.Buffer
	for i, c := range d.calls[:2*perFile] {
		b, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		to := &lines[i/perFile]
		fmt.Fprintf(to, "%s\n", b)
		switch i % 20 {
		case 3:
			to.WriteString("{\"id\": \"cut\", \"transcript\": \"Agent: hel\n")
		case 7:
			to.WriteString("{\"id\": \"silent\", \"transcript\": \"  \"}\n")
		case 11:
			to.WriteString("{\"id\": \"label\", \"transcript\": \"Agent: hi\", \"label\": \"perhaps\"}\n")
		case 15:
			to.WriteString("{\"id\": \"nul\", \"transcript\": \"Agent: \\u0000\"}\n\n")
		}
	}
	d.write(t, "a.jsonl", lines[0].Bytes())
	d.write(t, "b[1].jsonl", lines[1].Bytes())
	d.write(t, "empty.jsonl", nil)
	var table bytes.Buffer
	w := csv.NewWriter(&table)
	w.Write([]string{"id", "transcript"})
	for _, c := range d.calls[2*perFile : 3*perFile] {
		w.Write([]string{c.ID, c.Text})
	}
	w.Write([]string{"silent", ""})
	w.Flush()
	d.write(t, "c.csv", table.Bytes())
	type row struct{ ID, Transcript string }
	var rows []row
	for _, c := range d.calls[3*perFile:] {
		rows = append(rows, row{c.ID, c.Text})
	}
	var columns bytes.Buffer
	if err := parquet.Write(&columns, rows); err != nil {
		t.Fatal(err)
	}
	d.write(t, "d.parquet", columns.Bytes())
	return d
}

func (d *data) write(t *testing.T, name string, content []byte) {
	t.Helper()
	path := filepath.Join(d.dir, "in", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
}

// output is the directory of an output.
func (d *data) output(name string) string { return filepath.Join(d.dir, name) }

// args are the flags of a job that writes to a directory.
func (d *data) args(name string, more ...string) []string {
	return append([]string{"-models", d.models, "-input", d.glob, "-output", filepath.Join(d.output(name), "s"), "-shard", "4"}, more...)
}

// contents are the files of a directory.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(b)
	}
	return all
}

// accounted checks that each record is in exactly one line, and each call with its probability.
func (d *data) accounted(t *testing.T, files map[string]string) {
	t.Helper()
	want := map[string]float64{}
	predictions, err := d.predictor.Predict(t.Context(), d.calls, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range predictions {
		want[p.ID] = p.Probability
	}
	seen, items := map[Place]string{}, map[string]int{}
	for name, content := range files {
		if !strings.HasSuffix(name, ".jsonl") {
			continue
		}
		for text := range strings.Lines(content) {
			var line struct {
				score
				Reason string
			}
			if err := json.Unmarshal([]byte(text), &line); err != nil {
				t.Fatal(err)
			}
			if seen[line.Place] != "" {
				t.Errorf("%v is in %s and in %s", line.Place, seen[line.Place], name)
			}
			seen[line.Place] = name
			items[filepath.Base(line.File)]++
			if strings.Contains(name, "rejected") {
				if line.Reason == "" {
					t.Errorf("%s: no reason in %s", name, text)
				}
				continue
			}
			if p, ok := want[line.ID]; !ok || math.Abs(line.Probability-p) > 1e-12 {
				t.Errorf("%s: probability %v of call %q, want %v", name, line.Probability, line.ID, p)
			}
			delete(want, line.ID)
		}
	}
	if len(want) > 0 {
		t.Errorf("%d calls are missing", len(want))
	}
	var summary Tally
	if err := json.Unmarshal([]byte(files["s-summary.json"]), &summary); err != nil || summary.Items != len(seen) || summary.Results != len(d.calls) {
		t.Errorf("summary %+v of %d records, error %v", summary, len(seen), err)
	}
	// Four calls of a file of JSON Lines are followed by a bad record.
	for name, n := range map[string]int{"a.jsonl": perFile + 4, "b[1].jsonl": perFile + 4, "empty.jsonl": 1, "c.csv": perFile + 1, "d.parquet": perFile} {
		if items[name] != n {
			t.Errorf("%d items of %s, want %d", items[name], name, n)
		}
	}
}

func TestScore(t *testing.T) {
	if testing.Short() {
		t.Skip("jobs of Beam take seconds each")
	}
	d := newData(t)
	stderr, err := batch(t, d.args("plain")...)
	if err != nil || !strings.Contains(stderr, "results, ") || strings.Count(stderr, "\n") != 1 {
		t.Fatalf("error %v: %s", err, stderr)
	}
	plain := contents(t, d.output("plain"))
	d.accounted(t, plain)
	t.Run("again", func(t *testing.T) {
		if stderr, err := batch(t, d.args("plain")...); err != nil {
			t.Fatalf("error %v: %s", err, stderr)
		}
		d.same(t, plain, "plain")
		if stderr, err := batch(t, d.args("plain", "-mask")...); err == nil || !strings.Contains(stderr, "other flags") {
			t.Errorf("other flags with the same output: error %v: %s", err, stderr)
		}
	})
	t.Run("loopback", func(t *testing.T) {
		if stderr, err := batch(t, d.args("loopback", "-endpoint", server(t), "-environment_type", "loopback")...); err != nil {
			t.Fatalf("error %v: %s", err, stderr)
		}
		d.same(t, plain, "loopback")
	})
	t.Run("killed worker", func(t *testing.T) { d.killWorker(t, plain) })
	t.Run("killed command", func(t *testing.T) { d.killCommand(t, plain) })
	t.Run("unreadable", func(t *testing.T) {
		if err := os.Mkdir(filepath.Join(d.dir, "in", "e.jsonl"), 0o777); err != nil {
			t.Fatal(err)
		}
		if stderr, err := batch(t, d.args("unreadable")...); err == nil || !strings.Contains(stderr, "the same command resumes: transcript: "+filepath.Join(d.dir, "in", "e.jsonl")+":") {
			t.Errorf("error %v: %s", err, stderr)
		}
	})
}

// same compares the files of an output, but for the time at which input was modified.
func (d *data) same(t *testing.T, want map[string]string, name string) {
	t.Helper()
	have := contents(t, d.output(name))
	if len(have) != len(want) {
		t.Errorf("%s: %d files, want %d", name, len(have), len(want))
	}
	for file, content := range want {
		if have[file] != content {
			t.Errorf("%s: %s differs", name, file)
		}
	}
}

// killWorker kills the process that a job server started, in the middle of its work.
func (d *data) killWorker(t *testing.T, want map[string]string) {
	marker := filepath.Join(d.dir, "worker died")
	stderr, err := batch(t, d.args("worker", "-endpoint", server(t, die+"="+marker), "-environment_type", "process")...)
	if _, dead := os.Stat(marker); err != nil || dead != nil || !strings.Contains(stderr, "submitted again") {
		t.Fatalf("errors %v, %v: %s", err, dead, stderr)
	}
	d.same(t, want, "worker")
}

// killCommand kills the command with all that it does, and resumes it.
func (d *data) killCommand(t *testing.T, want map[string]string) {
	env := []string{die + "=" + filepath.Join(d.dir, "command died")}
	if stderr, err := batchWith(t, env, d.args("command")...); err == nil {
		t.Fatalf("it lived: %s", stderr)
	}
	if files := contents(t, d.output("command")); files["s-summary.json"] != "" || len(files) < 4 {
		t.Errorf("%d files, summary %q", len(files), files["s-summary.json"])
	}
	if stderr, err := batchWith(t, env, d.args("command")...); err != nil {
		t.Fatalf("error %v: %s", err, stderr)
	}
	d.same(t, want, "command")
}

func TestEmbed(t *testing.T) {
	if testing.Short() {
		t.Skip("jobs of Beam take seconds each")
	}
	d := newData(t)
	out := filepath.Join(d.output("e"), "s")
	if stderr, err := batch(t, "embed", "-model", "../../encoder/testdata/models/mean12", "-input", d.glob, "-output", out); err != nil {
		t.Fatalf("error %v: %s", err, stderr)
	}
	n := 0
	for text := range strings.Lines(contents(t, d.output("e"))["s-00000-of-00001.jsonl"]) {
		var line embedding
		if err := json.Unmarshal([]byte(text), &line); err != nil || line.ID == "" || len(line.Embedding) == 0 || line.Item == 0 {
			t.Fatalf("%s: error %v", text, err)
		}
		n++
	}
	if n != len(d.calls) {
		t.Errorf("%d embeddings of %d calls", n, len(d.calls))
	}
}

func TestSearch(t *testing.T) {
	if testing.Short() {
		t.Skip("fits predictors")
	}
	dir := t.TempDir()
	b, err := json.Marshal(transcript.Sample()[:60])
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "calls.json")
	if err := os.WriteFile(file, b, 0o666); err != nil {
		t.Fatal(err)
	}
	args := []string{"search", "-data", file, "-output", filepath.Join(dir, "out", "s"), "-folds", "3", "-c", "0.1,1", "-depth", "2", "-rounds", "5"}
	stderr, err := batch(t, args...)
	if err != nil {
		t.Fatalf("error %v: %s", err, stderr)
	}
	first := contents(t, filepath.Join(dir, "out"))
	var methods []struct {
		Name    string
		LogLoss float64 `json:"log_loss"`
	}
	if err := json.Unmarshal([]byte(first["s-summary.json"]), &methods); err != nil || len(methods) != 3 || len(first) != 3*3+2 {
		t.Fatalf("%+v, %d files, error %v", methods, len(first), err)
	}
	for i, m := range methods {
		if m.Name == "" || !(m.LogLoss > 0) || i > 0 && m.LogLoss < methods[i-1].LogLoss {
			t.Errorf("%+v", methods)
		}
	}
}
