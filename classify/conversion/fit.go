package conversion

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"time"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/internal/sample"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/encoder/minilm"
	"github.com/org/salesconv/shap"
	"github.com/org/salesconv/transcript"
	"github.com/org/salesconv/triplet"
	"gonum.org/v1/gonum/mat"
)

// Settings of Fit, for programs that fit stacks of the same blocks.
const (
	InnerFolds = 3 // default of Options.Folds
	// MinTexts is the number of calls that a word or a pair of words must occur in to be a term: rarer ones are more
	// likely to be personal. On two public sources 3 is as good as 2 (ROC AUC of the stack of generic heads 0.894 and
	// 0.895, 0.697 and 0.697).
	MinTexts = 3
	// First and Last are the numbers of turns at the beginning (two of them are greetings) and at the end of a call in the
	// blocks FirstTurns and LastTurns.
	First, Last = 4, 3
)

var terms = transcript.TFIDFOptions{MinTexts: MinTexts}

// Options are the settings of Fit. Nil means the defaults.
type Options struct {
	Model     fs.FS  // directory of the generic encoder; default the embedded all-MiniLM-L6-v2
	ModelName string // of Model, for the model card; default the one in its own card, if any
	// Tune has the settings of the fine-tuning. Defaults: TrainLayers 2, BatchSize 8, as many epochs as take 200 steps but 3
	// to 12, LearningRate 1.5e-4, a soft margin, LabelWeight 1, DropSegments 0.6, and without Attention Last 3 and Trend;
	// otherwise the defaults of package triplet. Targets of Tasks and Confounders have an entry for each call, and may have
	// further entries for the calls of HeldOut, which [Report.Refit] needs. Each run keeps its checkpoints in a directory of
	// its own below Checkpoints.Dir, see RunPattern.
	Tune   triplet.Options
	Frozen bool // do not fine-tune; default false
	// Head fits the classifier of each block of the generic encoder's vectors. Default: the default head of
	// [classify.Block], which tf-idf always has.
	Head  classify.Fitter
	Folds int // inner folds, of the fine-tuning and of the weights of the heads; default 3
	// Groups keep calls together in one inner fold. Default: the calls of each agent; a call that names no agent is a
	// group of its own, and so is every call if there are fewer groups than Folds. [Settings].Groups has their number.
	Groups []string
	// Unmasked lets tf-idf read personal data. By default names, telephone numbers and the like, as far as
	// [transcript.Call.Mask] finds them, are masked first, as the words of tf-idf are saved in plain text. On two
	// public sources masking changes the ROC AUC of the stack of generic heads from 0.894 to 0.894 and from 0.699 to
	// 0.697.
	Unmasked bool
	// HeldOut are labelled calls that nothing is trained on. The predictor is evaluated on them: see [Info].HeldOut.
	// Default none.
	HeldOut []transcript.Call
	Seed    uint64 // of the inner folds and of the fine-tuning; default 0
	// Progress is called when done of total steps of a stage have been taken. Default none.
	Progress func(stage string, done, total int)
}

// fit is a predictor in the making.
type fit struct {
	*Predictor
	Options
	calls    []transcript.Call
	docs     [][]string
	tokens   encoder.Documents // of docs, for fine-tuning
	terms    []string          // the calls without personal data, unless Unmasked: what terms are learned from
	labels   []int
	report   *Report
	heads    *classify.Heads      // on the generic encoder
	tuning   *tuned               // nil for Options.Frozen
	refitted bool                 // on the calls held out too
	whole    Options              // with the columns of the calls held out
	generics []string             // keys of the blocks of the generic encoder and of words that the stack reads
	lower    *encoder.LowerLayers // of all fine-tuning runs, and of the encodings before and after them; nil: none
}

