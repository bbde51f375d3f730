package transcript

import (
	"fmt"
	"html"
	"strings"
	"time"
	"unicode"
)

// isSubtitles reports whether a text is WebVTT or SRT.
func isSubtitles(text string) bool {
	if strings.HasPrefix(text, "WEBVTT") {
		return true
	}
	text = strings.TrimLeftFunc(text, unicode.IsSpace)
	first, rest, _ := strings.Cut(text, "\n")
	if isNumberLine(first) {
		first, _, _ = strings.Cut(rest, "\n")
	}
	_, _, ok := cueTimes(first)
	return ok
}

// isNumberLine reports whether a line is a number, as stands above each cue of SRT.
func isNumberLine(line string) bool {
	n, _ := digits(line)
	return n > 0 && isBlank(line[n:])
}

// cueTimes reads the line of times above a cue: "00:01.000 --> 00:02.000", with settings behind it or not.
func cueTimes(line string) (from, to time.Duration, ok bool) {
	line = strings.TrimSpace(line)
	from, n := clock(line)
	rest, arrow := strings.CutPrefix(strings.TrimLeft(line[n:], " \t"), "-->")
	rest = strings.TrimLeft(rest, " \t")
	to, k := clock(rest)
	return from, to, n > 0 && arrow && k > 0 && (k == len(rest) || isSpace(rest[k]))
}

// checkCues says what is wrong with the times of subtitles, and at which byte. Where it finds nothing, every cue has its
// times.
func checkCues(text string) (at int, err error) {
	cues := 0
	for at, line := range lines(text) {
		line = strings.TrimSpace(line)
		if !strings.Contains(line, "-->") {
			continue
		}
		cues++
		switch from, to, ok := cueTimes(line); {
		case !ok:
			return at, fmt.Errorf("the cue's times are %q; want them as 00:01:02.500 --> 00:01:04.000", clip(line))
		case to < from:
			return at, fmt.Errorf("the cue ends before it starts: %q", clip(line))
		}
	}
	if cues == 0 {
		return len(text), fmt.Errorf("there is no cue in it; want lines such as 00:01:02.500 --> 00:01:04.000")
	}
	return 0, nil
}

// cueMarks returns where the cues of subtitles start, and the speakers within them; none if the text is not subtitles.
// Headers, comments and styles are no cues.
func cueMarks(text string) (marks []mark, every bool) {
	if !isSubtitles(text) {
		return nil, false
	}
	vtt := strings.HasPrefix(text, "WEBVTT")
	every = true
	open := -1   // where the text of the current cue starts
	block := 0   // where the lines since the last blank one start
	height := 0  // their number
	var cue mark // with the times of the current cue
	closeCue := func(end int) {
		if open < 0 {
			return
		}
		first := len(marks)
		marks = appendVoices(marks, text[:end], open, cue)
		every = every && marks[first].speaker != ""
		open = -1
	}
	for at, line := range lines(text) {
		end := at + len(line)
		if isBlank(line) {
			block, height = end, 0
			continue
		}
		if from, to, ok := cueTimes(line); ok {
			before := at
			if height == 1 && block >= open && (vtt || isNumberLine(text[block:at])) {
				before = block // the cue's identifier
			}
			closeCue(before)
			open, cue = end, mark{cue: true, from: from, to: to}
		} else if height == 0 && vtt && isComment(line) {
			closeCue(at)
		}
		height++
	}
	closeCue(len(text))
	return marks, every
}

// isComment reports whether a line starts a block of WebVTT that is not a cue.
func isComment(line string) bool {
	word, _, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
	return word == "NOTE" || word == "STYLE" || word == "REGION"
}

// appendVoices appends the mark of the cue whose text is text[from:], and those of voice tags and labels in it.
func appendVoices(marks []mark, text string, from int, cue mark) []mark {
	first := len(marks)
	add := func(start, body int, speaker string, sure bool) {
		m := cue
		m.start, m.body, m.end, m.bare, m.speaker, m.sure = start, body, len(text), start, speaker, sure
		if isBlank(text[from:start]) { // it stands where the cue's own mark does
			marks = marks[:first]
		}
		marks = append(marks, m)
	}
	add(from, from, "", false)
	for at, line := range lines(text[from:]) {
		at, end := from+at, from+at+len(line)
		for len(line) > 0 && (isSpace(line[0]) || line[0] == '-' || line[0] == '>') {
			line = line[1:]
		}
		if m, ok := findMark(line); ok && m.speaker != "" {
			start := end - len(line)
			add(at, start+m.body, m.speaker, m.sure)
			continue
		}
		for k := at; ; {
			n := strings.Index(text[k:end], "<v")
			if n < 0 {
				break
			}
			k += n
			tag, _, closed := strings.Cut(text[k:end], ">")
			if !closed {
				break
			}
			if kind, name, ok := strings.Cut(tag, " "); ok && (len(kind) == 2 || kind[2] == '.') {
				add(k, k+len(tag)+1, strings.TrimSpace(name), true)
			}
			k += len(tag) + 1
		}
	}
	return marks
}

// strip takes the markup of subtitles out of a turn's text: tags, {\…} and entities.
func (t *Turn) strip() {
	if !strings.ContainsAny(t.Text, "<&{") {
		return
	}
	raw := t.Text
	var text strings.Builder
	var pieces offsets
	from := 0 // of what is to be written
	write := func(s string, there int) {
		if text.Len() == 0 {
			left := strings.TrimLeftFunc(s, unicode.IsSpace)
			there += len(s) - len(left)
			s = left
		}
		if s != "" {
			pieces = append(pieces, offset{text.Len(), t.Start + there})
			text.WriteString(s)
		}
	}
	for i := 0; i < len(raw); {
		if raw[i] != '<' && raw[i] != '&' && raw[i] != '{' {
			i++
			continue
		}
		n, instead := markup(raw[i:])
		if n == 0 {
			i++
			continue
		}
		write(raw[from:i], from)
		write(instead, i)
		i += n
		from = i
	}
	write(raw[from:], from)
	t.Text = strings.TrimRightFunc(text.String(), unicode.IsSpace)
	t.pieces = pieces
}

// markup returns the length of the tag or entity at the start of s, which is '<', '{' or '&', 0 if there is none, and what
// it stands for.
func markup(s string) (n int, instead string) {
	const longest = 200 // bytes of a tag
	closing := byte('>')
	switch s[0] {
	case '{':
		closing = '}'
	case '&':
		closing = ';'
	}
	n = strings.IndexByte(s[:min(longest, len(s))], closing) + 1
	switch {
	case n < 3:
		return 0, ""
	case s[0] == '&':
		if instead = html.UnescapeString(s[:n]); instead == s[:n] {
			return 0, ""
		}
		return n, instead
	case s[0] == '{' && s[1] != '\\', s[0] == '<' && s[1] != '/' && !isWord(rune(s[1])):
		return 0, ""
	}
	return n, ""
}
