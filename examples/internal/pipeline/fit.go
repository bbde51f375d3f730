package pipeline

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
	Tune   triplet.Options // how it is tuned; of what is zero: two layers, two epochs, batches of 8, rate 5e-5, soft margin, a fifth of the turns left out; checkpoints go to a folder of each tuning below their Dir, see Tunings
	Frozen bool            // don't tune; default false
	Head   classify.Fitter // the classifier of each block of turn vectors; default that of [classify.Block], which tf-idf always has
	Folds  int             // inner folds, of the tuning and of what weighs the heads; default 3
	Groups []string        // documents of a group, such as an agent's, stay in one inner fold; default each for itself
	Seed   uint64          // of the inner folds and the tuning
	// Progress watches: stage says what is being done, of which done of total steps are.
	Progress func(stage string, done, total int)
}

// A Fit is a pipeline with what its training left.
type Fit struct {
	*Pipeline
	Rows   mat.Matrix // of all documents, as the stack reads them; those of the training documents by encoders that have not seen their labels
	Tuning *Tuning    // nil without

	frozen, alone         *classify.Stack // what the stack is without tuning, and the tuned head alone
	frozenRows, aloneRows mat.Matrix
}

// Train fits a pipeline to the documents whose places are train (nil: all); the labels of others are not looked at, but
// the features of all are returned.
func Train(ctx context.Context, docs [][]string, labels, train []int, opts *Options) (*Fit, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if train == nil {
		train = make([]int, len(docs))
		for i := range train {
			train[i] = i
		}
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
	generic, err := f.blocks(ctx, docs, &o)
	if err != nil {
		return nil, err
	}
	stack := &classify.StackOptions{Folds: cmp.Or(o.Folds, innerFolds), Groups: o.Groups, Seed: o.Seed}
	if f.frozen, f.frozenRows, err = classify.FitStack(ctx, generic, labels, train, stack); err != nil {
		return nil, err
	}
	f.Stack, f.Rows = f.frozen, f.frozenRows
	if !o.Frozen {
		if err := f.addTuned(ctx, docs, labels, train, generic, stack, &o); err != nil {
			return nil, err
		}
	}
	f.Background = shap.Mean(classify.Rows(f.Rows, train))[f.Stack.Heads[0].Columns:]
	return f, nil
}

// addTuned tunes the encoder and gives the stack a head that reads its vectors, where one helps.
func (f *Fit) addTuned(ctx context.Context, docs [][]string, labels, train []int, generic []classify.Block, stack *classify.StackOptions, o *Options) error {
	t, err := f.tune(ctx, docs, labels, train, o)
	if err != nil {
		return err
	}
	chosen, x, err := classify.FitStack(ctx, append(generic, t.blocks(o.Head)...), labels, train, stack)
	if err != nil {
		return err
	}
	rows, err := t.settle(ctx, f.Generic, chosen, docs, train, stage(o, "encoding calls by the tuned encoder"))
	if err != nil {
		return err
	}
	alone := []classify.Block{{Name: TunedMean, Features: classify.Fixed(rows), Head: o.Head}}
	if f.alone, f.aloneRows, err = classify.FitStack(ctx, alone, labels, train, stack); err != nil {
		return err
	}
	f.Tuning = t
	if t.Used {
		f.Tuned, f.Stack, f.Rows = t.Model, chosen, x // of which rows are part
	}
	return nil
}

// Names of what Predictions compares beside the heads.
const (
	GenericStack = "stack of generic heads"
	FullStack    = "stack, fine-tuned where it helps"
)

// A Prediction is what one way of predicting says of some documents.
type Prediction struct {
	Name        string
	Probability []float64
}

// Predictions tells what each head says alone, under the name of its block, what the stack would say without tuning,
// and what the pipeline says, for the documents at the given places, which should not be among those trained on.
func (f *Fit) Predictions(places []int) ([]Prediction, error) {
	margins, err := f.frozen.HeadMargins(classify.Rows(f.frozenRows, places))
	if err != nil {
		return nil, err
	}
	var all []Prediction
	for i, h := range f.frozen.Heads {
		p := make([]float64, len(places))
		for k, m := range margins[i] {
			p[k] = classify.Sigmoid(m)
		}
		all = append(all, Prediction{h.Name, p})
	}
	for _, way := range []struct {
		name  string
		stack *classify.Stack
		rows  mat.Matrix
	}{{TunedMean, f.alone, f.aloneRows}, {GenericStack, f.frozen, f.frozenRows}, {FullStack, f.Stack, f.Rows}} {
		if f.Tuning == nil && way.name != GenericStack {
			continue
		}
		p, err := way.stack.Predict(classify.Rows(way.rows, places))
		if err != nil {
			return nil, err
		}
		all = append(all, Prediction{way.name, p})
	}
	return all, nil
}

// TunedRows are all documents as the tuned encoder reads them, for other classifiers; of the training documents, by
// encoders that have not seen their labels. Nil without tuning.
func (f *Fit) TunedRows() mat.Matrix { return f.aloneRows }

// blocks lists the blocks of features that are not tuned, in the order of the names.
func (f *Fit) blocks(ctx context.Context, docs [][]string, o *Options) ([]classify.Block, error) {
	all := texts(docs)
	blocks := []classify.Block{{Name: Words, Features: func(_ context.Context, train []int) (mat.Matrix, error) {
		var err error
		if f.Words, err = transcript.FitTFIDF(Pick(all, train), nil); err != nil {
			return nil, err
		}
		return classify.NewSparse(len(f.Words.Terms()), f.Words.Transform(all).Rows)
	}}}
	for _, name := range []string{TurnMean, LastTurns, Trend} {
		m, pooling, _ := f.block(name)
		x, err := m.EncodeDocuments(ctx, docs, &encoder.Options{Pooling: pooling, Cache: f.generic, Progress: stage(o, "encoding calls")})
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, classify.Block{Name: name, Features: classify.Fixed(x), Head: o.Head})
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
