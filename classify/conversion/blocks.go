package conversion

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/transcript"
	"gonum.org/v1/gonum/mat"
)

// Keys of the blocks of features: names of the heads of a saved classifier, and of methods in a [Report].
const (
	Words      = "words"
	TurnMean   = "turn_mean"
	FirstTurns = "first_turns"
	LastTurns  = "last_turns"
	Trend      = "trend"
	TunedTurns = "tuned_turns"
)

// A block is a group of features, which its own head reads. Fit, Save, Load, Live and Explain all use this table.
type block struct {
	key, title string
	source     source
	// parts are what is made of the turns' vectors by the block's encoder, side by side; nil for words.
	parts func(*encoder.Model) []part
	// optional: the stack reads it only if out of fold that improves the ROC AUC, and the log loss by more than two standard errors.
	optional bool
}

// A part of a block is one vector, pooled from the vectors of a call's turns.
type part struct {
	pooling encoder.Pooling
	pool    func(*encoder.Model) pool // the same, turn by turn
	// centered: the weights of the turns add up to 1, so that the average call can be subtracted from each turn; otherwise they
	// add up to 0.
	centered bool
}

// source is what the features of a block are made of.
type source int

const (
	wordCounts   source = iota
	genericTurns        // vectors by the generic encoder
	tunedTurns          // vectors by the fine-tuned encoder
)

// blocks are all there are, in the order in which a classifier reads them. Blocks of one source follow each other.
var blocks = []block{
	{key: Words, title: "tf-idf", source: wordCounts},
	{key: TurnMean, title: "turn mean", source: genericTurns, parts: always(meanPart)},
	{key: LastTurns, title: "last turns", source: genericTurns, parts: always(lastPart(Last))},
	{key: Trend, title: "trend", source: genericTurns, parts: always(trendPart)},
	{key: FirstTurns, title: "first turns", source: genericTurns, parts: always(firstPart), optional: true},
	{key: TunedTurns, title: "fine-tuned turns", source: tunedTurns, parts: ownParts},
}

var (
	meanPart  = part{encoder.Mean, newMean, true}
	firstPart = part{encoder.First(First), newFirst, true}
	trendPart = part{encoder.Trend, newTrend, false}
)

func lastPart(n int) part {
	return part{encoder.Last(n), func(*encoder.Model) pool { return &last{n: n} }, true}
}

// always is a part that does not depend on the encoder.
func always(p part) func(*encoder.Model) []part {
	return func(*encoder.Model) []part { return []part{p} }
}

// ownParts are what the head that an encoder was trained with reads: see [encoder.Heads.Pooling].
func ownParts(m *encoder.Model) []part {
	h := m.Heads()
	if h == nil {
		return []part{meanPart}
	}
	all := []part{meanPart}
	if h.Query != nil {
		all[0] = part{encoder.AttentionPooling(h.Query), newAttention, true}
	}
	if h.Last > 0 {
		all = append(all, lastPart(h.Last))
	}
	if h.Trend {
		all = append(all, trendPart)
	}
	return all
}

// centered reports whether the average call can be subtracted from a part of the block by an encoder.
func (b *block) centered(m *encoder.Model) bool {
	return b.parts != nil && slices.ContainsFunc(b.parts(m), func(p part) bool { return p.centered })
}

// find returns the block of a key, nil if there is none.
func find(key string) *block {
	if i := slices.IndexFunc(blocks, func(b block) bool { return b.key == key }); i >= 0 {
		return &blocks[i]
	}
	return nil
}

// of returns the blocks of some sources.
func of(sources ...source) []block {
	return slices.DeleteFunc(slices.Clone(blocks), func(b block) bool { return !slices.Contains(sources, b.source) })
}

func keysOf(blocks []block) []string {
	all := make([]string, len(blocks))
	for i, b := range blocks {
		all[i] = b.key
	}
	return all
}

// read returns the blocks that the heads of a stack read, in their order.
func read(s *classify.Stack) ([]block, error) {
	all := make([]block, len(s.Heads))
	for i, h := range s.Heads {
		b := find(h.Name)
		if b == nil {
			return nil, fmt.Errorf("conversion: the classifier has a head %q, which this version of the package does not know", h.Name)
		}
		all[i] = *b
	}
	return all, nil
}

// encoder returns the encoder of a source and the cache of its vectors.
func (p *Predictor) encoder(s source) (*encoder.Model, *encoder.Cache) {
	if s == tunedTurns {
		return p.tuned, p.tunedCache
	}
	return p.generic, p.genericCache
}

// features returns a matrix for each of the blocks, with a row for each document. Every document has turns, and each
// encoder reads it once.
func (p *Predictor) features(ctx context.Context, docs [][]string, of []block, progress func(done, total int)) ([]mat.Matrix, error) {
	opts := encoder.Options{Progress: progress}
	if p.shared > 0 && readByBoth(of) && textSize(docs) <= mostShared {
		opts.Lower = &encoder.LowerLayers{Layers: p.shared}
	}
	return p.featuresBy(ctx, docs, of, opts)
}

