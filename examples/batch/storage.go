package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/gcs"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/local"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/s3"
)

// File is a file of the input. That it changes after the job was submitted is an error.
type File struct {
	Name     string `json:"name"`
	Size     int64  `json:"size"`
	Modified string `json:"modified,omitempty"` // where the file system says so
}

// stat returns the files that a pattern matches, by name.
func stat(ctx context.Context, glob string) (files []File, err error) {
	fsys, err := filesystem.New(ctx, glob)
	if err != nil {
		return nil, err
	}
	defer fsys.Close()
	names, err := fsys.List(ctx, glob)
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		f := File{Name: name}
		if f.Size, err = fsys.Size(ctx, name); err != nil {
			return nil, err
		}
		if dated, ok := fsys.(filesystem.LastModifiedGetter); ok {
			at, err := dated.LastModified(ctx, name)
			if err != nil {
				return nil, err
			}
			f.Modified = at.UTC().Format("2006-01-02T15:04:05.999999999Z07:00")
		}
		files = append(files, f)
	}
	return files, nil
}

// input is a file that remembers whether reading it failed, which is no fault of its records.
type input struct {
	io.ReadCloser
	failed error
}

func open(ctx context.Context, name string) (*input, error) {
	fsys, err := filesystem.New(ctx, name)
	if err != nil {
		return nil, err
	}
	defer fsys.Close()
	r, err := fsys.OpenRead(ctx, name)
	return &input{ReadCloser: r}, err
}

func (f *input) Read(b []byte) (n int, err error) {
	n, err = f.ReadCloser.Read(b)
	return n, f.remember(err)
}

func (f *input) remember(err error) error {
	if err != nil && err != io.EOF {
		f.failed = err
	}
	return err
}

// localInput is a file of the local file system, of which a Parquet reader reads parts.
type localInput struct {
	*input
	file *os.File
}

func (f localInput) Stat() (os.FileInfo, error) { return f.file.Stat() }

func (f localInput) ReadAt(b []byte, at int64) (n int, err error) {
	n, err = f.file.ReadAt(b, at)
	return n, f.remember(err)
}

// reader returns what reads the file.
func (f *input) reader() io.Reader {
	if file, ok := f.ReadCloser.(*os.File); ok {
		return localInput{f, file}
	}
	return f
}

// readFile returns the content of a file, and false if there is none of that name.
func readFile(ctx context.Context, name string) ([]byte, bool, error) {
	fsys, err := filesystem.New(ctx, name)
	if err != nil {
		return nil, false, err
	}
	defer fsys.Close()
	dir, base := path.Split(name)
	names, err := fsys.List(ctx, escape(dir)+escape(base))
	if err != nil || len(names) == 0 {
		return nil, false, err
	}
	b, err := filesystem.Read(ctx, fsys, name)
	return b, err == nil, err
}

// writeFile writes a file atomically: under another name, which it then loses.
func writeFile(ctx context.Context, name string, content []byte) (err error) {
	fsys, err := filesystem.New(ctx, name)
	if err != nil {
		return err
	}
	defer fsys.Close()
	dir, base := path.Split(name)
	temporary := fmt.Sprintf("%s.%s.%08x.tmp", dir, base, rand.Uint32())
	w, err := fsys.OpenWrite(ctx, temporary)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	if f, ok := w.(interface{ Sync() error }); ok && err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, w.Close()); err == nil {
		err = filesystem.Rename(ctx, fsys, temporary, name)
	}
	return err
}

// writeJSON writes a value as an indented file.
func writeJSON(ctx context.Context, name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(ctx, name, append(b, '\n'))
}

// readJSON reads what writeJSON wrote.
func readJSON(ctx context.Context, name string, v any) error {
	b, found, err := readFile(ctx, name)
	if err == nil && !found {
		err = fs.ErrNotExist
	}
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// sweep removes the file of live workers and those that interrupted writes of outputs left.
func (j *Job) sweep(ctx context.Context) error {
	fsys, err := filesystem.New(ctx, j.Output)
	if err != nil {
		return err
	}
	defer fsys.Close()
	remover, ok := fsys.(filesystem.Remover)
	if !ok {
		return nil
	}
	dir, base := path.Split(j.Output)
	for _, pattern := range []string{escape(j.alive()), escape(dir) + "." + escape(base) + "-*.tmp"} {
		names, listing := fsys.List(ctx, pattern)
		err = errors.Join(err, listing)
		for _, name := range names {
			err = errors.Join(err, remover.Remove(ctx, name))
		}
	}
	return err
}

// escape takes from the characters of a name their meaning in patterns.
func escape(name string) string {
	return strings.NewReplacer("*", `[*]`, "?", `[?]`, "[", `[[]`).Replace(name)
}
