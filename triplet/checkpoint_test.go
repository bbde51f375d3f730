package triplet

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/org/salesconv/encoder"
)

// childDir names the folder of the checkpoints to a test binary that is started again as a run to be killed.
const childDir = "SALESCONV_TRIPLET_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		t := new(testing.T)
		docs, labels, o := killed(dir)
		o.Progress = func(s Step) { fmt.Println(s.Step) }
		if _, err := Train(context.Background(), loadTiny(t), docs, labels, o); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// killed is the run that is killed: checkpoints at each step, so that many kills meet one being written.
func killed(dir string) ([][]string, []int, *Options) {
	docs, labels := calls(1, 24)
	unseen, theirs := calls(2, 12)
	o := &Options{Epochs: 250, LearningRate: 1e-3, Validation: &Validation{Docs: unseen, Labels: theirs, Every: 50, Patience: -1, Interpolate: true}}
	if dir != "" {
		o.Checkpoints = &Checkpoints{Dir: dir, Every: 1}
	}
	return docs, labels, o
}

// A run that is killed again and again, on changing numbers of cores, ends with the weights of one that was not, and never
// starts over.
func TestCheckpointsSurviveKills(t *testing.T) {
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(1, 1))
	last, finished := 0, false
	const kills = 10
	for range kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childDir+"="+dir, fmt.Sprintf("GOMAXPROCS=%d", 1+r.IntN(3)))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 1 + r.IntN(8); n > 0 && lines.Scan(); n-- {
			step := 0
			if fmt.Sscan(lines.Text(), &step); step < last {
				t.Fatalf("step %q after step %d had been seen", lines.Text(), last)
			}
			last = step
		}
		for range r.IntN(1 << 20) { // somewhere within a step or its checkpoint
			r.Uint64()
		}
		cmd.Process.Kill()
		finished = cmd.Wait() == nil
	}
	if finished {
		t.Fatal("the run ended before it was killed often enough")
	}
	docs, labels, o := killed(dir)
	m := loadTiny(t)
	h, err := Train(t.Context(), m, docs, labels, o)
	if err != nil {
		t.Fatal(err)
	}
	whole := loadTiny(t)
	docs, labels, o = killed("")
	want, err := Train(t.Context(), whole, docs, labels, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("killed %d times, last after step %d of %d; resumed from %d; best %d, blend %v", kills, last, h.Total, h.Resumed, h.Best, h.Interpolation)
	if h.Resumed < last-1 || h.Resumed == 0 {
		t.Errorf("resumed from step %d, want %d at least", h.Resumed, last-1)
	}
	if !bytes.Equal(weights(m), weights(whole)) {
		t.Error("weights differ from those of a run that was not killed")
	}
	if len(h.Steps) != len(want.Steps) || h.Steps[len(h.Steps)-1].Loss != want.Steps[len(want.Steps)-1].Loss || h.Best != want.Best {
		t.Errorf("history of %d steps, best %d; want %d, %d", len(h.Steps), h.Best, len(want.Steps), want.Best)
	}
	names, err := list(dir)
	if left, _ := filepath.Glob(dir + "/.*"); err != nil || len(names) != 1 || len(left) > 0 {
		t.Errorf("%v and %v in the folder, want the last checkpoint", names, left)
	}
}

// stopped leaves the checkpoints of a run that ctx ended after some steps.
func stopped(t *testing.T, steps int, o Options) {
	t.Helper()
	docs, labels := calls(1, 8)
	ctx, cancel := context.WithCancel(t.Context())
	o.Progress = func(s Step) {
		if s.Step == steps {
			cancel()
		}
	}
	if _, err := Train(ctx, loadTiny(t), docs, labels, &o); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want that of ctx", err)
	}
}

