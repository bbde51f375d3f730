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
	"github.com/org/salesconv/classify/internal/sample"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/triplet"
	"gonum.org/v1/gonum/mat"
)

// Tuning reports the fine-tuning of the encoder.
//
// The encoder is fine-tuned with a linear classifier of the outcome on top, its head: once on all training calls, and
// once without each of the inner folds, for the margins by which the stack judges the head, as an encoder separates the
// calls that it is trained on far better than others. The final encoder and head are a model soup, the mean of the
// weights of all these models and of their heads, which predicts better than any of them (Wortsman et al. 2022, arXiv
// 2203.05482).
type Tuning struct {
	Used bool `json:"used"` // the predictor's stack has the tuned head
	// Trials are the stack without the tuned head and with it, judged out of fold.
	Trials []classify.BlockTrial `json:"trials"`
	// Histories are of the run on all training calls, then of the runs without each inner fold.
	Histories []*triplet.History `json:"histories"`
}

// Verdict puts the outcome of the trials into a sentence.
func (t *Tuning) Verdict() string {
	without, with := t.Trials[0], t.Trials[1]
	change := fmt.Sprintf("on the training calls, out of fold, the log loss of the stack goes from %.4f to %.4f and its ROC AUC from %.3f to %.3f",
		without.LogLoss, with.LogLoss, without.ROCAUC, with.ROCAUC)
	if t.Used {
		return fmt.Sprintf("Fine-tuning is used: %s.", change)
	}
	return fmt.Sprintf("Fine-tuning is not used, and the predictor equals the stack of generic heads, as the tuned head does not improve both here: %s with it.", change)
}

// tuned is what fine-tuning leaves.
type tuned struct {
	Tuning
	model *encoder.Model
	head  *classify.Logistic // of model
	// margins of the training calls, by heads and encoders that were not trained on them
	margins   []float64
	rows      *mat.Dense // of the training calls, by model
	outOfFold *mat.Dense // of the training calls, by encoders that were not trained on them
}

// recipe fills in the options that the caller has left open: few layers, small batches and the more epochs the fewer calls there are, so
// that a head that begins with nothing gets somewhere; a soft margin that keeps pulling; and most turns left out at
// random, which saves their time and keeps the encoder from memorizing calls.
func recipe(t triplet.Options, layers, calls int) triplet.Options {
	t.BatchSize = cmp.Or(t.BatchSize, 8)
	t.Epochs = cmp.Or(t.Epochs, min(max(tuningSteps*t.BatchSize/calls, 3), 12))
	t.DropSegments = cmp.Or(t.DropSegments, 0.6)
	t.TripletsPerAnchor = cmp.Or(t.TripletsPerAnchor, 4)
	t.Schedule = cmp.Or(t.Schedule, triplet.LinearDecay)
	t.Warmup, t.WeightDecay = cmp.Or(t.Warmup, 0.1), cmp.Or(t.WeightDecay, 0.01)
	t.ClipNorm, t.LayerDecay, t.LabelWeight = cmp.Or(t.ClipNorm, 1), cmp.Or(t.LayerDecay, 1), cmp.Or(t.LabelWeight, 1)
	if t.LoRA > 0 {
		t.LearningRate = cmp.Or(t.LearningRate, 2e-4)
	} else {
		t.TrainLayers = cmp.Or(t.TrainLayers, min(2, layers))
		t.LearningRate = cmp.Or(t.LearningRate, 1.5e-4)
	}
	if l := &t.Loss; (l.Kind == "" || l.Kind == triplet.Triplets) && l.Margin == 0 {
		l.Soft = true
	}
	return t
}

// tuningSteps is how many steps a fine-tuning run takes, unless that takes fewer than 3 or more than 12 epochs.
const tuningSteps = 400

// head is the classifier of the outcome that the model was trained with.
func head(m *encoder.Model) (*classify.Logistic, error) {
	coefficients, intercept, err := m.Heads().Label.Margin("1")
	if err != nil {
		return nil, err
	}
	return &classify.Logistic{Coefficients: coefficients, Intercept: intercept}, nil
}

