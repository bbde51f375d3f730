package encoder

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// Card describes a model's origin in the README.md of its directory. Fields that are not known are "".
type Card struct {
	Name         string // of the model itself, for example sentence-transformers/all-MiniLM-L6-v2
	BaseModel    string // that it was trained from
	License      string // of its weights, as the hub writes it, for example apache-2.0
	TrainingData string // that it was trained on, in a line: source, size, hash
}

// Card returns the description of the model's origin.
func (m *Model) Card() Card { return m.card }

// SetCard sets the description of the model's origin that [Model.Save] writes. Nothing else may use the model
// meanwhile.
func (m *Model) SetCard(c Card) { m.card = c }

const cardFile = "README.md"

// fields are the card's in the metadata of README.md.
func (c *Card) fields() []cardField {
	return []cardField{{"model_name", &c.Name}, {"base_model", &c.BaseModel}, {"license", &c.License}, {"training_data", &c.TrainingData}}
}

type cardField struct {
	key   string
	value *string
}

// readCard reads the lines "key: value" of the metadata at the beginning of README.md, if there is any.
func (m *Model) readCard(fsys fs.FS) error {
	b, err := readFile(fsys, cardFile, maxConfigSize)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	lines := strings.Split(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n")
	if lines[0] != "---" {
		return nil
	}
	for _, line := range lines[1:] {
		if line == "---" {
			break
		}
		key, value, _ := strings.Cut(line, ": ")
		for _, f := range m.card.fields() {
			if f.key == key {
				*f.value = strings.TrimSpace(value)
				if s, err := strconv.Unquote(*f.value); err == nil {
					*f.value = s
				}
			}
		}
	}
	return nil
}

// writeCard makes README.md: metadata for the hub, a description of the model and how to use it.
func (m *Model) writeCard() []byte {
	var b bytes.Buffer
	b.WriteString("---\nlibrary_name: sentence-transformers\npipeline_tag: sentence-similarity\n")
	for _, f := range m.card.fields() {
		if *f.value != "" {
			fmt.Fprintf(&b, "%s: %s\n", f.key, strconv.Quote(*f.value))
		}
	}
	c := m.config
	fmt.Fprintf(&b, cardText, c.Width(), c.NumHiddenLayers, c.HiddenSize, c.NumAttentionHeads, c.PoolingMode, c.MaxSeqLength)
	b.WriteString("\n## Origin\n\n")
	known := func(what, value string) { fmt.Fprintf(&b, "- %s: %s\n", what, cmp.Or(value, "not recorded")) }
	known("base model", m.card.BaseModel)
	known("license", m.card.License)
	known("training data", m.card.TrainingData)
	if h := m.heads; h != nil {
		b.WriteString("\n## What sentence-transformers ignores\n\nEmbeddings of texts are the same, but sentence-transformers ignores " + headsFile + ", which salesconv reads:\n\n")
		if h.Query != nil {
			b.WriteString("- attention: the embedding of a document is the mean of its segments' embeddings weighted by exp(query·embedding), not the plain mean\n")
		}
		if h.Label != nil {
			b.WriteString("- a classifier of documents by their label\n")
		}
		for _, t := range h.Tasks {
			fmt.Fprintf(&b, "- a classifier of documents by %s, with %d classes\n", t.Name, len(t.Classes))
		}
	}
	return b.Bytes()
}

const cardText = `tags:
- sentence-transformers
- feature-extraction
- sentence-similarity
---

# Sentence encoder

It maps a text to %d numbers, for search, clustering and classification: a BERT of %d layers, width %d and %d attention
heads, %s pooling, reading up to %d tokens of a text. It was written by salesconv, in the layout of sentence-transformers.

    from sentence_transformers import SentenceTransformer
    embeddings = SentenceTransformer("DIRECTORY").encode(["The price is too high."])

    model, err := encoder.Load(os.DirFS("DIRECTORY"))
    embeddings, err := model.Encode(ctx, []string{"The price is too high."}, nil)
`
