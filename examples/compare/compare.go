package main

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/encoder/minilm"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/transcript"
	"gonum.org/v1/gonum/mat"
)

// Names of the methods of predicting.
const (
	words      = "logistic on tf-idf"
	wordTrees  = "boosted on tf-idf"
	talk       = "logistic on talk and metadata"
	talkTrees  = "boosted on talk and metadata"
	frozen     = "logistic on generic"
	trees      = "boosted on generic"
	stack      = "stack of generic"
	talkStack  = "stack with talk and metadata"
	tuned      = "logistic on fine-tuned"
	tunedTrees = "boosted on fine-tuned"
	tunedStack = "stack, fine-tuned where it helps"
)

// pairs are what the verdicts are about.
var pairs = [][2]string{
	{words, frozen}, {words, stack}, {frozen, stack}, {stack, talkStack}, {words, wordTrees}, {frozen, trees}, {frozen, tuned},
	{trees, tunedTrees}, {words, tuned}, {stack, tuned}, {stack, tunedStack},
}

// A candidate is a method of predicting, which trains on some calls and gives the probability of others.
type candidate struct {
	name  string
	refit evaluate.Refit
}

// trial is a cross-validation of all methods at once, so that what they share is computed once.
type trial struct {
	*study.Data
	*options
	env    *cli.Env
	stages *cli.Progress
	blocks map[string]classify.Block // by their names
	folds  []evaluate.Fold

	model fs.FS    // of the generic encoder; nil: the built-in one
	texts []string // of the calls, as tf-idf reads them
	fits  []fitted
}

// fitted is the predictor of finetune, trained on some calls.
type fitted struct {
	on     []int
	report *conversion.Report
}

// generic are the blocks of the stack that learn nothing but their heads, besides tf-idf.
var generic = []string{conversion.TurnMean, conversion.LastTurns, conversion.Trend}

// talkBlock is the block of features other than words.
const talkBlock = "talk and metadata"

func compare(ctx context.Context, env *cli.Env, o *options) (*results, error) {
	d, err := study.Read(ctx, env, o.Data, &o.calls)
	if err != nil {
		return nil, err
	}
	s := &trial{Data: d, options: o, env: env, stages: env.Progress()}
	defer s.stages.Close()
	if s.model, err = cli.Model(o.Model); err != nil {
		return nil, err
	}
	s.texts = texts(d.Docs, o.Mask)
	if s.folds, err = s.assign(); err != nil {
		return nil, fmt.Errorf("%s: %w", d.Source, err)
	}
	if err := s.encode(ctx); err != nil {
		return nil, err
	}
	r := &results{Options: *o, Source: d.Source, Synthetic: d.Synthetic, Calls: len(d.Calls), Won: d.Won(), kind: d.Kind(), unit: d.Unit()}
	return r, s.judge(ctx, r)
}

// texts are documents as tf-idf reads them. Each turn is masked by itself, as the predictor does it.
func texts(docs [][]string, mask bool) []string {
	all := make([]string, len(docs))
	for i, doc := range docs {
		turns := slices.Clone(doc)
		for k, turn := range turns {
			if mask {
				turns[k] = transcript.Call{Text: turn}.Mask().Call.Text
			}
		}
		all[i] = strings.Join(turns, "\n")
	}
	return all
}

// assign assigns the calls to folds, each with training calls enough for the inner folds.
func (s *trial) assign() ([]evaluate.Fold, error) {
	folds, err := s.divide()
	for k, f := range folds {
		won := 0
		for _, i := range f.Train {
			won += s.Labels[i]
		}
		if lost := len(f.Train) - won; min(won, lost) < conversion.InnerFolds {
			return nil, fmt.Errorf("fold %d of %d is predicted from too few calls, %d won and %d lost: want %d or more of each: give more calls",
				k+1, len(folds), won, lost, conversion.InnerFolds)
		}
	}
	return folds, err
}

