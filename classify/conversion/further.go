package conversion

import (
	"context"
	"slices"
	"strings"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/transcript"
	"gonum.org/v1/gonum/mat"
)

// Names of the blocks that [Report.Further] tries.
const (
	TalkStatistics = "talk statistics" // who talks how much, questions, what is mentioned
	Sentiment      = "sentiment"       // of each role, and its trend
	RoleMeans      = "turn mean by role"
	MetadataBlock  = "metadata" // duration, time, industry, company size
)

// Further measures what the stack of generic heads would gain from blocks that read more of a call than its words: it
// returns the stack without any, then with each, evaluated on the training calls out of fold, as the tuned head is. The
// predictor uses none of these blocks, as explanations by turns and live calls have no values for them.
func (r *Report) Further(ctx context.Context) ([]classify.BlockTrial, error) {
	if r == nil || r.fit == nil {
		return nil, errNoPredictor
	}
	f := r.fit
	blocks, err := f.furtherBlocks(ctx)
	if err != nil || len(blocks) == 0 {
		return nil, err
	}
	further, err := classify.FitHeads(ctx, blocks, f.labels, nil, f.stackOptions(len(blocks)))
	if err != nil {
		return nil, err
	}
	if further, err = f.heads.With(further); err != nil {
		return nil, err
	}
	s, err := further.Stack(f.generics, keys(blocks))
	if err != nil {
		return nil, err
	}
	return s.Trials, nil
}

// furtherBlocks are the blocks, as far as anything in them differs between calls.
func (f *fit) furtherBlocks(ctx context.Context) ([]classify.Block, error) {
	said, silent, roles := make([]transcript.Call, len(f.calls)), make([]transcript.Call, len(f.calls)), make([][]int, len(f.calls))
	for i, c := range f.calls {
		said[i], silent[i] = c, transcript.Call{Metadata: c.Metadata}
		said[i].Metadata = transcript.Metadata{}
		for _, t := range c.Turns() {
			roles[i] = append(roles[i], int(t.Role))
		}
	}
	var blocks []classify.Block
	for _, b := range []struct {
		name  string
		calls []transcript.Call
		has   func(column string) bool
	}{
		{TalkStatistics, said, func(c string) bool { return !strings.Contains(c, "sentiment") }},
		{Sentiment, said, func(c string) bool { return strings.Contains(c, "sentiment") }},
		{MetadataBlock, silent, func(string) bool { return true }},
	} {
		x, err := statistics(b.calls, b.has)
		if err != nil {
			return nil, err
		}
		if x != nil {
			blocks = append(blocks, classify.Block{Name: b.name, Features: x})
		}
	}
	// With one role alone, or none that is known, the means by role are the mean.
	if all := slices.Concat(roles...); slices.Min(all) < slices.Max(all) {
		x, err := f.generic.EncodeDocuments(ctx, f.docs, &encoder.Options{Pooling: encoder.PerRole(int(slices.Max(all))+1, encoder.Mean), Roles: roles, Cache: f.genericCache})
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, classify.Block{Name: RoleMeans, Features: x})
	}
	return blocks, nil
}

// statistics are the columns of [transcript.Features] that are asked for and differ between calls, nil if there are none.
func statistics(calls []transcript.Call, has func(column string) bool) (mat.Matrix, error) {
	features, err := transcript.FitFeatures(calls)
	if err != nil {
		return nil, err
	}
	rows := features.Rows(calls)
	var columns []int
	for j, name := range features.Names() {
		if has(name) && slices.ContainsFunc(rows, func(row []float64) bool { return row[j] != rows[0][j] }) {
			columns = append(columns, j)
		}
	}
	if columns == nil {
		return nil, nil
	}
	x := mat.NewDense(len(rows), len(columns), nil)
	for i, row := range rows {
		for k, j := range columns {
			x.Set(i, k, row[j])
		}
	}
	return x, nil
}
