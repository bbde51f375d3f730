package transcript

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// record parses one JSON record that lies in memory as a whole. It is stricter than encoding/json, which turns broken
// UTF-8 and lone surrogates into U+FFFD and lets the last of two equal keys win, both without a word.
type record struct {
	b       []byte
	i       int
	scratch []byte            // strings with escapes are put together here
	keys    map[string]string // and speakers that have come before, so that they need not be copied each time
}

// fault is a problem at a byte of the record.
type fault struct {
	at      int
	problem string
}

func (f *fault) Error() string { return f.problem }

func (r *record) fail(at int, format string, args ...any) error {
	return &fault{at, fmt.Sprintf(format, args...)}
}

func (r *record) space() {
	for r.i < len(r.b) && isSpace(r.b[r.i]) {
		r.i++
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// take consumes white space and the byte c.
func (r *record) take(c byte) bool {
	r.space()
	if r.i < len(r.b) && r.b[r.i] == c {
		r.i++
		return true
	}
	return false
}

// object calls member for each key, with r at the key's value; member consumes the value.
func (r *record) object(member func(key string) error) error {
	if !r.take('{') {
		return r.fail(r.i, "want a JSON object, found %s", r.found())
	}
	if r.take('}') {
		return nil
	}
	var few [12]string
	var many map[string]bool // the keys beyond a few
	for n := 0; ; n++ {
		r.space()
		at := r.i
		key, err := r.key()
		if err != nil {
			return err
		}
		if slices.Contains(few[:min(n, len(few))], key) || many[key] {
			return r.fail(at, "the key %q is there twice; keep one", key)
		}
		if n < len(few) {
			few[n] = key
		} else {
			if many == nil {
				many = make(map[string]bool)
			}
			many[key] = true
		}
		if !r.take(':') {
			return r.fail(r.i, "want ':' behind the key %q, found %s", key, r.found())
		}
		r.space()
		if err := member(key); err != nil {
			return err
		}
		if r.take('}') {
			return nil
		}
		if !r.take(',') {
			return r.fail(r.i, "want ',' or '}' behind the value of %q, found %s", key, r.found())
		}
	}
}

// array calls element for each element, with r at it.
func (r *record) array(element func(n int) error) error {
	if !r.take('[') {
		return r.fail(r.i, "want a JSON array, found %s", r.found())
	}
	if r.take(']') {
		return nil
	}
	for n := 0; ; n++ {
		r.space()
		if err := element(n); err != nil {
			return err
		}
		if r.take(']') {
			return nil
		}
		if !r.take(',') {
			return r.fail(r.i, "want ',' or ']' behind an array's element, found %s", r.found())
		}
	}
}

// found describes what stands at r.
func (r *record) found() string {
	if r.i >= len(r.b) {
		return "the end of the record"
	}
	c, _ := utf8.DecodeRune(r.b[r.i:])
	return strconv.QuoteRune(c)
}

// raw consumes any value and returns its bytes, a part of r.b.
func (r *record) raw() (json.RawMessage, error) {
	from := r.i
	var e extent
	e.i = r.i
	if !e.scan(r.b) && !e.scalar() {
		return nil, r.fail(from, "the value is not closed")
	}
	r.i = e.i
	if value := r.b[from:r.i]; !isPlainString(value) && !isPlainInt(value) && !json.Valid(value) {
		return nil, r.fail(from, "%s is not a JSON value", clip(string(value)))
	}
	return r.b[from:r.i], nil
}

// isPlainString reports whether a value is a string without escapes.
func isPlainString(value []byte) bool {
	n := len(value) - 1
	if n < 1 || value[0] != '"' || value[n] != '"' {
		return false
	}
	for _, c := range value[1:n] {
		if c < ' ' || c == '\\' || c == '"' {
			return false
		}
	}
	return true
}

// isPlainInt reports whether a value is a number of digits alone.
func isPlainInt(value []byte) bool {
	for _, c := range value {
		if !isDigit(c) {
			return false
		}
	}
	return len(value) == 1 || len(value) > 1 && value[0] != '0'
}

// key consumes the key of an object, or another string that comes back often.
func (r *record) key() (string, error) {
	const most = 1000
	from := r.i + 1
	if r.i < len(r.b) && r.b[r.i] == '"' {
		n := bytes.IndexByte(r.b[from:], '"')
		if key, ok := r.keys[string(r.b[from:from+max(n, 0)])]; ok {
			r.i = from + n + 1
			return key, nil
		}
	}
	key, err := r.string()
	if err == nil && len(r.keys) < most && r.i-from == len(key)+1 { // without escapes
		if r.keys == nil {
			r.keys = make(map[string]string)
		}
		r.keys[key] = key
	}
	return key, err
}

// string consumes a string and returns it unescaped.
func (r *record) string() (string, error) {
	from := r.i
	if from >= len(r.b) || r.b[from] != '"' {
		return "", r.fail(from, "want a string in double quotes, found %s", r.found())
	}
	r.scratch = r.scratch[:0]
	quote := from
	for i := from + 1; ; {
		if quote < i {
			n := bytes.IndexByte(r.b[i:], '"')
			if n < 0 {
				return "", r.fail(from, "the string is not closed")
			}
			quote = i + n
		}
		n := bytes.IndexByte(r.b[i:quote], '\\')
		piece := r.b[i:quote]
		if n >= 0 {
			piece = piece[:n]
		}
		for k, c := range piece {
			if c < ' ' {
				return "", r.fail(i+k, "the control character %q stands raw in a string; JSON writes it as \\u%04x", c, c)
			}
		}
		if n < 0 && len(r.scratch) == 0 {
			r.i = quote + 1
			return string(piece), nil
		}
		r.scratch = append(r.scratch, piece...)
		if n < 0 {
			r.i = quote + 1
			return string(r.scratch), nil
		}
		var err error
		if i, err = r.escape(i + n); err != nil {
			return "", err
		}
	}
}

// invalidUTF8 returns the place of the first byte that is no UTF-8, and -1 where all are.
func invalidUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; ; {
		c, n := utf8.DecodeRune(b[i:])
		if c == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
}

const escaped = "\"\\/bfnrt"
const unescaped = "\"\\/\b\f\n\r\t"

// escape appends the character of the escape at byte i and returns the place behind it.
func (r *record) escape(i int) (int, error) {
	if i+1 < len(r.b) {
		if k := strings.IndexByte(escaped, r.b[i+1]); k >= 0 {
			r.scratch = append(r.scratch, unescaped[k])
			return i + 2, nil
		}
	}
	c, ok := r.hex(i)
	if !ok {
		return 0, r.fail(i, "%q is no escape that JSON knows", r.b[i:min(i+6, len(r.b))])
	}
	next := i + 6
	if utf16.IsSurrogate(c) {
		low, ok := r.hex(next)
		if c = utf16.DecodeRune(c, low); !ok || c == utf8.RuneError {
			return 0, r.fail(i, "the escape %s is half of a surrogate pair; write the character itself", r.b[i:next])
		}
		next += 6
	}
	r.scratch = utf8.AppendRune(r.scratch, c)
	return next, nil
}

// hex reads \uXXXX at byte i.
func (r *record) hex(i int) (rune, bool) {
	if i+6 > len(r.b) || r.b[i] != '\\' || r.b[i+1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(string(r.b[i+2:i+6]), 16, 16)
	return rune(v), err == nil
}

// clip makes what an error quotes short and a single line.
func clip(s string) string {
	const most = 40
	s = strings.Map(func(c rune) rune {
		if c < ' ' {
			return ' '
		}
		return c
	}, s[:min(len(s), 2*most)])
	if len(s) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return s
}

// extent finds where a JSON value ends, in bytes that may still grow: scan goes on from i.
type extent struct {
	i      int
	depth  int
	quoted bool
	lines  bool // a line that starts with '{' ends an open value: these are JSON Lines
	broken string
}

// scan reports whether the value's end lies in b; i is then the place behind it. A value that cannot end any more sets
// broken. Strings and what is in brackets end by themselves; other scalars end where b goes on with a delimiter.
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
			if e.lines && e.depth > 0 && b[e.i-1] == '\n' {
				e.i-- // to the end of the line before
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

// scalar reports whether the bytes scanned so far may be a whole scalar, which has no end of its own.
func (e *extent) scalar() bool { return e.depth == 0 && !e.quoted && e.broken == "" }

// string goes on to the end of the string that it is in, or to the end of b.
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
