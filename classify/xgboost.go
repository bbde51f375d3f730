package classify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/org/salesconv/classify/internal/boost"
	"github.com/org/salesconv/internal/kernel"
)

// ReadXGBoost reads a binary classifier that XGBoost (1.0 or later) saved as JSON or UBJSON (save_model, save_raw):
// boosters gbtree and dart, with numeric and categorical splits. Its float32 log-odds are XGBoost's to the last bit.
//
// Of a model that was stopped early by XGBoost's scikit-learn wrapper, the trees up to the best iteration predict, as
// they do there; Boosted.WithAllTrees gives them all. What else the file holds of use elsewhere (names, attributes, the
// table of categories) is written again by WriteXGBoost.
func ReadXGBoost(r io.Reader) (*Boosted, error) {
	if err := kernel.Check(); err != nil {
		return nil, fmt.Errorf("classify: read XGBoost model: %w", err)
	}
	data, err := readAll(r)
	if err != nil {
		return nil, fmt.Errorf("classify: read XGBoost model: %w", err)
	}
	b, err := boostedFromBytes(data)
	if err != nil {
		return nil, fmt.Errorf("classify: read XGBoost model: %w", brief(err))
	}
	return b, nil
}

// boostedFromBytes reads JSON or UBJSON, or names the kind of file that it is instead.
func boostedFromBytes(data []byte) (*Boosted, error) {
	const remedy = `: save the model with save_model("model.json")`
	text := bytes.TrimLeft(data, " \t\r\n")
	switch {
	case len(text) == 0:
		return nil, errors.New("the file is empty")
	case bytes.HasPrefix(text, []byte("booster[")), text[0] == '[':
		return nil, errors.New("a dump of trees (dump_model), from which XGBoost cannot load a model either" + remedy)
	case text[0] == 0x80:
		return nil, errors.New("a Python pickle" + remedy)
	case text[0] != '{':
		return nil, errors.New("neither JSON nor UBJSON, perhaps the binary format of old versions: load it with XGBoost 3.0 or earlier and" + remedy[1:])
	case !isJSON(text):
		json, err := jsonFromUBJSON(data)
		if err != nil {
			return nil, fmt.Errorf("neither JSON nor %w", err)
		}
		return boostedFromJSON(json)
	}
	return boostedFromJSON(withoutNaN(data))
}

// withoutNaN replaces NaN, which XGBoost 1 and 2 write as the threshold of splits by category and JSON does not know, by
// null.
func withoutNaN(data []byte) []byte {
	if !bytes.Contains(data, []byte("NaN")) {
		return data
	}
	out, quoted := make([]byte, 0, len(data)+16), false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted && i+1 < len(data):
			out = append(out, c)
			i++
		case !quoted && bytes.HasPrefix(data[i:], []byte("NaN")):
			out = append(out, "null"...)
			i += 2
			continue
		}
		out = append(out, data[i])
	}
	return out
}

