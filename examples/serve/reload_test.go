package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// until waits until something holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 20000 {
		if holds() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("it still does not hold that %s", what)
}

func (r *running) version() string {
	var m struct{ Version string }
	r.send("GET", "v1/model", "").decode(r.t, &m)
	return m.Version
}

// The model directory is replaced, spoilt, removed and put back while clients ask: no request fails, and each is answered by one
// of the two predictors.
func TestReload(t *testing.T) {
	r := start(t, nil)
	dir := r.options.models
	first, second := r.predictor.Version(), save(t, filepath.Join(t.TempDir(), "models"), 1).Version()
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 3 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				a, err := r.try("POST", "v1/predict", strings.NewReader(`{"transcript": "Agent: Hi\nCustomer: Hello"}`))
				if err != nil || a.StatusCode != 200 || !strings.Contains(string(a.body), first) && !strings.Contains(string(a.body), second) {
					t.Errorf("while the model changes: %v %s", err, a.body)
					return
				}
			}
		})
	}
	save(t, dir, 1)
	until(t, "the second model serves", func() bool { return r.version() == second })
	words, err := os.ReadFile(filepath.Join(dir, "words.json"))
	if err != nil {
		t.Fatal(err)
	}
	save(t, dir, 0)
	until(t, "the first serves again", func() bool { return r.version() == first })

	// The second comes file by file, and one of them is broken at first.
	other := filepath.Join(t.TempDir(), "models")
	save(t, other, 1)
	if err := os.CopyFS(filepath.Join(dir, "..", "copied"), os.DirFS(other)); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "..", "copied")
	if err := os.WriteFile(filepath.Join(copied, "words.json"), words[:len(words)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	until(t, "the log says that it is gone", func() bool { return strings.Contains(r.log.String(), "no such file") })
	if err := os.Rename(copied, dir); err != nil {
		t.Fatal(err)
	}
	until(t, "the log names the broken file", func() bool { return strings.Contains(r.log.String(), "words.json is not the file") })
	if v := r.version(); v != first {
		t.Errorf("beside a broken model serves %s, want %s", v, first)
	}
	if err := os.WriteFile(filepath.Join(dir, "words.json"), words, 0o600); err != nil {
		t.Fatal(err)
	}
	until(t, "the mended model serves", func() bool { return r.version() == second })
	close(stop)
	clients.Wait()
	if m := string(r.send("GET", "metrics", "").body); !strings.Contains(m, `salesconv_model_info{version="`+second+`"} 1`) || strings.Contains(m, first) {
		t.Errorf("metrics name another model than the one that serves")
	}
}

// A file that is damaged in its place is noticed while the service serves on, whichever it is, and one that is only written anew
// is no damage.
func TestDamage(t *testing.T) {
	r := start(t, nil)
	r.send("GET", "readyz", "") // it has been loaded
	for _, name := range []string{"classifier.json", "during_call.json", "words.json", "generic_embeddings/modules.json"} {
		file := filepath.Join(r.options.models, name)
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		spoilt := bytes.Clone(whole)
		spoilt[len(spoilt)/2] ^= 1
		if err := os.WriteFile(file, spoilt, 0o600); err != nil {
			t.Fatal(err)
		}
		until(t, "the log names "+name, func() bool { return strings.Contains(r.log.String(), name+" is not the file") })
		if err := os.WriteFile(file, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if a := r.send("POST", "v1/predict", `{"transcript": "Agent: hi"}`); a.StatusCode != 200 || r.version() != r.predictor.Version() {
		t.Errorf("%s %s by %s", a.Status, a.body, r.version())
	}
	if strings.Contains(string(r.send("GET", "metrics", "").body), "salesconv_model_reloads_total{result=\"failed\"} 0\n") {
		t.Error("damage is not counted")
	}
	if strings.Contains(r.log.String(), "another model serves") {
		t.Error("the same model is taken for another")
	}
}

func TestNoModel(t *testing.T) {
	o := &options{models: t.TempDir()}
	if err := o.serve(t.Context(), nil, nil); err == nil || !strings.Contains(err.Error(), o.models) {
		t.Errorf("error %v", err)
	}
}
