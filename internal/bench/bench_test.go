package main

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/org/salesconv/encoder/minilm"
)

// TestServe asks our side of the protocol everything.
func TestServe(t *testing.T) {
	var in, out bytes.Buffer
	texts := []string{"the price", "a discount", "send it", "no thanks"}
	rows, labels := clusters(40, 3)
	requests := []request{
		{Do: "texts", Name: "s", Texts: texts}, {Do: "calls", Name: "c", Documents: [][]string{{"a", "b"}, {"c"}, {"d"}, {"e"}}},
		{Do: "encode", Name: "s"}, {Do: "embed", Name: "s"}, {Do: "one", Name: "s", Times: 3}, {Do: "tokenize", Name: "s"},
		{Do: "train", Name: "c"}, {Do: "rows", Name: "r", Rows: rows, Labels: labels}, {Do: "logistic", Name: "r"},
		{Do: "boosted", Name: "r"}, {Do: "tsne", Name: "r"}, {Do: "peak"}, {Do: "dance"},
	}
	for _, r := range requests {
		if err := json.NewEncoder(&in).Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := serve(minilm.FS(), &in, &out); err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(&out)
	answers := make([]answer, len(requests)+1)
	for i := range answers {
		if err := d.Decode(&answers[i]); err != nil {
			t.Fatal(err)
		}
	}
	ready, answers := answers[0], answers[1:]
	if ready.Error != "" || answers[0].Tokens != 16 || answers[1].Tokens != 15 {
		t.Errorf("ready %v, tokens %d and %d", ready, answers[0].Tokens, answers[1].Tokens)
	}
	if rows := answers[3].Rows; len(rows) != 4 || len(rows[0]) != 384 {
		t.Errorf("%d rows", len(rows))
	}
	for i, a := range answers {
		failed := requests[i].Do == "dance"
		if (a.Error != "") != failed || i != 3 && !failed && a.Seconds+float64(a.Tokens+a.Bytes) <= 0 {
			t.Errorf("%s: %+v", requests[i].Do, a)
		}
	}
}

func TestTable(t *testing.T) {
	r := row{name: "encode", unit: "tokens/s", value: rate(6000), faster: true, entries: []entry{{name: "ours"}, {name: "theirs"}}}
	results := r.results([][]float64{{1, 2, 1.5}, {3, 4, 6}})
	if want := []result{{1, 1.5, 1}, {3, 4, 3}}; !slices.Equal(results, want) {
		t.Errorf("%v, want %v", results, want)
	}
	var out strings.Builder
	table{&out}.row(&r, results)
	if want := "| encode | ours | 4,000 tokens/s (6,000) | – |\n| encode | theirs | 1,500 tokens/s (2,000) | 3.00 |\n"; out.String() != want {
		t.Errorf("%s, want %s", out.String(), want)
	}
	r.faster = false
	if got := r.results([][]float64{{1}, {4}})[1].ratio; math.Abs(got-0.25) > 1e-15 {
		t.Errorf("ratio of times %v", got)
	}
}

func TestTexts(t *testing.T) {
	a, err := newSource()
	if err != nil {
		t.Fatal(err)
	}
	b, err := newSource()
	if err != nil {
		t.Fatal(err)
	}
	texts := a.texts(100, 5, 9)
	if !slices.Equal(texts, b.texts(100, 5, 9)) {
		t.Error("texts differ from run to run")
	}
	for _, s := range texts {
		if n := len(strings.Fields(s)); n < 5 || n > 9 {
			t.Errorf("%d words, want 5 to 9", n)
		}
	}
}
