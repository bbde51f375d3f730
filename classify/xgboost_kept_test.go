package classify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/org/salesconv/internal/reference"
	"gonum.org/v1/gonum/mat"
)

// xgbKept is what testdata/make_xgb_kept.py writes.
type xgbKept struct {
	Rows                     [][]float64
	Early, Categories, Empty struct {
		File       string
		Proba, All []float64
	}
	Bad map[string]string
}

func readXGBKept(t testing.TB) (k xgbKept) {
	t.Helper()
	reference.JSON(t, "xgb_kept.json.gz", &k)
	return k
}

func written(t testing.TB, b *Boosted) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := b.WriteXGBoost(&file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// A model that XGBoost's scikit-learn wrapper stopped early predicts with the trees up to the best iteration, as there,
// also after it was written and read again; all trees are to be had.
func TestXGBoostEarlyStopped(t *testing.T) {
	k := readXGBKept(t)
	x := dense(k.Rows)
	b := readModel(t, []byte(k.Early.File))
	for range 2 {
		wantClose(t, "up to the best iteration", predict(t, b, x), k.Early.Proba, 1e-6)
		wantClose(t, "all trees", predict(t, b.WithAllTrees(), x), k.Early.All, 1e-6)
		b = readModel(t, written(t, b))
	}
	all := readModel(t, written(t, b.WithAllTrees()))
	wantClose(t, "all trees, written", predict(t, all, x), k.Early.All, 1e-6)
	loaded, err := Load(bytes.NewReader(saved(t, b)))
	if err != nil {
		t.Fatal(err)
	}
	wantClose(t, "saved and loaded", predict(t, loaded, x), k.Early.Proba, 1e-6)
}

// Names, attributes and the table of categories come through, which Python needs to number categories as in training.
func TestXGBoostKeepsWhatPythonNeeds(t *testing.T) {
	k := readXGBKept(t)
	b := readModel(t, []byte(k.Categories.File))
	wantClose(t, "categories", predict(t, b, dense(k.Rows)), k.Categories.Proba, 1e-6)
	if got := [][]string{b.Categories(0), b.Categories(1), b.Categories(2), b.Categories(3)}; fmt.Sprint(got) != "[[Aachen Bonn Cologne] [] [10 20 40] []]" {
		t.Errorf("categories %v", got)
	}
	parts := func(data []byte) (kept [4]any) {
		var f struct {
			Learner struct {
				Attributes   any
				FeatureNames any                                `json:"feature_names"`
				FeatureTypes any                                `json:"feature_types"`
				Booster      struct{ Model struct{ Cats any } } `json:"gradient_booster"`
			}
		}
		if err := json.Unmarshal(data, &f); err != nil {
			t.Fatal(err)
		}
		l := f.Learner
		return [4]any{l.Attributes, l.FeatureNames, l.FeatureTypes, l.Booster.Model.Cats}
	}
	want := parts([]byte(k.Categories.File))
	if got := parts(written(t, b)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("written again: %v, want %v", got, want)
	}
}

// A file of DART has weights, also where there are no trees.
func TestXGBoostDartWithoutTrees(t *testing.T) {
	k := readXGBKept(t)
	b := readModel(t, []byte(k.Empty.File))
	if file := written(t, b); !bytes.Contains(file, []byte(`"weight_drop":[]`)) {
		t.Errorf("%s: no weight_drop", file)
	}
}

// XGBoost 1.7 and 2.1 write NaN, which JSON does not know, as the threshold of splits by category.
func TestXGBoostOldCategories(t *testing.T) {
	for _, name := range []string{"xgb_1.7.6_categorical.json.gz", "xgb_2.1.4_categorical.json.gz"} {
		b := readModel(t, reference.Bytes(t, name))
		if len(b.Trees()) != 10 || !slices.ContainsFunc(b.Trees(), func(t Tree) bool {
			return slices.ContainsFunc(t.Nodes, func(n Node) bool { return n.Categories != nil })
		}) {
			t.Errorf("%s: %d trees, want 10 with splits by category", name, len(b.Trees()))
		}
		x := mat.NewDense(3, b.Columns(), nil)
		x.Set(1, 0, 1)
		want := predict(t, b, x)
		wantClose(t, name+", written", predict(t, readModel(t, written(t, b)), x), want, 0)
	}
	numeric := edited(t, `"split_conditions":[0E+00`, `"split_conditions":[NaN`) // a split by category: has no threshold
	readModel(t, numeric)
	leaf := edited(t, `,1E+00,2E+00]`, `,NaN,2E+00]`)
	if _, err := ReadXGBoost(bytes.NewReader(leaf)); err == nil || !strings.Contains(err.Error(), "NaN is not a finite number") {
		t.Errorf("a leaf of NaN: error %v", err)
	}
}

// What is not a model of XGBoost is refused by what it is, in a few words.
func TestXGBoostOtherFiles(t *testing.T) {
	k := readXGBKept(t)
	for _, c := range []struct{ file, want string }{
		{k.Bad["config"], "a configuration (save_config)"},
		{k.Bad["dump"], "a dump of trees (dump_model)"},
		{k.Bad["text"], "a dump of trees (dump_model)"},
		{"\x80\x05\x95", "a Python pickle"},
		{"binf\x00\x00\x00\x3f", "the binary format of old versions"},
		{"\x00\x00\x00\x3f\x0a\x00\x00\x00", "the binary format of old versions"},
		{" \n", "the file is empty"},
		{`{"learner":{"objective":{"name":"` + strings.Repeat("a", 1<<20) + `"}}}`, "objective"},
		{string(edited(t, `"num_feature":"2"`, `"num_feature":"1000000000000000000"`)), "num_feature is 1000000000000000000"},
	} {
		_, err := ReadXGBoost(strings.NewReader(c.file))
		if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 600 {
			t.Errorf("%.40q: error %.700v, want %q", c.file, err, c.want)
		}
	}
	if _, err := Load(strings.NewReader(k.Early.File)); err == nil || !strings.Contains(err.Error(), "ReadXGBoost") {
		t.Errorf("loaded as a classifier: error %v", err)
	}
}

// Sets of categories far apart would need much memory: they are refused.
func TestXGBoostCategoriesMemory(t *testing.T) {
	var trees []Tree
	far := make([]uint32, 1<<19)
	far[len(far)-1] = 1 << 31
	for range 200 {
		trees = append(trees, Tree{Scale: 1, Nodes: []Node{{Left: 1, Right: 2, Categories: far}, {Left: -1, Right: -1}, {Left: -1, Right: -1}}})
	}
	b := &Boosted{columns: 1, parallel: 1, baseScore: 0.5, posWeight: 1, trees: trees}
	if _, err := ReadXGBoost(bytes.NewReader(written(t, b))); err == nil || !strings.Contains(err.Error(), "need more than 256 MiB") {
		t.Errorf("error %v", err)
	}
}

// Classifiers inside of others are read to a depth that nobody needs, and no further.
func TestLoadNested(t *testing.T) {
	nested := func(depth int) string {
		file := `{"type":"logistic","model":{"coefficients":[1]}}`
		for range depth {
			file = `{"type":"ensemble","model":{"members":[` + file + `]}}`
		}
		return file
	}
	if _, err := Load(strings.NewReader(nested(maxNesting))); err != nil {
		t.Error(err)
	}
	if _, err := Load(strings.NewReader(nested(2000))); err == nil || !strings.Contains(err.Error(), "nested deeper than 8") {
		t.Errorf("error %v", err)
	}
	if _, err := Load(strings.NewReader(`{"type":"` + strings.Repeat("é", 1<<20) + `"}`)); err == nil || len(err.Error()) > 500 {
		t.Errorf("error of %d bytes", len(err.Error()))
	}
}
