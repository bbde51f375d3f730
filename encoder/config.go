package encoder

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/org/salesconv/internal/ops"
	"github.com/org/salesconv/internal/wordpiece"
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

	MaxSeqLength int `json:"-"` // tokens of a text that are read, [CLS] and [SEP] among them
	// PoolingMode is how the hidden states of tokens become one: mean, cls, max, mean_sqrt_len_tokens, weightedmean or
	// lasttoken, or several joined by +, side by side.
	PoolingMode string `json:"-"`
	// Prompt is put before each text: the default prompt of the model; "" in most.
	Prompt string `json:"-"`

	transformer string   // directory of the transformer inside the model's, "" in most
	poolings    []string // of PoolingMode
	modules     []module // what follows the pooling, in order
	lowercase   bool     // texts are lowered before the tokenizer's own steps

	// settings are what tokenizer_config.json says, and win over tokenizer.json.
	settings *wordpiece.Settings
	// withoutPrompt is the config of the pooling, if that leaves out the tokens of a prompt.
	withoutPrompt string
}

// module is a step after the pooling.
type module struct {
	Path       string `json:"-"`
	Normalize  bool   `json:"-"` // divide by the Euclidean length; the other fields are Dense's
	Truncate   int    `json:"-"` // to this many columns, if it is not 0
	In         int    `json:"in_features"`
	Out        int    `json:"out_features"`
	Bias       bool   `json:"bias"`
	Activation string `json:"activation_function"`
	Input      string `json:"module_input_name"`
	Output     string `json:"module_output_name"`
	Residual   bool   `json:"use_residual"`
}

// dense reports whether the module has weights.
func (m module) dense() bool { return !m.Normalize && m.Truncate == 0 }

// Activations that a Dense module may name.
const (
	identity = "torch.nn.modules.linear.Identity"
	tanh     = "torch.nn.modules.activation.Tanh"
)

// activations are those that hidden_act may name.
var activations = map[string]ops.Activation{
	"gelu": ops.GELU, "gelu_python": ops.GELU, "relu": ops.ReLU,
	"gelu_new": ops.GELUTanh, "gelu_fast": ops.GELUTanh, "gelu_pytorch_tanh": ops.GELUTanh,
}

// poolings are the modes of a Pooling module, in the order in which the older layout of its config puts them side by
// side.
var poolings = []struct {
	name, flag string
	how        ops.Pooling
}{
	{"cls", "pooling_mode_cls_token", ops.CLS},
	{"max", "pooling_mode_max_tokens", ops.Max},
	{"mean", "pooling_mode_mean_tokens", ops.Mean},
	{"mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens", ops.MeanSqrt},
	{"weightedmean", "pooling_mode_weightedmean_tokens", ops.WeightedMean},
	{"lasttoken", "pooling_mode_lasttoken", ops.Last},
}

// check returns an error that names the key of config.json which the encoder cannot follow.
func (c *Config) check() error {
	if _, ok := activations[c.HiddenAct]; !ok {
		return fmt.Errorf("hidden_act is %q, want one of %q", c.HiddenAct, slices.Sorted(maps.Keys(activations)))
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

// Width is the length of an embedding.
func (c *Config) Width() int {
	w := c.HiddenSize * len(c.poolings)
	for _, m := range c.modules {
		switch {
		case m.Truncate > 0:
			w = m.Truncate
		case m.dense():
			w = m.Out
		}
	}
	return w
}

// poolingOf returns the pooling of a name.
func poolingOf(name string) (how ops.Pooling, ok bool) {
	for _, p := range poolings {
		if p.name == name {
			return p.how, true
		}
	}
	return 0, false
}
