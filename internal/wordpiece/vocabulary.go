package wordpiece

import (
	"math/bits"
	"strings"
)

// prefix marks the tokens that continue a word.
const prefix = "##"

// vocabulary finds a token by a hash that any part of a word gets from the hashes of the word's beginnings:
//
//	beginnings: pre[0] = 0, pre[i+1] = pre[i]·base + word[i] + 1
//	a part:     hash(word[i:j]) = pre[j] − pre[i]·base^(j−i), modulo 2^64
//
// so that trying one length after another costs no second look at the bytes.
type vocabulary struct {
	tokens        []string // by id
	unk, cls, sep int
	slots         []slot // open addressing, linear probing, at most half full
	shift         int    // slot number: the top bits of the mixed hash
	longest       [2]int // bytes in the longest token that starts (0) or continues (1) a word
	powers        [maxToken + 1]uint64
}

type slot struct {
	tag uint32 // further bits of the mixed hash
	id  int32  // −1: empty
}

const (
	base     = 0x9E3779B97F4A7C15
	inside   = 0xD1B54A32D192ED03 // added to the hash of a token that continues a word
	mix      = 0x2545F4914F6CDD1D
	maxToken = 4 * maxChars // longer tokens never match: words are at most maxChars characters
)

func newVocabulary(tokens []string) *vocabulary {
	v := &vocabulary{tokens: tokens, shift: 64 - bits.Len(uint(2*len(tokens)))}
	v.powers[0] = 1
	for i := range maxToken {
		v.powers[i+1] = v.powers[i] * base
	}
	v.slots = make([]slot, 1<<(64-v.shift))
	for i := range v.slots {
		v.slots[i].id = -1
	}
	for id, token := range tokens {
		part, continues := strings.CutPrefix(token, prefix)
		if part == "" || len(part) > maxToken {
			continue
		}
		var h uint64
		for i := range len(part) {
			h = h*base + uint64(part[i]) + 1
		}
		at := 0
		if continues {
			h, at = h+inside, 1
		}
		v.longest[at] = max(v.longest[at], len(part))
		i, tag := v.place(h)
		for v.slots[i].id >= 0 {
			i = (i + 1) & (len(v.slots) - 1)
		}
		v.slots[i] = slot{tag, int32(id)}
	}
	return v
}

func (v *vocabulary) place(hash uint64) (index int, tag uint32) {
	m := (hash ^ hash>>32) * mix
	return int(m >> v.shift), uint32(m)
}

// find returns the id of a token, −1 if there is none. skip is the length of what it has before that part of the word.
func (v *vocabulary) find(hash uint64, part []byte, skip int) int {
	i, tag := v.place(hash)
	for {
		s := v.slots[i]
		if s.id < 0 {
			return -1
		}
		if s.tag == tag {
			if t := v.tokens[s.id]; len(t) == skip+len(part) && t[skip:] == string(part) {
				return int(s.id)
			}
		}
		i = (i + 1) & (len(v.slots) - 1)
	}
}
