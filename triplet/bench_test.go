package triplet

import (
	"math/rand/v2"
	"testing"

	"github.com/org/salesconv/encoder"
)

// BenchmarkTrainStep is a step of the embedded model in steady state: forward, loss, backward, AdamW. Its bytes,
// sequences and tokens are the batch's.
func BenchmarkTrainStep(b *testing.B) {
	for _, c := range []struct {
		name    string
		lengths func(r *rand.Rand) int
	}{
		{"48x252", func(*rand.Rand) int { return 252 }},
		{"mixed", func(r *rand.Rand) int { return 5 + r.IntN(60) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			m := loadMiniLM(b)
			r := rand.New(rand.NewPCG(1, 1))
			var docs [][]string
			var labels []int
			for i := range 48 {
				docs, labels = append(docs, []string{"x"}), append(labels, i%2)
			}
			t, err := newTrainer(m, tokenized(b, m, docs), labels, &Options{Loss: Loss{Kind: BatchAll}, BatchSize: 48})
			if err != nil {
				b.Fatal(err)
			}
			for i := range t.documents {
				ids := make([]int, c.lengths(r))
				for j := range ids {
					ids[j] = 1000 + r.IntN(20000)
				}
				t.documents[i] = []encoder.Segment{{Sequences: [][]int{ids}, Shares: []float64{1}}}
			}
			if err := t.next(b.Context()); err != nil { // takes the memory that later steps use again
				b.Fatal(err)
			}
			tokens := 0
			b.ReportAllocs()
			for b.Loop() {
				t.step = 0
				if err := t.next(b.Context()); err != nil {
					b.Fatal(err)
				}
				tokens += t.history.Steps[0].Tokens // the same documents at each step
			}
			b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}
