package classify

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/org/salesconv/internal/reference"
)

// xgbGolden is what testdata/make_xgboost.py writes.
type xgbGolden struct {
	X, XTest [][]*float64
	Y        []int
	Weight   []float64
	Models   []xgbGoldenModel
}

type xgbGoldenModel struct {
	File   string
	Method string `json:"tree_method"`
	Params struct {
		MaxDepth  int     `json:"max_depth"`
		Eta       float64 `json:"eta"`
		Lambda    float64 `json:"reg_lambda"`
		Alpha     float64 `json:"reg_alpha"`
		Gamma     float64 `json:"gamma"`
		MinChild  float64 `json:"min_child_weight"`
		PosWeight float64 `json:"scale_pos_weight"`
		MaxDelta  float64 `json:"max_delta_step"`
		Policy    string  `json:"grow_policy"`
		MaxLeaves int     `json:"max_leaves"`
		Monotone  string  `json:"monotone_constraints"`
	}
	Margin []float64          `json:"margin_test"`
	Proba  []float64          `json:"proba_test"`
	Gain   map[string]float64 `json:"gain"`
}

func readXGBGolden(t testing.TB) (g xgbGolden, x, test *mat.Dense) {
	t.Helper()
	reference.JSON(t, "xgboost.json.gz", &g)
	return g, denseOf(g.X), denseOf(g.XTest)
}

// denseOf makes a matrix of rows in which null is a missing value.
func denseOf(rows [][]*float64) *mat.Dense {
	m := mat.NewDense(len(rows), len(rows[0]), nil)
	for i, row := range rows {
		for j, v := range row {
			if v == nil {
				m.Set(i, j, math.NaN())
			} else {
				m.Set(i, j, *v)
			}
		}
	}
	return m
}

