//go:build unix

package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestModesFollowTheUmask(t *testing.T) {
	defer unix.Umask(unix.Umask(0))
	for umask, want := range map[int]fs.FileMode{0o022: 0o644, 0o077: 0o600, 0o002: 0o664} {
		dir := filepath.Join(t.TempDir(), "models")
		unix.Umask(umask)
		err := WriteDir(dir, nil, func(dir string) error { return WriteFile(filepath.Join(dir, "x"), text("x", nil)) })
		file, err2 := os.Stat(filepath.Join(dir, "x"))
		above, err3 := os.Stat(dir)
		if err := errors.Join(err, err2, err3); err != nil {
			t.Fatal(err)
		}
		if file.Mode() != want || above.Mode().Perm() != want|want>>2&0o111 {
			t.Errorf("umask %03o: file %v, directory %v", umask, file.Mode(), above.Mode())
		}
	}
}

// What is no regular file is written to, not replaced.
func TestWriteFileToAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	written := make(chan error)
	go func() { written <- WriteFile(path, text("through", nil)) }()
	if got := mustRead(t, path); got != "through" {
		t.Errorf("read %q", got)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
}
