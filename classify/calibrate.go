package classify

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"

	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/classify/internal/sample"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// A Calibration maps probabilities to calibrated ones, and keeps their order. The zero value is not valid.
type Calibration struct {
	// Scale, 0 or more, and Shift are of Platt's method: the log-odds become Scale·logit(p) + Shift. Used where From is
	// empty.
	Scale float64 `json:"scale,omitempty"`
	Shift float64 `json:"shift,omitempty"`
	// From and To are the corners of an isotonic map, ascending: linear between them, level outside.
	From []float64 `json:"from,omitempty"`
	To   []float64 `json:"to,omitempty"`
}

// Platt fits a logistic curve to the log-odds of probabilities of rows that were not trained on (Platt 1999). As in his
// paper and in scikit-learn, the targets lie a little inside 0 and 1, as if each label had been seen twice more with even
// odds (weights counting as rows), so that the curve is finite where the probabilities separate the labels. It suits
// small samples. Nil weights are all 1.
//
// The order of the probabilities is kept: where the best curve would reverse it, all rows get the same probability.
func Platt(p []float64, y []int, weight []float64) (*Calibration, error) {
	if err := checkCalibration(p, y, weight); err != nil {
		return nil, err
	}
	var mass [2]float64
	for i, label := range y {
		mass[label] += sample.WeightAt(weight, i)
	}
	f := &curve{x: make([]float64, len(p)), target: make([]float64, len(p)), weight: weight}
	for i, v := range p {
		f.x[i], f.target[i] = sample.Logit(v), [2]float64{1 / (mass[0] + 2), (mass[1] + 1) / (mass[1] + 2)}[y[i]]
	}
	mean, scale := stat.Mean(f.x, weight), spread(f.x, weight)
	for i := range f.x {
		f.x[i] = (f.x[i] - mean) / scale
	}
	at, err := f.minimize(curvePoint{slope: scale, shift: mean})
	if err != nil {
		return nil, err
	}
	c := &Calibration{Scale: at.slope / scale}
	if c.Shift = at.shift - c.Scale*mean; c.Scale < 0 {
		c.Scale, c.Shift = 0, sample.Logit(stat.Mean(f.target, weight))
	}
	return c, nil
}

// A curve is the log loss of probabilities Sigmoid(slope·x + shift) for targets between 0 and 1, which is convex.
type curve struct{ x, target, weight []float64 }

// A curvePoint is a slope and a shift, with the loss there, its derivatives, and its second derivatives.
type curvePoint struct {
	slope, shift                                float64
	value, bySlope, byShift, curve, cross, bend float64
}

func (f *curve) at(slope, shift float64) curvePoint {
	p := curvePoint{slope: slope, shift: shift}
	for i, x := range f.x {
		z, w, t := slope*x+shift, sample.WeightAt(f.weight, i), f.target[i]
		q := Sigmoid(z)
		p.value += w * (softplus(z) - t*z)
		p.bySlope, p.byShift = p.bySlope+w*(q-t)*x, p.byShift+w*(q-t)
		d := w * q * (1 - q)
		p.curve, p.cross, p.bend = p.curve+d*x*x, p.cross+d*x, p.bend+d
	}
	return p
}

// minimize goes by Newton steps, each halved until the loss falls (Lin, Lin and Weng 2007), until the gradient vanishes.
func (f *curve) minimize(start curvePoint) (curvePoint, error) {
	total := 0.0
	for i := range f.x {
		total += sample.WeightAt(f.weight, i)
	}
	p := f.at(start.slope, start.shift)
	for range 100 {
		if math.Hypot(p.bySlope, p.byShift) <= 1e-9*total {
			return p, nil
		}
		a, b := p.curve+1e-12*total, p.bend+1e-12*total // where all x are equal, only the shift counts
		det := a*b - p.cross*p.cross
		slope, shift := (p.cross*p.byShift-b*p.bySlope)/det, (p.cross*p.bySlope-a*p.byShift)/det
		fall := p.bySlope*slope + p.byShift*shift
		next := f.at(p.slope+slope, p.shift+shift)
		for t := 0.5; t > 1e-12 && !(next.value <= p.value+1e-4*t*fall+1e-14*math.Abs(p.value)); t /= 2 {
			next = f.at(p.slope+t*slope, p.shift+t*shift)
		}
		p = next
	}
	return p, fmt.Errorf("classify: calibration has not converged: gradient %.2g, want %.2g", math.Hypot(p.bySlope, p.byShift), 1e-9*total)
}

// Isotonic fits an isotonic regression, the best map that keeps the order, by pooling adjacent violators. It suits a
// thousand rows or more, which the classifier was not trained on. Nil weights are all 1.
func Isotonic(p []float64, y []int, weight []float64) (*Calibration, error) {
	if err := checkCalibration(p, y, weight); err != nil {
		return nil, err
	}
	type pool struct{ lo, hi, sum, mass float64 }
	var pools []pool
	merge := func() { // the last two
		k := len(pools) - 1
		a, b := pools[k-1], pools[k]
		pools = append(pools[:k-1], pool{a.lo, b.hi, a.sum + b.sum, a.mass + b.mass})
	}
	order := slices.DeleteFunc(sample.Descending(p), func(i int) bool { return sample.WeightAt(weight, i) == 0 })
	slices.Reverse(order)
	for k, i := range order {
		w := sample.WeightAt(weight, i)
		pools = append(pools, pool{p[i], p[i], w * float64(y[i]), w})
		if k > 0 && p[order[k-1]] == p[i] {
			merge()
		}
		if k+1 < len(order) && p[order[k+1]] == p[i] {
			continue // ties come together first
		}
		for m := len(pools) - 1; m > 0 && pools[m-1].sum*pools[m].mass >= pools[m].sum*pools[m-1].mass; m-- {
			merge()
		}
	}
	c := new(Calibration)
	for _, b := range pools {
		c.From, c.To = append(c.From, b.lo), append(c.To, b.sum/b.mass)
		if b.hi > b.lo {
			c.From, c.To = append(c.From, b.hi), append(c.To, b.sum/b.mass)
		}
	}
	return c, nil
}

