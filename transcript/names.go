package transcript

import (
	"slices"
	"strings"
)

// name looks at the capitalised word at byte i, adds the name that starts there if it is introduced or greeted, and
// returns where to go on.
func (f *finder) name(i int) int {
	word, _ := nextWord(f.text, i)
	if word == "" {
		return i + 1
	}
	after := i + len(word)
	if lower := strings.ToLower(word); ordinary[lower] && !alsoWords[lower] || len(word) < 2 {
		return after
	}
	end, parts := f.nameSpan(i)
	if !introduced(f.text[:i], f.text[i:end], f.text[end:], parts) {
		return after
	}
	f.add(Name, i, end)
	f.learn(f.text[i:end], false)
	return end
}

// particles may stand between the parts of a name.
var particles = []string{"de", "da", "van", "von", "der", "den", "bin", "la", "le", "di"}

// nameSpan returns the end of the run of up to four capitalised words at byte i, and how many they are.
func (f *finder) nameSpan(i int) (end, parts int) {
	for at := i; parts < 4; {
		word, from := nextWord(f.text, at)
		if parts > 0 && from == at { // no blank between
			break
		}
		if parts > 0 && slices.Contains(particles, word) {
			at = from + len(word)
			continue
		}
		if !isCapital(word) || parts > 0 && ordinary[strings.ToLower(word)] {
			break
		}
		at = from + len(word)
		end = at
		parts++
		if at < len(f.text) && f.text[at] == '.' && len(word) == 1 && at+1 < len(f.text) && f.text[at+1] == ' ' { // an initial
			at++
		}
	}
	return end, parts
}

// introductions are what stands before a name that is said for the first time. Unless they are open, what follows has to
// be the end of the phrase or a word such as "from".
var introductions = []struct {
	before string
	open   bool
}{
	{"my name is", true}, {"my name's", true}, {"name is", true}, {"call me", true}, {"speaking with", true}, {"speaking to", true},
	{"talking to", true}, {"talking with", true}, {"speak with", true}, {"speak to", true}, {"talk to", false}, {"ask for", true},
	{"is this", false}, {"have i got", false}, {"this is", false}, {"i am", false}, {"i'm", false}, {"it's", false}, {"it is", false},
	{"dear", true},
	{"hi", false}, {"hello", false}, {"hey", false}, {"morning", false}, {"afternoon", false}, {"evening", false}, {"good day", false},
	{"thanks", false}, {"thank you", false}, {"bye", false}, {"goodbye", false}, {"welcome", false},
}

// introduced reports whether what looks like a name of so many parts, between before and after, is introduced, greeted or
// addressed.
func introduced(before, name, after string, parts int) bool {
	word, _ := nextWord(after, 0)
	next, _ := nextWord(after, len(word)+1)
	last := lastWord(before)
	switch {
	case strings.HasPrefix(after, " here, my name"): // a firm
		return false
	case slices.Contains([]string{"from", "with", "at", "for", "by", "of", "in"}, last): // perhaps a firm or a place
	case word == "speaking", word == "here" && (parts > 1 || next == "from" || next == "with" || next == "at"),
		parts > 1 && (word == "from" || word == "with") && isCapital(next):
		return true
	}
	ends := after == "" || strings.IndexByte(".,!?;:\n\r", after[0]) >= 0
	follows := slices.Contains([]string{"from", "with", "here", "at", "calling", "speaking", "again"}, strings.ToLower(word))
	trimmed := strings.TrimRight(before[max(0, len(before)-24):], " ")
	trimmed = strings.TrimSuffix(trimmed, ",")
	for _, title := range []string{"mr", "mrs", "ms", "miss", "dr", "prof"} {
		if endsWith(strings.TrimSuffix(trimmed, "."), title) {
			return true
		}
	}
	for _, in := range introductions {
		if endsWith(trimmed, in.before) {
			return in.open || ends || follows
		}
	}
	if parts > 1 || strings.ToUpper(name) == name || strings.HasSuffix(name, "ly") {
		return false
	}
	return ends && strings.HasSuffix(before, ", ") && !isCapital(last) && last != "" || addressed(before, after)
}

// endsWith reports whether s ends with whole words, in any case.
func endsWith(s, words string) bool {
	k := len(s) - len(words)
	return k >= 0 && !isWordByte(s, k-1) && strings.EqualFold(s[k:], words)
}

