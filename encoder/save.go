package encoder

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/org/salesconv/internal/atomicfile"
)

// Save writes the model as a directory of sentence-transformers, which that library and [Load] open: the configs, the
// tokenizer with vocab.txt, a model [Card], the weights in F32, and [Heads], which only Load reads, as the card says. The
// directory is written atomically: under another name, read back and compared, and then renamed. A directory of the same
// name is replaced if it holds nothing but such a model; anything else there is an error.
func (m *Model) Save(dir string) error {
	if err := m.check(0); err != nil {
		return err
	}
	if err := m.save(dir); err != nil {
		return fmt.Errorf("encoder: save: %w", err)
	}
	return nil
}

func (m *Model) save(dir string) error {
	return atomicfile.WriteDir(dir, modelFile.MatchString, func(dir string) error {
		if err := m.write(dir); err != nil {
			return err
		}
		return m.compare(dir)
	})
}

// modelFile matches what a saved model has in its directory.
var modelFile = regexp.MustCompile(`^(modules\.json|config\.json|config_sentence_transformers\.json|sentence_bert_config\.json|tokenizer\.json|` +
	`tokenizer_config\.json|special_tokens_map\.json|vocab\.txt|heads\.json|README\.md|model\.safetensors|[0-9]+_[A-Za-z]+)$`)

// compare reads the saved model back.
func (m *Model) compare(dir string) error {
	saved, err := Load(os.DirFS(dir))
	if err != nil {
		return fmt.Errorf("reading back: %w", err)
	}
	for i, p := range m.saved {
		if !slices.Equal(p.Value.Data().([]float32), saved.saved[i].Value.Data().([]float32)) {
			return fmt.Errorf("reading back: %s differs from what was written", p.Name)
		}
	}
	if !bytes.Equal(m.heads.encode(), saved.heads.encode()) {
		return fmt.Errorf("reading back: %s differs from what was written", headsFile)
	}
	return nil
}

// write writes all files of the model, the weights last.
func (m *Model) write(dir string) error {
	for _, f := range m.smallFiles() {
		err := atomicfile.WriteFile(filepath.Join(dir, f.name), func(w io.Writer) error {
			_, err := w.Write(f.data)
			return err
		})
		if err != nil {
			return err
		}
	}
	for from, to := 0, 0; from < len(m.layouts); from = to {
		name := m.layouts[from].file
		for to = from; to < len(m.layouts) && m.layouts[to].file == name; to++ {
		}
		name = strings.TrimPrefix(name, m.config.transformer+"/")
		err := atomicfile.WriteFile(filepath.Join(dir, name), func(w io.Writer) error {
			return writeCheckpoint(w, m.layouts[from:to], m.saved[from:to])
		})
		if err != nil {
			return err
		}
	}
	return nil
}

type file struct {
	name string
	data []byte
}

// smallFiles makes the files around the weights, in the older form that all versions of sentence-transformers read.
func (m *Model) smallFiles() []file {
	c := m.config
	var files []file
	add := func(name string, v any) {
		b, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			panic(err) // only values of other types than those below do that
		}
		files = append(files, file{name, append(b, '\n')})
	}
	type entry struct {
		Index int    `json:"idx"`
		Name  string `json:"name"`
		Path  string `json:"path"`
		Type  string `json:"type"`
	}
	const kind = "sentence_transformers.models."
	modules := []entry{{0, "0", "", kind + "Transformer"}, {1, "1", "1_Pooling", kind + "Pooling"}}
	for i, d := range c.modules {
		if d.Truncate > 0 {
			continue // which config_sentence_transformers.json says
		}
		e := entry{i + 2, strconv.Itoa(i + 2), d.Path, kind + "Dense"}
		if d.Normalize {
			e.Type = kind + "Normalize"
		} else {
			add(path.Join(d.Path, "config.json"), map[string]any{
				"in_features": d.In, "out_features": d.Out, "bias": d.Bias, "activation_function": d.Activation,
			})
		}
		modules = append(modules, e)
	}
	add("modules.json", modules)
	add("config.json", struct {
		Architectures []string `json:"architectures"`
		*Config
		PadTokenID int `json:"pad_token_id"`
	}{[]string{"BertModel"}, c, 0})
	add("sentence_bert_config.json", map[string]any{"max_seq_length": c.MaxSeqLength, "do_lower_case": c.lowercase})
	add("1_Pooling/config.json", c.poolingConfig())
	for _, name := range keptFiles {
		if b, ok := m.files[name]; ok {
			files = append(files, file{name, b})
		}
	}
	var vocab bytes.Buffer
	for id := range m.tokenizer.Size() {
		vocab.WriteString(m.tokenizer.Token(id) + "\n")
	}
	if m.heads != nil {
		files = append(files, file{headsFile, m.heads.encode()})
	}
	return append(files, file{"vocab.txt", vocab.Bytes()}, file{cardFile, m.writeCard()})
}

// poolingConfig is in the older layout, as far as that has the order of the poolings.
func (c *Config) poolingConfig() map[string]any {
	config := map[string]any{"word_embedding_dimension": c.HiddenSize}
	var inOrder []string
	for i, p := range poolings {
		on := slices.Contains(c.poolings, p.name)
		if on {
			inOrder = append(inOrder, p.name)
		}
		if on || i < 3 {
			config[p.flag] = on
		}
	}
	if !slices.Equal(inOrder, c.poolings) {
		return map[string]any{"embedding_dimension": c.HiddenSize, "pooling_mode": c.poolings}
	}
	return config
}
