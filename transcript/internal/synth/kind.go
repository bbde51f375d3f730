package synth

import (
	"math/rand/v2"
	"slices"
)

// Kinds are where the outcome of a call shows: in the drivers all over the call, or elsewhere alone. The others but metadata
// rest on cues, phrases that are in favour or against, of which as many of either are said in won and in lost calls.
const (
	ByDrivers  = "drivers"
	ByLast     = "last turns"  // the cue at the end; one at the beginning means nothing
	ByFirst    = "first turns" // the cue at the beginning; one at the end means nothing
	ByOrder    = "order"       // which of two cues is at the end
	BySpeaker  = "speaker"     // which of two cues the customer says
	ByMetadata = "metadata"    // large companies
	ByNothing  = "none"
)

// Kinds are all of them.
var Kinds = []string{ByDrivers, ByLast, ByFirst, ByOrder, BySpeaker, ByMetadata, ByNothing}

// cueWeight is what the cue, or a large company, is worth in the log-odds of winning: half of the calls have it, and with
// it seven of eight calls are won, without it one.
const cueWeight = 4

var largeCompanies = []string{"201-1000", "1000+"}

// cues are what a kind has said at the beginning and at the end of call i, and whether the outcome is favoured. They
// are drawn from a stream of their own, so that calls have the same other words whatever the kind.
func cues(kind string, seed uint64, i int) (opening, closing []string, favoured bool) {
	r := rand.New(rand.NewPCG(seed^cueStream, uint64(i)))
	favoured, other := r.IntN(2) == 0, r.IntN(2) == 0
	list := func(speaker string, on bool) string {
		if on {
			return speaker + " cue.on"
		}
		return speaker + " cue.off"
	}
	switch kind {
	case ByLast:
		return []string{list("C", other)}, []string{list("C", favoured)}, favoured
	case ByFirst:
		return []string{list("C", favoured)}, []string{list("C", other)}, favoured
	case ByOrder:
		return []string{list("C", !favoured)}, []string{list("C", favoured)}, favoured
	case BySpeaker:
		return nil, []string{list("A", !favoured), list("C", favoured)}, favoured
	}
	return nil, nil, false
}

// odds are the log-odds of winning a call, but for a constant.
func (c *Call) odds(o Options) (odds float64) {
	switch o.Kind {
	case ByDrivers:
		for d, holds := range c.Drivers {
			if holds {
				odds += o.Signal * Drivers[d].Weight
			}
		}
	case ByMetadata:
		if slices.Contains(largeCompanies, c.CompanySize) {
			odds = o.Signal * cueWeight
		}
	default:
		if c.favoured {
			odds = o.Signal * cueWeight
		}
	}
	return odds
}
