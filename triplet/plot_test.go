package triplet

import (
	"bytes"
	"image/png"
	"testing"
)

func TestWritePNG(t *testing.T) {
	h := &History{Evaluations: []Evaluation{{0, 0.5}, {3, 0.7}}}
	if err := h.WritePNG(new(bytes.Buffer)); err == nil {
		t.Error("no error without steps")
	}
	for i := range 5 {
		h.Steps = append(h.Steps, Step{Step: i + 1, Loss: 1 / float64(i+1), Active: 1, GradNorm: 2})
	}
	var b, again bytes.Buffer
	if err := h.WritePNG(&b); err != nil {
		t.Fatal(err)
	}
	if err := h.WritePNG(&again); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Error("drawn differently the second time")
	}
	im, err := png.Decode(&b)
	if err != nil || im.Bounds().Dx() < 500 {
		t.Errorf("%v, %v", im.Bounds(), err)
	}
}
