package transcript

import (
	"bytes"
	"io"
)

// source is text that is read as it is needed; what has been read and not yet given up lies in buf[pos:].
type source struct {
	r      io.Reader
	buf    []byte
	pos    int
	base   int64 // of buf[0] in the text
	breaks int   // lines that have ended before pos
	err    error // that ended r, io.EOF if nothing is wrong
}

func (s *source) at() int64 { return s.base + int64(s.pos) }

// more reads on, and reports whether there was more. What lies before pos is given up.
func (s *source) more() bool {
	if s.err != nil {
		return false
	}
	if s.pos > 0 {
		n := copy(s.buf, s.buf[s.pos:])
		s.buf, s.base, s.pos = s.buf[:n], s.at(), 0
	}
	if len(s.buf) == cap(s.buf) {
		s.buf = append(make([]byte, 0, max(2*cap(s.buf), 1<<18)), s.buf...)
	}
	n := 0
	for n == 0 && s.err == nil {
		n, s.err = s.r.Read(s.buf[len(s.buf):cap(s.buf)])
	}
	s.buf = s.buf[:len(s.buf)+n]
	return n > 0
}

// skip gives up the next n bytes.
func (s *source) skip(n int) {
	s.breaks += bytes.Count(s.buf[s.pos:s.pos+n], []byte("\n"))
	s.pos += n
}

// peek returns the next byte that is not white space; ok is false at the end.
func (s *source) peek() (c byte, ok bool) {
	for {
		for ; s.pos < len(s.buf); s.skip(1) {
			if c := s.buf[s.pos]; !isSpace(c) {
				return c, true
			}
		}
		if !s.more() {
			return 0, false
		}
	}
}

// byteAt returns the i-th of the bytes to come; ok is false after the end.
func (s *source) byteAt(i int) (c byte, ok bool) {
	for s.pos+i >= len(s.buf) {
		if !s.more() {
			return 0, false
		}
	}
	return s.buf[s.pos+i], true
}

// index returns the place of the first of some characters from the i-th of the bytes to come on, and the end of the text
// or the limit if it is nearer.
func (s *source) index(i int, chars string, limit int) int {
	for i < limit {
		if k := bytes.IndexAny(s.buf[s.pos+i:], chars); k >= 0 {
			return i + k
		}
		i = len(s.buf) - s.pos
		if !s.more() {
			break
		}
	}
	return i
}

var utf8BOM = []byte("\ufeff")

// skipBOM gives up the byte order mark of UTF-8.
func (s *source) skipBOM() {
	for len(s.buf) < len(utf8BOM) && s.more() {
	}
	if bytes.HasPrefix(s.buf, utf8BOM) {
		s.pos = len(utf8BOM)
	}
}

// line returns the bytes of the next line without its end, and false where it is longer than a limit or cannot be read.
func (s *source) line(limit int) (line []byte, ok bool) {
	n := s.index(0, "\n", limit)
	if n >= limit || s.err != nil && s.err != io.EOF && s.pos+n == len(s.buf) {
		return s.buf[s.pos : s.pos+min(n, len(s.buf)-s.pos)], false
	}
	return bytes.TrimRight(s.buf[s.pos:s.pos+n], " \t\r"), true
}
