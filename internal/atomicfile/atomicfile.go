package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Temporary matches the names of files and directories that are not finished, as in [path.Match].
const Temporary = ".*.tmp"

// WriteFile writes what write produces to path, and makes the directories above it. A symbolic link stays one: the file
// that it points to is replaced. What is there and is not a regular file, such as /dev/stdout or a pipe, is written to.
func WriteFile(path string, write func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil {
		if info.IsDir() {
			return fmt.Errorf("%s is a directory; name a file", path)
		}
		if !info.Mode().IsRegular() {
			return writeThrough(path, write)
		}
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := create(path)
	if err != nil {
		return err
	}
	err = buffered(f, write)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	return syncDir(filepath.Dir(path))
}

// writeThrough writes to what is no regular file.
func writeThrough(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(buffered(f, write), f.Close())
}

func buffered(f io.Writer, write func(io.Writer) error) error {
	w := bufio.NewWriterSize(f, 1<<20)
	if err := write(w); err != nil {
		return err
	}
	return w.Flush()
}

// create makes a temporary file for path. Unlike with os.CreateTemp its mode follows the umask.
func create(path string) (f *os.File, err error) {
	for range 100 {
		f, err = os.OpenFile(temporary(path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
	return nil, err
}

// temporary is a new name that Temporary matches, in the directory of path.
func temporary(path string) string {
	return filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%08x.tmp", filepath.Base(path), rand.Uint32()))
}

// WriteDir replaces the directory dir by one that write fills: it is given the path of an empty directory. Files in it
// need not be synced if they come from WriteFile.
//
// Where the system can exchange two names (Linux, macOS) dir is the old directory or the new one at any time; elsewhere
// there is a moment between two renames in which it is missing. The old directory is removed, so it must hold nothing but
// what own reports to be the caller's: otherwise WriteDir returns an error, before it calls write. A nil own takes all names.
func WriteDir(dir string, own func(name string) bool, write func(dir string) error) error {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	exists, err := checkOwn(dir, own)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o777); err != nil {
		return err
	}
	fresh := temporary(dir)
	if err := os.Mkdir(fresh, 0o777); err != nil {
		return err
	}
	defer os.RemoveAll(fresh) // after an exchange this is the old directory
	if err := write(fresh); err != nil {
		return err
	}
	if err := syncDir(fresh); err != nil {
		return err
	}
	if exists {
		err = exchange(fresh, dir)
	} else {
		err = os.Rename(fresh, dir)
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// SetAside takes a directory out of its place, so that nobody finds it there while what it belongs to is replaced. Later
// either back returns it or drop removes it; a process that is killed leaves it as a temporary. What own is for, see
// WriteDir. That there is no such directory is no error.
func SetAside(dir string, own func(name string) bool) (back, drop func() error, err error) {
	none := func() error { return nil }
	exists, err := checkOwn(dir, own)
	if err != nil || !exists {
		return none, none, err
	}
	aside := temporary(dir)
	if err := os.Rename(dir, aside); err != nil {
		return none, none, err
	}
	return func() error { return os.Rename(aside, dir) }, func() error { return os.RemoveAll(aside) }, nil
}

// checkOwn reports whether a directory exists, and returns an error if there is anything in it that is not the caller's.
func checkOwn(dir string, own func(name string) bool) (exists bool, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	for _, e := range entries {
		temporary, _ := filepath.Match(Temporary, e.Name())
		if own != nil && !temporary && !own(e.Name()) {
			return true, fmt.Errorf("%s is to be replaced, but %q in it was not written by this program: move it, or name another directory", dir, e.Name())
		}
	}
	return true, err
}

// swap exchanges two directories by renaming each.
func swap(a, b string) error {
	aside := temporary(b)
	if err := os.Rename(b, aside); err != nil {
		return err
	}
	if err := os.Rename(a, b); err != nil {
		return errors.Join(err, os.Rename(aside, b))
	}
	return os.Rename(aside, a)
}

// RemoveTemporary removes what processes that were killed left in a directory; that there is no such directory is no error.
func RemoveTemporary(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if is, _ := filepath.Match(Temporary, e.Name()); is {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// syncDir makes the names in a directory durable, where the system can.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	d.Sync() // some file systems refuse to sync a directory; the rename itself is atomic all the same
	return nil
}
