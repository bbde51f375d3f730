package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

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

// files lists what is below a folder.
func files(dir string) (names []string) {
	filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error { // things vanish while it walks
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return nil
	})
	return names
}

// killed runs the command and kills it some time after so many changes among the checkpoints; it returns what the command
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

// A run that is killed again and again, on changing numbers of cores, ends with the bytes of one that was not.
func TestKilledRunGoesOn(t *testing.T) {
	if testing.Short() {
		t.Skip("fine-tunes until it is killed, several times")
	}
	out := filepath.Join(t.TempDir(), "[a]*") // no pattern
	args := []string{"-data", write(t, transcript.Sample()[:24]), "-model", tiny, "-epochs", "24", "-out", out}
	r := rand.New(rand.NewPCG(1, 1))
	const kills = 3
	wentOn := 0
	for range kills {
		said, done := killed(t, r, filepath.Join(out, checkpoints), 2+r.IntN(6), args)
		if done {
			t.Fatal("the run ended before it was killed often enough")
		}
		wentOn += strings.Count(said, "going on with the run that was not finished")
	}
	status, _, said := finetune(t, t.Context(), args...)
	if status != 0 || wentOn != kills-1 || !strings.Contains(said, "going on") {
		t.Fatalf("status %d, %d of %d runs went on; the last said %s", status, wentOn, kills, said)
	}
	whole := t.TempDir()
	if status, _, said := finetune(t, t.Context(), append(args, "-out", whole)...); status != 0 {
		t.Fatal(said)
	}
	got := files(out)
	if len(got) != len(files(whole)) {
		t.Errorf("%v in the folder, want only %v", got, files(whole))
	}
	for _, name := range got {
		b, err := os.ReadFile(name)
		rel, _ := filepath.Rel(out, name)
		want, err2 := os.ReadFile(filepath.Join(whole, rel))
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if ext := filepath.Ext(name); ext != ".html" && rel != filepath.Join("results", "metrics.json") && rel != filepath.Join("models", "created.json") && !bytes.Equal(b, want) { // these tell the time taken
			t.Errorf("%s differs from that of a run that was not killed", rel)
		}
	}
}

// What a run of other flags or calls left is not touched, and said.
func TestAnotherRunIsNoticed(t *testing.T) {
	var note bytes.Buffer
	env := &cli.Env{Name: "finetune", Stderr: &note}
	left := unfinished{t.TempDir()}
	data := write(t, transcript.Sample()[:24])
	o := options{Data: data, Classifier: "logistic", Seed: 1, tuning: tuning{Epochs: 2, Pairs: 4}}
	begin := func(o options) error {
		d, err := read(t.Context(), env, &o)
		if err != nil {
			t.Fatal(err)
		}
		return left.begin(env, &o, d)
	}
	if err := begin(o); err != nil || note.Len() > 0 {
		t.Fatalf("%v, said %q", err, note.String())
	}
	other := o
	other.Epochs = 3
	if err := begin(other); err == nil || !strings.Contains(err.Error(), "with -epochs 2 instead of 3: ") {
		t.Errorf("error %v", err)
	}
	other = o
	other.Data = write(t, transcript.Sample()[:25])
	if err := begin(other); err == nil || !strings.Contains(err.Error(), "on other calls: ") {
		t.Errorf("error %v", err)
	}
	other.Data = write(t, transcript.Sample()[:24])
	if err := begin(other); err != nil || !strings.Contains(note.String(), "going on with the run that was not finished") {
		t.Errorf("the same calls under another name: %v, said %q", err, note.String())
	}
	mine := filepath.Join(left.folder(), "mine")
	if err := os.WriteFile(mine, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := left.remove(); err != nil {
		t.Fatal(err)
	}
	if names := files(left.out); !slices.Equal(names, []string{mine}) {
		t.Errorf("%v are left, want what is none of the command's alone", names)
	}
}

// A damaged run.json says what to do.
func TestDamagedIdentity(t *testing.T) {
	left := unfinished{t.TempDir()}
	file := filepath.Join(left.out, identityFile)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	status, _, said := finetune(t, t.Context(), "-model", tiny, "-out", left.out)
	if status != 1 || strings.Count(said, "\n") != 1 || !strings.Contains(said, "remove the folder to start over") {
		t.Errorf("status %d, said %q", status, said)
	}
}
