// Package parquet reads calls from Apache Parquet files. It is here, and not in transcript, so that the library does
// not depend on a Parquet reader.
package parquet

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math"
	"strconv"
	"time"

	"github.com/org/salesconv/transcript"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
)

// Ending is the file name extension of Parquet files, for [transcript.Reader.Formats].
const Ending = ".parquet"

// Calls reads a table as [transcript.Reader.Rows] does. Lists and groups become JSON, so that a column of lists of turns
// is read; dates and timestamps become ISO 8601. A reader that is not a file is read into memory as a whole.
func Calls(o transcript.Reader, ctx context.Context, r io.Reader) iter.Seq2[transcript.Call, error] {
	f, err := open(r)
	if err != nil {
		return func(yield func(transcript.Call, error) bool) {
			yield(transcript.Call{}, &transcript.RecordError{Err: fmt.Errorf("not a Parquet file that can be read: %w", err)})
		}
	}
	var header []string
	for _, field := range f.Schema().Fields() {
		header = append(header, field.Name())
	}
	return o.Rows(ctx, header, rows(f))
}

// file is what the files of a system are.
type file interface {
	io.ReaderAt
	Stat() (fs.FileInfo, error)
}

func open(r io.Reader) (f *parquet.File, err error) {
	defer recovered(&err)
	if r, ok := r.(file); ok {
		info, err := r.Stat()
		if err != nil {
			return nil, err
		}
		return openAt(r, info.Size())
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return openAt(bytes.NewReader(b), int64(len(b)))
}

// openAt checks the size that a file gives for its footer before the library allocates it.
func openAt(r io.ReaderAt, size int64) (*parquet.File, error) {
	const magic = "PAR1"
	end := make([]byte, 4+len(magic)) // the footer's size comes before the magic
	if _, err := r.ReadAt(end, size-int64(len(end))); err != nil || string(end[4:]) != magic {
		return nil, errors.New("it does not end as one")
	}
	if footer := int64(binary.LittleEndian.Uint32(end)); footer > size {
		return nil, fmt.Errorf("its footer is said to have %d bytes, the file has %d", footer, size)
	}
	return parquet.OpenFile(r, size)
}

// recovered makes an error of a panic, with which the library meets some damaged files.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("the file is damaged: %v", r)
	}
}

// rows yields the rows of a file as cells.
func rows(f *parquet.File) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		r := parquet.NewGenericReader[any](f)
		defer r.Close()
		fields := f.Schema().Fields()
		batch := make([]any, 64)
		for {
			n, err := read(r, batch)
			for _, row := range batch[:n] {
				if !yield(cells(fields, row), nil) {
					return
				}
			}
			if err != nil || n == 0 {
				if err != nil && !errors.Is(err, io.EOF) {
					yield(nil, err)
				}
				return
			}
		}
	}
}

func read(r *parquet.GenericReader[any], rows []any) (n int, err error) {
	defer recovered(&err)
	clear(rows)
	return r.Read(rows)
}

// cells returns the values of a row in the order of its fields.
func cells(fields []parquet.Field, row any) []string {
	values, _ := row.(map[string]any)
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = cell(f, values[f.Name()])
	}
	return all
}

// cell returns a value as text, "" for null.
func cell(f parquet.Field, v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []byte:
		return string(v)
	case bool:
		return strconv.FormatBool(v)
	case int32:
		return integer(f, int64(v))
	case int64:
		return integer(f, v)
	case float32:
		return strconv.FormatFloat(float64(v), 'g', -1, 32)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case deprecated.Int96:
		return timeOfInt96(v).Format(time.RFC3339Nano)
	}
	b, err := json.Marshal(finite(v))
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// integer returns a number, or the date or time that it encodes.
func integer(f parquet.Field, n int64) string {
	if !f.Leaf() || f.Type().LogicalType() == nil {
		return strconv.FormatInt(n, 10)
	}
	switch logical := f.Type().LogicalType().Value.(type) {
	case *format.DateType:
		return time.Unix(n*24*60*60, 0).UTC().Format(time.DateOnly)
	case *format.TimestampType:
		t := time.Unix(0, n)
		switch logical.Unit.Value.(type) {
		case *format.MilliSeconds:
			t = time.UnixMilli(n)
		case *format.MicroSeconds:
			t = time.UnixMicro(n)
		}
		return t.UTC().Format(time.RFC3339Nano)
	}
	return strconv.FormatInt(n, 10)
}

// timeOfInt96 returns the time that older writers keep as nanoseconds of a day and a Julian day.
func timeOfInt96(v deprecated.Int96) time.Time {
	const julianOfUnix = 2440588
	nanos := int64(v[1])<<32 | int64(v[0])
	return time.Unix((int64(v[2])-julianOfUnix)*24*60*60, nanos).UTC()
}

// finite makes null of what JSON has no number for, and text of bytes, in lists and groups.
func finite(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
	case []byte:
		return string(v)
	case []any:
		for i := range v {
			v[i] = finite(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = finite(v[key])
		}
	}
	return v
}
