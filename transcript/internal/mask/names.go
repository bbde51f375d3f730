package mask

import (
	"slices"
	"strings"
	"unicode"
)

// name looks at the capitalised word at byte i, adds the name that starts there if it is a forename, or introduced or
// greeted, and returns where to continue.
func (f *Finder) name(i int) int {
	word, _ := nextWord(f.text, i)
	if word == "" {
		return i + 1
	}
	first, _, _ := strings.Cut(word, "-")
	first = strings.TrimSuffix(first, "'s")
	class, after := classOf(first), i+len(word)
	if class.is(common) && !class.is(nameAndWord) || len(word) < 2 {
		return after
	}
	end, parts, firm := f.nameSpan(i)
	switch {
	case firm:
		return end
	case class.is(forename) && (!class.is(nameAndWord) || parts > 1 && !startsSentence(f.text, i)) && !isPlace(f.text[:i]):
	case !introduced(f.text[:i], f.text[i:end], f.text[end:], parts):
		return after
	}
	f.add(Name, i, end)
	f.learn(f.text[i:end], false)
	return end
}

// isPlace reports whether what goes before a name makes it the name of a place: "San", "Port".
func isPlace(before string) bool {
	return slices.Contains([]string{"San", "Santa", "São", "St", "Saint", "Port", "Fort", "Lake", "Mount", "Los", "Las"}, lastWord(before))
}

// nameSpan returns the end of the run of up to four capitalised words at byte i, how many they are, and whether they
// are a firm's.
func (f *Finder) nameSpan(i int) (end, parts int, firm bool) {
	for at := i; parts < 4; {
		word, from := nextWord(f.text, at)
		if parts > 0 && from == at { // no blank between
			break
		}
		class := classOf(word)
		if parts > 0 && class.is(particle) && !isCapital(word) {
			at = from + len(word)
			continue
		}
		if !isCapital(word) || parts > 0 && class.is(common) && !class.is(nameAndWord) {
			break
		}
		at = from + len(word)
		end, firm = at, class.is(firmWord)
		parts++
		if own, ok := strings.CutSuffix(word, "'s"); ok {
			return from + len(own), parts, false
		}
		if len(word) == 1 && strings.HasPrefix(f.text[at:], ". ") { // an initial
			at++
		}
	}
	return end, parts, firm
}

// introductions are what precedes a name that is said for the first time. Unless they are open, what follows has to
// be the end of the phrase or a word such as "from".
var introductions = []struct {
	before string
	open   bool
}{
	{"my name is", true}, {"my name's", true}, {"name is", true}, {"call me", true}, {"calls me", true},
	{"speaking with", true}, {"speaking to", true}, {"talking to", true}, {"talking with", true}, {"speak with", true},
	{"speak to", true}, {"spoke to", true}, {"spoke with", true}, {"talk to", false}, {"talked to", true}, {"talked with", true},
	{"ask for", true}, {"you over to", true}, {"through to", true}, {"transfer you to", true}, {"check with", true},
	{"bring in", false}, {"hand you to", true}, {"me and", true}, {"in the name of", true},
	{"you've reached", true}, {"hello to", true}, {"regards to", true}, {"reports to", true}, {"copy", true}, {"cc", true},
	{"remind", true}, {"loop in", true}, {"loop", true}, {"tell", true}, {"told", true}, {"ask", true}, {"asked", true},
	{"thank", true}, {"meet", true}, {"met", true}, {"must be", false}, {"signed", true},
	{"is this", false}, {"have i got", false}, {"this is", false}, {"i am", false}, {"i'm", false}, {"it's", false}, {"it is", false},
	{"dear", true}, {"regards", true}, {"sincerely", true},
	{"hi", false}, {"hello", false}, {"hey", false}, {"morning", false}, {"afternoon", false}, {"evening", false}, {"good day", false},
	{"thanks", false}, {"thank you", false}, {"bye", false}, {"goodbye", false}, {"welcome", false}, {"congratulations", false},
	{"meet you", false}, {"take care", false}, {"see you", false}, {"sorry", false},
}

