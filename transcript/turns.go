package transcript

import (
	"strings"
	"time"
	"unicode"
)

// A Turn is what one speaker says at one go.
type Turn struct {
	// Speaker is the name as it is written in the call, "" where none is given.
	Speaker string
	Role    Role
	Text    string
	// Start and End are the byte span that Text comes from in the call's text, without the speaker's label.
	Start, End int
	// From and To are when it was said, counted from the start of the call; To is 0 where only the beginning is known,
	// and both are 0 where nothing is.
	From, To time.Duration
}

// Turns cuts the call's text into turns and drops nothing but labels, times and white space between turns.
//
// A turn starts at a line with a speaker's label and goes on to the next: "Agent: …", "[00:12] Rep - …",
// "00:12 Jane Doe: …", "Jane Doe (00:12): …". What ends in a colon is taken for a label where it is a usual word for
// one of the sides (see [Roles.Of]) or in the call's Roles, where it carries a time, where it comes back in the call,
// or where every line has one; so a line that starts with "Note: " stays what it is. Text without any label is cut at
// blank lines, and paragraphs of more than 400 bytes into groups of whole sentences.
func (c Call) Turns() []Turn {
	marks := findMarks(c.Text, c.Roles)
	if len(marks) == 0 {
		return paragraphs(c.Text)
	}
	turns := make([]Turn, 0, len(marks)+1)
	if before := trim(Turn{Text: c.Text[:marks[0].start], End: marks[0].start}); before.Text != "" {
		turns = append(turns, before)
	}
	for i, m := range marks {
		end := len(c.Text)
		if i+1 < len(marks) {
			end = marks[i+1].start
		}
		t := Turn{Speaker: m.speaker, Role: m.role, Text: c.Text[m.body:end], Start: m.body, End: end, From: m.from, To: m.to}
		if t = trim(t); t.Text != "" {
			turns = append(turns, t)
		}
	}
	return turns
}

// trim takes the white space off both ends of a turn.
func trim(t Turn) Turn {
	text := strings.TrimLeftFunc(t.Text, unicode.IsSpace)
	t.Start += len(t.Text) - len(text)
	t.Text = strings.TrimRightFunc(text, unicode.IsSpace)
	t.End = t.Start + len(t.Text)
	return t
}

// mark is a label at the start of a line.
type mark struct {
	start, body int // of the line, and of what is behind the label
	bare        int // of what is behind the time in brackets, where the name may be none; else -1
	speaker     string
	role        Role
	sure        bool // that it is a name
	from, to    time.Duration
}

// findMarks returns the labels of a text in their order.
func findMarks(text string, roles Roles) []mark {
	type use struct {
		count int
		role  Role
		known bool
	}
	var marks []mark
	uses := make(map[string]*use)
	every := true // line has a name
	for at, end := 0, 0; at < len(text); at = end {
		end = len(text)
		if n := strings.IndexByte(text[at:], '\n'); n >= 0 {
			end = at + n + 1
		}
		m, ok := findMark(text[at:end])
		every = every && (ok && m.speaker != "" || strings.TrimSpace(text[at:end]) == "")
		if !ok {
			continue
		}
		m.start, m.body = at, m.body+at
		if m.bare >= 0 {
			m.bare += at
		}
		marks = append(marks, m)
		if u := uses[m.speaker]; u != nil {
			u.count++
		} else {
			role, known := roles.find(m.speaker)
			uses[m.speaker] = &use{1, role, known}
		}
	}
	kept := marks[:0]
	for _, m := range marks {
		u := uses[m.speaker]
		switch {
		case m.speaker != "" && (every || m.sure || u.known || u.count > 1):
			m.role = u.role
		case m.bare >= 0:
			m.speaker, m.body = "", m.bare
		default:
			continue
		}
		kept = append(kept, m)
	}
	return kept
}

// findMark reads the label at the start of a line.
func findMark(line string) (m mark, ok bool) {
	rest := strings.TrimLeft(line, " \t")
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
	name := strings.TrimRight(rest[:end], " \t")
	rest = rest[end:]
	behind := 0
	if before == 0 && name != "" {
		m.from, m.to, behind = timeSpan(rest)
		m.sure = behind > 0
		rest = strings.TrimLeft(rest[behind:], " \t")
	}
	n := separator(rest, before > 0, behind > 0)
	if name != "" && n >= 0 && strings.Count(name, " ") < mostWords {
		m.speaker, m.body = name, len(line)-len(rest)+n
		return m, true
	}
	return m, m.bare >= 0
}

const (
	longestName = 48 // bytes
	mostWords   = 5
)

// nameEnd returns the length of the longest start of s that could be a speaker's name, with the blanks behind it.
func nameEnd(s string) int {
	for i, c := range s {
		switch {
		case i > longestName:
			return i
		case unicode.IsLetter(c):
		case i == 0:
			return 0
		case c == '-' && s[i-1] != ' ' && i+1 < len(s) && s[i+1] != ' ':
		case (c == '(' || c >= '0' && c <= '9' && s[i-1] == ' ') && startsTime(s[i:]):
			return i
		case !strings.ContainsRune(" .'’_#&/()", c) && !unicode.IsDigit(c) && !unicode.IsMark(c):
			return i
		}
	}
	return len(s)
}

func startsTime(s string) bool {
	_, _, n := timeSpan(s)
	return n > 0
}

// separator returns the length of what parts the name from the text, -1 if nothing does: a colon, or a dash behind a
// name with a time before it, or nothing behind a name with a time behind it.
func separator(s string, timeBefore, timeBehind bool) int {
	switch {
	case strings.HasPrefix(s, ":") && (len(s) == 1 || isSpace(s[1])):
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

// longestGroup is the size in bytes to which sentences of text without speakers are grouped; about 90 word pieces.
const longestGroup = 400

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
		if ends := unicode.IsSpace(c) && strings.ContainsRune(".!?…", last) || strings.ContainsRune("。！？", last); ends && i > sentence {
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
