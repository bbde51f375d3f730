package encoder

// Sequences returns what a segment is read as: ids with [CLS] first and [SEP] last, in several sequences if it has
// more than MaxSeqLength pieces, and the share of each in the segment's row.
func (m *Model) Sequences(segment string) (ids [][]int, share []float64) {
	all, _ := m.tokenizer.Append(nil, segment, 0)
	ids = m.split(all)
	return ids, shares(ids)
}
