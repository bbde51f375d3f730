package classify

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/classify/internal/sample"
	"github.com/org/salesconv/internal/kernel"
	"github.com/org/salesconv/internal/matrix"
	"gonum.org/v1/gonum/mat"
)

// A Classifier gives the probability of label 1 for each row of x.
//
// Every classifier of this package may be used by many goroutines at once, and has a method Save(w io.Writer) error that
// writes what Load reads.
type Classifier interface {
	Predict(x mat.Matrix) ([]float64, error)
}

// A Marginer is a classifier whose log-odds are a sum of contributions, which is what explanations add up to.
// Where no calibration follows, Predict is the logistic function of Margins.
type Marginer interface {
	Classifier
	Margins(x mat.Matrix) ([]float64, error)
}

// decoders lists what Load reads: the "type" of a file and the function that decodes and checks its "model", depth
// classifiers inside of others.
func decoders() map[string]func(raw json.RawMessage, depth int) (Classifier, error) {
	alone := func(decode func(json.RawMessage) (Classifier, error)) func(json.RawMessage, int) (Classifier, error) {
		return func(raw json.RawMessage, _ int) (Classifier, error) { return decode(raw) }
	}
	return map[string]func(json.RawMessage, int) (Classifier, error){
		"boosted":    alone(decodeBoosted),
		"calibrated": decodeCalibrated,
		"ensemble":   decodeEnsemble,
		"logistic":   alone(decodeLogistic),
		"stack":      decodeStack,
	}
}

// envelope is the file around every saved model.
type envelope struct {
	Type  string          `json:"type"`
	Model json.RawMessage `json:"model"`
}

// encode writes a model in its envelope.
func encode(w io.Writer, kind string, model any) error {
	if w == nil {
		return fmt.Errorf("classify: save %s: %w", kind, errNothing)
	}
	raw, err := json.Marshal(model)
	if err != nil {
		return fmt.Errorf("classify: save %s: %w", kind, err)
	}
	raw, err = json.Marshal(envelope{kind, raw})
	if err != nil {
		return fmt.Errorf("classify: save %s: %w", kind, err)
	}
	_, err = w.Write(append(raw, '\n'))
	return err
}

// saveNested gives the file of a classifier that is part of another.
func saveNested(c Classifier) (json.RawMessage, error) {
	s, ok := c.(interface{ Save(io.Writer) error })
	if !ok {
		return nil, fmt.Errorf("classify: save: a %T cannot be saved", c)
	}
	var b bytes.Buffer
	err := s.Save(&b)
	return b.Bytes(), err
}

// Load reads a classifier that one of the Save methods wrote. Files of XGBoost itself are for ReadXGBoost.
func Load(r io.Reader) (Classifier, error) {
	if err := kernel.Check(); err != nil {
		return nil, fmt.Errorf("classify: load: %w", err)
	}
	raw, err := readAll(r)
	if err != nil {
		return nil, fmt.Errorf("classify: load: %w", err)
	}
	c, err := decode(raw, 0)
	if err != nil {
		return nil, brief(fmt.Errorf("classify: load: %w", err))
	}
	return c, nil
}

// readAll is io.ReadAll, an error where there is no reader.
func readAll(r io.Reader) ([]byte, error) {
	if r == nil {
		return nil, errNothing
	}
	return io.ReadAll(r)
}

// maxNesting is how deep classifiers may be inside of others: each level is parsed once more.
const maxNesting = 8

// decode reads an envelope and what is inside.
func decode(raw []byte, depth int) (Classifier, error) {
	var e envelope
	if depth > maxNesting {
		return nil, fmt.Errorf("classifiers are nested deeper than %d", maxNesting)
	}
	err := json.Unmarshal(raw, &e)
	if (err != nil || e.Type == "") && bytes.Contains(raw, []byte("gradient_booster")) {
		return nil, errors.New("a file of XGBoost: read it with ReadXGBoost")
	}
	if err != nil {
		return nil, fmt.Errorf("not a saved classifier: %w", err)
	}
	f, ok := decoders()[e.Type]
	if !ok {
		return nil, fmt.Errorf("unknown type %q", e.Type)
	}
	if len(e.Model) == 0 {
		return nil, fmt.Errorf(`%s: "model" is missing`, e.Type)
	}
	c, err := f(e.Model, depth+1)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.Type, err)
	}
	return c, nil
}

