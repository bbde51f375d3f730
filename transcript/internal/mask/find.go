package mask

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// scan finds everything but further mentions of names.
func (f *Finder) scan() {
	s := f.text
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case isDigit(c) || (c == '+' || c == '(') && i+1 < len(s) && isDigit(s[i+1]):
			i = f.number(i)
		case c == '@':
			i = f.email(i)
		case c == ':' && strings.HasPrefix(s[i:], "://"):
			i = f.url(wordStart(s, i), i+3)
		case c == '.' && i+1 < len(s) && isLetter(s[i+1]):
			i = f.domain(i)
		case isLetter(c):
			if isWordByte(s, i-1) {
				i++
			} else {
				i = f.word(i)
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

// word finds what starts with the word at byte i, and returns where to continue.
func (f *Finder) word(i int) int {
	s := f.text
	end := i + 1
	for end < len(s) && isLetter(s[end]) {
		end++
	}
	word, class := s[i:end], class(0)
	if end == len(s) || s[end] < utf8.RuneSelf {
		class = classOf(word)
	}
	switch {
	case len(word) == 3 && strings.EqualFold(word, "www") && end < len(s) && s[end] == '.':
		return f.url(i, end+1)
	case end == i+2 && end < len(s) && isDigit(s[end]):
		if n := ibanLength(s[i:]); n > 0 {
			f.add(Account, i, i+n)
			return i + n
		}
	case class.is(digitWord | multiple):
		if to := f.spoken(i); to > 0 {
			return to
		}
	case class.is(spokenDot):
		if to := f.spokenAddress(i); to > 0 {
			return to
		}
	}
	if class.is(unitWord|streetBefore|numberWord|state) || isCapital(word) || word[0] == 'p' {
		if full, _ := nextWord(s, i); full != "" {
			if to := f.address(i, full, class); to > 0 {
				return to
			}
		}
	}
	if isCapital(word) {
		return f.name(i)
	}
	return f.smallName(i, end, class)
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

// email adds the address whose '@' is byte i, and returns where to continue.
func (f *Finder) email(i int) int {
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
func (f *Finder) url(start, i int) int {
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

// domain adds the web address around the dot at byte i if it ends as the domains of the Internet do, and returns where
// to continue.
func (f *Finder) domain(i int) int {
	s, start := f.text, i
	for start > max(0, i-longestAddress) && (isLetter(s[start-1]) || isDigit(s[start-1]) || s[start-1] == '-' || s[start-1] == '.') {
		start--
	}
	end, at := 0, i
	for at+1 < len(s) && s[at] == '.' && isLetter(s[at+1]) {
		from := at + 1
		for at = from; at < len(s) && (isLetter(s[at]) || isDigit(s[at]) || s[at] == '-'); at++ {
		}
		if classOf(s[from:at]).is(topLevel) && !isWordByte(s, at) {
			end = at
		}
	}
	if end == 0 || start == i {
		return at
	}
	if end < len(s) && s[end] == '/' {
		return f.url(start, end)
	}
	f.add(URL, start, end)
	return end
}

// spokenAddress adds the e-mail or web address that the word at byte i, a dot or an underscore, belongs to: "jane dot doe
// at example dot com", and returns its end, 0 if it is none.
func (f *Finder) spokenAddress(i int) int {
	s := f.text
	before := func(i int) (word string, from int) { // that ends blanks and brackets before byte i
		to := len(strings.TrimRight(s[:i], " ()[]"))
		for from = to; from > max(0, to-longestAddress) && (isWordByte(s, from-1) || s[from-1] == '-' || s[from-1] == '.'); from-- {
		}
		return s[from:to], from
	}
	first, start := before(i)
	if first == "" || i-start-len(first) > 2 || strings.EqualFold(first, "at") {
		return 0
	}
	at, from := before(start)
	mail := false
	if strings.EqualFold(at, "at") {
		if local, k := before(from); local != "" && from-k-len(local) <= 2 && !classOf(local).is(notLocal) && !(len(local) > 5 && strings.HasSuffix(local, "ed")) {
			start, mail = k, true
			for sign, k := before(start); classOf(sign).is(spelt) && k > i-longestAddress; sign, k = before(start) {
				if _, start = before(k); start == k {
					break
				}
			}
		}
	}
	end, last := 0, ""
	for to := i; to < i+longestAddress; {
		sign, k := nextWord(s, bracket(s, to))
		class := classOf(sign)
		if k = bracket(s, k+len(sign)); !class.is(spelt) && !strings.EqualFold(sign, "at") {
			break
		}
		mail = mail || !class.is(spelt)
		word, k := nextWord(s, k)
		if word == "" {
			break
		}
		to = k + len(word)
		end, last = to, word
	}
	if end == 0 || !classOf(last).is(topLevel) {
		return 0
	}
	if mail {
		f.add(Email, start, end)
		return end
	}
	for {
		slash, k := nextWord(s, end)
		page, from := nextWord(s, k+len(slash))
		if slash != "slash" || page == "" {
			break
		}
		end = from + len(page)
	}
	f.add(URL, start, end)
	return end
}

// bracket returns the place after a bracket, with a blank before it or not, at byte i.
func bracket(s string, i int) int {
	at := i
	if at < len(s) && s[at] == ' ' {
		at++
	}
	if at < len(s) && strings.IndexByte("()[]", s[at]) >= 0 {
		return at + 1
	}
	return i
}
