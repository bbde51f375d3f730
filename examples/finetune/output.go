package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/internal/atomicfile"
	"github.com/org/salesconv/internal/kernel"
)

// output is the directory of -out, which belongs to one process at a time. A run keeps its checkpoints there until it is
// done, in a directory of its own; one that was stopped or killed is resumed from them.
type output struct {
	dir    string
	unlock func() error
	run    string // name of the run's directory below checkpoints
}

const (
	checkpoints  = "checkpoints"
	identityFile = "run.json" // says whose checkpoints are in a directory
)

// everyStep is after how many steps a fine-tuning run leaves a checkpoint.
const everyStep = 10

// openOutput makes the directory and locks it, and removes what a process that was killed had not finished writing.
func openOutput(dir string) (*output, error) {
	unlock, err := atomicfile.Lock(dir)
	if err != nil {
		return nil, fmt.Errorf("-out: %w", err)
	}
	out := &output{dir: dir, unlock: unlock}
	if err := errors.Join(atomicfile.RemoveTemporary(dir), atomicfile.RemoveTemporary(out.results())); err != nil {
		return nil, errors.Join(err, unlock())
	}
	return out, nil
}

func (out *output) models() string  { return filepath.Join(out.dir, "models") }
func (out *output) results() string { return filepath.Join(out.dir, "results") }

// checkpoints is where this run keeps its own.
func (out *output) checkpoints() string { return filepath.Join(out.dir, checkpoints, out.run) }

// identity tells runs apart, by all that their bytes depend on.
type identity struct {
	Flags  map[string]any `json:"flags"`
	Calls  string         `json:"calls"`  // SHA-256 of the labelled calls; the name of their file does not count
	Kernel string         `json:"kernel"` // the back end: sums of another one differ in the last bits
}

func identify(o *options, d *data) (id identity, err error) {
	b, err := json.Marshal(o)
	if err != nil {
		return id, err
	}
	if err := decode(b, &id.Flags); err != nil {
		return id, err
	}
	delete(id.Flags, "data")
	id.Kernel = kernel.Backend()
	id.Calls, err = study.Digest(d.Calls, d.Groups)
	return id, err
}

// begin finds what a run of the same identity left and says so, or makes ready for a new one. What other runs left stays as it
// is, and is named.
func (out *output) begin(env *cli.Env, o *options, d *data) error {
	now, err := identify(o, d)
	if err != nil {
		return err
	}
	name, err := study.Digest(now)
	if err != nil {
		return err
	}
	out.run = name[:8]
	entries, err := os.ReadDir(filepath.Join(out.dir, checkpoints))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		other := filepath.Join(out.dir, checkpoints, e.Name())
		if e.Name() != out.run && kept(other) {
			env.Notef("%s holds the checkpoints of another run, %s: repeat it to resume it, or remove the directory", other, now.differs(other))
		}
	}
	if kept(out.checkpoints()) {
		env.Notef("resuming the run that was not finished, from the checkpoints in %s", out.checkpoints())
		return nil
	}
	return atomicfile.WriteFile(filepath.Join(out.checkpoints(), identityFile), func(w io.Writer) error { return json.NewEncoder(w).Encode(now) })
}

// differs says how the run whose checkpoints are in a directory differs from this one.
func (id identity) differs(dir string) string {
	var other identity
	b, err := os.ReadFile(filepath.Join(dir, identityFile))
	if err == nil {
		err = decode(b, &other)
	}
	if err != nil {
		return "of which nothing is known"
	}
	var how []string
	for _, name := range slices.Sorted(maps.Keys(other.Flags)) {
		switch theirs := other.Flags[name]; {
		case theirs == id.Flags[name]:
		case theirs == "" || theirs == false || theirs == json.Number("0"):
			how = append(how, "without -"+name)
		default:
			how = append(how, fmt.Sprintf("with -%s %v", name, theirs))
		}
	}
	if other.Calls != id.Calls {
		how = append(how, "on other calls")
	}
	if other.Kernel != id.Kernel {
		how = append(how, "on kernels for "+other.Kernel)
	}
	return strings.Join(how, ", ")
}

// decode reads JSON; numbers in maps keep all their digits.
func decode(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(v)
}

// kept reports whether there is anything to resume in a directory of checkpoints.
func kept(dir string) bool {
	names, err := fs.Glob(os.DirFS(dir), conversion.RunPattern+"/checkpoint-*")
	return err == nil && len(names) > 0
}

// write replaces the model and the results. The results of an older model go first: whenever the process is killed, those
// that are there are of the model that is there.
func (out *output) write(p *conversion.Predictor, r *results, took *took) error {
	dir := out.results()
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	back, drop, err := atomicfile.SetAside(dir, r.own)
	if err != nil {
		return err
	}
	if err := p.Save(out.models()); err != nil {
		return errors.Join(err, back())
	}
	r.Model = p.Version()
	return errors.Join(r.write(dir, took), drop())
}

// end removes the checkpoints of a run that is done, or has left none, and gives the directory to other processes. Otherwise
// it says how the run is resumed.
func (out *output) end(ctx context.Context, env *cli.Env, err error) error {
	switch {
	case out.run == "":
	case err == nil || !kept(out.checkpoints()):
		err = errors.Join(err, out.remove())
	case ctx.Err() != nil:
		env.Notef("what was trained so far is kept in %s: the same command resumes it", out.checkpoints())
	default:
		env.Notef("what was trained so far is kept in %s: once the error is mended the same command resumes it; or remove the directory to start over", out.checkpoints())
	}
	return errors.Join(err, out.unlock())
}

// remove removes the checkpoints of this run, and their directories unless others put something there.
func (out *output) remove() error {
	err := errors.Join(os.RemoveAll(filepath.Join(out.checkpoints(), identityFile)), atomicfile.RemoveTemporary(out.checkpoints()))
	runs, _ := fs.Glob(os.DirFS(out.checkpoints()), conversion.RunPattern)
	for _, run := range runs {
		err = errors.Join(err, os.RemoveAll(filepath.Join(out.checkpoints(), run)))
	}
	if os.Remove(out.checkpoints()) == nil { // fails where it holds anything else
		os.Remove(filepath.Join(out.dir, checkpoints))
	}
	return err
}
