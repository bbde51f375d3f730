package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// childVariable makes a test binary that is started again hold the lock of the directory it names until it is killed.
const childVariable = "SALESCONV_LOCK_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		if _, err := Lock(dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		runtime.GC() // the lock is held even where nothing refers to unlock
		fmt.Println("locked")
		select {}
	}
	os.Exit(m.Run())
}

func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childVariable+"="+dir)
	said, err := child.StdoutPipe()
	if err := errors.Join(err, child.Start()); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(said).ReadString('\n'); line != "locked\n" {
		t.Fatalf("the child said %q, error %v", line, err)
	}
	_, err = Lock(dir)
	if want := fmt.Sprintf("another process (%d)", child.Process.Pid); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v, want one that names the directory and %s", err, want)
	}
	child.Process.Kill()
	child.Wait()
	unlock, err := Lock(dir)
	if err != nil {
		t.Fatalf("after the process was killed: %v", err)
	}
	if _, err := Lock(dir); err == nil {
		t.Error("the same process took the lock twice")
	}
	if err := unlock(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, LockFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the lock's file is left: %v", err)
	}
	if unlock, err = Lock(dir); err != nil || unlock() != nil {
		t.Errorf("again: %v", err)
	}
}
