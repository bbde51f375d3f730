package encoder

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sync"
	"sync/atomic"

	"gorgonia.org/tensor"

	"github.com/org/salesconv/internal/kernel"
	"github.com/org/salesconv/internal/ops"
)

// Model is a sentence encoder: a tokenizer, the weights of a BERT network, and the pooling of its output to one embedding
// a text. Its methods are safe for concurrent use, as long as nothing changes the weights meanwhile.
type Model struct {
	config     *Config
	parameters []Parameter
	saved      []Parameter // the same, and what only Save uses
	layouts    []layout    // where each of saved is kept
	tokenizer  *Tokenizer
	files      map[string][]byte // keptFiles
	heads      *Heads
	card       Card

	packs      *ops.Packs[float32]
	generation atomic.Uint64 // of the weights

	mu     sync.Mutex
	idle   []*inference         // graphs that no call is using
	lowest *weightsHash         // at most one is kept
	pools  map[int]*kernel.Pool // by their number of goroutines
}

var errNoFiles = errors.New("encoder: nil file system, want a model's, such as os.DirFS of its directory")

// keptFiles are written by [Model.Save] as they were read.
var keptFiles = []string{"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", promptsFile}

// Load reads a model from a directory in the layout of sentence-transformers: modules.json and what it names, which is a
// Transformer (config.json, tokenizer.json, model.safetensors in F32, F16 or BF16), a Pooling and any of Dense and
// Normalize; [Heads] too, if there are any. The directory may be the embedded one of package minilm, os.DirFS of a
// directory, or a zip file. Its settings act as in sentence-transformers 6.2 with transformers 5.23:
// tokenizer_config.json overrides tokenizer.json, and default prompts, truncate_dim and processing_kwargs are applied. An
// unknown key is an error that names it, as is anything missing, damaged, not finite or of another architecture.
func Load(fsys fs.FS) (*Model, error) {
	if fsys == nil {
		return nil, errNoFiles
	}
	if err := kernel.Check(); err != nil {
		return nil, fmt.Errorf("encoder: %w", err)
	}
	config, err := readConfig(fsys)
	if err != nil {
		return nil, err
	}
	if err := config.readTokenizerConfig(fsys); err != nil {
		return nil, err
	}
	m := &Model{config: config, packs: ops.NewPacks[float32](), pools: map[int]*kernel.Pool{}}
	tokenizer := make(chan error, 1)
	go func() { tokenizer <- m.readTokenizer(fsys) }()
	m.saved, m.layouts, err = readWeights(fsys, config)
	if err := cmp.Or(<-tokenizer, err); err != nil {
		return nil, err
	}
	if err := cmp.Or(m.readHeads(fsys), m.readCard(fsys)); err != nil {
		return nil, err
	}
	for i, p := range m.saved {
		if !m.layouts[i].unused {
			m.parameters = append(m.parameters, p)
		}
	}
	return m, nil
}

// Clone returns a model with the same weights and heads in memory of its own, so that the copy can be trained. What never
// changes, such as the tokenizer, is shared.
func (m *Model) Clone() *Model {
	c := &Model{config: m.config, layouts: m.layouts, tokenizer: m.tokenizer, files: m.files, heads: m.heads.clone(), card: m.card,
		packs: ops.NewPacks[float32](), pools: map[int]*kernel.Pool{}}
	for i, p := range m.saved {
		if !m.layouts[i].unused {
			p.Value = p.Value.Clone().(*tensor.Dense)
			c.parameters = append(c.parameters, p)
		}
		c.saved = append(c.saved, p)
	}
	return c
}

// readTokenizer reads the tokenizer, and the files that [Model.Save] keeps.
func (m *Model) readTokenizer(fsys fs.FS) (err error) {
	m.files = map[string][]byte{}
	for _, name := range keptFiles {
		from := path.Join(m.config.transformer, name)
		if name == promptsFile {
			from = name
		}
		b, err := readFile(fsys, from, maxTokenizerSize)
		if err == nil {
			m.files[name] = b
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	m.tokenizer, err = m.config.tokenizer(fsys)
	return err
}

// Config describes the model.
func (m *Model) Config() Config { return *m.config }

// Width is the length of an embedding.
func (m *Model) Width() int { return m.config.Width() }

// Parameters lists the weights in the order in which they act, the order of [Graph].Parameters too. The tensors are
// the model's own: writing to them changes it.
func (m *Model) Parameters() []Parameter { return slices.Clone(m.parameters) }

// InvalidateWeights must be called after weights were written to, other than by [Graph.Step]: it discards copies and caches
// made of them. Nothing else may use the model meanwhile.
func (m *Model) InvalidateWeights() {
	m.generation.Add(1)
	m.packs.Invalidate()
}

// Tokenize returns the tokens of a text as [Model.Encode] reads them, at most MaxSeqLength.
func (m *Model) Tokenize(text string) Encoding {
	return m.tokenizer.Encode(text, m.config.MaxSeqLength)
}
