package conversion

import (
	"cmp"
	"context"
	"io/fs"
	"slices"
	"time"

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
	Model fs.FS // directory of the generic encoder; default the embedded all-MiniLM-L6-v2
	// Tune says how the encoder is fine-tuned. Defaults: two layers, 400 steps of 8 calls but 3 to 12 epochs, rate 1.5e-4,
	// soft margin, three fifths of the turns left out; otherwise those of package triplet. Targets of Tasks and
	// Confounders have an entry for each call. Checkpoints go to a directory of each run below their Dir, see RunPattern.
	Tune   triplet.Options
	Frozen bool // do not fine-tune; default false
	// Head fits the classifier of each block of the generic encoder's vectors; default that of [classify.Block], which
	// tf-idf always has.
	Head  classify.Fitter
	Folds int // inner folds, of the fine-tuning and of what weighs the heads; default 3
	// Groups keep calls together in one inner fold. Default: the calls of an agent, where a call names one; otherwise each
	// call for itself.
	Groups []string
	Seed   uint64 // of the inner folds and of the fine-tuning; default 0
	// Progress watches: stage says what is being done, of which done of total steps are. Default none.
	Progress func(stage string, done, total int)
}

// fit is a predictor in the making.
type fit struct {
	*Predictor
	Options
	docs   [][]string
	labels []int
	report *Report
}

// Fit trains a predictor on labelled calls and reports how. Calls without a label, without words or of one outcome alone
// are errors. ctx stops it between two steps; with checkpoints in opts.Tune the same call resumes the fine-tuning.
// The same calls, options and software give the same predictor to the last bit, on any number of cores.
func Fit(ctx context.Context, calls []transcript.Call, opts *Options) (*Predictor, *Report, error) {
	f, err := newFit(calls, opts)
	if err != nil {
		return nil, nil, err
	}
	blocks, err := f.genericBlocks(ctx)
	if err != nil {
		return nil, nil, err
	}
	generic := keys(blocks)
	var t *tuned
	if !f.Frozen {
		if t, err = f.tune(ctx); err != nil {
			return nil, nil, err
		}
		blocks = append(blocks, t.block())
	}
	heads, err := classify.FitHeads(ctx, blocks, f.labels, nil, &classify.StackOptions{Folds: f.Folds, Groups: f.Groups, Seed: f.Seed})
	if err != nil {
		return nil, nil, err
	}
	if err := f.join(heads, generic, t); err != nil {
		return nil, nil, err
	}
	return f.Predictor, f.report, f.finish(calls, blocks)
}

// newFit validates calls and options and fills in the defaults.
func newFit(calls []transcript.Call, opts *Options) (*fit, error) {
	f := &fit{Predictor: new(Predictor)}
	if opts != nil {
		f.Options = *opts
	}
	f.Folds = cmp.Or(f.Folds, innerFolds)
	if f.Progress == nil {
		f.Progress = func(string, int, int) {}
	}
	var err error
	if f.labels, err = transcript.Labels(calls); err != nil {
		return nil, err
	}
	if f.docs, err = documents(calls); err != nil {
		return nil, err
	}
	if f.Groups == nil && slices.ContainsFunc(calls, func(c transcript.Call) bool { return c.Metadata.AgentID != "" }) {
		if f.Groups, err = transcript.Groups(calls, "agent_id"); err != nil {
			return nil, err
		}
	}
	f.report = &Report{predictor: f.Predictor}
	f.remember(2 * len(slices.Concat(f.docs...))) // the calls of Report.Predict too
	if f.words, err = transcript.FitTFIDF(texts(f.docs), nil); err != nil {
		return nil, err
	}
	f.terms = len(f.words.Terms())
	f.generic, err = f.load()
	return f, err
}

// load reads the generic encoder.
func (f *fit) load() (*encoder.Model, error) {
	if f.Model == nil {
		return encoder.Load(minilm.FS())
	}
	return encoder.Load(f.Model)
}

// genericBlocks are those that need no fine-tuning.
func (f *fit) genericBlocks(ctx context.Context) ([]classify.Block, error) {
	generic := of(wordCounts, genericTurns)
	parts, err := f.features(ctx, f.docs, generic, f.stage("encoding calls"))
	if err != nil {
		return nil, err
	}
	blocks := make([]classify.Block, len(generic))
	for i, b := range generic {
		blocks[i] = classify.Block{Name: b.key, Features: parts[i], Head: f.Head}
		if b.source == wordCounts {
			blocks[i].Learn, blocks[i].Head = f.learnWords, nil
		}
	}
	return blocks, nil
}

// learnWords gives tf-idf of all calls, its terms learned from those at the places train.
func (f *fit) learnWords(_ context.Context, train []int) (mat.Matrix, error) {
	all := texts(f.docs)
	words, err := transcript.FitTFIDF(pick(all, train), nil)
	if err != nil {
		return nil, err
	}
	return words.Transform(all), nil
}

func keys(blocks []classify.Block) []string {
	all := make([]string, len(blocks))
	for i, b := range blocks {
		all[i] = b.Name
	}
	return all
}

// join joins heads to the stacks that are reported, the last of which predicts.
func (f *fit) join(heads *classify.Heads, generic []string, t *tuned) error {
	type join struct {
		key                string
		required, optional []string
	}
	joins := []join{{GenericStack, generic, nil}}
	if t != nil {
		tuned := []string{TunedTurnMean}
		joins = append(joins, join{TunedTurnMean, tuned, nil}, join{TunedStack, append(generic, tuned...), nil}, join{Best, generic, tuned})
	}
	for _, j := range joins {
		s, err := heads.Stack(j.required, j.optional)
		if err != nil {
			return err
		}
		m := method{key: j.key, stack: s}
		if m.blocks, err = read(s); err != nil {
			return err
		}
		f.report.methods = append(f.report.methods, m)
		f.stack, f.blocks = s, m.blocks
	}
	if t != nil {
		t.Trials, t.Used = f.stack.Trials, f.stack.Trials[1].Stays
		f.tuned, f.report.Tuning, f.report.outOfFold = t.model, &t.Tuning, t.outOfFold
	}
	return nil
}

// finish notes what the predictor is and what its training calls are like.
func (f *fit) finish(calls []transcript.Call, blocks []classify.Block) (err error) {
	p := f.Predictor
	p.background = map[string][]float64{}
	for _, b := range blocks {
		if find(b.Name).centered {
			p.background[b.Name] = shap.Mean(b.Features)
		}
	}
	p.embedded = f.Model == nil
	p.info = Info{Format: format, Software: software(), Created: time.Now().UTC().Truncate(time.Second), Calls: len(calls), Seed: f.Seed}
	for i, doc := range f.docs {
		p.info.Won += f.labels[i]
		p.info.Turns += len(doc)
	}
	for _, h := range p.stack.Heads {
		p.info.Heads = append(p.info.Heads, Head{h.Name, Title(h.Name), h.Weight})
	}
	if p.info.Data, err = digestCalls(calls, f.Groups); err != nil {
		return err
	}
	p.info.Encoder, err = digestEncoder(p.generic)
	return err
}

// stage is the progress of a stage.
func (f *fit) stage(name string) func(done, total int) {
	return func(done, total int) { f.Progress(name, done, total) }
}

// pick returns the elements of s at the given places; nil for a nil s.
func pick[T any](s []T, places []int) []T {
	if s == nil {
		return nil
	}
	out := make([]T, len(places))
	for i, p := range places {
		out[i] = s[p]
	}
	return out
}
