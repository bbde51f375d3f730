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
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
)

// formats are the endings of the files that are read, and how.
var formats = map[string]Format{
	".json": Reader.JSON, ".jsonl": Reader.JSON, ".ndjson": Reader.JSON,
	".csv": Reader.CSV, ".tsv": Reader.CSV,
	".txt": Reader.Text,
	".vtt": Reader.Subtitles,
	".srt": Reader.Subtitles,
	".sbv": Reader.Subtitles,
}

// format returns how a file of a name is read, nil if the name does not show it.
func (o Reader) format(name string) Format {
	if read := o.Formats[ending(name)]; read != nil {
		return read
	}
	return formats[ending(name)]
}

// ending returns the part of a file's name that determines its format.
func ending(name string) string {
	return path.Ext(strings.TrimSuffix(strings.ToLower(name), ".gz"))
}

// File reads a file by the format that its name ends in: .json, .jsonl, .ndjson, .csv, .tsv, .txt, .vtt, .srt or .sbv,
// each with .gz after it or not; what ends otherwise is read by [Reader.Any]. A directory is read by [Reader.FS], and symbolic links
// cannot lead out of it. The utterances.jsonl of a ConvoKit corpus is read with the conversations.json alongside. Errors
// name the file.
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
			o.directory(ctx, root.FS(), name+"/", yield)
			return
		}
		if isUtterances(name) {
			o.conversations = func() (io.ReadCloser, error) { return os.Open(filepath.Join(filepath.Dir(name), "conversations.json")) }
		}
		o.named(ctx, name, f, yield)
	}
}

// Named reads r as [Reader.File] reads a file of that name, for files that lie elsewhere than in the file system, and as
// [Reader.FS] it calls records without an ID after the file, "calls.csv#7".
func (o Reader) Named(ctx context.Context, name string, r io.Reader) iter.Seq2[Call, error] {
	o.name = path.Base(filepath.ToSlash(name))
	return func(yield func(Call, error) bool) { o.named(ctx, name, r, yield) }
}

// named reads by the format that a name ends in.
func (o Reader) named(ctx context.Context, name string, r io.Reader, yield yieldFunc) {
	read := o.format(name)
	if err := refuseName(name); read == nil && err != nil {
		o.finish(ctx, func(yield yieldFunc) { yield(Call{}, &RecordError{File: name, Err: err}) })(yield)
		return
	}
	if read == nil {
		read = Reader.Any
	}
	for call, err := range read(o, ctx, r) {
		if !yield(call, inFile(name, err)) {
			return
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

// FS reads all files of a directory and the directories in it, in the order of their names. Names decide on formats as
// for [Reader.File]; any other file is an error, except those whose names start with a dot, and the other files of a
// ConvoKit corpus. So is a symbolic link. Calls without an ID are named after their file, with "#" and the record's
// number where a file can hold several; calls without a label are won or lost if a directory that they are in is called
// by a word for a label, such as won or "Closed Lost".
func (o Reader) FS(ctx context.Context, fsys fs.FS) iter.Seq2[Call, error] {
	return func(yield func(Call, error) bool) {
		if fsys == nil {
			yield(Call{}, errors.New("transcript: no directory to read: the file system is nil"))
			return
		}
		o.directory(ctx, fsys, "", yield)
	}
}

// directory puts prefix before the names of files in errors.
func (o Reader) directory(ctx context.Context, fsys fs.FS, prefix string, yield yieldFunc) {
	found := false
	type file struct {
		name  string
		entry fs.DirEntry
	}
	var passed []file
	read := func(f file) error {
		found = true
		return proceed(o.entry(ctx, fsys, f.name, f.entry, func(c Call, err error) bool {
			return yield(c, inFile(prefix+f.name, err))
		}))
	}
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
		case entry.IsDir() || hidden || isAlongsideUtterances(fsys, name):
			return nil
		case entry.Type().IsRegular() && o.isIgnored(name):
			passed = append(passed, file{name, entry})
			return nil
		}
		return read(file{name, entry})
	})
	for _, f := range passed {
		if err == nil && !found {
			err = read(f)
		} else {
			o.Summary.passBy(prefix + f.name)
		}
	}
	if err == nil && !found {
		yield(Call{}, &RecordError{File: prefix, Err: errors.New("the directory is empty; want files of calls in it")})
	}
}

// isIgnored reports whether a file is by its name no file of calls.
func (o Reader) isIgnored(name string) bool {
	base := strings.ToLower(path.Base(name))
	stem, _, _ := strings.Cut(base, ".")
	switch stem {
	case "readme", "license", "licence", "copying", "notice", "changelog", "contributing", "citation", "authors", "makefile", "dockerfile", "checksums", "md5sums", "sha256sums":
		return true
	}
	return o.format(name) == nil && refuseName(name) == nil
}

func proceed(more bool) error {
	if more {
		return nil
	}
	return fs.SkipAll
}

// entry reads a file of a directory and reports whether to continue.
func (o Reader) entry(ctx context.Context, fsys fs.FS, name string, entry fs.DirEntry, yield yieldFunc) bool {
	read := o.format(name)
	fail := func(err error) bool {
		bad := &RecordError{Err: err}
		o.Summary.add(Call{}, bad)
		return yield(Call{}, bad)
	}
	switch {
	case entry.Type()&fs.ModeSymlink != 0:
		return fail(errors.New("it is a symbolic link, which is not followed; put the file itself there"))
	case !entry.Type().IsRegular():
		return fail(errors.New("it is not a regular file; remove it"))
	case read == nil && refuseName(name) != nil:
		return fail(fmt.Errorf("%w, or remove it", refuseName(name)))
	case read == nil:
		return fail(errors.New("its name does not show its format; want .json, .jsonl, .ndjson, .csv, .tsv, .txt, .vtt, .srt or .sbv, or remove it"))
	}
	f, err := fsys.Open(name)
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	o.name = name
	if isUtterances(name) {
		o.conversations = func() (io.ReadCloser, error) { return fsys.Open(path.Join(path.Dir(name), "conversations.json")) }
	}
	for call, err := range read(o, ctx, f) {
		if !yield(call, err) {
			return false
		}
	}
	return true
}

// number names a record that has no ID of its own.
func (o Reader) number(record int) string {
	switch {
	case o.Unnumbered:
		return ""
	case o.name == "":
		return strconv.Itoa(record)
	}
	return fmt.Sprintf("%s#%d", o.name, record)
}

// whole names the call that is all of a file.
func (o Reader) whole() string {
	if o.Unnumbered {
		return ""
	}
	return cmp.Or(o.name, "1")
}

// directoryOutcome returns the outcome that the names of the file's directories are words for.
func (o Reader) directoryOutcome() (outcome Outcome) {
	for name := range strings.SplitSeq(path.Dir(o.name), "/") {
		if said, err := o.outcome(name); err == nil && said != Unknown && strings.ContainsFunc(name, unicode.IsLetter) {
			outcome = said
		}
	}
	return outcome
}
