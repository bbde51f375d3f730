package transcript

import (
	"slices"
	"testing"
)

func TestOccurrencesAreSpansOfTheText(t *testing.T) {
	fitted, err := FitTFIDF([]string{"the ⱥrt price", "the price"}, &TFIDFOptions{MinTexts: 1})
	if err != nil {
		t.Fatal(err)
	}
	text := "THE ȺRT… Price, the price"
	var got []string
	for column, span := range fitted.Occurrences(text) {
		got = append(got, fitted.Terms()[column]+"="+text[span[0]:span[1]])
	}
	want := []string{"the=THE", "ⱥrt=ȺRT", "the ⱥrt=THE ȺRT", "price=Price", "ⱥrt price=ȺRT… Price",
		"the=the", "price=price", "the price=the price"}
	if !slices.Equal(got, want) {
		t.Errorf("occurrences %q, want %q", got, want)
	}
}
