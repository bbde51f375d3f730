package transcript

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// GenerateOptions are the settings of [Generate]. The zero value means the defaults.
type GenerateOptions struct {
	Seed uint64
	// WonShare is the expected share of calls that are won, in (0, 1); default 0.5.
	WonShare float64
	// Signal scales the weights of all drivers; default 1. Near 0 the outcome is a coin flip.
	Signal float64
	// Noise is the share of calls, in [0, 1), whose label is drawn at random with WonShare; default 0.
	Noise float64
}

// Synthetic is a set of synthetic calls, with everything that is known about how they were generated.
type Synthetic struct {
	Calls []Call
	Truth []Truth // of each call
	// BayesAUC is the ROC AUC to be expected of a judge who knows each call's true probability. Labels are drawn by these
	// probabilities, so on average nobody does better; on one draw of few calls chance may say otherwise.
	BayesAUC float64
}

// Truth is how a synthetic call was generated.
type Truth struct {
	Pattern     string  // one of the eight courses that a call takes
	Drivers     []bool  // which of [Drivers] hold, in their order
	Probability float64 // of being won
	Entities    []Entity
}

// Driver is a circumstance that influences the outcome of a synthetic call and shows in its words.
type Driver struct {
	Name   string
	Weight float64 // in the log-odds of winning
	Rate   float64 // share of calls where it holds, of those where it can; some patterns shift it
}

// The places of the drivers.
const (
	rapport = iota
	need
	monologue
	decider
	rival
	locked
	stall
	objection
	handled
	buying
	proof
	nextStep
)

var drivers = []Driver{
	rapport:   {"rapport", 0.8, 0.5},
	need:      {"need confirmed", 1.4, 0.5},
	monologue: {"agent monologue", -1.0, 0.35},
	decider:   {"decision maker present", 1.5, 0.5},
	rival:     {"competitor named", -1.1, 0.4},
	locked:    {"bound by a contract", -1.5, 0.3},
	stall:     {"decision put off", -1.6, 0.4},
	objection: {"price objection", -1.8, 0.6},
	handled:   {"price objection handled", 2.6, 0.5}, // only where there is one
	buying:    {"buying signal", 1.1, 0.45},
	proof:     {"proof accepted", 1.0, 0.45},
	nextStep:  {"next step agreed", 2.4, 0.5},
}

// Drivers returns what the outcome of generated calls depends on, and on nothing else: the log-odds of winning are the
// sum of the weights of the drivers that hold, times GenerateOptions.Signal, plus a constant that sets the share won.
func Drivers() []Driver { return slices.Clone(drivers) }

// pattern is a course that calls take: its stages in order, and how much more or less often drivers hold.
type pattern struct {
	name   string
	stages string
	shift  map[int]float64 // added to Driver.Rate
}

var patterns = []pattern{
	{"cold call", "rapport need pitch rival decide locked stall price signal proof next", map[int]float64{rapport: -0.15, stall: 0.1}},
	{"inbound inquiry", "need pitch signal decide rival price proof stall locked next", map[int]float64{need: 0.1, buying: 0.15}},
	{"product demo", "rapport pitch signal pitch need price proof decide stall next", map[int]float64{monologue: 0.15, buying: 0.1}},
	{"follow-up", "rapport need rival signal price decide stall proof next", map[int]float64{decider: 0.1, rapport: 0.1}},
	{"renewal", "rapport need pitch price rival stall decide next", map[int]float64{rapport: 0.15, stall: -0.1}},
	{"supplier switch", "need locked rival pitch decide signal price proof next", map[int]float64{rival: 0.25, locked: 0.1}},
	{"price negotiation", "price decide rival pitch proof locked stall signal next", map[int]float64{objection: 0.2, decider: 0.1}},
	{"service recovery", "need rapport pitch signal proof price stall next", map[int]float64{need: 0.15, rapport: -0.1}},
}

// scripts are the lines of each stage: speaker, list, and how often the line is said if not always. A line for only one
// value of the stage's driver starts with + or -; "?" stands for on or off.
var scripts = map[string]struct {
	driver int
	lines  []string
}{
	"rapport": {rapport, []string{"A rapport.?.agent", "C rapport.?.customer"}},
	"need":    {need, []string{"A need.ask", "C need.?"}},
	"pitch": {monologue, []string{"-A pitch.short", "+A pitch.long.start", "+A pitch.long", "+A pitch.long", "+A pitch.long",
		"+A pitch.long", "+A pitch.long 0.5", "C pitch.answer"}},
	"decide": {decider, []string{"A decide.ask", "C decide.?"}},
	"rival":  {rival, []string{"+C rival.on", "-C rival.off 0.5", "+A rival.answer"}},
	"locked": {locked, []string{"+C locked.on", "-C locked.off 0.5", "+A locked.answer"}},
	"stall":  {stall, []string{"+C stall.on", "-C stall.off 0.5", "+A stall.answer"}},
	"price":  {objection, []string{"A price.say", "-C price.fine", "+C price.raise", "+A price.reply"}},
	"signal": {buying, []string{"+C signal.on", "+A signal.answer", "-C signal.off 0.6", "-A signal.off.answer 0.6"}},
	"proof":  {proof, []string{"A proof.offer", "C proof.?"}},
	"next":   {nextStep, []string{"A next.ask", "C next.?"}},
}

