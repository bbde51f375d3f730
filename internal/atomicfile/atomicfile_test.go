package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// text is a function for WriteFile that writes s and fails with err.
func text(s string, err error) func(io.Writer) error {
	return func(w io.Writer) error {
		io.WriteString(w, s)
		return err
	}
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// names lists a directory.
func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestWriteFileKeepsTheOldFileOnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "x.txt")
	if err := WriteFile(path, text("first", nil)); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := WriteFile(path, text("second", broken)); !errors.Is(err, broken) {
		t.Fatalf("error %v, want %v", err, broken)
	}
	if got := mustRead(t, path); got != "first" {
		t.Errorf("file holds %q after a failed write, want %q", got, "first")
	}
	if got := names(t, filepath.Dir(path)); !slices.Equal(got, []string{"x.txt"}) {
		t.Errorf("%q in the directory, want x.txt", got)
	}
}

func TestWriteFileNamesThePath(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(filepath.Join(file, "x"), text("", nil)); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a directory below a file: error %v", err)
	}
	if err := WriteFile(filepath.Dir(file), text("", nil)); err == nil || err.Error() != filepath.Dir(file)+" is a directory; name a file" {
		t.Errorf("a file instead of a directory: error %v", err)
	}
}

func TestWriteFileFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if err := WriteFile(link, text("new", nil)); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 || mustRead(t, file) != "new" {
		t.Errorf("mode %v, the file holds %q", info.Mode(), mustRead(t, file))
	}
}

func TestWriteDirReplaces(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "sub", "models")
	write := func(name string, err error) error {
		return WriteDir(dir, func(name string) bool { return name == "a" || name == "b" }, func(dir string) error {
			return errors.Join(WriteFile(filepath.Join(dir, name), text(name, nil)), err)
		})
	}
	if err := write("a", nil); err != nil || !slices.Equal(names(t, dir), []string{"a"}) {
		t.Fatalf("%q, %v", names(t, dir), err)
	}
	if err := write("b", nil); err != nil || !slices.Equal(names(t, dir), []string{"b"}) {
		t.Errorf("%q, %v; want the second alone", names(t, dir), err)
	}
	broken := errors.New("broken")
	if err := write("a", broken); !errors.Is(err, broken) || !slices.Equal(names(t, dir), []string{"b"}) {
		t.Errorf("%q after error %v, want what was there", names(t, dir), err)
	}
	if err := os.WriteFile(filepath.Join(dir, "notes"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := write("a", nil); err == nil || !strings.Contains(err.Error(), `"notes"`) || mustRead(t, filepath.Join(dir, "b")) != "b" {
		t.Errorf("error %v, want one about the user's file", err)
	}
	if got := names(t, filepath.Dir(dir)); !slices.Equal(got, []string{"models"}) {
		t.Errorf("%q are left next to the directory", got)
	}
}

// The way of systems that cannot exchange names.
func TestSwap(t *testing.T) {
	parent := t.TempDir()
	a, b := filepath.Join(parent, "a"), filepath.Join(parent, "b")
	for _, dir := range []string{a, b} {
		if err := WriteFile(filepath.Join(dir, "name"), text(filepath.Base(dir), nil)); err != nil {
			t.Fatal(err)
		}
	}
	if err := swap(a, b); err != nil || mustRead(t, filepath.Join(a, "name")) != "b" || mustRead(t, filepath.Join(b, "name")) != "a" {
		t.Errorf("error %v", err)
	}
	if err := swap(filepath.Join(parent, "missing"), b); err == nil || mustRead(t, filepath.Join(b, "name")) != "a" {
		t.Errorf("error %v, want what was there", err)
	}
	if got := names(t, parent); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("%q are left", got)
	}
}

func TestRemoveTemporary(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(RemoveTemporary(filepath.Join(dir, "missing")), os.Mkdir(temporary(filepath.Join(dir, "models")), 0o777)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{temporary(filepath.Join(dir, "x.json")), filepath.Join(dir, "x.json"), filepath.Join(dir, ".hidden")} {
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := RemoveTemporary(dir); err != nil || !slices.Equal(names(t, dir), []string{".hidden", "x.json"}) {
		t.Errorf("%q are left, error %v", names(t, dir), err)
	}
}
