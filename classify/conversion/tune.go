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
// The encoder is fine-tuned together with a linear classifier of the outcome, its head, once without each inner fold. An encoder
// separates the calls that it is trained on far better than others, so the stack weights the head by its margins on the calls
// left out. The final encoder and head are a model soup, the mean of the weights of all these models and of their heads, which
// predicts better than any of them (Wortsman et al. 2022, arXiv 2203.05482). The head reads several vectors of a call, and a few
// hundred calls are too few to learn in training how much each vector counts. Its margin is therefore split into a part for each
// vector, and the parts are weighted like the heads of a stack, by out-of-fold margins. [Report.Refit] adds a run on all calls.
type Tuning struct {
	Used bool `json:"used"` // the predictor's stack has the tuned head
	// Share is the share of fine-tuned weights in the encoder that is saved; the rest are generic ones. 0: fine-tuning did
	// not help, and the generic encoder is saved.
	Share float64 `json:"share"`
	// Shares are the shares that were tried; the one with the highest ROC AUC is kept, unless the generic encoder is better.
	Shares []ShareTrial `json:"shares"`
	// Trials are the stack without the tuned head and with it, judged out of fold; none where Share is 0.
	Trials []classify.BlockTrial `json:"trials"`
	// Histories has the run without each inner fold, then the run on all calls, if there was one.
	Histories []*triplet.History `json:"histories"`
}

// Verdict states in a sentence whether the predictor uses the tuned head, and why.
func (t *Tuning) Verdict() string {
	if t.Share == 0 {
		return "Fine-tuning is not used: the predictor equals the stack of generic heads."
	}
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
	soup  *encoder.Model     // of all runs
	model *encoder.Model     // what is saved
	head  *classify.Logistic // of model; nil for the generic encoder
	held  *held
}

// recipe fills in the options that the caller has left open: few layers, small batches and the more epochs the fewer calls there are, so
// that a head that begins with nothing gets somewhere; a soft margin that keeps pulling; most turns left out at random,
// which saves their time and keeps the encoder from memorizing calls; and the poolings of the generic heads, so that training
// reaches the turns that decide a call.
func recipe(t triplet.Options, layers, calls int) triplet.Options {
	t.BatchSize = cmp.Or(t.BatchSize, 8)
	t.Epochs = cmp.Or(t.Epochs, min(max(tuningSteps*t.BatchSize/calls, 3), 12))
	t.DropSegments = cmp.Or(t.DropSegments, 0.6)
	if !t.Attention {
		t.Last, t.Trend = cmp.Or(t.Last, Last), true
	}
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
const tuningSteps = 200

// head is the classifier of the outcome that the model was trained with.
func head(m *encoder.Model) (*classify.Logistic, error) {
	coefficients, intercept, err := m.Heads().Label.Margin("1")
	if err != nil {
		return nil, err
	}
	return &classify.Logistic{Coefficients: coefficients, Intercept: intercept}, nil
}

// tune fine-tunes the encoder without each inner fold of the calls, and decides how much of it is kept: see
// [Tuning].Share. The heads belong to the generic encoder.
func (f *fit) tune(ctx context.Context, generic *classify.Heads) (*tuned, error) {
	folds, err := evaluate.Folds(f.labels, f.Groups, f.Folds, f.Seed)
	if err != nil {
		return nil, err
	}
	docs, t := f.tokens, new(tuned)
	models := make([]*encoder.Model, len(folds))
	for k := range models {
		m, h, err := f.tuneOn(ctx, docs, folds[k].Train, fmt.Sprintf("fine-tuning run %d of %d", k+1, len(folds)))
		if err != nil {
			return nil, err
		}
		models[k], t.Histories = m, append(t.Histories, h)
	}
	if t.soup, err = triplet.Average(models...); err != nil {
		return nil, err
	}
	return t, f.guard(ctx, t, models, docs, folds, generic)
}

// keep makes the given share of fine-tuned weights what is saved, and takes the classifier of the outcome off the encoder.
func (t *tuned) keep(generic *encoder.Model, share float64) (err error) {
	t.Share = share
	if share == 0 {
		t.model, t.head = generic.Clone(), nil
		return nil
	}
	if t.model, err = triplet.Interpolate(generic, t.soup, share); err != nil {
		return err
	}
	if t.head, err = head(t.model); err != nil {
		return err
	}
	t.head.Intercept = t.held.intercept
	for j := range t.head.Coefficients {
		t.head.Coefficients[j] *= t.held.weights[j/generic.Width()]
	}
	left := *t.model.Heads()
	left.Label = nil
	return t.model.SetHeads(&left)
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
		t.Targets = sample.Pick(t.Targets, train)
		tune.Tasks = append(tune.Tasks, t)
	}
	tune.Progress = func(s triplet.Step) { f.Progress(name, s.Step, s.Total) }
	if c := f.Tune.Checkpoints; c != nil {
		own := *c
		own.Dir = filepath.Join(c.Dir, runDir(train))
		tune.Checkpoints = &own
	}
	if tune.Lower == nil {
		tune.Lower = f.lower
	}
	f.info.Options.Tuning = settings(&tune)
	h, err := triplet.TrainTokenized(ctx, m, sample.Pick(docs, train), sample.Pick(f.labels, train), &tune)
	return m, h, err
}

// mostLower is how many bytes the output of the frozen layers may take: half a million tokens of all-MiniLM-L6-v2.
const mostLower = 1 << 30

// rememberLower makes room for the output of the frozen layers, unless there are none or it takes too much memory: the
// calls go through these layers once, however often they are trained on or encoded. A refit has what was remembered before.
func (f *fit) rememberLower() {
	c, tokens := f.generic.Config(), 0
	for _, d := range f.tokens {
		for _, s := range d {
			tokens += s.Tokens()
		}
	}
	trained := recipe(f.Tune, c.NumHiddenLayers, len(f.calls)).TrainLayers
	switch layers := c.NumHiddenLayers - trained; {
	case trained == 0 || layers < 1 || f.Tune.Lower != nil || 4*tokens*c.HiddenSize > mostLower:
		f.lower = nil
	case f.lower == nil:
		f.lower = &encoder.LowerLayers{Layers: layers}
	}
}

// encode gives what the head of a model reads of calls.
func (f *fit) encode(ctx context.Context, m *encoder.Model, docs encoder.Documents, name string) (*mat.Dense, error) {
	cache := encoder.NewCache(len(slices.Concat(docs...))) // for turns that recur
	x, err := m.EncodeTokenized(ctx, docs, &encoder.Options{Pooling: m.Heads().Pooling(), Cache: cache, Lower: f.lower, Progress: f.stage(name)})
	if err != nil {
		return nil, err
	}
	return mat.DenseCopyOf(x), nil
}

// fitHeads makes a head of the stack of the tuned one. The embeddings are of the training calls, by the model that is
// saved.
func (f *fit) fitHeads(ctx context.Context, t *tuned, x mat.Matrix) (*classify.Heads, error) {
	b := classify.Block{Name: TunedTurns, Features: x, OutOfFoldMargins: t.held.margins}
	b.Head = func(context.Context, mat.Matrix, []int, []float64) (classify.Classifier, error) { return t.head, nil }
	return classify.FitHeads(ctx, []classify.Block{b}, f.labels, nil, f.stackOptions(1))
}

// RunPattern matches the directories in which the fine-tuning runs of a Fit keep their checkpoints.
const RunPattern = "run-????????"

// runDir is the directory of the run on the calls at some places.
func runDir(places []int) string {
	h := fnv.New32a()
	fmt.Fprint(h, places)
	return fmt.Sprintf("run-%08x", h.Sum32())
}
