package transcript

import (
	"slices"
	"sort"
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
	if _, known := usualNames[strings.ToLower(name)]; known && strings.IndexByte(name, ' ') < 0 { // as most are
		return roleName
	}
	if like := numberLikeness(name); like != noName {
		return like
	}
	if len(name) == 1 && name[0] >= 'A' && name[0] <= 'Z' && name != "I" {
		return fairName
	}
	if areInitials(name) || name == "Me" || name == "You" || name == "Them" { // as note takers call the two sides
		return fairName
	}
	_, role := usualRole(name)
	words, lettered, capitals, small, forenames, headings, stops, offers := 0, 0, 0, 0, 0, 0, 0, 0
	inside, first, titled, from := false, false, false, false // in parentheses; the first is a heading; a title such as ", Head of IT" has begun
	pair := pairOfWords(name)
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
		if class.is(offerWord | headingWord) {
			offers++
		}
		switch _, known := usualRole(bare); {
		case class.is(forename | title):
			forenames++
		case known, words <= pair, words > 1 && len(bare) == 1 && bare[0] >= 'A' && bare[0] <= 'Z': // an initial
		case words == 2 && capitals == 1 && lower == "from": // "Jane from Northwind"
			from = true
			continue
		case class.is(headingWord | soundWord):
			headings++
			first = first || words == 1
		case class.is(nameAndWord), words > 1 && class.is(particle), titled && (class.is(joiner) || unicode.IsUpper(rune(bare[0]))):
		case role && class.is(common):
			stops++
		case class.is(common | digitWord | numberWord):
			return noName
		}
		titled = titled || strings.HasSuffix(word, ",")
		lettered++
		switch c, _ := utf8.DecodeRuneInString(bare); {
		case !strings.ContainsFunc(bare, unicode.IsLetter):
			lettered--
		case !unicode.IsLower(c) || strings.ContainsFunc(bare, unicode.IsUpper):
			capitals++
		case words > 1 && class.is(particle), titled && class.is(joiner):
		default:
			small++
		}
	}
	switch {
	case words == 0, first, offers == words && forenames == 0, headings > 0 && (role || small > 0) && forenames == 0, stops > 0 && small > 0:
		return noName
	case role && (small == 0 || capitals == 0):
		return roleName
	case capitals == 0 && words <= 3, lettered == 1 && isPhone(name):
		return weakName
	case small > 0:
		return noName
	case !from && (lettered > 1 || forenames > 0 || !isASCII(name)):
		return goodName
	}
	return fairName
}

// hasForename reports whether a name starts with a forename that is no other word.
func hasForename(name string) bool {
	first, _, _ := strings.Cut(name, " ")
	class := vocabulary[strings.ToLower(first)]
	return class.is(forename) && !class.is(nameAndWord|headingWord|common) && likenessOf(name, nil) == goodName
}

// isPhone reports whether a name has the digits of a telephone number.
func isPhone(name string) bool {
	n := 0
	for i := range len(name) {
		if isDigit(name[i]) {
			n++
		}
	}
	return n > 6
}

// areInitials reports whether a label is two capitals that are not also what people say or write before a colon.
func areInitials(name string) bool {
	return len(name) == 2 && isLetter(name[0]) && isLetter(name[1]) && name == strings.ToUpper(name) &&
		!strings.Contains("OK NO HI OH SO AH HM", name) && !vocabulary[strings.ToLower(name)].is(headingWord|soundWord)
}

// pairOfWords is 2 where the first two words of a name belong together, as in "Meeting Room 4", else 0.
func pairOfWords(name string) int {
	if strings.IndexByte(name, ' ') < 0 {
		return 0
	}
	if words := strings.Fields(name); len(words) > 1 {
		if _, known := usualNames[strings.ToLower(words[0]+" "+words[1])]; known {
			return 2
		}
	}
	return 0
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
	name = strings.TrimPrefix(name, "#")
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
	case digits > 6, digits > 3 && strings.Contains(name, "*"):
		return goodName
	case digits > 0 && others == 0:
		return weakName
	}
	return noName
}

// nameUse is how often a speaker is named, and by what.
type nameUse struct {
	like         likeness
	number       bool // a telephone number, an address or an identifier
	lower        bool // without a capital
	count, first int  // in all, and not in later lines of subtitles
	astray       int  // and where the time is not in order
}

