package classify

import (
	"testing"

	"github.com/org/salesconv/internal/reference"
)

// xgbCases is what testdata/make_xgb_cases.py writes.
type xgbCases struct {
	Files []struct {
		File          string
		Rows          [][]*float64
		Margin, Proba []float64
	}
	Fits []struct {
		Name           string
		Rounds         int
		X              [][]float64
		Y              []int
		Weight, Margin []float64
		Params         struct {
			Eta float64
		}
	}
}

func readXGBCases(t testing.TB) (c xgbCases) {
	t.Helper()
	reference.JSON(t, "xgb_cases.json.gz", &c)
	return c
}

// Files of other versions and of the scikit-learn wrapper predict as XGBoost 3.2 does with them, also when written again.
func TestXGBoostFiles(t *testing.T) {
	for _, c := range readXGBCases(t).Files {
		x := denseOf(c.Rows)
		b := readModel(t, reference.Bytes(t, c.File))
		predictions(t, c.File, b, x, c.Margin, c.Proba)
		predictions(t, c.File+", written", readModel(t, written(t, b)), x, c.Margin, c.Proba)
	}
}

// Rows whose derivatives are far smaller than those of others count as they do in XGBoost.
func TestFitBoostedUnequalRowsLikeXGBoost(t *testing.T) {
	for _, c := range readXGBCases(t).Fits {
		b := fit(t, dense(c.X), c.Y, &BoostedOptions{Rounds: c.Rounds, LearningRate: c.Params.Eta, MaxDepth: 3, MaxBins: 512,
			Lambda: 0.01, MinChildWeight: -1, Weights: c.Weight})
		got, err := b.Margins(dense(c.X))
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range c.Margin {
			if d := got[i] - want; !(d < 1e-4*(1+max(want, -want)) && -d < 1e-4*(1+max(want, -want))) {
				t.Errorf("%s: the margin of row %d is %v, want %v", c.Name, i, got[i], want)
				break
			}
		}
	}
}
