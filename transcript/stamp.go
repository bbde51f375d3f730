package transcript

import (
	"slices"
	"strings"
	"time"
)

// clock reads "mm:ss" or "hh:mm:ss", with a fraction of a second if there is one, at the start of s and returns its
// length, 0 if s does not start with a time.
func clock(s string) (d time.Duration, n int) {
	if isTimecode(s) {
		d, _ := readClock(strings.ReplaceAll(s[:len("00:00:00")], ";", ":"), 2)
		return d, len(timecode)
	}
	return readClock(s, 2)
}

// timecode is how editors of films write a time, "00:00:01:12" or "00;00;01;12". Its last number is the frame within the second and is passed
// over, since nothing tells how many frames there are.
const timecode = "00:00:00:00"

func isTimecode(s string) bool {
	if len(s) < len(timecode) || s[8] != ':' && s[8] != ';' || len(s) > len(timecode) && (isDigit(s[len(timecode)]) || s[len(timecode)] == ':') {
		return false
	}
	for i := range len(timecode) {
		if isDigit(s[i]) != isDigit(timecode[i]) || !isDigit(s[i]) && s[i] != ':' && s[i] != ';' {
			return false
		}
	}
	return s[3] < '6' && s[6] < '6'
}

// hasHours reports whether a time has hours, minutes and seconds.
func hasHours(clock string) bool { return strings.Count(clock, ":")+strings.Count(clock, ";") > 1 }

// readClock is clock for minutes and seconds of at least the given number of digits: recognizers write "0:0:4.12".
func readClock(s string, least int) (d time.Duration, n int) {
	parts := 0
	for {
		k, v := digits(s[n:])
		if k == 0 || k > 3 || parts > 0 && (k < least || k > 2 || v > 59) {
			return 0, 0
		}
		d, n, parts = d*60+time.Duration(v)*time.Second, n+k, parts+1
		if parts == 3 || n+1 >= len(s) || s[n] != ':' || parts == 2 && !isDigit(s[n+1]) {
			break
		}
		n++
	}
	if parts < 2 {
		return 0, 0
	}
	f, k := fraction(s[n:])
	return d + f, n + k
}

// fraction reads ".5", ",500" or ".123456789" at the start of s and returns its length, 0 if s does not start with the
// fraction of a second.
func fraction(s string) (d time.Duration, n int) {
	if len(s) < 2 || s[0] != '.' && s[0] != ',' {
		return 0, 0
	}
	k, v := digits(s[1:])
	if n = 1 + k; k == 0 || n < len(s) && (isDigit(s[n]) || s[n] == ':') { // "1:02,1:04" are two times
		return 0, 0
	}
	for range 9 - k {
		v *= 10
	}
	return time.Duration(v), n
}

// digits reads the at most nine digits at the start of s.
func digits(s string) (n, value int) {
	for n < len(s) && n < 9 && isDigit(s[n]) {
		value = value*10 + int(s[n]-'0')
		n++
	}
	return n, value
}

// stamp is a time as it is written next to what is said.
type stamp struct {
	from, to time.Duration
	length   int
	// sure means that nobody says it so: in brackets, with hours, minutes and seconds, a span, or with a date, which dated means.
	sure, dated bool
}

