package encoder

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/org/salesconv/internal/wordpiece"
)

// The files of a model's directory are read strictly: a key is obeyed, or it is one of those below, on which no embedding
// depends, or it is an error. What a newer version of the libraries adds is so refused, not ignored.
const (
	harmlessConfig = `_attn_implementation_autoset _commit_hash _name_or_path architectures attn_implementation
		bad_words_ids begin_suppress_tokens bos_token_id chunk_size_feed_forward classifier_dropout cls_token_id
		cross_attention_hidden_size decoder_start_token_id directionality diversity_penalty do_sample dtype early_stopping
		encoder_no_repeat_ngram_size eos_token_id exponential_decay_length_penalty finetuning_task forced_bos_token_id
		forced_eos_token_id gradient_checkpointing id2label initializer_range label2id length_penalty mask_token_id
		max_length min_length name_or_path no_repeat_ngram_size num_beam_groups num_beams num_labels num_return_sequences
		output_attentions output_hidden_states output_past output_scores pad_token_id pooler_fc_size
		pooler_num_attention_heads pooler_num_fc_layers pooler_size_per_head pooler_type prefix problem_type
		remove_invalid_values repetition_penalty return_dict return_dict_in_generate sep_token_id suppress_tokens
		task_specific_params temperature tf_legacy_loss tie_encoder_decoder tie_word_embeddings tokenizer_class top_k top_p
		torch_dtype torchscript transformers_version typical_p unk_token_id use_bfloat16 use_cache`
	harmlessSentence  = `unpad_inputs query_length document_length query_expansion`
	harmlessTokenizer = `_commit_hash backend chat_template clean_up_tokenization_spaces do_basic_tokenize errors from_slow
		is_local local_files_only max_length model_input_names name_or_path never_split pad_to_multiple_of
		pad_token_type_id processor_class revision special_tokens_map_file stride tokenizer_file truncation_strategy
		use_fast vocab_file`
	harmlessModel = `__version__ similarity_fn_name`
)

// promptsFile is in the model's directory itself, with what belongs to no module.
const promptsFile = "config_sentence_transformers.json"

// maxConfigSize bounds the small JSON files, maxTokenizerSize tokenizer.json, maxModules the modules of a model.
const (
	maxConfigSize    = 1 << 20
	maxTokenizerSize = 64 << 20
	maxModules       = 32
)

// readConfig reads modules.json and the configs that it leads to.
func readConfig(fsys fs.FS) (*Config, error) {
	var list []json.RawMessage
	if err := readJSON(fsys, "modules.json", &list); err != nil {
		return nil, err
	}
	if n := len(list); n < 2 || n > maxModules {
		return nil, fmt.Errorf("encoder: modules.json: %d modules, want a Transformer and a Pooling at least, and at most %d", n, maxModules)
	}
	c := &Config{
		HiddenAct: "gelu", TypeVocabSize: 2, LayerNormEps: 1e-12,
		HiddenDropoutProb: 0.1, AttentionProbsDropoutProb: 0.1, PositionEmbeddingType: "absolute",
	}
	paths := map[string]bool{}
	for i, raw := range list {
		var m struct {
			Path, Type string
			Kwargs     []string
		}
		if err := strict(raw, &m, "idx name"); err != nil {
			return nil, fmt.Errorf("encoder: modules.json: module %d: %w", i, err)
		}
		kind := m.Type[strings.LastIndexByte(m.Type, '.')+1:]
		switch {
		case (i == 0) != (kind == "Transformer") || (i == 1) != (kind == "Pooling"):
			return nil, fmt.Errorf("encoder: modules.json: module %d is a %s, want Transformer, Pooling, then any of Dense and Normalize", i, kind)
		case m.Path != "" && !fs.ValidPath(m.Path):
			return nil, fmt.Errorf("encoder: modules.json: path %q of module %d, want a directory inside the model's", m.Path, i)
		case paths[path.Clean(m.Path)]:
			return nil, fmt.Errorf("encoder: modules.json: path %q of module %d is also another module's, want one for each", m.Path, i)
		case len(m.Kwargs) > 0:
			return nil, fmt.Errorf("encoder: modules.json: module %d takes kwargs %q, which are not supported", i, m.Kwargs)
		}
		paths[path.Clean(m.Path)] = true
		if err := c.readModule(fsys, kind, m.Path); err != nil {
			return nil, err
		}
	}
	return c, c.readPrompts(fsys)
}

