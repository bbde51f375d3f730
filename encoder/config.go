package encoder

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// Config describes a model. The first fields are the keys of config.json, under the names that BERT gave them; the
// last come from the files of the modules around it.
type Config struct {
	ModelType                 string  `json:"model_type"`
	NumHiddenLayers           int     `json:"num_hidden_layers"`
	HiddenSize                int     `json:"hidden_size"`
	NumAttentionHeads         int     `json:"num_attention_heads"`
	IntermediateSize          int     `json:"intermediate_size"`
	HiddenAct                 string  `json:"hidden_act"`
	VocabSize                 int     `json:"vocab_size"`
	MaxPositionEmbeddings     int     `json:"max_position_embeddings"`
	TypeVocabSize             int     `json:"type_vocab_size"`
	LayerNormEps              float64 `json:"layer_norm_eps"`
	HiddenDropoutProb         float64 `json:"hidden_dropout_prob"`
	AttentionProbsDropoutProb float64 `json:"attention_probs_dropout_prob"`
	PositionEmbeddingType     string  `json:"position_embedding_type"`
	IsDecoder                 bool    `json:"is_decoder"`

	MaxSeqLength int    `json:"-"` // pieces of a text that are read, [CLS] and [SEP] among them
	PoolingMode  string `json:"-"` // how token rows become one: "mean", "cls" or "max"

	transformer string   // folder of the transformer in the model's directory, "" in most
	modules     []module // what follows the pooling, in order
}

// module is a Dense or Normalize step behind the pooling.
type module struct {
	Path       string `json:"-"`
	Normalize  bool   `json:"-"` // divide by the L2 norm; the other fields are Dense's
	In         int    `json:"in_features"`
	Out        int    `json:"out_features"`
	Bias       bool   `json:"bias"`
	Activation string `json:"activation_function"`
	Input      string `json:"module_input_name"`
	Output     string `json:"module_output_name"`
	Residual   bool   `json:"use_residual"`
}

// Activations that a Dense module may name.
const (
	identity = "torch.nn.modules.linear.Identity"
	tanh     = "torch.nn.modules.activation.Tanh"
)

// promptsFile is in the model's directory itself, with what belongs to no module.
const promptsFile = "config_sentence_transformers.json"

// maxConfigSize bounds the small JSON files, maxTokenizerSize tokenizer.json.
const (
	maxConfigSize    = 1 << 20
	maxTokenizerSize = 64 << 20
)