// Damaged checkpoints are passed over for the one before, in any way they may be damaged.
func TestCheckpointsDamaged(t *testing.T) {
	docs, labels := calls(1, 8)
	whole := loadTiny(t)
	if _, err := Train(t.Context(), whole, docs, labels, &Options{Epochs: 4}); err != nil {
		t.Fatal(err)
	}
	left := t.TempDir()
	stopped(t, 3, Options{Epochs: 4, Checkpoints: &Checkpoints{Dir: left, Every: 1}})
	const newest = "checkpoint-00000003"
	good, err := os.ReadFile(filepath.Join(left, newest))
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(good)
	flipped[len(good)/2] ^= 1
	for what, b := range map[string][]byte{"flipped": flipped, "cut": good[:len(good)-5], "empty": {}, "foreign": bytes.Repeat([]byte("x"), 999)} {
		dir := t.TempDir()
		if err := errors.Join(os.CopyFS(dir, os.DirFS(left)), os.WriteFile(filepath.Join(dir, newest), b, 0o644)); err != nil {
			t.Fatal(err)
		}
		m := loadTiny(t)
		h, err := Train(t.Context(), m, docs, labels, &Options{Epochs: 4, Checkpoints: &Checkpoints{Dir: dir, Every: 1}})
		if err != nil {
			t.Fatal(err)
		}
		if h.Resumed != 2 || len(h.Warnings) != 1 || !bytes.Equal(weights(m), weights(whole)) {
			t.Errorf("%s: resumed from %d with warnings %v", what, h.Resumed, h.Warnings)
		}
	}
}

// A run that ended is not run again: its one checkpoint has what it ended with, heads included.
func TestCheckpointOfAnEndedRun(t *testing.T) {
	docs, labels := calls(1, 20)
	unseen, theirs := calls(2, 12)
	var want []byte
	var query []float32
	dir := t.TempDir()
	for again := range 2 {
		m, scored := loadTiny(t), 0
		o := &Options{LoRA: 2, Epochs: 3, LearningRate: 1e-2, Attention: true, Checkpoints: &Checkpoints{Dir: dir, Every: 1}}
		o.Validation = &Validation{Docs: unseen, Labels: theirs, Interpolate: true, Score: func(context.Context, *encoder.Model) (float64, error) {
			scored++
			return []float64{0.5, 0.6, 0.55, 0.5, 0.65, 0.6, 0.5}[scored-1], nil
		}}
		h, err := Train(t.Context(), m, docs, labels, o)
		if err != nil {
			t.Fatal(err)
		}
		if names, err := list(dir); len(names) != 1 || err != nil {
			t.Errorf("%v in the folder, error %v; want one checkpoint", names, err)
		}
		if again == 0 {
			want, query = weights(m), m.Heads().Query
			continue
		}
		if scored > 0 || h.Resumed != h.Total || !bytes.Equal(weights(m), want) || !slices.Equal(m.Heads().Query, query) {
			t.Errorf("resumed from step %d of %d and scored %d times", h.Resumed, h.Total, scored)
		}
	}
}

func TestCheckpointsOfAnotherRun(t *testing.T) {
	docs, labels := calls(1, 8)
	o := Options{Checkpoints: &Checkpoints{Dir: t.TempDir()}}
	if _, err := Train(t.Context(), loadTiny(t), docs, labels, &o); err != nil {
		t.Fatal(err)
	}
	o.Seed = 1
	if _, err := Train(t.Context(), loadTiny(t), docs, labels, &o); err == nil || !strings.Contains(err.Error(), "another folder") {
		t.Errorf("error %v", err)
	}
}

// A folder that cannot be written costs a warning, not the run.
func TestCheckpointsUnwritable(t *testing.T) {
	docs, labels := calls(1, 8)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	h, err := Train(t.Context(), loadTiny(t), docs, labels, &Options{Epochs: 3, Checkpoints: &Checkpoints{Dir: filepath.Join(file, "x"), Every: 1}})
	if err != nil || len(h.Steps) != h.Total || len(h.Warnings) != 1 || !strings.Contains(h.Warnings[0].Text, "no checkpoint") {
		t.Errorf("history %+v, error %v", h, err)
	}
}

// ctx leaves a checkpoint of the last step, beside the one before.
func TestCheckpointWhenStopped(t *testing.T) {
	docs, labels := calls(1, 8)
	o := Options{Epochs: 9, Checkpoints: &Checkpoints{Dir: t.TempDir(), Every: 3}}
	stopped(t, 4, o)
	if names, err := list(o.Checkpoints.Dir); err != nil || len(names) != 2 || !strings.HasSuffix(names[1], "4") {
		t.Errorf("checkpoints %v, error %v", names, err)
	}
	if h, err := Train(t.Context(), loadTiny(t), docs, labels, &o); err != nil || h.Resumed != 4 {
		t.Errorf("resumed from %d, error %v", h.Resumed, err)
	}
}