// readModule reads one module's config.
func (c *Config) readModule(fsys fs.FS, kind, dir string) error {
	switch name := path.Join(dir, "config.json"); kind {
	case "Transformer":
		c.transformer = dir
		return c.readTransformer(fsys)
	case "Pooling":
		return c.readPooling(fsys, name)
	case "Dense":
		return c.readDense(fsys, dir, name)
	case "Normalize":
		return c.readNormalize(fsys, dir, name)
	default:
		return fmt.Errorf("encoder: modules.json: modules of type %q are not supported", kind)
	}
}

// readTransformer reads the configs of the transformer: the network and the length of its input.
func (c *Config) readTransformer(fsys fs.FS) error {
	name := path.Join(c.transformer, "config.json")
	var kind struct {
		ModelType string `json:"model_type"`
	}
	if err := readJSON(fsys, name, &kind); err != nil { // first, since other architectures have other keys
		return err
	}
	if kind.ModelType != "bert" {
		return fmt.Errorf("encoder: %s: model_type is %q, want \"bert\": other architectures are not supported", name, brief(kind.ModelType))
	}
	f := struct {
		*Config
		EncoderDecoder bool                       `json:"is_encoder_decoder"`
		Cross          bool                       `json:"add_cross_attention"`
		Pruned         map[string]json.RawMessage `json:"pruned_heads"`
		Quantization   json.RawMessage            `json:"quantization_config"`
		Code           json.RawMessage            `json:"auto_map"`
	}{Config: c}
	if err := readStrict(fsys, name, &f, harmlessConfig); err != nil {
		return err
	}
	err := c.check()
	for _, k := range []struct {
		key string
		set bool
	}{
		{"is_encoder_decoder", f.EncoderDecoder}, {"add_cross_attention", f.Cross}, {"pruned_heads", len(f.Pruned) > 0},
		{"quantization_config", isSet(f.Quantization)}, {"auto_map", isSet(f.Code)},
	} {
		if err == nil && k.set {
			err = fmt.Errorf("%s is set, which is not supported", k.key)
		}
	}
	if err != nil {
		return fmt.Errorf("encoder: %s: %w", name, err)
	}
	return c.readSentence(fsys, path.Join(c.transformer, "sentence_bert_config.json"))
}

