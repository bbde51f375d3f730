package cli

import (
	"context"
	"errors"
	"flag"
	"io"

	"github.com/org/salesconv/transcript"
)

// Rejected handles records that cannot be used. By default the first one ends the command; with -skip each is reported on
// standard error and left out, and with -rejected they are written to a file, a line of JSON for each. The file is replaced
// atomically when all records are read.
//
//	rejected := new(cli.Rejected)
//	rejected.Flags(flags)
//	… // parse
//	if err := rejected.Open(env); err != nil { … }
//	defer rejected.Abandon()
//	for call, err := range calls {
//		if err != nil {
//			if err := rejected.Add(err); err != nil { … } // the command ends
//			continue
//		}
//		…
//	}
//	err := rejected.Close(used)
type Rejected struct {
	skip  bool
	path  string
	env   *Env
	file  *io.PipeWriter // what is written to it is in the file after Close
	done  chan error
	count int
}

// Flags adds -skip and -rejected.
func (r *Rejected) Flags(flags *flag.FlagSet) {
	flags.BoolVar(&r.skip, "skip", false, "report records that cannot be used on standard error and skip them, instead of stopping at the first")
	flags.StringVar(&r.path, "rejected", "", "skip records that cannot be used, and write them with reasons to this `file`, a line of JSON each")
}

// Open begins the file, if one was asked for. Abandon or Close ends it.
func (r *Rejected) Open(env *Env) error {
	if r.env = env; r.path == "" {
		return nil
	}
	lines, file := io.Pipe()
	r.file, r.done = file, make(chan error, 1)
	go func() {
		err := WriteFile(r.path, func(w io.Writer) error {
			_, err := io.Copy(w, lines)
			return err
		})
		lines.CloseWithError(err)
		r.done <- err
	}()
	return nil
}

// errAbandoned ends a file that is not to replace the one before.
var errAbandoned = errors.New("abandoned")

// Abandon leaves the file as it was before Open, for commands that end with an error. After Close it does nothing.
func (r *Rejected) Abandon() {
	if r.file != nil {
		r.file.CloseWithError(errAbandoned)
		<-r.done
		r.file = nil
	}
}

// record is a line of the file.
type record struct {
	File   string `json:"file,omitempty"`
	Record int    `json:"record,omitempty"` // from 1
	Byte   int64  `json:"byte"`
	Reason string `json:"reason"`
}

// Add takes the error of a record and returns nil if the command continues without the record. Errors of a context
// always end it.
func (r *Rejected) Add(err error) error {
	if !r.skip && r.file == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	r.count++
	if r.file == nil {
		r.env.Notef("left out: %v", err)
		return nil
	}
	line := record{Reason: err.Error()}
	if of := (*transcript.RecordError)(nil); errors.As(err, &of) {
		line = record{of.File, of.Record, of.Byte, of.Err.Error()}
	}
	return WriteJSON(r.file, line)
}

// Close writes the file and notes where the rejected records are. If no record could be used, it returns an error.
func (r *Rejected) Close(used int) error {
	where := ""
	if r.file != nil {
		r.file.Close()
		if err := <-r.done; err != nil {
			return err
		}
		r.file = nil
		where = " (see " + r.path + ")"
	}
	switch {
	case r.count > 0 && used == 0:
		return errors.New("no record can be used" + where)
	case r.count > 0 && where != "":
		r.env.Notef("%d left out with the reasons in %s", r.count, r.path)
	}
	return nil
}