// A briefError is an error whose message quotes no more of its input than can be read.
type briefError struct{ error }

func (e briefError) Unwrap() error { return e.error }

func (e briefError) Error() string {
	const most = 400
	s := e.error.Error()
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most/2], "") + " … " + strings.ToValidUTF8(s[len(s)-most/2:], "")
}

func brief(err error) error { return briefError{err} }

// Sigmoid is the logistic function, which turns log-odds into a probability.
func Sigmoid(margin float64) float64 {
	if margin < 0 {
		e := math.Exp(margin)
		return e / (1 + e)
	}
	return 1 / (1 + math.Exp(-margin))
}

// errNothing is the error of writing nothing, or to nowhere.
var errNothing = errors.New("the model is nil, or the writer or reader is")

// errNoModel is the error of predictions by a zero value.
var errNoModel = errors.New("classify: no model: it is nil, or neither fitted nor loaded; or no rows (a nil matrix)")

// predictBy is c.Predict, an error where there is no classifier.
func predictBy(c Classifier, x mat.Matrix) ([]float64, error) {
	if c == nil {
		return nil, errNoModel
	}
	return c.Predict(x)
}

// margins gives the log-odds of any classifier: its own where it has them.
func margins(c Classifier, x mat.Matrix) ([]float64, error) {
	if m, ok := c.(Marginer); ok {
		return m.Margins(x)
	}
	p, err := predictBy(c, x)
	if err != nil {
		return nil, err
	}
	z := make([]float64, len(p))
	for i, p := range p {
		z[i] = sample.Logit(p)
	}
	return z, nil
}

// sigmoids replaces log-odds by probabilities, in place.
func sigmoids(z []float64, err error) ([]float64, error) {
	for i := range z {
		z[i] = Sigmoid(z[i])
	}
	return z, err
}

// Refit returns the function that evaluate.CrossValidate and the like call: it fits a classifier to the training rows
// of a fold and predicts the others. y and weight (nil: all 1) have an entry for each row of x.
func Refit(x mat.Matrix, y []int, weight []float64, fit Fitter) evaluate.Refit {
	return func(ctx context.Context, train, test []int) ([]float64, error) {
		c, err := fit(ctx, matrix.Select(x, train), sample.Pick(y, train), sample.Pick(weight, train))
		if err != nil {
			return nil, err
		}
		return c.Predict(matrix.Select(x, test))
	}
}

// An option is a number among the options of a function, and the range that it must be in. From least on means above 0.
type option struct {
	name            string
	value, from, to float64
}

// The least number above 0, and the most that float32, which trees compute in, holds.
const (
	least = math.SmallestNonzeroFloat64
	most  = math.MaxFloat32
)

// checkOptions names the first option that is out of its range or not a number.
func checkOptions(options ...option) error {
	for _, o := range options {
		switch {
		case o.value >= o.from && o.value <= o.to:
		case o.from == least:
			return fmt.Errorf("classify: %s is %v, want above 0 and at most %v", o.name, o.value, o.to)
		default:
			return fmt.Errorf("classify: %s is %v, want %v to %v", o.name, o.value, o.from, o.to)
		}
	}
	return nil
}

// checkSample checks the kernels, the shape of x, the labels and the weights (nil: all 1), but not the values of x.
func checkSample(x mat.Matrix, y []int, weight []float64) error {
	if err := kernel.Check(); err != nil {
		return fmt.Errorf("classify: %w", err)
	}
	if x == nil {
		return errors.New("classify: no rows (a nil matrix)")
	}
	n, d := x.Dims()
	if n > 0 && d == 0 {
		return errors.New("classify: rows without columns")
	}
	return prefixed(cmp.Or(matrix.Ragged(x), sample.CheckLabels(n, y, weight)))
}

// prefixed names the package in errors of package sample.
func prefixed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("classify: %w", err)
}

// checkWidth checks that x has the columns that a model was trained on.
func checkWidth(x mat.Matrix, want int) error {
	if x == nil {
		return errors.New("classify: no rows (a nil matrix)")
	}
	if _, d := x.Dims(); d != want {
		return fmt.Errorf("classify: rows of %d columns, the model was trained on %d", d, want)
	}
	return prefixed(matrix.Ragged(x))
}
