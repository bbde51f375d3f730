package transcript

import (
	"maps"
	"slices"
	"strings"
)

// Role is the side of the call that a speaker is on.
type Role int8

// The roles. Other is a third party, or a name that says nothing.
const (
	Other Role = iota
	Agent
	Customer
)

func (r Role) String() string {
	switch r {
	case Agent:
		return "agent"
	case Customer:
		return "customer"
	}
	return "other"
}

// Roles tells which speakers are on which side, by their names as the calls write them; case does not count.
type Roles map[string]Role

// Of returns the side of a speaker: what the table says, or else what the name says, such as "Sales Rep", "Client 2" or
// "Dana (customer)".
func (r Roles) Of(speaker string) Role {
	role, _ := r.find(speaker)
	return role
}

// find also reports whether the name is one that only speakers have.
func (r Roles) find(speaker string) (role Role, known bool) {
	if role, known = r.given(speaker); known {
		return role, true
	}
	return usualRole(speaker)
}

// given returns what the table itself says of a speaker.
func (r Roles) given(speaker string) (role Role, given bool) {
	if len(r) == 0 {
		return Other, false
	}
	if role, given = r[speaker]; given {
		return role, true
	}
	for _, entry := range slices.Sorted(maps.Keys(r)) {
		if strings.EqualFold(entry, speaker) {
			return r[entry], true
		}
	}
	return Other, false
}

// usualRole returns what a speaker's name says, and whether it is one that only speakers have.
func usualRole(speaker string) (role Role, known bool) {
	words := strings.FieldsFunc(strings.ToLower(speaker), func(c rune) bool { return strings.ContainsRune(" _.#/()0123456789", c) })
	if role, known = usualNames[strings.Join(words, " ")]; known {
		return role, true
	}
	for i := len(words) - 1; i >= 0; i-- {
		if role, known = usualNames[words[i]]; known {
			return role, true
		}
	}
	return Other, false
}

// usualNames are words for speakers; of several in a name the last one counts ("customer support").
var usualNames = map[string]Role{
	"agent": Agent, "rep": Agent, "representative": Agent, "sales": Agent, "salesperson": Agent, "salesman": Agent,
	"saleswoman": Agent, "salesrep": Agent, "seller": Agent, "advisor": Agent, "adviser": Agent, "consultant": Agent,
	"account executive": Agent, "account manager": Agent, "ae": Agent, "sdr": Agent, "bdr": Agent, "csr": Agent,
	"operator": Agent, "support": Agent, "persuader": Agent, "broker": Agent, "sales lead": Agent,
	"customer": Customer, "client": Customer, "prospect": Customer, "buyer": Customer, "lead": Customer,
	"caller": Customer, "purchaser": Customer, "shopper": Customer, "persuadee": Customer,
	"speaker": Other, "participant": Other, "unknown": Other, "guest": Other, "host": Other, "moderator": Other,
}
