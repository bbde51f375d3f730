package encoder

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// modelFiles copies a model of testdata into memory, to be damaged there.
func modelFiles(t testing.TB, name string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	dir := os.DirFS("testdata/models/" + name)
	err := fs.WalkDir(dir, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(dir, path)
		files[path] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// header replaces text in the JSON header of a safetensors file and sets the header's length anew.
func header(old, new string) func([]byte) []byte {
	return func(b []byte) []byte {
		n := binary.LittleEndian.Uint64(b)
		h := bytes.Replace(b[8:8+n], []byte(old), []byte(new), 1)
		return slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(h))), h, b[8+n:])
	}
}

// replace changes text in a file that has it.
func replace(old, new string) func([]byte) []byte {
	return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(new), 1) }
}

// put sets bytes at an offset, counted from the end if it is negative.
func put(at int, data ...byte) func([]byte) []byte {
	return func(b []byte) []byte {
		if at < 0 {
			at += len(b)
		}
		return slices.Concat(b[:at], data, b[at+len(data):])
	}
}

// constant makes the whole file these bytes.
func constant(s string) func([]byte) []byte { return func([]byte) []byte { return []byte(s) } }

// TestLoadDamaged damages one file of a model that loads, and wants an error that names the file, the problem in it,
// and what was expected.
func TestLoadDamaged(t *testing.T) {
	const weights, tensor = "model.safetensors", "encoder.layer.0.output.dense.weight"
	for name, c := range map[string]struct {
		file   string
		change func([]byte) []byte // nil: the file is missing
		want   string              // after "encoder: ", parts that occur in this order, separated by " … "
	}{
		"no modules":             {"modules.json", nil, "modules.json … want a sentence-transformers model directory"},
		"empty modules":          {"modules.json", constant(""), "modules.json: unexpected end"},
		"modules cut short":      {"modules.json", func(b []byte) []byte { return b[:len(b)/2] }, "modules.json: unexpected end"},
		"no module":              {"modules.json", constant("[]"), "modules.json: 0 modules, want a Transformer"},
		"object of modules":      {"modules.json", constant("{}"), "modules.json: key … object, want a"},
		"pooling first":          {"modules.json", replace("transformer.Transformer", "pooling.Pooling"), "modules.json: module 0 is a Pooling, want Transformer"},
		"unknown module":         {"modules.json", replace("dense.Dense", "lstm.LSTM"), `modules.json: modules of type … LSTM" are not supported`},
		"path outside":           {"modules.json", replace("1_Pooling", "../1_Pooling"), `modules.json: path "../1_Pooling" of module 1, want a directory inside the model's`},
		"huge config":            {"config.json", constant(strings.Repeat(" ", maxConfigSize+1)), "config.json: more than 1048576 bytes"},
		"no config":              {"config.json", nil, "config.json … want a sentence-transformers"},
		"string for number":      {"config.json", replace(`"hidden_size": 36`, `"hidden_size": "36"`), `config.json: key "hidden_size" is a string, want a int`},
		"roberta":                {"config.json", replace(`"bert"`, `"xlm-roberta"`), `config.json: model_type is "xlm-roberta", want "bert"`},
		"no model type":          {"config.json", replace(`"model_type": "bert",`, ``), `config.json: model_type is "", want "bert"`},
		"silu":                   {"config.json", replace(`"gelu"`, `"silu"`), `config.json: hidden_act is "silu", want one of`},
		"pruned heads":           {"config.json", replace(`"model_type"`, `"pruned_heads": {"0": [1]}, "model_type"`), `config.json: pruned_heads is set, which is not supported`},
		"quantized":              {"config.json", replace(`"model_type"`, `"quantization_config": {"bits": 8}, "model_type"`), `config.json: quantization_config is set`},
		"unknown key":            {"config.json", replace(`"model_type"`, `"rotary": true, "model_type"`), `config.json: key "rotary" is not understood`},
		"relative positions":     {"config.json", replace(`"model_type"`, `"position_embedding_type": "relative_key", "model_type"`), `config.json: position_embedding_type is "relative_key"`},
		"decoder":                {"config.json", replace(`"is_decoder": false`, `"is_decoder": true`), "config.json: is_decoder is true, want false"},
		"no layers":              {"config.json", replace(`"num_hidden_layers": 1`, `"num_hidden_layers": 0`), "config.json: num_hidden_layers is 0, want 1 to"},
		"a billion layers":       {"config.json", replace(`"num_hidden_layers": 1`, `"num_hidden_layers": 1000000000`), "config.json: num_hidden_layers is 1000000000"},
		"two layers":             {"config.json", replace(`"num_hidden_layers": 1`, `"num_hidden_layers": 2`), `model.safetensors: tensor "encoder.layer.1.attention.self.query.weight" is missing, want shape [36 36]`},
		"heads":                  {"config.json", replace(`"num_attention_heads": 3`, `"num_attention_heads": 5`), "config.json: hidden_size is 36, want a multiple of num_attention_heads, 5"},
		"negative width":         {"config.json", replace(`"intermediate_size": 60`, `"intermediate_size": -60`), "config.json: intermediate_size is -60"},
		"zero epsilon":           {"config.json", replace("1e-12", "0"), "config.json: layer_norm_eps is 0"},
		"dropout of 1":           {"config.json", replace(`"hidden_dropout_prob": 0.1`, `"hidden_dropout_prob": 1`), "config.json: hidden_dropout_prob is 1, want at least 0 and less than 1"},
		"another width":          {"config.json", replace(`"intermediate_size": 60`, `"intermediate_size": 61`), `model.safetensors: tensor "encoder.layer.0.intermediate.dense.weight": shape [60 36], want [61 36]`},
		"small vocabulary":       {"config.json", replace(`"vocab_size": 114`, `"vocab_size": 20`), "tokenizer.json: 114 tokens, want at most vocab_size, 20"},
		"max_seq_length":         {"sentence_bert_config.json", constant(`{"max_seq_length": 2}`), "sentence_bert_config.json: max_seq_length is 2, want 3 or more"},
		"no such prompt":         {"config_sentence_transformers.json", constant(`{"prompts": {"q": "query: "}, "default_prompt_name": "p"}`), `config_sentence_transformers.json: default_prompt_name is "p", want one of the prompts`},
		"sparse model":           {"config_sentence_transformers.json", constant(`{"model_type": "SparseEncoder"}`), `config_sentence_transformers.json: model_type is "SparseEncoder"`},
		"truncated to nothing":   {"config_sentence_transformers.json", constant(`{"truncate_dim": 0}`), `config_sentence_transformers.json: truncate_dim is 0, want 1 or more`},
		"unknown setting":        {"config_sentence_transformers.json", constant(`{"quantize": "int8"}`), `config_sentence_transformers.json: key "quantize" is not understood`},
		"another task":           {"sentence_bert_config.json", constant(`{"transformer_task": "fill-mask"}`), `sentence_bert_config.json: transformer_task is "fill-mask"`},
		"pooler output":          {"sentence_bert_config.json", constant(`{"modality_config": {"text": {"method": "forward", "method_output_name": "pooler_output"}}}`), `sentence_bert_config.json: modality_config: method_output_name of text is "pooler_output"`},
		"no special tokens":      {"sentence_bert_config.json", constant(`{"processing_kwargs": {"text": {"add_special_tokens": false}}}`), `sentence_bert_config.json: processing_kwargs: text: key "add_special_tokens" is not supported`},
		"nothing truncated":      {"sentence_bert_config.json", constant(`{"processing_kwargs": {"common": {"truncation": false}}}`), `sentence_bert_config.json: processing_kwargs: common: truncation is false`},
		"arguments of a model":   {"sentence_bert_config.json", constant(`{"model_args": {"dtype": "float16"}}`), `sentence_bert_config.json: model_args is set`},
		"normalized tokens":      {"3_Normalize/config.json", constant(`{"module_input_name": "token_embeddings"}`), `3_Normalize/config.json: module_input_name is "token_embeddings"`},
		"normalized elsewhere":   {"3_Normalize/config.json", constant(`{"module_output_name": "unit"}`), `3_Normalize/config.json: module_input_name is "sentence_embedding" and module_output_name "unit"`},
		"another tokenizer":      {"tokenizer_config.json", constant(`{"tokenizer_class": "BertJapaneseTokenizer"}`), `tokenizer_config.json: tokenizer_class is "BertJapaneseTokenizer"`},
		"padding on the left":    {"tokenizer_config.json", constant(`{"padding_side": "left"}`), `tokenizer_config.json: padding_side is "left"`},
		"truncation in between":  {"tokenizer_config.json", constant(`{"truncation_side": "middle"}`), `tokenizer_config.json: truncation_side is "middle"`},
		"token unknown to it":    {"tokenizer_config.json", constant(`{"cls_token": "<s>"}`), `tokenizer.json: wordpiece: token "<s>": not in the vocabulary`},
		"special token missing":  {"special_tokens_map.json", constant(`{"additional_special_tokens": ["<turn>"]}`), `tokenizer.json: wordpiece: special token "<turn>": not in the vocabulary`},
		"custom tokenizer":       {"tokenizer_config.json", constant(`{"auto_map": {"AutoTokenizer": "x.Y"}}`), `tokenizer_config.json: auto_map is set`},
		"one Dense twice":        {"modules.json", replace("3_Normalize", "2_Dense"), `modules.json: path "2_Dense" of module 3 is also another module's`},
		"no pooling config":      {"1_Pooling/config.json", nil, "1_Pooling/config.json"},
		"pooling width":          {"1_Pooling/config.json", replace("36", "35"), "1_Pooling/config.json: word_embedding_dimension is 35, want hidden_size, 36"},
		"unknown pooling":        {"1_Pooling/config.json", replace(`"max"`, `"median"`), "1_Pooling/config.json: pooling mode is median, want one or more of"},
		"a pooling twice":        {"1_Pooling/config.json", replace(`"max"`, `["max","max"]`), "1_Pooling/config.json: pooling mode is max, want one or more of"},
		"two poolings":           {"1_Pooling/config.json", replace(`"max"`, `["max","cls"]`), "2_Dense/config.json: in_features is 36, want 72"},
		"old flags, two":         {"1_Pooling/config.json", constant(`{"word_embedding_dimension": 36, "pooling_mode_mean_tokens": true, "pooling_mode_max_tokens": true}`), "2_Dense/config.json: in_features is 36, want 72"},
		"no prompt pooled":       {"1_Pooling/config.json", constant(`{"word_embedding_dimension": 36, "excluded": true}`), `1_Pooling/config.json: key "excluded" is not understood`},
		"dense width":            {"2_Dense/config.json", replace(`"in_features": 36`, `"in_features": 37`), "2_Dense/config.json: in_features is 37, want 36"},
		"dense activation":       {"2_Dense/config.json", replace("Tanh", "ReLU"), `2_Dense/config.json: activation_function is "torch.nn.modules.activation.ReLU"`},
		"no dense weights":       {"2_Dense/model.safetensors", nil, "2_Dense/model.safetensors … want the weights in safetensors format"},
		"no tokenizer":           {"tokenizer.json", nil, "tokenizer.json … want a sentence-transformers"},
		"empty tokenizer":        {"tokenizer.json", constant(""), "tokenizer.json: "},
		"a tokenizer of bytes":   {"tokenizer.json", replace(`"WordPiece"`, `"BPE"`), "tokenizer.json: "},
		"no weights":             {weights, nil, "model.safetensors … want the weights in safetensors format"},
		"empty weights":          {weights, constant(""), "model.safetensors: 0 bytes, want a safetensors file"},
		"weights of zeros":       {weights, constant(strings.Repeat("\x00", 64)), "model.safetensors: header: "},
		"long header":            {weights, put(0, 0, 0, 0, 0, 1), "model.safetensors: header of 4294967296 bytes … cut short"},
		"header beyond the file": {weights, put(0, 0xff, 0xff, 0x3f), "model.safetensors: header of 4194303 bytes … cut short"},
		"header of no text":      {weights, put(10, 0xff, 0xfe), "model.safetensors: header is not valid UTF-8"},
		"header of no JSON":      {weights, put(8, 'x'), "model.safetensors: header: invalid character"},
		"weights cut short":      {weights, func(b []byte) []byte { return b[:len(b)-1] }, "bytes of tensors, want … cut short"},
		"weights too long":       {weights, func(b []byte) []byte { return append(b, 0) }, "bytes of tensors, want … damaged"},
		"renamed tensor":         {weights, header(tensor, "encoder.layer.0.output.dens.weight"), `tensor "encoder.layer.0.output.dens.weight" is not part of a BERT encoder with num_hidden_layers 1`},
		"doubled tensor":         {weights, header("encoder.layer.0.output.dense.bias", tensor), "model.safetensors: "},
		"another type":           {weights, header(`"F32"`, `"I32"`), `type I32, want F32, F16 or BF16`},
		"unknown type":           {weights, header(`"F32"`, `"F8_E4M3"`), `model.safetensors: header: failed to JSON-decode tensor … "F8_E4M3"`},
		"half the bytes":         {weights, header(`"F32"`, `"F16"`), `bytes, want`},
		"another shape":          {weights, header("[36,60]", "[60,36]"), tensor + `": shape [60 36], want [36 60]`},
		"another rank":           {weights, header("[36,60]", "[36,60,1]"), tensor + `": shape [36 60 1], want [36 60]`},
		"huge shape":             {weights, header("[36,60]", "[18446744073709551615,60]"), tensor + `": shape`},
		"negative shape":         {weights, header("[36,60]", "[-36,60]"), `header: `},
		"offset beyond":          {weights, header(`"data_offsets":[0,`, `"data_offsets":[8,`), "want a start at 0"},
		"NaN":                    {"2_Dense/model.safetensors", put(-4, 0, 0, 0xc0, 0x7f), `2_Dense/model.safetensors: tensor "linear.weight": element 719 is NaN, want finite numbers`},
		"NaN in the pooler":      {weights, put(-4, 0, 0, 0xc0, 0x7f), `model.safetensors: tensor "pooler.dense.weight": element 1295 is NaN`},
		"infinity":               {"2_Dense/model.safetensors", put(-4, 0, 0, 0x80, 0xff), `2_Dense/model.safetensors: tensor "linear.weight": element 719 is -Inf, want finite numbers`},
	} {
		t.Run(name, func(t *testing.T) {
			files := modelFiles(t, "max-dense")
			if c.change == nil {
				delete(files, c.file)
			} else {
				if files[c.file] == nil {
					files[c.file] = &fstest.MapFile{}
				}
				data := c.change(slices.Clone(files[c.file].Data))
				if bytes.Equal(data, files[c.file].Data) {
					t.Fatalf("%s was not changed", c.file)
				}
				files[c.file] = &fstest.MapFile{Data: data}
			}
			_, err := Load(files)
			if err == nil {
				t.Fatalf("no error, want %q", c.want)
			}
			rest, ok := strings.CutPrefix(err.Error(), "encoder: ")
			for _, part := range strings.Split(c.want, " … ") {
				at := strings.Index(rest, part)
				if ok = ok && at >= 0; ok {
					rest = rest[at+len(part):]
				}
			}
			if !ok || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q, want %q", err, "encoder: … "+c.want)
			}
		})
	}
}