func readModel(t testing.TB, data []byte) *Boosted {
	t.Helper()
	b, err := ReadXGBoost(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func wantClose(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= tolerance) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// predictions checks the margins and the probabilities of b.
func predictions(t *testing.T, what string, b *Boosted, x mat.Matrix, margin, proba []float64) {
	t.Helper()
	got, err := b.Margins(x)
	if err != nil {
		t.Fatal(err)
	}
	wantClose(t, what+" margins", got, margin, 0)
	if got, err = b.Predict(x); err != nil {
		t.Fatal(err)
	}
	wantClose(t, what+" probabilities", got, proba, 2e-7)
}

func TestReadXGBoost(t *testing.T) {
	golden, _, x := readXGBGolden(t)
	for _, m := range golden.Models {
		files := []string{m.File}
		if strings.HasSuffix(m.File, "_0.json") {
			files = append(files, strings.TrimSuffix(m.File, "json")+"ubj")
		}
		for _, name := range files {
			b := readModel(t, reference.Bytes(t, name+".gz"))
			predictions(t, name, b, x, m.Margin, m.Proba)
			_, gain, _ := b.Importance()
			for j, got := range gain {
				want := m.Gain["f"+strconv.Itoa(j)]
				if math.Abs(got-want) > 1e-5*want {
					t.Errorf("%s: gain of column %d is %v, want %v", name, j, got, want)
				}
			}
		}
	}
}

// xgbMore is what testdata/make_xgb_more.py writes.
type xgbMore struct {
	Rows, Train [][]*float64
	Y           []int
	Models      []struct {
		Name, JSON    string
		UBJ           []byte
		Margin, Proba []float64
	}
}

func readXGBMore(t testing.TB) (m xgbMore) {
	t.Helper()
	reference.JSON(t, "xgb_more.json.gz", &m)
	return m
}

func TestReadXGBoostMore(t *testing.T) {
	more := readXGBMore(t)
	x := denseOf(more.Rows)
	for _, m := range more.Models {
		for kind, data := range map[string][]byte{"JSON": []byte(m.JSON), "UBJSON": m.UBJ} {
			b := readModel(t, data)
			predictions(t, m.Name+" "+kind, b, x, m.Margin, m.Proba)
			var file bytes.Buffer
			if err := b.WriteXGBoost(&file); err != nil {
				t.Fatal(err)
			}
			predictions(t, m.Name+" written and read", readModel(t, file.Bytes()), x, m.Margin, m.Proba)
		}
	}
}

func TestXGBoostRoundTrip(t *testing.T) {
	golden, _, x := readXGBGolden(t)
	for _, m := range golden.Models {
		b := readModel(t, reference.Bytes(t, m.File+".gz"))
		var file, saved bytes.Buffer
		if err := b.WriteXGBoost(&file); err != nil {
			t.Fatal(err)
		}
		predictions(t, m.File+" written and read", readModel(t, file.Bytes()), x, m.Margin, m.Proba)
		if err := b.Save(&saved); err != nil {
			t.Fatal(err)
		}
		c, err := Load(&saved)
		if err != nil {
			t.Fatal(err)
		}
		predictions(t, m.File+" saved and loaded", c.(*Boosted), x, m.Margin, m.Proba)
	}
}

// edited is a small model with one part of its file replaced.
func edited(t *testing.T, old, new string) []byte {
	t.Helper()
	b := Boosted{columns: 2, parallel: 1, baseScore: 0.5, posWeight: 1, trees: []Tree{{Scale: 1, Nodes: []Node{
		{Left: 1, Right: 2, Feature: 1, Categories: []uint32{6}, Gain: 1}, {Left: -1, Right: -1, Value: 1}, {Left: -1, Right: -1, Value: 2},
	}}}}
	b.finish()
	var file bytes.Buffer
	if err := b.WriteXGBoost(&file); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(file.Bytes(), []byte(old)) {
		t.Fatalf("%s does not contain %s", file.Bytes(), old)
	}
	return bytes.ReplaceAll(file.Bytes(), []byte(old), []byte(new))
}

func TestReadXGBoostBroken(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`"objective":{"name":"binary:logistic"`, `"objective":{"name":"multi:softprob"`, `objective "multi:softprob"`},
		{`"objective":{"name":"binary:logistic"`, `"objective":{"nom":"binary:logistic"`, "not a model of XGBoost"},
		{`"name":"gbtree"`, `"name":"gblinear"`, `booster "gblinear"`},
		{`"num_class":"0"`, `"num_class":"3"`, "more than one output"},
		{`"num_class":"0"`, `"num_class":"many"`, "not a whole number"},
		{`"base_score":"[0.5]"`, `"base_score":"[1e999]"`, "not a finite number"},
		{`"base_score":"[0.5]"`, `"base_score":"[0.5,0.5]"`, "more than one output"},
		{`"base_score":"[0.5]"`, `"base_score":7`, "want a probability"},
		{`"num_feature":"2","num_target"`, `"num_feature":"0","num_target"`, "num_feature is 0"},
		{`"num_trees":"1"`, `"num_trees":"2"`, "num_trees is 2, but there are 1"},
		{`"num_nodes":"3"`, `"num_nodes":"4"`, "num_nodes is 4"},
		{`"size_leaf_vector":"1"`, `"size_leaf_vector":"3"`, "leaves of 3 values"},
		{`"left_children":[1`, `"left_children":[0`, "node 0: child 0"},
		{`"right_children":[2`, `"right_children":[1`, "node 0: child 1"},
		{`"right_children":[2`, `"right_children":[9`, "node 0: child 9 of 3 nodes"},
		{`"split_indices":[1`, `"split_indices":[2`, "feature 2 of 2"},
		{`"default_left":[0`, `"default_left":[7`, "7 is not 0 or 1"},
		{`"categories":[1,2]`, `"categories":[1,-2]`, "categories from -2 to 1"},
		{`"categories_sizes":[2]`, `"categories_sizes":[3]`, "3 categories from 0 on, but there are 2"},
		{`"categories_nodes":[0]`, `"categories_nodes":[5]`, "categories of node 5"},
		{`"categories_nodes":[0],"categories_segments":[0],"categories_sizes":[2]`,
			`"categories_nodes":[],"categories_segments":[],"categories_sizes":[]`, "node 0 splits by category"},
		{`"feature_names":[]`, `"feature_names":["a"]`, "1 feature names for 2 features"},
		{`"version":[3,2,0]`, `"version":[3,2,`, "invalid character"},
	} {
		_, err := ReadXGBoost(bytes.NewReader(edited(t, c.old, c.new)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.new, err, c.want)
		}
	}
	for _, text := range []string{"", "binf", "{", "{}", `{"a":`, "[", "{L\xff"} {
		if _, err := ReadXGBoost(strings.NewReader(text)); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

// Files of other versions write base_score and flags in other forms.
func TestReadXGBoostVersions(t *testing.T) {
	for _, c := range [][2]string{
		{`"base_score":"[0.5]"`, `"base_score":"5E-1"`},
		{`"base_score":"[0.5]"`, `"base_score":"(0.5)"`},
		{`"base_score":"[0.5]"`, `"base_score":0.5`},
		{`"default_left":[0,0,0]`, `"default_left":[false,false,false]`},
	} {
		b := readModel(t, edited(t, c[0], c[1]))
		got, err := b.Margins(mat.NewDense(6, 2, []float64{0, 0, 0, 1, 0, 2, 0, 3, 0, -1, 0, math.NaN()}))
		if err != nil {
			t.Fatal(err)
		}
		wantClose(t, c[1], got, []float64{1, 2, 2, 1, 1, 2}, 0)
	}
}

func TestXGBoostNames(t *testing.T) {
	b := readModel(t, edited(t, `"feature_names":[]`, `"feature_names":["share","questions"]`))
	var file bytes.Buffer
	if err := b.WriteXGBoost(&file); err != nil {
		t.Fatal(err)
	}
	if got := readModel(t, file.Bytes()).Names(); !slices.Equal(got, []string{"share", "questions"}) {
		t.Errorf("names %v", got)
	}
}

// A tree may be a chain of thousands of splits: it is read, predicts as it says, and is written.
func TestDeepXGBoost(t *testing.T) {
	const splits = 30_000
	tree := Tree{Scale: 1, Nodes: []Node{{}}}
	for i := range splits {
		n := &tree.Nodes[2*i]
		n.Left, n.Right, n.Threshold, n.Value = 2*i+1, 2*i+2, float32(i), 0
		tree.Nodes = append(tree.Nodes, Node{Left: -1, Right: -1, Value: float32(i % 7)}, Node{Left: -1, Right: -1, Value: 9})
	}
	var file bytes.Buffer
	if err := (&Boosted{columns: 1, baseScore: 0.5, posWeight: 1, parallel: 1, trees: []Tree{tree}}).WriteXGBoost(&file); err != nil {
		t.Fatal(err)
	}
	b := readModel(t, file.Bytes())
	got, err := b.Margins(mat.NewDense(3, 1, []float64{-1, splits - 2, splits}))
	if err != nil || !slices.Equal(got, []float64{0, float64((splits - 1) % 7), 9}) {
		t.Errorf("margins %v, error %v", got, err)
	}
}

func FuzzReadXGBoost(f *testing.F) {
	for _, m := range readXGBMore(f).Models {
		if m.Name == "small" {
			f.Add([]byte(m.JSON))
			f.Add(m.UBJ)
		}
	}
	f.Add([]byte(`{"learner":{"objective":{"name":"binary:logistic"},"gradient_booster":{"name":"gbtree","model":{}}}}`))
	f.Add([]byte("{L\x00\x00\x00\x00\x00\x00\x00\x01a[$Z#l\x00\x00\x00\x05}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ReadXGBoost(bytes.NewReader(data))
		if err != nil || b.Columns() > 1000 {
			return
		}
		if _, err := b.Predict(mat.NewDense(1, b.Columns(), nil)); err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		if err := b.WriteXGBoost(&file); err != nil {
			t.Fatal(err)
		}
		readModel(t, file.Bytes())
	})
}

func FuzzUBJSON(f *testing.F) {
	f.Add([]byte("{i\x01a[i\x05U\xffI\x80\x00l\x7f\xff\xff\xffd?\x80\x00\x00D@\t!\xfbTD-\x18Si\x02\"\xffH\x01\x01" + "1]}"))
	f.Add([]byte("[#i\x03ZTF"))
	f.Add([]byte("{$U#i\x01i\x01b\x07"))
	f.Add([]byte("[[[[NNN]]]]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if out, err := jsonFromUBJSON(data); err == nil && !json.Valid(out) {
			t.Fatalf("%q became %q", data, out)
		}
	})
}
