package main

import (
	"context"
	"fmt"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/examples/internal/pipeline"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/internal/cli"
	"github.com/org/salesconv/transcript"
	"github.com/org/salesconv/triplet"
	"gonum.org/v1/gonum/mat"
)

// Names of the ways of predicting.
const (
	words      = "logistic on tf-idf"
	wordTrees  = "boosted on tf-idf"
	frozen     = "logistic on generic"
	trees      = "boosted on generic"
	stack      = "stack of generic"
	tuned      = "logistic on fine-tuned"
	tunedTrees = "boosted on fine-tuned"
)

// pairs are what the verdicts are about.
var pairs = [][2]string{{words, frozen}, {words, stack}, {frozen, stack}, {frozen, trees}, {frozen, tuned}, {trees, tunedTrees}, {stack, tuned}}

// results is everything that is printed, drawn and written.
type results struct {
	Options   options         `json:"options"`
	Source    string          `json:"source"`
	Synthetic bool            `json:"synthetic"`
	Calls     int             `json:"calls"`
	Won       int             `json:"won"`
	Ways      []study.Way     `json:"ways"`
	Verdicts  []study.Verdict `json:"verdicts"`
	Leak      *classify.Leak  `json:"metadata_alone,omitempty"`

	kind string // of the calls
}

// trial is a cross-validation of all ways at once, so that what they share is computed once.
type trial struct {
	*study.Data
	*options
	stages *cli.Stages
	cache  *encoder.Cache
	blocks []classify.Block // of the stack: tf-idf, then turn means, last turns and trend of the generic encoder
	folds  []classify.Fold
	names  []string
	p      map[string][]float64 // probability of each call, by the name of the way
}

// lastTurns is how many turns at the end of a call are a block of their own.
const lastTurns = 3

func compare(ctx context.Context, env *cli.Env, d *study.Data, o *options) (*results, error) {
	s := &trial{Data: d, options: o, stages: env.Stages(), p: map[string][]float64{}}
	defer s.stages.Close()
	var err error
	if s.folds, err = classify.Folds(d.Labels, d.Groups, o.Folds, o.Seed); err != nil {
		return nil, fmt.Errorf("%s: %w", d.Source, err)
	}
	if err := s.encode(ctx); err != nil {
		return nil, err
	}
	for f, fold := range s.folds {
		if err := s.predict(ctx, fold, fmt.Sprintf("fold %d of %d", f+1, o.Folds)); err != nil {
			return nil, fmt.Errorf("fold %d: %w", f+1, err)
		}
	}
	return s.judge(ctx)
}

// encode prepares the blocks: the generic encoder learns nothing here, so it reads each call once.
func (s *trial) encode(ctx context.Context) error {
	m, err := load(s.options)
	if err != nil {
		return err
	}
	turns := 0
	for _, d := range s.Docs {
		turns += len(d)
	}
	s.cache = encoder.NewCache(turns)
	s.blocks = []classify.Block{{Name: "tf-idf", Features: s.words}}
	for _, b := range []struct {
		name    string
		pooling encoder.Pooling
	}{{"turn mean", encoder.Mean}, {"last turns", encoder.Last(lastTurns)}, {"trend", encoder.Trend}} {
		x, err := m.EncodeDocuments(ctx, s.Docs, &encoder.Options{Pooling: b.pooling, Cache: s.cache, Progress: s.stage("encoding")})
		if err != nil {
			return err
		}
		s.blocks = append(s.blocks, classify.Block{Name: b.name, Features: classify.Fixed(x)})
	}
	return nil
}

// words is tf-idf, its terms and weights learned from the training calls.
func (s *trial) words(_ context.Context, train []int) (mat.Matrix, error) {
	texts := make([]string, len(s.Calls))
	for i, c := range s.Calls {
		texts[i] = c.Text
	}
	t, err := transcript.FitTFIDF(pipeline.Pick(texts, train), nil)
	if err != nil {
		return nil, err
	}
	return classify.NewSparse(len(t.Terms()), t.Transform(texts).Rows)
}

// tune tunes an encoder on the training calls, and encodes all calls by it.
func (s *trial) tune(ctx context.Context, train []int, name string) (mat.Matrix, error) {
	m, err := load(s.options)
	if err != nil {
		return nil, err
	}
	o := &triplet.Options{Epochs: s.Epochs, Seed: s.Seed, Groups: pipeline.Pick(s.Groups, train), Progress: func(step triplet.Step) {
		s.stage(name+", tuning")(step.Step, step.Total)
	}}
	if _, err := triplet.Train(ctx, m, pipeline.Pick(s.Docs, train), pipeline.Pick(s.Labels, train), o); err != nil {
		return nil, err
	}
	return m.EncodeDocuments(ctx, s.Docs, &encoder.Options{Progress: s.stage(name + ", encoding")})
}

