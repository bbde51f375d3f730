package transcript

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/org/salesconv/transcript/internal/synth"
)

// GenerateOptions are the settings of [Generate]. The zero value means the defaults.
type GenerateOptions struct {
	Seed uint64
	// WonShare is the expected share of calls that are won, in (0, 1); default 0.5.
	WonShare float64
	// Signal scales the weights of all drivers; default 1. Near 0 the outcome is random.
	Signal float64
	// Noise is the share of calls, in [0, 1), whose label is drawn at random with WonShare; default 0.
	Noise float64
	// Kind is what the outcome depends on; default [ByDrivers].
	Kind SignalKind
}

// SignalKind is what the outcome of generated calls depends on. With all kinds but ByDrivers and ByNothing, the drivers
// have no influence: the outcome depends on a cue (a phrase in favour or against) or on the size of the company. Two
// fifths to a half of the calls have the favourable cue or size, and some seven in eight of these are won.
type SignalKind string

// Kinds of signals, each for what a model has to be able to read.
const (
	ByDrivers  SignalKind = synth.ByDrivers  // all over the call, in what is said: see [Drivers]
	ByLast     SignalKind = synth.ByLast     // in the cue near the end; the cue near the beginning means nothing
	ByFirst    SignalKind = synth.ByFirst    // in the cue near the beginning; the cue near the end means nothing
	ByOrder    SignalKind = synth.ByOrder    // in which cue comes last: each call has one in favour and one against
	BySpeaker  SignalKind = synth.BySpeaker  // in which cue the customer says, the agent says the other one
	ByMetadata SignalKind = synth.ByMetadata // in the size of the company, which is in the metadata alone
	ByNothing  SignalKind = synth.ByNothing  // nowhere: every call has the same probability
)

// Synthetic is a set of synthetic calls, with the truth about how they were generated.
type Synthetic struct {
	Calls []Call
	Truth []Truth // of each call
	// BayesAUC is the expected ROC AUC of the true probabilities. Labels are drawn with these probabilities, so no
	// predictor has a higher expected AUC; on a single draw of few calls one may by chance.
	BayesAUC float64
}

// Truth is how a synthetic call was generated.
type Truth struct {
	Pattern     string // one of the eight courses that a call takes
	Drivers     []bool // which of [Drivers] hold, in their order
	Evidence    []Evidence
	Probability float64 // of being won
	Entities    []Entity
}

// Evidence is a passage of a synthetic call that expresses whether a driver holds.
type Evidence struct {
	Driver     int  // its place in [Drivers]
	Holds      bool // the driver holds, so that the passage speaks for winning if the driver's weight is positive
	Start, End int  // byte span in the call's text
}

// Driver is a circumstance that influences the outcome of a synthetic call and is expressed in its words.
type Driver struct {
	Name   string
	Weight float64 // in the log-odds of winning
	Rate   float64 // share of calls where it holds, of those where it can; some patterns shift it
}

// Drivers returns all that the outcome of generated calls of the kind [ByDrivers] depends on: the log-odds of winning
// are the sum of the weights of the drivers that hold, times GenerateOptions.Signal, plus a constant that sets the
// share won.
func Drivers() []Driver {
	all := make([]Driver, len(synth.Drivers))
	for i, d := range synth.Drivers {
		all[i] = Driver(d)
	}
	return all
}

// Generate draws n calls, in English and synthetic throughout: no person, firm or product in them exists. Twelve
// industries and eight courses of a call vary the content; every driver of the outcome has several wordings for and
// against, with slots filled from other lists, and the small talk between them has no influence. The metadata state
// that the call is synthetic. The same options give the same bytes, and call i does not depend on n.
//
// Evidence has the passages that express the drivers, to evaluate explanations. Entities has the personal data in the calls, to
// evaluate masking; order numbers, versions, dates and prices must not be masked.
func Generate(n int, opts *GenerateOptions) (*Synthetic, error) {
	o := GenerateOptions{}
	if opts != nil {
		o = *opts
	}
	o.WonShare, o.Signal, o.Kind = cmp.Or(o.WonShare, 0.5), cmp.Or(o.Signal, 1), cmp.Or(o.Kind, ByDrivers)
	switch {
	case n < 1 || n > mostGenerated:
		return nil, fmt.Errorf("transcript: generate: %d calls, want 1 to %d", n, mostGenerated)
	case !(o.WonShare > 0 && o.WonShare < 1):
		return nil, fmt.Errorf("transcript: generate: WonShare is %v, want it between 0 and 1", o.WonShare)
	case !(o.Noise >= 0 && o.Noise < 1):
		return nil, fmt.Errorf("transcript: generate: Noise is %v, want it from 0 to below 1", o.Noise)
	case !slices.Contains(synth.Kinds, string(o.Kind)):
		return nil, fmt.Errorf("transcript: generate: Kind is %q, want one of %q", o.Kind, synth.Kinds)
	case math.IsNaN(o.Signal) || math.IsInf(o.Signal, 0):
		return nil, fmt.Errorf("transcript: generate: Signal is %v, want a number", o.Signal)
	}
	drawn, auc := synth.Generate(n, synth.Options{Seed: o.Seed, WonShare: o.WonShare, Signal: o.Signal, Noise: o.Noise, Kind: string(o.Kind)})
	s := &Synthetic{Calls: make([]Call, n), Truth: make([]Truth, n), BayesAUC: auc}
	for i, d := range drawn {
		s.Calls[i] = synthetic(i, d)
		s.Truth[i] = Truth{d.Pattern, d.Drivers, evidence(d.Evidence), d.Probability, entities(d.Entities)}
	}
	return s, nil
}

func evidence(passages []synth.Evidence) []Evidence {
	all := make([]Evidence, len(passages))
	for i, p := range passages {
		all[i] = Evidence(p)
	}
	return all
}

// mostGenerated is more than memory has room for.
const mostGenerated = 1 << 24

// synthetic returns call i.
func synthetic(i int, d synth.Call) Call {
	c := Call{
		ID: fmt.Sprintf("synthetic-%04d", i+1), Text: d.Text, Outcome: Lost,
		Metadata: Metadata{
			Industry: d.Industry, Product: d.Product, AgentID: d.AgentID, CallTime: d.Time, Duration: d.Duration, CompanySize: d.CompanySize,
			Extra: map[string]json.RawMessage{
				"source":      json.RawMessage(`"synthetic"`),
				"agent_name":  json.RawMessage(strconv.Quote(d.AgentName)),
				"customer_id": json.RawMessage(strconv.Quote(d.CustomerID)),
			},
		},
	}
	if d.Won {
		c.Outcome = Won
	}
	c.read()
	return c
}

// Sample returns the 240 synthetic calls that the commands use by default. Their drivers have twice the default
// weights of [Generate], so that a model can learn from so few calls.
func Sample() []Call {
	s, err := Generate(240, &GenerateOptions{Seed: 1, Signal: 2})
	if err != nil {
		panic(err) // out of reach: the options are right
	}
	return s.Calls
}
