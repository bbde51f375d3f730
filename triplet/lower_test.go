package triplet

import (
	"bytes"
	"strings"
	"testing"

	"github.com/org/salesconv/encoder"
)

// Without dropout a run that remembers its frozen layers has the bytes of one that computes them, at once and in parts,
// with what other runs have left there, and with LoRA.
func TestLowerLayers(t *testing.T) {
	docs, labels := calls(1, 20)
	for _, o := range []Options{{}, {MemoryLimit: 1}, {LoRA: 2, DropSegments: 0.5}, {Attention: true, LabelWeight: 1}, {Last: 2, Trend: true, LabelWeight: 1, MemoryLimit: 1}} {
		o.TrainLayers, o.NoDropout, o.LearningRate, o.Epochs, o.BatchSize = 1, true, 1e-2, 3, 8
		want := loadTiny(t)
		if _, err := Train(t.Context(), want, docs, labels, &o); err != nil {
			t.Fatal(err)
		}
		o.Lower = new(encoder.LowerLayers)
		if _, err := Train(t.Context(), loadTiny(t), docs[4:], labels[4:], &o); err != nil {
			t.Fatal(err)
		}
		before := o.Lower.Tokens()
		m := loadTiny(t)
		if _, err := Train(t.Context(), m, docs, labels, &o); err != nil || !bytes.Equal(weights(m), weights(want)) {
			t.Errorf("%+v: other weights, error %v", o, err)
		}
		if after := o.Lower.Tokens(); before == 0 || after < before {
			t.Errorf("%d tokens remembered, then %d", before, after)
		}
		if _, err := Train(t.Context(), m, docs, labels, &o); err != nil { // the upper layer may change
			t.Error(err)
		}
	}
}

func TestLowerLayersErrors(t *testing.T) {
	docs, labels := calls(1, 8)
	lower := new(encoder.LowerLayers)
	if _, err := Train(t.Context(), loadTiny(t), docs, labels, &Options{Lower: lower}); err == nil || !strings.Contains(err.Error(), "Lower needs frozen") {
		t.Errorf("error %v", err)
	}
	if _, err := Train(t.Context(), loadTiny(t), docs, labels, &Options{Lower: lower, TrainLayers: 1}); err != nil {
		t.Fatal(err)
	}
	other := loadTiny(t)
	elements(other.Parameters()[0].Value)[0]++
	if _, err := Train(t.Context(), other, docs, labels, &Options{Lower: lower, TrainLayers: 1}); err == nil || !strings.Contains(err.Error(), "other lower layers") {
		t.Errorf("error %v", err)
	}
}