// Weights in another format are refused with an error that names the format.
func TestLoadPickle(t *testing.T) {
	files := modelFiles(t, "max-dense")
	files["pytorch_model.bin"] = &fstest.MapFile{}
	delete(files, weightsFile)
	if _, err := Load(files); err == nil || !strings.HasPrefix(err.Error(), "encoder: pytorch_model.bin: ") {
		t.Errorf("error %v, want one that names pytorch_model.bin", err)
	}
}

// TestLoadUnneeded leaves out what the encoder can do without.
func TestLoadUnneeded(t *testing.T) {
	files := modelFiles(t, "max-dense")
	delete(files, "tokenizer_config.json")
	delete(files, "config_sentence_transformers.json")
	delete(files, "sentence_bert_config.json")
	delete(files, "3_Normalize/config.json")
	m, err := Load(files)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.Config().MaxSeqLength, m.Config().MaxPositionEmbeddings; got != want {
		t.Errorf("MaxSeqLength without a limit in any file is %d, want %d", got, want)
	}
}

// TestLoadDirectory moves the transformer to a directory of its own, as old models have it, and saves it at the top again.
func TestLoadDirectory(t *testing.T) {
	files := modelFiles(t, "mean12")
	for _, name := range []string{"config.json", "model.safetensors", "sentence_bert_config.json", "tokenizer.json", "tokenizer_config.json"} {
		files["0_Transformer/"+name] = files[name]
		delete(files, name)
	}
	files["modules.json"].Data = replace(`"path": ""`, `"path": "0_Transformer"`)(files["modules.json"].Data)
	m, err := Load(files)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir + "/model.safetensors"); err != nil {
		t.Error(err)
	}
}

