package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/internal/atomicfile"
)

// Directories below the one of -models.
const (
	modelsDir      = "models"
	versionsDir    = "versions"
	candidateDir   = "candidate" // below versions, until its version is known
	checkpointsDir = "retrain-checkpoints"
)

// versions are all versions of a predictor in a directory, and the one that serves.
type versions struct {
	dir     string
	serving *conversion.Predictor
}

// openVersions reads the version that serves.
func openVersions(dir string) (*versions, error) {
	v := &versions{dir: dir}
	var err error
	if v.serving, err = v.read(modelsDir); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, modelsDir), err)
	}
	return v, nil
}

func (v *versions) path(names ...string) string {
	return filepath.Join(append([]string{v.dir}, names...)...)
}

func (v *versions) read(names ...string) (*conversion.Predictor, error) {
	return conversion.Load(os.DirFS(v.path(names...)))
}

// clean removes what a run that was killed did not finish writing.
func (v *versions) clean() error {
	return errors.Join(atomicfile.RemoveTemporary(v.dir), atomicfile.RemoveTemporary(v.path(versionsDir)), os.RemoveAll(v.path(versionsDir, candidateDir)))
}

// keep saves a predictor among the versions, and gives it its version.
func (v *versions) keep(p *conversion.Predictor) error {
	if version := p.Version(); version != "" {
		if _, err := os.Stat(v.path(versionsDir, version)); err == nil {
			return nil
		}
	}
	candidate := v.path(versionsDir, candidateDir)
	if err := p.Save(candidate); err != nil {
		return err
	}
	place := v.path(versionsDir, p.Version())
	if _, err := os.Stat(place); err == nil {
		return os.RemoveAll(candidate)
	}
	return os.Rename(candidate, place)
}

// serve lets a version serve.
func (v *versions) serve(version string) error {
	p, err := v.read(versionsDir, version)
	if err != nil {
		return fmt.Errorf("%s: %w", v.path(versionsDir, version), err)
	}
	if p.Version() != version {
		return fmt.Errorf("%s holds version %s", v.path(versionsDir, version), p.Version())
	}
	if err := p.Save(v.path(modelsDir)); err != nil {
		return err
	}
	v.serving = p
	return nil
}
