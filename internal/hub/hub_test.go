package hub

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const testCommit = "0123456789abcdef0123456789abcdef01234567"

// server is a hub with one model, org/name, and faults to come: each request for a file takes the next of its list.
type server struct {
	*httptest.Server
	files map[string]string

	mu       sync.Mutex
	faults   map[string][]func(w http.ResponseWriter, r *http.Request, content string)
	requests []string // path and range
}

func newServer(t *testing.T) *server {
	s := &server{
		files:  map[string]string{"config.json": `{"a": 1}`, "model.safetensors": strings.Repeat("weights ", 10000), "sub/empty.json": "", "other.bin": "x"},
		faults: map[string][]func(http.ResponseWriter, *http.Request, string){},
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	path := r.URL.Path
	s.requests = append(s.requests, path+" "+r.Header.Get("Range"))
	var fault func(http.ResponseWriter, *http.Request, string)
	if f := s.faults[path]; len(f) > 0 {
		fault, s.faults[path] = f[0], f[1:]
	}
	s.mu.Unlock()
	name, isFile := strings.CutPrefix(path, "/org/name/resolve/"+testCommit+"/")
	content, known := s.files[name]
	switch {
	case fault != nil:
		fault(w, r, content)
	case path == "/api/models/org/name/revision/main" || path == "/api/models/org/name/revision/"+testCommit:
		json.NewEncoder(w).Encode(s.listing())
	case isFile && known:
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
	default:
		http.NotFound(w, r)
	}
}

func (s *server) listing() any {
	var siblings []map[string]any
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for n := range s.files {
			if !yield(n) {
				return
			}
		}
	}) {
		content := s.files[name]
		f := map[string]any{"rfilename": name, "size": len(content), "blobId": fmt.Sprintf("%x", sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(content), content)))}
		if strings.HasSuffix(name, ".safetensors") {
			f["lfs"] = map[string]any{"sha256": fmt.Sprintf("%x", sha256.Sum256([]byte(content))), "size": len(content)}
		}
		siblings = append(siblings, f)
	}
	return map[string]any{"sha": testCommit, "siblings": siblings}
}

const weightsPath = "/org/name/resolve/" + testCommit + "/model.safetensors"

// Faults.

func cut(w http.ResponseWriter, _ *http.Request, content string) {
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	w.Write([]byte(content[:len(content)/3]))
}

func stall(w http.ResponseWriter, r *http.Request, content string) {
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	w.Write([]byte(content[:1000]))
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func answer(status int, header ...string) func(http.ResponseWriter, *http.Request, string) {
	return func(w http.ResponseWriter, _ *http.Request, _ string) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
	}
}

func damage(w http.ResponseWriter, _ *http.Request, content string) {
	w.Write([]byte("W" + content[1:]))
}

func whole(w http.ResponseWriter, _ *http.Request, content string) { w.Write([]byte(content)) }

var wanted = regexp.MustCompile(`\.json$|\.safetensors$`)

// client is one whose pauses are noted instead of made.
func client(t *testing.T, s *server) (*Client, *[]time.Duration) {
	pauses := new([]time.Duration)
	return &Client{
		Cache: t.TempDir(), Endpoint: s.URL, HTTP: s.Client(), Stall: time.Minute,
		Wait: func(ctx context.Context, d time.Duration) error { *pauses = append(*pauses, d); return ctx.Err() },
	}, pauses
}

