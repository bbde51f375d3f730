package transcript

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// finder looks for personal data in a text.
type finder struct {
	text  string
	found []Entity
	names map[string]bool // parts of names in lower case; true: found in any case, false: only with a capital
}

func (f *finder) add(kind Kind, start, end int) {
	f.found = append(f.found, Entity{kind, start, end})
}

// scan finds everything but further mentions of names.
func (f *finder) scan() {
	s := f.text
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case isDigit(c) || (c == '+' || c == '(') && i+1 < len(s) && isDigit(s[i+1]):
			i = f.number(i)
		case c == '@':
			i = f.email(i)
		case c == ':' && strings.HasPrefix(s[i:], "://"):
			i = f.url(wordStart(s, i), i+3)
		case c|0x20 == 'w' && len(s) > i+4 && s[i+3] == '.' && strings.EqualFold(s[i:i+4], "www.") && !isWordByte(s, i-1):
			i = f.url(i, i+4)
		case c == '.' && i+1 < len(s) && isLetter(s[i+1]):
			i = f.domain(i)
		case c >= 'A' && c <= 'Z' && !isWordByte(s, i-1):
			if n := ibanLength(s[i:]); n > 0 {
				f.add(Account, i, i+n)
				i += n
			} else {
				i = f.name(i)
			}
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(s[i:])
			if unicode.IsUpper(r) && !isWordByte(s, i-1) {
				i = f.name(i)
			} else {
				i += n
			}
		default:
			i++
		}
	}
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// isWordByte reports whether byte i, if there is one, belongs to a word; all of a letter beyond ASCII does.
func isWordByte(s string, i int) bool {
	return i >= 0 && i < len(s) && (isLetter(s[i]) || isDigit(s[i]) || s[i] == '_' || s[i] >= utf8.RuneSelf)
}

// wordStart returns the start of the run of letters that ends before byte i.
func wordStart(s string, i int) int {
	for i > 0 && isLetter(s[i-1]) {
		i--
	}
	return i
}

// longestAddress is how far back from its sign, in bytes, an e-mail or web address may start.
const longestAddress = 254

// email adds the address whose '@' is byte i, and returns where to go on.
func (f *finder) email(i int) int {
	s, start, end := f.text, i, i+1
	for start > max(0, i-longestAddress) && (isLetter(s[start-1]) || isDigit(s[start-1]) || strings.IndexByte("._%+-'", s[start-1]) >= 0) {
		start--
	}
	for start < i && strings.IndexByte(".'-", s[start]) >= 0 {
		start++
	}
	dots := 0
	for end < len(s) && (isLetter(s[end]) || isDigit(s[end]) || s[end] == '-' || s[end] == '.' && isWordByte(s, end+1)) {
		if s[end] == '.' {
			dots++
		}
		end++
	}
	if start == i || dots == 0 {
		return i + 1
	}
	f.add(Email, start, end)
	return end
}

// url adds the address that starts at byte start and whose scheme ends before byte i.
func (f *finder) url(start, i int) int {
	s, end := f.text, i
	for end < len(s) && s[end] > ' ' && strings.IndexByte("<>\"`{}|\\^", s[end]) < 0 {
		end++
	}
	for end > i && strings.IndexByte(".,;:!?)]'", s[end-1]) >= 0 {
		end--
	}
	if end > i && start < i {
		f.add(URL, start, end)
	}
	return max(end, i)
}

// domains are the endings by which a web address without "www." is known.
var domains = []string{"com", "org", "net", "edu", "gov", "io", "co.uk", "de", "eu", "info", "biz", "app", "dev"}

// domain adds the web address around the dot at byte i if it has one of the usual endings.
func (f *finder) domain(i int) int {
	s, start := f.text, i
	for start > max(0, i-longestAddress) && (isLetter(s[start-1]) || isDigit(s[start-1]) || s[start-1] == '-' || s[start-1] == '.') {
		start--
	}
	for _, d := range domains {
		end := i + 1 + len(d)
		if end > len(s) || !strings.EqualFold(s[i+1:end], d) || isWordByte(s, end) || start == i {
			continue
		}
		if end < len(s) && s[end] == '/' {
			return f.url(start, end)
		}
		f.add(URL, start, end)
		return end
	}
	return i + 1
}

