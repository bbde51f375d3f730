package conversion

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/encoder/minilm"
	"github.com/org/salesconv/internal/atomicfile"
	"github.com/org/salesconv/transcript"
)

// Files of a saved pipeline.
const (
	manifestFile   = "predictor.json"
	classifierFile = "classifier.json"
	wordsFile      = "words.json"
	tunedFolder    = "fine_tuned_embeddings"
	genericFolder  = "generic_embeddings"
)

// manifest is what predictor.json holds.
type manifest struct {
	Generic    string    `json:"generic_encoder"`              // folder, or "" for the embedded all-MiniLM-L6-v2
	Tuned      string    `json:"fine_tuned_encoder,omitempty"` // folder; "": none
	Background []float64 `json:"background"`                   // of explanations
}

// Save writes the pipeline into a folder, which is made if need be. The manifest comes last, so a folder that
// was not finished is not read as a whole one.
func (p *Pipeline) Save(dir string) error {
	m := manifest{Background: p.Background}
	if p.Tuned != nil {
		m.Tuned = tunedFolder
		if err := p.Tuned.Save(filepath.Join(dir, tunedFolder)); err != nil {
			return err
		}
	}
	if !p.embedded {
		m.Generic = genericFolder
		if err := p.Generic.Save(filepath.Join(dir, genericFolder)); err != nil {
			return err
		}
	}
	if err := atomicfile.WriteFile(filepath.Join(dir, classifierFile), p.Stack.Save); err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(dir, wordsFile), p.Words); err != nil {
		return err
	}
	return writeJSON(filepath.Join(dir, manifestFile), m)
}

// Save writes the pipeline, and the tuned encoder also where the stack does without it.
func (f *Fit) Save(dir string) error {
	if f.Tuning != nil && f.Tuned == nil {
		if err := f.Tuning.Model.Save(filepath.Join(dir, tunedFolder)); err != nil {
			return err
		}
	}
	return f.Pipeline.Save(dir)
}

func writeJSON(path string, v any) error {
	return atomicfile.WriteFile(path, func(w io.Writer) error { return json.NewEncoder(w).Encode(v) })
}

// Load reads what Save wrote to the folder, or to the folder models below it.
func Load(dir string) (*Pipeline, error) {
	if info, err := os.Stat(filepath.Join(dir, "models")); err == nil && info.IsDir() {
		dir = filepath.Join(dir, "models")
	}
	p, err := load(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w; it is not a folder of models that finetune has finished", err)
	}
	return p, err
}

func load(dir string) (*Pipeline, error) {
	var m manifest
	if err := readJSON(filepath.Join(dir, manifestFile), &m); err != nil {
		return nil, err
	}
	p := &Pipeline{Words: new(transcript.TFIDF), Background: m.Background, embedded: m.Generic == ""}
	if err := readJSON(filepath.Join(dir, wordsFile), p.Words); err != nil {
		return nil, err
	}
	var err error
	if p.Stack, err = readStack(filepath.Join(dir, classifierFile)); err != nil {
		return nil, err
	}
	generic := minilm.FS()
	if m.Generic != "" {
		generic = os.DirFS(filepath.Join(dir, m.Generic))
	}
	if p.Generic, err = encoder.Load(generic); err != nil {
		return nil, err
	}
	if m.Tuned != "" {
		if p.Tuned, err = encoder.Load(os.DirFS(filepath.Join(dir, m.Tuned))); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(dir, m.Tuned), err)
		}
	}
	p.remember(0)
	return p, p.check(dir)
}

func readStack(path string) (*classify.Stack, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c, err := classify.Load(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	stack, ok := c.(*classify.Stack)
	if !ok {
		return nil, fmt.Errorf("%s: a %T, want a stack of heads", path, c)
	}
	return stack, nil
}

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// check says whether the parts of a saved pipeline fit together.
func (p *Pipeline) check(dir string) error {
	want := []classify.Head{{Name: Words, Columns: len(p.Words.Terms())}}
	for _, name := range []string{TurnMean, LastTurns, Trend} {
		want = append(want, classify.Head{Name: name, Columns: p.Generic.Width()})
	}
	if p.Tuned != nil {
		want = append(want, classify.Head{Name: TunedMean, Columns: p.Tuned.Width()})
	}
	if len(p.Stack.Heads) != len(want) {
		return fmt.Errorf("%s: the classifier has %d heads, want %d: its files are of different trainings", dir, len(p.Stack.Heads), len(want))
	}
	columns := 0
	for i, h := range p.Stack.Heads {
		if h.Name != want[i].Name || h.Columns != want[i].Columns {
			return fmt.Errorf("%s: head %d of the classifier reads %d columns of %q, want %d of %q: its files are of different trainings",
				dir, i, h.Columns, h.Name, want[i].Columns, want[i].Name)
		}
		columns += h.Columns
	}
	if len(p.Background) != columns-want[0].Columns {
		return fmt.Errorf("%s: a background of %d numbers, want %d", filepath.Join(dir, manifestFile), len(p.Background), columns-want[0].Columns)
	}
	return nil
}
