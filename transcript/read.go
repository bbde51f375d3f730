package transcript

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// A RecordError is the error of a record or, where Record is 0, of the file as a whole.
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

func (e *RecordError) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// Read streams the calls of a JSON array, of one JSON object or of JSON Lines, plain or gzipped; the first bytes
// decide which. Memory does not grow with the number of calls, unless records are turns.
//
// A record that cannot be used comes as a zero Call with a *RecordError, and reading continues after it where its end
// is certain. So a loop that stops at the first error reads all or nothing, and a loop that continues skips bad
// records. Input without a record is an error too.
//
// When the context ends, reading ends with its error; a blocked Read of r is not interrupted.
func Read(ctx context.Context, r io.Reader) iter.Seq2[Call, error] { return Reader{}.JSON(ctx, r) }

// ReadFile streams the calls of a file or of all files in a directory; see [Reader.File].
func ReadFile(ctx context.Context, name string) iter.Seq2[Call, error] {
	return Reader{}.File(ctx, name)
}

// A Reader reads calls with settings; [Read] and [ReadFile] use a zero Reader. All its methods yield errors as Read
// does, end with their context and unpack gzip.
type Reader struct {
	// Roles is given to every call that is read.
	Roles Roles
	// Columns maps keys and columns with unusual names to what they hold: {"Conversation": "transcript", "Stage":
	// "label"}. It can give them the names transcript, label, id, call_id, speaker, role, start and end, the names of the typed
	// metadata, and any others. Case does not count, nor does what is neither a letter nor a digit.
	Columns map[string]string
	// Won and Lost are labels in addition to the usual ones: 1 and 0, won and lost, closed won and closed lost, yes and no, true and
	// false, converted and not converted, sold and not sold, and some more, without case.
	Won, Lost []string
	// Outcomes reads records of how calls ended, without what was said: tables and JSON whose records have the ID of a call
	// and a label. The text of these calls is empty; a record without an ID is an error.
	Outcomes bool
	// Unlabelled leaves every Outcome Unknown: keys and columns of labels are read as metadata, so that calls to be predicted
	// may have unreadable labels or none. If a key is both in the metadata and alongside, the first one is kept, with a note;
	// where labels are read, that is an error.
	Unlabelled bool
	// Summary, if not nil, collects what is read.
	Summary *Summary
	// Unnumbered leaves the ID of a call that has none empty, instead of numbering it.
	Unnumbered bool
	// MaxRecord is the largest size of a record in bytes, and bounds memory; default 256 MiB.
	MaxRecord int64
	// MaxUnpacked is the largest unpacked size of a gzip file in bytes, so that a small file cannot keep the reader
	// busy for hours; default 16 GiB.
	MaxUnpacked int64

	// Formats are further formats, by file name extension in lower case, with the dot.
	Formats map[string]Format

	name string // of the file within a directory
	// conversations opens what ConvoKit keeps of the calls whose turns are read, nil if there is nothing.
	conversations func() (io.ReadCloser, error)
}

// A Format reads the calls of a file, with the settings of a Reader.
type Format func(Reader, context.Context, io.Reader) iter.Seq2[Call, error]

// JSON reads what [Read] reads, and turns instead of a text: under `transcript`, `turns`, `messages` and other keys, as
// vendors deliver them, or as records that are turns. Turns have text, speaker, role, start and end under any of their usual
// names. Times are seconds, milliseconds where the key shows it or nobody could take so long, "00:12", or dates. Records of
// a call_id are joined to a call, and so are all that have neither an ID nor a label.
//
// In JSON Lines the number of a record is its line's, and a line that cannot be read is one record. Of a vendor's
// record that holds several calls, those without an ID are numbered after the record's.
func (o Reader) JSON(ctx context.Context, r io.Reader) iter.Seq2[Call, error] {
	return o.stream(ctx, r, func(r io.Reader, yield yieldFunc) {
		d := &decoder{source: source{r: r}, yield: yield, records: newRecords(o)}
		d.run()
	})
}

// maxRecord is MaxRecord, at most what places in a record can count.
func (o Reader) maxRecord() int64 { return min(cmp.Or(o.MaxRecord, 256<<20), math.MaxInt32) }

func (o Reader) tooLarge() error {
	return fmt.Errorf("the record is larger than %d bytes; split the call, or raise Reader.MaxRecord", o.maxRecord())
}

// yieldFunc takes what a reader yields.
type yieldFunc func(Call, error) bool

// fail yields an error at a byte and reports whether to continue.
func (yield yieldFunc) fail(record int, at int64, err error) bool {
	return yield(Call{}, &RecordError{Record: record, Byte: at, Err: err})
}

