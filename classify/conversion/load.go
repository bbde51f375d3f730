package conversion

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/encoder/minilm"
	"github.com/org/salesconv/transcript"
)

// Load reads what Save wrote to a directory, os.DirFS("out/models") for example, or to the directory models below it.
// A directory that is missing, incomplete, changed, of another format or a mixture of two predictors is an error that
// names the file. No file outside it is opened. Files are read concurrently.
func Load(fsys fs.FS) (*Predictor, error) {
	if fsys == nil {
		return nil, errors.New("conversion: no directory to load from: the file system is nil")
	}
	p, err := load(fsys)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("conversion: %w: want a directory that finetune or Predictor.Save has finished", err)
	case err != nil:
		return nil, fmt.Errorf("conversion: %w", err)
	}
	return p, nil
}

// Fingerprint returns a string that changes when a file that Save wrote to the directory, or to the directory models
// below it, is renamed or changes its size or modification time. It opens no file, so a program can watch a directory and
// load it only when the fingerprint has changed.
func Fingerprint(fsys fs.FS) (string, error) {
	fsys, err := holder(fsys)
	var b strings.Builder
	if err == nil {
		err = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := fs.Stat(fsys, name) // of what a link leads to
			if err == nil {
				fmt.Fprintf(&b, "%q %d %d\n", name, info.Size(), info.ModTime().UnixNano())
			}
			return err
		})
	}
	if err != nil {
		return "", fmt.Errorf("conversion: %w", err)
	}
	return b.String(), nil
}

// holder is the directory that holds the predictor: the given one, or models below it.
func holder(fsys fs.FS) (fs.FS, error) {
	if _, err := fs.Stat(fsys, manifestFile); errors.Is(err, fs.ErrNotExist) {
		if _, err := fs.Stat(fsys, "models/"+manifestFile); err == nil {
			return fs.Sub(fsys, "models")
		}
	}
	return fsys, nil
}

func load(fsys fs.FS) (*Predictor, error) {
	fsys, err := holder(fsys)
	if err != nil {
		return nil, err
	}
	m, version, err := readManifest(fsys)
	if err != nil {
		return nil, err
	}
	p := &Predictor{words: new(transcript.TFIDF), background: m.Background, limits: m.Limits, info: m.Info}
	p.version.Store(&version)
	var changed, heads, tuned, generic error
	var wg sync.WaitGroup
	wg.Go(func() { changed = m.verify(fsys) })
	wg.Go(func() { heads = p.readHeads(fsys) })
	wg.Go(func() { tuned = p.readTuned(fsys, m) })
	generic = p.readGeneric(fsys, m)
	wg.Wait()
	if err := cmp.Or(changed, heads, tuned, generic); err != nil { // that a file was changed says more than what is wrong with it
		return nil, err
	}
	p.remember(0)
	if err := p.check(); err != nil {
		return nil, err
	}
	if readByBoth(p.blocks) {
		p.share()
	}
	return p, nil
}

// readHeads reads the terms and the classifiers.
func (p *Predictor) readHeads(fsys fs.FS) (err error) {
	if err := readJSON(fsys, wordsFile, p.words); err != nil {
		return err
	}
	p.known = setOf(p.words.Terms())
	if p.stack, err = readStack(fsys, classifierFile); err != nil {
		return err
	}
	p.during, err = readStack(fsys, duringFile)
	return err
}

// readManifest returns predictor.json and the version, which is its hash.
func readManifest(fsys fs.FS) (*manifest, string, error) {
	b, err := fs.ReadFile(fsys, manifestFile)
	if err != nil {
		return nil, "", err
	}
	var of struct{ Format int }
	if err := json.Unmarshal(b, &of); err != nil {
		return nil, "", fmt.Errorf("%s: %w", manifestFile, err)
	}
	if of.Format != format {
		age := "an earlier"
		if of.Format > format {
			age = "a later"
		}
		return nil, "", fmt.Errorf("%s: saved by %s version of this package, in format %d instead of %d: train again with finetune", manifestFile, age, of.Format, format)
	}
	m := new(manifest)
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(m); err != nil {
		return nil, "", fmt.Errorf("%s was changed, or the predictor was saved by another version of this package: train it again with finetune (%w)", manifestFile, err)
	}
	if d := m.Data; d.Won < 1 || d.Won >= d.Calls {
		return nil, "", fmt.Errorf("%s: trained on %d calls, %d won: want some won and some lost", manifestFile, m.Data.Calls, m.Data.Won)
	}
	if m.DuringCall == nil {
		return nil, "", fmt.Errorf("%s: during_call is missing", manifestFile)
	}
	if err := m.DuringCall.validate(); err != nil {
		return nil, "", fmt.Errorf("%s: %w", manifestFile, err)
	}
	var c created
	if err := readJSON(fsys, createdFile, &c); err != nil {
		return nil, "", err
	}
	if m.Created = c.Created; c.Version != digest(b) {
		return nil, "", fmt.Errorf("%s is of another predictor than %s, or was changed", createdFile, manifestFile)
	}
	return m, c.Version, nil
}