// introduced reports whether what looks like a name of the given number of parts, between before and after, is
// introduced, greeted or addressed.
func introduced(before, name, after string, parts int) bool {
	word, _ := nextWord(after, 0)
	next, _ := nextWord(after, len(word)+1)
	last := lastWord(before)
	place := slices.Contains([]string{"from", "with", "at", "for", "by", "of", "in"}, last) // or a firm
	switch {
	case strings.HasPrefix(after, " here, my name"), last == "the": // a firm
		return false
	case place:
	case word == "speaking", word == "here" && (parts > 1 || next == "from" || next == "with" || next == "at"),
		parts > 1 && (word == "from" || word == "with") && isCapital(next):
		return true
	}
	ends := after == "" || strings.IndexByte(".,!?;:\n\r", after[0]) >= 0
	follows := slices.Contains([]string{"from", "with", "here", "at", "calling", "speaking", "again", "over"}, strings.ToLower(word))
	class := classOf(last)
	trimmed := strings.TrimRight(before[max(0, len(before)-24):], " ")
	titled := class.is(title) && strings.HasSuffix(strings.TrimSuffix(trimmed, "."), last)
	trimmed = strings.TrimSuffix(trimmed, ",")
	if titled || class.is(relation) && strings.HasSuffix(trimmed, last) || !place && hasOffice(after) || asked(before) {
		return true
	}
	for _, in := range introductions {
		if endsWith(trimmed, in.before) {
			return in.open || (ends || follows) && !(in.before[:2] == "it" && classOf(name).is(nameAndWord))
		}
	}
	if classOf(word).is(saying) && !startsSentence(before, len(before)) {
		return true
	}
	if parts > 1 || strings.ToUpper(name) == name || strings.HasSuffix(name, "ly") || classOf(name).is(nameAndWord) {
		return false
	}
	lower := strings.ToLower(last)
	switch {
	case word == "and" && next == "I" && !place,
		lower == "is" && slices.Contains([]string{"around", "available", "there", "in", "free", "back"}, word),
		strings.HasPrefix(after, ", ") && slices.Contains([]string{"so", "ok", "okay", "right", "well", "now", "listen", "look", "alright"}, lower),
		ends && strings.HasSuffix(before, ", ") && !isCapital(last) && last != "":
		return true
	}
	return addressed(before, after)
}

// hasOffice reports whether what follows a name says who that is: ", our finance director", ", who runs".
func hasOffice(after string) bool {
	rest, comma := strings.CutPrefix(after, ", ")
	if !comma {
		return false
	}
	whose, at := nextWord(rest, 0)
	if whose == "who" || whose == "she" || whose == "she's" || whose == "he" || whose == "he's" {
		return true
	}
	if !slices.Contains([]string{"my", "our", "the", "his", "her", "their"}, whose) {
		return false
	}
	for range 3 {
		var word string
		if word, at = nextWord(rest, at+len(whose)); classOf(word).is(relation) || word == "lead" || word == "head" {
			return true
		}
		whose = word
	}
	return false
}

// asked reports whether the sentence that ends before is a question for a name.
func asked(before string) bool {
	before = strings.TrimRight(before[max(0, len(before)-160):], " -")
	if line := strings.LastIndexByte(before, '\n'); line >= 0 && strings.HasSuffix(before, ":") { // the next speaker's label
		before = strings.TrimRight(before[:line], " ")
	}
	if !strings.HasSuffix(before, "?") {
		return false
	}
	before = before[max(0, len(before)-80) : len(before)-1]
	question := strings.ToLower(before[strings.LastIndexAny(before, ".!?:\n")+1:])
	return slices.ContainsFunc([]string{"your name", "who am i ", "who is this", "who's this", "who's calling", "who is calling", "i ask who", "and you are"},
		func(phrase string) bool { return strings.Contains(question, phrase) })
}

// endsWith reports whether s ends with whole words, in any case.
func endsWith(s, words string) bool {
	k := len(s) - len(words)
	return k >= 0 && !isWordByte(s, k-1) && strings.EqualFold(s[k:], words)
}

// addressed reports whether a sentence starts with a name and a comma, and goes on to address the one who is named.
func addressed(before, after string) bool {
	rest, comma := strings.CutPrefix(after, ", ")
	if !comma || !startsSentence(before, len(before)) {
		return false
	}
	word, _ := nextWord(rest, 0)
	return slices.Contains([]string{"you", "your", "could", "can", "would", "do", "did", "are", "what", "how", "may", "let"}, word)
}

