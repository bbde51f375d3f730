package ops

import "fmt"

// Batch is what one run of a graph works on: the token ids of all sequences laid end to end, without padding. A
// sequence is what the network reads at once; a segment is one sequence, or several if it is longer than that; a
// document is made of segments.
type Batch struct {
	IDs     []int
	Offsets []int // sequence s is IDs[Offsets[s]:Offsets[s+1]]; sequences+1 of them
	// Documents are the bounds of documents: d is sequences Documents[d] to Documents[d+1]; empty: each sequence is a document.
	Documents []int
	// Weights are the weights of each sequence in its document's sums, by block of the document's row; a block without
	// any is the mean of the document's sequences.
	Weights [][]float64
	// First is the place of IDs[0] in a larger batch that is run in parts: parts drop what the whole would.
	First int

	// segments and documents are the bounds of segments in sequences, and of documents in segments.
	segments, documents []int
	shares              []float64 // of each sequence in its segment
	each                []int     // 0, 1, 2, …
}

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	b.IDs, b.shares, b.First = b.IDs[:0], b.shares[:0], 0
	for k := range b.Weights {
		b.Weights[k] = b.Weights[k][:0]
	}
	b.Offsets, b.segments = append(b.Offsets[:0], 0), append(b.segments[:0], 0)
	b.Documents, b.documents = b.Documents[:0], append(b.documents[:0], 0)
}

// Add appends a sequence to a batch that was Reset.
func (b *Batch) Add(ids []int) {
	b.IDs = append(b.IDs, ids...)
	b.Offsets = append(b.Offsets, len(b.IDs))
}

// AddSegment appends a segment as its sequences and the share of each in it, with its weight in each block of its
// document's row. All segments of a batch have weights in as many blocks.
func (b *Batch) AddSegment(sequences [][]int, shares []float64, weights ...float64) {
	for len(b.Weights) < len(weights) {
		b.Weights = append(b.Weights, nil)
	}
	for i, ids := range sequences {
		b.Add(ids)
		for k, w := range weights {
			b.Weights[k] = append(b.Weights[k], w*shares[i])
		}
	}
	b.shares = append(b.shares, shares...)
	b.segments = append(b.segments, b.Sequences())
}

// EndDocument makes a document of the segments after the one before.
func (b *Batch) EndDocument() {
	if len(b.Documents) == 0 {
		b.Documents = append(b.Documents, 0)
	}
	b.Documents = append(b.Documents, b.Sequences())
	b.documents = append(b.documents, len(b.segments)-1)
}

// Levels returns the batch in two steps, for what is between: the first makes segments of sequences, the second
// documents of segments. They share the batch's memory.
func (b *Batch) Levels() (segments, documents Batch) {
	segments = Batch{IDs: b.IDs, Offsets: b.Offsets, Documents: b.segments, Weights: [][]float64{b.shares}}
	return segments, Batch{Offsets: b.segments, Documents: b.documents}
}

// Part returns sequences from to to-1 as a batch of their own, without documents, that drops what the whole would.
func (b *Batch) Part(from, to int) *Batch {
	first := b.Offsets[from]
	p := &Batch{IDs: b.IDs[first:b.Offsets[to]], First: b.First + first}
	for _, o := range b.Offsets[from : to+1] {
		p.Offsets = append(p.Offsets, o-first)
	}
	return p
}

// Sequences returns the number of sequences.
func (b *Batch) Sequences() int { return len(b.Offsets) - 1 }

// bounds returns the bounds of documents in sequences.
func (b *Batch) bounds() []int {
	if len(b.Documents) > 0 {
		return b.Documents
	}
	for len(b.each) <= b.Sequences() {
		b.each = append(b.each, len(b.each))
	}
	return b.each[:b.Sequences()+1]
}

// Rows returns the number of documents.
func (b *Batch) Rows() int { return len(b.bounds()) - 1 }

// check returns an error if the network cannot read the batch.
func (b *Batch) check(name string, vocabulary, positions int) error {
	if len(b.Offsets) == 0 || b.Offsets[0] != 0 || b.Offsets[len(b.Offsets)-1] != len(b.IDs) {
		return fmt.Errorf("ops: %s: offsets of the batch do not span its %d ids", name, len(b.IDs))
	}
	for s := range b.Sequences() {
		from, to := b.Offsets[s], b.Offsets[s+1]
		if from > to || to-from > positions {
			return fmt.Errorf("ops: %s: sequence %d has %d tokens, want 0 to %d", name, s, to-from, positions)
		}
		for _, id := range b.IDs[from:to] {
			if id < 0 || id >= vocabulary {
				return fmt.Errorf("ops: %s: id %d in sequence %d, want 0 to %d", name, id, s, vocabulary-1)
			}
		}
	}
	for _, w := range b.Weights {
		if len(w) > 0 && len(w) != b.Sequences() {
			return fmt.Errorf("ops: %s: %d weights for %d sequences", name, len(w), b.Sequences())
		}
	}
	if d := b.Documents; len(d) > 0 && (d[0] != 0 || d[len(d)-1] != b.Sequences()) {
		return fmt.Errorf("ops: %s: documents of the batch do not span its %d sequences", name, b.Sequences())
	}
	return nil
}