// mostShared is how many bytes of text the encoders read through the layers that they share: a token has some four of them,
// and its state 1.5 KB in all-MiniLM-L6-v2.
const mostShared = 1 << 18

// share finds the lowest layers that both encoders have, which need to be run once.
func (p *Predictor) share() {
	if p.shared = p.generic.SharedLayers(p.tuned); p.shared == p.generic.Config().NumHiddenLayers {
		p.shared = 0 // nothing is above them
	}
}

// readByBoth reports whether both encoders read the documents for some blocks.
func readByBoth(of []block) bool {
	by := func(s source) bool { return slices.ContainsFunc(of, func(b block) bool { return b.source == s }) }
	return by(genericTurns) && by(tunedTurns)
}

// textSize is the number of bytes of documents.
func textSize(docs [][]string) (n int) {
	for _, doc := range docs {
		for _, turn := range doc {
			n += len(turn)
		}
	}
	return n
}

// featuresBy is features by options of the encoders, which take the cache and the poolings of the blocks.
func (p *Predictor) featuresBy(ctx context.Context, docs [][]string, of []block, opts encoder.Options) ([]mat.Matrix, error) {
	parts := make([]mat.Matrix, 0, len(of))
	for from, to := 0, 0; from < len(of); from = to {
		for to = from + 1; to < len(of) && of[to].source == of[from].source; to++ {
		}
		if of[from].source == wordCounts {
			parts = append(parts, p.words.Transform(p.readable(docs)))
			continue
		}
		m, cache := p.encoder(of[from].source)
		var poolings []encoder.Pooling
		for _, b := range of[from:to] {
			for _, part := range b.parts(m) {
				poolings = append(poolings, part.pooling)
			}
		}
		opts.Pooling, opts.Cache = encoder.Join(poolings...), cache
		x, err := m.EncodeDocuments(ctx, docs, &opts)
		if err != nil {
			return nil, err
		}
		at := 0
		for _, b := range of[from:to] {
			width := len(b.parts(m)) * m.Width()
			parts = append(parts, columns{x, at, width})
			at += width
		}
	}
	return parts, nil
}

// columns is a view of neighbouring columns of embeddings.
type columns struct {
	of          *encoder.Embeddings
	from, width int
}

func (c columns) Dims() (int, int)       { n, _ := c.of.Dims(); return n, c.width }
func (c columns) At(i, j int) float64    { return float64(c.RawRow(i)[j]) }
func (c columns) T() mat.Matrix          { return mat.Transpose{Matrix: c} }
func (c columns) RawRow(i int) []float32 { return c.of.RawRow(i)[c.from:][:c.width] }

// document is a call as the encoder reads it: the texts of its turns, nil where nobody says a word.
func document(call transcript.Call) []string {
	turns := call.Turns()
	texts, silent := make([]string, len(turns)), true
	for i, t := range turns {
		texts[i] = t.Text
		silent = silent && !speaks(t)
	}
	if silent {
		return nil
	}
	return texts
}

// text joins the turns of a document for tf-idf.
func text(doc []string) string { return strings.Join(doc, "\n") }

func texts(docs [][]string) []string {
	all := make([]string, len(docs))
	for i, d := range docs {
		all[i] = text(d)
	}
	return all
}

// readable are documents as tf-idf reads them. Each turn is masked by itself, so that a live call is read like a whole
// one.
func (p *Predictor) readable(docs [][]string) []string {
	if p.info.Options.Unmasked {
		return texts(docs)
	}
	masked := map[string]string{} // turns recur, above all in documents that differ in one turn
	all := make([]string, len(docs))
	for i, doc := range docs {
		turns := make([]string, len(doc))
		for k, turn := range doc {
			if _, ok := masked[turn]; !ok {
				masked[turn] = p.mask(turn)
			}
			turns[k] = masked[turn]
		}
		all[i] = text(turns)
	}
	return all
}

// mask is a turn as tf-idf reads it.
func (p *Predictor) mask(turn string) string {
	masked, _ := p.masked(turn)
	return masked
}

// masked is a turn as tf-idf reads it, and what was masked in it.
func (p *Predictor) masked(turn string) (string, []transcript.Entity) {
	if p.info.Options.Unmasked {
		return turn, nil
	}
	entities := (transcript.Call{Text: turn}).Entities()
	var b strings.Builder
	at := 0
	for _, e := range entities {
		b.WriteString(turn[at:e.Start] + mark(e))
		at = e.End
	}
	return b.String() + turn[at:], entities
}

// mark stands for an entity.
func mark(e transcript.Entity) string { return "[" + string(e.Kind) + "]" }

// unmasked returns where byte at of a masked turn comes from in the turn: the start of an entity for its mark.
func unmasked(entities []transcript.Entity, at int) int {
	longer := 0 // the masked turn is, up to here
	for _, e := range entities {
		start, mark := e.Start+longer, len(mark(e))
		if at < start {
			break
		}
		if at < start+mark {
			return e.Start
		}
		longer += mark - (e.End - e.Start)
	}
	return at - longer
}
