package transcript

import (
	"strings"
	"time"
)

// clock reads "mm:ss" or "hh:mm:ss", with a fraction of a second if there is one, at the start of s and returns its
// length, 0 if s does not start with a time.
func clock(s string) (d time.Duration, n int) { return readClock(s, 2) }

// readClock is clock for minutes and seconds of at least so many digits: recognizers write "0:0:4.12".
func readClock(s string, least int) (d time.Duration, n int) {
	parts := 0
	for {
		k, v := digits(s[n:])
		if k == 0 || k > 3 || parts > 0 && (k < least || k > 2 || v > 59) {
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

// stamp is a time as it stands beside what is said.
type stamp struct {
	from, to time.Duration
	length   int
	// sure means that nobody says it so: in brackets, with hours, minutes and seconds, a span, or with a date.
	sure bool
}

// readStamp reads "[00:12]", "(1:02:03.5 - 1:02:07)", "00:12", "10:02 AM" or "[2026-03-05, 10:02:13]" at the start of s; its
// length is 0 if s does not start with a time.
func readStamp(s string) (t stamp) {
	if s == "" {
		return t
	}
	closing := byte(0)
	switch {
	case s[0] == '[':
		closing = ']'
	case s[0] == '(':
		closing = ')'
	case !isDigit(s[0]):
		return t
	}
	n := 0
	if closing != 0 {
		n, t.sure = 1, true
	}
	if k := date(s[n:]); k > 0 {
		n, t.sure = n+k, true
	}
	var k int
	if t.from, k = clock(s[n:]); k == 0 {
		return stamp{}
	}
	t.sure = t.sure || strings.Count(s[n:n+k], ":") == 2
	n += k
	n += halfOfDay(s[n:], &t.from)
	between := len(s[n:]) - len(strings.TrimLeft(s[n:], " ->–→"))
	if to, k := clock(s[n+between:]); k > 0 && between > 0 && strings.ContainsAny(s[n:n+between], "->–→") {
		t.to, n, t.sure = to, n+between+k, true
		n += halfOfDay(s[n:], &t.to)
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

// date returns the length of the date at the start of s, with what parts it from a time behind it.
func date(s string) int {
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

// halfOfDay reads " AM" or " p.m." at the start of s, sets the time right and returns its length.
func halfOfDay(s string, d *time.Duration) int {
	t := strings.TrimLeft(s, " \u202f\u00a0")
	if len(t) < 2 {
		return 0
	}
	half, rest := t[0]|0x20, t[1:]
	rest = strings.TrimPrefix(rest, ".")
	if half != 'a' && half != 'p' || rest == "" || rest[0]|0x20 != 'm' {
		return 0
	}
	rest = strings.TrimPrefix(rest[1:], ".")
	if isWordByte(rest, 0) {
		return 0
	}
	if noon := 12 * time.Hour; half == 'p' && *d < noon {
		*d += noon
	} else if half == 'a' && *d >= noon {
		*d -= noon
	}
	return len(s) - len(rest)
}