// readSentence reads the settings of sentence-transformers around the network.
func (c *Config) readSentence(fsys fs.FS, name string) error {
	type options = map[string]json.RawMessage
	s := struct {
		MaxSeqLength int                `json:"max_seq_length"`
		DoLowerCase  bool               `json:"do_lower_case"`
		Task         string             `json:"transformer_task"`
		Modality     map[string]options `json:"modality_config"`
		Output       string             `json:"module_output_name"`
		Processing   map[string]options `json:"processing_kwargs"`
		ModelArgs    options            `json:"model_args"`
		TokArgs      options            `json:"tokenizer_args"`
		ConfigArgs   options            `json:"config_args"`
		ModelKwargs  options            `json:"model_kwargs"`
		ProcKwargs   options            `json:"processor_kwargs"`
		ConfigKwargs options            `json:"config_kwargs"`
	}{Task: "feature-extraction", Output: "token_embeddings"}
	if err := optional(readStrict(fsys, name, &s, harmlessSentence)); err != nil {
		return err
	}
	fail := func(format string, args ...any) error { return fmt.Errorf("encoder: "+name+": "+format, args...) }
	for key, kwargs := range map[string]options{"model_args": s.ModelArgs, "tokenizer_args": s.TokArgs, "config_args": s.ConfigArgs,
		"model_kwargs": s.ModelKwargs, "processor_kwargs": s.ProcKwargs, "config_kwargs": s.ConfigKwargs} {
		if len(kwargs) > 0 {
			return fail("%s is set, which is not supported", key)
		}
	}
	if s.Task != "feature-extraction" || s.Output != "token_embeddings" {
		return fail("transformer_task is %q and module_output_name %q, want \"feature-extraction\" and \"token_embeddings\"", s.Task, s.Output)
	}
	if text := s.Modality["text"]; s.Modality != nil {
		for key, want := range map[string]string{"method": "forward", "method_output_name": "last_hidden_state"} {
			if got := string(text[key]); got != `"`+want+`"` {
				return fail("modality_config: %s of text is %s, want %q", key, cmp.Or(got, "missing"), want)
			}
		}
	}
	if n := s.MaxSeqLength; n < 0 || n == 1 || n == 2 {
		return fail("max_seq_length is %d, want 3 or more", n)
	}
	c.MaxSeqLength, c.lowercase = s.MaxSeqLength, s.DoLowerCase
	for _, kind := range slices.Sorted(maps.Keys(s.Processing)) {
		switch kind {
		case "text":
		case "common":
		case "audio", "image", "video", "chat_template":
			continue // nothing to do with texts
		default:
			return fail("processing_kwargs: key %q is not understood", kind)
		}
	}
	for _, kind := range []string{"text", "common"} { // the latter wins
		if err := c.processing(s.Processing[kind]); err != nil {
			return fail("processing_kwargs: %s: %w", kind, err)
		}
	}
	return nil
}

// processing obeys what the tokenizer is called with.
func (c *Config) processing(kwargs map[string]json.RawMessage) error {
	for _, key := range slices.Sorted(maps.Keys(kwargs)) {
		value := string(kwargs[key])
		switch key {
		case "max_length":
			n := 0
			if err := json.Unmarshal(kwargs[key], &n); err != nil || n < 3 && value != "null" {
				return fmt.Errorf("max_length is %s, want a whole number, 3 or more", value)
			}
			c.MaxSeqLength = cmp.Or(n, c.MaxSeqLength)
		case "truncation":
			if value != "true" && value != `"longest_first"` && value != `"only_first"` {
				return fmt.Errorf("truncation is %s, want true", value)
			}
		case "padding", "pad_to_multiple_of", "return_tensors": // embeddings do not depend on them
		default:
			return fmt.Errorf("key %q is not supported", key)
		}
	}
	return nil
}

// readPooling reads the pooling's config in either of its layouts: one flag a mode, or the modes' names.
func (c *Config) readPooling(fsys fs.FS, name string) error {
	var p struct {
		Dimension    int             `json:"word_embedding_dimension"`
		NewDimension int             `json:"embedding_dimension"`
		Mode         json.RawMessage `json:"pooling_mode"`
		Prompt       *bool           `json:"include_prompt"`
		CLS          bool            `json:"pooling_mode_cls_token"`
		Max          bool            `json:"pooling_mode_max_tokens"`
		Mean         bool            `json:"pooling_mode_mean_tokens"`
		MeanSqrt     bool            `json:"pooling_mode_mean_sqrt_len_tokens"`
		Weighted     bool            `json:"pooling_mode_weightedmean_tokens"`
		Last         bool            `json:"pooling_mode_lasttoken"`
	}
	if err := readStrict(fsys, name, &p, ""); err != nil {
		return err
	}
	if d := max(p.Dimension, p.NewDimension); d != c.HiddenSize {
		return fmt.Errorf("encoder: %s: word_embedding_dimension is %d, want hidden_size, %d", name, d, c.HiddenSize)
	}
	if p.Prompt != nil && !*p.Prompt {
		c.withoutPrompt = name
	}
	for i, on := range []bool{p.CLS, p.Max, p.Mean, p.MeanSqrt, p.Weighted, p.Last} {
		if on {
			c.poolings = append(c.poolings, poolings[i].name)
		}
	}
	if isSet(p.Mode) {
		c.poolings = []string{""}
		if json.Unmarshal(p.Mode, &c.poolings[0]) != nil && json.Unmarshal(p.Mode, &c.poolings) != nil {
			return fmt.Errorf("encoder: %s: pooling_mode is %s, want a name or a list of names", name, brief(string(p.Mode)))
		}
	}
	if len(c.poolings) == 0 {
		c.poolings = []string{"mean"}
	}
	for i, m := range c.poolings {
		if _, ok := poolingOf(m); !ok || slices.Contains(c.poolings[:i], m) {
			return fmt.Errorf("encoder: %s: pooling mode is %s, want one or more of cls, max, mean, mean_sqrt_len_tokens, weightedmean and lasttoken", name, brief(m))
		}
	}
	c.PoolingMode = strings.Join(c.poolings, "+")
	return nil
}

