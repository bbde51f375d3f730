package triplet

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unsafe"

	"github.com/org/salesconv/internal/atomicfile"
	"github.com/org/salesconv/internal/kernel"
)

// Checkpoints save the state of a run in a directory. A run that finds its own checkpoints there resumes from the last
// one, and gives the same weights, bit for bit, as an uninterrupted run; the checkpoint of a run that ended holds its
// result, which is returned. Each file is written atomically and verified when it is read: a damaged file is renamed,
// with a warning, and the checkpoint before it is used.
//
// A run's identity is its documents, labels, options and initial weights, and the kernel back end, whose sums differ in
// their last bits from other back ends'. A checkpoint of another run, of another version of this package, or with
// content that no run of this package writes is an error that names the file. The functions Progress and
// Validation.Score are not part of the identity: resuming with another Score is not detected.
//
// A directory is for one run at a time: it is an error if another process, or another run of this process, writes
// to it.
type Checkpoints struct {
	Dir string // is made if need be
	// Every is the number of steps between checkpoints; default 50; negative: none but the last. One is also written
	// after the last step, and when ctx ends the run.
	Every int
	Keep  int // number of checkpoints to keep; default 2. A run that ended keeps one.
}

// withDefaults validates a copy and fills in what is zero.
func (c Checkpoints) withDefaults() (*Checkpoints, error) {
	if c.Dir == "" {
		return nil, errors.New("triplet: Checkpoints.Dir is empty: name a directory")
	}
	if c.Every < 0 {
		c.Every = math.MaxInt
	}
	if err := cmp.Or(positive("Checkpoints.Every", &c.Every, 50, math.MaxInt), positive("Checkpoints.Keep", &c.Keep, 2, math.MaxInt32)); err != nil {
		return nil, fmt.Errorf("triplet: %w", err)
	}
	return &c, nil
}

// A checkpoint file is the magic, the length of the state as JSON, the state, for each trainable parameter its weights,
// first and second moments, then with validation the best weights, all in little-endian float32, and the SHA-256 of
// everything before. The checkpoint of a run that ended has the weights alone.
const (
	product = "salesconv checkpoint "
	magic   = product + "3\n\x00"
	pattern = "checkpoint-????????"
)

// longestState bounds the JSON of a state: a million steps and more.
const longestState = 256 << 20

// state is what a checkpoint holds besides weights.
type state struct {
	Run     string   `json:"run"` // fingerprint
	Backend string   `json:"backend"`
	Step    int      `json:"step"`
	Ended   bool     `json:"ended"`
	History *History `json:"history"`
}

// backend names the arithmetic that a run's bytes come from.
func backend() string { return kernel.Backend() + "/" + runtime.GOARCH }

