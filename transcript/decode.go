package transcript

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// decoder reads records from JSON text.
type decoder struct {
	source
	*records
	yield yieldFunc
	count int
	lines bool // these are JSON Lines: the first record filled a line
	// held is the call whose further pages may be the next records, with its ID; nil if there is none.
	held   *Call
	heldID string
}

func (d *decoder) run() {
	d.skipBOM()
	c, ok := d.peek()
	more := true
	switch {
	case !ok && d.err != io.EOF:
		d.yield.fail(0, d.at(), d.err)
	case !ok:
		d.yield.fail(0, d.at(), errors.New("the input is empty; want calls as a JSON array, an object or JSON Lines"))
	case c == '[':
		more = d.array()
	case c == '{':
		more = d.objects()
	default:
		more = d.neither()
	}
	if more {
		d.flush()
	}
}

// neither reports what the input starts with, if it is not JSON, and reads on where a line is.
func (d *decoder) neither() (more bool) {
	d.byteAt(utf8.UTFMax - 1)
	err := fmt.Errorf("the input starts with %s; want calls as a JSON array ('['), an object or JSON Lines ('{'), in UTF-8", describe(d.buf[d.pos:]))
	return d.yield.fail(0, d.at(), err) && d.nextLine() && d.objects()
}

// describe names the character that b starts with, or the byte if it is none.
func describe(b []byte) string {
	if c, n := utf8.DecodeRune(b); c != utf8.RuneError || n > 1 {
		return strconv.QuoteRune(c)
	}
	return fmt.Sprintf("the byte 0x%02x", b[0])
}

// array reads the elements of an array, and returns false if reading is to stop.
func (d *decoder) array() (more bool) {
	d.skip(1)
	for first := true; ; first = false {
		c, ok := d.peek()
		switch {
		case ok && c == ']' && first:
			return d.yield.fail(0, d.at(), errors.New("the array is empty; want at least one call"))
		case ok && c == ']':
			d.skip(1)
			return d.afterArray()
		case ok && c == ',' && !first:
			d.skip(1)
			if c, ok = d.peek(); c == ']' {
				return d.yield.fail(d.count, d.at(), errors.New("the array ends after a comma; remove it or add what was cut off"))
			}
		case ok && !first:
			return d.yield.fail(d.count, d.at(), fmt.Errorf("want ',' or ']' after the record, found %q", c))
		}
		if !ok {
			return d.truncated()
		}
		if more, resync := d.next(); !more || resync {
			return more
		}
	}
}

// afterArray reads on where the array was the first of several, a line each.
func (d *decoder) afterArray() (more bool) {
	before := d.breaks
	c, ok := d.peek()
	switch {
	case !ok:
		return d.err == io.EOF || d.truncated()
	case c == '[' && d.breaks > before:
		d.lines = true
		return d.flush() && d.objects()
	}
	return d.yield.fail(0, d.at(), fmt.Errorf("%q stands after the array's end; want nothing there", c))
}

// objects reads JSON values that follow each other, most often a line each.
func (d *decoder) objects() (more bool) {
	for {
		if _, ok := d.peek(); !ok {
			return d.err == io.EOF || d.truncated()
		}
		read := d.next
		if d.lines {
			read = d.record
		}
		more, resync := read()
		if !more || resync && !d.nextLine() {
			return more
		}
	}
}

// record reads the record of a line, as next reads a value.
func (d *decoder) record() (more, resync bool) {
	d.count = d.breaks + 1
	b, ok := d.source.line(int(d.maxRecord()))
	switch {
	case !ok && d.err == nil:
		return d.yield.fail(d.count, d.at(), d.tooLarge()), true
	case !ok:
		return d.yield.fail(d.count, d.at()+int64(len(b)), d.err), true
	}
	at := d.at()
	d.skip(len(b))
	return d.read(b, at), false
}

// nextLine goes to the next line that starts with '{', and takes the lines from there on for JSON Lines.
func (d *decoder) nextLine() bool {
	d.lines = true
	for {
		if k := bytes.Index(d.buf[d.pos:], []byte("\n{")); k >= 0 {
			d.skip(k + 1)
			return true
		}
		d.skip(max(0, len(d.buf)-1-d.pos))
		if !d.more() {
			return false
		}
	}
}

// truncated says that the input ended where it should not have.
func (d *decoder) truncated() (more bool) {
	err := d.err
	if err == io.EOF {
		err = errors.New("the input ends here, within the array; it seems to be cut short")
	}
	return d.yield.fail(d.count, d.base+int64(len(d.buf)), err)
}

// next reads the value at pos and yields it or what is wrong with it. more is false when reading is to stop; resync
// is true when the place where the record ends is not known.
func (d *decoder) next() (more, resync bool) {
	d.count++
	var e extent
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
		return d.yield.fail(d.count, at, err), true
	}
	n := max(e.i, 1)
	line := d.count == 1 && bytes.IndexByte(d.buf[d.pos:d.pos+n], '\n') < 0
	d.lines = d.lines || line && d.endsLine(n)
	b, at := d.buf[d.pos:d.pos+n], d.at()
	d.skip(n)
	return d.read(b, at), false
}

// endsLine reports whether nothing but white space comes before the end of the line, from the i-th of the bytes to come on.
func (d *decoder) endsLine(i int) bool {
	for {
		switch c, ok := d.byteAt(i); {
		case !ok || c == '\n':
			return ok
		case !isSpace(c):
			return false
		}
		i++
	}
}

// flush yields the calls of the records that are turns.
func (d *decoder) flush() (more bool) {
	if !d.release() {
		return false
	}
	if err := d.rows.describe(); err != nil && !d.yield(Call{}, err) {
		return false
	}
	return d.rows.flush(d.yield, d.number)
}

// release yields the call that is held.
func (d *decoder) release() (more bool) {
	c := d.held
	d.held = nil
	return c == nil || d.yield(*c, nil)
}

// read yields the calls of a record. Pages of a call are joined.
func (d *decoder) read(b []byte, at int64) (more bool) {
	results := d.records.read(b, d.count, at)
	one := len(results) == 1 && results[0].err == nil
	page := one && d.page
	if one && d.held != nil && d.heldID == results[0].call.ID && (page || d.heldID != "") && d.held.join(&results[0].call) {
		return true
	}
	if !d.release() {
		return false
	}
	if page {
		d.heldID = results[0].call.ID
	}
	for i, r := range results {
		if r.err != nil {
			place := at
			if f, ok := errors.AsType[*fault](r.err); ok {
				place += int64(f.at)
			}
			if !d.yield.fail(d.count, place, r.err) {
				return false
			}
			continue
		}
		if r.call.ID == "" {
			r.call.ID = d.number(d.count)
			if len(results) > 1 && !d.Unnumbered {
				r.call.ID += fmt.Sprintf(".%d", i+1)
			}
		}
		if page {
			d.held = &r.call
		} else if !d.yield(r.call, nil) {
			return false
		}
	}
	return true
}
