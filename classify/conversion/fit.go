package conversion

import (
	"cmp"
	"context"
	"io/fs"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/encoder/minilm"
	"github.com/org/salesconv/shap"
	"github.com/org/salesconv/transcript"
	"github.com/org/salesconv/triplet"
	"gonum.org/v1/gonum/mat"
)

// innerFolds is the default of Options.Folds.
const innerFolds = 3

// Options are the settings of Fit. Nil means the defaults.
type Options struct {
	Model  fs.FS           // the generic encoder; default the embedded all-MiniLM-L6-v2
	Tune   triplet.Options // how it is tuned; of what is zero: two layers, 400 steps of 8 but 3 to 12 epochs, rate 1.5e-4, soft margin, three fifths of the turns left out; checkpoints go to a folder of each tuning below their Dir, see Tunings
	Frozen bool            // don't tune; default false
	Head   classify.Fitter // the classifier of each block of the generic encoder's vectors; default that of [classify.Block], which tf-idf always has
	Folds  int             // inner folds, of the tuning and of what weighs the heads; default 3
	Groups []string        // documents of a group, such as an agent's, stay in one inner fold; default each for itself
	Seed   uint64          // of the inner folds and the tuning
	// Progress watches: stage says what is being done, of which done of total steps are.
	Progress func(stage string, done, total int)
}

// A Fit is a pipeline with what its training left.
type Fit struct {
	*Pipeline
	Rows   mat.Matrix // of all documents, as the stack reads them
	Tuning *Tuning    // nil without

	ways []way // what Predictions compares
}

// Train fits a pipeline to the documents whose places are train (nil: all); the labels of others are not looked at, but
// the features of all are returned.
func Train(ctx context.Context, docs [][]string, labels, train []int, opts *Options) (*Fit, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if train == nil {
		train = places(len(docs))
	}
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	f := &Fit{Pipeline: &Pipeline{embedded: o.Model == nil}}
	if o.Model == nil {
		o.Model = minilm.FS()
	}
	var err error
	if f.Generic, err = encoder.Load(o.Model); err != nil {
		return nil, err
	}
	f.remember(len(flatten(docs)))
	blocks, err := f.blocks(ctx, docs, train, &o)
	if err != nil {
		return nil, err
	}
	var generic []string
	for _, b := range blocks {
		generic = append(generic, b.Name)
	}
	if !o.Frozen {
		if f.Tuning, err = f.tune(ctx, docs, labels, train, &o); err != nil {
			return nil, err
		}
		blocks = append(blocks, f.Tuning.block())
	}
	heads, err := classify.FitHeads(ctx, blocks, labels, train, &classify.StackOptions{Folds: cmp.Or(o.Folds, innerFolds), Groups: o.Groups, Seed: o.Seed})
	if err != nil {
		return nil, err
	}
	if f.Stack, err = f.join(heads, GenericStack, generic, nil); err != nil {
		return nil, err
	}
	if !o.Frozen {
		if err := f.addTuned(heads, generic); err != nil {
			return nil, err
		}
	}
	if f.Rows, err = heads.Features(f.Stack); err != nil {
		return nil, err
	}
	x, err := classify.SelectRows(f.Rows, train)
	if err != nil {
		return nil, err
	}
	f.Background = shap.Mean(x)[f.Stack.Heads[0].Columns:]
	return f, nil
}

// addTuned gives the stack the head that reads the tuned encoder's vectors, where it helps.
func (f *Fit) addTuned(heads *classify.Heads, generic []string) error {
	tuned := []string{TunedMean}
	if _, err := f.join(heads, TunedMean, tuned, nil); err != nil {
		return err
	}
	if _, err := f.join(heads, TunedStack, append(generic, TunedMean), nil); err != nil {
		return err
	}
	chosen, err := f.join(heads, FullStack, generic, tuned)
	if err != nil {
		return err
	}
	t := f.Tuning
	t.Trials, t.Used = chosen.Trials, chosen.Trials[1].Stays
	if t.Used {
		f.Tuned, f.Stack = t.Model, chosen
	}
	return nil
}