// FuzzLoad replaces a file of a model by any bytes: Load gives a model or an error.
func FuzzLoad(f *testing.F) {
	files := modelFiles(f, "max-dense")
	names := []string{"modules.json", "config.json", "sentence_bert_config.json", "1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors",
		"3_Normalize/config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", promptsFile, headsFile}
	for i, name := range names {
		if file := files[name]; file != nil {
			f.Add(i, file.Data)
			f.Add(i, file.Data[:len(file.Data)/2])
		}
	}
	f.Add(slices.Index(names, headsFile), []byte(`{"attention_query": [1], "label": {"name": "x", "classes": ["0", "1"], "matrix": [[1], [2]], "bias": [0, 1]}}`))
	f.Add(slices.Index(names, "special_tokens_map.json"), []byte(`{"unk_token": {"content": "a"}, "extra_special_tokens": {"x": "b"}}`))
	f.Fuzz(func(t *testing.T, i int, data []byte) {
		name := names[uint(i)%uint(len(names))]
		damaged := fstest.MapFS{}
		for n, file := range files {
			damaged[n] = file
		}
		damaged[name] = &fstest.MapFile{Data: data}
		if m, err := Load(damaged); (m == nil) == (err == nil) {
			t.Errorf("model %p and error %v, want one of them", m, err)
		}
	})
}