// readStamp reads "[00:12]", "(1:02:03.5 - 1:02:07)", "00:12", "10:02 AM", "[2026-03-05, 10:02:13]" or "Mar 5, 2026 10:02 AM - "
// at the start of s; its length is 0 if s does not start with a time.
func readStamp(s string) (t stamp) {
	if s == "" {
		return t
	}
	closing, ofDay := byte(0), false
	switch {
	case s[0] == '[':
		closing = ']'
	case s[0] == '(':
		closing = ')'
	case isDigit(s[0]):
	case date(s) > 0:
		if t = readStamp("[" + s[:closesStamp(s)] + "]"); t.length > 0 {
			t.length -= len("[]")
		}
		return t
	default:
		return t
	}
	n := 0
	if closing != 0 {
		n, t.sure = 1, true
		for n < len(s) && s[n] == ' ' {
			n++
		}
	}
	if k := date(s[n:]); k > 0 {
		n, t.sure, t.dated, ofDay = n+k, true, true, true
	}
	var k int
	if t.from, k = clock(s[n:]); k == 0 {
		if closing != 0 {
			if t = secondsWithin(s, closing); t.length == 0 {
				t = unitsWithin(s, closing)
			}
			return t
		}
		t.from, t.length = unitsOfTime(s[n:])
		return t
	}
	seconds := hasHours(s[n : n+k])
	t.sure = t.sure || seconds
	n += k
	half, k := halfOfDay(s[n:])
	n += k
	if ofDay && seconds && strings.HasPrefix(s[n:], "Z") && !isWordByte(s, n+1) {
		n++
	}
	t.from = timeOfDay(t.from, half, seconds, ofDay)
	between := len(s[n:]) - len(strings.TrimLeft(s[n:], " ->–→"))
	if to, k := clock(s[n+between:]); k > 0 && between > 0 && strings.ContainsAny(s[n:n+between], "->–→") {
		seconds = hasHours(s[n+between : n+between+k])
		t.sure = t.sure || isFull(s[n+between:n+between+k])
		n += between + k
		half, k := halfOfDay(s[n:])
		n += k
		t.to = timeOfDay(to, half, seconds, ofDay)
	}
	if closing != 0 {
		if n == len(s) || s[n] != closing {
			return stamp{}
		}
		n++
	}
	t.length = n
	return t
}

// secondsWithin reads "[12s]", "(0.52s - 3.2s)" or "[0.52 -> 3.20]", as recognizers print: seconds with decimals or a unit.
func secondsWithin(s string, closing byte) (t stamp) {
	from, n := secondsOf(s[1:])
	if n == 0 {
		return stamp{}
	}
	t = stamp{from: from, sure: true}
	n++
	if rest := strings.TrimLeft(s[n:], " ->–→"); len(rest) < len(s[n:]) {
		to, k := secondsOf(rest)
		if k == 0 {
			return stamp{}
		}
		t.to = to
		n = len(s) - len(rest) + k
	}
	if n == len(s) || s[n] != closing {
		return stamp{}
	}
	t.length = n + 1
	return t
}

// unitsWithin reads "( 5s )" or "( 1m 5s )", as the chats of Salesforce have.
func unitsWithin(s string, closing byte) stamp {
	const longest = len("( 10h 10m 10s )")
	n := strings.IndexByte(s[:min(len(s), longest)], closing)
	if n < 0 || strings.Trim(s[1:n], "0123456789hms ") != "" {
		return stamp{}
	}
	d, ok := parseParts(s[1:n])
	if !ok {
		return stamp{}
	}
	return stamp{from: d, length: n + 1, sure: true}
}

// secondsOf reads a number of seconds at the start of s.
func secondsOf(s string) (d time.Duration, n int) {
	n, v := digits(s)
	if n == 0 {
		return 0, 0
	}
	f, k := fraction(s[n:])
	d = time.Duration(v)*time.Second + f
	if n += k; strings.HasPrefix(s[n:], "s") {
		return d, n + 1
	}
	if k == 0 {
		return 0, 0
	}
	return d, n
}

// unitsOfTime reads "1 hour 2 minutes 3 seconds" or "0m12s" at the start of s, and "1:02:03" right after it, as Teams writes; n is 0
// where minutes or seconds are missing.
func unitsOfTime(s string) (d time.Duration, n int) {
	parts := 0
	for {
		rest := strings.TrimLeft(s[n:], " ")
		k, v := digits(rest)
		word := strings.TrimPrefix(rest[k:], " ")
		size := 0
		for size < len(word) && isLetter(word[size]) {
			size++
		}
		unit, known := durationUnits[word[:size]]
		short := size == 1 && rest[k] == word[0] && (parts == 0 || rest[0] == s[n])
		if k == 0 || k > 3 || !known || size < len("hour") && !short {
			break
		}
		d += time.Duration(v) * unit
		n = len(s) - len(word) + size
		parts++
	}
	if parts < 2 {
		return 0, 0
	}
	_, k := clock(s[n:])
	return d, n + k
}

// date returns the length of the date at the start of s, with what separates it from a time after it.
func date(s string) int {
	if n := plainDate(s); n > 0 {
		return n
	}
	return namedDate(s)
}

