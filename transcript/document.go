package transcript

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// document is JSON text parsed as a whole: a list of nodes, each before those in it. The parser is stricter than
// encoding/json, which turns broken UTF-8 and lone surrogates into U+FFFD and lets the last of two equal keys win, both
// without a word; and it takes the NaN and Infinity that Python writes, as null.
type document struct {
	b       []byte
	nodes   []node
	nan     bool              // there is a NaN or an Infinity
	scratch []byte            // strings with escapes are put together here
	keys    map[string]string // that have come before, so that they need not be copied each time
}

// node is a value; places are those in the text.
type node struct {
	key      string // of an object's member
	keyAt    int32
	from, to int32
	next     int32 // the node after this one and those in it
}

// value is a value of a document; the zero value is none.
type value struct {
	d *document
	i int32
}

// isMap reports whether a value is an object of at least two members that are all objects, as of calls by their IDs.
func (v value) isMap() bool {
	n := 0
	if v.kind() == '{' {
		for m := range v.all() {
			if m.kind() != '{' {
				return false
			}
			n++
		}
	}
	return n > 1
}

// fault is a problem at a byte of the text.
type fault struct {
	at      int
	problem string
}

func (f *fault) Error() string { return f.problem }

func failAt(at int, format string, args ...any) error {
	return &fault{at, fmt.Sprintf(format, args...)}
}

// deepest is how many brackets may be open at once.
const deepest = 1000

// parse parses b, which must not change as long as the document's values are in use.
func (d *document) parse(b []byte) (value, error) {
	d.b, d.nodes, d.nan = b, d.nodes[:0], false
	if i := invalidUTF8(b); i >= 0 {
		return value{}, &fault{i, notUTF8(b[i])}
	}
	end, err := d.value(d.space(0), 0, node{})
	if err != nil {
		return value{}, err
	}
	if end = d.space(end); end < len(b) {
		return value{}, failAt(end, "want nothing after the record, found %s", d.found(end))
	}
	return value{d, 0}, nil
}

