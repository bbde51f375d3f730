package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"path/filepath"
	"slices"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/triplet"
	"gonum.org/v1/gonum/mat"
)

// shares are how far from the generic encoder towards the tuned one the pipeline may go.
var shares = []float64{0.5, 1}

// A Tuning is what came of tuning the encoder without each of the inner folds of the training documents.
//
// A training document is described by the encoder that was tuned without its fold, so that no head is fitted to vectors
// of documents whose labels the encoder has seen: those lie apart as no others will. All other documents are described by
// the mean of these encoders' weights, which start from the same ones and stay near each other (Wortsman et al. 2022,
// arXiv 2203.05482).
type Tuning struct {
	Model     *encoder.Model     `json:"-"`      // the mean of the tuned encoders, so far as Share says
	Share     float64            `json:"share"`  // the way that the weights go from the generic encoder's to the tuned ones'
	Used      bool               `json:"used"`   // the stack has a head that reads its vectors
	Trials    []classify.Trial   `json:"trials"` // the stack without it and with each of the shares, judged out of fold
	Histories []*triplet.History `json:"folds"`

	mean *encoder.Model
	rows []*mat.Dense // for each of the shares, a row for each document
}

// best is the place of the trial that stays, or else of that with the lowest log loss of those with tuning.
func (t *Tuning) best() int {
	best := 1
	for i, tried := range t.Trials {
		if i > 0 && (tried.Stays || tried.LogLoss < t.Trials[best].LogLoss && !t.Trials[best].Stays) {
			best = i
		}
	}
	return best
}

// Verdict says in a sentence what the trials came to.
func (t *Tuning) Verdict() string {
	without, best := t.Trials[0], t.Trials[t.best()]
	change := fmt.Sprintf("on calls of the training set that neither encoder nor heads had seen, the log loss of the stack goes from %.4f to %.4f and its ROC AUC from %.3f to %.3f",
		without.LogLoss, best.LogLoss, without.ROCAUC, best.ROCAUC)
	if t.Used {
		return fmt.Sprintf("Fine-tuning is used, its weights to %.0f%%: %s.", 100*t.Share, change)
	}
	return fmt.Sprintf("Fine-tuning is not used, and the predictor equals the stack of generic heads, as tuned vectors gain no more here than chance would: %s with the best of them.", change)
}

// recipe fills in what the caller has left open: few layers, small batches so that few calls give many steps, a soft
// margin that keeps pulling, and turns left out at random.
func recipe(t triplet.Options, layers int) triplet.Options {
	t.Epochs = cmp.Or(t.Epochs, 2)
	t.BatchSize = cmp.Or(t.BatchSize, 8)
	t.DropSegments = cmp.Or(t.DropSegments, 0.2)
	if t.LoRA == 0 {
		t.TrainLayers = cmp.Or(t.TrainLayers, min(2, layers))
		t.LearningRate = cmp.Or(t.LearningRate, 5e-5)
	}
	if l := &t.Loss; (l.Kind == "" || l.Kind == triplet.Triplets) && l.Margin == 0 {
		l.Soft = true
	}
	return t
}

const outcomeTask = "(outcome)" // no key of metadata

// outcome is the label as a task of its own: triplets say which calls lie together, the task along which line they part.
func outcome(labels []int) triplet.Task {
	t := triplet.Task{Name: outcomeTask, Weight: 1, Targets: make([]string, len(labels))}
	for i, l := range labels {
		t.Targets[i] = []string{"lost", "won"}[l]
	}
	return t
}

// withoutOutcome leaves out the task of the outcome, which is the stack's.
func withoutOutcome(h *encoder.Heads) *encoder.Heads {
	left := &encoder.Heads{Query: h.Query}
	for _, t := range h.Tasks {
		if t.Name != outcomeTask {
			left.Tasks = append(left.Tasks, t)
		}
	}
	if left.Query == nil && left.Tasks == nil {
		return nil
	}
	return left
}