// smallName finds what the word in small letters from byte i to end tells of a name in small letters, as speech
// recognition writes them, and returns where to continue.
func (f *Finder) smallName(i, end int, class class) int {
	s := f.text
	before := strings.TrimRight(s[max(0, i-40):i], " ")
	switch word := s[i:end]; {
	case class.is(forename) && !class.is(common|nameAndWord|onlyCapital) && len(word) > 3:
		if slices.ContainsFunc([]string{"this is", "i am", "i'm", "it's"}, func(in string) bool { return endsWith(before, in) }) {
			end = smallNames(s, end, 1)
		}
	case word == "name" && endsWith(before, "my") && strings.HasPrefix(s[end:], " is "):
		i = end + len(" is ")
		end = smallNames(s, i-1, 2)
	case (word == "with" || word == "to") && endsWith(before, "am i speaking"):
		i = end + 1
		end = smallNames(s, end, 2)
	case word == "speaking":
		k := strings.LastIndex(before, "this is ")
		if k < 0 {
			return end
		}
		to := i - 1
		if i += k - len(before) - 1 + len("this is "); smallNames(s, i-1, 3) != to {
			return to + 1 + len(word)
		}
		f.add(Name, i, to)
		f.learn(s[i:to], false)
		return to + 1 + len(word)
	default:
		return end
	}
	if i < end {
		f.add(Name, i, end)
		f.learn(s[i:end], true)
	}
	return end
}

// smallNames returns the end of the words in small letters after byte i, at most the given number, that may be names.
func smallNames(s string, i, most int) int {
	for range most {
		word, from := nextWord(s, i)
		if from == i || len(word) < 2 || isCapital(word) || isDigit(word[0]) || classOf(word).is(common|spelt) {
			break
		}
		i = from + len(word)
	}
	return i
}

// lastWord returns the word at the end of s, before blanks, a full stop and a comma.
func lastWord(s string) string {
	s = strings.TrimRight(s[max(0, len(s)-40):], ",. ")
	i := len(s)
	for isWordByte(s, i-1) {
		i--
	}
	return s[i:]
}

// learn notes the parts of a name; sure names are found in any case.
func (f *Finder) learn(name string, sure bool) {
	for part := range strings.FieldsFuncSeq(name, func(c rune) bool {
		return !strings.ContainsRune("'-_", c) && !unicode.IsLetter(c) && !unicode.IsNumber(c)
	}) {
		lower := strings.ToLower(part)
		class := vocabulary[lower]
		if len(lower) > 1 && !class.is(particle) && (!class.is(common) || sure) {
			f.names[lower] = f.names[lower] || sure && len(lower) > 2 && !class.is(common|nameAndWord)
		}
	}
}

// known adds all mentions of the names that have been found.
func (f *Finder) known() {
	if len(f.names) == 0 {
		return
	}
	var initials [256]bool // of known names, in both cases; bytes beyond ASCII always count
	for name := range f.names {
		initials[name[0]] = true
		initials[name[0]&^0x20] = true
	}
	s := f.text
	last := -1 // the place of the mention before in found
	for i := 0; i < len(s); {
		if !isWordByte(s, i) {
			i++
			continue
		}
		word, _ := nextWord(s, i)
		end := i + len(word)
		if s[i] >= 0x80 || initials[s[i]] {
			word = strings.TrimSuffix(word, "'s")
			lower := strings.ToLower(word)
			anyCase, ok := f.names[lower]
			if ok && (anyCase || isCapital(word)) && !(vocabulary[lower].is(nameAndWord) && startsSentence(s, i)) {
				to := i + len(word)
				if isCapital(word) {
					to = f.surname(to)
				}
				if to == 0 { // a firm's
				} else if last >= 0 && s[f.found[last].End:i] == " " {
					f.found[last].End = to
				} else {
					f.add(Name, i, to)
					last = len(f.found) - 1
				}
				end = max(end, to)
			}
		}
		i = end
	}
}

// surname returns the end of the capitalised word after the name that ends at byte i if it may be a surname, 0 if it
// makes a firm of the name, and else i.
func (f *Finder) surname(i int) int {
	word, from := nextWord(f.text, i)
	word = strings.TrimSuffix(word, "'s")
	switch class := classOf(word); {
	case from == i || !isCapital(word) || class.is(common):
		return i
	case class.is(firmWord):
		return 0
	}
	return from + len(word)
}

// startsSentence reports whether byte i is where a sentence or a turn starts.
func startsSentence(s string, i int) bool {
	before := strings.TrimRight(s[:i], " ")
	return before == "" || strings.IndexByte(".!?:\n", before[len(before)-1]) >= 0
}
