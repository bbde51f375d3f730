package transcript

import (
	"iter"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// mark is the start of what somebody says, most often a label at the start of a line.
type mark struct {
	start, body, end int // of the label, and of the text behind it
	bare             int // of the text if the name may be none and the mark stands all the same; else -1
	speaker          string
	sure             bool // that it is a name
	tight            bool // no blank between colon and text
	cue              bool // of subtitles
	from, to         time.Duration
}

// findMarks returns where somebody may start to speak, and whether every line or cue has a name.
func findMarks(text string) (marks []mark, every bool) {
	if marks, every = cueMarks(text); marks != nil {
		return marks, every
	}
	return lineMarks(text)
}

// lineMarks returns the labels at the starts of lines, and whether every line has a name.
func lineMarks(text string) (marks []mark, every bool) {
	every = true // line has a name
	marks = make([]mark, 0, 8+min(len(text)/100, 1<<12))
	for at, line := range lines(text) {
		m, ok := findMark(line)
		every = every && (ok && m.speaker != "" && !m.tight || isBlank(line))
		if !ok {
			continue
		}
		m.start, m.body, m.end = at, m.body+at, len(text)
		if m.bare >= 0 {
			m.bare += at
		}
		marks = append(marks, m)
	}
	return marks, every
}

// lines yields the lines of a text with their line breaks, and where each starts.
func lines(text string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		at := 0
		for line := range strings.Lines(text) {
			if !yield(at, line) {
				return
			}
			at += len(line)
		}
	}
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }

// settle decides which marks are such, and how far what is said reaches.
func settle(marks []mark, every bool, roles Roles) []mark {
	type use struct {
		count int
		known bool
	}
	uses := make(map[string]*use)
	for _, m := range marks {
		if m.speaker == "" {
			continue
		}
		if u := uses[m.speaker]; u != nil {
			u.count++
		} else {
			_, known := roles.find(m.speaker)
			uses[m.speaker] = &use{1, known}
		}
	}
	kept := marks[:0]
	for _, m := range marks {
		if u := uses[m.speaker]; u != nil && (every || m.sure || u.known || u.count > 1) {
			// it is one
		} else if m.bare < 0 {
			continue
		} else if m.speaker, m.body = "", m.bare; m.cue && len(kept) > 0 {
			m.speaker = kept[len(kept)-1].speaker
		}
		if n := len(kept); n > 0 {
			kept[n-1].end = min(kept[n-1].end, m.start)
		}
		kept = append(kept, m)
	}
	return kept
}

// findMark reads the label at the start of a line.
func findMark(line string) (m mark, ok bool) {
	rest := trimBlanks(line)
	m.bare = -1
	from, to, before := timeSpan(rest)
	if before > 0 {
		bracket := rest[0] == '[' || rest[0] == '('
		m.from, m.to = from, to
		rest = strings.TrimLeft(rest[before:], " \t-")
		if bracket {
			m.bare = len(line) - len(rest)
		}
	}
	end := nameEnd(rest)
	name := strings.TrimRight(rest[:end], " ")
	rest = rest[end:]
	behind := 0
	if before == 0 && name != "" {
		m.from, m.to, behind = timeSpan(rest)
		m.sure = behind > 0
		rest = trimBlanks(rest[behind:])
	}
	n := separator(rest, before > 0, behind > 0)
	if name != "" && n >= 0 && strings.Count(name, " ") < mostWords {
		m.speaker, m.body = name, len(line)-len(rest)+n
		m.tight = n > 0 && n < len(rest) && !isSpace(rest[n])
		return m, true
	}
	return m, m.bare >= 0
}

// trimBlanks takes blanks and tabs off the start.
func trimBlanks(s string) string {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	return s
}

const (
	longestName = 48 // bytes
	mostWords   = 5
)

// nameEnd returns the length of the longest start of s that could be a speaker's name, with the blanks behind it.
func nameEnd(s string) int {
	i := 0
	for i < len(s) && i <= longestName {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			c, n := utf8.DecodeRuneInString(s[i:])
			if !unicode.IsLetter(c) && (i == 0 || !unicode.IsDigit(c) && !unicode.IsMark(c) && c != '’') {
				return i
			}
			i += n - 1
		case c|0x20 >= 'a' && c|0x20 <= 'z':
		case i == 0:
			return 0
		case c == '-':
			if s[i-1] == ' ' || i+1 == len(s) || s[i+1] == ' ' {
				return i
			}
		case c == '(' || c >= '0' && c <= '9' && s[i-1] == ' ':
			if startsTime(s[i:]) {
				return i
			}
		case c >= '0' && c <= '9' || c == ' ' || strings.IndexByte(".'_#&/)", c) >= 0:
		default:
			return i
		}
		i++
	}
	return i
}

func startsTime(s string) bool {
	_, _, n := timeSpan(s)
	return n > 0
}

// separator returns the length of what parts the name from the text, -1 if nothing does: a colon, or a dash behind a
// name with a time before it, or nothing behind a name with a time behind it.
func separator(s string, timeBefore, timeBehind bool) int {
	switch {
	case strings.HasPrefix(s, ":") && !strings.HasPrefix(s, "://"):
		return 1
	case timeBehind:
		return 0
	case timeBefore:
		for _, dash := range []string{"-", "–", "—"} {
			if strings.HasPrefix(s, dash) {
				return len(dash)
			}
		}
	}
	return -1
}

// timeSpan reads "[00:12]", "(1:02:03.5 - 1:02:07)" or "00:12" at the start of s and returns its length, 0 if s does not
// start with a time.
func timeSpan(s string) (from, to time.Duration, n int) {
	closing := byte(0)
	if strings.HasPrefix(s, "[") {
		closing = ']'
	} else if strings.HasPrefix(s, "(") {
		closing = ')'
	}
	if closing != 0 {
		n = 1
	}
	from, k := clock(s[n:])
	if k == 0 {
		return 0, 0, 0
	}
	n += k
	dash := len(s[n:]) - len(strings.TrimLeft(s[n:], " ->–"))
	if t, k := clock(s[n+dash:]); k > 0 && dash > 0 {
		to, n = t, n+dash+k
	}
	if closing == 0 {
		return from, to, n
	}
	if n == len(s) || s[n] != closing {
		return 0, 0, 0
	}
	return from, to, n + 1
}

// clock reads "mm:ss" or "hh:mm:ss", with a fraction of a second if there is one, at the start of s and returns its
// length, 0 if s does not start with a time.
func clock(s string) (d time.Duration, n int) {
	parts := 0
	for {
		k, v := digits(s[n:])
		if k == 0 || k > 3 || parts > 0 && (k != 2 || v > 59) {
			return 0, 0
		}
		d, n, parts = d*60+time.Duration(v)*time.Second, n+k, parts+1
		if parts == 3 || n == len(s) || s[n] != ':' {
			break
		}
		n++
	}
	if parts < 2 {
		return 0, 0
	}
	if n+1 < len(s) && (s[n] == '.' || s[n] == ',') {
		if k, v := digits(s[n+1:]); k > 0 && k <= 3 {
			for range 3 - k {
				v *= 10
			}
			d, n = d+time.Duration(v)*time.Millisecond, n+1+k
		}
	}
	return d, n
}

// digits reads the at most nine digits at the start of s.
func digits(s string) (n, value int) {
	for n < len(s) && n < 9 && s[n] >= '0' && s[n] <= '9' {
		value = value*10 + int(s[n]-'0')
		n++
	}
	return n, value
}
