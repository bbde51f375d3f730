package main

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/org/salesconv/examples/internal/parquet"
	"github.com/org/salesconv/transcript"
)

// Place is where a record is.
type Place struct {
	File string `json:"file"`
	Item int    `json:"item"` // among the records of the file, from 1
}

// record is a call, or why there is none.
type record struct {
	Place
	call transcript.Call
	bad  *transcript.RecordError // nil for a call
}

// records reads a file. An error ends it, and is none of a record but of reading.
func (j *Job) records(ctx context.Context, file string) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		in, err := open(ctx, file)
		if err != nil {
			yield(record{}, err)
			return
		}
		defer in.Close()
		at := Place{File: file}
		for call, err := range j.reader().Named(ctx, file, in.reader()) {
			at.Item++
			r := record{Place: at, call: call}
			if bad, ok := errors.AsType[*transcript.RecordError](err); ok && in.failed == nil {
				r.bad, err = bad, nil
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
		if in.failed != nil {
			yield(record{}, fmt.Errorf("%s: %w", file, in.failed))
		}
	}
}

// reader returns what reads the calls.
func (j *Job) reader() transcript.Reader {
	return transcript.Reader{Columns: j.Columns, Won: j.Won, Lost: j.Lost, Roles: j.Roles,
		Formats: map[string]transcript.Format{parquet.Ending: parquet.Calls}}
}
