package conversion

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// childVariable makes a test binary that is started again copy a saved predictor over another, so that it can be killed.
const childVariable = "SALESCONV_SAVE_CHILD"

func TestMain(m *testing.M) {
	if from, to, ok := strings.Cut(os.Getenv(childVariable), "\n"); ok {
		p, err := Load(os.DirFS(from))
		if err == nil {
			fmt.Println("loaded")
			err = p.Save(to)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// unfinished counts the files of directories that Save has not finished.
func unfinished(parent string) (n int) {
	filepath.WalkDir(parent, func(path string, d fs.DirEntry, err error) error { // things vanish while it walks
		if err == nil && !d.IsDir() && strings.Contains(path, ".tmp") {
			n++
		}
		return nil
	})
	return n
}

// A process that is killed while it saves over another predictor, after any number of files, leaves one of the two.
func TestKilledSaveLeavesAWholePredictor(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process for each file")
	}
	old, _, _ := train(t, Options{Seed: useless, Frozen: true})
	fresh, _, _ := train(t, Options{Seed: helpful})
	_, from := saveAndLoad(t, fresh)
	parent := t.TempDir()
	to := filepath.Join(parent, "models")
	for files := 1; files <= 40; files++ {
		if err := old.Save(to); err != nil {
			t.Fatal(err)
		}
		killed := killSave(t, parent, from, to, files)
		p, err := Load(os.DirFS(to))
		if err != nil {
			t.Fatalf("killed after %d files: %v", files, err)
		}
		if v := p.Version(); v != old.Version() && (v != fresh.Version()) {
			t.Fatalf("killed after %d files: version %s, want one of the two", files, v)
		}
		if !killed {
			if files < 15 {
				t.Errorf("a save was over after %d files", files)
			}
			return
		}
	}
}

// killSave starts a process that saves and kills it when it has written a number of files; it reports whether it was in time.
func killSave(t *testing.T, parent, from, to string, files int) bool {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+from+"\n"+to)
	before := unfinished(parent)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for unfinished(parent) < before+files {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			return false
		default:
			runtime.Gosched()
		}
	}
	cmd.Process.Kill()
	return <-ended != nil
}

// A save that fails at any file leaves what was there, and nothing besides.
func TestFailedSaveKeepsTheOldPredictor(t *testing.T) {
	old, _, _ := train(t, Options{Seed: useless, Frozen: true})
	_, dir := saveAndLoad(t, old)
	broken, _, _ := train(t, Options{Seed: helpful})
	broken.stack.Heads[0].Classifier = nil // cannot be saved
	if err := broken.Save(dir); err == nil {
		t.Fatal("no error")
	}
	p, err := Load(os.DirFS(dir))
	if err != nil || p.Version() != old.Version() {
		t.Errorf("%v: the old predictor is gone", err)
	}
	if entries, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v: want the old directory alone", entries, err)
	}
}