// readDense reads the config of a Dense module.
func (c *Config) readDense(fsys fs.FS, dir, name string) error {
	d := module{Path: dir, Bias: true, Activation: tanh, Input: embedding}
	if err := readStrict(fsys, name, &d, ""); err != nil {
		return err
	}
	if err := sentence(name, d.Input, d.Output); err != nil {
		return err
	}
	switch width := c.Width(); {
	case d.In != width:
		return fmt.Errorf("encoder: %s: in_features is %d, want %d, the width before it", name, d.In, width)
	case d.Out < 1 || d.Out > 1<<16:
		return fmt.Errorf("encoder: %s: out_features is %d, want 1 to %d", name, d.Out, 1<<16)
	case d.Activation != tanh && d.Activation != identity:
		return fmt.Errorf("encoder: %s: activation_function is %q, want %q or %q", name, d.Activation, tanh, identity)
	case d.Residual:
		return fmt.Errorf("encoder: %s: use_residual is true, want false", name)
	}
	c.modules = append(c.modules, d)
	return nil
}

// readNormalize reads the config of a Normalize module, which older models do not have.
func (c *Config) readNormalize(fsys fs.FS, dir, name string) error {
	n := struct {
		Input  string `json:"module_input_name"`
		Output string `json:"module_output_name"`
	}{Input: embedding}
	if err := optional(readStrict(fsys, name, &n, "")); err != nil {
		return err
	}
	c.modules = append(c.modules, module{Path: dir, Normalize: true})
	return sentence(name, n.Input, n.Output)
}

// embedding is what the modules after the pooling read and write.
const embedding = "sentence_embedding"

// sentence returns an error if a module reads or writes anything else. Without an output it writes what it reads.
func sentence(name, input, output string) error {
	if output = cmp.Or(output, input); input != embedding || output != embedding {
		return fmt.Errorf("encoder: %s: module_input_name is %q and module_output_name %q, want %q", name, input, output, embedding)
	}
	return nil
}

// readPrompts reads the settings of the model as a whole.
func (c *Config) readPrompts(fsys fs.FS) error {
	p := struct {
		Kind     string            `json:"model_type"`
		Prompts  map[string]string `json:"prompts"`
		Default  string            `json:"default_prompt_name"`
		Truncate *int              `json:"truncate_dim"`
	}{Kind: "SentenceTransformer"}
	if err := optional(readStrict(fsys, promptsFile, &p, harmlessModel)); err != nil {
		return err
	}
	prompt, ok := p.Prompts[p.Default]
	switch {
	case p.Kind != "SentenceTransformer":
		return fmt.Errorf("encoder: %s: model_type is %q, want \"SentenceTransformer\"", promptsFile, p.Kind)
	case p.Default != "" && p.Default != "query" && p.Default != "document" && !ok:
		return fmt.Errorf("encoder: %s: default_prompt_name is %q, want one of the prompts", promptsFile, p.Default)
	case p.Default != "" && prompt != "" && c.withoutPrompt != "":
		return fmt.Errorf("encoder: %s: include_prompt is false with the default prompt %q, which is not supported", c.withoutPrompt, p.Default)
	case p.Truncate != nil && *p.Truncate < 1:
		return fmt.Errorf("encoder: %s: truncate_dim is %d, want 1 or more", promptsFile, *p.Truncate)
	}
	if p.Default != "" {
		c.Prompt = prompt
	}
	if p.Truncate != nil && *p.Truncate < c.Width() {
		c.modules = append(c.modules, module{Truncate: *p.Truncate})
	}
	return nil
}