// predict trains every way on the calls outside a fold and predicts those in it.
func (s *trial) predict(ctx context.Context, fold classify.Fold, name string) error {
	heads := 0
	joined, x, err := classify.FitStack(ctx, s.blocks, s.Labels, fold.Train, &classify.StackOptions{
		Groups: s.Groups, Seed: s.Seed,
		Progress: func(string, int) { heads++; s.stage(name+", heads")(heads, -1) },
	})
	if err != nil {
		return err
	}
	test := classify.Rows(x, fold.Test)
	margins, err := joined.HeadMargins(test)
	if err != nil {
		return err
	}
	s.keep(words, fold.Test, sigmoids(margins[0]))
	s.keep(frozen, fold.Test, sigmoids(margins[1]))
	for b, way := range []string{wordTrees, trees} {
		s.stage(name+", trees")(b, 2)
		block, err := s.blocks[b].Features(ctx, fold.Train)
		if err != nil {
			return err
		}
		if err := s.fit(ctx, way, boosted, block, fold); err != nil {
			return err
		}
	}
	p, err := joined.Predict(test)
	if err != nil {
		return err
	}
	s.keep(stack, fold.Test, p)
	if s.Epochs == 0 {
		return nil
	}
	rows, err := s.tune(ctx, fold.Train, name)
	if err != nil {
		return err
	}
	if err := s.fit(ctx, tuned, logistic, rows, fold); err != nil {
		return err
	}
	return s.fit(ctx, tunedTrees, boosted, rows, fold)
}

// logistic is the default head of a stack of turn vectors.
var logistic = classify.LogisticFitter(&classify.LogisticOptions{Standardize: true, C: 0.01})

// boosted are shallow trees that learn slowly, as suits some hundred calls.
func boosted(ctx context.Context, x mat.Matrix, y []int, weight []float64) (classify.Classifier, error) {
	return classify.FitBoosted(ctx, x, y, &classify.BoostedOptions{
		Rounds: 150, LearningRate: 0.05, MaxDepth: 3, Subsample: 0.7, ColumnsByTree: 0.3, Weights: weight,
	})
}

func (s *trial) fit(ctx context.Context, name string, fit classify.Fitter, x mat.Matrix, fold classify.Fold) error {
	c, err := fit(ctx, classify.Rows(x, fold.Train), pipeline.Pick(s.Labels, fold.Train), nil)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	p, err := c.Predict(classify.Rows(x, fold.Test))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	s.keep(name, fold.Test, p)
	return nil
}

// keep notes the predictions of a way for some calls.
func (s *trial) keep(name string, rows []int, p []float64) {
	if s.p[name] == nil {
		s.p[name] = make([]float64, len(s.Labels))
		s.names = append(s.names, name)
	}
	for k, i := range rows {
		s.p[name][i] = p[k]
	}
}

// stage gives the progress callback of a named stage.
func (s *trial) stage(name string) func(done, total int) {
	return func(done, total int) { s.stages.Show(name, done, total) }
}

// judge measures each way and compares pairs of them.
func (s *trial) judge(ctx context.Context) (*results, error) {
	r := &results{Options: *s.options, Source: s.Source, Synthetic: s.Synthetic, Calls: len(s.Calls), Won: s.Won(), kind: s.Kind()}
	resample := &classify.ResampleOptions{Groups: s.Groups, Seed: s.Seed}
	for _, name := range s.names {
		out, err := classify.CrossValidate(ctx, s.Labels, s.folds, func(_ context.Context, _, test []int) ([]float64, error) {
			return pipeline.Pick(s.p[name], test), nil
		})
		if err != nil {
			return nil, err
		}
		w, err := study.Judge(ctx, name, out, resample)
		if err != nil {
			return nil, err
		}
		r.Ways = append(r.Ways, w)
	}
	var err error
	if r.Verdicts, err = study.Verdicts(ctx, r.Ways, pairs, resample); err != nil {
		return nil, err
	}
	r.Leak, err = s.probe(ctx, resample)
	return r, err
}

// probe asks what the metadata alone predict: the features of calls in which nothing is said.
func (s *trial) probe(ctx context.Context, resample *classify.ResampleOptions) (*classify.Leak, error) {
	silent := make([]transcript.Call, len(s.Calls))
	for i, c := range s.Calls {
		silent[i] = transcript.Call{Metadata: c.Metadata}
	}
	f, err := transcript.FitFeatures(silent)
	if err != nil {
		return nil, err
	}
	rows := f.Rows(silent)
	var names []string
	var kept []int // columns that differ between calls
	for j, name := range f.Names() {
		for _, row := range rows {
			if row[j] != rows[0][j] {
				names, kept = append(names, name), append(kept, j)
				break
			}
		}
	}
	if len(kept) == 0 {
		return nil, nil
	}
	x := mat.NewDense(len(rows), len(kept), nil)
	for i, row := range rows {
		x.SetRow(i, pipeline.Pick(row, kept))
	}
	return classify.LeakProbe(ctx, x, names, s.Labels, s.folds, resample)
}

func sigmoids(z []float64) []float64 {
	p := make([]float64, len(z))
	for i, v := range z {
		p[i] = classify.Sigmoid(v)
	}
	return p
}
