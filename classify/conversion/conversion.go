package conversion

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/transcript"
	"gonum.org/v1/gonum/mat"
)

// A Predictor gives calls the probability that they are won. [Fit] trains one and [Load] reads one that was saved. It is
// never changed after that and safe for concurrent use.
type Predictor struct {
	generic *encoder.Model
	tuned   *encoder.Model // nil without fine-tuning; the stack may do without it
	words   *transcript.TFIDF
	stack   *classify.Stack
	during  *classify.Stack // of calls in progress, which reads each generic block twice: see [DuringCall]
	known   map[string]bool // the terms
	blocks  []block         // that the stack reads

	background map[string][]float64 // of each centered block, the mean of the training calls
	limits     limits
	info       Info
	embedded   bool // generic is the embedded encoder, which is not saved
	version    atomic.Pointer[string]

	genericCache, tunedCache *encoder.Cache
	shared                   int // lowest layers that both encoders have in common
}

// remember makes room for the vectors of at least this number of turns by each encoder.
func (p *Predictor) remember(turns int) {
	turns = max(turns, 1<<14)
	p.genericCache, p.tunedCache = encoder.NewCache(turns), encoder.NewCache(turns)
}

// errNoPredictor is the error of a nil pointer and of a zero value.
var errNoPredictor = errors.New("conversion: no predictor: it is nil, or neither fitted nor loaded")

// A Prediction is the predictor's output for a call.
type Prediction struct {
	ID          string  `json:"id"` // of the call; a [Live] call has none
	Probability float64 `json:"probability"`
	LogOdds     float64 `json:"log_odds"`
	// Won: the probability reaches the threshold, see [Info].
	Won      bool      `json:"won"`
	Warnings []Warning `json:"warnings,omitempty"` // reasons to distrust the probability
	// Slipping: the probability of a [Live] call is below the threshold of the [Alarm].
	Slipping bool `json:"slipping,omitempty"`
	// ByTurn is the probability after each turn, if [PredictOptions] ask for it: what [Live] gives for the call in progress,
	// and after the last turn, when the call is over, Probability.
	ByTurn []float64 `json:"by_turn,omitempty"`
}

// PredictOptions are the settings of Predict. Nil means the defaults.
type PredictOptions struct {
	ByTurn   bool                  // also the probability after each turn; default false
	Progress func(done, total int) // watches the number of turns read; default none
}

// Predict returns a prediction for each call, in their order. Labels are ignored. A call in which nobody says a word
// gets the share of training calls that were won and the warning [NoWords]; so every call has a prediction, and the
// only errors come from ctx and from an encoder whose numbers are not finite.
//
// Memory grows with the turns of all calls: a stream is predicted in batches, of 64 calls for example.
func (p *Predictor) Predict(ctx context.Context, calls []transcript.Call, opts *PredictOptions) ([]Prediction, error) {
	if p == nil || p.stack == nil {
		return nil, errNoPredictor
	}
	var o PredictOptions
	if opts != nil {
		o = *opts
	}
	var docs [][]string
	var at []int // their calls
	all := make([]Prediction, len(calls))
	for i, c := range calls {
		if doc := document(c); doc != nil {
			docs, at = append(docs, doc), append(at, i)
		} else {
			all[i] = p.silent()
		}
		all[i].ID = c.ID
	}
	if docs == nil {
		return all, nil
	}
	now, err := p.predict(ctx, docs, o.Progress)
	if err != nil {
		return nil, err
	}
	for k, i := range at {
		now[k].ID = all[i].ID
		all[i] = now[k]
		if !o.ByTurn {
			continue
		}
		if all[i].ByTurn, err = p.byTurn(ctx, docs[k]); err != nil {
			return nil, err
		}
		all[i].ByTurn[len(docs[k])-1] = all[i].Probability
	}
	return all, nil
}

// predict returns a prediction for each document.
func (p *Predictor) predict(ctx context.Context, docs [][]string, progress func(done, total int)) ([]Prediction, error) {
	parts, err := p.features(ctx, docs, p.blocks, progress)
	if err != nil {
		return nil, err
	}
	z, err := marginsOf(p.stack, parts)
	if err != nil {
		return nil, err
	}
	all := make([]Prediction, len(docs))
	for k, doc := range docs {
		all[k].set(z[k], p.info.Threshold, p.warnings(p.profile(doc), p.distance(parts, k)))
	}
	return all, nil
}

// byTurn gives the probability after each turn of a document, whose turns the caches may hold, as of a call in progress.
func (p *Predictor) byTurn(ctx context.Context, doc []string) ([]float64, error) {
	vectors, err := p.genericVectors(ctx, doc)
	if err != nil {
		return nil, err
	}
	l, after := p.Live(), make([]float64, len(doc))
	for i, turn := range doc {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		now, err := l.add(turn, vectors, i)
		if err != nil {
			return nil, err
		}
		after[i] = now.Probability
	}
	return after, nil
}

// marginsOf gives the log-odds of documents by a stack that reads their features.
func marginsOf(stack *classify.Stack, parts []mat.Matrix) ([]float64, error) {
	x, err := classify.Join(parts...)
	if err != nil {
		return nil, err
	}
	all, err := stack.Margins(x)
	if err != nil {
		return nil, err
	}
	for i, z := range all {
		if z-z != 0 {
			return nil, fmt.Errorf("conversion: the log-odds of call %d are %v: the predictor is damaged", i, z)
		}
	}
	return all, nil
}

// silent is the prediction for a call in which nobody says a word.
func (p *Predictor) silent() (none Prediction) {
	none.set(p.info.prior(), p.info.Threshold, []Warning{NoWords})
	return none
}

func (p *Prediction) set(logOdds, threshold float64, warnings []Warning) {
	p.LogOdds, p.Probability, p.Warnings = logOdds, classify.Sigmoid(logOdds), warnings
	p.Won = p.Probability >= threshold
}

// Info returns what the predictor is and how it was trained. It shares nothing with p that may be written to.
func (p *Predictor) Info() Info { return p.info }

// Version returns the SHA-256 of the saved content in hexadecimal: of predictor.json, which holds the hashes of all
// other files. Predictors of the same version give the same predictions. The date is not part of it, so that training
// with the same calls, options and software gives the same version. It is "" for a predictor that was neither saved nor
// loaded.
func (p *Predictor) Version() string {
	if v := p.version.Load(); v != nil {
		return *v
	}
	return ""
}
