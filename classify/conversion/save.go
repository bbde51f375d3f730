package conversion

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/org/salesconv/internal/atomicfile"
)

// Files of a saved predictor.
const (
	manifestFile   = "predictor.json"
	createdFile    = "created.json"
	classifierFile = "classifier.json"
	duringFile     = "during_call.json"
	wordsFile      = "words.json"
	tunedDir       = "fine_tuned_embeddings"
	genericDir     = "generic_embeddings"
)

// saved are the files and directories of a saved predictor.
var saved = []string{manifestFile, createdFile, classifierFile, duringFile, wordsFile, tunedDir, genericDir}

// manifest is what predictor.json holds.
type manifest struct {
	Info
	Background map[string][]float64 `json:"background"` // of explanations
	Limits     limits               `json:"limits"`     // of warnings
	// Files are the SHA-256 hashes of all other files but created.json, by their paths.
	Files map[string]string `json:"files"`
}

// created is what created.json holds: what differs from run to run.
type created struct {
	Created time.Time `json:"created"`
	Version string    `json:"version"`
}

// Save writes the predictor as a directory that Load reads: predictor.json (what it is, and the hashes of all other
// files), classifier.json, during_call.json, words.json, created.json, the fine-tuned encoder as fine_tuned_embeddings, which
// sentence-transformers opens too, and the generic one as generic_embeddings unless it is the embedded one.
//
// The directory is replaced atomically: the new one is written alongside, exchanged with the old one, and the old one is
// removed. An existing directory that holds anything but a saved predictor is an error. words.json holds words of the
// training calls.
func (p *Predictor) Save(dir string) error {
	if p == nil || p.stack == nil {
		return errNoPredictor
	}
	own := func(name string) bool { return slices.Contains(saved, name) }
	if err := atomicfile.WriteDir(dir, own, p.write); err != nil {
		return fmt.Errorf("conversion: save: %w", err)
	}
	return nil
}

// write writes all files, the manifest and the date last.
func (p *Predictor) write(dir string) error {
	if p.tuned != nil {
		if err := p.saveTuned(filepath.Join(dir, tunedDir)); err != nil {
			return err
		}
	}
	if !p.embedded {
		if err := p.generic.Save(filepath.Join(dir, genericDir)); err != nil {
			return err
		}
	}
	if err := atomicfile.WriteFile(filepath.Join(dir, classifierFile), p.stack.Save); err != nil {
		return err
	}
	if err := atomicfile.WriteFile(filepath.Join(dir, duringFile), p.during.Save); err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(dir, wordsFile), p.words); err != nil {
		return err
	}
	m, err := p.manifest(os.DirFS(dir))
	if err != nil {
		return err
	}
	if err := writeBytes(filepath.Join(dir, manifestFile), m); err != nil {
		return err
	}
	version := digest(m)
	p.version.Store(&version)
	return writeJSON(filepath.Join(dir, createdFile), created{p.info.Created, version})
}

// manifest describes the files of a saved predictor.
func (p *Predictor) manifest(dir fs.FS) ([]byte, error) {
	files, err := hashes(dir, ".")
	if err != nil {
		return nil, err
	}
	return json.MarshalIndent(manifest{p.info, p.background, p.limits, files}, "", "  ")
}

// hashes are the SHA-256 of all files below a directory, by their paths.
func hashes(fsys fs.FS, dir string) (map[string]string, error) {
	all := map[string]string{}
	return all, fs.WalkDir(fsys, dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := fsys.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil {
			return err
		}
		all[path] = hex.EncodeToString(h.Sum(nil))
		return nil
	})
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func writeJSON(path string, v any) error {
	return atomicfile.WriteFile(path, func(w io.Writer) error { return json.NewEncoder(w).Encode(v) })
}

func writeBytes(path string, b []byte) error {
	return atomicfile.WriteFile(path, func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(b))
		return err
	})
}
