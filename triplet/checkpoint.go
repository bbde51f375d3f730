package triplet

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"unsafe"

	"github.com/org/salesconv/internal/atomicfile"
)

// Checkpoints say where a run keeps its state. A run that finds some of its own there goes on from the last, and gives
// the weights, bit for bit, of one that was never stopped; of a run that ended, what it ended with is kept and handed
// out. Those of another run, with other documents, options or weights to begin with, are an error. Each file is written
// whole or not at all and verified when it is read; a damaged one is passed over for the one before.
type Checkpoints struct {
	Dir   string
	Every int // steps; default 50. The last step, and ctx, leave one in any case.
	Keep  int // how many of the last are kept; default 2. A run that ended keeps one.
}

// A checkpoint file is the magic, the length of the state as JSON, the state, for each parameter that learns its weights,
// first and second moments, then with validation the best weights, all in little-endian float32, and the
// SHA-256 of everything before. That of a run that ended has the weights alone.
const (
	magic   = "salesconv checkpoint 2\n\x00"
	pattern = "checkpoint-????????"
)

// state is what a checkpoint says besides weights.
type state struct {
	Run     string   `json:"run"` // fingerprint
	Step    int      `json:"step"`
	Ended   bool     `json:"ended"`
	History *History `json:"history"`
}

// fingerprint tells runs apart: it is a hash of all that the weights depend on.
func (t *trainer) fingerprint(docs [][]string) (string, error) {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode([]any{magic, t.Options, fmt.Sprintf("%T", t.Objective), t.model.Heads(), t.labels, docs}); err != nil {
		return "", fmt.Errorf("triplet: %w", err)
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
	header, err := json.Marshal(state{t.run, t.step, t.ended, t.history})
	if err != nil {
		return err
	}
	pieces := [][]byte{[]byte(magic), binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header}
	for _, values := range t.values(t.ended) {
		pieces = append(pieces, asBytes(values))
	}
	for _, b := range pieces {
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

// resume takes up the last valid checkpoint, if there is one.
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
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := verify(f); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r := bufio.NewReaderSize(f, 1<<20)
	head := make([]byte, len(magic)+8)
	if _, err := io.ReadFull(r, head); err != nil {
		return err
	}
	if string(head[:len(magic)]) != magic {
		return damaged{errors.New("no checkpoint of this version")}
	}
	header := make([]byte, binary.LittleEndian.Uint64(head[len(magic):]))
	if _, err := io.ReadFull(r, header); err != nil {
		return err
	}
	var s state
	if err := json.Unmarshal(header, &s); err != nil {
		return damaged{err}
	}
	if s.Run != t.run {
		return errors.New("this checkpoint is of a run with other documents, labels, options or weights: choose another folder, or remove it")
	}
	for _, values := range t.values(s.Ended) {
		if _, err := io.ReadFull(r, asBytes(values)); err != nil {
			return err
		}
	}
	warnings := t.history.Warnings
	t.step, t.solver.steps, t.ended, t.history = s.Step, s.Step, s.Ended, s.History
	t.history.Warnings = append(t.history.Warnings, warnings...)
	return nil
}

// verify compares the checksum at the end of a file with that of the rest.
func verify(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	size := info.Size() - sha256.Size
	if size < int64(len(magic)) {
		return damaged{errors.New("too short for a checkpoint")}
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.LimitReader(f, size)); err != nil {
		return err
	}
	want, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	if !bytes.Equal(want, sum.Sum(nil)) {
		return damaged{errors.New("the checksum is wrong")}
	}
	return nil
}

// list returns the checkpoints of a folder, oldest first.
func list(dir string) ([]string, error) { return match(dir, pattern) }

// match returns what a folder has of a pattern, in order: nothing if there is no folder. Its own name is no pattern.
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
