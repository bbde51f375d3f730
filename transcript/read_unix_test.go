//go:build unix

package transcript

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A context that is done ends a reading, even one that waits for somebody to write to a named pipe.
func TestReadEndsWithItsContext(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe.json")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, prepare := range map[string]func(){
		"without a writer": func() {},
		"with a writer that is silent": func() {
			f, err := os.OpenFile(pipe, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
		},
	} {
		prepare()
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		if _, err := Collect(ReadFile(ctx, pipe), func(error) {}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: error %v, want the context's", name, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	count := 0
	for _, err := range Read(ctx, strings.NewReader(two)) {
		if cancel(); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want the context's", err)
		}
		count++
	}
	if count != 2 {
		t.Errorf("%d calls and errors, want a call and the context's error", count)
	}
}