// verify returns an error unless the files are those that were saved together.
func (m *manifest) verify(fsys fs.FS) error {
	found := map[string]string{}
	for _, name := range []string{classifierFile, duringFile, wordsFile, tunedDir, genericDir} {
		files, err := hashes(fsys, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		maps.Copy(found, files)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		switch hash, ok := found[name]; {
		case !ok:
			return fmt.Errorf("%s is missing, which %s lists: %w", name, manifestFile, fs.ErrNotExist)
		case hash != m.Files[name]:
			return fmt.Errorf("%s is not the file that was saved with %s: it was changed, or is of another training", name, manifestFile)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if m.Files[name] == "" {
			return fmt.Errorf("%s does not belong to the predictor: %s does not list it", name, manifestFile)
		}
	}
	return nil
}

func (m *manifest) has(dir string) bool {
	return m.Files[path.Join(dir, "modules.json")] != ""
}

// readTuned reads the fine-tuned encoder, if there is one.
func (p *Predictor) readTuned(fsys fs.FS, m *manifest) (err error) {
	if m.has(tunedDir) {
		p.tuned, err = readEncoder(fsys, tunedDir)
	}
	return err
}

// readGeneric reads the generic encoder, which may be the embedded one.
func (p *Predictor) readGeneric(fsys fs.FS, m *manifest) (err error) {
	if m.has(genericDir) {
		p.generic, err = readEncoder(fsys, genericDir)
		return err
	}
	if p.info.Encoder.SHA256 != embeddedSHA256 {
		return fmt.Errorf("%s: the predictor was trained with another encoder than the one embedded in this program", manifestFile)
	}
	p.embedded = true
	p.generic, err = encoder.Load(minilm.FS())
	return err
}

func readEncoder(fsys fs.FS, dir string) (*encoder.Model, error) {
	sub, err := fs.Sub(fsys, dir)
	if err != nil {
		return nil, err
	}
	m, err := encoder.Load(sub)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return m, nil
}

func readStack(fsys fs.FS, name string) (*classify.Stack, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c, err := classify.Load(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	stack, ok := c.(*classify.Stack)
	if !ok {
		return nil, fmt.Errorf("%s: a %s, want a stack of heads", name, strings.TrimPrefix(fmt.Sprintf("%T", c), "*classify."))
	}
	return stack, nil
}

func readJSON(fsys fs.FS, name string, v any) error {
	b, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// check returns an error unless the parts of a loaded predictor fit together.
func (p *Predictor) check() (err error) {
	if p.blocks, err = read(p.stack); err != nil {
		return fmt.Errorf("%s: %w", classifierFile, err)
	}
	for i, b := range p.blocks {
		width := len(p.known)
		m, _ := p.encoder(b.source)
		if b.source != wordCounts {
			if m == nil {
				return fmt.Errorf("%s: head %q reads embeddings of %s, which is missing", classifierFile, b.key, tunedDir)
			}
			width = len(b.parts(m)) * m.Width()
		}
		if h := p.stack.Heads[i]; h.Columns != width {
			return fmt.Errorf("%s: head %q reads %d columns, want %d", classifierFile, b.key, h.Columns, width)
		}
		if n := len(p.background[b.key]); b.centered(m) && n != width {
			return fmt.Errorf("%s: the background of %q has %d numbers, want %d", manifestFile, b.key, n, width)
		}
	}
	return p.checkDuring()
}

// checkDuring returns an error unless the model of calls in progress reads each generic block twice.
func (p *Predictor) checkDuring() error {
	generic := p.genericOnes()
	if len(p.during.Heads) != 2*len(generic) {
		return fmt.Errorf("%s: %d heads, want %d", duringFile, len(p.during.Heads), 2*len(generic))
	}
	for k, h := range p.during.Heads {
		name, width := generic[k%len(generic)].key+beginningsSuffix, p.stack.Heads[k%len(generic)].Columns
		if k >= len(generic) {
			name = generic[k-len(generic)].key + wholeSuffix
		}
		if h.Name != name || h.Columns != width {
			return fmt.Errorf("%s: head %q reads %d columns, want %q to read %d", duringFile, h.Name, h.Columns, name, width)
		}
	}
	return nil
}
