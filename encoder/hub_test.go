package encoder

import (
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestOpen downloads a small model from a server of our own, and then finds it in the cache.
func TestOpen(t *testing.T) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	files := modelFiles(t, "max-dense")
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		if got := r.Header.Get("Authorization"); got != "Bearer secret" {
			t.Errorf("authorization %q, want the token", got)
		}
		if name, ok := strings.CutPrefix(r.URL.Path, "/org/small/resolve/"+commit+"/"); ok {
			w.Write(files[name].Data)
			return
		}
		var siblings []map[string]any
		for name, f := range files {
			siblings = append(siblings, map[string]any{
				"rfilename": name, "size": len(f.Data), "blobId": fmt.Sprintf("%x", sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(f.Data), f.Data))),
			})
		}
		json.NewEncoder(w).Encode(map[string]any{"sha": commit, "siblings": siblings})
	}))
	defer server.Close()
	t.Setenv("HF_HUB_OFFLINE", "")
	opts := &HubOptions{Cache: t.TempDir(), Endpoint: server.URL, Token: "secret"}
	if _, err := Open(t.Context(), "org/small", opts); err == nil || requests > 0 {
		t.Errorf("without a download: error %v after %d requests", err, requests)
	}
	opts.Download = true
	want, err := Open(t.Context(), "org/small", opts)
	if err != nil {
		t.Fatal(err)
	}
	opts.Download, requests = false, 0
	m, err := Open(t.Context(), "org/small@"+commit, opts)
	if err != nil || requests > 0 {
		t.Fatalf("from the cache: error %v after %d requests", err, requests)
	}
	if got := m.Card().Name; got != "org/small@"+commit {
		t.Errorf("the model is named %q", got)
	}
	if _, err := Open(t.Context(), "testdata/models/mean12", nil); err != nil {
		t.Errorf("a directory: %v", err)
	}
	for name, want := range map[string]string{"": `no directory ""`, "no/such/directory": `no directory "no/such/directory", nor is it a model of the hub`, "org/other": `no directory "org/other", and hub: org/other is not in the cache`} {
		if _, err := Open(t.Context(), name, opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", name, err, want)
		}
	}
	for i, p := range m.parameters {
		if worst(p.Value.Data().([]float32), want.parameters[i].Value.Data().([]float32)) > 0 {
			t.Errorf("%s differs", p.Name)
		}
	}
}
