package main

import (
	"slices"
	"testing"
)

// Turns of one script count as one, however their order is.
func TestTurnsThatSayTheSameAreJoined(t *testing.T) {
	const script = "our founder was an engineer himself and he always said that numbers you keep would change everything"
	all := []influence{
		{Text: "Send me the contract.", Points: 9, LogOdds: 0.9, Times: 1, Won: 1, Call: "a"},
		{Text: "send  me the contract.", Points: 5, LogOdds: 0.5, Times: 1, Call: "b"},
		{Text: "Yes.", Points: 1, Times: 1, Won: 1},
		{Text: "No, " + script, Points: -2, Times: 1, Won: 1},
		{Text: "Well. " + script + " for good", Points: -6, Times: 1, Call: "c"},
	}
	got := joinAlike(all, slices.Concat(leaders(slices.Values(all)), leaders(reversed(all))))
	if len(got) != 3 || got[0].Points != 7 || got[0].Times != 2 || got[0].Won != 1 || got[0].Call != "a" || got[1].Text != "Yes." || got[2].Points != -4 || got[2].Times != 2 {
		t.Errorf("%+v", got)
	}
}
