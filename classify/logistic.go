package classify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/org/salesconv/classify/internal/sample"
	"github.com/org/salesconv/internal/kernel"
	"github.com/org/salesconv/internal/matrix"
	"github.com/org/salesconv/internal/parallel"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// LogisticOptions are the settings of FitLogistic. Nil means the defaults.
type LogisticOptions struct {
	// C is the inverse strength of the penalty: C·Σ weight·loss + ½‖coefficients‖² is minimised. Default 1, at most 1e9.
	C float64
	// L1Ratio is the share of the absolute values in the penalty (elastic net): the second term is
	// L1Ratio·Σ|coefficient| + (1-L1Ratio)/2·‖coefficients‖². Default 0; 1 is the lasso. With 1e-6 or more many
	// coefficients are exactly 0; smaller values above 0 are an error.
	L1Ratio float64
	// Cs, if set, are candidates for C: the one with the lowest log loss in cross-validation is taken.
	Cs []float64
	// Folds, Groups and Seed are of that cross-validation; see the function Folds. Default 5 folds.
	Folds  int
	Groups []string
	Seed   uint64
	// Balanced weighs the rows so that both labels have the same total weight.
	Balanced bool
	// Weights are the weights of the rows. Default all 1.
	Weights []float64
	// Standardize penalises the coefficients as if each column had variance 1; constant columns stay as they are.
	// The coefficients still belong to the columns as given.
	Standardize bool
	// Tolerance ends the fit: the largest absolute derivative of the objective per unit of weight,
	// relative to that at the start where this is above 1. Default 1e-10, at most 0.01.
	Tolerance float64
	// MaxIterations is how many steps may be taken before FitLogistic gives up. Default 10000.
	MaxIterations int
}

// Logistic is a logistic regression: the log-odds of label 1 are Intercept + Σ Coefficients[j]·x[j].
type Logistic struct {
	Coefficients []float64 `json:"coefficients"`
	Intercept    float64   `json:"intercept"`
	C            float64   `json:"c"`          // of the fit
	Iterations   int       `json:"iterations"` // of the fit
	// Where C was chosen: the candidates, ascending, and the mean log loss of each in cross-validation.
	Cs     []float64 `json:"cs,omitempty"`
	Losses []float64 `json:"losses,omitempty"`
}

// FitLogistic fits a logistic regression with a penalty on the coefficients, none on the intercept:
// the objective of scikit-learn's LogisticRegression, solved to Tolerance whatever the scale of the columns.
// With a penalty there is one solution for separable labels and for dependent columns too.
// y holds 0 and 1, a label for each row of x.
func FitLogistic(ctx context.Context, x mat.Matrix, y []int, opts *LogisticOptions) (*Logistic, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := checkSample(x, y, o.Weights); err != nil {
		return nil, err
	}
	pool := kernel.NewPool(0)
	defer pool.Close()
	weight := rowWeights(y, &o)
	var cs, losses []float64
	if o.Cs != nil {
		if err := checkFinite(x, false); err != nil { // by the rows of x, not of a fold
			return nil, err
		}
		if cs, losses, err = chooseC(ctx, x, y, weight, &o, pool); err != nil {
			return nil, err
		}
	}
	m, err := newDesign(x, o.Standardize, pool)
	if err != nil {
		return nil, err
	}
	l := newLogLoss(m, y, weight, &o)
	theta, iterations, err := l.minimize(ctx, l.start(), &o)
	if err != nil {
		return nil, err
	}
	f := m.model(theta)
	f.C, f.Iterations, f.Cs, f.Losses = o.C, iterations, cs, losses
	return f, nil
}

// model is the regression with coefficients θ.
func (m *design) model(theta []float64) *Logistic {
	u, c := m.raw(theta)
	return &Logistic{Coefficients: u, Intercept: c}
}

func (o *LogisticOptions) withDefaults() (LogisticOptions, error) {
	var v LogisticOptions
	if o != nil {
		v = *o
	}
	if v.C == 0 {
		v.C = 1
	}
	if v.Tolerance == 0 {
		v.Tolerance = 1e-10
	}
	if v.MaxIterations == 0 {
		v.MaxIterations = 10000
	}
	if v.Folds == 0 {
		v.Folds = 5
	}
	if v.Cs != nil && len(v.Cs) == 0 {
		return v, errors.New("classify: an empty list of candidates for C")
	}
	options := []option{
		{"C", v.C, least, maxC}, {"Tolerance", v.Tolerance, least, maxTolerance},
		{"MaxIterations", float64(v.MaxIterations), 1, math.MaxInt32},
	}
	for k, c := range v.Cs {
		options = append(options, option{fmt.Sprintf("Cs[%d]", k), c, least, maxC})
	}
	if v.L1Ratio != 0 {
		options = append(options, option{"L1Ratio", v.L1Ratio, minL1Ratio, 1})
	}
	return v, checkOptions(options...)
}

// Limits of the options: beyond them the penalty is lost in rounding, or the fit would end before it begins.
const (
	maxC         = 1e9
	minL1Ratio   = 1e-6
	maxTolerance = 1e-2
)

// rowWeights combines the weights of rows and classes.
func rowWeights(y []int, o *LogisticOptions) []float64 {
	var mass [2]float64
	for i, k := range y {
		mass[k] += sample.WeightAt(o.Weights, i)
	}
	class := [2]float64{1, 1}
	if o.Balanced {
		for k := range class {
			class[k] = (mass[0] + mass[1]) / (2 * mass[k])
		}
	}
	w := make([]float64, len(y))
	for i, k := range y {
		w[i] = class[k] * sample.WeightAt(o.Weights, i)
	}
	return w
}

// Margins gives the log-odds of label 1 for each row of x.
func (f *Logistic) Margins(x mat.Matrix) ([]float64, error) {
	if f == nil {
		return nil, errNoModel
	}
	if err := checkWidth(x, len(f.Coefficients)); err != nil {
		return nil, err
	}
	n, d := x.Dims()
	z := make([]float64, n)
	s, sparse := matrix.AsSparse(x)
	r := matrix.Of(x)
	const block = 256
	parallel.Do((n+block-1)/block, func(b int) {
		var buf []float64
		if !sparse {
			buf = make([]float64, d)
		}
		for i := b * block; i < min(n, (b+1)*block); i++ {
			if sparse {
				z[i] = f.Intercept + s.Dot(i, f.Coefficients)
			} else {
				z[i] = f.Intercept + floats.Dot(r.Row(i, buf), f.Coefficients)
			}
		}
	})
	for _, v := range z {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			if err := checkFinite(x, false); err != nil {
				return nil, err
			}
			return nil, errors.New("classify: a margin overflows: the values of x are far from those trained on")
		}
	}
	return z, nil
}

// Predict gives the probability of label 1 for each row of x.
func (f *Logistic) Predict(x mat.Matrix) ([]float64, error) { return sigmoids(f.Margins(x)) }

// Save writes f as JSON, for Load.
func (f *Logistic) Save(w io.Writer) error {
	if f == nil {
		return errNoModel
	}
	return encode(w, "logistic", f)
}

func decodeLogistic(raw json.RawMessage) (Classifier, error) {
	f := new(Logistic)
	if err := json.Unmarshal(raw, f); err != nil {
		return nil, err
	}
	if len(f.Coefficients) == 0 {
		return nil, errors.New(`"coefficients" is empty or missing`)
	}
	return f, nil
}