// fetched compares a snapshot with what the server has.
func (s *server) fetched(t *testing.T, c *Client, dir string) {
	t.Helper()
	for name, content := range s.files {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if want := wanted.MatchString(name); want != (err == nil) || want && string(b) != content {
			t.Errorf("%s: %d bytes and error %v, want it %t with %d bytes", name, len(b), err, want, len(content))
		}
	}
	if cached, err := c.Cached("org/name"); err != nil || cached != dir {
		t.Errorf("in the cache: %q and error %v, want %q", cached, err, dir)
	}
	if left, _ := filepath.Glob(filepath.Join(c.Cache, "*", "blobs", "*.incomplete")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFetch(t *testing.T) {
	s := newServer(t)
	c, _ := client(t, s)
	if _, err := c.Cached("org/name"); err == nil || !strings.Contains(err.Error(), "org/name is not in the cache") {
		t.Errorf("before it is fetched: error %v", err)
	}
	if len(s.requests) != 0 {
		t.Errorf("Cached made requests: %v", s.requests)
	}
	var progress int64
	c.Progress = func(file string, done, total int64) {
		if file == "model.safetensors" && total == 80000 {
			progress = done
		}
	}
	dir, err := c.Fetch(t.Context(), "org/name", wanted)
	if err != nil {
		t.Fatal(err)
	}
	s.fetched(t, c, dir)
	if progress != 80000 {
		t.Errorf("progress ended at %d, want 80000", progress)
	}
	if to, err := os.Readlink(filepath.Join(dir, "sub", "empty.json")); err != nil || !strings.HasPrefix(to, filepath.Join("..", "..", "..", "blobs")) {
		t.Errorf("link to %q, error %v, want one to ../../../blobs", to, err)
	}
	s.requests = nil
	if _, err := c.Fetch(t.Context(), "org/name@"+testCommit, wanted); err != nil || len(s.requests) != 1 {
		t.Errorf("fetched again by %v, error %v, want the listing alone", s.requests, err)
	}
}

// TestFetchFaults has the server fail in ways that are overcome.
func TestFetchFaults(t *testing.T) {
	type fault = func(http.ResponseWriter, *http.Request, string)
	for name, c := range map[string]struct {
		faults []fault
		pauses []time.Duration
		last   string // the last request for the weights
	}{
		"cut":               {[]fault{cut}, []time.Duration{time.Second}, "bytes=26666-"},
		"cut twice":         {[]fault{cut, answer(503)}, []time.Duration{time.Second, 2 * time.Second}, "bytes=26666-"},
		"stalled":           {[]fault{stall}, nil, "bytes=1000-"},
		"busy":              {[]fault{answer(429, "Retry-After", "7")}, []time.Duration{7 * time.Second}, ""},
		"busy without time": {[]fault{answer(429), answer(500)}, []time.Duration{time.Second, 2 * time.Second}, ""},
		"no ranges":         {[]fault{cut, whole}, []time.Duration{time.Second}, "bytes=26666-"},
		"cut and damaged":   {[]fault{func(w http.ResponseWriter, r *http.Request, s string) { cut(w, r, strings.ToUpper(s)) }}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			client, pauses := client(t, s)
			s.faults[weightsPath] = c.faults
			if name == "stalled" {
				client.Stall = 100 * time.Millisecond
			}
			dir, err := client.Fetch(t.Context(), "org/name", wanted)
			if name == "cut and damaged" { // the second call resumes, finds the hash wrong and starts over
				if err == nil {
					t.Fatal("damaged content gave no error")
				}
				dir, err = client.Fetch(t.Context(), "org/name", wanted)
			}
			if err != nil {
				t.Fatal(err)
			}
			s.fetched(t, client, dir)
			if c.pauses != nil && !slices.Equal(*pauses, c.pauses) {
				t.Errorf("pauses %v, want %v", *pauses, c.pauses)
			}
			var last string
			for _, r := range s.requests {
				if rest, ok := strings.CutPrefix(r, weightsPath+" "); ok {
					last = rest
				}
			}
			if last != c.last {
				t.Errorf("last request for %q, want %q", last, c.last)
			}
		})
	}
}

// TestFetchResumes ends a call in the middle of a file; the next resumes there.
func TestFetchResumes(t *testing.T) {
	s := newServer(t)
	c, _ := client(t, s)
	s.faults[weightsPath] = []func(http.ResponseWriter, *http.Request, string){cut}
	ctx, cancel := context.WithCancel(t.Context())
	c.Wait = func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }
	if _, err := c.Fetch(ctx, "org/name", wanted); err == nil {
		t.Fatal("no error from a call that was ended")
	}
	if _, err := c.Cached("org/name"); err == nil {
		t.Error("half a model is in the cache")
	}
	dir, err := c.Fetch(t.Context(), "org/name", wanted)
	if err != nil {
		t.Fatal(err)
	}
	s.fetched(t, c, dir)
	if !slices.Contains(s.requests, weightsPath+" bytes=26666-") {
		t.Errorf("requests %v, want one for the rest of the weights", s.requests)
	}
}

