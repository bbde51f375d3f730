package transcript

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"
)

// CSV reads a table whose first row names the columns, a row for each call or for each turn. Cells are separated by
// whichever of comma, semicolon, tab and bar is most frequent in the first row, or by what Excel's "sep=;" names in a line
// before it. Quoted cells follow RFC 4180; where tabs separate cells a quote can also be a character like any other.
// Lines end with LF, CRLF or CR. For what the columns mean see [Reader.Rows].
//
// Records are counted from the row after the first. A row that cannot be read costs its line; reading continues after it.
func (o Reader) CSV(ctx context.Context, r io.Reader) iter.Seq2[Call, error] {
	return o.stream(ctx, r, func(r io.Reader, yield yieldFunc) {
		t := &csvFile{source: source{r: r}, limit: int(o.maxRecord()), tooLarge: o.tooLarge()}
		t.skipBOM()
		t.learn()
		header, at, err := t.next()
		if err == io.EOF {
			err = errors.New("the input is empty; want CSV with a first row that names the columns")
		}
		if err != nil {
			yield.fail(0, at, err)
			return
		}
		format := "CSV"
		if t.separator == "\t" {
			format = "TSV"
		}
		o.table(format, t.separator == ";", header, at, t.next, yield)
	})
}

// csvFile cuts a file into rows and cells.
type csvFile struct {
	source
	separator string
	ends      string // of lines
	limit     int    // of a row
	tooLarge  error
	broken    bool // by an error of the source, after which nothing comes
}

// learn finds out from the first line how cells and lines end, and reports whether it is Excel's, which names the separator.
func (t *csvFile) learn() (named bool) {
	const longest = 1 << 16
	n := t.index(0, "\r\n", longest)
	c, _ := t.byteAt(n)
	next, _ := t.byteAt(n + 1)
	if t.ends = "\n"; c == '\r' && next != '\n' {
		t.ends = "\r"
	}
	line := t.buf[t.pos:min(t.pos+n, len(t.buf))]
	const sep = "sep="
	if line := bytes.Trim(line, `"`); len(line) == len(sep)+1 && line[len(sep)] < utf8.RuneSelf && strings.EqualFold(string(line[:len(sep)]), sep) {
		t.separator = string(line[len(sep):])
		t.skip(t.index(n, t.ends, longest))
		return true
	}
	t.separator = ","
	for _, c := range []string{";", "\t", "|"} {
		if bytes.Count(line, []byte(c)) > bytes.Count(line, []byte(t.separator)) {
			t.separator = c
		}
	}
	return false
}

// next reads a row, past lines without anything, and returns where it is; io.EOF is the end. After any other error that
// is not the source's, the next row is on the line after the start of the bad one.
func (t *csvFile) next() (cells []string, at int64, err error) {
	for {
		c, ok := t.byteAt(0)
		switch {
		case t.broken:
			return nil, t.at(), io.EOF
		case !ok:
			t.broken = t.failed()
			return nil, t.at(), t.err
		}
		if c != '\r' && c != '\n' {
			break
		}
		t.skip(1)
	}
	at = t.at()
	cells, n, err := t.row()
	if t.failed() && (n >= len(t.buf)-t.pos || errors.Is(err, t.err)) {
		t.broken = true
		return nil, at + int64(n), cmp.Or(err, t.err)
	}
	if err != nil {
		n = t.index(0, t.ends, t.limit)
	}
	t.skip(min(n, len(t.buf)-t.pos))
	return cells, at, err
}

// failed reports whether the source has ended with an error.
func (t *csvFile) failed() bool { return t.err != nil && t.err != io.EOF }

// row returns the cells of the row that comes next, and its size.
func (t *csvFile) row() (cells []string, n int, err error) {
	var ends []cellEnd
	for {
		e, err := t.cell(n)
		if err != nil {
			return nil, n, err
		}
		ends = append(ends, e)
		n = e.next
		c, ok := t.byteAt(n)
		if !ok || c != t.separator[0] {
			break
		}
		n++
	}
	row := string(t.buf[t.pos : t.pos+min(n, len(t.buf)-t.pos)])
	for _, e := range ends {
		cells = append(cells, t.content(row, e))
	}
	return cells, n, nil
}

// cellEnd is where the content of a cell starts and ends, and where what is after the cell starts.
type cellEnd struct {
	from, to, next int
	quoted         bool
}

// cell reads the cell at n.
func (t *csvFile) cell(n int) (cellEnd, error) {
	quote := n
	c, _ := t.byteAt(quote)
	for ; c == ' ' && t.separator != "\t"; c, _ = t.byteAt(quote) {
		quote++
	}
	if c == '"' {
		e, ok, err := t.quoted(quote)
		if ok || err != nil && (quote == n || t.failed()) {
			return e, err
		}
	}
	end := t.index(n, t.separator+t.ends, t.limit)
	if end >= t.limit {
		return cellEnd{}, t.tooLarge
	}
	e := cellEnd{from: n, to: end, next: end}
	text := t.buf[t.pos+n : t.pos+end]
	if k := bytes.LastIndexByte(text, '"'); t.separator != "\t" && k == len(bytes.TrimRight(text, "\r"))-1 && k >= 0 {
		return e, fmt.Errorf("a cell without a quote before it ends with one, at byte %d of the row; quote the whole cell and double the quotes in it", n+k)
	}
	return e, nil
}

// quoted reads the cell in quotes at n; ok is false where tabs part cells and the quote is a character like any other.
func (t *csvFile) quoted(n int) (e cellEnd, ok bool, err error) {
	tabs := t.separator == "\t"
	stops := `"`
	if tabs {
		stops = "\"\t"
	}
	for i := n + 1; ; {
		i = t.index(i, stops, t.limit)
		c, found := t.byteAt(i)
		switch {
		case i >= t.limit && !tabs:
			return e, false, fmt.Errorf("%w (or close its quotes)", t.tooLarge)
		case tabs && (!found || c == '\t' || i >= t.limit):
			return e, false, nil
		case !found && t.failed():
			return e, false, fmt.Errorf("%w (within the quotes that open at byte %d of the row)", t.err, n)
		case !found:
			return e, false, fmt.Errorf("the quote at byte %d of the row is never closed", n)
		}
		next, found := t.byteAt(i + 1)
		if found && next == '"' {
			i += 2
			continue
		}
		end := i
		for ; found && next == ' ' && !tabs; next, found = t.byteAt(i + 1) {
			i++
		}
		if !found || strings.IndexByte(t.separator+"\r\n", next) >= 0 {
			return cellEnd{n + 1, end, i + 1, true}, true, nil
		}
		if tabs {
			return e, false, nil
		}
		return e, false, fmt.Errorf("the quote at byte %d of the row is followed by more of the cell; double the quotes in a cell", i)
	}
}

// content returns what is in a cell of a row.
func (t *csvFile) content(row string, e cellEnd) string {
	s := row[e.from:e.to]
	if e.quoted {
		s = strings.ReplaceAll(strings.ReplaceAll(s, `""`, `"`), "\r\n", "\n")
	} else {
		s = strings.TrimSuffix(s, "\r")
	}
	if t.ends == "\r" {
		s = strings.ReplaceAll(s, "\r", "\n")
	}
	return s
}