func (s *trial) divide() ([]evaluate.Fold, error) {
	if !s.Forward {
		return evaluate.Folds(s.Labels, s.Groups, s.Folds, s.Seed)
	}
	at := make([]time.Time, len(s.Calls))
	for i, c := range s.Calls {
		if at[i] = c.Metadata.CallTime; at[i].IsZero() {
			return nil, fmt.Errorf("call %q has no call_time, which -forward needs of every call", c.ID)
		}
	}
	return evaluate.ForwardFolds(s.Labels, at, s.Folds)
}

// encode prepares the blocks. The generic encoder learns nothing here, so it reads each call once.
func (s *trial) encode(ctx context.Context) error {
	files := s.model
	if files == nil {
		files = minilm.FS()
	}
	m, err := encoder.Load(files)
	if err != nil {
		return fmt.Errorf("%s: %w", cmp.Or(s.Model, "the built-in model"), err)
	}
	s.Note(s.env, &s.options.calls)
	turns := 0
	for _, d := range s.Docs {
		turns += len(d)
	}
	cache := encoder.NewCache(turns)
	s.blocks = map[string]classify.Block{}
	for name, features := range map[string]func(context.Context, []int) (mat.Matrix, error){
		conversion.Words: s.words, talkBlock: s.talk, conversion.TunedTurns: s.tuned,
	} {
		s.blocks[name] = classify.Block{Name: name, Learn: features}
	}
	for k, pooling := range []encoder.Pooling{encoder.Mean, encoder.Last(conversion.Last), encoder.Trend} {
		x, err := m.EncodeDocuments(ctx, s.Docs, &encoder.Options{Pooling: pooling, Cache: cache, Progress: s.stage("encoding")})
		if err != nil {
			return err
		}
		s.blocks[generic[k]] = classify.Block{Name: generic[k], Features: x}
	}
	return nil
}

// words is tf-idf, its terms and weights learned from the training calls.
func (s *trial) words(_ context.Context, train []int) (mat.Matrix, error) {
	t, err := transcript.FitTFIDF(study.Pick(s.texts, train), &transcript.TFIDFOptions{MinTexts: conversion.MinTexts})
	if err != nil {
		return nil, err
	}
	return t.Transform(s.texts), nil
}

// talk is who talks how much and how, what is mentioned, and the metadata.
func (s *trial) talk(_ context.Context, train []int) (mat.Matrix, error) {
	f, err := transcript.FitFeatures(study.Pick(s.Calls, train))
	if err != nil {
		return nil, err
	}
	return matrix(f.Rows(s.Calls)), nil
}

// matrix has the rows, of which there is one at least.
func matrix(rows [][]float64) *mat.Dense {
	x := mat.NewDense(len(rows), len(rows[0]), nil)
	for i, row := range rows {
		x.SetRow(i, row)
	}
	return x
}

// fit trains the predictor of finetune on the training calls, once for all methods that ask for it.
func (s *trial) fit(ctx context.Context, train []int) (*conversion.Report, error) {
	for _, f := range s.fits {
		if slices.Equal(f.on, train) {
			return f.report, nil
		}
	}
	started := time.Now()
	o := &conversion.Options{Model: s.model, Unmasked: !s.Mask, Groups: study.Pick(s.Groups, train), Seed: s.Seed, Progress: s.stages.Show}
	o.Tune.Epochs = s.Epochs
	_, f, err := conversion.Fit(ctx, study.Pick(s.Calls, train), o)
	if err != nil {
		return nil, err
	}
	s.fits = append(s.fits, fitted{train, f})
	if more := len(s.folds) - len(s.fits); more > 0 {
		took := time.Since(started)
		s.env.Notef("trained %d of %d predictors, this one in %v: about %v more", len(s.fits), len(s.folds), took.Round(time.Second),
			(took * time.Duration(more)).Round(time.Second))
	}
	return f, nil
}

// tuned is the turn mean by the tuned encoder; of training calls by encoders that were not trained on them.
func (s *trial) tuned(ctx context.Context, train []int) (mat.Matrix, error) {
	f, err := s.fit(ctx, train)
	if err != nil {
		return nil, err
	}
	_, x, err := f.Embeddings(ctx, s.Calls)
	if err != nil {
		return nil, err
	}
	rows := mat.DenseCopyOf(x)
	for k, i := range train {
		rows.SetRow(i, mat.Row(nil, k, f.OutOfFold()))
	}
	return rows, nil
}

