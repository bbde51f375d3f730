package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/internal/atomicfile"
)

// unfinished is what a run leaves in its folder, that of -out, until it is done: tunings with their checkpoints, finished
// ones too, and whose they are. A run that was stopped or killed is taken up from there.
type unfinished struct{ out string }

// folder is where checkpoints are kept.
func (u unfinished) folder() string { return filepath.Join(u.out, checkpoints) }

const checkpoints = "checkpoints"

// everyStep is after how many steps a tuning leaves a checkpoint.
const everyStep = 10

// identityFile says whose tunings these are.
const identityFile = checkpoints + "/run.json"

// identity is what it holds.
type identity struct {
	Flags map[string]any `json:"flags"`
	Calls string         `json:"calls"` // SHA-256 of the labelled calls
}

// begin takes up what a run of the same flags and calls left, and says so, or makes ready for a new one. What a run
// with others left is an error.
func (u unfinished) begin(env *cli.Env, o *options, d *data) error {
	now, err := identify(o, d)
	if err != nil {
		return err
	}
	file := filepath.Join(u.out, identityFile)
	b, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := u.remove(); err != nil {
			return err
		}
		return atomicfile.WriteFile(file, func(w io.Writer) error { return json.NewEncoder(w).Encode(now) })
	case err != nil:
		return err
	}
	var before identity
	if err := json.Unmarshal(b, &before); err != nil {
		return fmt.Errorf("%s: %w; remove the folder to start over", file, err)
	}
	if what := before.differs(now); what != "" {
		return fmt.Errorf("%s holds a run that was not finished, %s: repeat it to go on, name another folder with -out, or remove this one to start over", u.folder(), what)
	}
	env.Notef("going on with the run that was not finished, from the checkpoints in %s", u.folder())
	return nil
}

// identify describes a run. Calls count by what they say, not by the name of their file.
func identify(o *options, d *data) (now identity, err error) {
	b, err := json.Marshal(o)
	if err != nil {
		return now, err
	}
	if err := json.Unmarshal(b, &now.Flags); err != nil {
		return now, err
	}
	delete(now.Flags, "data")
	now.Calls, err = study.Digest(d.Calls, d.Groups)
	return now, err
}

// differs says what another run has that this one has not, "" if nothing.
func (before identity) differs(now identity) string {
	for _, name := range slices.Sorted(maps.Keys(now.Flags)) {
		if was, is := before.Flags[name], now.Flags[name]; was != is {
			return fmt.Sprintf("with -%s %v instead of %v", name, was, is)
		}
	}
	if before.Calls != now.Calls {
		return "on other calls"
	}
	return ""
}

// any says whether there is anything to go on from.
func (u unfinished) any() bool {
	names, err := fs.Glob(os.DirFS(u.out), checkpoints+"/"+conversion.RunPattern+"/checkpoint-*")
	return err == nil && len(names) > 0
}

// remove takes the folder away, but for what others put there, and what a run that was killed while it wrote left.
func (u unfinished) remove() error {
	var all error
	for _, pattern := range []string{identityFile, checkpoints + "/" + conversion.RunPattern, checkpoints + "/.*.tmp", "models/.*.tmp*", "results/.*.tmp", probe + "*"} {
		names, err := fs.Glob(os.DirFS(u.out), pattern)
		all = errors.Join(all, err)
		for _, name := range names {
			all = errors.Join(all, os.RemoveAll(filepath.Join(u.out, name)))
		}
	}
	os.Remove(u.folder()) // fails where it holds anything else
	return all
}
