package conversion

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"path/filepath"
	"slices"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/triplet"
	"gonum.org/v1/gonum/mat"
)

// A Tuning is what came of tuning the encoder on the training documents.
//
// The encoder is tuned with a linear classifier of the outcome on top, its head: once on all training documents, and once
// without each of the inner folds, for the margins by which the stack judges the head, as an encoder pulls apart the
// documents that it is trained on as it does no others. Model has the mean of all their weights, and their heads' mean,
// which predicts better than any of them (Wortsman et al. 2022, arXiv 2203.05482).
type Tuning struct {
	Model     *encoder.Model        `json:"-"`
	Used      bool                  `json:"used"`      // the stack has the tuned head
	Trials    []classify.BlockTrial `json:"trials"`    // the stack without it and with it, judged out of fold
	Histories []*triplet.History    `json:"histories"` // on all training documents, then without each inner fold

	head    *classify.Logistic // of Model
	margins []float64          // of the training documents, by heads and encoders that have not seen them
	rows    *mat.Dense         // of all documents, by Model
	unseen  *mat.Dense         // of all documents, those of the training documents by encoders that have not seen them
}

// Verdict says in a sentence what the trials came to.
func (t *Tuning) Verdict() string {
	without, with := t.Trials[0], t.Trials[1]
	change := fmt.Sprintf("on calls of the training set that neither encoder nor heads had seen, the log loss of the stack goes from %.4f to %.4f and its ROC AUC from %.3f to %.3f",
		without.LogLoss, with.LogLoss, without.ROCAUC, with.ROCAUC)
	if t.Used {
		return fmt.Sprintf("Fine-tuning is used: %s.", change)
	}
	return fmt.Sprintf("Fine-tuning is not used, and the predictor equals the stack of generic heads, as the tuned head does not better both here: %s with it.", change)
}

// recipe fills in what the caller has left open: few layers, small batches and the more epochs the fewer documents there
// are, so that a head that begins with nothing gets somewhere; a soft margin that keeps pulling; and most turns left out at
// random, which saves their time and keeps the encoder from learning documents by heart.
func recipe(t triplet.Options, layers, documents int) triplet.Options {
	t.BatchSize = cmp.Or(t.BatchSize, 8)
	t.Epochs = cmp.Or(t.Epochs, min(max(tuningSteps*t.BatchSize/documents, 3), 12))
	t.DropSegments = cmp.Or(t.DropSegments, 0.6)
	if t.LoRA == 0 {
		t.TrainLayers = cmp.Or(t.TrainLayers, min(2, layers))
		t.LearningRate = cmp.Or(t.LearningRate, 1.5e-4)
	}
	if l := &t.Loss; (l.Kind == "" || l.Kind == triplet.Triplets) && l.Margin == 0 {
		l.Soft = true
	}
	return t
}

// tuningSteps is how many steps a tuning takes, unless that takes fewer than 3 or more than 12 epochs.
const tuningSteps = 400

// head is the classifier of the outcome that the model was trained with.
func head(m *encoder.Model) (*classify.Logistic, error) {
	coefficients, intercept, err := m.Heads().Label.Margin("1")
	if err != nil {
		return nil, err
	}
	return &classify.Logistic{Coefficients: coefficients, Intercept: intercept}, nil
}

// tune tunes the encoder on the documents train, and without each fold of them.
func (f *Fit) tune(ctx context.Context, docs [][]string, labels, train []int, o *Options) (*Tuning, error) {
	folds, err := evaluate.Folds(Pick(labels, train), Pick(o.Groups, train), cmp.Or(o.Folds, innerFolds), o.Seed)
	if err != nil {
		return nil, err
	}
	t := &Tuning{margins: make([]float64, len(docs))}
	unseen := make([]*mat.Dense, len(folds))
	models := make([]*encoder.Model, len(folds)+1)
	for k := range models {
		name, on := fmt.Sprintf("tuning %d of %d", k+1, len(models)), train
		if k > 0 {
			on = Pick(train, folds[k-1].Train)
		}
		m, h, err := tuneOn(ctx, docs, labels, on, name, o)
		if err != nil {
			return nil, err
		}
		models[k], t.Histories = m, append(t.Histories, h)
		if k == 0 {
			continue
		}
		left := Pick(train, folds[k-1].Test)
		if unseen[k-1], err = encode(ctx, m, Pick(docs, left), "encoding calls after "+name, o); err != nil {
			return nil, err
		}
		head, err := head(m)
		if err != nil {
			return nil, err
		}
		z, err := head.Margins(unseen[k-1])
		if err != nil {
			return nil, err
		}
		for i, at := range left {
			t.margins[at] = z[i]
		}
	}
	if err := t.join(models); err != nil {
		return nil, err
	}
	if t.rows, err = encode(ctx, t.Model, docs, "encoding calls after tuning", o); err != nil {
		return nil, err
	}
	t.unseen = mat.DenseCopyOf(t.rows)
	for k, fold := range folds {
		for i, at := range Pick(train, fold.Test) {
			t.unseen.SetRow(at, unseen[k].RawRowView(i))
		}
	}
	return t, nil
}

