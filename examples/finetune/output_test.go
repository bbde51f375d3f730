package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/transcript"
)

// childVariable makes a test binary that is started again the command itself, so that it can be killed.
const childVariable = "SALESCONV_FINETUNE_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		cli.Main(run)
	}
	os.Exit(m.Run())
}

// files lists what is below a directory.
func files(dir string) (names []string) {
	filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error { // things vanish while it walks
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return nil
	})
	return names
}

// killed runs the command and kills it some time after the given number of changes among the checkpoints; it returns what the command
// said, and whether it was done by then.
func killed(t *testing.T, r *rand.Rand, checkpoints string, changes int, args []string) (said string, done bool) {
	t.Helper()
	var note bytes.Buffer
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env, cmd.Stderr = append(os.Environ(), childVariable+"=1", fmt.Sprintf("GOMAXPROCS=%d", 1+r.IntN(3))), &note
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for seen := files(checkpoints); changes > 0 && len(ended) == 0; runtime.Gosched() {
		if now := files(checkpoints); !slices.Equal(now, seen) {
			seen, changes = now, changes-1
		}
	}
	for range r.IntN(1 << 22) { // somewhere between two changes, or within one
		r.Uint64()
	}
	cmd.Process.Kill()
	return note.String(), <-ended == nil
}

// A run that is killed again and again, on changing numbers of cores, ends with the bytes of one that was not. Until then the
// older model that it replaces can be loaded.
func TestKilledRunIsResumed(t *testing.T) {
	if testing.Short() {
		t.Skip("fine-tunes until it is killed, several times")
	}
	out := filepath.Join(t.TempDir(), "[a]*") // no pattern
	args := []string{"-data", write(t, transcript.Sample()[:24]), "-model", tiny, "-epochs", "24", "-out", out}
	if status, _, said := finetune(t, t.Context(), append(args, "-epochs", "1")...); status != 0 {
		t.Fatal(said)
	}
	older := version(t, out)
	r := rand.New(rand.NewPCG(1, 1))
	const kills = 3
	resumed := 0
	for range kills {
		said, done := killed(t, r, filepath.Join(out, checkpoints), 2+r.IntN(6), args)
		if done {
			t.Fatal("the run ended before it was killed often enough")
		}
		resumed += strings.Count(said, "resuming the run that was not finished")
		if version(t, out) != older {
			t.Error("the older model was replaced by a run that was killed")
		}
	}
	status, _, said := finetune(t, t.Context(), args...)
	if status != 0 || resumed != kills-1 || !strings.Contains(said, "resuming") {
		t.Fatalf("status %d, %d of %d runs were resumed; the last said %s", status, resumed, kills, said)
	}
	whole := t.TempDir()
	if status, _, said := finetune(t, t.Context(), append(args, "-out", whole)...); status != 0 {
		t.Fatal(said)
	}
	same(t, out, whole)
}

var kills = flag.Int("kills", 0, "number of times that TestKilledAtAnyMoment kills a run")

// Whenever a run is killed, the directory holds the whole older or the whole new model and results of no other, and the
// same command ends with the bytes of a run that was not killed. Two runs replace each other's models in turn.
//
//	go test ./examples/finetune -run TestKilledAtAnyMoment -kills 50
func TestKilledAtAnyMoment(t *testing.T) {
	if *kills == 0 {
		t.Skip("takes minutes: -kills says how often")
	}
	data := write(t, transcript.Sample()[:24])
	var whole, versions [2]string
	var args [2][]string
	var took time.Duration
	for k := range whole {
		whole[k] = t.TempDir()
		args[k] = []string{"-data", data, "-model", tiny, "-epochs", "12", "-seed", strconv.Itoa(k + 1), "-out"}
		started := time.Now()
		if status, _, said := finetune(t, t.Context(), append(args[k], whole[k])...); status != 0 {
			t.Fatal(said)
		}
		took, versions[k] = time.Since(started), version(t, whole[k])
	}
	out := t.TempDir()
	if status, _, said := finetune(t, t.Context(), append(args[1], out)...); status != 0 {
		t.Fatal(said)
	}
	r := rand.New(rand.NewPCG(1, 1))
	resumed, replaced := 0, 0
	for k, left := 0, *kills; left > 0; {
		cmd := exec.Command(os.Args[0], append(args[k], out)...)
		var note bytes.Buffer
		cmd.Env, cmd.Stderr = append(os.Environ(), childVariable+"=1"), &note
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(r.Int64N(int64(took))), func() { cmd.Process.Kill() })
		err := cmd.Wait()
		if kill.Stop(); err != nil && cmd.ProcessState.ExitCode() >= 0 {
			t.Fatalf("the run was not killed: %s", note.String())
		}
		resumed += strings.Count(note.String(), "resuming the run that was not finished")
		if err == nil {
			same(t, out, whole[k])
			k, replaced = 1-k, replaced+1
			continue
		}
		left--
		now := version(t, out)
		if !slices.Contains(versions[:], now) {
			t.Fatalf("version %s, want one of %v", now, versions)
		}
		if b, err := os.ReadFile(filepath.Join(out, "results", metricsFile)); err == nil && !bytes.Contains(b, []byte(`"model": "`+now+`"`)) {
			t.Error("the results are of another model")
		}
	}
	t.Logf("%d kills: %d runs were resumed, %d models replaced", *kills, resumed, replaced)
}

