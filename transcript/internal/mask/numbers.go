package mask

import "strings"

// group is a run of digits.
type group struct{ start, end int }

func (g group) len() int { return g.end - g.start }

// number finds what the number at byte i is: a card, an account, a telephone or the start of an address.
func (f *Finder) number(i int) int {
	groups, free := f.groups(i)
	first := groups[0]
	if free && first.len() == 1 {
		if end := f.spoken(i); end > 0 {
			return end
		}
	}
	for k := len(groups); k > 0 && free; k-- {
		end := groups[k-1].end
		if isWordByte(f.text, end) || end < len(f.text) && f.text[end] == '%' {
			continue
		}
		if k < len(groups) && (f.text[end] != ' ' || groups[k].len() > 3) { // in the middle of a long number
			continue
		}
		if kind := f.classify(i, groups[:k]); kind != "" {
			if kind == Phone {
				end = extensionEnd(f.text, end)
			}
			f.add(kind, i, end)
			return end
		}
	}
	if free && first.len() <= 5 && i == first.start {
		if end := addressEnd(f.text, first.end); end > 0 {
			f.add(Address, i, end)
			return end
		}
	}
	fours := len(groups) > 2 // like a card's, but its digits are wrong
	for _, g := range groups[:min(3, len(groups))] {
		fours = fours && g.len() == 4
	}
	if free && !fours {
		return first.end
	}
	return groups[len(groups)-1].end
}

// groups returns the runs of digits from byte i on that belong together, at most twelve, and whether they are free of
// what would make them part of something else: an amount, a code.
func (f *Finder) groups(i int) (groups []group, free bool) {
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
		if end == at+1 && len(groups) > 0 && s[i] != '+' { // only a country's or an area's code can be a single digit
			break
		}
		groups = append(groups, group{at, end})
		at = end
		for n := 0; n < 3 && at < len(s) && strings.IndexByte(" -.()/", s[at]) >= 0; n++ {
			if at++; s[at-1] == '.' && at < len(s) && s[at] == ' ' { // the end of a sentence
				break
			}
		}
		if last := groups[len(groups)-1]; at == end && last.len() == 4 && strings.HasPrefix(s[at:], ", ") && isFour(s[at+2:]) {
			at += 2
		}
		if at == end || at == len(s) || !isDigit(s[at]) {
			break
		}
	}
	return groups, free
}

// digits returns how many digits s starts with, at most nine.
func digits(s string) (n int) {
	for n < len(s) && n < 9 && isDigit(s[n]) {
		n++
	}
	return n
}

// isFour reports whether s starts with four digits and no more.
func isFour(s string) bool {
	n := digits(s)
	return n == 4
}

// classify tells cards, accounts and telephones from other numbers; the number starts at byte i with a '+', a bracket or
// its first digit.
func (f *Finder) classify(i int, groups []group) string {
	s, last := f.text, groups[len(groups)-1]
	digits := make([]byte, 0, 32)
	slash, dash, dot, comma, fours := false, false, false, false, true
	for k, g := range groups {
		digits = append(digits, s[g.start:g.end]...)
		fours = fours && g.len() == 4
		if k > 0 {
			gap := s[groups[k-1].end:g.start]
			slash = slash || strings.Contains(gap, "/")
			dash = dash || strings.Contains(gap, "-")
			dot = dot || strings.Contains(gap, ".")
			comma = comma || strings.Contains(gap, ",")
		}
	}
	n := len(digits)
	if n < 6 || n > 19 {
		return ""
	}
	if n >= 13 && !slash && (!dot && !comma || fours && digits[0] >= '3' && digits[0] <= '6') && s[i] != '+' && Luhn(digits) {
		return Card
	}
	said := f.saidBefore(i)
	if n <= 18 && !slash && !comma && (said.is(sayAccount) || said == 0 && f.accountAfter(last.end)) {
		return Account
	}
	first := groups[0].len()
	shape := func(lengths ...int) bool {
		for k, g := range groups {
			if len(groups) != len(lengths) || g.len() != lengths[k] {
				return false
			}
		}
		return true
	}
	switch {
	case n < 7 || n > 15 || comma || isDate(groups) || said.is(sayOther):
		return ""
	case s[i] == '+', s[i] == '(' && n >= 9:
		return Phone
	case len(groups) == 1:
		if n >= 9 && n <= 13 && said.is(sayPhone) {
			return Phone
		}
	case slash:
		if len(groups) == 2 && digits[0] == '0' && n >= 9 && n <= 12 {
			return Phone
		}
	case shape(3, 4) && (dash || said.is(sayPhone)), shape(3, 3, 4), shape(1, 3, 3, 4) && digits[0] == '1',
		digits[0] == '0' && n >= 9, // a trunk's or a foreign country's prefix
		n >= 8 && n <= 13 && said.is(sayPhone) && !dot,
		n >= 9 && n <= 13 && last.len() >= 3 && first >= 2 && first <= 5 && (!dot || len(groups) < 4):
		return Phone
	}
	return ""
}