// name is a token in a tokenizer's config: a string, or an object with its content.
type tokenName string

func (t *tokenName) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, (*string)(t)) == nil {
		return nil
	}
	var added struct {
		Content    string
		SingleWord bool `json:"single_word"`
		Normalized bool
	}
	if err := json.Unmarshal(b, &added); err != nil {
		return err
	}
	if *t = tokenName(added.Content); added.SingleWord {
		return fmt.Errorf("token %q has single_word, which is not supported", added.Content)
	}
	return nil
}

// specialTokens are keys of tokenizer_config.json and special_tokens_map.json; the latter wins.
type specialTokens struct {
	Unknown    tokenName       `json:"unk_token"`
	CLS        tokenName       `json:"cls_token"`
	SEP        tokenName       `json:"sep_token"`
	Pad        tokenName       `json:"pad_token"`
	Mask       tokenName       `json:"mask_token"`
	BOS        tokenName       `json:"bos_token"`
	EOS        tokenName       `json:"eos_token"`
	Additional []tokenName     `json:"additional_special_tokens"`
	Extra      json.RawMessage `json:"extra_special_tokens"`
}

// readTokenizerConfig reads how the tokenizer differs from tokenizer.json, and the length of the input if nothing else
// gave it.
func (c *Config) readTokenizerConfig(fsys fs.FS) error {
	name := path.Join(c.transformer, "tokenizer_config.json")
	t := struct {
		*specialTokens
		Class        string                    `json:"tokenizer_class"`
		MaxLength    float64                   `json:"model_max_length"` // "no limit" is published as 1e30
		DoLowerCase  bool                      `json:"do_lower_case"`
		StripAccents *bool                     `json:"strip_accents"`
		Chinese      bool                      `json:"tokenize_chinese_chars"`
		Truncation   string                    `json:"truncation_side"`
		Padding      string                    `json:"padding_side"`
		Split        bool                      `json:"split_special_tokens"`
		Added        map[string]map[string]any `json:"added_tokens_decoder"`
		Code         json.RawMessage           `json:"auto_map"`
	}{
		specialTokens: &specialTokens{Unknown: "[UNK]", CLS: "[CLS]", SEP: "[SEP]", Pad: "[PAD]", Mask: "[MASK]"},
		Class:         "BertTokenizer", DoLowerCase: true, Chinese: true, Padding: "right",
	}
	if err := optional(readStrict(fsys, name, &t, harmlessTokenizer)); err != nil {
		return err
	}
	if err := optional(readStrict(fsys, path.Join(c.transformer, "special_tokens_map.json"), t.specialTokens, "")); err != nil {
		return err
	}
	fail := func(format string, args ...any) error { return fmt.Errorf("encoder: "+name+": "+format, args...) }
	s := &wordpiece.Settings{LowerFirst: c.lowercase, Literal: t.Split}
	switch strings.TrimSuffix(t.Class, "Fast") {
	case "BertTokenizer": // which is made anew, with the vocabulary of tokenizer.json
		s.Bert = &wordpiece.Bert{Lower: t.DoLowerCase, Strip: t.StripAccents, Chinese: t.Chinese,
			Unknown: string(t.Unknown), CLS: string(t.CLS), SEP: string(t.SEP)}
	case "PreTrainedTokenizer", "TokenizersBackend": // tokenizer.json as it is
	default:
		return fail("tokenizer_class is %q, want \"BertTokenizer\" or \"PreTrainedTokenizerFast\"", t.Class)
	}
	switch {
	case isSet(t.Code):
		return fail("auto_map is set, which is not supported")
	case t.Padding != "right":
		return fail("padding_side is %q, want \"right\"", t.Padding)
	case t.Truncation != "" && t.Truncation != "right" && t.Truncation != "left":
		return fail("truncation_side is %q, want \"right\" or \"left\"", t.Truncation)
	}
	if t.Truncation != "" {
		left := t.Truncation == "left"
		s.Left = &left
	}
	special, err := t.all()
	if err != nil {
		return fail("%w", err)
	}
	for _, a := range t.Added {
		content, _ := a["content"].(string)
		special = append(special, content)
	}
	s.Special, c.settings = special, s
	if limit := float64(c.MaxPositionEmbeddings); c.MaxSeqLength > 0 {
		c.MaxSeqLength = min(c.MaxSeqLength, c.MaxPositionEmbeddings)
	} else if c.MaxSeqLength = c.MaxPositionEmbeddings; t.MaxLength >= 3 && t.MaxLength < limit {
		c.MaxSeqLength = int(t.MaxLength)
	}
	return nil
}