// Generate draws n calls, in English and synthetic throughout: no person, firm or product in them exists. Twelve
// industries and eight courses of a call vary what is said; every driver of the outcome has several wordings for and
// against, which draw in other lists, and the chat between them means nothing. The metadata says that the call is
// synthetic. The same options give the same bytes, and call i does not depend on how many are drawn.
//
// Entities are the personal data in the calls, for measuring how well it is masked; order numbers, versions, dates and
// prices are there to be left alone.
func Generate(n int, opts *GenerateOptions) (*Synthetic, error) {
	o := GenerateOptions{}
	if opts != nil {
		o = *opts
	}
	o.WonShare, o.Signal = cmp.Or(o.WonShare, 0.5), cmp.Or(o.Signal, 1)
	switch {
	case n < 1:
		return nil, fmt.Errorf("transcript: generate: %d calls, want 1 or more", n)
	case !(o.WonShare > 0 && o.WonShare < 1):
		return nil, fmt.Errorf("transcript: generate: WonShare is %v, want it between 0 and 1", o.WonShare)
	case !(o.Noise >= 0 && o.Noise < 1):
		return nil, fmt.Errorf("transcript: generate: Noise is %v, want it from 0 to below 1", o.Noise)
	case math.IsNaN(o.Signal) || math.IsInf(o.Signal, 0):
		return nil, fmt.Errorf("transcript: generate: Signal is %v, want a number", o.Signal)
	}
	s := &Synthetic{Calls: make([]Call, n), Truth: make([]Truth, n)}
	odds := make([]float64, n)
	for i := range n {
		s.Calls[i], s.Truth[i] = generate(i, n, o.Seed)
		for d, holds := range s.Truth[i].Drivers {
			if holds {
				odds[i] += o.Signal * drivers[d].Weight
			}
		}
	}
	shift := intercept(odds, o.WonShare)
	coins := rand.New(rand.NewPCG(o.Seed, labelStream))
	p := make([]float64, n)
	for i := range n {
		p[i] = (1-o.Noise)*sigmoid(odds[i]+shift) + o.Noise*o.WonShare
		s.Truth[i].Probability = p[i]
		s.Calls[i].Outcome = Lost
		if coins.Float64() < p[i] {
			s.Calls[i].Outcome = Won
		}
	}
	s.BayesAUC = expectedAUC(p)
	return s, nil
}

// Sample returns the 240 synthetic calls that the commands fall back on when they are given no data. Their drivers
// weigh twice as much as the default of [Generate], so that a model can learn from so few calls.
func Sample() []Call {
	s, err := Generate(240, &GenerateOptions{Seed: 1, Signal: 2})
	if err != nil {
		panic(err) // out of reach: the options are right
	}
	return s.Calls
}

// Streams of random numbers in addition to the streams of the calls, which are numbered from 0.
const (
	labelStream = 1<<63 + iota
	agentStream
)

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// intercept returns what has to be added to the log-odds for the mean probability to be share.
func intercept(odds []float64, share float64) float64 {
	low, high := -100.0, 100.0
	for range 100 {
		middle, sum := (low+high)/2, 0.0
		for _, x := range odds {
			sum += sigmoid(x + middle)
		}
		if sum < share*float64(len(odds)) {
			low = middle
		} else {
			high = middle
		}
	}
	return (low + high) / 2
}

// expectedAUC returns, for labels drawn independently with probabilities p, the expected number of pairs of a won and a
// lost call that p ranks rightly (half for ties) over the expected number of such pairs.
func expectedAUC(p []float64) float64 {
	sorted := slices.Sorted(slices.Values(p))
	var right, pairs, below, all float64 // below: expected number of lost calls ranked lower
	for _, v := range sorted {
		all += 1 - v
	}
	for i := 0; i < len(sorted); {
		j, won, lost, self := i, 0.0, 0.0, 0.0
		for ; j < len(sorted) && sorted[j] == sorted[i]; j++ {
			v := sorted[j]
			won, lost, self = won+v, lost+1-v, self+v*(1-v)
		}
		right += won*below + (won*lost-self)/2
		pairs += won*all - self
		below += lost
		i = j
	}
	if pairs == 0 {
		return 0.5
	}
	return right / pairs
}