// stream unpacks r for one of the formats.
func (o Reader) stream(ctx context.Context, r io.Reader, read func(io.Reader, yieldFunc)) iter.Seq2[Call, error] {
	return o.finish(ctx, func(yield yieldFunc) {
		unpacked, err := o.unpack(interruptible{ctx, r})
		if err != nil {
			yield.fail(0, 0, err)
			return
		}
		read(unpacked, yield)
	})
}

// finish adds to calls their roles, the outcome that a directory's name shows, and turns where they are only a text.
func (o Reader) finish(ctx context.Context, read func(yieldFunc)) iter.Seq2[Call, error] {
	if o.Summary != nil {
		o.Summary.unlabelled = o.Unlabelled
	}
	return func(yield func(Call, error) bool) {
		read(func(c Call, err error) bool {
			if done := ctx.Err(); done != nil {
				yield(Call{}, fmt.Errorf("transcript: %w", done))
				return false
			}
			switch {
			case err == nil && o.Outcomes && c.Text != "":
				c, err = Call{}, &RecordError{Err: errors.New("a text, where outcomes are read: want a table, or JSON objects, with an ID and a label")}
			case err == nil && !o.Outcomes:
				c.Roles = maps.Clone(o.Roles)
				c.read()
				c.nameSides()
				if c.Outcome == Unknown && !o.Unlabelled {
					c.Outcome = o.directoryOutcome()
				}
			}
			o.Summary.add(c, err)
			return yield(c, err)
		})
	}
}

// interruptible is a reader that fails once its context is done.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i interruptible) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	if i.r == nil {
		return 0, errors.New("nothing to read: the reader is nil")
	}
	return i.r.Read(p)
}

// Collect gathers the calls of a reader. The first error ends it, unless skip is given: then skip is called for each
// record that cannot be used, and the rest are returned. A call with the ID of an earlier one is such an error, so
// that no call is used both for training and for testing. The error of a context always ends it.
func Collect(calls iter.Seq2[Call, error], skip func(error)) ([]Call, error) {
	if calls == nil {
		return nil, errors.New("transcript: no calls to collect: the sequence is nil")
	}
	var all []Call
	places := make(map[string]int)
	for call, err := range calls {
		if first := places[call.ID]; err == nil && first > 0 && call.ID != "" {
			err = fmt.Errorf("transcript: the ID %q is used by calls number %d and %d; give each call its own id, or remove the repeated call", call.ID, first, len(all)+1)
		}
		switch {
		case err == nil:
			all = append(all, call)
			places[call.ID] = len(all)
		case skip == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
			return nil, err
		default:
			skip(err)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("transcript: no usable call was read; the errors before give the reasons")
	}
	return all, nil
}

// unpack returns what r unpacks to if it is gzip, else r itself, in UTF-8 if it is UTF-16.
func (o Reader) unpack(r io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(r, 1<<16)
	magic, err := b.Peek(2)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return decoded(b), refuse(b)
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, damaged(err)
	}
	most := cmp.Or(o.MaxUnpacked, 16<<30)
	tooLarge := fmt.Errorf("the gzip file unpacks to more than %d bytes; if it is meant to be so large, unpack it first, as with gunzip, or raise Reader.MaxUnpacked", most)
	b = bufio.NewReaderSize(&limited{gunzip{z}, most, tooLarge}, 1<<16)
	return decoded(b), refuse(b)
}

// decoded returns b, in UTF-8 if it is UTF-16: it starts with the byte order mark, or with two characters of which every
// other byte is 0, which no text in UTF-8 has.
func decoded(b *bufio.Reader) io.Reader {
	start, _ := b.Peek(4) // an error comes back when b is read
	zero := func(i int) bool { return i < len(start) && start[i] == 0 }
	order := unicode.LittleEndian
	switch {
	case bytes.HasPrefix(start, []byte("\xff\xfe")), bytes.HasPrefix(start, []byte("\xfe\xff")):
	case zero(1) && zero(3) && !zero(0) && !zero(2):
	case zero(0) && zero(2) && !zero(1) && !zero(3):
		order = unicode.BigEndian
	default:
		return b
	}
	return transform.NewReader(b, unicode.UTF16(order, unicode.UseBOM).NewDecoder())
}

// gunzip is a gzip.Reader whose errors name the format.
type gunzip struct{ *gzip.Reader }

func (z gunzip) Read(p []byte) (int, error) {
	n, err := z.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = damaged(err)
	}
	return n, err
}

func damaged(err error) error {
	return fmt.Errorf("the gzip file is damaged or cut short, fetch it again: %w", err)
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
