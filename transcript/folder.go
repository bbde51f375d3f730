package transcript

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"strconv"
	"strings"
)

// formats are the endings of the files that are read, and how.
var formats = map[string]func(Reader, context.Context, io.Reader) iter.Seq2[Call, error]{
	".json": Reader.JSON, ".jsonl": Reader.JSON, ".ndjson": Reader.JSON,
	".csv": Reader.CSV, ".tsv": Reader.CSV,
	".txt": Reader.Text,
	".vtt": Reader.subtitles,
	".srt": Reader.subtitles,
}

// ending returns the part of a file's name that tells its format.
func ending(name string) string {
	return path.Ext(strings.TrimSuffix(strings.ToLower(name), ".gz"))
}

// File reads a file by the format that its name ends in: .json, .jsonl, .ndjson, .csv, .tsv, .txt, .vtt or .srt, each
// with .gz behind it or not; what ends otherwise is read as JSON. A folder is read by [Reader.FS], and symbolic links
// cannot lead out of it. Errors name the file.
func (o Reader) File(ctx context.Context, name string) iter.Seq2[Call, error] {
	return func(yield func(Call, error) bool) {
		f, err := open(ctx, name)
		if err != nil {
			yield(Call{}, fmt.Errorf("transcript: %w", err))
			return
		}
		defer f.Close()
		defer context.AfterFunc(ctx, func() { f.Close() })() // which ends a Read that waits, as of a named pipe
		if info, err := f.Stat(); err == nil && info.IsDir() {
			root, err := os.OpenRoot(name)
			if err != nil {
				yield(Call{}, fmt.Errorf("transcript: %w", err))
				return
			}
			defer root.Close()
			o.folder(ctx, root.FS(), name+"/", yield)
			return
		}
		read, ok := formats[ending(name)]
		if !ok {
			read = Reader.JSON
		}
		for call, err := range read(o, ctx, f) {
			if !yield(call, inFile(name, err)) {
				return
			}
		}
	}
}

// open is os.Open, but for that it gives up with its context, as where a named pipe has no writer.
func open(ctx context.Context, name string) (*os.File, error) {
	type result struct {
		f   *os.File
		err error
	}
	opened := make(chan result, 1)
	go func() {
		f, err := os.Open(name)
		opened <- result{f, err}
	}()
	select {
	case o := <-opened:
		return o.f, o.err
	case <-ctx.Done():
		go func() {
			if o := <-opened; o.err == nil {
				o.f.Close()
			}
		}()
		return nil, fmt.Errorf("open %s: %w", name, ctx.Err())
	}
}

// inFile adds the file's name to a record's error.
func inFile(name string, err error) error {
	if bad, ok := errors.AsType[*RecordError](err); ok {
		bad.File = name
	}
	return err
}

// FS reads all files of a folder and the folders in it, in the order of their names. Names decide on formats as for
// [Reader.File]; any other file is an error, except those whose names start with a dot. So is a symbolic link. Calls
// without an ID are named after their file, with "#" and the record's number where a file can hold several; calls from
// text and subtitles are won or lost if a folder that they are in is called so.
func (o Reader) FS(ctx context.Context, fsys fs.FS) iter.Seq2[Call, error] {
	return func(yield func(Call, error) bool) { o.folder(ctx, fsys, "", yield) }
}

// folder puts prefix before the names of files in errors.
func (o Reader) folder(ctx context.Context, fsys fs.FS, prefix string, yield yieldFunc) {
	found := false
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			found = true
			return proceed(yield(Call{}, fmt.Errorf("transcript: %s%s: %w", prefix, name, ctx.Err())) && false)
		}
		hidden := name != "." && strings.HasPrefix(entry.Name(), ".")
		switch {
		case err != nil:
			found = true
			return proceed(yield(Call{}, fmt.Errorf("transcript: %s%s: %w", prefix, name, err)))
		case entry.IsDir() && hidden:
			return fs.SkipDir
		case entry.IsDir() || hidden:
			return nil
		}
		found = true
		return proceed(o.entry(ctx, fsys, name, entry, func(c Call, err error) bool {
			return yield(c, inFile(prefix+name, err))
		}))
	})
	if err == nil && !found {
		yield(Call{}, &RecordError{File: prefix, Err: errors.New("the folder is empty; want files of calls in it")})
	}
}

func proceed(more bool) error {
	if more {
		return nil
	}
	return fs.SkipAll
}

// entry reads a file of a folder and reports whether to go on.
func (o Reader) entry(ctx context.Context, fsys fs.FS, name string, entry fs.DirEntry, yield yieldFunc) bool {
	read, ok := formats[ending(name)]
	switch {
	case entry.Type()&fs.ModeSymlink != 0:
		return yield.fail(0, 0, errors.New("it is a symbolic link, which is not followed; put the file itself there"))
	case !entry.Type().IsRegular():
		return yield.fail(0, 0, errors.New("it is not a regular file; remove it"))
	case !ok:
		return yield.fail(0, 0, errors.New("its name does not tell what is in it; want .json, .jsonl, .ndjson, .csv, .tsv, .txt, .vtt or .srt, or remove it"))
	}
	f, err := fsys.Open(name)
	if err != nil {
		return yield.fail(0, 0, err)
	}
	defer f.Close()
	o.name = name
	for call, err := range read(o, ctx, f) {
		if !yield(call, err) {
			return false
		}
	}
	return true
}

// number names a record that has no ID of its own.
func (o Reader) number(record int) string {
	if o.name == "" {
		return strconv.Itoa(record)
	}
	return fmt.Sprintf("%s#%d", o.name, record)
}

// whole names the call that is all of a file, and tells its outcome from the folders that it is in.
func (o Reader) whole() (id string, outcome Outcome) {
	for dir := range strings.SplitSeq(path.Dir(o.name), "/") {
		for _, o := range []Outcome{Lost, Won} {
			if strings.EqualFold(dir, o.String()) {
				outcome = o
			}
		}
	}
	return cmp.Or(o.name, "1"), outcome
}