// method predicts by a method of the predictor's report.
func (s *trial) method(key string) evaluate.Refit {
	return func(ctx context.Context, train, test []int) ([]float64, error) {
		f, err := s.fit(ctx, train)
		if err != nil {
			return nil, err
		}
		all, err := f.Predict(ctx, study.Pick(s.Calls, test))
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(all, func(p conversion.Predicted) bool { return p.Method == key })
		return all[i].Probability, nil
	}
}

// predictor names the method of finetune.
func (o *options) predictor() string {
	if !o.Frozen {
		return tunedStack
	}
	return stack
}

// candidates lists the methods, in the order of the table.
func (s *trial) candidates() []candidate {
	all := []candidate{
		{words, s.one(conversion.Words, classify.LogisticFitter(nil))},
		{wordTrees, s.one(conversion.Words, boosted)},
		{talk, s.one(talkBlock, logistic)},
		{talkTrees, s.one(talkBlock, boosted)},
		{frozen, s.one(conversion.TurnMean, logistic)},
		{trees, s.one(conversion.TurnMean, boosted)},
		{stack, s.stack()},
		{talkStack, s.stack(talkBlock)},
	}
	if !s.Frozen {
		all = append(all, candidate{tuned, s.method(conversion.TunedTurns)}, candidate{tunedTrees, s.one(conversion.TunedTurns, boosted)},
			candidate{tunedStack, s.method(conversion.Best)})
	}
	return all
}

// logistic is the default head of a stack of turn vectors.
var logistic = classify.LogisticFitter(&classify.LogisticOptions{Standardize: true, C: 0.01})

// boosted are shallow trees that learn slowly, as suits some hundred calls.
func boosted(ctx context.Context, x mat.Matrix, y []int, weight []float64) (classify.Classifier, error) {
	return classify.FitBoosted(ctx, x, y, &classify.BoostedOptions{
		Rounds: 150, LearningRate: 0.05, MaxDepth: 3, Subsample: 0.7, ColumnsByTree: 0.3, Weights: weight,
	})
}

// one predicts by a classifier of one block.
func (s *trial) one(block string, fit classify.Fitter) evaluate.Refit {
	return func(ctx context.Context, train, test []int) ([]float64, error) {
		x := s.blocks[block].Features
		if learn := s.blocks[block].Learn; learn != nil {
			var err error
			if x, err = learn(ctx, train); err != nil {
				return nil, err
			}
		}
		return classify.Refit(x, s.Labels, nil, fit)(ctx, train, test)
	}
}

// stack predicts by the stack of tf-idf, the blocks of the generic encoder, and more.
func (s *trial) stack(more ...string) evaluate.Refit {
	var blocks []classify.Block
	for _, name := range slices.Concat([]string{conversion.Words}, generic, more) {
		blocks = append(blocks, s.blocks[name])
	}
	return func(ctx context.Context, train, test []int) ([]float64, error) {
		few := study.CountGroups(study.Pick(s.Groups, train), len(train))
		o := &classify.StackOptions{Folds: min(conversion.InnerFolds, few), Groups: s.Groups, Seed: s.Seed}
		joined, x, err := classify.FitStack(ctx, blocks, s.Labels, train, o)
		if err != nil {
			return nil, err
		}
		if x, err = classify.SelectRows(x, test); err != nil {
			return nil, err
		}
		return joined.Predict(x)
	}
}

// predict trains a method on the calls outside each fold and predicts those in it.
func (s *trial) predict(ctx context.Context, m candidate) (*evaluate.OutOfFold, error) {
	fold := 0
	out, err := evaluate.CrossValidate(ctx, s.Labels, s.folds, func(ctx context.Context, train, test []int) ([]float64, error) {
		fold++
		s.stage(m.name+", folds")(fold, len(s.folds))
		return m.refit(ctx, train, test)
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.name, err)
	}
	return out, nil
}

// stage gives the progress callback of a named stage.
func (s *trial) stage(name string) func(done, total int) {
	return func(done, total int) { s.stages.Show(name, done, total) }
}