// fingerprint is the identity of a run: a hash of all that the weights depend on, but for the back end.
func (t *trainer) fingerprint() (string, error) {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode([]any{magic, t.Options, fmt.Sprintf("%T", t.Objective), t.Lower != nil, t.model.Heads(), t.labels, t.documents}); err != nil {
		return "", fmt.Errorf("triplet: checkpoints need an Objective that can be encoded as JSON, such as a struct with its parameters as fields: %w", err)
	}
	for _, p := range t.model.Parameters() {
		io.WriteString(h, p.Name)
		h.Write(asBytes(p.Value.Float32s()))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// save writes the state of a run and removes the checkpoints that are too old to be kept.
func (t *trainer) save() error {
	c := t.Checkpoints
	name := filepath.Join(c.Dir, fmt.Sprintf("checkpoint-%08d", t.step))
	err := atomicfile.WriteFile(name, func(w io.Writer) error {
		sum := sha256.New()
		if err := t.write(io.MultiWriter(w, sum)); err != nil {
			return err
		}
		_, err := w.Write(sum.Sum(nil))
		return err
	})
	if err != nil {
		return err
	}
	keep := c.Keep
	if t.ended {
		keep = 1
	}
	names, err := list(c.Dir)
	for i := 0; err == nil && i < len(names)-keep; i++ {
		err = os.Remove(names[i])
	}
	return err
}

func (t *trainer) write(w io.Writer) error {
	header, err := json.Marshal(state{t.run, backend(), t.step, t.ended, t.history})
	if err != nil {
		return err
	}
	parts := [][]byte{[]byte(magic), binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header}
	for _, values := range t.values(t.ended) {
		parts = append(parts, asBytes(values))
	}
	for _, b := range parts {
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// values lists all numbers of a checkpoint in their order.
func (t *trainer) values(ended bool) (all [][]float32) {
	for _, p := range t.network.solvable {
		w := elements(p.Value())
		all = append(all, w)
		if !ended {
			m := t.solver.of(name(p), len(w))
			all = append(all, m.m, m.v)
		}
	}
	if ended {
		return all
	}
	return append(all, t.best...)
}

// resume sets the run to the last valid checkpoint, if there is one.
func (t *trainer) resume() error {
	c := t.Checkpoints
	names, err := list(c.Dir)
	if err != nil {
		return fmt.Errorf("triplet: %w", err)
	}
	leftovers, _ := match(c.Dir, "."+pattern+".*.tmp")
	for _, l := range leftovers { // of a run that was killed while it wrote
		os.Remove(l)
	}
	for _, file := range slices.Backward(names) {
		err := t.read(file)
		if err == nil {
			t.history.Resumed = t.step
			t.network.changed()
			return nil
		}
		var damage damaged
		if !errors.As(err, &damage) {
			return fmt.Errorf("triplet: %s: %w", file, err)
		}
		os.Rename(file, file+".damaged")
		t.warn("%s: %v: it was renamed and passed over", file, err)
	}
	return nil
}

// damaged is why a file is no checkpoint.
type damaged struct{ error }

// read sets the run to the state in a file. The file is verified before anything is changed.
func (t *trainer) read(file string) error {
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return cmp.Or(err, errors.New("this is no file: remove it, or choose another directory"))
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := verify(f)
	if err != nil {
		return err
	}
	s, from, err := readState(f, size)
	if err == nil {
		err = t.accept(s)
	}
	if err != nil {
		return err
	}
	values := t.values(s.Ended)
	want := int64(0)
	for _, v := range values {
		want += 4 * int64(len(v))
	}
	if size-from != want {
		return fmt.Errorf("it has %d bytes of weights, want %d: remove it", size-from, want)
	}
	for _, set := range []bool{false, true} {
		if err := readValues(io.NewSectionReader(f, from, want), values, set); err != nil {
			return err
		}
	}
	warnings := t.history.Warnings
	t.step, t.solver.steps, t.ended, t.history = s.Step, s.Step, s.Ended, s.History
	t.history.Warnings = append(t.history.Warnings, warnings...)
	return nil
}

// verify compares the checksum at the end of a file with the checksum of the rest, whose size it returns.
func verify(f *os.File) (size int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if size = info.Size() - sha256.Size; size < int64(len(magic)+8) {
		return 0, damaged{errors.New("too short for a checkpoint")}
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(f, 0, size)); err != nil {
		return 0, err
	}
	want := make([]byte, sha256.Size)
	if _, err := f.ReadAt(want, size); err != nil {
		return 0, err
	}
	if !bytes.Equal(want, sum.Sum(nil)) {
		return 0, damaged{errors.New("the checksum is wrong")}
	}
	return size, nil
}

// readState returns the state in a file of a right checksum, and where it ends.
func readState(f io.ReaderAt, size int64) (s state, end int64, err error) {
	r := io.NewSectionReader(f, 0, size)
	head := make([]byte, len(magic)+8)
	if _, err := io.ReadFull(r, head); err != nil {
		return s, 0, err
	}
	switch {
	case strings.HasPrefix(string(head), magic):
	case strings.HasPrefix(string(head), product):
		return s, 0, errors.New("this checkpoint is of another version of salesconv: end the run with that version, or remove it")
	default:
		return s, 0, errors.New("this is no checkpoint: remove it, or choose another directory")
	}
	n := binary.LittleEndian.Uint64(head[len(magic):])
	if n > longestState || int64(n) > size-int64(len(head)) {
		return s, 0, fmt.Errorf("its state is said to be %d bytes long, in a file of %d: remove it", n, size)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return s, 0, err
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, 0, fmt.Errorf("its state: %w: remove it", err)
	}
	return s, int64(len(head)) + int64(n), nil
}

// accept returns an error unless this run, with these documents and options, can be in a state.
func (t *trainer) accept(s state) error {
	if s.Run != t.run {
		return errors.New("this checkpoint is of a run with other documents, labels, options or weights: choose another directory, or remove it")
	}
	if s.Backend != backend() {
		return fmt.Errorf("this checkpoint was written with the kernel back end %s and this run has %s, which gives other bytes: resume it where the back end is %s (see SALESCONV_KERNEL), or remove it", s.Backend, backend(), s.Backend)
	}
	h, now := s.History, t.history
	wrong := func(what string, args ...any) error {
		return fmt.Errorf("%s: no run is in such a state: remove it", fmt.Sprintf(what, args...))
	}
	switch {
	case h == nil:
		return wrong("it has no history")
	case s.Step < 0 || s.Step > now.Total || len(h.Steps) != s.Step:
		return wrong("it is of step %d of %d and has %d steps in its history", s.Step, now.Total, len(h.Steps))
	case h.Total != now.Total || h.Documents != now.Documents || h.Segments != now.Segments || h.Tokens != now.Tokens || h.Splits != now.Splits:
		return wrong("its history is of other documents")
	case s.Ended && s.Step < now.Total && h.Stopped == "":
		return wrong("it ended with step %d of %d", s.Step, now.Total)
	}
	for i, step := range h.Steps {
		if step.Step != i+1 {
			return wrong("step %d of its history is numbered %d", i+1, step.Step)
		}
	}
	for i, e := range h.Evaluations {
		if e.Step != t.Validation.at(i, now.Total) || e.Step > s.Step {
			return wrong("evaluation %d of its history is of step %d", i, e.Step)
		}
	}
	if next := t.Validation.at(len(h.Evaluations), now.Total); next >= 0 && next < s.Step {
		return wrong("its history has no evaluation of step %d", next)
	}
	return nil
}

// readValues reads vectors end to end. Unless it is to set them it only returns an error if a number is not finite.
func readValues(r io.Reader, values [][]float32, set bool) error {
	buffer := make([]float32, 1<<16)
	for _, v := range values {
		for len(v) > 0 {
			part := buffer[:min(len(buffer), len(v))]
			if _, err := io.ReadFull(r, asBytes(part)); err != nil {
				return err
			}
			for _, x := range part {
				if x-x != 0 {
					return fmt.Errorf("it holds the weight %v: remove it", x)
				}
			}
			if set {
				copy(v, part)
			}
			v = v[len(part):]
		}
	}
	return nil
}

// list returns the checkpoints of a directory, oldest first.
func list(dir string) ([]string, error) { return match(dir, pattern) }

// match returns the files of a directory that match a pattern, in order: none if there is no directory. Its own name is
// no pattern.
func match(dir, pattern string) ([]string, error) {
	names, err := fs.Glob(os.DirFS(dir), pattern)
	for i, n := range names {
		names[i] = filepath.Join(dir, n)
	}
	return names, err
}

// asBytes is the memory of x, in the order of the machine: little-endian on all that are supported.
func asBytes(x []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
}
