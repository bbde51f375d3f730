package triplet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/internal/atomicfile"
	"github.com/org/salesconv/internal/ops"
)

// Train fine-tunes the model in place so that documents of one label come nearer to each other than to documents of the
// other. Each document is a list of segments, the turns of a call for example; its embedding is made of theirs as
// [encoder.Model.EncodeDocuments] does, and gradients run through all of them. Labels are 0 and 1. The heads of this
// run replace heads that the model has, except that attention starts from the model's query.
//
// When ctx ends, the run stops without applying the current step: the model has the weights of the last complete step
// (the best weights, during the final evaluations), and Train returns the history so far with an error that wraps the
// error of ctx. The same documents, labels, options and model give the same weights to the last bit on any number of
// threads. Nothing else may use the model meanwhile.
func Train(ctx context.Context, m *encoder.Model, docs [][]string, labels []int, opts *Options) (*History, error) {
	if ctx == nil || m == nil {
		return nil, errNothing
	}
	if err := opts.Check(); err != nil {
		return nil, err
	}
	tokenized, err := m.TokenizeDocuments(ctx, docs)
	if err != nil {
		return nil, err
	}
	return TrainTokenized(ctx, m, tokenized, labels, opts)
}

// TrainTokenized is [Train] for documents that [encoder.Model.TokenizeDocuments] of the model, or of one that it is a
// clone of, has tokenized: for several runs on the same documents, or on parts of them.
func TrainTokenized(ctx context.Context, m *encoder.Model, docs encoder.Documents, labels []int, opts *Options) (*History, error) {
	if ctx == nil || m == nil {
		return nil, errNothing
	}
	t, err := newTrainer(m, docs, labels, opts)
	if err != nil {
		return nil, err
	}
	err = t.train(ctx)
	return t.history, err // of which resuming makes another
}

var errNothing = errors.New("triplet: training needs a context and a model, neither of them nil")

// train does what is left of the run.
func (t *trainer) train(ctx context.Context) error {
	c := t.Checkpoints
	if c != nil {
		unlock, err := atomicfile.Lock(c.Dir)
		if errors.Is(err, atomicfile.ErrLocked) {
			return fmt.Errorf("triplet: checkpoints: %w", err)
		} else if err == nil { // else keep warns
			defer unlock()
		}
		if err := t.resume(); err != nil {
			return err
		}
	}
	if err := t.model.SetHeads(t.network.head.heads()); err != nil {
		return fmt.Errorf("triplet: %w", err)
	}
	for saved := t.step; !t.ended; {
		err := t.advance(ctx)
		if err != nil && ctx.Err() != nil {
			if saved < t.step {
				t.keep()
			}
			return fmt.Errorf("triplet: stopped after step %d of %d: %w", t.step, t.history.Total, context.Cause(ctx))
		}
		if err != nil {
			return fmt.Errorf("triplet: %w", err)
		}
		if t.ended || c != nil && saved < t.step && !t.due() && (t.step%c.Every == 0 || t.over()) {
			t.keep()
			saved = t.step
		}
	}
	return nil
}

// advance does what is next: the evaluation that is due, a step, or what is left after the last.
func (t *trainer) advance(ctx context.Context) (err error) {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !t.due() && !t.over() {
		if err := t.next(ctx); err != nil {
			return fmt.Errorf("step %d: %w", t.step+1, err)
		}
		return nil
	}
	if t.due() {
		err = t.evaluate(ctx)
	} else if err = t.finish(ctx); err == nil {
		t.ended = true
	}
	if err != nil {
		return fmt.Errorf("step %d: %w", t.step, err)
	}
	return nil
}

// over reports whether no step is left.
func (t *trainer) over() bool { return t.step == t.history.Total || t.history.Stopped != "" }

