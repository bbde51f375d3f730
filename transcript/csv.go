package transcript

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// CSV reads a table whose first row names the columns: transcript, and if they are there label, and id or call_id; all
// other columns are metadata. The case of these names does not count, and [Reader.Columns] can give others. Cells are
// parted by whichever of comma, semicolon and tab is most frequent in the first row, and quoted by RFC 4180. Records are
// counted from the row behind the first.
func (o Reader) CSV(ctx context.Context, r io.Reader) iter.Seq2[Call, error] {
	return o.stream(ctx, r, func(r io.Reader, yield yieldFunc) {
		allowance := &limited{r, o.maxRecord(), fmt.Errorf("%w (or close its quotes)", o.tooLarge())}
		t := &table{Reader: o, yield: yield}
		in := bufio.NewReaderSize(allowance, 1<<16)
		if mark, err := in.Peek(len(utf8BOM)); err == nil && bytes.Equal(mark, utf8BOM) {
			t.base = int64(len(utf8BOM))
			in.Discard(len(utf8BOM)) // which have just been seen
		}
		t.csv = csv.NewReader(in)
		t.csv.Comma = separatorOf(in)
		t.csv.FieldsPerRecord = -1
		t.csv.ReuseRecord = true
		if !t.header() {
			return
		}
		for t.row() {
			allowance.left = o.maxRecord()
		}
	})
}

// separatorOf returns the separator that is most frequent in the first line.
func separatorOf(in *bufio.Reader) rune {
	b, _ := in.Peek(4096) // what there is; errors come back when it is read
	line, _, _ := bytes.Cut(b, []byte("\n"))
	best := byte(',')
	for _, c := range []byte(";\t") {
		if bytes.Count(line, []byte{c}) > bytes.Count(line, []byte{best}) {
			best = c
		}
	}
	return rune(best)
}

// table reads the rows of a CSV file.
type table struct {
	Reader
	csv   *csv.Reader
	yield yieldFunc
	base  int64    // of the first row in the file
	keys  []string // of the columns
	count int
}

func (t *table) at() int64 { return t.base + t.csv.InputOffset() }

// header reads the names of the columns and reports whether they can be used.
func (t *table) header() bool {
	names, err := t.csv.Read()
	if err == io.EOF {
		err = errors.New("the input is empty; want CSV with a first row that names the columns")
	}
	if err != nil {
		t.yield.fail(0, t.at(), err)
		return false
	}
	for _, name := range names {
		name = strings.TrimSpace(name)
		key, ok := t.Columns[name]
		if !ok {
			key = name
			if lower := strings.ToLower(name); slices.Contains([]string{"transcript", "label", "id", "call_id"}, lower) {
				key = lower
			}
		}
		switch {
		case !utf8.ValidString(name):
			err = fmt.Errorf("the column %q is not UTF-8; convert the file to UTF-8", name)
		case key == "":
			err = fmt.Errorf("column %d has no name; give it one in the first row", len(t.keys)+1)
		case slices.Contains(t.keys, key):
			err = fmt.Errorf("two columns are called %q; keep one", key)
		}
		t.keys = append(t.keys, key)
	}
	if err == nil && !slices.Contains(t.keys, "transcript") {
		err = fmt.Errorf("no column is called transcript, only %s; rename the one with the calls' text, or name it in Reader.Columns", clip(strings.Join(t.keys, ", ")))
	}
	if err != nil {
		t.yield.fail(0, t.base, err)
	}
	return err == nil
}

// row yields the call of a row and reports whether to go on.
func (t *table) row() bool {
	at := t.at()
	cells, err := t.csv.Read()
	if err == io.EOF && t.count == 0 {
		return t.yield.fail(0, at, errors.New("there is no row behind the first; want a row for each call")) && false
	}
	if err == io.EOF {
		return false
	}
	t.count++
	var broken *csv.ParseError
	if err != nil {
		return t.yield.fail(t.count, at, err) && errors.As(err, &broken)
	}
	call, err := t.call(cells)
	if err != nil {
		return t.yield.fail(t.count, at, err)
	}
	if call.ID == "" {
		call.ID = t.number(t.count)
	}
	return t.yield(call, nil)
}

// call makes a call of a row's cells.
func (t *table) call(cells []string) (c Call, err error) {
	if len(cells) != len(t.keys) {
		return c, fmt.Errorf("the row has %d cells, the first row %d; quote cells that hold separators or line breaks", len(cells), len(t.keys))
	}
	for i, cell := range cells {
		key := t.keys[i]
		if !utf8.ValidString(cell) {
			return c, fmt.Errorf("%q: %s", key, notUTF8(cell[invalidUTF8([]byte(cell))]))
		}
		switch value := strings.TrimSpace(cell); {
		case key == "transcript":
			c.Text = strings.Clone(cell) // the row shares one string
			if err := checkText(cell); err != nil {
				return c, fmt.Errorf("the transcript %w", err)
			}
		case key == "label":
			var ok bool
			if c.Outcome, ok = parseOutcome(value); !ok {
				return c, fmt.Errorf(badLabel, strconv.Quote(clip(value)))
			}
		case key == "id", key == "call_id" && c.ID == "":
			c.ID = strings.Clone(value)
		case value != "":
			raw := []byte(value)
			if !isNumber(value) {
				if raw, err = marshal(value); err != nil {
					return c, err
				}
			}
			c.Metadata.set(key, raw)
		}
	}
	return c, nil
}

// isNumber reports whether a cell is a number as JSON writes it; "007" is not.
func isNumber(s string) bool {
	return strings.IndexByte("-0123456789", s[0]) >= 0 && json.Valid([]byte(s))
}
