package classify

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// xgbFile is the file format of XGBoost.
type xgbFile struct {
	Learner xgbLearner `json:"learner"`
	Version []int      `json:"version"`
}

type xgbLearner struct {
	Generic      json.RawMessage   `json:"generic_param,omitempty"` // only in configurations
	Attributes   map[string]string `json:"attributes"`
	FeatureNames []string          `json:"feature_names"`
	FeatureTypes []string          `json:"feature_types"`
	Booster      xgbBooster        `json:"gradient_booster"`
	Param        struct {
		BaseScore        numbers `json:"base_score"`
		BoostFromAverage integer `json:"boost_from_average"`
		Classes          integer `json:"num_class"`
		Features         integer `json:"num_feature"`
		Targets          integer `json:"num_target"`
	} `json:"learner_model_param"`
	Objective struct {
		Name  string `json:"name"`
		Param struct {
			ScalePosWeight decimal `json:"scale_pos_weight"`
		} `json:"reg_loss_param"`
	} `json:"objective"`
}

// xgbBooster is gbtree with a model, or dart with a gbtree inside and a weight for each tree.
type xgbBooster struct {
	Name       string      `json:"name"`
	Model      *xgbModel   `json:"model,omitempty"`
	GBTree     *xgbBooster `json:"gbtree,omitempty"`
	WeightDrop []real      `json:"weight_drop,omitzero"`
}

type xgbModel struct {
	Param struct {
		Trees    integer `json:"num_trees"`
		Parallel integer `json:"num_parallel_tree"`
	} `json:"gbtree_model_param"`
	Categories json.RawMessage `json:"cats,omitempty"` // since 3.1: the categories of each column
	Iterations []int           `json:"iteration_indptr"`
	TreeInfo   []int           `json:"tree_info"`
	Trees      []xgbTree       `json:"trees"`
}

// xgbTree has an element for each node in each list, except the lists of the categories.
type xgbTree struct {
	ID    int `json:"id"`
	Param struct {
		Nodes    integer `json:"num_nodes"`
		Features integer `json:"num_feature"`
		Deleted  integer `json:"num_deleted"`
		Leaf     integer `json:"size_leaf_vector"`
	} `json:"tree_param"`
	Left        []int  `json:"left_children"`
	Right       []int  `json:"right_children"`
	Parent      []int  `json:"parents"`
	Feature     []int  `json:"split_indices"`
	Condition   []real `json:"split_conditions"` // threshold of a split, value of a leaf
	DefaultLeft []flag `json:"default_left"`
	Weight      []real `json:"base_weights"`
	Gain        []real `json:"loss_changes"`
	Cover       []real `json:"sum_hessian"`

	SplitType       []int `json:"split_type"`       // 1: by category
	Categories      []int `json:"categories"`       // those that go right, of all nodes
	CategoryNodes   []int `json:"categories_nodes"` // the nodes that split by category
	CategorySegment []int `json:"categories_segments"`
	CategorySize    []int `json:"categories_sizes"`
}

// An integer is written as text.
type integer int

func (n integer) MarshalJSON() ([]byte, error) {
	return strconv.AppendQuote(nil, strconv.Itoa(int(n))), nil
}
func (n *integer) UnmarshalJSON(data []byte) error {
	v, err := strconv.Atoi(strings.Trim(string(data), `"`))
	if err != nil {
		return fmt.Errorf("%s is not a whole number", data)
	}
	*n = integer(v)
	return nil
}

// A real is written with an exponent: XGBoost takes 1 for an integer.
type real float32

func (v real) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(v), 'E', -1, 32), nil
}

func (v *real) UnmarshalJSON(data []byte) error {
	if string(data) == "null" { // NaN
		*v = real(math.NaN())
		return nil
	}
	f, err := strconv.ParseFloat(string(data), 32)
	if err != nil {
		return fmt.Errorf("%s is not a number of 32 bits", data)
	}
	*v = real(f)
	return nil
}

// finite is v, or 0 where it is not a finite number: of what only describes the fit.
func (v real) finite() float32 {
	if d := v - v; d != 0 {
		return 0
	}
	return float32(v)
}

// A decimal is written as text.
type decimal float32

func (v decimal) MarshalJSON() ([]byte, error) {
	return strconv.AppendQuote(nil, strconv.FormatFloat(float64(v), 'g', -1, 32)), nil
}

func (v *decimal) UnmarshalJSON(data []byte) error {
	var list numbers
	if err := list.UnmarshalJSON(data); err != nil {
		return err
	}
	*v = decimal(list[0])
	return nil
}

// numbers is a number or a list of numbers, written as text; XGBoost 3.1 began to put base_score in brackets.
type numbers []float32

func (n numbers) MarshalJSON() ([]byte, error) {
	list, err := json.Marshal([]float32(n))
	if err != nil {
		return nil, err
	}
	return strconv.AppendQuote(nil, string(list)), nil
}

func (n *numbers) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"[]() `)
	for _, field := range strings.Split(text, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(field), 32)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%s is not a finite number", data)
		}
		*n = append(*n, float32(v))
	}
	return nil
}

// A flag is written as 0 or 1; old files have false and true.
type flag bool

func (f flag) MarshalJSON() ([]byte, error) {
	if f {
		return []byte{'1'}, nil
	}
	return []byte{'0'}, nil
}

func (f *flag) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case "0", "false":
		*f = false
	case "1", "true":
		*f = true
	default:
		return fmt.Errorf("%s is not 0 or 1", data)
	}
	return nil
}