// join makes the first model the mean of all, and parts its head from it.
func (t *Tuning) join(models []*encoder.Model) error {
	t.Model = models[0]
	mean := func(of func(*encoder.Model) []float32) {
		vectors := make([][]float32, len(models))
		for k, m := range models {
			vectors[k] = of(m)
		}
		for j := range vectors[0] {
			sum := 0.0
			for _, v := range vectors {
				sum += float64(v[j])
			}
			vectors[0][j] = float32(sum / float64(len(models)))
		}
	}
	for i := range t.Model.Parameters() {
		mean(func(m *encoder.Model) []float32 { return m.Parameters()[i].Value.Data().([]float32) })
	}
	t.Model.InvalidateWeights()
	mean(func(m *encoder.Model) []float32 { return m.Heads().Query })
	task := func(of func(*encoder.Heads) *encoder.Task) {
		mean(func(m *encoder.Model) []float32 { return of(m.Heads()).Bias })
		for c := range of(t.Model.Heads()).Matrix {
			mean(func(m *encoder.Model) []float32 { return of(m.Heads()).Matrix[c] })
		}
	}
	task(func(h *encoder.Heads) *encoder.Task { return h.Label })
	for k := range t.Model.Heads().Tasks {
		task(func(h *encoder.Heads) *encoder.Task { return &h.Tasks[k] })
	}
	var err error
	if t.head, err = head(t.Model); err != nil {
		return err
	}
	left := *t.Model.Heads()
	if left.Label = nil; left.Query == nil && left.Tasks == nil {
		return t.Model.SetHeads(nil)
	}
	return t.Model.SetHeads(&left)
}

// places are 0 to n-1.
func places(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// tuneOn tunes the generic encoder on the documents train.
func tuneOn(ctx context.Context, docs [][]string, labels, train []int, name string, o *Options) (*encoder.Model, *triplet.History, error) {
	m, err := encoder.Load(o.Model)
	if err != nil {
		return nil, nil, err
	}
	tune := recipe(o.Tune, m.Config().NumHiddenLayers, len(train))
	tune.Seed, tune.LabelWeight = o.Seed, 1
	tune.Tasks, tune.Confounders = nil, nil
	for _, groups := range o.Tune.Confounders {
		tune.Confounders = append(tune.Confounders, Pick(groups, train))
	}
	for _, t := range o.Tune.Tasks {
		t.Classes = slices.Compact(slices.Sorted(slices.Values(t.Targets))) // the same in each fold
		t.Targets = Pick(t.Targets, train)
		tune.Tasks = append(tune.Tasks, t)
	}
	tune.Progress = func(s triplet.Step) { o.Progress(name, s.Step, s.Total) }
	if c := o.Tune.Checkpoints; c != nil {
		own := *c
		own.Dir = filepath.Join(c.Dir, folder(train))
		tune.Checkpoints = &own
	}
	h, err := triplet.Train(ctx, m, Pick(docs, train), Pick(labels, train), &tune)
	return m, h, err
}

// encode gives the rows of documents.
func encode(ctx context.Context, m *encoder.Model, docs [][]string, name string, o *Options) (*mat.Dense, error) {
	cache := encoder.NewCache(len(flatten(docs))) // for turns that recur
	x, err := m.EncodeDocuments(ctx, docs, &encoder.Options{Cache: cache, Progress: stage(o, name)})
	if err != nil {
		return nil, err
	}
	return mat.DenseCopyOf(x), nil
}

// block is the stack's.
func (t *Tuning) block() classify.Block {
	head := func(context.Context, mat.Matrix, []int, []float64) (classify.Classifier, error) { return t.head, nil }
	return classify.Block{Name: TunedMean, Features: t.rows, Head: head, OutOfFoldMargins: t.margins}
}

// Tunings matches the folders that tunings keep their checkpoints in.
const Tunings = "tuning-????????"

// folder is that of the tuning on the documents at the given places.
func folder(places []int) string {
	h := fnv.New32a()
	fmt.Fprint(h, places)
	return fmt.Sprintf("tuning-%08x", h.Sum32())
}
