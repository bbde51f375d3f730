package classify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/mat"
)

// A Classifier gives the probability of label 1 for each row of x.
// Every classifier of this package may be used by many goroutines at once.
type Classifier interface {
	Predict(x mat.Matrix) ([]float64, error)
}

// A Marginer is a classifier whose log-odds are a sum of contributions, which is what explanations add up to.
// Where no calibration follows, Predict is the logistic function of Margins.
type Marginer interface {
	Classifier
	Margins(x mat.Matrix) ([]float64, error)
}

// A Saver is a classifier that Load can read back.
type Saver interface {
	Classifier
	Save(w io.Writer) error
}

// decoders lists what Load reads: the "type" of a file and the function that decodes and checks its "model".
func decoders() map[string]func(json.RawMessage) (Classifier, error) {
	return map[string]func(json.RawMessage) (Classifier, error){
		"boosted":    decodeBoosted,
		"calibrated": decodeCalibrated,
		"ensemble":   decodeEnsemble,
		"logistic":   decodeLogistic,
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
	s, ok := c.(Saver)
	if !ok {
		return nil, fmt.Errorf("classify: save: a %T cannot be saved", c)
	}
	var b bytes.Buffer
	err := s.Save(&b)
	return b.Bytes(), err
}

// Load reads a classifier that one of the Save methods wrote.
func Load(r io.Reader) (Classifier, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("classify: load: %w", err)
	}
	return decode(raw)
}

// decode reads an envelope and what is inside.
func decode(raw []byte) (Classifier, error) {
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, fmt.Errorf("classify: load: not a saved classifier: %w", err)
	}
	f, ok := decoders()[e.Type]
	if !ok {
		return nil, fmt.Errorf("classify: load: unknown type %q", e.Type)
	}
	if len(e.Model) == 0 {
		return nil, fmt.Errorf(`classify: load %s: "model" is missing`, e.Type)
	}
	c, err := f(e.Model)
	if err != nil {
		return nil, fmt.Errorf("classify: load %s: %w", e.Type, err)
	}
	return c, nil
}

// Sigmoid is the logistic function, which turns log-odds into a probability.
func Sigmoid(margin float64) float64 {
	if margin < 0 {
		e := math.Exp(margin)
		return e / (1 + e)
	}
	return 1 / (1 + math.Exp(-margin))
}

// logit is the inverse of Sigmoid, kept finite for probabilities of 0 and 1.
func logit(p float64) float64 {
	p = min(max(p, 1e-15), 1-1e-15)
	return math.Log(p) - math.Log1p(-p)
}

// margins gives the log-odds of any classifier: its own where it has them.
func margins(c Classifier, x mat.Matrix) ([]float64, error) {
	if m, ok := c.(Marginer); ok {
		return m.Margins(x)
	}
	p, err := c.Predict(x)
	if err != nil {
		return nil, err
	}
	z := make([]float64, len(p))
	for i, p := range p {
		z[i] = logit(p)
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

// checkSample checks the shape of x, the labels and the weights (nil: all 1), but not the values of x.
func checkSample(x mat.Matrix, y []int, weight []float64) error {
	n, d := x.Dims()
	if n > 0 && d == 0 {
		return errors.New("classify: rows without columns")
	}
	return checkLabels(n, y, weight)
}

// checkLabels checks that y has n labels, 0 or 1, both with some weight.
func checkLabels(n int, y []int, weight []float64) error {
	if n == 0 {
		return errors.New("classify: no rows")
	}
	if len(y) != n {
		return fmt.Errorf("classify: %d labels for %d rows", len(y), n)
	}
	if err := checkWeights(n, weight); err != nil {
		return err
	}
	var count [2]int
	var mass [2]float64
	for i, label := range y {
		if label != 0 && label != 1 {
			return fmt.Errorf("classify: row %d: label %d, want 0 or 1", i, label)
		}
		count[label]++
		mass[label] += weightAt(weight, i)
	}
	for k := range 2 {
		if count[k] == 0 {
			return fmt.Errorf("classify: all %d labels are %d: both classes are needed", n, 1-k)
		}
		if mass[k] == 0 {
			return fmt.Errorf("classify: every row of label %d has weight 0: both classes are needed", k)
		}
	}
	return nil
}

// checkWeights checks that there are n weights (or nil), finite and not negative.
func checkWeights(n int, weight []float64) error {
	if weight == nil {
		return nil
	}
	if len(weight) != n {
		return fmt.Errorf("classify: %d weights for %d rows", len(weight), n)
	}
	sum := 0.0
	for i, w := range weight {
		if !(w >= 0) || math.IsInf(w, 1) {
			return fmt.Errorf("classify: row %d: weight %v, want a finite number, 0 or more", i, w)
		}
		sum += w
	}
	if sum == 0 {
		return errors.New("classify: all weights are 0")
	}
	return nil
}

// weightAt is the weight of row i; nil weights are all 1.
func weightAt(weight []float64, i int) float64 {
	if weight == nil {
		return 1
	}
	return weight[i]
}

// checkWidth checks that x has the columns that a model was trained on.
func checkWidth(x mat.Matrix, want int) error {
	if _, d := x.Dims(); d != want {
		return fmt.Errorf("classify: rows of %d columns, the model was trained on %d", d, want)
	}
	return nil
}

// checkFinite names the first value of x that is infinite or, unless missing values are allowed, not a number.
func checkFinite(x mat.Matrix, missing bool) error {
	n, d := x.Dims()
	const block = 256
	bad := make([]error, (n+block-1)/block)
	r := rowsOf(x)
	parallel(len(bad), func(b int) {
		buf := make([]float64, d)
		for i := b * block; i < min(n, (b+1)*block) && bad[b] == nil; i++ {
			bad[b] = checkRow(i, r.row(i, buf), missing)
		}
	})
	return errors.Join(bad...)
}

// checkRow names the first value of row i that is not allowed.
func checkRow(i int, row []float64, missing bool) error {
	sum := 0.0
	for _, v := range row {
		sum += v * 0 // NaN for infinities and NaN, else 0
	}
	if sum == 0 {
		return nil
	}
	for j, v := range row {
		if math.IsInf(v, 0) || math.IsNaN(v) && !missing {
			return fmt.Errorf("classify: row %d, column %d is %v, want a finite number", i, j, v)
		}
	}
	return nil
}

// parallel calls f for each task, on as many goroutines as there are processors.
// f must write only what its task owns, so that results do not depend on their number.
func parallel(tasks int, f func(task int)) {
	workers := min(runtime.GOMAXPROCS(0), tasks)
	if workers <= 1 {
		for t := range tasks {
			f(t)
		}
		return
	}
	var next atomic.Int64
	work := func() {
		for t := int(next.Add(1)) - 1; t < tasks; t = int(next.Add(1)) - 1 {
			f(t)
		}
	}
	var wg sync.WaitGroup
	for range workers - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
}
