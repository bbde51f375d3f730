package conversion

import (
	"context"
	"slices"
	"strconv"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/classify/internal/sample"
	"github.com/org/salesconv/internal/matrix"
	"github.com/org/salesconv/transcript"
	"gonum.org/v1/gonum/mat"
)

// duringFit makes the model of calls in progress. Row 4c+k of its data is call c after quarter k of its turns.
type duringFit struct {
	*fit
	docs    [][]string // of the rows, as are the following
	labels  []int
	groups  []string
	weights []float64

	// What was fitted without each inner fold, then on all rows, by head.
	classifiers map[string][]classify.Classifier
	terms       []*transcript.TFIDF
	learned     []int      // rows that the last of terms were learned from
	counts      mat.Matrix // of all rows by them
	readable    []string
}

// wholeWeight is the weight of whole calls alongside their beginnings: next to nothing, as heads are told apart by it.
const wholeWeight = 1e-9

// fitDuring fits, calibrates and judges the model of calls in progress. No turn is encoded again.
func (f *fit) fitDuring(ctx context.Context) error {
	d := f.beginnings()
	blocks, err := d.blocks(ctx)
	if err != nil {
		return err
	}
	heads, err := classify.FitHeads(ctx, blocks, d.labels, nil, &classify.StackOptions{Folds: f.Folds, Groups: d.groups, Weights: d.weights, Seed: f.Seed})
	if err != nil {
		return err
	}
	if f.during, err = heads.Stack(keys(blocks), nil); err != nil {
		return err
	}
	p, err := heads.OutOfFold(f.during)
	if err != nil {
		return err
	}
	d.calibrate(p)
	all, err := d.courses(ctx, heads)
	if err != nil {
		return err
	}
	i := f.info.DuringCall
	i.Alarm = alarm(all, f.labels)
	i.OutOfFold = f.info.judgeCourses(all, f.labels)
	return nil
}

// beginnings are the rows of the training calls.
func (f *fit) beginnings() *duringFit {
	d := &duringFit{fit: f, classifiers: map[string][]classify.Classifier{}}
	for c, doc := range f.docs {
		group := "call " + strconv.Itoa(c)
		if f.Groups != nil && f.Groups[c] != "" {
			group = "group " + f.Groups[c]
		}
		for _, share := range quarters {
			weight := 1 / float64(len(quarters)-1)
			if share == 1 {
				weight = wholeWeight
			}
			d.docs, d.labels = append(d.docs, doc[:turnsAt(share, len(doc))]), append(d.labels, f.labels[c])
			d.groups, d.weights = append(d.groups, group), append(d.weights, weight)
		}
	}
	return d
}

// blocks are the generic blocks for heads of beginnings, then the same for heads of whole calls.
func (d *duringFit) blocks(ctx context.Context) ([]classify.Block, error) {
	generic := d.genericOnes()
	parts, err := d.features(ctx, d.docs, generic, nil)
	if err != nil {
		return nil, err
	}
	d.readable = d.Predictor.readable(d.docs)
	var all []classify.Block
	for _, whole := range []bool{false, true} {
		for k, b := range generic {
			block := classify.Block{Name: b.key + beginningsSuffix, Features: parts[k], Head: d.Head}
			if whole {
				block.Name = b.key + wholeSuffix
			}
			if b.source == wordCounts {
				block.Learn, block.Head = d.learn, nil
			}
			if block.Head == nil {
				block.Head = classify.DefaultHead(parts[k])
			}
			block.Head = d.kept(block.Name, whole, block.Head)
			all = append(all, block)
		}
	}
	return all, nil
}

// Heads of the stack for calls in progress are named after their block and after what they were trained on.
const (
	beginningsSuffix = "/beginnings"
	wholeSuffix      = "/whole"
)

// kept fits a head to beginnings or to whole calls alone, and keeps it.
func (d *duringFit) kept(name string, whole bool, fit classify.Fitter) classify.Fitter {
	return func(ctx context.Context, x mat.Matrix, y []int, weight []float64) (classify.Classifier, error) {
		var rows []int
		for i, w := range weight {
			if (w == wholeWeight) == whole {
				rows = append(rows, i)
			}
		}
		weight = sample.Pick(weight, rows)
		if whole {
			weight = nil
		}
		c, err := fit(ctx, matrix.Select(x, rows), sample.Pick(y, rows), weight)
		d.classifiers[name] = append(d.classifiers[name], c)
		return c, err
	}
}

// learn gives tf-idf of all rows, its terms learned from the whole calls among the rows train.
func (d *duringFit) learn(_ context.Context, train []int) (mat.Matrix, error) {
	if slices.Equal(train, d.learned) {
		return d.counts, nil
	}
	var calls []int
	for _, r := range train {
		if r%len(quarters) == len(quarters)-1 {
			calls = append(calls, r/len(quarters))
		}
	}
	words, err := transcript.FitTFIDF(sample.Pick(d.fit.terms, calls), &terms)
	if err != nil {
		return nil, err
	}
	d.terms, d.learned, d.counts = append(d.terms, words), train, words.Transform(d.readable)
	return d.counts, nil
}