// way is a stack that predicts, and the rows that it reads.
type way struct {
	name  string
	stack *classify.Stack
	rows  mat.Matrix
}

// join joins heads to a stack and takes note of it as a way to predict.
func (f *Fit) join(heads *classify.Heads, name string, required, optional []string) (*classify.Stack, error) {
	s, err := heads.Stack(required, optional)
	if err != nil {
		return nil, err
	}
	x, err := heads.Features(s)
	f.ways = append(f.ways, way{name, s, x})
	return s, err
}

// Names of what Predictions compares beside the heads.
const (
	GenericStack = "stack of generic heads"
	TunedStack   = "stack, fine-tuned"
	FullStack    = "stack, fine-tuned where it helps"
)

// A Prediction is what one way of predicting says of some documents.
type Prediction struct {
	Name        string
	Probability []float64
}

// Predictions tells what each head says alone, under the name of its block, what the stack would say without tuning and
// with it in any case, and what the pipeline says, for the documents at the given places, which should not be among
// those trained on.
func (f *Fit) Predictions(places []int) ([]Prediction, error) {
	generic := f.ways[0]
	x, err := classify.SelectRows(generic.rows, places)
	if err != nil {
		return nil, err
	}
	margins, err := generic.stack.HeadMargins(x)
	if err != nil {
		return nil, err
	}
	var all []Prediction
	for i, h := range generic.stack.Heads {
		p := make([]float64, len(places))
		for k, m := range margins[i] {
			p[k] = classify.Sigmoid(m)
		}
		all = append(all, Prediction{h.Name, p})
	}
	for _, w := range f.ways {
		x, err := classify.SelectRows(w.rows, places)
		if err != nil {
			return nil, err
		}
		p, err := w.stack.Predict(x)
		if err != nil {
			return nil, err
		}
		all = append(all, Prediction{w.name, p})
	}
	return all, nil
}

// TunedRows are all documents as the tuned encoder reads them, for other classifiers; of the training documents, by
// encoders that have not seen their labels. Nil without tuning.
func (f *Fit) TunedRows() mat.Matrix {
	if f.Tuning == nil {
		return nil
	}
	return f.Tuning.unseen
}

// blocks lists the blocks of features that are not tuned, in the order of the names.
func (f *Fit) blocks(ctx context.Context, docs [][]string, train []int, o *Options) ([]classify.Block, error) {
	all := texts(docs)
	learn := func(_ context.Context, rows []int) (mat.Matrix, error) {
		words, err := transcript.FitTFIDF(Pick(all, rows), nil)
		if err != nil {
			return nil, err
		}
		return words.Transform(all), nil
	}
	var err error
	if f.Words, err = transcript.FitTFIDF(Pick(all, train), nil); err != nil {
		return nil, err
	}
	blocks := []classify.Block{{Name: Words, Features: f.Words.Transform(all), Learn: learn}}
	for _, name := range []string{TurnMean, LastTurns, Trend} {
		m, pooling, _ := f.block(name)
		x, err := m.EncodeDocuments(ctx, docs, &encoder.Options{Pooling: pooling, Cache: f.generic, Progress: stage(o, "encoding calls")})
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, classify.Block{Name: name, Features: x, Head: o.Head})
	}
	return blocks, nil
}

func stage(o *Options, name string) func(done, total int) {
	return func(done, total int) { o.Progress(name, done, total) }
}

func flatten(docs [][]string) (turns []string) {
	for _, d := range docs {
		turns = append(turns, d...)
	}
	return turns
}

// Pick returns the elements of s at the given places; nil for a nil s.
func Pick[T any](s []T, places []int) []T {
	if s == nil {
		return nil
	}
	out := make([]T, len(places))
	for i, p := range places {
		out[i] = s[p]
	}
	return out
}
