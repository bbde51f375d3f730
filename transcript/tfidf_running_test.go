package transcript

import (
	"reflect"
	"strings"
	"testing"
)

// A text that grows line by line has the rows of Transform, terms across lines and lines without words included.
func TestRunningTFIDF(t *testing.T) {
	lines := []string{"we can talk", "about", "", "the price we", "?!", "can", "talk about the price", "the", "price"}
	for gram := 1; gram <= 4; gram++ {
		for _, sublinear := range []bool{false, true} {
			fit, err := FitTFIDF([]string{strings.Join(lines, "\n"), "can we talk about"}, &TFIDFOptions{MaxGram: gram, MinTexts: 1, Sublinear: sublinear})
			if err != nil {
				t.Fatal(err)
			}
			r := fit.Running()
			for i, line := range lines {
				r.Add(line)
				want := fit.Transform([]string{strings.Join(lines[:i+1], "\n")})
				if got := r.Row(); !reflect.DeepEqual(got, want) {
					t.Errorf("terms of %d words, %d lines: row %v, want %v", gram, i+1, got, want)
				}
			}
		}
	}
}