// calibrate finds the stages by out-of-fold probabilities of the rows.
func (d *duringFit) calibrate(p []float64) {
	z, turns := make([]float64, len(p)), make([]int, len(p))
	var beginnings []int
	for r := range p {
		z[r], turns[r] = sample.Logit(p[r]), len(d.docs[r])
		if r%len(quarters) < len(quarters)-1 {
			beginnings = append(beginnings, r)
		}
	}
	i := &d.info
	all := i.calibrate(sample.Pick(z, beginnings), sample.Pick(turns, beginnings), sample.Pick(d.labels, beginnings), sample.Pick(d.groups, beginnings))
	i.DuringCall = &DuringCall{Stages: i.soften(all, z, turns, d.labels)}
}

// courses predicts each training call turn by turn, by heads and terms that were not trained on it.
func (d *duringFit) courses(ctx context.Context, heads *classify.Heads) ([]course, error) {
	folds, err := evaluate.Folds(d.labels, d.groups, d.Folds, d.Seed)
	if err != nil {
		return nil, err
	}
	all, generic := make([]course, len(d.fit.docs)), d.genericOnes()
	for k, fold := range folds {
		stack := &classify.Stack{Intercept: d.during.Intercept, Heads: slices.Clone(d.during.Heads)}
		for h := range stack.Heads {
			head := &stack.Heads[h]
			head.Classifier = d.classifiers[head.Name][k]
			if generic[h%len(generic)].source == wordCounts {
				head.Columns = len(d.terms[k].Terms())
			}
		}
		for _, r := range fold.Test {
			if r%len(quarters) != len(quarters)-1 {
				continue
			}
			if all[r/len(quarters)], err = d.course(ctx, d.docs[r], stack, d.terms[k]); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// course predicts a call turn by turn by a stack and its terms.
func (d *duringFit) course(ctx context.Context, doc []string, stack *classify.Stack, words *transcript.TFIDF) (c course, err error) {
	vectors, err := d.genericVectors(ctx, doc)
	if err != nil {
		return c, err
	}
	h, whole := d.listen(words), d.report.methods[0].stack
	n := len(whole.Heads)
	for i, turn := range doc {
		parts := h.add(turn, vectors.RawRow(i))
		x, err := classify.Join(slices.Concat(parts, parts)...)
		if err != nil {
			return c, err
		}
		margins, err := stack.HeadMargins(x)
		if err != nil {
			return c, err
		}
		z, asWhole := stack.Intercept, whole.Intercept
		for k, head := range stack.Heads {
			z += head.Weight * margins[k][0]
		}
		for k, head := range whole.Heads {
			asWhole += head.Weight * margins[n+k][0]
		}
		c.add(classify.Sigmoid(d.info.duringCall(z, i+1)), classify.Sigmoid(asWhole), len(doc))
	}
	return c, nil
}

// add adds the predictions after a turn of a call of some turns: as of a call in progress, and as of one that ends here.
func (c *course) add(during, whole float64, turns int) {
	c.during, c.byTurn = append(c.during, during), append(c.byTurn, during)
	for k, share := range quarters {
		if turnsAt(share, turns) == len(c.during) {
			c.whole[k] = whole
		}
	}
	if len(c.during) == turns {
		c.byTurn[turns-1] = whole
	}
}

// judgeDuring judges calls in progress on the calls held out.
func (f *fit) judgeDuring(ctx context.Context, labels []int) error {
	all := make([]course, len(f.HeldOut))
	for c, call := range f.HeldOut {
		var err error
		if all[c], err = f.heldOut(ctx, document(call)); err != nil {
			return err
		}
	}
	figures := f.info.judgeCourses(all, labels)
	f.info.DuringCall.HeldOut = &figures
	return nil
}

// heldOut predicts a call turn by turn, as users would; a call in which nobody says a word has one turn.
func (f *fit) heldOut(ctx context.Context, doc []string) (c course, err error) {
	if doc == nil {
		p := f.silent().Probability
		c.add(p, p, 1)
		return c, nil
	}
	if c.during, err = f.byTurn(ctx, doc); err != nil {
		return c, err
	}
	var beginnings [][]string
	for _, share := range quarters {
		beginnings = append(beginnings, doc[:turnsAt(share, len(doc))])
	}
	whole, err := f.predict(ctx, beginnings, nil)
	if err != nil {
		return c, err
	}
	for k := range whole {
		c.whole[k] = whole[k].Probability
	}
	c.byTurn = slices.Clone(c.during)
	c.byTurn[len(doc)-1] = c.whole[len(quarters)-1]
	return c, nil
}