// TestFetchTwice has two clients fetch the same file at once: the second waits, and does not ask for it again.
func TestFetchTwice(t *testing.T) {
	s := newServer(t)
	first, _ := client(t, s)
	second, _ := client(t, s)
	second.Cache = first.Cache
	begun, waited := make(chan bool), make(chan bool)
	s.faults[weightsPath] = []func(http.ResponseWriter, *http.Request, string){func(w http.ResponseWriter, r *http.Request, content string) {
		close(begun)
		<-waited
		whole(w, r, content)
	}}
	done := make(chan error)
	go func() {
		_, err := first.Fetch(t.Context(), "org/name", wanted)
		done <- err
	}()
	<-begun
	var once sync.Once
	second.Wait = func(context.Context, time.Duration) error {
		once.Do(func() {
			close(waited)
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		return nil
	}
	dir, err := second.Fetch(t.Context(), "org/name", wanted)
	if err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(first.Cache, "*", "blobs", "*.incomplete")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	s.fetched(t, second, dir)
	asked := 0
	for _, r := range s.requests {
		if strings.HasPrefix(r, weightsPath) {
			asked++
		}
	}
	if asked != 1 {
		t.Errorf("the weights were asked for %d times, want once", asked)
	}
}

func TestFetchErrors(t *testing.T) {
	type fault = func(http.ResponseWriter, *http.Request, string)
	const listing = "/api/models/org/name/revision/main"
	for want, c := range map[string]struct {
		name   string
		path   string
		faults []fault
	}{
		"../x\" is not a model's name":                                     {name: "org/../x"},
		"org/name@/etc\" is not a model's name":                            {name: "org/name@/etc"},
		"org/none@main: the server answers 404 Not Found: check":           {name: "org/none"},
		"org/name@v9: the server answers 404 Not Found: check":             {name: "org/name@v9"},
		"org/name@main: the server answers 401 Unauthorized: set HF_TOKEN": {"org/name", listing, []fault{answer(401)}},
		"org/name@main: the server's answer is not what the hub's":         {"org/name", listing, []fault{whole}},
		"org/name@main: the server names the commit \"\"":                  {"org/name", listing, []fault{func(w http.ResponseWriter, _ *http.Request, _ string) { w.Write([]byte("{}")) }}},
		"lists \"config.json\" with hash \"../../x\"": {"org/name", listing, []fault{func(w http.ResponseWriter, _ *http.Request, _ string) {
			fmt.Fprintf(w, `{"sha": %q, "siblings": [{"rfilename": "config.json", "blobId": "../../x"}]}`, testCommit)
		}}},
		"lists \"../../x.json\" with hash": {"org/name", listing, []fault{func(w http.ResponseWriter, _ *http.Request, _ string) {
			fmt.Fprintf(w, `{"sha": %q, "siblings": [{"rfilename": "../../x.json", "blobId": %q}]}`, testCommit, testCommit)
		}}},
		"has none of the files": {"org/name", listing, []fault{func(w http.ResponseWriter, _ *http.Request, _ string) {
			fmt.Fprintf(w, `{"sha": %q, "siblings": [{"rfilename": "../../x", "blobId": %q}]}`, testCommit, testCommit)
		}}},
		"model.safetensors: the server answers 404":                           {"org/name", weightsPath, []fault{answer(404)}},
		"model.safetensors: the content has hash":                             {"org/name", weightsPath, []fault{damage, damage}},
		"model.safetensors: the server answers 503 Service Unavailable, in 5": {"org/name", weightsPath, slices.Repeat([]fault{answer(503)}, 9)},
		"429 Too Many Requests and asks to wait 1h0m0s":                       {"org/name", weightsPath, []fault{answer(429, "Retry-After", "3600")}},
		"model.safetensors: 80001 bytes, want 80000":                          {"org/name", weightsPath, []fault{func(w http.ResponseWriter, _ *http.Request, s string) { w.Write([]byte(s + "!!")) }}},
	} {
		s := newServer(t)
		client, _ := client(t, s)
		s.faults[c.path] = c.faults
		if _, err := client.Fetch(t.Context(), c.name, wanted); err == nil || !strings.HasPrefix(err.Error(), "hub: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		if _, err := client.Cached("org/name"); err == nil {
			t.Errorf("%s: the model is in the cache", want)
		}
	}
	s := newServer(t)
	c, _ := client(t, s)
	c.Offline = true
	if _, err := c.Fetch(t.Context(), "org/name", wanted); err == nil || !strings.Contains(err.Error(), "HF_HUB_OFFLINE is set") || len(s.requests) > 0 {
		t.Errorf("offline: error %v and requests %v, want HF_HUB_OFFLINE named and none", err, s.requests)
	}
}

func TestFromEnvironment(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"HF_HOME", "HF_HUB_CACHE", "HF_ENDPOINT", "HF_TOKEN", "HF_TOKEN_PATH", "HF_HUB_OFFLINE", "XDG_CACHE_HOME"} {
		t.Setenv(name, "")
	}
	t.Setenv("XDG_CACHE_HOME", home)
	c := FromEnvironment()
	if want := filepath.Join(home, "huggingface", "hub"); c.Cache != want || c.Endpoint != "https://huggingface.co" || c.Token != "" || c.Offline {
		t.Errorf("defaults %q, %q, %q, %t, want %q", c.Cache, c.Endpoint, c.Token, c.Offline, want)
	}
	t.Setenv("HF_HOME", home)
	t.Setenv("HF_ENDPOINT", "http://localhost/")
	t.Setenv("HF_HUB_OFFLINE", "ON")
	if err := os.WriteFile(filepath.Join(home, "token"), []byte("hf_x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c = FromEnvironment()
	if c.Cache != filepath.Join(home, "hub") || c.Endpoint != "http://localhost" || c.Token != "hf_x" || !c.Offline {
		t.Errorf("from HF_HOME %q, %q, %q, %t", c.Cache, c.Endpoint, c.Token, c.Offline)
	}
}