// checkCalibration checks that p holds probabilities and that y and weight fit them.
func checkCalibration(p []float64, y []int, weight []float64) error {
	for i, v := range p {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("classify: row %d: probability %v, want 0 to 1", i, v)
		}
	}
	return prefixed(sample.CheckLabels(len(p), y, weight))
}

// Apply gives the calibrated probability of p. A nil calibration gives not-a-number.
func (c *Calibration) Apply(p float64) float64 {
	if c == nil {
		return math.NaN()
	}
	if len(c.From) == 0 {
		return Sigmoid(c.Scale*sample.Logit(p) + c.Shift)
	}
	k := sort.SearchFloat64s(c.From, p)
	switch {
	case k == 0:
		return c.To[0]
	case k == len(c.From):
		return c.To[k-1]
	}
	t := (p - c.From[k-1]) / (c.From[k] - c.From[k-1])
	return c.To[k-1] + t*(c.To[k]-c.To[k-1])
}

func (c *Calibration) check() error {
	if len(c.From) == 0 {
		if !(c.Scale >= 0) {
			return fmt.Errorf("scale %v, want 0 or more", c.Scale)
		}
		return nil
	}
	if len(c.From) != len(c.To) || !slices.IsSorted(c.From) || !slices.IsSorted(c.To) || c.To[0] < 0 || c.To[len(c.To)-1] > 1 {
		return errors.New(`"from" and "to" are not the corners of a map that ascends from 0 to 1`)
	}
	return nil
}

// Calibrated is a classifier followed by a calibration.
type Calibrated struct {
	Classifier  Classifier
	Calibration *Calibration
}

// CalibrateOptions are the settings of FitCalibrated. Nil means the defaults.
type CalibrateOptions struct {
	// Method fits the calibration; default Platt.
	Method  func(p []float64, y []int, weight []float64) (*Calibration, error)
	Weights []float64 // of the rows; default all 1
	Folds   int       // default 5
	// Groups names the group of each row: rows of a group stay in one fold; default each row for itself.
	Groups []string
	Seed   uint64 // of the folds
}

// FitCalibrated fits a classifier to all rows, and a calibration to the out-of-fold probabilities of the rows, so no
// row is used for calibration alone.
func FitCalibrated(ctx context.Context, x mat.Matrix, y []int, fit Fitter, opts *CalibrateOptions) (*Calibrated, error) {
	var o CalibrateOptions
	if opts != nil {
		o = *opts
	}
	if o.Method == nil {
		o.Method = Platt
	}
	if err := checkSample(x, y, o.Weights); err != nil {
		return nil, err
	}
	c, err := fit(ctx, x, y, o.Weights)
	if err != nil {
		return nil, err
	}
	folds, err := evaluate.Folds(y, o.Groups, cmp.Or(o.Folds, 5), o.Seed)
	if err != nil {
		return nil, err
	}
	held, err := evaluate.CrossValidate(ctx, y, folds, Refit(x, y, o.Weights, fit))
	if err != nil {
		return nil, err
	}
	m, err := o.Method(held.P, held.Y, sample.Pick(o.Weights, held.Row))
	if err != nil {
		return nil, err
	}
	return &Calibrated{c, m}, nil
}

// Predict gives the calibrated probability of label 1 for each row of x.
func (c *Calibrated) Predict(x mat.Matrix) ([]float64, error) {
	if c == nil || c.Calibration == nil {
		return nil, errNoModel
	}
	p, err := predictBy(c.Classifier, x)
	for i, v := range p {
		p[i] = c.Calibration.Apply(v)
	}
	return p, err
}

// savedCalibrated is what a file holds of a Calibrated.
type savedCalibrated struct {
	Calibration *Calibration    `json:"calibration"`
	Classifier  json.RawMessage `json:"classifier"`
}

// Save writes c as JSON, for Load. Its classifier must have a method Save(io.Writer) error.
func (c *Calibrated) Save(w io.Writer) error {
	if c == nil || c.Calibration == nil {
		return errNoModel
	}
	raw, err := saveNested(c.Classifier)
	if err != nil {
		return err
	}
	return encode(w, "calibrated", savedCalibrated{c.Calibration, raw})
}

func decodeCalibrated(raw json.RawMessage, depth int) (Classifier, error) {
	var saved savedCalibrated
	if err := json.Unmarshal(raw, &saved); err != nil {
		return nil, err
	}
	if saved.Calibration == nil {
		return nil, errors.New(`"calibration" is missing`)
	}
	if err := saved.Calibration.check(); err != nil {
		return nil, err
	}
	c, err := decode(saved.Classifier, depth)
	return &Calibrated{c, saved.Calibration}, err
}