// tune tunes the encoder without each fold of the documents train.
func (f *Fit) tune(ctx context.Context, docs [][]string, labels, train []int, o *Options) (t *Tuning, err error) {
	folds, err := classify.Folds(Pick(labels, train), Pick(o.Groups, train), cmp.Or(o.Folds, innerFolds), o.Seed)
	if err != nil {
		return nil, err
	}
	t = new(Tuning)
	for range shares {
		t.rows = append(t.rows, mat.NewDense(len(docs), f.Generic.Width(), nil))
	}
	for _, m := range []**encoder.Model{&t.mean, &t.Model} {
		if *m, err = encoder.Load(o.Model); err != nil {
			return nil, err
		}
	}
	for k, fold := range folds {
		m, err := encoder.Load(o.Model)
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("tuning %d of %d", k+1, len(folds))
		h, err := f.tuneOn(ctx, m, docs, labels, Pick(train, fold.Train), name, o)
		if err != nil {
			return nil, err
		}
		t.Histories = append(t.Histories, h)
		if err := move(t.mean, t.mean, f.Generic, m, 1/float64(len(folds))); err != nil {
			return nil, err
		}
		for s, share := range shares {
			if err := move(t.Model, f.Generic, f.Generic, m, share); err != nil {
				return nil, err
			}
			if err := t.encode(ctx, docs, Pick(train, fold.Test), s, stage(o, "encoding calls after "+name)); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// tuneOn tunes an encoder on the documents at some places.
func (f *Fit) tuneOn(ctx context.Context, m *encoder.Model, docs [][]string, labels, places []int, name string, o *Options) (*triplet.History, error) {
	tune := recipe(o.Tune, m.Config().NumHiddenLayers)
	tune.Seed = o.Seed
	tune.Tasks, tune.Shortcuts = []triplet.Task{outcome(Pick(labels, places))}, nil
	for _, groups := range o.Tune.Shortcuts {
		tune.Shortcuts = append(tune.Shortcuts, Pick(groups, places))
	}
	for _, t := range o.Tune.Tasks {
		t.Classes = slices.Compact(slices.Sorted(slices.Values(t.Targets))) // the same in each fold
		t.Targets = Pick(t.Targets, places)
		tune.Tasks = append(tune.Tasks, t)
	}
	tune.Progress = func(s triplet.Step) { o.Progress(name, s.Step, s.Total) }
	if c := o.Tune.Checkpoints; c != nil {
		own := *c
		own.Dir = filepath.Join(c.Dir, folder(places))
		tune.Checkpoints = &own
	}
	h, err := triplet.Train(ctx, m, Pick(docs, places), Pick(labels, places), &tune)
	if err != nil {
		return nil, err
	}
	return h, m.SetHeads(withoutOutcome(m.Heads()))
}

// encode sets the rows of documents, for one of the shares, to what Model makes of them.
func (t *Tuning) encode(ctx context.Context, docs [][]string, places []int, share int, progress func(done, total int)) error {
	x, err := t.Model.EncodeDocuments(ctx, Pick(docs, places), &encoder.Options{Progress: progress})
	if err != nil {
		return err
	}
	for i, place := range places {
		t.rows[share].SetRow(place, mat.Row(nil, i, x))
	}
	return nil
}

// blocks are the stack's, one for each of the shares.
func (t *Tuning) blocks(head classify.Fitter) []classify.Block {
	var all []classify.Block
	for s, share := range shares {
		all = append(all, classify.Block{Name: fmt.Sprintf("%s, %.0f%%", TunedMean, 100*share), Features: classify.Fixed(t.rows[s]), Head: head, Optional: true})
	}
	return all
}

// settle takes note of the stack's choice, names its head, and has Model and the rows of the other documents follow it.
func (t *Tuning) settle(ctx context.Context, generic *encoder.Model, stack *classify.Stack, docs [][]string, train []int, progress func(done, total int)) (rows *mat.Dense, err error) {
	t.Trials = stack.Trials
	best := t.best()
	t.Share, t.Used = shares[best-1], t.Trials[best].Stays
	if t.Used {
		stack.Heads[len(stack.Heads)-1].Name = TunedMean
	}
	if err := move(t.Model, generic, generic, t.mean, t.Share); err != nil {
		return nil, err
	}
	var others []int
	for i := range docs {
		if !slices.Contains(train, i) {
			others = append(others, i)
		}
	}
	return t.rows[best-1], t.encode(ctx, docs, others, best-1, progress)
}

// move sets the weights of a model, those of its heads too, to from + share·(to − start).
func move(m, from, start, to *encoder.Model, share float64) error {
	a, b, c := from.Parameters(), start.Parameters(), to.Parameters()
	for i, p := range m.Parameters() {
		w := p.Value.Data().([]float32)
		from, start, to := a[i].Value.Data().([]float32), b[i].Value.Data().([]float32), c[i].Value.Data().([]float32)
		for j := range w {
			w[j] = float32(float64(from[j]) + share*(float64(to[j])-float64(start[j])))
		}
	}
	m.Changed()
	return m.SetHeads(moveHeads(from.Heads(), start.Heads(), to.Heads(), share))
}

// Tunings matches the folders that tunings keep their checkpoints in.
const Tunings = "tuning-????????"

// folder is that of the tuning on the documents at the given places.
func folder(places []int) string {
	h := fnv.New32a()
	fmt.Fprint(h, places)
	return fmt.Sprintf("tuning-%08x", h.Sum32())
}