// Fit trains a predictor on labelled calls and reports how. Calls without a label, without words or of one outcome alone
// are errors. ctx stops it between two steps; with checkpoints in opts.Tune the same call resumes the fine-tuning.
// The same calls, options and software give the same predictor to the last bit, on any number of cores.
func Fit(ctx context.Context, calls []transcript.Call, opts *Options) (*Predictor, *Report, error) {
	f, err := newFit(calls, opts)
	if err != nil {
		return nil, nil, err
	}
	if err := f.fit(ctx, f.tune); err != nil {
		return nil, nil, err
	}
	if len(f.HeldOut) == 0 { // there will be no refit
		f.tokens, f.lower = nil, nil
	}
	return f.Predictor, f.report, f.judge(ctx)
}

// fit fits the heads on the generic encoder, fine-tunes by tune, and makes the predictor of both.
func (f *fit) fit(ctx context.Context, tune func(context.Context, *classify.Heads) (*tuned, error)) (err error) {
	if !f.Frozen {
		if f.tokens, err = f.generic.TokenizeDocuments(ctx, f.docs); err != nil {
			return err
		}
		f.rememberLower()
	}
	blocks, err := f.genericBlocks(ctx)
	if err != nil {
		return err
	}
	if f.heads, err = classify.FitHeads(ctx, blocks, f.labels, nil, f.stackOptions(len(blocks))); err != nil {
		return err
	}
	if !f.Frozen {
		if f.tuning, err = tune(ctx, f.heads); err != nil {
			return err
		}
	}
	return f.finish(ctx, blocks)
}

// stackOptions are those by which the heads of some blocks are fitted and weighted.
func (f *fit) stackOptions(blocks int) *classify.StackOptions {
	fitted := 0
	return &classify.StackOptions{Folds: f.Folds, Groups: f.Groups, Seed: f.Seed, Progress: func(string, int) {
		f.Progress("fitting heads", fitted, (f.Folds+1)*blocks)
		fitted++
	}}
}

// finish makes the predictor of the heads and of what fine-tuning left, and describes it.
func (f *fit) finish(ctx context.Context, blocks []classify.Block) (err error) {
	heads := f.heads
	if t := f.tuning; t != nil && t.Share > 0 {
		x, err := f.encode(ctx, t.model, f.tokens, "encoding calls after fine-tuning")
		if err != nil {
			return err
		}
		own, err := f.fitHeads(ctx, t, x)
		if err != nil {
			return err
		}
		if heads, err = heads.With(own); err != nil {
			return err
		}
		blocks = append(blocks, classify.Block{Name: TunedTurns, Features: x})
	}
	if err := f.join(heads); err != nil {
		return err
	}
	if err := f.describe(blocks); err != nil {
		return err
	}
	if err := f.decide(heads); err != nil {
		return err
	}
	return f.fitDuring(ctx)
}

// newFit validates calls and options and fills in the defaults.
func newFit(calls []transcript.Call, opts *Options) (*fit, error) {
	f := &fit{Predictor: new(Predictor), calls: calls}
	if opts != nil {
		f.whole = *opts
		f.Options = opts.first(len(calls))
	}
	f.Folds = cmp.Or(f.Folds, InnerFolds)
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
	won := 0
	for _, label := range f.labels {
		won += label
	}
	if lost := len(calls) - won; min(won, lost) < f.Folds {
		return nil, fmt.Errorf("conversion: won calls: %d, lost calls: %d; want %d or more of each, one for each inner fold", won, lost, f.Folds)
	}
	if f.Groups == nil && slices.ContainsFunc(calls, func(c transcript.Call) bool { return c.Metadata.AgentID != "" }) {
		if f.Groups, err = transcript.Groups(calls, "agent_id"); err != nil {
			return nil, err
		}
	}
	if f.Groups != nil && len(f.Groups) != len(calls) {
		return nil, fmt.Errorf("conversion: %d groups for %d calls, want one each", len(f.Groups), len(calls))
	}
	if len(sample.Groups(len(calls), f.Groups)) < f.Folds {
		f.Groups = nil
	}
	f.report = &Report{predictor: f.Predictor, fit: f}
	f.remember(2 * len(slices.Concat(f.docs...))) // the calls of Report.Predict too
	f.info.Options = Settings{Seed: f.Seed, Folds: f.Folds, Groups: len(sample.Groups(len(calls), f.Groups)), Unmasked: f.Unmasked}
	f.terms = f.learnable(calls)
	if f.words, err = transcript.FitTFIDF(f.terms, &terms); err != nil {
		return nil, err
	}
	f.Predictor.known = setOf(f.words.Terms())
	return f, f.loadGeneric()
}

