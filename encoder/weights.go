package encoder

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"gorgonia.org/tensor"
)

// Parameter is one weight tensor of the model.
type Parameter struct {
	// Name is the name in the checkpoint, without the prefix "bert.". The query, key and value projections are one
	// parameter, named attention.self.qkv instead of attention.self.query, .key and .value. Parameters of a Dense
	// module have the module's directory as a prefix: 2_Dense.linear.weight.
	Name string
	// Layer counts from the input: 0 for the embeddings, 1 to NumHiddenLayers for the layers, and one more for the
	// Dense modules after the pooling.
	Layer int
	Kind  ParameterKind
	// Value holds float32 in row-major order. Every graph over the model reads it.
	Value *tensor.Dense
}

// ParameterKind is the role of a parameter.
type ParameterKind int

// The kinds of parameters.
const (
	Table  ParameterKind = iota // embeddings of ids, positions and token types: [n, hidden_size]
	Weight                      // of a linear map: [out, in]
	Bias                        // of a linear map: [out]
	Norm                        // weight or bias of a LayerNorm: [hidden_size]
)

// layout is where a parameter is kept: the file, its shape, and the tensors there that make it up, stacked along
// the first dimension.
type layout struct {
	name, file string
	layer      int
	kind       ParameterKind
	shape      []int
	parts      []string
	unused     bool // by the encoder: it may be missing, and is kept for Save
}

// partShape is the shape of each tensor of l in the file.
func (l *layout) partShape() []int {
	s := slices.Clone(l.shape)
	s[0] /= len(l.parts)
	return s
}

const weightsFile = "model.safetensors"

// layouts lists the parameters of a model, in the order in which they act.
func (c *Config) layouts() []layout {
	file := path.Join(c.transformer, weightsFile)
	var all []layout
	layer := 0
	add := func(kind ParameterKind, name string, shape ...int) {
		parts := []string{name}
		if before, after, ok := strings.Cut(name, "qkv"); ok {
			parts = []string{before + "query" + after, before + "key" + after, before + "value" + after}
		}
		all = append(all, layout{name: name, file: file, layer: layer, kind: kind, shape: shape, parts: parts})
	}
	linear := func(name string, out, in int) {
		add(Weight, name+".weight", out, in)
		add(Bias, name+".bias", out)
	}
	h := c.HiddenSize
	norm := func(name string) {
		add(Norm, name+".weight", h)
		add(Norm, name+".bias", h)
	}
	add(Table, "embeddings.word_embeddings.weight", c.VocabSize, h)
	add(Table, "embeddings.position_embeddings.weight", c.MaxPositionEmbeddings, h)
	add(Table, "embeddings.token_type_embeddings.weight", c.TypeVocabSize, h)
	norm("embeddings.LayerNorm")
	for i := range c.NumHiddenLayers {
		layer = i + 1
		name := fmt.Sprintf("encoder.layer.%d.", i)
		linear(name+"attention.self.qkv", 3*h, h)
		linear(name+"attention.output.dense", h, h)
		norm(name + "attention.output.LayerNorm")
		linear(name+"intermediate.dense", c.IntermediateSize, h)
		linear(name+"output.dense", h, c.IntermediateSize)
		norm(name + "output.LayerNorm")
	}
	layer = c.NumHiddenLayers + 1
	pooler := len(all)
	linear("pooler.dense", h, h)
	for i := range all[pooler:] {
		all[pooler+i].unused = true
	}
	for _, m := range c.modules {
		if !m.dense() {
			continue
		}
		at := len(all)
		linear("linear", m.Out, m.In)
		if !m.Bias {
			all = all[:at+1]
		}
		for i := range all[at:] {
			l := &all[at+i]
			l.name, l.file = m.Path+"."+l.name, path.Join(m.Path, weightsFile)
		}
	}
	return all
}

// ignored reports which tensors of a checkpoint the encoder has no use for: heads of the pretraining, and a table of
// the numbers 0, 1, 2, …
func ignored(name string) bool {
	return name == "embeddings.position_ids" || strings.HasPrefix(name, "cls.")
}

// readWeights reads every parameter of the model, and returns them with the layouts of those that are there. Tensors
// that are missing, of another shape or type, not finite, or not of this architecture are errors.
func readWeights(fsys fs.FS, c *Config) ([]Parameter, []layout, error) {
	files := map[string]*checkpoint{}
	defer func() {
		for _, f := range files {
			f.close()
		}
	}()
	var layouts []layout
	for all := c.layouts(); len(all) > 0; all = all[1:] { // in this order, so that the same error comes first each time
		l := all[0]
		f := files[l.file]
		if f == nil {
			var err error
			if f, err = openCheckpoint(fsys, l.file); err != nil {
				return nil, nil, err
			}
			files[l.file] = f
			if err := c.checkNames(f, all); err != nil {
				return nil, nil, err
			}
		}
		if l.unused && !f.has(l.name) {
			continue
		}
		for _, p := range l.parts {
			if err := f.check(p, l.partShape()); err != nil {
				return nil, nil, err
			}
		}
		layouts = append(layouts, l)
	}
	parameters := make([]Parameter, len(layouts))
	errs := make([]error, len(layouts))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(layouts) {
					return
				}
				parameters[i], errs[i] = readParameter(files[layouts[i].file], &layouts[i])
			}
		})
	}
	wg.Wait()
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return nil, nil, errs[i]
	}
	return parameters, layouts, nil
}

// checkNames refuses a file with tensors that no layout asks for: it is another architecture, or not all of it would
// be read.
func (c *Config) checkNames(f *checkpoint, layouts []layout) error {
	wanted := map[string]bool{}
	for _, l := range layouts {
		for _, p := range l.parts {
			wanted[p] = true
		}
	}
	for _, name := range f.names() {
		if !wanted[name] && !ignored(name) {
			return fmt.Errorf("encoder: %s: tensor %q is not part of a BERT encoder with num_hidden_layers %d", f.file, name, c.NumHiddenLayers)
		}
	}
	return nil
}

// readParameter reads the tensors that make up one parameter.
func readParameter(f *checkpoint, l *layout) (Parameter, error) {
	data := make([]float32, tensor.Shape(l.shape).TotalSize())
	size := len(data) / len(l.parts)
	for i, name := range l.parts {
		if err := f.read(name, data[i*size:(i+1)*size]); err != nil {
			return Parameter{}, err
		}
	}
	return Parameter{l.name, l.layer, l.kind, tensor.New(tensor.WithShape(l.shape...), tensor.WithBacking(data))}, nil
}