// saidBefore returns what the words before byte i, of the same sentence, say of the number there: the class of the
// nearest that says anything, and with none sayPhone if it is called a number.
func (f *Finder) saidBefore(i int) class {
	s, number := f.text, class(0)
	for at := i; at > max(0, i-40); at-- {
		switch c := s[at-1]; {
		case c == '!' || c == '?' || c == '\n', c == '.' && classOf(lastWord(s[:at]))&short == 0:
			return number
		case isLetter(c):
			from := wordStart(s, at)
			word := s[from:at]
			if what := classOf(word) & (sayPhone | sayAccount | sayOther); what != 0 {
				return what
			}
			if word == "number" {
				number = sayPhone
			}
			at = from + 1
		}
	}
	return number
}

// accountAfter reports whether the number that ends at byte i is said to be an account's in the words after it.
func (f *Finder) accountAfter(i int) bool {
	after := f.text[i:min(len(f.text), i+40)]
	if k := strings.IndexAny(after, ".!?\n"); k >= 0 {
		after = after[:k]
	}
	return strings.Contains(after, " account")
}

// extensionEnd returns the end of the telephone number that ends at byte i, with its extension.
func extensionEnd(s string, i int) int {
	word, from := nextWord(s, i)
	if lower := strings.ToLower(word); lower != "ext" && lower != "extension" && lower != "x" {
		return i
	}
	at := from + len(word)
	if at < len(s) && s[at] == '.' {
		at++
	}
	number, from := nextWord(s, at)
	if n := digits(number); n > 0 && n <= 5 && n == len(number) {
		return from + n
	}
	return i
}

// isDate reports whether the groups are as long as in 2025-03-04 or 4.3.2025.
func isDate(groups []group) bool {
	if len(groups) != 3 {
		return false
	}
	n := func(k int) int { return groups[k].len() }
	return n(0) == 4 && n(1) <= 2 && n(2) <= 2 || n(0) <= 2 && n(1) <= 2 && n(2) == 4
}

// spoken finds a number that is said digit by digit from byte i on, "double four oh, 2 3 five", and returns its end, 0
// if there is none.
func (f *Finder) spoken(i int) int {
	const least = 7 // digits
	s := f.text
	var room [40]byte
	number := room[:0]
	times, end, single := 1, 0, 0
	for at := i; len(number) < cap(room)-4 && at < i+longestAddress; {
		from := at
		for at < len(s) && (isLetter(s[at]) || isDigit(s[at])) {
			at++
		}
		word := s[from:at]
		class := classOf(word)
		switch n := digits(word); {
		case n > 0 && n == len(word) && n <= 4 && times == 1:
			number = append(number, word...)
			if n == 1 {
				single++
			}
		case class.is(digitWord):
			for ; times > 0; times-- {
				number = append(number, digitOf(word))
				single++
			}
		case class.is(multiple) && times == 1:
			times = 2
			if word[0]|0x20 == 't' {
				times = 3
			}
			word = ""
		case class.is(spelt) && len(number) > 0 && times == 1: // five five five dash oh one
			word = ""
		default:
			word, at = "", len(s)
		}
		if word != "" {
			times, end = 1, at
		}
		gap := at
		for at < len(s) && at-gap < 2 && strings.IndexByte(" ,-", s[at]) >= 0 {
			at++
		}
		if at == gap || at == len(s) {
			break
		}
	}
	if len(number) < least || 2*single < len(number) {
		return 0
	}
	kind := Phone
	switch {
	case len(number) >= 13 && Luhn(number):
		kind = Card
	case f.saidBefore(i).is(sayAccount), f.accountAfter(end):
		kind = Account
	}
	if endsWith(strings.TrimRight(s[:i], " "), "plus") {
		i = strings.LastIndexByte(s[:i-1], ' ') + 1
	}
	f.add(kind, i, end)
	return end
}

// digitOf returns the digit that a word says.
func digitOf(word string) byte {
	for d, w := range []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"} {
		if strings.EqualFold(w, word) {
			return byte('0' + d)
		}
	}
	return '0' // oh, nought
}

// ibanLength returns the length of the IBAN at the start of s, in groups or unbroken, 0 if there is none.
func ibanLength(s string) int {
	if len(s) < 15 || !isLetter(s[1]) || !isDigit(s[2]) || !isDigit(s[3]) {
		return 0
	}
	var code []byte
	best := 0
	for i := 0; i < len(s) && len(code) <= 34; i++ {
		c := s[i]
		switch {
		case isDigit(c):
			code = append(code, c)
		case isLetter(c):
			code = append(code, c&^0x20)
		case c != ' ' && c != '-' || i+1 == len(s) || !isDigit(s[i+1]) && !isLetter(s[i+1]):
			i = len(s)
			continue
		}
		if len(code) >= 15 && len(code) <= 34 && c != ' ' && c != '-' && !isWordByte(s, i+1) && Mod97(string(code[4:])+string(code[:4])) == 1 {
			best = i + 1
		}
	}
	return best
}

// Luhn reports whether the last digit is the check digit of those before it (ISO/IEC 7812-1).
func Luhn(digits []byte) bool {
	sum := 0
	for i, c := range digits {
		d := int(c - '0')
		if (len(digits)-i)%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// Mod97 returns the remainder of a string of digits and capital letters, A standing for 10 (ISO 7064).
func Mod97(s string) int {
	rest := 0
	for _, c := range []byte(s) {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return rest
}