// loadGeneric reads the generic encoder.
func (f *fit) loadGeneric() (err error) {
	if f.embedded = f.Model == nil; f.embedded {
		f.Model = minilm.FS()
	}
	if f.generic, err = encoder.Load(f.Model); err != nil {
		return err
	}
	card := f.generic.Card()
	card.Name = cmp.Or(f.ModelName, card.Name)
	f.generic.SetCard(card)
	f.info.Encoder = Base{Name: card.Name, License: card.License}
	return nil
}

// learnable are the texts that terms are learned from. Here all of a call is at hand, so masking also knows the names in
// speakers' labels.
func (f *fit) learnable(calls []transcript.Call) []string {
	if f.Unmasked {
		return texts(f.docs)
	}
	all := make([]string, len(calls))
	for i, c := range calls {
		var turns []string
		for _, t := range c.Mask().Call.Turns() {
			turns = append(turns, t.Text)
		}
		all[i] = text(turns)
	}
	return all
}

// genericBlocks are those that need no fine-tuning.
func (f *fit) genericBlocks(ctx context.Context) ([]classify.Block, error) {
	generic := of(wordCounts, genericTurns)
	parts, err := f.featuresBy(ctx, f.docs, generic, encoder.Options{Lower: f.lower, Progress: f.stage("encoding calls")})
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
	words, err := transcript.FitTFIDF(sample.Pick(f.terms, train), &terms)
	if err != nil {
		return nil, err
	}
	return words.Transform(f.readable(f.docs)), nil
}

// chooseGeneric decides which blocks that need no fine-tuning the stack reads. A refit keeps what was decided before.
func (f *fit) chooseGeneric(heads *classify.Heads) error {
	if f.generics != nil {
		return nil
	}
	var required, optional []string
	for _, b := range of(wordCounts, genericTurns) {
		if b.optional {
			optional = append(optional, b.key)
		} else {
			required = append(required, b.key)
		}
	}
	s, err := heads.Stack(required, optional)
	if err != nil {
		return err
	}
	f.generics = required
	for _, t := range s.Trials {
		if t.Stays && t.Gain > 2*t.Error {
			f.generics = append(f.generics, t.Block)
		}
	}
	return nil
}

func keys(blocks []classify.Block) []string {
	all := make([]string, len(blocks))
	for i, b := range blocks {
		all[i] = b.Name
	}
	return all
}

// join joins heads to the stacks that are reported, the last of which predicts. Where nothing of the fine-tuning is kept,
// the tuned head is the best generic one. A refit keeps what was decided before.
func (f *fit) join(heads *classify.Heads) error {
	if err := f.chooseGeneric(heads); err != nil {
		return err
	}
	var err error
	if f.report.alone, err = newMethod("", heads, keysOf(of(wordCounts, genericTurns)), nil); err != nil {
		return err
	}
	type join struct {
		key                string
		required, optional []string
	}
	generic, t := f.generics, f.tuning
	joins := []join{{GenericStack, generic, nil}}
	switch {
	case t == nil:
	case t.Share == 0:
		joins = append(joins, join{TunedTurns, []string{t.Shares[0].Generic}, nil}, join{TunedStack, generic, nil}, join{Best, generic, nil})
	default:
		tuned := []string{TunedTurns}
		both, best := slices.Concat(generic, tuned), join{Best, generic, tuned}
		if f.refitted && t.Used {
			best = join{Best, both, nil}
		} else if f.refitted {
			best = join{Best, generic, nil}
		}
		joins = append(joins, join{TunedTurns, tuned, nil}, join{TunedStack, both, nil}, best)
	}
	for _, j := range joins {
		m, err := newMethod(j.key, heads, j.required, j.optional)
		if err != nil {
			return err
		}
		f.report.methods = append(f.report.methods, m)
		f.stack, f.blocks = m.stack, m.blocks
	}
	if t == nil {
		return nil
	}
	f.info.Options.Tuning.Share = t.Share
	if trials := f.stack.Trials; trials != nil {
		t.Trials, t.Used = trials, trials[1].Stays
	}
	f.tuned, f.report.Tuning, f.report.outOfFold = t.model, &t.Tuning, t.held.outOfFold
	f.share()
	return nil
}

