package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"io/fs"
	"path/filepath"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/encoder/minilm"
	"github.com/org/salesconv/shap"
	"github.com/org/salesconv/transcript"
	"github.com/org/salesconv/triplet"
	"gonum.org/v1/gonum/mat"
)

// Options are the settings of Fit. Nil means the defaults.
type Options struct {
	Model  fs.FS           // the generic encoder; default the embedded all-MiniLM-L6-v2
	Tune   triplet.Options // how it is tuned; checkpoints go to a folder of each tuning below their Dir, see Tunings
	Frozen bool            // don't tune; default false
	Head   classify.Fitter // the classifier of each block of turn vectors; default that of [classify.Block], which tf-idf always has
	Folds  int             // inner folds that weigh the heads; default 3
	Groups []string        // documents of a group, such as an agent's, stay in one inner fold; default each for itself
	Seed   uint64          // of the inner folds and the tuning
	// Progress watches: stage says what is being done, of which done of total steps are.
	Progress func(stage string, done, total int)
}

// A Fit is a pipeline with what its training left.
type Fit struct {
	*Pipeline
	Rows    mat.Matrix       // of all documents, as the stack reads them
	History *triplet.History // of the tuning on all training documents; nil without

	frozen     *classify.Stack // what the stack is without tuning
	frozenRows mat.Matrix
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
	blocks, err := f.blocks(ctx, docs, labels, &o)
	if err != nil {
		return nil, err
	}
	stack := &classify.StackOptions{Folds: cmp.Or(o.Folds, 3), Groups: o.Groups, Seed: o.Seed}
	if f.Stack, f.Rows, err = classify.FitStack(ctx, blocks, labels, train, stack); err != nil {
		return nil, err
	}
	f.frozen, f.frozenRows = f.Stack, f.Rows
	if !o.Frozen {
		if f.frozen, f.frozenRows, err = classify.FitStack(ctx, blocks[:len(blocks)-1], labels, train, stack); err != nil {
			return nil, err
		}
	}
	f.Background = shap.Mean(classify.Rows(f.Rows, train))[f.Stack.Heads[0].Columns:]
	return f, nil
}

// Names of what Predictions compares beside the heads.
const (
	GenericStack = "stack of generic heads"
	FullStack    = "stack with fine-tuned head"
)

// A Prediction is what one way of predicting says of some documents.
type Prediction struct {
	Name        string
	Probability []float64
}

// Predictions tells what each head says alone, under the name of its block, what the stack would say without tuning,
// and what the pipeline says, for the documents at the given places.
func (f *Fit) Predictions(places []int) ([]Prediction, error) {
	x := classify.Rows(f.Rows, places)
	margins, err := f.Stack.HeadMargins(x)
	if err != nil {
		return nil, err
	}
	var all []Prediction
	for i, h := range f.Stack.Heads {
		p := make([]float64, len(places))
		for k, m := range margins[i] {
			p[k] = classify.Sigmoid(m)
		}
		all = append(all, Prediction{h.Name, p})
	}
	p, err := f.frozen.Predict(classify.Rows(f.frozenRows, places))
	if err != nil {
		return nil, err
	}
	all = append(all, Prediction{GenericStack, p})
	if f.Tuned == nil {
		return all, nil
	}
	if p, err = f.Stack.Predict(x); err != nil {
		return nil, err
	}
	return append(all, Prediction{FullStack, p}), nil
}

// blocks lists the blocks of features, in the order of the names.
func (f *Fit) blocks(ctx context.Context, docs [][]string, labels []int, o *Options) ([]classify.Block, error) {
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
	if o.Frozen {
		return blocks, nil
	}
	return append(blocks, classify.Block{Name: TunedMean, Head: o.Head, Features: func(ctx context.Context, train []int) (mat.Matrix, error) {
		return f.tune(ctx, docs, labels, train, o)
	}}), nil
}

// tune tunes the encoder on some documents and encodes all with it. FitStack calls it for each inner fold, and at last
// for all training documents: the last encoder is the pipeline's.
func (f *Fit) tune(ctx context.Context, docs [][]string, labels, train []int, o *Options) (mat.Matrix, error) {
	m, err := encoder.Load(o.Model)
	if err != nil {
		return nil, err
	}
	tune := o.Tune
	tune.Seed = o.Seed
	tune.Tasks, tune.Shortcuts = nil, nil
	for _, groups := range o.Tune.Shortcuts {
		tune.Shortcuts = append(tune.Shortcuts, Pick(groups, train))
	}
	for _, t := range o.Tune.Tasks {
		t.Targets = Pick(t.Targets, train)
		tune.Tasks = append(tune.Tasks, t)
	}
	name := fmt.Sprintf("tuning on %d calls", len(train))
	tune.Progress = func(s triplet.Step) { o.Progress(name, s.Step, s.Total) }
	if c := o.Tune.Checkpoints; c != nil {
		own := *c
		own.Dir = filepath.Join(c.Dir, folder(train))
		tune.Checkpoints = &own
	}
	if f.History, err = triplet.Train(ctx, m, Pick(docs, train), Pick(labels, train), &tune); err != nil {
		return nil, err
	}
	f.Tuned = m
	return m.EncodeDocuments(ctx, docs, &encoder.Options{Cache: f.tuned, Progress: stage(o, "encoding calls by the tuned encoder")})
}

// Tunings matches the folders that tunings keep their checkpoints in.
const Tunings = "tuning-????????"

// folder is that of the tuning on the documents at the given places.
func folder(train []int) string {
	h := fnv.New32a()
	fmt.Fprint(h, train)
	return fmt.Sprintf("tuning-%08x", h.Sum32())
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