// settler decides which marks are such.
type settler struct {
	marks  []mark
	uses   map[string]*nameUse
	known  [forms]bool // labels in this text have the form
	weak   [forms]bool // names in small letters that come back have it
	small  bool        // and there are no others
	lower  bool        // no name that looks like one has a capital
	back   bool        // and one of them comes back
	every  form        // that each line or cue has; unnamed if they differ
	commas bool        // "Last, First" is a name in this text
	usual  habits
}

// habits are what labels of a text have in common: most are on a line above the text, have times that could be said, name
// who "says", come after a line that ends without a full stop, which then means nothing, or after a blank line.
type habits struct {
	header, sayable, says, open, loose, spaced bool
	style                                      byte // of names with a time
}

// settle returns the marks that stand. A label is one by how much it looks like a name, by coming back, and by the form of
// the labels of the text: where they are known, who speaks once is known by the same form. lines is how many lines or cues
// could have a label, heads how many blocks of them.
func settle(text string, marks []mark, lines, heads int, every [forms]int, roles Roles) []mark {
	s := &settler{marks: marks, uses: make(map[string]*nameUse)}
	var clocked []*mark
	for i := range marks {
		m := &marks[i]
		if before := i - 2; before >= 0 && marks[before].name.speaker == m.name.speaker {
			m.use = marks[before].use // two speak by turns
		}
		s.count(m, roles)
		if m.form != unnamed && m.from > 0 && !m.cue && m.use.like > noName {
			clocked = append(clocked, m)
		}
	}
	findAstray(clocked)
	for f := range forms {
		if f != unnamed && (every[f] == lines || f == timed && every[f] == heads && heads > 1) {
			s.every = f
		}
	}
	s.habits()
	s.lower = true
	for _, u := range s.uses {
		s.lower = s.lower && (u.lower || u.like < fairName)
		s.back = s.back || u.like > noName && u.first > 1
	}
	s.forms(lines, heads, every)
	kept := marks[:0]
	times := s.saidTimes(lines)
	for i, m := range marks {
		switch {
		case m.form == unnamed:
			named := false // the time belongs to the label below it
			if i+1 < len(marks) && marks[i+1].form != unnamed && marks[i+1].start == m.body && s.stands(&marks[i+1]) {
				next := &marks[i+1]
				named = next.form == timed && next.header && next.from == m.from || m.spaced && next.form == colon && next.from == 0
				if named && next.from == 0 {
					next.from, next.to = m.from, m.to
				}
			}
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
	return s.withWords(text, aboveTimes(text, kept))
}

// aboveTimes leaves out keys and values such as "Chat Started: March 5, 2026, 14:15" that stand above the first label with a time before it, where
// all labels from there on have one and none of them names the same.
func aboveTimes(text string, marks []mark) []mark {
	const fewest, most = 3, 500 // labels with a time, and bytes above them
	timed := func(m mark) bool { return m.form != unnamed && m.style != 0 && !m.cue }
	i := slices.IndexFunc(marks, func(m mark) bool { return m.form != unnamed })
	if i < 0 || timed(marks[i]) || !slices.ContainsFunc(marks, timed) {
		return marks
	}
	labels := slices.DeleteFunc(slices.Clone(marks), func(m mark) bool { return m.form == unnamed })
	first := slices.IndexFunc(labels, timed)
	if len(labels)-first < fewest || labels[first].start-labels[0].start > most {
		return marks
	}
	for _, m := range labels[first:] {
		if !timed(m) || slices.ContainsFunc(labels[:first], func(above mark) bool { return above.name.speaker == m.name.speaker }) {
			return marks
		}
	}
	head := text[labels[0].start:labels[first].start]
	if slices.ContainsFunc(labels[:first], func(m mark) bool { return m.use.like == roleName || m.form != colon }) || !isHeader(head+"\n\n") {
		return marks
	}
	end := labels[first].start
	return slices.Replace(marks, i, slices.IndexFunc(marks, timed), mark{start: marks[i].start, body: end, bare: end, page: true})
}

// withWords leaves out the labels of who never says anything, and numbers with nothing to say.
func (s *settler) withWords(text string, marks []mark) []mark {
	var silent []int
	for i, m := range marks {
		next := len(text)
		if i+1 < len(marks) {
			next = marks[i+1].start
		}
		if m.form != unnamed && m.form != voice && isBlank(text[m.body:max(m.body, next)]) {
			silent = append(silent, i)
		}
	}
	if silent == nil {
		return marks
	}
	is := func(i int) bool {
		_, found := slices.BinarySearch(silent, i)
		return found
	}
	said := make(map[string]bool)
	for i, m := range marks {
		said[m.name.speaker] = said[m.name.speaker] || !is(i)
	}
	kept := marks[:0]
	for i, m := range marks {
		if is(i) {
			if u := m.use; u.number || u.like < roleName && !said[m.name.speaker] {
				if m.bare < 0 {
					continue
				}
				m.unname()
			}
		}
		kept = append(kept, m)
	}
	return kept
}

// findAstray finds times that could be said and are not in the longest sequence of times in order, in which names that come back
// count twice.
func findAstray(marks []*mark) {
	var ends []int                    // of the sequences of each length, the one whose last time is the earliest
	before := make([]int, len(marks)) // the mark before each in its sequence, -1 for none
	ordered := make([]bool, len(marks))
	for i, m := range marks {
		before[i] = -1
		for range min(m.use.count, 2) {
			n := len(ends)
			if n > 0 && marks[ends[n-1]].from > m.from {
				n = sort.Search(n, func(k int) bool { return marks[ends[k]].from > m.from })
			}
			if n > 0 && ends[n-1] != i {
				before[i] = ends[n-1]
			}
			if n == len(ends) {
				ends = append(ends, 0)
			}
			ends[n] = i
		}
	}
	if len(ends) > 0 {
		for i := ends[len(ends)-1]; i >= 0; i = before[i] {
			ordered[i] = true
		}
	}
	for i, m := range marks {
		if m.astray = m.sayable && !ordered[i]; m.astray {
			m.use.astray++
		}
	}
}

func (s *settler) count(m *mark, roles Roles) {
	if m.form == unnamed {
		return
	}
	u := m.use
	if u == nil {
		u = s.uses[m.name.speaker]
	}
	if u == nil {
		u = &nameUse{like: likenessOf(m.name.speaker, roles), number: numberLikeness(m.name.speaker) != noName && m.name.speaker[0] != '#',
			lower: m.name.speaker == strings.ToLower(m.name.speaker)}
		s.uses[m.name.speaker] = u
	}
	m.use = u
	u.count++
	if !m.later {
		u.first++
	}
	s.commas = s.commas || u.count > 1 && u.like >= fairName && strings.Contains(m.name.speaker, ", ")
}

// forms finds the forms that labels have: of words for a side, of names that come back, or of two good names.
func (s *settler) forms(lines, heads int, every [forms]int) {
	var good [forms]string
	for i := range s.marks {
		m := &s.marks[i]
		u := m.use
		if m.form == unnamed || m.later || m.tight && u.like < roleName || s.strange(m, u) {
			continue
		}
		sure := u.like == roleName || u.like >= fairName && u.first > 1
		named := u.like == goodName || u.like == fairName && m.header && m.style == '|' // "0:12 | Jane"
		first := good[m.form]
		switch {
		case sure, named && first != "" && first != m.name.speaker:
			s.known[m.form] = true
		case u.like == weakName && u.first > 1 && (m.form < timed || m.form == square):
			s.weak[m.form] = true
		case named:
			good[m.form] = m.name.speaker
		}
	}
	if s.small = s.known == [forms]bool{} && s.talk(lines); s.small {
		s.known = s.weak
	}
	s.known[apart] = s.known[apart] && s.every == apart
	s.known[dot] = s.asksAndAnswers()
	others := s.known[colon] || s.known[dash] || s.known[timed] || s.known[square] || s.known[bold]
	s.known[alone] = s.known[alone] && !others && every[alone] > 1 && every[alone]*5 >= heads*4
}

// asksAndAnswers reports whether "Q." and "A." are labels: both come back, where "A. Milne" would not.
func (s *settler) asksAndAnswers() bool {
	var n [2]int
	for i := range s.marks {
		if m := &s.marks[i]; m.form == dot {
			n[strings.Index("QA", m.name.speaker)]++
		}
	}
	return n[0] > 1 && n[1] > 1
}

// habits finds what most labels of names that come back have in common, or else of all that could be names.
func (s *settler) habits() {
	for _, least := range []int{2, 1} {
		var n struct{ all, header, sayable, says, open, loose, spaced int }
		var styles [256]int
		count := func(is bool, n *int) {
			if is {
				*n++
			}
		}
		for i := range s.marks {
			m := &s.marks[i]
			u := m.use
			if m.form == unnamed || m.later || u.like < fairName || u.first < least && u.like < roleName || m.form == alone && u.first < 2 {
				continue
			}
			n.all++
			count(m.header, &n.header)
			count(m.sayable, &n.sayable)
			count(m.says, &n.says)
			count(m.open, &n.open)
			count(m.loose, &n.loose)
			count(m.spaced, &n.spaced)
			if m.form == timed {
				if styles[m.style]++; styles[m.style] > styles[s.usual.style] {
					s.usual.style = m.style
				}
			}
		}
		if n.all > 0 {
			s.usual = habits{2*n.header > n.all, 2*n.sayable > n.all, 2*n.says > n.all, 2*n.open > n.all, 2*n.loose > n.all-1, 2*n.spaced > n.all, s.usual.style}
			return
		}
	}
}

// strange reports whether a label is unlike most of the text, so that it may well be what somebody says.
func (s *settler) strange(m *mark, u *nameUse) bool {
	loose := m.loose && !s.usual.loose
	inBlock := s.usual.spaced && !m.spaced
	switch {
	case m.header != s.usual.header && (m.header || m.form <= dash && (m.style == 0 || m.sayable)),
		m.says && !s.usual.says,
		m.open && (m.astray || !s.usual.open || m.style != s.usual.style),
		m.header && inBlock:
		return true
	case u.number:
		return loose || inBlock || u.count == 1 && s.names(u) > 1
	case m.sayable && u.astray == u.count:
		return true
	case m.sayable && s.usual.sayable:
		return m.astray || inBlock
	}
	return m.sayable && (m.astray || inBlock || m.loose || !m.header)
}

// names counts the names other than one.
func (s *settler) names(but *nameUse) (n int) {
	for _, u := range s.uses {
		if u != but && u.like >= fairName && u.first > 0 {
			n++
		}
	}
	return n
}

// talk reports whether names in small letters name speakers: two at least come back, and half of all lines have one.
func (s *settler) talk(lines int) bool {
	names, marks := 0, 0
	for _, u := range s.uses {
		if u.like == weakName && u.first > 1 {
			names, marks = names+1, marks+u.first
		}
	}
	return names > 1 && 2*marks >= lines
}

// stands reports whether a label is one.
func (s *settler) stands(m *mark) bool {
	u := m.use
	again := u.count > 1 && u.first > 0
	switch {
	case m.form == voice:
		return true
	case s.strange(m, u):
		return false
	case u.like == noName:
		return m.form == colon && s.every == colon && (again && s.twice() || !m.cue && m.bare >= 0)
	case u.like == roleName && m.form != alone && m.form != apart:
		return true
	case m.form == s.every && m.form <= bold && !m.later && (!m.tight || m.form == round) && (u.like >= fairName || s.back && s.lower), m.change && m.form == colon && u.like >= fairName:
		return true
	case m.later && u.count == 1: // who speaks once
		return s.known[m.form] && !m.tight && !m.loose && hasForename(m.name.speaker)
	case m.later || m.tight:
		return again && s.known[m.form] && u.like >= fairName
	case !s.known[m.form], m.form == timed && m.style != s.usual.style:
		return false
	case again:
		return u.like >= fairName || s.small
	case strings.Contains(m.name.speaker, ", "):
		return s.commas
	}
	return u.like >= goodName || u.like == fairName && (!m.loose || s.usual.loose) && !hasDigit(m.name.speaker)
}

// twice reports whether each label comes back and there are two, as in "Me" and "John", or only headings, as those of questions and
// answers are.
func (s *settler) twice() bool {
	for _, u := range s.uses {
		if u.count < 2 || u.like != noName && len(s.uses) > 2 {
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
