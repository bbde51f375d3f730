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
