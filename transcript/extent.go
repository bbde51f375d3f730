package transcript

import "bytes"

// extent finds where a JSON value ends, in bytes that may still grow: scan continues from i.
type extent struct {
	i      int
	depth  int
	quoted bool
	broken string
}

// scan reports whether the value's end lies in b; i is then the place after it. A value that cannot end any more sets
// broken. Strings and what is in brackets end by themselves; other scalars end where b continues with a delimiter.
func (e *extent) scan(b []byte) bool {
	for e.i < len(b) && e.broken == "" {
		if e.quoted {
			e.string(b)
			if !e.quoted && e.depth == 0 && e.broken == "" {
				return true
			}
			continue
		}
		switch c := b[e.i]; {
		case c == '"':
			e.quoted = true
		case c == '{' || c == '[':
			if c == '{' && e.cutBefore(b) {
				e.broken = "its line ends before the record does"
				return false
			}
			e.depth++
		case c == '}' || c == ']':
			if e.depth == 0 {
				return true // the end of the surrounding value
			}
			if e.depth--; e.depth == 0 {
				e.i++
				return true
			}
		case e.depth == 0 && (c == ',' || isSpace(c)):
			return true
		}
		e.i++
	}
	return false
}

// cutBefore reports whether the object that starts at i starts a line and cannot be in the value: that was cut short.
func (e *extent) cutBefore(b []byte) bool {
	if e.depth == 0 || b[e.i-1] != '\n' {
		return false
	}
	before := bytes.TrimRight(b[:e.i], " \t\r\n")
	switch c := before[len(before)-1]; c {
	case '[', ':':
		return false
	case ',':
		return e.depth == 1 && b[0] == '{'
	}
	return true
}

// scalar reports whether the bytes scanned so far may be a whole scalar, which has no end of its own.
func (e *extent) scalar() bool { return e.depth == 0 && !e.quoted && e.broken == "" }

// string continues to the end of the string that it is in, or to the end of b.
func (e *extent) string(b []byte) {
	n := bytes.IndexByte(b[e.i:], '"')
	end := e.i + n
	if n < 0 {
		end = len(b)
	}
	if k := bytes.IndexByte(b[e.i:end], '\n'); k >= 0 {
		e.i += k
		e.broken = "a string in it is not closed on its line"
		return
	}
	if n < 0 {
		e.i = end
		return
	}
	slashes := 0
	for b[end-1-slashes] == '\\' {
		slashes++
	}
	e.quoted = slashes%2 == 1
	e.i = end + 1
}