// addressed reports whether a sentence starts with a name and a comma, and goes on to the one who is named.
func addressed(before, after string) bool {
	rest, comma := strings.CutPrefix(after, ", ")
	if !comma || !startsSentence(before, len(before)) {
		return false
	}
	word, _ := nextWord(rest, 0)
	return slices.Contains([]string{"you", "your", "could", "can", "would", "do", "did", "are", "what", "how", "may", "let"}, word)
}

// lastWord returns the word at the end of s, before blanks and a comma.
func lastWord(s string) string {
	s = strings.TrimRight(s[max(0, len(s)-40):], ", ")
	i := len(s)
	for isWordByte(s, i-1) {
		i--
	}
	return s[i:]
}

// learn notes the parts of a name; firm names are found in any case.
func (f *finder) learn(name string, firm bool) {
	for part := range strings.FieldsFuncSeq(name, func(c rune) bool { return c != '\'' && c != '-' && !isWord(c) }) {
		lower := strings.ToLower(part)
		if len(lower) > 1 && !slices.Contains(particles, lower) && (!ordinary[lower] || firm) {
			f.names[lower] = f.names[lower] || firm && len(lower) > 2 && !ordinary[lower] && !alsoWords[lower]
		}
	}
}

// known adds all mentions of the names that have been learnt.
func (f *finder) known() {
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
			anyCase, ok := f.names[strings.ToLower(word)]
			if ok && (anyCase || isCapital(word)) && !(alsoWords[strings.ToLower(word)] && startsSentence(s, i)) {
				if last >= 0 && s[f.found[last].End:i] == " " {
					f.found[last].End = i + len(word)
				} else {
					f.add(Name, i, i+len(word))
					last = len(f.found) - 1
				}
			}
		}
		i = end
	}
}

// startsSentence reports whether byte i is where a sentence or a turn starts.
func startsSentence(s string, i int) bool {
	before := strings.TrimRight(s[:i], " ")
	return before == "" || strings.IndexByte(".!?:\n", before[len(before)-1]) >= 0
}

// alsoWords are names that are words too; at the start of a sentence they are left alone.
var alsoWords = wordSet(`will may mark grace hope faith joy rose bill art drew grant frank chance dawn june april august summer
	rich sue pat don gene jack price young king long good short best day may rob ray guy max dean earl miles page wood stone
	brown white black green baker cook hunter sharp strong swift wise noble power case field fields hill banks rivers`)

// ordinary are words that stand with a capital but are no names: the ones that sentences start with, days, months and such.
var ordinary = wordSet(`a about absolutely actually after again all alright also although am an and another any anybody anyone
	anything are as at awesome be because been before both but by can certainly congratulations could definitely did do does
	doing done don't each either especially even every everybody everyone everything exactly excellent fair fantastic fine
	first for fortunately from funny give glad go going good great had has have having he hello here hers hey hi his hm hmm
	hope how however i i'd i'll i'm i've if in indeed interesting is isn't it it's just last later let let's like likewise look
	lovely many may maybe me might mm monday month more morning most much my nice no nobody none nope nor not nothing now of off
	oh ok okay on once one only or our ours out over perfect perhaps please pleased plus quite rather really right same
	saturday say see she should since so some somebody someone something soon sorry speaking still sunday super sure than thank
	thanks that that's the their them then there there's these they they're this those though thursday to today together
	tomorrow tonight too totally true tuesday two under understood unfortunately until up us very wait was we we'd we'll we're
	we've wednesday week welcome well were what what's when where which while who whom whose why will with within without
	wonderful would wow year yeah yep yes yesterday yet you you'd you'll you're you've your yours friday january february march
	april june july august september october november december agent customer client rep representative sales support mr mrs
	ms miss dr sir madam ma'am mom dad god american british english german french spanish italian canadian indian chinese
	mexican european african asian christian muslim jewish afternoon evening night noon goodbye bye cheers busy happy free
	calling ready back available interested thrilled excited noted ha haha ah aha agreed done deal true granted given
	number question answer note cool lol overall average almost instead take curious`)

func wordSet(words string) map[string]bool {
	set := make(map[string]bool)
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}
