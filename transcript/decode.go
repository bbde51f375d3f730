package transcript

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// decoder reads records from JSON text; what has been read of the current one lies in buf[pos:].
type decoder struct {
	Reader
	r      io.Reader
	yield  yieldFunc
	buf    []byte
	pos    int
	base   int64 // of buf[0] in the text
	err    error // that ended r, io.EOF if nothing is wrong
	count  int
	lines  bool // the first record filled a line: these are JSON Lines
	record record
}

func (d *decoder) at() int64 { return d.base + int64(d.pos) }

// more reads on, and reports whether there was more. What lies before pos is given up.
func (d *decoder) more() bool {
	if d.err != nil {
		return false
	}
	if d.pos > 0 {
		n := copy(d.buf, d.buf[d.pos:])
		d.buf, d.base, d.pos = d.buf[:n], d.at(), 0
	}
	if len(d.buf) == cap(d.buf) {
		d.buf = append(make([]byte, 0, max(2*cap(d.buf), 1<<18)), d.buf...)
	}
	n := 0
	for n == 0 && d.err == nil {
		n, d.err = d.r.Read(d.buf[len(d.buf):cap(d.buf)])
	}
	d.buf = d.buf[:len(d.buf)+n]
	return n > 0
}

// peek returns the next byte that is not white space; ok is false at the end.
func (d *decoder) peek() (c byte, ok bool) {
	for {
		for ; d.pos < len(d.buf); d.pos++ {
			if c := d.buf[d.pos]; !isSpace(c) {
				return c, true
			}
		}
		if !d.more() {
			return 0, false
		}
	}
}

var utf8BOM = []byte("\ufeff")

func (d *decoder) run() {
	for len(d.buf) < len(utf8BOM) && d.more() {
	}
	if bytes.HasPrefix(d.buf, utf8BOM) {
		d.pos = len(utf8BOM)
	}
	c, ok := d.peek()
	switch {
	case !ok && d.err != io.EOF:
		d.yield.fail(0, d.at(), d.err)
	case !ok:
		d.yield.fail(0, d.at(), errors.New("the input is empty; want calls as a JSON array, an object or JSON Lines"))
	case c == '[':
		d.array()
	case c == '{':
		d.objects()
	default:
		for len(d.buf)-d.pos < utf8.UTFMax && d.more() {
		}
		d.yield.fail(0, d.at(), fmt.Errorf("the input starts with %s; want calls as a JSON array ('['), an object or JSON Lines ('{'), in UTF-8", describe(d.buf[d.pos:])))
	}
}

// describe names the character that b starts with, and the encoding that it betrays.
func describe(b []byte) string {
	if bytes.HasPrefix(b, []byte{0xff, 0xfe}) || bytes.HasPrefix(b, []byte{0xfe, 0xff}) {
		return "the mark of UTF-16"
	}
	if c, n := utf8.DecodeRune(b); c != utf8.RuneError || n > 1 {
		return strconv.QuoteRune(c)
	}
	return fmt.Sprintf("the byte 0x%02x", b[0])
}

func (d *decoder) array() {
	d.pos++
	for first := true; ; first = false {
		c, ok := d.peek()
		switch {
		case ok && c == ']' && first:
			d.yield.fail(0, d.at(), errors.New("the array is empty; want at least one call"))
			return
		case ok && c == ']':
			d.pos++
			if c, ok := d.peek(); ok {
				d.yield.fail(0, d.at(), fmt.Errorf("%q stands behind the array's end; want nothing there", c))
			}
			return
		case ok && c == ',' && !first:
			d.pos++
			if c, ok = d.peek(); c == ']' {
				d.yield.fail(d.count, d.at(), errors.New("the array ends behind a comma; remove it or add what was cut off"))
				return
			}
		case ok && !first:
			d.yield.fail(d.count, d.at(), fmt.Errorf("want ',' or ']' behind the record, found %q", c))
			return
		}
		if !ok {
			d.truncated()
			return
		}
		if more, resync := d.next(); !more || resync {
			return
		}
	}
}

// objects reads JSON values that follow each other, most often a line each.
func (d *decoder) objects() {
	for {
		if _, ok := d.peek(); !ok {
			if d.err != io.EOF {
				d.truncated()
			}
			return
		}
		more, resync := d.next()
		if !more || resync && !d.nextLine() {
			return
		}
	}
}

// nextLine goes to the next line that starts with '{'.
func (d *decoder) nextLine() bool {
	for {
		if k := bytes.Index(d.buf[d.pos:], []byte("\n{")); k >= 0 {
			d.pos += k + 1
			return true
		}
		d.pos = max(d.pos, len(d.buf)-1)
		if !d.more() {
			return false
		}
	}
}

// truncated says that the input ended where it should not have.
func (d *decoder) truncated() {
	err := d.err
	if err == io.EOF {
		err = errors.New("the input ends here, within the array; it seems to be cut short")
	}
	d.yield.fail(d.count, d.base+int64(len(d.buf)), err)
}

// next reads the value at pos and yields it or what is wrong with it. more is false when reading is to stop; resync
// is true when the place where the record ends is not known.
func (d *decoder) next() (more, resync bool) {
	d.count++
	e := extent{lines: d.lines}
	for !e.scan(d.buf[d.pos:]) {
		at := d.at() + int64(e.i)
		var err error
		switch {
		case e.broken != "":
			err = errors.New(e.broken + "; it seems to be cut short")
		case int64(len(d.buf)-d.pos) > d.maxRecord():
			at, err = d.at(), d.tooLarge()
		case d.more():
			continue
		case d.err != io.EOF:
			err = d.err
		case e.scalar():
			err = fmt.Errorf("want a JSON object, found %s", clip(string(d.buf[d.pos:])))
		default:
			err = errors.New("the input ends here, within the record; it seems to be cut short")
		}
		more = d.yield.fail(d.count, at, err)
		d.pos += e.i
		return more, true
	}
	b, at := d.buf[d.pos:d.pos+max(e.i, 1)], d.at()
	d.pos += len(b)
	d.lines = d.lines || d.count == 1 && bytes.IndexByte(b, '\n') < 0
	call, err := d.record.call(b)
	if err != nil {
		if f, ok := errors.AsType[*fault](err); ok {
			at += int64(f.at)
		}
		return d.yield.fail(d.count, at, err), false
	}
	if call.ID == "" {
		call.ID = d.number(d.count)
	}
	return d.yield(call, nil), false
}
