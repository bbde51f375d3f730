package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/transcript"
	"gonum.org/v1/gonum/mat"
)

const searchUsage = `-data FILE -output PREFIX [flags]

It cross-validates predictors without fine-tuning, one for each combination of the settings of their heads, prints a table, the
lowest log loss first, and writes the same as PREFIX-summary.json. Each fold of each combination is work for one worker, is
kept in a file, PREFIX-fit-…, and is not repeated when the command is started again.`

func init() {
	beam.RegisterType(reflect.TypeFor[Fit]())
	register.DoFn3x1[context.Context, int, func(Fit), error](&fitFn{})
	register.DoFn3x1[context.Context, []byte, []Fit, error](&judgeFn{})
	register.Emitter1[Fit]()
}

// Search is a cross-validation of several settings, work for len(Settings)·Folds workers.
type Search struct {
	Data     string    `json:"data,omitempty"` // file or directory of labelled calls
	Settings []Setting `json:"settings"`
	Folds    int       `json:"folds"`
	Seed     uint64    `json:"seed"`
}

// Setting is a combination of hyper-parameters of the heads on embeddings. Those of the other classifier are 0.
type Setting struct {
	Classifier   string  `json:"classifier_type"` // logistic or xgboost
	C            float64 `json:"c,omitempty"`
	Depth        int     `json:"depth,omitempty"`
	Rounds       int     `json:"rounds,omitempty"`
	LearningRate float64 `json:"learning_rate,omitempty"`
}

func (s Setting) String() string {
	if s.Classifier == "logistic" {
		return fmt.Sprintf("logistic, C %g", s.C)
	}
	return fmt.Sprintf("xgboost, depth %d, %d rounds, learning rate %g", s.Depth, s.Rounds, s.LearningRate)
}

// fitter returns what fits a head.
func (s Setting) fitter() classify.Fitter {
	if s.Classifier == "logistic" {
		return classify.LogisticFitter(&classify.LogisticOptions{C: s.C})
	}
	return func(ctx context.Context, x mat.Matrix, y []int, weight []float64) (classify.Classifier, error) {
		return classify.FitBoosted(ctx, x, y, &classify.BoostedOptions{Rounds: s.Rounds, LearningRate: s.LearningRate, MaxDepth: s.Depth, Weights: weight})
	}
}

// Fit is the predictions of one fold by one setting.
type Fit struct {
	Setting     int       `json:"setting"`
	Fold        int       `json:"fold"`
	Row         []int     `json:"row"` // of the labelled calls
	Probability []float64 `json:"probability"`
}

func runSearch(ctx context.Context, env *cli.Env) error {
	s := &Search{}
	j := &Job{Kind: "search", Search: s}
	grid := map[string]*[]float64{}
	reader := new(transcript.Reader)
	flags := flag.NewFlagSet("batch search", flag.ContinueOnError)
	flags.StringVar(&s.Data, "data", "", "`file` or directory of labelled calls, at the same path on all workers (required)")
	flags.StringVar(&j.Output, "output", "", "`prefix` of the names of the files to write (required)")
	flags.IntVar(&s.Folds, "folds", 5, "folds of the cross-validation")
	flags.Uint64Var(&s.Seed, "seed", 1, "seed of the folds")
	for name, f := range map[string]struct {
		values string
		help   string
	}{
		"c":             {"0.01,0.1,1,10", "C of logistic regression, the inverse strength of its penalty"},
		"depth":         {"2,3", "depth of boosted trees"},
		"rounds":        {"100", "number of boosted trees"},
		"learning_rate": {"0.1", "learning rate of boosted trees"},
	} {
		values := new([]float64)
		grid[name] = values
		if err := list(values)(f.values); err != nil {
			return err
		}
		flags.Func(name, "comma-separated `values` to try for the "+f.help+" (default "+f.values+")", list(values))
	}
	cli.ReaderFlags(flags, reader)
	if err := parse(env, flags, searchUsage); err != nil {
		return err
	}
	j.read(reader)
	s.combine(grid)
	return j.search(ctx, env)
}

// list returns a function that sets values to the numbers of a list, all above 0.
func list(values *[]float64) func(string) error {
	return func(text string) error {
		*values = nil
		for word := range strings.SplitSeq(text, ",") {
			v, err := strconv.ParseFloat(strings.TrimSpace(word), 64)
			if err != nil || !(v > 0) {
				return fmt.Errorf("%q is no number above 0", word)
			}
			*values = append(*values, v)
		}
		return nil
	}
}

// combine makes a setting of each combination.
func (s *Search) combine(grid map[string]*[]float64) {
	for _, c := range *grid["c"] {
		s.Settings = append(s.Settings, Setting{Classifier: "logistic", C: c})
	}
	for _, depth := range *grid["depth"] {
		for _, rounds := range *grid["rounds"] {
			for _, rate := range *grid["learning_rate"] {
				s.Settings = append(s.Settings, Setting{Classifier: "xgboost", Depth: int(depth), Rounds: int(rounds), LearningRate: rate})
			}
		}
	}
}