// ibanLength returns the length of the IBAN at the start of s, written in groups of four or unbroken, 0 if there is none.
func ibanLength(s string) int {
	if len(s) < 15 || !isLetter(s[1]) || !isDigit(s[2]) || !isDigit(s[3]) {
		return 0
	}
	var code []byte
	best := 0
	for i := 0; i < len(s) && len(code) <= 34; i++ {
		c := s[i]
		switch {
		case isDigit(c) || c >= 'A' && c <= 'Z':
			code = append(code, c)
		case c != ' ' || i+1 == len(s) || s[i+1] == ' ':
			i = len(s)
			continue
		}
		if len(code) >= 15 && len(code) <= 34 && c != ' ' && !isWordByte(s, i+1) && mod97(string(code[4:])+string(code[:4])) == 1 {
			best = i + 1
		}
	}
	return best
}

// number finds what the number at byte i is: a card, an account, a telephone or the start of an address.
func (f *finder) number(i int) int {
	groups, free := f.groups(i)
	for k := len(groups); k > 0 && free; k-- {
		end := groups[k-1].end
		if isWordByte(f.text, end) || end < len(f.text) && f.text[end] == '%' {
			continue
		}
		if k < len(groups) && (f.text[end] != ' ' || groups[k].end-groups[k].start > 3) { // in the middle of a long number
			continue
		}
		if kind := f.classify(i, groups[:k]); kind != "" {
			f.add(kind, i, end)
			return end
		}
	}
	first := groups[0]
	if free && first.end-first.start <= 5 && i == first.start {
		if end := addressEnd(f.text, first.end); end > 0 {
			f.add(Address, i, end)
			return end
		}
	}
	fours := len(groups) > 2 // like a card's, but its digits are wrong
	for _, g := range groups[:min(3, len(groups))] {
		fours = fours && g.end-g.start == 4
	}
	if free && !fours {
		return first.end
	}
	return groups[len(groups)-1].end
}

// group is a run of digits.
type group struct{ start, end int }

// groups returns the runs of digits from byte i on that belong together, at most twelve, and whether they are free of
// what would make them part of something else: an amount, a code.
func (f *finder) groups(i int) (groups []group, free bool) {
	s := f.text
	free = !isWordByte(s, i-1) && (i == 0 || strings.IndexByte("#.,:=/", s[i-1]) < 0 || !isWordByte(s, i-2)) &&
		!(i > 1 && s[i-1] == '-' && isWordByte(s, i-2)) && (i == 0 || s[i-1] != '$' && s[i-1] != '#')
	var room [12]group
	groups = room[:0]
	for at := i; len(groups) < cap(room); {
		for at < len(s) && !isDigit(s[at]) {
			at++
		}
		end := at
		for end < len(s) && isDigit(s[end]) {
			end++
		}
		if end == at+1 && len(groups) > 0 { // only the first one, a country's code, can be a single digit
			break
		}
		groups = append(groups, group{at, end})
		at = end
		for n := 0; n < 2 && at < len(s) && strings.IndexByte(" -.()/", s[at]) >= 0; n++ {
			at++
		}
		if at == end || at == len(s) || !isDigit(s[at]) {
			break
		}
	}
	return groups, free
}

