package triplet

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/org/salesconv/encoder"
)

// childDir names the directory of the checkpoints to a test binary that is started again as a run to be killed.
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
	held, theirs := calls(2, 12)
	o := &Options{Epochs: 250, LearningRate: 1e-3, Validation: &Validation{Docs: held, Labels: theirs, Every: 50, Patience: -1, Interpolate: true}}
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
	t.Logf("killed %d times, last after step %d of %d; resumed from %d; best %d, interpolation %v", kills, last, h.Total, h.Resumed, h.Best, h.Interpolation)
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
		t.Errorf("%v and %v in the directory, want the last checkpoint", names, left)
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
		t.Fatalf("error %v, want the error of ctx", err)
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

// A run that ended is not run again: its one checkpoint has its result, heads included.
func TestCheckpointOfAnEndedRun(t *testing.T) {
	docs, labels := calls(1, 20)
	var want []byte
	var query []float32
	dir := t.TempDir()
	for again := range 2 {
		m, scored := loadTiny(t), 0
		o := &Options{LoRA: 2, Epochs: 3, LearningRate: 1e-2, Attention: true, Checkpoints: &Checkpoints{Dir: dir, Every: 1}}
		o.Validation = &Validation{Interpolate: true, Score: func(context.Context, *encoder.Model) (float64, error) {
			scored++
			return []float64{0.5, 0.6, 0.55, 0.5, 0.65, 0.6, 0.5}[scored-1], nil
		}}
		h, err := Train(t.Context(), m, docs, labels, o)
		if err != nil {
			t.Fatal(err)
		}
		if names, err := list(dir); len(names) != 1 || err != nil {
			t.Errorf("%v in the directory, error %v; want one checkpoint", names, err)
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
	if _, err := Train(t.Context(), loadTiny(t), docs, labels, &o); err == nil || !strings.Contains(err.Error(), "another directory") {
		t.Errorf("error %v", err)
	}
}

// A directory that cannot be written costs a warning, not the run.
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

// ctx leaves a checkpoint of the last step, after the one before.
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

// A run that ctx ends within a step leaves the weights of the step before and a checkpoint of it, and resumes to the bytes
// of one that was not stopped, within the loss of a batch that is run in parts.
func TestStopWithinStep(t *testing.T) {
	docs, labels := calls(1, 16)
	o := func() *Options {
		return &Options{Epochs: 4, BatchSize: 8, LearningRate: 1e-3, MemoryLimit: 1 << 20}
	}
	var at [][]byte // weights after each step
	m := loadTiny(t)
	with := o()
	with.Progress = func(Step) { at = append(at, weights(m)) }
	if _, err := Train(t.Context(), m, docs, labels, with); err != nil {
		t.Fatal(err)
	}
	for _, step := range []int{1, 2, 5} {
		reason := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		with, calls := o(), 0
		with.Checkpoints = &Checkpoints{Dir: t.TempDir()}
		with.Objective = watched{func() {
			if calls++; calls == step+1 {
				cancel(reason)
			}
		}}
		stopped := loadTiny(t)
		h, err := Train(ctx, stopped, docs, labels, with)
		if !errors.Is(err, reason) || !strings.Contains(err.Error(), fmt.Sprintf("stopped after step %d of 8", step)) || len(h.Steps) != step {
			t.Fatalf("%d steps, error %v", len(h.Steps), err)
		}
		if !bytes.Equal(weights(stopped), at[step-1]) {
			t.Errorf("step %d was applied in part", step+1)
		}
		resumed := loadTiny(t)
		if h, err := Train(t.Context(), resumed, docs, labels, with); err != nil || h.Resumed != step || !bytes.Equal(weights(resumed), at[7]) {
			t.Errorf("resumed from step %d, error %v", h.Resumed, err)
		}
	}
}

// watched is the default loss, and calls a function each time.
type watched struct{ called func() }

func (w watched) Evaluate(b *Batch) (float64, error) {
	w.called()
	return Loss{}.Evaluate(b)
}

// Validation is evaluated where it is due, however often the run was stopped while it was.
func TestStopWithinEvaluation(t *testing.T) {
	docs, labels := calls(1, 16)
	train := func(ctx context.Context, dir string, score func(call int) error) (*encoder.Model, *History, error) {
		m, calls := loadTiny(t), 0
		o := &Options{Epochs: 3, BatchSize: 8, LearningRate: 1e-3, Checkpoints: &Checkpoints{Dir: dir, Every: 2}}
		o.Validation = &Validation{Every: 2, Patience: -1, Interpolate: true, Score: func(_ context.Context, m *encoder.Model) (float64, error) {
			calls++
			w := elements(m.Parameters()[0].Value)
			return float64(w[16*5]), score(calls)
		}}
		h, err := Train(ctx, m, docs, labels, o)
		return m, h, err
	}
	none := func(int) error { return nil }
	want, history, err := train(t.Context(), t.TempDir(), none)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for range 12 { // each is stopped in its second evaluation, so each takes the run one evaluation further
		ctx, cancel := context.WithCancel(t.Context())
		_, _, err := train(ctx, dir, func(call int) error {
			if call == 2 {
				cancel()
				return ctx.Err()
			}
			return nil
		})
		if cancel(); err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	m, h, err := train(t.Context(), dir, none)
	if err != nil || !bytes.Equal(weights(m), weights(want)) || !slices.Equal(h.Evaluations, history.Evaluations) || h.Best != history.Best {
		t.Errorf("evaluations %v, best %d, error %v; want %v, %d", h.Evaluations, h.Best, err, history.Evaluations, history.Best)
	}
}

// rewritten returns a checkpoint with another state and length of it, and a right checksum.
func rewritten(good []byte, change func(state []byte) []byte, length func(int) uint64) []byte {
	head := len(magic) + 8
	n := int(binary.LittleEndian.Uint64(good[len(magic):]))
	state := change(bytes.Clone(good[head : head+n]))
	b := binary.LittleEndian.AppendUint64([]byte(magic), length(len(state)))
	b = append(append(b, state...), good[head+n:len(good)-sha256.Size]...)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

func exact(n int) uint64 { return uint64(n) }

// A valid checksum over content that no run writes is an error that names the file, and leaves model and file as they
// were.
func TestCheckpointsWrong(t *testing.T) {
	docs, labels := calls(1, 8)
	held, theirs := calls(2, 8)
	o := &Options{Epochs: 4, Validation: &Validation{Docs: held, Labels: theirs, Every: 2, Patience: -1}}
	dir := t.TempDir()
	o.Checkpoints = &Checkpoints{Dir: dir, Every: 1}
	stopped(t, 3, *o)
	good, err := os.ReadFile(filepath.Join(dir, "checkpoint-00000003"))
	if err != nil {
		t.Fatal(err)
	}
	edit := func(from, to string) []byte {
		return rewritten(good, func(s []byte) []byte {
			if !bytes.Contains(s, []byte(from)) {
				t.Fatalf("no %s in %s", from, s)
			}
			return bytes.Replace(s, []byte(from), []byte(to), 1)
		}, exact)
	}
	same := func(s []byte) []byte { return s }
	checksum := func(b []byte) []byte {
		sum := sha256.Sum256(b)
		return append(b, sum[:]...)
	}
	nan := bytes.Clone(good[:len(good)-sha256.Size])
	copy(nan[len(nan)-4:], []byte{0, 0, 0xc0, 0x7f})
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"length of 2^64-1":    {rewritten(good, same, func(int) uint64 { return math.MaxUint64 }), "said to be 18446744073709551615 bytes long"},
		"length of 2^63":      {rewritten(good, same, func(int) uint64 { return 1 << 63 }), "bytes long"},
		"length of 2^36":      {rewritten(good, same, func(int) uint64 { return 1 << 36 }), "bytes long"},
		"length of 0":         {rewritten(good, same, func(int) uint64 { return 0 }), "its state: unexpected end"},
		"length of 1 more":    {rewritten(good, same, func(n int) uint64 { return uint64(n + 1) }), "its state: invalid"},
		"no JSON":             {rewritten(good, func([]byte) []byte { return []byte("{") }, exact), "its state: unexpected end"},
		"no state":            {rewritten(good, func([]byte) []byte { return []byte("null") }, exact), "another directory"},
		"history null":        {rewritten(good, func(s []byte) []byte { return append(s[:bytes.Index(s, []byte(`"history":`))], `"history":null}`...) }, exact), "it has no history"},
		"negative step":       {edit(`"step":3,`, `"step":-3,`), "of step -3 of 4"},
		"step beyond the end": {edit(`"step":3,`, `"step":5,`), "of step 5 of 4"},
		"step before":         {edit(`"step":3,`, `"step":2,`), "of step 2 of 4 and has 3 steps"},
		"steps out of order":  {edit(`"step":2,"epoch"`, `"step":1,"epoch"`), "step 2 of its history is numbered 1"},
		"other documents":     {edit(`"documents":8,"segments"`, `"documents":9,"segments"`), "other documents"},
		"ended early":         {edit(`"ended":false`, `"ended":true`), "it ended with step 3 of 4"},
		"evaluations missing": {edit(`"evaluations":[`, `"other":[`), "has no evaluation of step 0"},
		"evaluation too late": {edit(`{"step":2,"score"`, `{"step":3,"score"`), "evaluation 1 of its history is of step 3"},
		"other back end":      {edit(`"backend":"`+backend(), `"backend":"abacus/greek`), "written with the kernel back end abacus/greek and this run has " + backend()},
		"weights cut":         {checksum(bytes.Clone(good[:len(good)-sha256.Size-4])), "bytes of weights, want"},
		"weights added":       {checksum(append(bytes.Clone(good[:len(good)-sha256.Size]), 0, 0, 0, 0)), "bytes of weights, want"},
		"a weight of NaN":     {checksum(nan), "holds the weight NaN"},
		"another version":     {checksum(bytes.Replace(good[:len(good)-sha256.Size], []byte(magic), []byte(product+"2\n\x00"), 1)), "of another version"},
		"another file":        {checksum(bytes.Repeat([]byte("x"), 999)), "no checkpoint"},
	} {
		o.Checkpoints.Dir = t.TempDir()
		file := filepath.Join(o.Checkpoints.Dir, "checkpoint-00000003")
		if err := os.WriteFile(file, c.file, 0o644); err != nil {
			t.Fatal(err)
		}
		m := loadTiny(t)
		before := weights(m)
		_, err := Train(t.Context(), m, docs, labels, o)
		if err == nil || !strings.HasPrefix(err.Error(), "triplet: "+file) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
		if b, err := os.ReadFile(file); err != nil || !bytes.Equal(b, c.file) || !bytes.Equal(weights(m), before) {
			t.Errorf("%s: model or file changed, error %v", name, err)
		}
	}
	o.Checkpoints.Dir = t.TempDir()
	if err := os.Mkdir(filepath.Join(o.Checkpoints.Dir, "checkpoint-00000003"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Train(t.Context(), loadTiny(t), docs, labels, o); err == nil || !strings.Contains(err.Error(), "this is no file") {
		t.Errorf("a directory: error %v", err)
	}
}

// Whatever the state and its length are, reading gives an error and changes nothing, or a state that the run can be in.
func FuzzCheckpoint(f *testing.F) {
	docs, labels := calls(1, 8)
	held, theirs := calls(2, 8)
	o := &Options{Epochs: 4, Validation: &Validation{Docs: held, Labels: theirs, Every: 2, Patience: -1}, Checkpoints: &Checkpoints{Dir: f.TempDir(), Every: 1}}
	m := loadTiny(f)
	if _, err := Train(f.Context(), m, docs, labels, o); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(o.Checkpoints.Dir, "checkpoint-00000004"))
	if err != nil {
		f.Fatal(err)
	}
	m = loadTiny(f)
	tr, err := newTrainer(m, tokenized(f, m, docs), labels, o)
	if err != nil {
		f.Fatal(err)
	}
	before, initial, history := weights(m), copies(tr.network.solvable), *tr.history
	rewritten(good, func(state []byte) []byte {
		f.Add(state, int64(0))
		f.Add(bytes.Replace(state, []byte(tr.run), nil, 1), int64(1)<<36)
		f.Add(bytes.Replace(state, []byte(`"ended":true`), []byte(`"ended":false`), 1), int64(-1))
		return state
	}, exact)
	file := filepath.Join(f.TempDir(), "checkpoint-00000004")
	f.Fuzz(func(t *testing.T, state []byte, more int64) {
		b := rewritten(good, func([]byte) []byte { return state }, func(n int) uint64 { return uint64(int64(n) + more) })
		if err := os.WriteFile(file, b, 0o644); err != nil {
			t.Fatal(err)
		}
		fresh := history
		tr.history, tr.step, tr.ended = &fresh, 0, false
		err := tr.read(file)
		if err != nil && (tr.step != 0 || !bytes.Equal(weights(m), before)) {
			t.Fatalf("the run changed, error %v", err)
		}
		if err == nil && (tr.step < 0 || tr.step > tr.history.Total || len(tr.history.Steps) != tr.step) {
			t.Fatalf("step %d of %d with %d steps", tr.step, tr.history.Total, len(tr.history.Steps))
		}
		if err == nil {
			for i, p := range tr.network.solvable {
				copy(elements(p.Value()), initial[i])
			}
		}
	})
}

// Two runs do not share a directory.
func TestCheckpointsLocked(t *testing.T) {
	docs, labels := calls(1, 8)
	o := Options{Epochs: 2, Checkpoints: &Checkpoints{Dir: t.TempDir()}}
	outer := o
	outer.Progress = func(s Step) {
		if _, err := Train(t.Context(), loadTiny(t), docs, labels, &o); err == nil || !strings.Contains(err.Error(), "is being written to by") {
			t.Errorf("error %v", err)
		}
	}
	if _, err := Train(t.Context(), loadTiny(t), docs, labels, &outer); err != nil {
		t.Fatal(err)
	}
	if h, err := Train(t.Context(), loadTiny(t), docs, labels, &o); err != nil || h.Resumed != 2 {
		t.Errorf("error %v", err)
	}
}