// search checks the job and runs it to its end.
func (j *Job) search(ctx context.Context, env *cli.Env) (err error) {
	s := j.Search
	switch {
	case s.Data == "":
		return cli.Usagef("-data is missing: name the file of labelled calls")
	case j.Output == "":
		return cli.Usagef("-output is missing: name the beginning of the files to write")
	case s.Folds < 2:
		return cli.Usagef("-folds %d, want two or more", s.Folds)
	}
	if err := absolute(&s.Data, &j.Output); err != nil {
		return err
	}
	d, err := j.labelled()
	if err != nil {
		return err
	}
	if err := d.Need(s.Folds); err != nil {
		return err
	}
	if j.Version, err = study.Digest(d.Calls); err != nil {
		return err
	}
	if done, err := j.run(ctx, env, j.searchPipeline); err != nil || !done {
		return err
	}
	var methods []study.Method
	if err := readJSON(ctx, j.Output+"-summary.json", &methods); err != nil {
		return err
	}
	study.Print(env.Stdout, study.Table(methods, "heads", ""), nil)
	return nil
}

func (j *Job) searchPipeline() *beam.Pipeline {
	p, s := beam.NewPipelineWithRoot()
	units := make([]int, len(j.Search.Settings)*j.Search.Folds)
	for i := range units {
		units[i] = i
	}
	fits := beam.ParDo(s, &fitFn{j}, beam.Reshuffle(s, beam.CreateList(s, units)))
	beam.ParDo0(s, &judgeFn{j}, beam.Impulse(s), beam.SideInput{Input: fits})
	return p
}

// labelled reads the calls to train and judge on, once in a process.
func (j *Job) labelled() (*study.Data, error) {
	key, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	return labelled(string(key))
}

var labelled = once(func(job string) (*study.Data, error) {
	var j Job
	if err := json.Unmarshal([]byte(job), &j); err != nil {
		return nil, err
	}
	return study.Read(context.Background(), &cli.Env{Stderr: io.Discard}, j.Search.Data, &cli.Calls{Reader: j.reader()})
})

type fitFn struct{ Job *Job }

func (f *fitFn) ProcessElement(ctx context.Context, unit int, emit func(Fit)) error {
	defer f.Job.busy(ctx)()
	fit, err := f.Job.fit(ctx, unit)
	if err == nil {
		emit(*fit)
	}
	return err
}

// fit returns the predictions of a fold by a setting, which are made now unless they were before.
func (j *Job) fit(ctx context.Context, unit int) (*Fit, error) {
	s := j.Search
	f := &Fit{Setting: unit / s.Folds, Fold: unit % s.Folds}
	name := fmt.Sprintf("%s-fit-%05d-of-%05d.json", j.Output, unit, len(s.Settings)*s.Folds)
	if b, found, err := readFile(ctx, name); found || err != nil {
		return f, errors.Join(err, json.Unmarshal(b, f))
	}
	d, err := j.labelled()
	if err != nil {
		return nil, err
	}
	if digest, err := study.Digest(d.Calls); err != nil || digest != j.Version {
		return nil, errors.Join(err, fmt.Errorf("%s has changed since the job began: put it back, or choose another -output", s.Data))
	}
	folds, err := evaluate.Folds(d.Labels, d.Groups, s.Folds, s.Seed)
	if err != nil {
		return nil, err
	}
	fold := folds[f.Fold]
	p, _, err := conversion.Fit(ctx, study.Pick(d.Calls, fold.Train),
		&conversion.Options{Frozen: true, Head: s.Settings[f.Setting].fitter(), Groups: study.Pick(d.Groups, fold.Train), Seed: s.Seed})
	if err != nil {
		return nil, err
	}
	predictions, err := p.Predict(ctx, study.Pick(d.Calls, fold.Test), nil)
	if err != nil {
		return nil, err
	}
	f.Row = fold.Test
	for _, p := range predictions {
		f.Probability = append(f.Probability, p.Probability)
	}
	return f, writeJSON(ctx, name, f)
}

type judgeFn struct{ Job *Job }

func (f *judgeFn) ProcessElement(ctx context.Context, _ []byte, fits []Fit) error {
	defer f.Job.busy(ctx)()
	d, err := f.Job.labelled()
	if err != nil {
		return err
	}
	methods, err := judge(ctx, f.Job.Search, d, fits)
	if err != nil {
		return err
	}
	return writeJSON(ctx, f.Job.Output+"-summary.json", methods)
}

// judge scores the settings on the calls of all folds, the lowest log loss first.
func judge(ctx context.Context, s *Search, d *study.Data, fits []Fit) (methods []study.Method, err error) {
	for i, setting := range s.Settings {
		out := &evaluate.OutOfFold{Row: make([]int, len(d.Labels)), Fold: make([]int, len(d.Labels)), Y: d.Labels, P: make([]float64, len(d.Labels))}
		n := 0
		for _, f := range fits {
			if f.Setting != i {
				continue
			}
			for k, row := range f.Row {
				out.Row[row], out.Fold[row], out.P[row] = row, f.Fold, f.Probability[k]
				n++
			}
		}
		if n != len(d.Labels) {
			return nil, fmt.Errorf("%v: %d of %d calls are predicted", setting, n, len(d.Labels))
		}
		m, err := study.Judge(ctx, setting.String(), out, &evaluate.ResampleOptions{Groups: d.Groups, Seed: s.Seed})
		if err != nil {
			return nil, err
		}
		methods = append(methods, m)
	}
	slices.SortStableFunc(methods, func(a, b study.Method) int { return cmp.Compare(a.LogLoss, b.LogLoss) })
	return methods, nil
}
