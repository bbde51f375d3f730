package mask

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// address adds the postal address that starts with the word at byte i, and returns its end, 0 if there is none: a flat
// before a house's number, a number in words, a street of a name that comes first, a box, a post code.
func (f *Finder) address(i int, word string, class class) int {
	s := f.text
	after, end := i+len(word), 0
	switch {
	case class.is(unitWord):
		end = unitEnd(s, after)
	case class.is(streetBefore) && isCapital(word):
		if at := streetNameEnd(s, after); at > 0 {
			end = houseEnd(s, at)
		}
	case class.is(numberWord):
		if unit, from := nextWord(s, after); classOf(unit).is(digitWord) {
			after = from + len(unit)
		}
		if name, _ := nextWord(s, after); isCapital(name) {
			end = addressEnd(s, after)
		}
	case class.is(state) && len(word) == 2 && word[1] < 'a':
		end = zipEnd(s, after)
	case word[0] == 'P' || word[0] == 'p':
		end = boxEnd(s, i)
	}
	if end == 0 && isCapital(word) {
		if end = postCodeEnd(s, i); end == 0 && slices.ContainsFunc(streetEndings, func(e string) bool { return len(word) > len(e)+2 && strings.HasSuffix(word, e) }) {
			end = houseEnd(s, after)
		}
	}
	if end > 0 {
		f.add(Address, i, end)
	}
	return end
}

// streetEndings end the one word that a street's name is, in some languages; the house's number follows.
var streetEndings = []string{"straße", "strasse", "str", "weg", "platz", "allee", "gasse", "damm", "straat", "laan", "gracht", "kade", "plein", "gatan", "vägen", "gade"}

// addressEnd returns the end of the address whose house number ends at byte i, 0 if what follows is no street.
func addressEnd(s string, i int) int {
	if i < len(s) && s[i]|0x20 >= 'a' && s[i]|0x20 <= 'd' { // 12b
		i++
	}
	if word, from := nextWord(s, i); from > i && classOf(word).is(streetBefore) {
		if end := streetNameEnd(s, from+len(word)); end > 0 {
			return placeEnd(s, end, false)
		}
	}
	end, small := 0, false
	for n := 0; n < 5 && end == 0; n++ {
		word, from := nextWord(s, i)
		class := classOf(word)
		if n == 0 && from == i { // no blank after the number
			return 0
		}
		switch {
		case word == "":
			return 0
		case n > 0 && small && class.is(plainStreet), n > 0 && !small && class.is(streetWord) && isCapital(word):
			end = from + len(word)
		case isCapital(word) || isDigit(word[0]):
		case n > 1 || class.is(common) || (n > 0) != small:
			return 0
		default:
			small = true
		}
		if i = from + len(word); len(word) <= 2 && i < len(s) && s[i] == '.' { // St. Andrew's, S. Fremont
			i++
		}
	}
	if end == 0 {
		return 0
	}
	for range 2 { // Mill Hill Road, Fernwood Avenue NW
		if word, from := nextWord(s, end); from > end && classOf(word).is(streetWord|direction) && isCapital(word) {
			end = from + len(word)
		}
	}
	return placeEnd(s, end, small)
}

// streetNameEnd returns the end of the name of a street that starts with its kind, which ends at byte i: "de Rivoli".
func streetNameEnd(s string, i int) (end int) {
	for range 4 {
		word, from := nextWord(s, i)
		if from == i || word == "" || !isCapital(word) && !classOf(word).is(particle) && word != "des" && word != "the" {
			break
		}
		if i = from + len(word); isCapital(word) {
			end = i
		}
	}
	return end
}

// houseEnd continues from the end of a street's name to the end of the house's number and the place, 0 if there is no
// number.
func houseEnd(s string, i int) int {
	if i < len(s) && s[i] == '.' { // of "str."
		i++
	}
	number, from := nextWord(s, i)
	if n := digits(number); n == 0 || n > 4 || len(number) > n+1 || from == i {
		return 0
	}
	return placeEnd(s, from+len(number), false)
}

// unitEnd continues from "Flat" to the end of the address, 0 if there is none after the flat's number.
func unitEnd(s string, i int) int {
	number, from := nextWord(s, i)
	if from == i || number == "" || len(number) > 5 || !isDigit(number[0]) && len(number) > 1 {
		return 0
	}
	house, at := nextWord(s, from+len(number)+len(", ")-1)
	if n := digits(house); n == 0 || n > 5 || s[from+len(number):at] != ", " {
		return 0
	}
	return addressEnd(s, at+len(house))
}

// boxEnd returns the end of the post office box that starts at byte i, 0 if there is none.
func boxEnd(s string, i int) int {
	for _, box := range []string{"p.o. box ", "po box ", "post office box ", "postfach "} {
		if at := i + len(box); at < len(s) && strings.EqualFold(s[i:at], box) {
			if n := digits(s[at:]); n > 0 {
				return placeEnd(s, at+n, false)
			}
		}
	}
	return 0
}

// zipEnd returns the end of the post code after a state of the USA that ends at byte i, 0 if there is none.
func zipEnd(s string, i int) int {
	zip, from := nextWord(s, i)
	n := digits(zip)
	if from == i || n != 5 || len(zip) != 5 && (len(zip) != 10 || zip[5] != '-') {
		return 0
	}
	return from + len(zip)
}

// postCodeEnd returns the end of the British post code at byte i, "LS6 2AB", 0 if there is none.
func postCodeEnd(s string, i int) int {
	outward, from := nextWord(s, i)
	inward, at := nextWord(s, from+len(outward))
	if len(outward) < 2 || len(outward) > 4 || len(inward) != 3 || at != from+len(outward)+1 {
		return 0
	}
	letters := func(part string) bool {
		return strings.Trim(part, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	}
	area := strings.TrimRight(outward, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	area = strings.TrimRight(area, "0123456789")
	if len(area) < 1 || len(area) > 2 || len(area) == len(outward) || !letters(area) || !isDigit(inward[0]) || !letters(inward[1:]) {
		return 0
	}
	return at + len(inward)
}

// placeEnd continues from the end of a street to the end of the town and post code after it; small: a town may be
// written in small letters, as the street was.
func placeEnd(s string, end int, small bool) int {
	for range 4 { // parts after commas
		rest := strings.TrimPrefix(s[end:], ".") // of "St."
		if !strings.HasPrefix(rest, ", ") {
			break
		}
		i := len(s) - len(rest) + 2
		part := 0
		for n := range 4 {
			word, from := nextWord(s, i)
			class := classOf(word)
			if word == "" || from > i+1 || class.is(common) && word != "New" || !isCapital(word) && !isDigit(word[0]) && !(small && n == 0) {
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

// nextWord returns the word of letters, digits, hyphens and apostrophes after one blank at byte i, or at it.
func nextWord(s string, i int) (word string, from int) {
	i = min(i, len(s))
	if i < len(s) && s[i] == ' ' {
		i++
	}
	end := i
	s = s[:min(len(s), i+longestAddress)] // so that words with many hyphens are not read again and again
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
