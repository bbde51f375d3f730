package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"unicode/utf8"
)

// readTexts reads a JSON array of strings, or strings one after another (JSON Lines), a text at a time. An error names
// the record and the byte it starts at, both from 1, and ends the sequence.
func readTexts(r io.Reader) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		s := scanner{r: bufio.NewReaderSize(r, 1<<16)}
		array, err := s.open()
		for err == nil {
			var text string
			if text, err = s.next(array); err == nil && !yield(text, nil) {
				return
			}
		}
		if err != io.EOF {
			yield("", err)
		}
	}
}

// scanner splits its input into strings.
type scanner struct {
	r      *bufio.Reader
	offset int // bytes read
	record int // strings read
	quoted []byte
}

// open reports whether the input is an array, and enters it.
func (s *scanner) open() (array bool, err error) {
	c, err := s.token()
	if err == nil && c != '[' {
		err = s.back()
	}
	return c == '[', err
}

// next returns the next string, io.EOF after the last.
func (s *scanner) next(array bool) (string, error) {
	c, err := s.token()
	if array {
		c, err = s.element(c, err)
	}
	if err != nil {
		return "", err
	}
	start := s.offset
	if c != '"' {
		return "", s.errorf(start, "found %q, want a string in double quotes: give a JSON array of strings, or one string a line", c)
	}
	if err := s.string(); err == io.EOF {
		return "", s.errorf(start, "the string has no end; is the file complete?")
	} else if err != nil {
		return "", err
	}
	if !utf8.Valid(s.quoted) {
		return "", s.errorf(start, "not UTF-8; convert the file")
	}
	var text string
	if err := json.Unmarshal(s.quoted, &text); err != nil {
		return "", s.errorf(start, "%w", err)
	}
	s.record++
	return text, nil
}

// element takes the first byte after an element of an array to the first byte of the next one.
func (s *scanner) element(c byte, err error) (byte, error) {
	switch {
	case err != nil:
	case c == ']':
		if c, err = s.token(); err == nil {
			err = s.errorf(s.offset, "found %q after the end of the array; remove what follows it", c)
		}
		return 0, err
	case s.record == 0:
	case c == ',':
		c, err = s.token()
	default:
		return 0, s.errorf(s.offset, "found %q, want a comma or the end of the array", c)
	}
	if err == io.EOF {
		err = s.errorf(s.offset, "the input ends inside the array; is the file complete?")
	}
	return c, err
}

// token returns the next byte that is not white space.
func (s *scanner) token() (byte, error) {
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return 0, err
		}
		s.offset++
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c, nil
		}
	}
}

func (s *scanner) back() error {
	s.offset--
	return s.r.UnreadByte()
}

// string reads to the closing quote, into quoted.
func (s *scanner) string() error {
	s.quoted = append(s.quoted[:0], '"')
	for escaped := false; ; {
		c, err := s.r.ReadByte()
		if err != nil {
			return err
		}
		s.offset++
		s.quoted = append(s.quoted, c)
		switch {
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '"':
			return nil
		}
	}
}

// errorf names the record being read.
func (s *scanner) errorf(offset int, format string, args ...any) error {
	return fmt.Errorf("record %d, byte %d: %w", s.record+1, offset, fmt.Errorf(format, args...))
}