// isJSON tells JSON from UBJSON: both begin with a brace, then comes a key in quotes, or else its length.
func isJSON(data []byte) bool {
	rest, ok := bytes.CutPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{"))
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return ok && len(rest) > 0 && (rest[0] == '"' || rest[0] == '}')
}

// WriteXGBoost writes the model as JSON that XGBoost 3.2 loads (Booster.load_model) and predicts the same with.
func (b *Boosted) WriteXGBoost(w io.Writer) error {
	if b == nil || b.columns == 0 || w == nil {
		return fmt.Errorf("classify: write XGBoost model: %w", errNothing)
	}
	data, err := json.Marshal(b.file())
	if err == nil {
		_, err = w.Write(append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("classify: write XGBoost model: %w", err)
	}
	return nil
}

// boostedFromJSON reads and checks a model.
func boostedFromJSON(data []byte) (*Boosted, error) {
	var f xgbFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, err
	}
	l := &f.Learner
	booster := &l.Booster
	if booster.Name == "dart" && booster.GBTree != nil {
		booster = booster.GBTree
	}
	switch name := l.Objective.Name; {
	case name == "":
		return nil, errors.New("no learner.objective.name: not a model of XGBoost")
	case name != "binary:logistic" && name != "reg:logistic":
		return nil, fmt.Errorf("objective %q, want binary:logistic or reg:logistic", name)
	case l.Generic != nil && booster.Model == nil:
		return nil, errors.New(`a configuration (save_config), which has no trees: save the model with save_model("model.json")`)
	case booster.Model == nil || booster.Name != "gbtree":
		return nil, fmt.Errorf("booster %q, want gbtree or dart", l.Booster.Name)
	case l.Param.Classes > 1 || l.Param.Targets > 1 || len(l.Param.BaseScore) != 1:
		return nil, errors.New("more than one output, want one")
	case l.Param.Features < 1 || l.Param.Features > maxColumns:
		return nil, fmt.Errorf("num_feature is %d, want 1 to %d", l.Param.Features, maxColumns)
	case l.Param.BaseScore[0] < 0 || l.Param.BaseScore[0] > 1:
		return nil, fmt.Errorf("base_score %v, want a probability", l.Param.BaseScore[0])
	}
	trees, err := booster.Model.trees(int(l.Param.Features), l.Booster.WeightDrop)
	if err != nil {
		return nil, err
	}
	b := &Boosted{columns: int(l.Param.Features), baseScore: l.Param.BaseScore[0], posWeight: 1, trees: trees, parallel: 1}
	b.names, b.types, b.dart = l.FeatureNames, l.FeatureTypes, l.Booster.Name == "dart"
	b.attributes, b.categories = l.Attributes, booster.Model.Categories
	if n := int(booster.Model.Param.Parallel); n > 1 && len(trees)%n == 0 {
		b.parallel = n
	}
	if used := booster.Model.used(l.Attributes); used < len(trees) {
		b.trees, b.rest = trees[:used:used], trees[used:]
	}
	if w := l.Objective.Param.ScalePosWeight; w > 0 {
		b.posWeight = float32(w)
	}
	if n := len(b.names); n > 0 && n != b.columns {
		return nil, fmt.Errorf("%d feature names for %d features", n, b.columns)
	}
	b.finish()
	return b, nil
}

// maxColumns keeps what is allocated for each column of a model within bounds.
const maxColumns = 1 << 24

// used is the number of trees up to the best iteration, which the scikit-learn wrapper of XGBoost predicts with; a model
// without its mark predicts with all trees.
func (m *xgbModel) used(attributes map[string]string) int {
	best, err := strconv.Atoi(attributes["best_iteration"])
	if _, wrapped := attributes["scikit_learn"]; !wrapped || err != nil || best < 0 || best >= len(m.Trees) {
		return len(m.Trees)
	}
	if best+1 < len(m.Iterations) {
		return min(max(0, m.Iterations[best+1]), len(m.Trees))
	}
	return min((best+1)*max(1, int(m.Param.Parallel)), len(m.Trees))
}

// trees reads the trees; scale is nil or has the weight of each.
func (m *xgbModel) trees(features int, scale []real) ([]Tree, error) {
	if int(m.Param.Trees) != len(m.Trees) {
		return nil, fmt.Errorf("num_trees is %d, but there are %d trees", m.Param.Trees, len(m.Trees))
	}
	if scale != nil && len(scale) != len(m.Trees) {
		return nil, fmt.Errorf("weight_drop has %d weights for %d trees", len(scale), len(m.Trees))
	}
	trees := make([]Tree, len(m.Trees))
	room := maxCategoryWords
	for i := range m.Trees {
		t, err := m.Trees[i].tree(features, &room)
		if err != nil {
			return nil, fmt.Errorf("tree %d: %w", i, err)
		}
		if scale != nil {
			t.Scale = float32(scale[i])
		}
		trees[i] = t
	}
	return trees, nil
}

// tree reads one tree: nodes that XGBoost pruned stay in its files and are dropped here.
func (x *xgbTree) tree(features int, room *int) (Tree, error) {
	n := int(x.Param.Nodes)
	if x.Param.Leaf > 1 {
		return Tree{}, fmt.Errorf("leaves of %d values, want 1", x.Param.Leaf)
	}
	lengths := []int{len(x.Left), len(x.Right), len(x.Feature), len(x.Condition), len(x.DefaultLeft),
		len(x.Weight), len(x.Gain), len(x.Cover)}
	if n < 1 || slices.Min(lengths) != n || slices.Max(lengths) != n {
		return Tree{}, fmt.Errorf("num_nodes is %d, but the lists of the nodes have %v elements", n, lengths)
	}
	t := Tree{Nodes: make([]Node, n), Scale: 1}
	for i := range t.Nodes {
		t.Nodes[i] = Node{Left: x.Left[i], Right: x.Right[i], Feature: x.Feature[i], Threshold: float32(x.Condition[i]),
			DefaultLeft: bool(x.DefaultLeft[i]), Weight: x.Weight[i].finite(), Gain: x.Gain[i].finite(), Cover: x.Cover[i].finite()}
		if p := &t.Nodes[i]; p.IsLeaf() {
			p.Value, p.Threshold, p.Feature, p.Right = p.Threshold, 0, 0, -1
		}
	}
	if err := x.categories(t.Nodes, room); err != nil {
		return Tree{}, err
	}
	if err := t.Check(features); err != nil {
		return Tree{}, err
	}
	t.Compact()
	return t, nil
}

// maxCategoryWords limits the bit sets of all splits by category of a model, to 256 MiB: a file of some kilobytes may
// name category 16,777,215 in each of its nodes.
const maxCategoryWords = 1 << 26

// categories reads the splits by category into the nodes; room is how many words all further bit sets may have.
func (x *xgbTree) categories(nodes []Node, room *int) error {
	if len(x.CategorySegment) != len(x.CategoryNodes) || len(x.CategorySize) != len(x.CategoryNodes) {
		return fmt.Errorf("categories of %d nodes, but %d segments and %d sizes",
			len(x.CategoryNodes), len(x.CategorySegment), len(x.CategorySize))
	}
	for k, i := range x.CategoryNodes {
		from, size := x.CategorySegment[k], x.CategorySize[k]
		switch {
		case i < 0 || i >= len(nodes):
			return fmt.Errorf("categories of node %d, but there are %d nodes", i, len(nodes))
		case size < 1 || from < 0 || from > len(x.Categories) || size > len(x.Categories)-from:
			return fmt.Errorf("node %d: %d categories from %d on, but there are %d", i, size, from, len(x.Categories))
		}
		set := x.Categories[from : from+size]
		if lo, hi := slices.Min(set), slices.Max(set); lo < 0 || hi > boost.MaxCategory {
			return fmt.Errorf("node %d: categories from %d to %d, want 0 to %d", i, lo, hi, boost.MaxCategory)
		}
		if *room -= slices.Max(set)/32 + 1; *room < 0 {
			return fmt.Errorf("node %d: the sets of categories, up to %d, need more than %d MiB in all", i, slices.Max(set), maxCategoryWords>>18)
		}
		nodes[i].Categories, nodes[i].Threshold = boost.CategorySet(set), 0
	}
	for i, kind := range x.SplitType {
		if kind == 1 && (i >= len(nodes) || nodes[i].Categories == nil && !nodes[i].IsLeaf()) {
			return fmt.Errorf("node %d splits by category, but none are listed", i)
		}
	}
	return nil
}

// file is the model in XGBoost's format.
func (b *Boosted) file() *xgbFile {
	f := &xgbFile{Version: []int{3, 2, 0}}
	l := &f.Learner
	if l.Attributes = b.attributes; l.Attributes == nil {
		l.Attributes = map[string]string{} // never null
	}
	l.FeatureNames, l.FeatureTypes = append([]string{}, b.names...), append([]string{}, b.types...) // never null
	l.Param.BaseScore, l.Param.Features, l.Param.Targets = numbers{b.baseScore}, integer(b.columns), 1
	l.Objective.Name = "binary:logistic"
	l.Objective.Param.ScalePosWeight = decimal(b.posWeight)
	trees := slices.Concat(b.trees, b.rest)
	m := &xgbModel{Categories: b.categories, Iterations: []int{0}, TreeInfo: make([]int, len(trees)), Trees: make([]xgbTree, len(trees))}
	m.Param.Trees, m.Param.Parallel = integer(len(trees)), integer(b.parallel)
	for i := range trees {
		if (i+1)%b.parallel == 0 {
			m.Iterations = append(m.Iterations, i+1)
		}
		m.Trees[i] = treeFile(&trees[i], i, b.columns)
	}
	l.Booster = xgbBooster{Name: "gbtree", Model: m}
	if b.dart {
		l.Booster = xgbBooster{Name: "dart", GBTree: &xgbBooster{Name: "gbtree", Model: m}, WeightDrop: []real{}}
		for i := range trees {
			l.Booster.WeightDrop = append(l.Booster.WeightDrop, real(trees[i].Scale))
		}
	}
	return f
}

// treeFile is a tree in XGBoost's format.
func treeFile(t *Tree, id, features int) xgbTree {
	n := len(t.Nodes)
	x := xgbTree{ID: id, Parent: make([]int, n), SplitType: make([]int, n),
		Categories: []int{}, CategoryNodes: []int{}, CategorySegment: []int{}, CategorySize: []int{}}
	x.Param.Nodes, x.Param.Features, x.Param.Leaf = integer(n), integer(features), 1
	x.Parent[0] = math.MaxInt32
	for i := range t.Nodes {
		p := &t.Nodes[i]
		x.Left, x.Right, x.Feature = append(x.Left, p.Left), append(x.Right, p.Right), append(x.Feature, p.Feature)
		x.DefaultLeft, x.Weight = append(x.DefaultLeft, flag(p.DefaultLeft)), append(x.Weight, real(p.Weight))
		x.Gain, x.Cover = append(x.Gain, real(p.Gain)), append(x.Cover, real(p.Cover))
		x.Condition = append(x.Condition, real(p.Threshold+p.Value)) // one of them is 0
		if !p.IsLeaf() {
			x.Parent[p.Left], x.Parent[p.Right] = i, i
		}
		if p.Categories != nil {
			list := boost.CategoriesIn(p.Categories)
			x.SplitType[i] = 1
			x.CategoryNodes = append(x.CategoryNodes, i)
			x.CategorySegment = append(x.CategorySegment, len(x.Categories))
			x.CategorySize = append(x.CategorySize, len(list))
			x.Categories = append(x.Categories, list...)
		}
	}
	return x
}