// describe notes what the predictor is and what its training calls are like.
func (f *fit) describe(blocks []classify.Block) (err error) {
	f.background = map[string][]float64{}
	features := map[string]mat.Matrix{}
	for _, b := range blocks {
		features[b.Name] = b.Features
		of := find(b.Name)
		if m, _ := f.encoder(of.source); of.centered(m) {
			f.background[b.Name] = shap.Mean(b.Features)
		}
	}
	parts := make([]mat.Matrix, len(f.blocks))
	for k, b := range f.blocks {
		parts[k] = features[b.key]
	}
	f.limit(f.docs, parts)
	i := &f.info
	i.Format, i.Software, i.Created = format, software(), time.Now().UTC().Truncate(time.Second)
	i.Data = Data{Calls: len(f.calls), Turns: len(slices.Concat(f.docs...))}
	for _, label := range f.labels {
		i.Data.Won += label
	}
	if i.Data.SHA256, err = digestCalls(f.calls, f.Groups); err != nil {
		return err
	}
	for _, h := range f.stack.Heads {
		i.Heads = append(i.Heads, Head{h.Name, Title(h.Name), h.Weight})
	}
	if i.Encoder.SHA256, err = digestEncoder(f.generic); err != nil {
		return err
	}
	if f.tuned != nil {
		f.tuned.SetCard(i.card())
	}
	return nil
}

// decide chooses the threshold, and judges the predictor out of fold.
func (f *fit) decide(heads *classify.Heads) error {
	p, err := heads.OutOfFold(f.stack)
	if err != nil {
		return err
	}
	f.info.Threshold = thresholdOf(p, f.info.Data.Won)
	f.info.OutOfFold, err = newFigures(p, f.labels, f.info.Threshold)
	return err
}

// judge judges the predictor on the calls held out, if there are any.
func (f *fit) judge(ctx context.Context) error {
	if f.HeldOut == nil {
		return nil
	}
	labels, err := transcript.Labels(f.HeldOut)
	if err != nil {
		return fmt.Errorf("conversion: calls held out: %w", err)
	}
	all, err := f.Predict(ctx, f.HeldOut, nil)
	if err != nil {
		return err
	}
	p := make([]float64, len(all))
	for k := range all {
		p[k] = all[k].Probability
	}
	held, err := newFigures(p, labels, f.info.Threshold)
	if err != nil {
		return fmt.Errorf("conversion: calls held out: %w", err)
	}
	f.info.HeldOut = &held
	return f.judgeDuring(ctx, labels)
}

// thresholdOf is the threshold that as many probabilities reach as calls were won, or as nearly as many as ties allow: where
// nothing can be predicted, all or none.
func thresholdOf(p []float64, won int) float64 {
	sorted := slices.Sorted(slices.Values(p))
	slices.Reverse(sorted)
	best, off := math.Nextafter(sorted[0], 2), won // none
	for i, v := range sorted {
		if last := i+1 == len(sorted) || sorted[i+1] < v; last && max(won-i-1, i+1-won) < off {
			best, off = v, max(won-i-1, i+1-won)
		}
	}
	return best
}

// stage is the progress of a stage.
func (f *fit) stage(name string) func(done, total int) {
	return func(done, total int) { f.Progress(name, done, total) }
}