// readConfig reads modules.json and the configs that it leads to.
func readConfig(fsys fs.FS) (*Config, error) {
	var list []struct{ Path, Type string }
	if err := readJSON(fsys, "modules.json", &list); err != nil {
		return nil, err
	}
	c := &Config{
		HiddenAct: "gelu", TypeVocabSize: 2, LayerNormEps: 1e-12,
		HiddenDropoutProb: 0.1, AttentionProbsDropoutProb: 0.1, PositionEmbeddingType: "absolute",
	}
	width := 0 // of what the modules so far give
	for i, m := range list {
		kind := m.Type[strings.LastIndexByte(m.Type, '.')+1:]
		var err error
		switch {
		case (i == 0) != (kind == "Transformer") || (i == 1) != (kind == "Pooling"):
			err = fmt.Errorf("encoder: modules.json: module %d is a %s, want Transformer, Pooling, then any of Dense and Normalize", i, kind)
		case m.Path != "" && !fs.ValidPath(m.Path):
			err = fmt.Errorf("encoder: modules.json: path %q of module %d, want a folder of the model", m.Path, i)
		case kind == "Transformer":
			c.transformer = m.Path
			err = c.readTransformer(fsys)
			width = c.HiddenSize
		case kind == "Pooling":
			err = c.readPooling(fsys, path.Join(m.Path, "config.json"))
		case kind == "Dense":
			width, err = c.readDense(fsys, m.Path, width)
		case kind == "Normalize":
			c.modules = append(c.modules, module{Path: m.Path, Normalize: true})
		default:
			err = fmt.Errorf("encoder: modules.json: modules of type %q are not supported", m.Type)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(list) < 2 {
		return nil, fmt.Errorf("encoder: modules.json: %d modules, want a Transformer and a Pooling at least", len(list))
	}
	return c, nil
}

// readTransformer reads the configs of the transformer: the network, the length of its input, the prompts.
func (c *Config) readTransformer(fsys fs.FS) error {
	name := path.Join(c.transformer, "config.json")
	if err := readJSON(fsys, name, c); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return fmt.Errorf("encoder: %s: %w", name, err)
	}
	var sentence struct {
		MaxSeqLength int  `json:"max_seq_length"`
		DoLowerCase  bool `json:"do_lower_case"`
	}
	var tokenizer struct {
		// A float, since "no limit" is published as 1e30.
		ModelMaxLength float64 `json:"model_max_length"`
		DoLowerCase    bool    `json:"do_lower_case"`
	}
	var prompts struct {
		Prompts           map[string]string `json:"prompts"`
		DefaultPromptName string            `json:"default_prompt_name"`
	}
	for _, f := range []struct {
		name string
		to   any
	}{
		{path.Join(c.transformer, "sentence_bert_config.json"), &sentence},
		{path.Join(c.transformer, "tokenizer_config.json"), &tokenizer},
		{promptsFile, &prompts},
	} {
		if err := readJSON(fsys, f.name, f.to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	switch n := sentence.MaxSeqLength; {
	case n < 0 || n == 1 || n == 2:
		return fmt.Errorf("encoder: sentence_bert_config.json: max_seq_length is %d, want 3 or more", n)
	case n > 0:
		c.MaxSeqLength = min(n, c.MaxPositionEmbeddings)
	case tokenizer.ModelMaxLength >= 3:
		c.MaxSeqLength = int(min(tokenizer.ModelMaxLength, float64(c.MaxPositionEmbeddings)))
	default:
		c.MaxSeqLength = c.MaxPositionEmbeddings
	}
	if sentence.DoLowerCase && !tokenizer.DoLowerCase {
		return errors.New("encoder: sentence_bert_config.json: do_lower_case with a cased tokenizer is not supported: lower the texts, or set it to false")
	}
	if p := prompts.Prompts[prompts.DefaultPromptName]; p != "" {
		return fmt.Errorf("encoder: config_sentence_transformers.json: default_prompt_name is %q: default prompts are not supported: put %q before the texts, or set it to null", prompts.DefaultPromptName, p)
	}
	return nil
}

// check says which key of config.json the encoder cannot follow.
func (c *Config) check() error {
	if c.ModelType != "bert" {
		return fmt.Errorf("model_type is %q, want \"bert\": other architectures are not supported", c.ModelType)
	}
	if c.HiddenAct != "gelu" {
		return fmt.Errorf("hidden_act is %q, want \"gelu\": other activations are not supported", c.HiddenAct)
	}
	if t := c.PositionEmbeddingType; t != "absolute" {
		return fmt.Errorf("position_embedding_type is %q, want \"absolute\"", t)
	}
	if c.IsDecoder {
		return errors.New("is_decoder is true, want false: decoders are not supported")
	}
	for _, k := range []struct {
		key           string
		n, least, top int
	}{
		{"num_hidden_layers", c.NumHiddenLayers, 1, 1 << 10},
		{"hidden_size", c.HiddenSize, 1, 1 << 16},
		{"num_attention_heads", c.NumAttentionHeads, 1, 1 << 16},
		{"intermediate_size", c.IntermediateSize, 1, 1 << 20},
		{"vocab_size", c.VocabSize, 1, 1 << 24},
		{"max_position_embeddings", c.MaxPositionEmbeddings, 3, 1 << 20},
		{"type_vocab_size", c.TypeVocabSize, 1, 1 << 10},
	} {
		if k.n < k.least || k.n > k.top {
			return fmt.Errorf("%s is %d, want %d to %d", k.key, k.n, k.least, k.top)
		}
	}
	if c.HiddenSize%c.NumAttentionHeads != 0 {
		return fmt.Errorf("hidden_size is %d, want a multiple of num_attention_heads, %d", c.HiddenSize, c.NumAttentionHeads)
	}
	if !(c.LayerNormEps > 0 && c.LayerNormEps < 1) {
		return fmt.Errorf("layer_norm_eps is %v, want more than 0 and less than 1", c.LayerNormEps)
	}
	for _, p := range []struct {
		key  string
		prob float64
	}{{"hidden_dropout_prob", c.HiddenDropoutProb}, {"attention_probs_dropout_prob", c.AttentionProbsDropoutProb}} {
		if !(p.prob >= 0 && p.prob < 1) {
			return fmt.Errorf("%s is %v, want at least 0 and less than 1", p.key, p.prob)
		}
	}
	return nil
}

// readPooling reads the pooling's config in either of its layouts: one flag a mode, or the mode's name.
func (c *Config) readPooling(fsys fs.FS, name string) error {
	var p struct {
		Dimension    int             `json:"word_embedding_dimension"`
		NewDimension int             `json:"embedding_dimension"`
		Mode         json.RawMessage `json:"pooling_mode"`
		CLS          bool            `json:"pooling_mode_cls_token"`
		Mean         bool            `json:"pooling_mode_mean_tokens"`
		Max          bool            `json:"pooling_mode_max_tokens"`
		MeanSqrt     bool            `json:"pooling_mode_mean_sqrt_len_tokens"`
		Weighted     bool            `json:"pooling_mode_weightedmean_tokens"`
		Last         bool            `json:"pooling_mode_lasttoken"`
	}
	if err := readJSON(fsys, name, &p); err != nil {
		return err
	}
	if d := max(p.Dimension, p.NewDimension); d != c.HiddenSize {
		return fmt.Errorf("encoder: %s: word_embedding_dimension is %d, want hidden_size, %d", name, d, c.HiddenSize)
	}
	var modes []string
	for _, m := range []struct {
		name string
		on   bool
	}{{"cls", p.CLS}, {"mean", p.Mean}, {"max", p.Max}, {"mean_sqrt_len_tokens", p.MeanSqrt}, {"weightedmean", p.Weighted}, {"lasttoken", p.Last}} {
		if m.on {
			modes = append(modes, m.name)
		}
	}
	if p.Mode != nil {
		modes = []string{""}
		if json.Unmarshal(p.Mode, &modes[0]) != nil {
			modes[0] = string(p.Mode)
		}
	}
	if len(modes) == 0 {
		modes = []string{"mean"}
	}
	c.PoolingMode = strings.Join(modes, "+")
	if m := c.PoolingMode; m != "mean" && m != "cls" && m != "max" {
		return fmt.Errorf("encoder: %s: pooling mode is %s, want one of mean, cls and max", name, m)
	}
	return nil
}

// readDense reads the config of a Dense module that gets width numbers and says how many it gives.
func (c *Config) readDense(fsys fs.FS, folder string, width int) (int, error) {
	name := path.Join(folder, "config.json")
	d := module{Path: folder, Bias: true, Activation: tanh, Input: "sentence_embedding"}
	if err := readJSON(fsys, name, &d); err != nil {
		return 0, err
	}
	if d.Output == "" {
		d.Output = d.Input
	}
	switch {
	case d.In != width:
		return 0, fmt.Errorf("encoder: %s: in_features is %d, want %d, the width before it", name, d.In, width)
	case d.Out < 1 || d.Out > 1<<16:
		return 0, fmt.Errorf("encoder: %s: out_features is %d, want 1 to %d", name, d.Out, 1<<16)
	case d.Activation != tanh && d.Activation != identity:
		return 0, fmt.Errorf("encoder: %s: activation_function is %q, want %q or %q", name, d.Activation, tanh, identity)
	case d.Input != "sentence_embedding" || d.Output != d.Input:
		return 0, fmt.Errorf("encoder: %s: reads %q and writes %q, want \"sentence_embedding\"", name, d.Input, d.Output)
	case d.Residual:
		return 0, fmt.Errorf("encoder: %s: use_residual is true, want false", name)
	}
	c.modules = append(c.modules, d)
	return d.Out, nil
}

// Width is the length of an embedding: that of the last Dense module, or hidden_size.
func (c *Config) Width() int {
	w := c.HiddenSize
	for _, m := range c.modules {
		if !m.Normalize {
			w = m.Out
		}
	}
	return w
}

// readFile reads a whole file of at most limit bytes.
func readFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("encoder: %w: want a sentence-transformers model directory", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("encoder: %s: %w", name, err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("encoder: %s: more than %d bytes", name, limit)
	}
	return b, nil
}

// readJSON decodes a config file into v; a key of the wrong type is named.
func readJSON(fsys fs.FS, name string, v any) error {
	b, err := readFile(fsys, name, maxConfigSize)
	if err != nil {
		return err
	}
	err = json.Unmarshal(bytes.TrimPrefix(b, []byte("\ufeff")), v)
	var key *json.UnmarshalTypeError
	if errors.As(err, &key) {
		return fmt.Errorf("encoder: %s: key %q is a %s, want a %s", name, key.Field, key.Value, key.Type)
	}
	if err != nil {
		return fmt.Errorf("encoder: %s: %w", name, err)
	}
	return nil
}