// space returns the place of the next byte from i on that is not white space.
func (d *document) space(i int) int {
	for i < len(d.b) && isSpace(d.b[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// is reports whether the byte at i is c.
func (d *document) is(i int, c byte) bool { return i < len(d.b) && d.b[i] == c }

// found describes what is at i.
func (d *document) found(i int) string {
	if i >= len(d.b) {
		return "the end of the record"
	}
	c, _ := utf8.DecodeRune(d.b[i:])
	return strconv.QuoteRune(c)
}

// value parses the value at i, whose node has its key, and returns the place after it, as the functions that it calls do.
func (d *document) value(i, depth int, v node) (end int, err error) {
	n := len(d.nodes)
	v.from = int32(i)
	d.nodes = append(d.nodes, v)
	switch {
	case depth > deepest:
		return 0, failAt(i, "more than %d brackets are open", deepest)
	case d.is(i, '{'):
		end, err = d.object(i, depth+1)
	case d.is(i, '['):
		end, err = d.array(i, depth+1)
	case d.is(i, '"'):
		end, err = d.string(i)
	default:
		end, err = d.scalar(i)
	}
	d.nodes[n].to, d.nodes[n].next = int32(end), int32(len(d.nodes))
	return end, err
}

func (d *document) object(i, depth int) (end int, err error) {
	first := len(d.nodes)
	if i = d.space(i + 1); d.is(i, '}') {
		return i + 1, nil
	}
	for {
		at := i
		if i, err = d.string(i); err != nil {
			return 0, err
		}
		key := d.intern(d.unquote(d.b[at:i]))
		if i = d.space(i); !d.is(i, ':') {
			return 0, failAt(i, "want ':' after the key %s, found %s", clip(strconv.Quote(key)), d.found(i))
		}
		if i, err = d.value(d.space(i+1), depth, node{key: key, keyAt: int32(at)}); err != nil {
			return 0, err
		}
		if i = d.space(i); d.is(i, '}') {
			return i + 1, d.checkKeys(first)
		}
		if !d.is(i, ',') {
			return 0, failAt(i, "want ',' or '}' after the value of %s, found %s", clip(strconv.Quote(key)), d.found(i))
		}
		i = d.space(i + 1)
	}
}

// checkKeys returns an error if two members of the object whose first member is a node are called the same.
func (d *document) checkKeys(first int) error {
	const few = 16
	var seen map[string]bool
	count := 0
	for i := first; i < len(d.nodes); i = int(d.nodes[i].next) {
		key := d.nodes[i].key
		twice := seen[key]
		if seen == nil {
			for k := first; k < i && !twice; k = int(d.nodes[k].next) {
				twice = d.nodes[k].key == key
			}
		} else {
			seen[key] = true
		}
		if twice {
			return failAt(int(d.nodes[i].keyAt), "the key %q occurs twice; keep one", clip(key))
		}
		if count++; count == few {
			seen = make(map[string]bool)
			for k := first; k <= i; k = int(d.nodes[k].next) {
				seen[d.nodes[k].key] = true
			}
		}
	}
	return nil
}

func (d *document) array(i, depth int) (end int, err error) {
	if i = d.space(i + 1); d.is(i, ']') {
		return i + 1, nil
	}
	for {
		if i, err = d.value(i, depth, node{}); err != nil {
			return 0, err
		}
		if i = d.space(i); d.is(i, ']') {
			return i + 1, nil
		}
		if !d.is(i, ',') {
			return 0, failAt(i, "want ',' or ']' after an array's element, found %s", d.found(i))
		}
		i = d.space(i + 1)
	}
}

// scalar parses a number or a word.
func (d *document) scalar(i int) (end int, err error) {
	end = i
	for end < len(d.b) && !isSpace(d.b[end]) && strings.IndexByte(",]}:", d.b[end]) < 0 {
		end++
	}
	switch word := d.b[i:end]; {
	case len(word) == 0:
		return 0, failAt(i, "want a JSON value, found %s", d.found(i))
	case isNaN(word):
		d.nan = true
	case !isPlainInt(word) && !json.Valid(word):
		return 0, failAt(i, "%s is not a JSON value", clip(string(word)))
	}
	return end, nil
}

// isNaN reports whether a word is one that Python writes for a number that JSON has not.
func isNaN(word []byte) bool {
	switch string(word) {
	case "NaN", "Infinity", "-Infinity":
		return true
	}
	return false
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

// string checks the string at i.
func (d *document) string(i int) (end int, err error) {
	if !d.is(i, '"') {
		return 0, failAt(i, "want a string in double quotes, found %s", d.found(i))
	}
	from, quote := i, i
	for i++; ; {
		if quote < i {
			n := bytes.IndexByte(d.b[i:], '"')
			if n < 0 {
				return 0, failAt(from, "the string is not closed; the record seems to be cut short")
			}
			quote = i + n
		}
		n := bytes.IndexByte(d.b[i:quote], '\\')
		plain := d.b[i:quote]
		if n >= 0 {
			plain = plain[:n]
		}
		if k := controlIn(plain); k >= 0 {
			return 0, failAt(i+k, "the control character %q is not escaped in a string; JSON writes it as \\u%04x", plain[k], plain[k])
		}
		if n < 0 {
			return quote + 1, nil
		}
		_, size, err := escape(d.b[i+n:])
		if err != nil {
			return 0, &fault{i + n, err.Error()}
		}
		i += n + size
	}
}

// controlIn returns the place of the first control character, -1 if there is none, looking at eight bytes at once.
func controlIn(b []byte) int {
	const ones = 0x0101010101010101
	i := 0
	for ; i+8 <= len(b); i += 8 {
		if v := binary.LittleEndian.Uint64(b[i:]); (v-' '*ones)&^v&(0x80*ones) != 0 {
			break
		}
	}
	for ; i < len(b); i++ {
		if b[i] < ' ' {
			return i
		}
	}
	return -1
}

const escaped = "\"\\/bfnrt"
const unescaped = "\"\\/\b\f\n\r\t"

// escape returns the character of the escape that b starts with, and the size of the escape.
func escape(b []byte) (c rune, size int, err error) {
	if len(b) > 1 {
		if k := strings.IndexByte(escaped, b[1]); k >= 0 {
			return rune(unescaped[k]), 2, nil
		}
	}
	c, ok := hex(b)
	if !ok {
		return 0, 0, fmt.Errorf("%q is no escape that JSON knows", b[:min(6, len(b))])
	}
	if !utf16.IsSurrogate(c) {
		return c, 6, nil
	}
	low, ok := hex(b[6:])
	if c = utf16.DecodeRune(c, low); !ok || c == utf8.RuneError {
		return 0, 0, fmt.Errorf("the escape %s is half of a surrogate pair; write the character itself", b[:6])
	}
	return c, 12, nil
}

// hex reads the \uXXXX that b starts with.
func hex(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return rune(v), err == nil
}

// unquote returns the text of a string that was checked, without a copy where it can.
func (d *document) unquote(quoted []byte) []byte {
	b := quoted[1 : len(quoted)-1]
	n := bytes.IndexByte(b, '\\')
	if n < 0 {
		return b
	}
	d.scratch = d.scratch[:0]
	for n >= 0 {
		c, size, _ := escape(b[n:]) // which was checked
		d.scratch = utf8.AppendRune(append(d.scratch, b[:n]...), c)
		b = b[n+size:]
		n = bytes.IndexByte(b, '\\')
	}
	d.scratch = append(d.scratch, b...)
	return d.scratch
}

// intern returns a string that comes back often.
func (d *document) intern(b []byte) string {
	const most, longest = 1000, 100
	if s, ok := d.keys[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(d.keys) < most && len(s) <= longest {
		if d.keys == nil {
			d.keys = make(map[string]string)
		}
		d.keys[s] = s
	}
	return s
}

// kind returns the first byte of a value, and 0 for none: '{', '[', '"', 't', 'f', 'n' (null), '-' or a digit.
func (v value) kind() byte {
	if v.d == nil {
		return 0
	}
	c := v.d.b[v.at()]
	if c == 'N' || c == 'I' || c == '-' && v.d.b[v.at()+1] == 'I' {
		return 'n'
	}
	return c
}

// at returns where the value is.
func (v value) at() int { return int(v.d.nodes[v.i].from) }

// bytes returns the value as it is written.
func (v value) bytes() []byte { return v.d.b[v.at():v.d.nodes[v.i].to] }

// key returns the key of an object's member, and "" for any other value.
func (v value) key() string {
	if v.d == nil {
		return ""
	}
	return v.d.nodes[v.i].key
}

// all yields what is in an array or object, and nothing for any other value.
func (v value) all() iter.Seq[value] {
	return func(yield func(value) bool) {
		if c := v.kind(); c != '{' && c != '[' {
			return
		}
		for i := v.i + 1; i < v.d.nodes[v.i].next; i = v.d.nodes[i].next {
			if !yield(value{v.d, i}) {
				return
			}
		}
	}
}

// get returns the member of an object that has the key, case counting, or none.
func (v value) get(key string) value {
	if v.kind() == '{' {
		for m := range v.all() {
			if m.key() == key {
				return m
			}
		}
	}
	return value{}
}

// withoutType returns what stands in an object such as {"$date": "2026-03-05T14:15:00Z"}, as MongoDB writes values that JSON has no type for, and any
// other value as it is.
func (v value) withoutType() value {
	if v.kind() != '{' {
		return v
	}
	members := slices.Collect(v.all())
	if len(members) == 1 && strings.HasPrefix(members[0].key(), "$") {
		return members[0].withoutType()
	}
	return v
}

// text returns a value as text: a string unquoted, null and none as "", anything else as it is written.
func (v value) text() string {
	switch v.kind() {
	case 0, 'n':
		return ""
	case '"':
		return string(v.d.unquote(v.bytes()))
	}
	return string(v.bytes())
}

// raw returns the value as JSON, a part of the document unless there was something in it that is not JSON.
func (v value) raw() json.RawMessage {
	if !v.d.nan {
		return v.bytes()
	}
	var b []byte
	at := v.at()
	for _, n := range v.d.nodes[v.i:v.d.nodes[v.i].next] {
		if isNaN(v.d.b[n.from:n.to]) {
			b = append(append(b, v.d.b[at:n.from]...), "null"...)
			at = int(n.to)
		}
	}
	return append(b, v.d.b[at:v.d.nodes[v.i].to]...)
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

func notUTF8(c byte) string {
	return fmt.Sprintf("the byte 0x%02x is not UTF-8; convert the file to UTF-8 (it may be Windows-1252, Latin-1 or UTF-16)", c)
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

// checkText returns an error if a text cannot be a call's.
func checkText(text string) error {
	if isMissing(text) || isBlank(text) {
		return errors.New("is empty; want what was said")
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		return fmt.Errorf("holds a NUL (its byte %d), so it is not text; remove it", i)
	}
	return nil
}
