package transcript

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A RecordError says what is wrong with a record or, where Record is 0, with the file as a whole.
type RecordError struct {
	File   string // "" where the reader knows no name
	Record int    // counted from 1
	Byte   int64  // where the problem lies, counted from 0 (in what gzip unpacks to)
	Err    error  // what the problem is, and what would mend it
}

func (e *RecordError) Error() string {
	var b strings.Builder
	b.WriteString("transcript: ")
	if e.File != "" {
		b.WriteString(e.File + ": ")
	}
	if e.Record > 0 {
		fmt.Fprintf(&b, "record %d, ", e.Record)
	}
	fmt.Fprintf(&b, "byte %d: %v", e.Byte, e.Err)
	return b.String()
}

func (e *RecordError) Unwrap() error { return e.Err }

// Read streams the calls of a JSON array, of one JSON object or of JSON Lines, plain or packed by gzip; which of them
// it is shows from the first bytes. Memory does not grow with the number of calls.
//
// A record that cannot be used comes as a zero Call with a *RecordError, and reading goes on behind it where its end
// is certain. So a loop that stops at the first error takes all or nothing, and a loop that goes on after an error
// skips, knowingly. Input without a single record is an error too.
func Read(r io.Reader) iter.Seq2[Call, error] { return Reader{}.JSON(r) }

// ReadFile streams the calls of a file or of all files in a folder; see [Reader.File].
func ReadFile(name string) iter.Seq2[Call, error] { return Reader{}.File(name) }

// A Reader reads calls with other settings than [Read] and [ReadFile], which use a zero Reader. All its methods yield
// errors as Read does and unpack gzip by themselves.
type Reader struct {
	// Roles is given to every call that is read.
	Roles Roles
	// Columns gives columns of CSV files another name: {"Conversation": "transcript", "Converted": "label"}.
	Columns map[string]string
	// MaxRecord is how many bytes one record may take, and so how much memory; default 256 MiB.
	MaxRecord int64
	// MaxUnpacked is how many bytes may come out of one gzip file, so that a small file cannot keep the reader busy for
	// hours; default 16 GiB.
	MaxUnpacked int64

	name string // of the file within a folder
}

// JSON reads what [Read] reads. Beside a text, `transcript` (or `turns`) can be an array of turns, objects of text,
// speaker, start and end: seconds or "00:12". They become the text "[0:12 - 0:15] speaker: text", a line each; role, where
// it is given, goes into the call's Roles, and other keys of a turn are not kept.
func (o Reader) JSON(r io.Reader) iter.Seq2[Call, error] {
	return o.stream(r, func(r io.Reader, yield yieldFunc) {
		d := &decoder{Reader: o, r: r, yield: yield}
		d.run()
	})
}

func (o Reader) maxRecord() int64 { return cmp.Or(o.MaxRecord, 256<<20) }

func (o Reader) tooLarge() error {
	return fmt.Errorf("the record is larger than %d bytes; split the call, or raise Reader.MaxRecord", o.maxRecord())
}

// yieldFunc takes what a reader yields.
type yieldFunc func(Call, error) bool

// fail yields an error at a byte and reports whether to go on.
func (yield yieldFunc) fail(record int, at int64, err error) bool {
	return yield(Call{}, &RecordError{Record: record, Byte: at, Err: err})
}

// stream unpacks r for one of the formats, and gives its calls their roles.
func (o Reader) stream(r io.Reader, read func(io.Reader, yieldFunc)) iter.Seq2[Call, error] {
	return func(yield func(Call, error) bool) {
		unpacked, err := o.unpack(r)
		if err != nil {
			yieldFunc(yield).fail(0, 0, err)
			return
		}
		read(unpacked, func(c Call, err error) bool {
			if err == nil && o.Roles != nil {
				roles := maps.Clone(o.Roles)
				maps.Copy(roles, c.Roles)
				c.Roles = roles
			}
			return yield(c, err)
		})
	}
}

