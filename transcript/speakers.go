package transcript

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// likeness is how much a label looks like the name of a speaker.
type likeness uint8

const (
	noName   likeness = iota // a sentence, a heading such as "Note", a sound such as "laughs"
	weakName                 // in small letters or digits
	fairName                 // one word with a capital
	goodName                 // a forename, several words with capitals, a telephone number, an address
	roleName                 // a word for one of the sides, or a name in the call's Roles
)

const (
	longestName = 80 // bytes
	mostWords   = 9
)

// likenessOf judges a label by its words.
func likenessOf(name string, roles Roles) likeness {
	if _, given := roles.given(name); given {
		return roleName
	}
	if like := numberLikeness(name); like != noName {
		return like
	}
	if len(name) == 1 && name[0] >= 'A' && name[0] <= 'Z' && name != "I" {
		return fairName
	}
	_, role := usualRole(name)
	words, capitals, small, forenames, headings, stops := 0, 0, 0, 0, 0, 0
	inside, first := false, false
	for word := range strings.FieldsSeq(name) {
		bare := strings.Trim(word, `(),.|&/+-*#'"`)
		if open := word[0] == '(' || word[0] == '['; inside || open {
			word = strings.TrimRight(word, ",")
			inside = !strings.HasSuffix(word, ")") && !strings.HasSuffix(word, "]")
			if words > 0 {
				continue // pronouns and firms in parentheses can be anything
			}
		}
		if bare == "" {
			continue
		}
		if words++; words > mostWords {
			return noName
		}
		lower := strings.ToLower(bare)
		class := vocabulary[lower]
		switch _, known := usualRole(bare); {
		case class.is(forename | title):
			forenames++
		case known:
		case class.is(headingWord | soundWord):
			headings++
			first = first || words == 1
		case class.is(nameAndWord), words > 1 && class.is(particle):
		case role && class.is(common):
			stops++
		case class.is(common | digitWord | numberWord):
			return noName
		}
		switch c, _ := utf8.DecodeRuneInString(bare); {
		case !strings.ContainsFunc(bare, unicode.IsLetter):
		case !unicode.IsLower(c) || strings.ContainsFunc(bare, unicode.IsUpper):
			capitals++
		case words > 1 && class.is(particle):
		default:
			small++
		}
	}
	switch {
	case words == 0, first, headings > 0 && (role || small > 0) && forenames == 0, stops > 0 && small > 0:
		return noName
	case role && (small == 0 || capitals == 0):
		return roleName
	case capitals == 0 && words <= 3:
		return weakName
	case small > 0:
		return noName
	case words > 1 || forenames > 0 || !isASCII(name):
		return goodName
	}
	return fairName
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// numberLikeness judges telephone numbers, identifiers and addresses.
func numberLikeness(name string) likeness {
	if strings.Contains(name, "@") && !strings.ContainsAny(name, " ,") {
		return goodName
	}
	digits, others := 0, 0
	for i := range len(name) {
		switch {
		case isDigit(name[i]):
			digits++
		case strings.IndexByte("+-() .*", name[i]) < 0:
			others++
		}
	}
	switch {
	case others > 0 && (digits < 4 || strings.Contains(name, " ")):
		return noName
	case digits > 6:
		return goodName
	case digits > 0 && others == 0:
		return weakName
	}
	return noName
}

// nameUse is how often a speaker is named, and by what.
type nameUse struct {
	like         likeness
	count, first int // in all, and not in later lines of subtitles
}

// settler decides which marks are such.
type settler struct {
	marks  []mark
	uses   map[string]*nameUse
	known  [forms]bool // the form is that of labels in this text
	weak   [forms]bool // those of names in small letters that come back
	small  bool        // and there are no others
	every  form        // that each line or cue has; unnamed if they differ
	commas bool        // "Last, First" is a name in this text
	style  byte        // of names with a time that come back
	// unpunctuated: lines before labels end without a full stop, so that this means nothing.
	unpunctuated bool
}

// settle returns the marks that stand. A label is one by how much it looks like a name, by coming back, and by the form of
// the labels of the text: where they are known, who speaks once is known by the same form. lines is how many lines or cues
// could have a label, heads how many blocks of them.
func settle(marks []mark, lines, heads int, every [forms]int, roles Roles) []mark {
	s := &settler{marks: marks, uses: make(map[string]*nameUse)}
	for i := range marks {
		s.count(&marks[i], roles)
	}
	for f := range forms {
		if every[f] == lines && f != unnamed {
			s.every = f
		}
	}
	s.forms(heads, every)
	kept := marks[:0]
	times := s.saidTimes(lines)
	for i, m := range marks {
		switch {
		case m.form == unnamed:
			named := i+1 < len(marks) && marks[i+1].form == timed && marks[i+1].start == m.body && s.stands(&marks[i+1])
			if m.loose && times && !named {
				continue
			}
		case s.stands(&m):
		case m.bare < 0:
			continue
		default:
			m.unname()
		}
		kept = append(kept, m)
	}
	return kept
}

func (s *settler) count(m *mark, roles Roles) {
	if m.form == unnamed {
		return
	}
	u := s.uses[m.name.speaker]
	if u == nil {
		u = &nameUse{like: likenessOf(m.name.speaker, roles)}
		s.uses[m.name.speaker] = u
	}
	u.count++
	if !m.later {
		u.first++
	}
	s.commas = s.commas || u.count > 1 && u.like >= fairName && strings.Contains(m.name.speaker, ", ")
}

// forms finds the forms that labels have: those of words for a side, of names that come back, or of two good names.
func (s *settler) forms(heads int, every [forms]int) {
	var good [forms]string
	loose, sure := 0, 0
	var styles [256]int
	for i := range s.marks {
		m := &s.marks[i]
		u := s.uses[m.name.speaker]
		if m.form == unnamed || m.later || m.tight && u.like < roleName {
			continue
		}
		if u.like == roleName || u.like >= fairName && u.first > 1 {
			if sure++; m.loose {
				loose++
			}
			if m.form == timed {
				if styles[m.style]++; styles[m.style] > styles[s.style] {
					s.style = m.style
				}
			}
		}
		first := good[m.form]
		switch {
		case u.like == roleName, u.like >= fairName && u.first > 1, u.like == goodName && first != "" && first != m.name.speaker:
			s.known[m.form] = true
		case u.like == weakName && u.first > 1 && m.form < timed:
			s.weak[m.form] = true
		case u.like == goodName:
			good[m.form] = m.name.speaker
		}
	}
	if s.small = s.known == [forms]bool{}; s.small {
		s.known = s.weak
	}
	s.unpunctuated = 2*loose > sure
	s.known[apart] = s.known[apart] && s.every == apart
	others := s.known[colon] || s.known[dash] || s.known[timed] || s.known[square] || s.known[bold]
	s.known[alone] = s.known[alone] && !others && every[alone] > 1 && every[alone]*5 >= heads*4
}

// stands reports whether a label is one.
func (s *settler) stands(m *mark) bool {
	u := s.uses[m.name.speaker]
	again := u.count > 1 && u.first > 0
	switch {
	case m.form == voice:
		return true
	case u.like == noName:
		return m.form == colon && s.every == colon && (again && s.twice() || !m.cue && m.bare >= 0)
	case u.like == roleName && m.form != alone && m.form != apart:
		return true
	case m.form == s.every && m.form <= bold && (!m.tight || m.form == round) && (m.form <= dash || u.like >= fairName), m.change && m.form == colon && u.like >= fairName:
		return true
	case m.later || m.tight:
		return again && s.known[m.form] && u.like >= fairName
	case !s.known[m.form], m.form == timed && m.style != s.style:
		return false
	case again:
		return u.like >= fairName || s.small
	case strings.Contains(m.name.speaker, ", "):
		return s.commas
	}
	return u.like >= goodName || u.like == fairName && (!m.loose || s.unpunctuated)
}

// twice reports whether there are only headings and each comes back, as those of questions and answers do.
func (s *settler) twice() bool {
	for _, u := range s.uses {
		if u.count < 2 || u.like != noName {
			return false
		}
	}
	return len(s.uses) > 1
}

// saidTimes reports whether lines that are a time such as "0:03" are what somebody says: they stand above what is said
// where there are many and each is later than the one before.
func (s *settler) saidTimes(lines int) bool {
	n, last := 0, time.Duration(-1)
	for i := range s.marks {
		if m := &s.marks[i]; m.form == unnamed && m.loose {
			if m.from <= last {
				return true
			}
			n, last = n+1, m.from
		}
	}
	return n < 3 || n*4 < lines
}
