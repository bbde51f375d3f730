package contract

import (
	"context"
	"io"
	"iter"
	"reflect"
	"testing"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/shap"
	"github.com/org/salesconv/transcript"
	"github.com/org/salesconv/triplet"
	"github.com/org/salesconv/tsne"
)

// pointers are what a user may hold that is nil, or the zero value.
var pointers = []any{
	(*classify.Boosted)(nil), (*classify.Calibrated)(nil), (*classify.Calibration)(nil), (*classify.Ensemble)(nil),
	(*classify.Heads)(nil), (*classify.Logistic)(nil), (*classify.Stack)(nil),
	(*evaluate.Comparison)(nil), (*evaluate.OutOfFold)(nil),
	(*conversion.Live)(nil), (*conversion.Predictor)(nil), (*conversion.Report)(nil), (*conversion.Tuning)(nil),
	(*encoder.Config)(nil), (*encoder.Embeddings)(nil), (*encoder.Graph)(nil), (*encoder.Heads)(nil), (*encoder.LowerLayers)(nil),
	(*encoder.Model)(nil), (*encoder.Task)(nil), (*encoder.Tokenizer)(nil),
	(*shap.Explanation)(nil), (*shap.Explanations)(nil), (*shap.TreeExplainer)(nil),
	(*transcript.Features)(nil), (*transcript.Masked)(nil), (*transcript.RecordError)(nil), (*transcript.RunningTFIDF)(nil),
	(*transcript.Summary)(nil), (*transcript.TFIDF)(nil),
	(*triplet.AdamW)(nil), (*triplet.History)(nil), (*triplet.Options)(nil),
	(*tsne.Affinity)(nil), (*tsne.Map)(nil),
}

// Methods of nil pointers and of zero values that can return an error do not panic. Those that only return values, such as
// At and Width, are as those of slices and of other pointers: to call them on nothing is a mistake in the program.
func TestMethodsOfNothing(t *testing.T) {
	for _, p := range pointers {
		kind := reflect.TypeOf(p)
		for name, v := range map[string]reflect.Value{"nil": reflect.ValueOf(p), "zero": reflect.New(kind.Elem())} {
			for i := range kind.NumMethod() {
				m := kind.Method(i)
				if outs := m.Type.NumOut(); m.Name == "Linear" || outs > 0 && m.Type.Out(outs-1) == reflect.TypeFor[error]() {
					call(t, name+" "+kind.String(), v, m)
				}
			}
		}
	}
}

// call calls a method with arguments that are zero, but for what a caller always has.
func call(t *testing.T, what string, v reflect.Value, m reflect.Method) {
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s: %s panics: %v", what, m.Name, r)
		}
	}()
	args := []reflect.Value{v}
	for i := 1; i < m.Type.NumIn(); i++ {
		switch in := m.Type.In(i); {
		case m.Type.IsVariadic() && i == m.Type.NumIn()-1:
		case in == reflect.TypeFor[context.Context]():
			args = append(args, reflect.ValueOf(context.Background()))
		case in == reflect.TypeFor[io.Writer]():
			args = append(args, reflect.ValueOf(io.Discard))
		default:
			args = append(args, reflect.Zero(in))
		}
	}
	m.Func.Call(args)
}

// Arguments that are nil, or ask for more than there is memory for, are errors.
func TestNothingAndFarTooMuch(t *testing.T) {
	ctx := t.Context()
	value := func(_ context.Context, c [][]bool) ([]float64, error) { return make([]float64, len(c)), nil }
	reader := func(calls iter.Seq2[transcript.Call, error]) error {
		_, err := transcript.Collect(calls, nil)
		return err
	}
	for name, f := range map[string]func() error{
		"transcript.Generate": func() error { _, err := transcript.Generate(1<<60, nil); return err },
		"transcript.Collect":  func() error { return reader(nil) },
		"transcript.Read":     func() error { return reader(transcript.Reader{}.JSON(ctx, nil)) },
		"CSV":                 func() error { return reader(transcript.Reader{}.CSV(ctx, nil)) },
		"Text":                func() error { return reader(transcript.Reader{}.Text(ctx, nil)) },
		"FS":                  func() error { return reader(transcript.Reader{}.FS(ctx, nil)) },
		"Rows":                func() error { return reader(transcript.Reader{}.Rows(ctx, nil, nil)) },
		"shap.Sample":         func() error { _, err := shap.Sample(ctx, 1<<60, value, nil); return err },
		"shap.Exact":          func() error { _, err := shap.Exact(ctx, 1<<60, value); return err },
		"classify.Load":       func() error { _, err := classify.Load(nil); return err },
		"ReadXGBoost":         func() error { _, err := classify.ReadXGBoost(nil); return err },
		"WriteXGBoost":        func() error { return new(classify.Boosted).WriteXGBoost(nil) },
		"Save":                func() error { return (&classify.Logistic{Coefficients: []float64{1}}).Save(nil) },
		"conversion.Load":     func() error { _, err := conversion.Load(nil); return err },
		"encoder.Load":        func() error { _, err := encoder.Load(nil); return err },
		"triplet.Train":       func() error { _, err := triplet.Train(ctx, nil, nil, nil, nil); return err },
		"tsne":                func() error { _, err := tsne.NewAffinity(ctx, nil, nil); return err },
	} {
		func() {
			defer func() {
				if r := recover(); r != nil {
					t.Errorf("%s panics: %v", name, r)
				}
			}()
			if f() == nil {
				t.Errorf("%s: no error", name)
			}
		}()
	}
}
