package shap

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	value := func(_ context.Context, texts []string) ([]float64, error) {
		v := make([]float64, len(texts))
		for i, text := range texts {
			if text != strings.TrimSpace(text) {
				t.Errorf("text %q has white space around it", text)
			}
			if strings.Contains(text, "great") {
				v[i] += 2
				if strings.Contains(text, "not") {
					v[i] -= 3
				}
			}
		}
		return v, nil
	}
	text := " That's not  great,\nI think. "
	e, err := Words(context.Background(), text, value, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(e.Names, ""); got != text {
		t.Errorf("names make %q, want %q", got, text)
	}
	for i, want := range []float64{0, -1.5, 0.5, 0, 0} {
		if math.Abs(e.Values[i]-want) > 1e-12 {
			t.Errorf("%q has value %v, want %v", e.Names[i], e.Values[i], want)
		}
	}
	for text, want := range map[string][]string{
		"": nil, " \n": nil, "a": {"a"}, " a b": {" a ", "b"}, "\u00a0é\u2003你好": {"\u00a0é\u2003", "你好"}, "\xff \xfe": {"\xff ", "\xfe"},
	} {
		if got := SplitWords(text); !slices.Equal(got, want) {
			t.Errorf("words of %q are %q, want %q", text, got, want)
		}
	}
	if got, want := join([]string{"a ", "b ", "c ", "d ", "e"}, 3), []string{"a ", "b c ", "d e"}; !slices.Equal(got, want) {
		t.Errorf("joined words are %q, want %q", got, want)
	}
	if e, err := Words(context.Background(), " ", value, nil); err != nil || len(e.Values) != 0 {
		t.Errorf("a text without words: %+v, error %v", e, err)
	}
}

// The words of a phrase add up to what the phrase adds in the game of phrases, whichever words matter within it.
func TestPhrases(t *testing.T) {
	text := "The price is high, but “it works.” We have no budget: sorry"
	value := func(_ context.Context, texts []string) ([]float64, error) {
		v := make([]float64, len(texts))
		for i, text := range texts {
			has := func(word string) float64 { return float64(strings.Count(text, word)) }
			v[i] = 2*has("works") - has("price")*has("high") - 3*has("no")*has("budget") + has("price")*has("works")*has("budget") + 0.5*has("sorry")
		}
		return v, nil
	}
	phrases := []string{"The price is high, ", "but “it works.” ", "We have no budget: ", "sorry"}
	want, err := Exact(t.Context(), len(phrases), func(ctx context.Context, coalitions [][]bool) ([]float64, error) {
		texts := make([]string, len(coalitions))
		for i, c := range coalitions {
			for k, phrase := range phrases {
				if c[k] {
					texts[i] += phrase
				}
			}
		}
		return value(ctx, texts)
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Phrases(t.Context(), text, value, nil)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(got.Names, "") != text {
		t.Errorf("names make %q, want %q", strings.Join(got.Names, ""), text)
	}
	sums := make([]float64, len(phrases))
	for i, phrase := range []int{0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3} {
		sums[phrase] += got.Values[i]
	}
	for k := range sums {
		if math.Abs(sums[k]-want.Values[k]) > 1e-12 {
			t.Errorf("the words of %q add up to %v, the phrase adds %v", phrases[k], sums[k], want.Values[k])
		}
	}
	if e, err := Phrases(t.Context(), " ", value, nil); err != nil || len(e.Values) != 0 {
		t.Errorf("a text without words: %+v, error %v", e, err)
	}
	if _, err := Phrases(t.Context(), text, nil, nil); err == nil {
		t.Error("no value function is no error")
	}
}