// plainDate is date for one in numbers: "2026-03-05, ", "5.3.2026 ".
func plainDate(s string) int {
	n, numbers := 0, 0
	for numbers < 3 {
		k, _ := digits(s[n:])
		if k == 0 || k > 4 || n+k == len(s) {
			return 0
		}
		n += k
		numbers++
		if numbers < 3 {
			if strings.IndexByte("-/.", s[n]) < 0 {
				return 0
			}
			n++
		}
	}
	rest := strings.TrimLeft(s[n:], ", T")
	if len(rest) == len(s[n:]) {
		return 0
	}
	return len(s) - len(rest)
}

// namedDate is date for one with the name of its month: "Mar 5, 2026", "Thursday, 5 March 2026 at ".
func namedDate(s string) int {
	const near = 40 // bytes within which a date has a number: most lines have none there
	if !hasDigit(s[:min(len(s), near)]) {
		return 0
	}
	rest, named, numbers := s, false, 0
	for word := 0; word < 4 && (!named || numbers < 2); word++ {
		end := strings.IndexAny(rest, " ,.")
		if end < 1 || end > longestMonth {
			return 0
		}
		switch k, _ := digits(rest); {
		case k == end && k <= 4:
			numbers++
		case k > 0:
			return 0
		default:
			name := strings.ToLower(rest[:end])
			if monthNames[name] > 0 == named && !dateFillers[name] {
				return 0
			}
			named = named || monthNames[name] > 0
		}
		rest = strings.TrimLeft(rest[end:], " ,.")
	}
	if !named || numbers < 2 {
		return 0
	}
	return len(s) - len(strings.TrimPrefix(rest, "at "))
}

// closesStamp is where a time after a date that begins s without brackets ends: before " - ", or with the line. It is 0 where
// the line goes on otherwise, as speech does.
func closesStamp(s string) int {
	line, _, _ := strings.Cut(s, "\n")
	for _, end := range []string{" - ", " – ", " | "} {
		if before, _, ok := strings.Cut(line, end); ok {
			return len(before)
		}
	}
	return len(strings.TrimRight(line, " :\r"))
}

// longestMonth is how many bytes the name of a month or of a day of the week has at most.
const longestMonth = 12

// halfOfDay reads " AM" or " p.m." at the start of s; half is 'a', 'p' or 0.
func halfOfDay(s string) (half byte, n int) {
	t := strings.TrimLeft(s, " \u202f\u00a0")
	if len(t) < 2 || t[0]|0x20 != 'a' && t[0]|0x20 != 'p' {
		return 0, 0
	}
	rest := strings.TrimPrefix(t[1:], ".")
	if rest == "" || rest[0]|0x20 != 'm' {
		return 0, 0
	}
	if rest = strings.TrimPrefix(rest[1:], "."); isWordByte(rest, 0) {
		return 0, 0
	}
	return t[0] | 0x20, len(s) - len(rest)
}

// timeOfDay returns the time that a clock shows, read as minutes and seconds unless it has seconds.
func timeOfDay(d time.Duration, half byte, seconds, ofDay bool) time.Duration {
	if !seconds && (ofDay || half != 0) {
		d *= 60
	}
	switch noon := 12 * time.Hour; {
	case half == 'p' && d < noon:
		return d + noon
	case half == 'a' && d >= noon:
		return d - noon
	}
	return d
}

// fromStart counts the times of text from the first one where that is a time of day: no call has been going on for so long.
func fromStart(marks []mark) {
	const longest = 6 * time.Hour
	first := time.Duration(0)
	named := slices.IndexFunc(marks, func(m mark) bool { return m.form != unnamed })
	for i := max(0, named); i < len(marks); i++ { // above the first name may be when the call began
		m := &marks[i]
		if m.cue || m.from == 0 {
			continue
		}
		if first == 0 {
			first = m.from
		}
		if first < longest {
			return
		}
		for _, t := range []*time.Duration{&m.from, &m.to} {
			if *t != 0 {
				*t -= first
			}
			if *t < 0 {
				*t = max(0, *t+24*time.Hour)
			}
		}
	}
}
