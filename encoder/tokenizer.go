package encoder

import (
	"context"
	"fmt"
	"io/fs"
	"path"

	"github.com/org/salesconv/internal/wordpiece"
)

// Tokenizer turns text into the token ids that a model reads. It is safe for concurrent use.
type Tokenizer struct {
	words  *wordpiece.Tokenizer
	prompt string // before each text
}

// Encoding is a text as token ids.
type Encoding struct {
	IDs []int // [CLS] first and [SEP] last
	// Spans are for each id its bytes [from, to) in the text; {0, 0} for [CLS], [SEP] and a prompt.
	Spans [][2]int
	Cut   int // tokens beyond the limit, left out
}

// LoadTokenizer reads the tokenizer of a model's directory alone, as [Load] does, without the weights.
func LoadTokenizer(fsys fs.FS) (*Tokenizer, error) {
	if fsys == nil {
		return nil, errNoFiles
	}
	c, err := readConfig(fsys)
	if err != nil {
		return nil, err
	}
	if err := c.readTokenizerConfig(fsys); err != nil {
		return nil, err
	}
	return c.tokenizer(fsys)
}

// tokenizer reads tokenizer.json.
func (c *Config) tokenizer(fsys fs.FS) (*Tokenizer, error) {
	name := path.Join(c.transformer, "tokenizer.json")
	b, err := readFile(fsys, name, maxTokenizerSize)
	if err != nil {
		return nil, err
	}
	words, err := wordpiece.New(b, c.settings)
	if err != nil {
		return nil, fmt.Errorf("encoder: %s: %w", name, err)
	}
	if n := words.Size(); n > c.VocabSize {
		return nil, fmt.Errorf("encoder: %s: %d tokens, want at most vocab_size, %d", name, n, c.VocabSize)
	}
	return &Tokenizer{words, c.Prompt}, nil
}

// Encode returns the tokens of a text, at most limit ids in all, [CLS] and [SEP] among them; 0: no limit.
func (t *Tokenizer) Encode(text string, limit int) Encoding {
	e := Encoding(t.words.Encode(t.prompt+text, limit))
	if n := len(t.prompt); n > 0 {
		for i, s := range e.Spans {
			e.Spans[i] = [2]int{max(s[0]-n, 0), max(s[1]-n, 0)}
		}
	}
	return e
}

// Append appends to ids what [Tokenizer.Encode] returns as IDs, and returns the number of tokens that were cut.
func (t *Tokenizer) Append(ids []int, text string, limit int) (out []int, cut int) {
	return t.append(context.Background(), ids, text, limit)
}

func (t *Tokenizer) append(ctx context.Context, ids []int, text string, limit int) (out []int, cut int) {
	return t.words.Append(ctx, ids, t.prompt+text, limit)
}

// Size returns one more than the largest id.
func (t *Tokenizer) Size() int { return t.words.Size() }

// Token returns the token of an id as the vocabulary spells it, "" if there is none.
func (t *Tokenizer) Token(id int) string { return t.words.Token(id) }