// Collect gathers the calls of a reader. The first error ends it, unless skip is given: then skip is told of each
// record that cannot be used, and the rest are returned.
func Collect(calls iter.Seq2[Call, error], skip func(error)) ([]Call, error) {
	var all []Call
	for call, err := range calls {
		switch {
		case err == nil:
			all = append(all, call)
		case skip == nil:
			return nil, err
		default:
			skip(err)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("transcript: no usable call was read; the errors before say why")
	}
	return all, nil
}

// unpack returns what r unpacks to if it is gzip, else r itself.
func (o Reader) unpack(r io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(r, 1<<16)
	magic, err := b.Peek(2)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return b, nil
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, fmt.Errorf("the gzip file is damaged: %w", err)
	}
	most := cmp.Or(o.MaxUnpacked, 16<<30)
	return &limited{z, most, fmt.Errorf("the gzip file unpacks to more than %d bytes; raise Reader.MaxUnpacked if it is meant to be so large", most)}, nil
}

// limited is a reader that fails with err when more than left bytes are read.
type limited struct {
	r    io.Reader
	left int64
	err  error
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, l.err
	}
	return n, err
}

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

// call reads a record in the seed's form. Keys that stand beside the metadata are taken for metadata.
func (r *record) call(b []byte) (Call, error) {
	r.b, r.i = b, 0
	if i := invalidUTF8(b); i >= 0 {
		return Call{}, &fault{i, notUTF8(b[i])}
	}
	var c Call
	var beside []func() error
	textAt := -1
	err := r.object(func(key string) (err error) {
		at := r.i
		switch key {
		case "id":
			c.ID, err = r.plain()
		case "transcript", "turns":
			if textAt >= 0 {
				return r.fail(at, `both "transcript" and "turns" are there; keep one`)
			}
			if textAt = at; r.i < len(b) && b[r.i] == '[' {
				c.Text, c.Roles, err = r.turns()
			} else {
				c.Text, err = r.string()
			}
		case "label":
			c.Outcome, err = r.label()
		case "metadata":
			c.Metadata, err = r.metadata()
		default:
			var raw json.RawMessage
			raw, err = r.raw()
			beside = append(beside, func() error {
				if c.Metadata.has(key) {
					return r.fail(at, "%q stands in the metadata and beside it; keep one", key)
				}
				c.Metadata.set(key, raw)
				return nil
			})
		}
		return err
	})
	if err != nil {
		return Call{}, err
	}
	if r.space(); r.i < len(b) {
		return Call{}, r.fail(r.i, "want nothing behind the record, found %s", r.found())
	}
	if textAt < 0 {
		return Call{}, r.fail(0, `the record has no "transcript"; want the call's text there`)
	}
	if err := checkText(c.Text); err != nil {
		return Call{}, r.fail(textAt, "the transcript %v", err)
	}
	for _, add := range beside {
		if err := add(); err != nil {
			return Call{}, err
		}
	}
	for _, key := range []string{"call_id", "id"} {
		if c.ID == "" {
			c.ID = c.Metadata.Value(key)
		}
	}
	return c, nil
}

func notUTF8(c byte) string {
	return fmt.Sprintf("the byte 0x%02x is not UTF-8; convert the file to UTF-8 (it may be Windows-1252 or Latin-1)", c)
}

// checkText says what is wrong with the text of a call.
func checkText(text string) error {
	if strings.TrimSpace(text) == "" {
		return errors.New("is empty; want what was said")
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		return fmt.Errorf("holds a NUL (its byte %d), so it is not text; remove it", i)
	}
	return nil
}

// plain consumes a value and returns it as text.
func (r *record) plain() (string, error) {
	raw, err := r.raw()
	return plain(raw), err
}

// label consumes a label.
func (r *record) label() (Outcome, error) {
	at := r.i
	raw, err := r.raw()
	if err != nil {
		return Unknown, err
	}
	o, ok := parseOutcome(string(raw))
	if !ok {
		return o, r.fail(at, badLabel, clip(string(raw)))
	}
	return o, nil
}

const badLabel = "the label is %s; want 0 (lost) or 1 (won), or no label where it is unknown"

func parseOutcome(label string) (o Outcome, ok bool) {
	switch label {
	case "0", "0.0":
		return Lost, true
	case "1", "1.0":
		return Won, true
	case "null", "":
		return Unknown, true
	}
	return Unknown, false
}

// metadata consumes the metadata, an object or null.
func (r *record) metadata() (Metadata, error) {
	var m Metadata
	if bytes.HasPrefix(r.b[r.i:], []byte("null")) {
		_, err := r.raw()
		return m, err
	}
	err := r.object(func(key string) error {
		raw, err := r.raw()
		if err == nil {
			m.set(key, raw)
		}
		return err
	})
	return m, err
}