// tune fine-tunes the encoder on all calls, and without each inner fold of them.
func (f *fit) tune(ctx context.Context) (*tuned, error) {
	folds, err := evaluate.Folds(f.labels, f.Groups, f.Folds, f.Seed)
	if err != nil {
		return nil, err
	}
	docs := f.generic.TokenizeDocuments(f.docs) // once for all runs
	t := &tuned{margins: make([]float64, len(docs))}
	held := make([]*mat.Dense, len(folds))
	models := make([]*encoder.Model, len(folds)+1)
	for k := range models {
		train := all(len(docs))
		if k > 0 {
			train = folds[k-1].Train
		}
		name := fmt.Sprintf("fine-tuning run %d of %d", k+1, len(models))
		m, h, err := f.tuneOn(ctx, docs, train, name)
		if err != nil {
			return nil, err
		}
		models[k], t.Histories = m, append(t.Histories, h)
		if k == 0 {
			continue
		}
		test := folds[k-1].Test
		if held[k-1], err = f.encode(ctx, m, sample.Pick(docs, test), "encoding calls after "+name); err != nil {
			return nil, err
		}
		head, err := head(m)
		if err != nil {
			return nil, err
		}
		z, err := head.Margins(held[k-1])
		if err != nil {
			return nil, err
		}
		for i, at := range test {
			t.margins[at] = z[i]
		}
	}
	if err := t.join(models); err != nil {
		return nil, err
	}
	if t.rows, err = f.encode(ctx, t.model, docs, "encoding calls after fine-tuning"); err != nil {
		return nil, err
	}
	t.outOfFold = mat.DenseCopyOf(t.rows)
	for k, fold := range folds {
		for i, at := range fold.Test {
			t.outOfFold.SetRow(at, held[k].RawRowView(i))
		}
	}
	return t, nil
}

// join sets the model to the average of all, and takes its head off it.
func (t *tuned) join(models []*encoder.Model) error {
	var err error
	if t.model, err = triplet.Average(models...); err != nil {
		return err
	}
	if t.head, err = head(t.model); err != nil {
		return err
	}
	left := *t.model.Heads()
	if left.Label = nil; left.Query == nil && left.Tasks == nil {
		return t.model.SetHeads(nil)
	}
	return t.model.SetHeads(&left)
}

// all are the numbers 0 to n-1.
func all(n int) []int {
	places := make([]int, n)
	for i := range places {
		places[i] = i
	}
	return places
}

// tuneOn fine-tunes the generic encoder on the calls at the places train.
func (f *fit) tuneOn(ctx context.Context, docs encoder.Documents, train []int, name string) (*encoder.Model, *triplet.History, error) {
	m := f.generic.Clone()
	tune := recipe(f.Tune, m.Config().NumHiddenLayers, len(train))
	tune.Seed = f.Seed
	tune.Tasks, tune.Confounders = nil, nil
	for _, groups := range f.Tune.Confounders {
		tune.Confounders = append(tune.Confounders, sample.Pick(groups, train))
	}
	for _, t := range f.Tune.Tasks {
		t.Classes = slices.Compact(slices.Sorted(slices.Values(t.Targets))) // the same in each fold
		t.Targets = sample.Pick(t.Targets, train)
		tune.Tasks = append(tune.Tasks, t)
	}
	tune.Progress = func(s triplet.Step) { f.Progress(name, s.Step, s.Total) }
	if c := f.Tune.Checkpoints; c != nil {
		own := *c
		own.Dir = filepath.Join(c.Dir, runDir(train))
		tune.Checkpoints = &own
	}
	if len(train) == len(docs) {
		f.info.Options.Tuning = settings(&tune)
	}
	h, err := triplet.TrainTokenized(ctx, m, sample.Pick(docs, train), sample.Pick(f.labels, train), &tune)
	return m, h, err
}

// encode gives the embeddings of calls.
func (f *fit) encode(ctx context.Context, m *encoder.Model, docs encoder.Documents, name string) (*mat.Dense, error) {
	cache := encoder.NewCache(len(slices.Concat(docs...))) // for turns that recur
	x, err := m.EncodeTokenized(ctx, docs, &encoder.Options{Cache: cache, Progress: f.stage(name)})
	if err != nil {
		return nil, err
	}
	return mat.DenseCopyOf(x), nil
}

// block is what the stack reads of it.
func (t *tuned) block() classify.Block {
	head := func(context.Context, mat.Matrix, []int, []float64) (classify.Classifier, error) { return t.head, nil }
	return classify.Block{Name: TunedTurnMean, Features: t.rows, Head: head, OutOfFoldMargins: t.margins}
}

// RunPattern matches the directories in which the fine-tuning runs of a Fit keep their checkpoints.
const RunPattern = "run-????????"

// runDir is the directory of the run on the calls at some places.
func runDir(places []int) string {
	h := fnv.New32a()
	fmt.Fprint(h, places)
	return fmt.Sprintf("run-%08x", h.Sum32())
}
