package triplet

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/org/salesconv/internal/atomicfile"
)

// A disk that fills up, or a permission that is lost, in the middle of a run costs no earlier checkpoint: the run continues
// with a warning, and one that is killed then resumes from the last that could be written.
//
// It runs in a process of its own, as the limit of one holds for what the test binary logs too.
func TestCheckpointsCannotBeWritten(t *testing.T) {
	const alone = "SALESCONV_TRIPLET_ALONE"
	if os.Getenv(alone) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), alone+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	docs, labels := calls(1, 8)
	whole := loadTiny(t)
	if _, err := Train(t.Context(), whole, docs, labels, &Options{Epochs: 8}); err != nil {
		t.Fatal(err)
	}
	for name, trouble := range map[string]func(t *testing.T, dir string) (over func()){
		"file too large":    fullDisk,
		"permission denied": lostPermission,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			o := Options{Epochs: 8, Checkpoints: &Checkpoints{Dir: dir, Every: 1}}
			ctx, cancel := context.WithCancel(t.Context())
			over := func() {}
			o.Progress = func(s Step) {
				switch s.Step {
				case 4:
					over = trouble(t, dir)
				case 6:
					cancel()
				}
			}
			h, err := Train(ctx, loadTiny(t), docs, labels, &o)
			over()
			if !errors.Is(err, context.Canceled) || len(h.Steps) != 6 || len(h.Warnings) != 1 ||
				!strings.Contains(h.Warnings[0].Text, name) || !strings.Contains(h.Warnings[0].Text, "make room or check the permissions") {
				t.Fatalf("error %v after %d steps, warnings %v", err, len(h.Steps), h.Warnings)
			}
			os.Remove(filepath.Join(dir, atomicfile.LockFile)) // which a run without the permission leaves
			if names, err := os.ReadDir(dir); err != nil || len(names) != 2 || names[1].Name() != "checkpoint-00000003" {
				t.Errorf("%v in the directory, error %v; want the checkpoints of steps 2 and 3", names, err)
			}
			m := loadTiny(t)
			o.Progress = nil
			if h, err = Train(t.Context(), m, docs, labels, &o); err != nil || h.Resumed != 3 || !bytes.Equal(weights(m), weights(whole)) {
				t.Errorf("resumed from %d, error %v", h.Resumed, err)
			}
		})
	}
}

// fullDisk makes writing fail after the first thousand bytes of a file.
func fullDisk(t *testing.T, _ string) (over func()) {
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	full := before
	full.Cur = 1000
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Fatal(err)
		}
	}
}

// lostPermission takes the right to write to a directory from this goroutine, and from root too, who has it whatever the mode.
func lostPermission(t *testing.T, dir string) (over func()) {
	runtime.LockOSThread()
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	const nobody = 65534
	if os.Geteuid() == 0 {
		if err := syscall.Setfsuid(nobody); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		defer runtime.UnlockOSThread()
		if os.Geteuid() == 0 {
			if err := syscall.Setfsuid(0); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}