// all lists the special tokens.
func (t *specialTokens) all() ([]string, error) {
	names := append([]tokenName{t.Unknown, t.CLS, t.SEP, t.Pad, t.Mask, t.BOS, t.EOS}, t.Additional...)
	if isSet(t.Extra) {
		var list []tokenName
		var named map[string]tokenName
		if json.Unmarshal(t.Extra, &list) != nil && json.Unmarshal(t.Extra, &named) != nil {
			return nil, errors.New("extra_special_tokens: want a list of tokens")
		}
		names = append(append(names, list...), slices.Sorted(maps.Values(named))...)
	}
	var all []string
	for _, n := range names {
		if n != "" && !slices.Contains(all, string(n)) {
			all = append(all, string(n))
		}
	}
	return all, nil
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

// readJSON decodes a config file into v.
func readJSON(fsys fs.FS, name string, v any) error {
	b, err := readFile(fsys, name, maxConfigSize)
	if err == nil {
		if err = unmarshal(b, v); err != nil {
			err = fmt.Errorf("encoder: %s: %w", name, err)
		}
	}
	return err
}

// readStrict decodes a config file into v; a key that v has no field for and that is not harmless is an error.
func readStrict(fsys fs.FS, name string, v any, harmless string) error {
	b, err := readFile(fsys, name, maxConfigSize)
	if err == nil {
		if err = strict(b, v, harmless); err != nil {
			err = fmt.Errorf("encoder: %s: %w", name, err)
		}
	}
	return err
}

func strict(b []byte, v any, harmless string) error {
	var keys map[string]json.RawMessage
	if err := unmarshal(b, &keys); err != nil {
		return err
	}
	for _, key := range strings.Fields(harmless) {
		delete(keys, key)
	}
	b, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err = d.Decode(v)
	if err == nil {
		return nil
	}
	if key, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Errorf("key %s is not understood: remove it if embeddings do not depend on it", brief(key))
	}
	return located(err)
}

// unmarshal decodes JSON that may begin with a byte order mark.
func unmarshal(b []byte, v any) error {
	return located(json.Unmarshal(bytes.TrimPrefix(b, []byte("\ufeff")), v))
}

// located names the key that is of the wrong type.
func located(err error) error {
	if key := (*json.UnmarshalTypeError)(nil); errors.As(err, &key) {
		return fmt.Errorf("key %q is a %s, want a %s", brief(strings.TrimPrefix(key.Field, "Config.")), key.Value, key.Type)
	}
	return err
}

// optional makes a file that is missing no error.
func optional(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// isSet reports whether a key is there and not null.
func isSet(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// brief shortens a value from a file for an error.
func brief(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
