package transcript

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestTFIDFAgainstScikitLearn(t *testing.T) {
	b, err := os.ReadFile("testdata/tfidf.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Texts []string
		Cases []struct {
			MaxGram   int `json:"max_gram"`
			MinTexts  int `json:"min_texts"`
			MaxTerms  int `json:"max_terms"`
			Sublinear bool
			Terms     []string
			IDF       []float64
			New       []string
			Rows      [][]float64
		}
	}
	if err := json.Unmarshal(b, &golden); err != nil {
		t.Fatal(err)
	}
	for _, c := range golden.Cases {
		f, err := FitTFIDF(golden.Texts, &TFIDFOptions{MaxGram: c.MaxGram, MinTexts: c.MinTexts, MaxTerms: c.MaxTerms, Sublinear: c.Sublinear})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(f.Terms(), c.Terms) {
			t.Fatalf("terms %q, want %q", f.Terms(), c.Terms)
		}
		for k, want := range c.IDF {
			if math.Abs(f.idf[k]-want) > 1e-14 {
				t.Errorf("idf of %q is %v, want %v", c.Terms[k], f.idf[k], want)
			}
		}
		s := f.Transform(c.New)
		if rows, columns := s.Dims(); rows != len(c.New) || columns != len(c.Terms) {
			t.Fatalf("%d rows, %d columns", rows, columns)
		}
		for i, row := range c.Rows {
			for k, want := range row {
				if got := s.At(i, k); math.Abs(got-want) > 1e-14 {
					t.Errorf("text %d, %q: %v, want %v", i, c.Terms[k], got, want)
				}
			}
		}
	}
}

func TestTFIDFKept(t *testing.T) {
	texts := []string{"one two", "two three", "three one two"}
	f, err := FitTFIDF(texts, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var g TFIDF
	if err := json.Unmarshal(b, &g); err != nil || !reflect.DeepEqual(f, &g) {
		t.Errorf("%s read back to %+v, %v", b, g, err)
	}
	for _, bad := range []string{`{"max_gram":0}`, `{"max_gram":1,"terms":["a"],"idf":[]}`, `{"max_gram":1,"terms":["b","a"],"idf":[1,1]}`, `[]`,
		`{"max_gram":1000000000,"terms":["aa"],"idf":[1]}`, `{"max_gram":1,"terms":["aa"],"idf":[1e308]}`, `{"max_gram":1,"terms":["aa"],"idf":[0]}`,
		`{"max_gram":1,"terms":["aa"],"idf":[-1]}`} {
		if err := json.Unmarshal([]byte(bad), &g); err == nil || !strings.HasPrefix(err.Error(), "transcript: tf-idf: ") {
			t.Errorf("%s: error %v", bad, err)
		}
	}
	if _, err := FitTFIDF([]string{"some words", "some words"}, &TFIDFOptions{MaxGram: mostGram + 1}); err == nil || !strings.Contains(err.Error(), "MaxGram") {
		t.Errorf("terms of too many words: error %v", err)
	}
	for _, texts := range [][]string{nil, {"a", "b"}, {"one", "two"}} {
		if _, err := FitTFIDF(texts, nil); err == nil {
			t.Errorf("%q: no error", texts)
		}
	}
}

func BenchmarkTFIDF(b *testing.B) {
	var texts []string
	for _, c := range Sample() {
		texts = append(texts, c.Text)
	}
	b.SetBytes(int64(len(strings.Join(texts, ""))))
	b.ReportAllocs()
	for b.Loop() {
		f, err := FitTFIDF(texts, nil)
		if err != nil {
			b.Fatal(err)
		}
		f.Transform(texts)
	}
}

// Words are in lower case as Python's str.lower has them, which the reference reads: "İ" is an i and a mark that
// separates words, and a capital sigma is final at the end of a word.
func TestTFIDFLowersAsPythonDoes(t *testing.T) {
	for text, want := range map[string][]string{
		"İSTANBUL'DA XİX": {"stanbul", "da", "xi"},
		"ΟΔΟΣ ΣΑΣ. ΣΑΣ.Α": {"οδος", "σας", "σασ"},
		"ΑΣ' ΣΣ ΑΣ'Α 1Σ":  {"ας", "σς", "ασ", "1σ"},
		"ΑΣ\u00adΑ ΑΣ_Σ":  {"ασ", "ας_σ"},
	} {
		var got []string
		grams(text, 1, func(gram []byte, _, _ int) { got = append(got, string(gram)) })
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