// keep writes a checkpoint. A run continues without one.
func (t *trainer) keep() {
	if t.Checkpoints == nil {
		return
	}
	if err := t.save(); err != nil {
		if at := (*fs.PathError)(nil); errors.As(err, &at) {
			err = at.Err // without the name of the temporary file, which differs each time
		}
		t.warn("no checkpoint in %s: %v: make room or check the permissions; the one before is still there", t.Checkpoints.Dir, err)
	}
}

// trainer is the state of a run.
type trainer struct {
	*Options
	model     *encoder.Model
	labels    []int
	pooling   encoder.Pooling // of documents, without attention
	documents encoder.Documents
	sampler   *sampler
	batch     batch // of the step
	network   *network
	solver    *AdamW
	step      int  // steps taken
	ended     bool // the model has the weights that the run ends with
	history   *History

	run        string            // fingerprint, for checkpoints
	base, best [][]float32       // initial weights and the best, for validation
	held       encoder.Documents // documents of the validation, once they are tokenized
}

func newTrainer(m *encoder.Model, docs encoder.Documents, labels []int, opts *Options) (*trainer, error) {
	o, err := opts.withDefaults(m.Config().NumHiddenLayers)
	if err != nil {
		return nil, err
	}
	if err := check(len(docs), labels, o.Confounders); err != nil {
		return nil, fmt.Errorf("triplet: %w", err)
	}
	tasks, err := newTasks(o, labels)
	if err != nil {
		return nil, err
	}
	t := &trainer{Options: o, model: m, labels: labels, pooling: o.pooled().Pooling(), documents: docs, history: &History{Documents: len(docs)}}
	if err := t.count(); err != nil {
		return nil, fmt.Errorf("triplet: %w", err)
	}
	t.sampler = newSampler(o.Seed, labels, o.Confounders, o.Loss, o.BatchSize, o.TripletsPerAnchor)
	t.history.Total = t.sampler.steps() * o.Epochs
	if t.network, err = newNetwork(m, o, tasks); err != nil {
		return nil, err
	}
	t.solver = &AdamW{WeightDecay: o.WeightDecay, ClipNorm: o.ClipNorm, Rate: rates(m, o), pool: t.network.pool}
	if o.DecayAll {
		t.solver.Decays = func(string) bool { return true }
	}
	if o.L2SP > 0 {
		t.base = copies(t.network.solvable)
		t.solver.anchor(o.L2SP, t.network.solvable, t.base)
	}
	if v := o.Validation; v != nil {
		if o.Validation, err = v.withDefaults(t.sampler.steps(), t.history.Total); err != nil {
			return nil, err
		}
		t.best = copies(t.network.solvable)
		if v.Interpolate && t.base == nil {
			t.base = copies(t.network.solvable)
		}
	}
	if o.Checkpoints != nil {
		if t.run, err = t.fingerprint(); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// check validates labels and confounders of the given number of documents.
func check(documents int, labels []int, confounders [][]string) error {
	if len(labels) != documents {
		return fmt.Errorf("%d labels for %d documents", len(labels), documents)
	}
	for i, groups := range confounders {
		if len(groups) != documents {
			return fmt.Errorf("groups of %d documents, want %d, in Confounders[%d]", len(groups), documents, i)
		}
	}
	return checkLabels(labels)
}

// checkLabels returns an error unless there are two documents or more of each label.
func checkLabels(labels []int) error {
	var count [2]int
	for i, l := range labels {
		if l != 0 && l != 1 {
			return fmt.Errorf("document %d has label %d, want 0 or 1", i, l)
		}
		count[l]++
	}
	for l, n := range count {
		if n < 2 {
			return fmt.Errorf("%d documents of label %d, want 2 or more of each label", n, l)
		}
	}
	return nil
}

// count validates the documents and counts what is in them.
func (t *trainer) count() error {
	h := t.history
	for i, segments := range t.documents {
		if len(segments) == 0 {
			return fmt.Errorf("document %d has no segments, want 1 or more", i)
		}
		for j, s := range segments {
			if len(s.Sequences) == 0 || len(s.Sequences) != len(s.Shares) {
				return fmt.Errorf("segment %d of document %d is not tokenized: it has %d sequences and %d shares", j, i, len(s.Sequences), len(s.Shares))
			}
			for _, ids := range s.Sequences {
				h.Tokens += len(ids)
			}
			h.Splits += len(s.Sequences) - 1
		}
		h.Segments += len(segments)
	}
	return nil
}

// next takes one step.
func (t *trainer) next(ctx context.Context) error {
	b := t.lay(t.sampler.draw(t.step))
	if err := t.network.run(ctx, t.step, b); errors.Is(err, ops.ErrNonFinite) {
		return fmt.Errorf("%w: lower LearningRate or raise Warmup; in the first step it is the model that is broken", err)
	} else if err != nil {
		return err
	}
	warmup := int(math.Ceil(t.Warmup * float64(t.history.Total)))
	t.solver.LearningRate = t.LearningRate * t.Schedule.factor(t.step, warmup, t.history.Total)
	if err := t.network.step(t.solver); err != nil {
		return err
	}
	t.step++
	h := t.network.head
	s := Step{Step: t.step, Epoch: (t.step-1)/t.sampler.steps() + 1, Total: t.history.Total, Loss: h.value, Active: h.share(),
		Cosine: h.cosine(), GradNorm: t.solver.GradNorm(), LearningRate: t.solver.LearningRate, Documents: len(b.labels), Tokens: len(b.IDs)}
	t.history.Steps = append(t.history.Steps, s)
	t.guard()
	if t.Progress != nil {
		t.Progress(s)
	}
	return nil
}

// lay puts documents end to end, without the segments that this step leaves out. The batch lasts until the next.
func (t *trainer) lay(documents []int, triplets triplets) *batch {
	r := rand.New(rand.NewPCG(t.Seed^0x5e9, uint64(t.step)))
	b := &t.batch
	b.documents, b.triplets, b.labels = documents, triplets, b.labels[:0]
	b.Reset()
	for _, i := range documents {
		segments := without(t.documents[i], t.DropSegments, t.Last, r)
		blocks := t.pooling(encoder.Segments{Tokens: make([]int, len(segments))})
		weights := make([]float64, len(blocks))
		for k, s := range segments {
			for j, block := range blocks {
				weights[j] = block[k]
			}
			b.AddSegment(s.Sequences, s.Shares, weights...)
		}
		b.EndDocument()
		b.labels = append(b.labels, t.labels[i])
	}
	b.segments, b.attended = b.Levels()
	return b
}

// without leaves out each segment but the last ones with probability p, all but one at most.
func without(segments []encoder.Segment, p float64, last int, r *rand.Rand) []encoder.Segment {
	if p == 0 {
		return segments
	}
	var kept []encoder.Segment
	stays := r.IntN(len(segments))
	for i, s := range segments {
		if r.Float64() >= p || i == stays || i >= len(segments)-last {
			kept = append(kept, s)
		}
	}
	return kept
}

// rates gives each layer the rate of the one above times the decay, and heads one of their own.
func rates(m *encoder.Model, o *Options) func(name string) float64 {
	depths, c := map[string]int{}, m.Config()
	for _, p := range m.Parameters() {
		depths[p.Name], depths[p.Name+loraA], depths[p.Name+loraB] = depth(c, p), depth(c, p), depth(c, p)
	}
	return func(name string) float64 {
		depth, ok := depths[name]
		if !ok { // a head's
			return max(1, headRate/o.LearningRate)
		}
		return math.Pow(o.LayerDecay, float64(max(depth, 1)-1))
	}
}

// depth counts the layer of a parameter from the top: 1 for the last layer, one more than there are layers for the
// embeddings, 0 for what follows the layers.
func depth(c encoder.Config, p encoder.Parameter) int { return c.NumHiddenLayers + 1 - p.Layer }