// classify tells cards, accounts and telephones from other numbers; the number starts at byte i with a '+', a bracket or
// its first digit.
func (f *finder) classify(i int, groups []group) Kind {
	s, last := f.text, groups[len(groups)-1]
	digits := make([]byte, 0, 32)
	slash, dash, dot := false, false, false
	for k, g := range groups {
		digits = append(digits, s[g.start:g.end]...)
		if k > 0 {
			gap := s[groups[k-1].end:g.start]
			slash = slash || strings.Contains(gap, "/")
			dash = dash || strings.Contains(gap, "-")
			dot = dot || strings.Contains(gap, ".")
		}
	}
	n := len(digits)
	if n < 6 || n > 19 {
		return ""
	}
	if n >= 13 && !slash && !dot && s[i] != '+' && luhn(digits) {
		return Card
	}
	before := strings.ToLower(s[max(0, i-28):i])
	if n <= 18 && !slash && containsAny(before, "account", "acct", "a/c", "iban", "routing", "sort code") {
		return Account
	}
	first := groups[0].end - groups[0].start
	switch {
	case n < 7 || n > 15:
		return ""
	case s[i] == '+', s[i] == '(' && n >= 9:
		return Phone
	case slash, isDate(groups):
		return ""
	case len(groups) == 1:
		if n >= 9 && n <= 13 && containsAny(before, "call", "phone", "number", "mobile", "cell", "ring", "reach", "text", "tel", "fax", "whatsapp") {
			return Phone
		}
	case len(groups) == 2 && n == 7 && dash && first == 3:
		return Phone
	case n >= 9 && n <= 13 && last.end-last.start >= 3 && first >= 2 && first <= 5 && (!dot || len(groups) < 4):
		return Phone
	}
	return ""
}

// isDate reports whether the groups are as long as those of 2025-03-04 or 4.3.2025.
func isDate(groups []group) bool {
	if len(groups) != 3 {
		return false
	}
	n := func(k int) int { return groups[k].end - groups[k].start }
	return n(0) == 4 && n(1) <= 2 && n(2) <= 2 || n(0) <= 2 && n(1) <= 2 && n(2) == 4
}

func containsAny(s string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// streets are the words that a street's name ends with, or within one word.
var streets = map[string]bool{"street": true, "st": true, "road": true, "rd": true, "avenue": true, "ave": true, "lane": true,
	"ln": true, "drive": true, "dr": true, "boulevard": true, "blvd": true, "way": true, "court": true, "ct": true,
	"square": true, "sq": true, "place": true, "pl": true, "terrace": true, "close": true, "row": true, "crescent": true,
	"parkway": true, "pkwy": true, "highway": true, "hwy": true, "mews": true, "gardens": true, "hill": true, "quay": true}

// addressEnd returns the end of the address whose house number ends at byte i, 0 if what follows is no street.
func addressEnd(s string, i int) int {
	if i < len(s) && s[i]|0x20 >= 'a' && s[i]|0x20 <= 'd' { // 12b
		i++
	}
	end := 0
	for n := 0; n < 5 && end == 0; n++ {
		word, from := nextWord(s, i)
		if word == "" || !isCapital(word) && !isDigit(word[0]) {
			return 0
		}
		i = from + len(word)
		if streets[strings.ToLower(word)] && n > 0 {
			end = i
		}
	}
	if end == 0 {
		return 0
	}
	if word, from := nextWord(s, end); from > end && slices.Contains([]string{"North", "South", "East", "West", "N", "S", "E", "W"}, word) {
		end = from + len(word)
	}
	return placeEnd(s, end)
}

// placeEnd goes on from the end of a street to that of the town and post code behind it.
func placeEnd(s string, end int) int {
	for range 3 { // parts after commas
		rest := strings.TrimPrefix(s[end:], ".") // of "St."
		if !strings.HasPrefix(rest, ", ") {
			break
		}
		i := len(s) - len(rest) + 2
		part := 0
		for range 4 {
			word, from := nextWord(s, i)
			if word == "" || from > i+1 || !isCapital(word) && !isDigit(word[0]) || ordinary[strings.ToLower(word)] {
				break
			}
			i = from + len(word)
			part = i
		}
		if part == 0 {
			break
		}
		end = part
	}
	return end
}

// nextWord returns the word of letters, digits, hyphens and apostrophes behind one blank at byte i, or at it.
func nextWord(s string, i int) (word string, from int) {
	i = min(i, len(s))
	if i < len(s) && s[i] == ' ' {
		i++
	}
	end := i
	for isWordByte(s, end) || end > i && end < len(s) && (s[end] == '\'' || s[end] == '-') && isWordByte(s, end+1) {
		end++
	}
	return s[i:end], i
}

// isCapital reports whether a word starts with a capital letter.
func isCapital(word string) bool {
	c, _ := utf8.DecodeRuneInString(word)
	return unicode.IsUpper(c)
}
