package transcript

import (
	"slices"
	"testing"
)

func TestOccurrencesAreSpansOfTheText(t *testing.T) {
	fitted, err := FitTFIDF([]string{"the İzmir price", "the price"}, &TFIDFOptions{MinTexts: 1})
	if err != nil {
		t.Fatal(err)
	}
	text := "THE İZMİR… Price, the price"
	var got []string
	for column, span := range fitted.Occurrences(text) {
		got = append(got, fitted.Terms()[column]+"="+text[span[0]:span[1]])
	}
	want := []string{"the=THE", "izmir=İZMİR", "the izmir=THE İZMİR", "price=Price", "izmir price=İZMİR… Price",
		"the=the", "price=price", "the price=the price"}
	if !slices.Equal(got, want) {
		t.Errorf("occurrences %q, want %q", got, want)
	}
}
