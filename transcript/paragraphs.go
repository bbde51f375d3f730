package transcript

import "unicode"

// longestGroup is the size in bytes to which sentences of text without speakers are grouped; about 90 tokens.
const longestGroup = 400

// endsSentence reports whether a sentence ends between two characters.
func endsSentence(last, c rune) bool {
	switch last {
	case '.', '!', '?', '…':
		return unicode.IsSpace(c)
	}
	return last == '。' || last == '！' || last == '？'
}

// paragraphs cuts text without speakers.
func paragraphs(text string) []Turn {
	var turns []Turn
	add := func(from, to int) {
		if t := trim(Turn{Text: text[from:to], Start: from}); t.Text != "" {
			turns = append(turns, t)
		}
	}
	from, sentence, blank := 0, 0, true // where the group starts, where its last sentence ends, whether the line is blank
	var last rune
	for i, c := range text {
		switch {
		case c == '\n' && blank:
			add(from, i)
			from, sentence = i, i
		case c == '\n':
			blank = true
		case !unicode.IsSpace(c):
			blank = false
		}
		if i > sentence && endsSentence(last, c) {
			if i-from > longestGroup && sentence > from {
				add(from, sentence)
				from = sentence
			}
			sentence = i
		}
		last = c
	}
	if len(text)-from > longestGroup && sentence > from {
		add(from, sentence)
		from = sentence
	}
	add(from, len(text))
	return turns
}