// A directory of results with a file that is not the command's stops the run before the model is replaced.
func TestResultsOfAnotherModelNeverStay(t *testing.T) {
	if testing.Short() {
		t.Skip("fine-tunes twice")
	}
	out := t.TempDir()
	args := []string{"-data", write(t, transcript.Sample()[:24]), "-model", tiny, "-epochs", "1", "-out", out}
	if status, _, said := finetune(t, t.Context(), args...); status != 0 {
		t.Fatal(said)
	}
	older := version(t, out)
	mine := filepath.Join(out, "results", "mine.txt")
	metrics := filepath.Join(out, "results", metricsFile)
	before, err := os.ReadFile(metrics)
	if err := errors.Join(err, os.WriteFile(mine, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ in, name string }{{"results", mine}, {"models", filepath.Join(out, "models", "mine.txt")}} {
		if err := os.WriteFile(c.name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		status, _, said := finetune(t, t.Context(), append(args, "-seed", "2")...)
		after, err := os.ReadFile(metrics)
		if status != 1 || !strings.Contains(said, `"mine.txt" in it was not written by this program`) || err != nil || !bytes.Equal(before, after) {
			t.Errorf("a file in %s: status %d, error %v, said %s", c.in, status, err, said)
		}
		if err := os.Remove(c.name); err != nil {
			t.Fatal(err)
		}
		if p, err := conversion.Load(os.DirFS(out)); err != nil || p.Version() != older {
			t.Errorf("a file in %s: the model was replaced: %v", c.in, err)
		}
	}
}

// version is the version of the predictor in a directory.
func version(t *testing.T, dir string) string {
	t.Helper()
	p, err := conversion.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	return p.Version()
}

// same checks that two directories hold the same files, but for those that tell when and how they were made.
func same(t *testing.T, dir, whole string) {
	t.Helper()
	got := files(dir)
	if len(got) != len(files(whole)) {
		t.Errorf("%v in the directory, want only %v", got, files(whole))
	}
	for _, name := range got {
		b, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		want, err2 := os.ReadFile(filepath.Join(whole, rel))
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if rel != filepath.Join("results", runFile) && rel != filepath.Join("models", "created.json") && !bytes.Equal(b, want) {
			t.Errorf("%s differs from the file of a run that was not killed", rel)
		}
	}
}

// One process at a time has the directory.
func TestOutputIsLocked(t *testing.T) {
	dir := t.TempDir()
	out, err := openOutput(dir)
	if err != nil {
		t.Fatal(err)
	}
	status, _, said := finetune(t, t.Context(), "-model", tiny, "-out", dir)
	if status != 1 || !strings.Contains(said, "-out: "+dir+" is being written to by another process") || strings.Count(said, "\n") != 1 {
		t.Errorf("status %d, said %q", status, said)
	}
	if err := out.end(t.Context(), new(cli.Env), nil); err != nil || len(files(dir)) != 0 {
		t.Errorf("error %v, %v are left", err, files(dir))
	}
}

// What runs of other flags or calls left is named and not touched, and stops no other run.
func TestOtherRunsAreNoticed(t *testing.T) {
	var note bytes.Buffer
	env := &cli.Env{Name: "finetune", Stderr: &note}
	dir := t.TempDir()
	begin := func(change func(*options)) *output {
		note.Reset()
		o := &options{Data: write(t, transcript.Sample()[:24]), Classifier: "logistic", Seed: 1<<63 + 1, tuning: tuning{Epochs: 2, Pairs: 4, Tasks: "industry"}}
		change(o)
		d, err := read(t.Context(), env, o)
		if err != nil {
			t.Fatal(err)
		}
		out := &output{dir: dir}
		if err := out.begin(env, o, d); err != nil {
			t.Fatal(err)
		}
		return out
	}
	leave := func(out *output) { // a checkpoint
		file := filepath.Join(out.checkpoints(), "run-01234567", "checkpoint-00000010")
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, nil, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	first := begin(func(*options) {})
	leave(first)
	begin(func(o *options) { o.Epochs, o.Tasks = 0, "" }) // leaves nothing
	for _, c := range []struct {
		name   string
		change func(*options)
		want   string
	}{
		{"the same", func(*options) {}, "resuming the run that was not finished, from the checkpoints in " + first.checkpoints()},
		{"epochs and tasks", func(o *options) { o.Epochs, o.Tasks = 0, "" }, first.checkpoints() + " holds the checkpoints of another run, with -epochs 2, with -tasks industry: repeat it"},
		{"a loss", func(o *options) { o.Loss = "batch_all" }, "another run, without -loss: "},
		{"a seed", func(o *options) { o.Seed-- }, "another run, with -seed 9223372036854775809: "},
		{"other calls", func(o *options) { o.Data = write(t, transcript.Sample()[:25]) }, "another run, on other calls: "},
		{"masked calls", func(o *options) { o.Mask = true }, "another run, without -mask: "},
	} {
		if begin(c.change); strings.Count(note.String(), "\n") != 1 || !strings.Contains(note.String(), c.want) {
			t.Errorf("%s: said %q, want %q", c.name, note.String(), c.want)
		}
	}
	if err := os.WriteFile(filepath.Join(first.checkpoints(), identityFile), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if begin(func(o *options) { o.Seed = 2 }); !strings.Contains(note.String(), "another run, of which nothing is known: ") {
		t.Errorf("a damaged %s: said %q", identityFile, note.String())
	}
	mine := filepath.Join(first.checkpoints(), "mine")
	if err := os.WriteFile(mine, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := first.remove(); err != nil {
		t.Fatal(err)
	}
	if left := files(first.checkpoints()); !slices.Equal(left, []string{mine}) {
		t.Errorf("%v are left, want what is none of the command's alone", left)
	}
}
