package synth

import (
	"time"

	"github.com/org/salesconv/transcript/internal/mask"
)

// Options are the options of transcript.Generate with their defaults filled in; they are valid.
type Options struct {
	Seed                    uint64
	WonShare, Signal, Noise float64
	Kind                    string // one of [Kinds]
}

// A Call is a synthetic call with everything that is known about it.
type Call struct {
	Text                                                           string
	Industry, Product, AgentID, AgentName, CustomerID, CompanySize string
	Time                                                           time.Time
	Duration                                                       time.Duration

	Pattern     string // the course that it takes
	Drivers     []bool // which of [Drivers] hold, in their order
	Evidence    []Evidence
	Entities    []mask.Entity
	Probability float64 // of being won
	Won         bool
	favoured    bool // by a cue
}

// Evidence is a passage in which a driver shows, or shows that it does not hold. Package transcript has the same type.
type Evidence struct {
	Driver     int
	Holds      bool
	Start, End int
}

// Streams of random numbers in addition to the streams of the calls, which are numbered from 0.
const (
	labelStream = 1<<63 + iota
	agentStream
	cueStream // the cues' seed is the calls' with this
)

// Generate draws n calls, and returns them with the ROC AUC to be expected of their true probabilities.
func Generate(n int, o Options) (calls []Call, auc float64) {
	calls = make([]Call, n)
	for i := range calls {
		calls[i] = write(i, n, o)
	}
	return calls, label(calls, o)
}
