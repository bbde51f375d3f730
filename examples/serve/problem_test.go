package main

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/org/salesconv/examples/cli"
)

func packed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Every bad request is answered by a problem with the right status, which names the field and repeats nothing of the call.
func TestProblems(t *testing.T) {
	r := start(t, func(o *options) {
		o.limits.Body, o.limits.Calls, o.limits.Text = 20000, 3, 5000
	})
	const json, csv, plain = "Content-Type: application/json", "Content-Type: text/csv", "Content-Type: text/plain"
	call := `{"transcript": "Agent: s3cret"}`
	for name, c := range map[string]struct {
		path, body string
		status     int
		location   string
		headers    []string
	}{
		"nothing":                  {"predict", "", 400, "body", nil},
		"no JSON":                  {"predict", "Agent: s3cret", 400, "body", nil},
		"half of it":               {"predict", `{"transcript": "Agent: s3cret`, 400, "body", nil},
		"two values":               {"predict", call + call, 400, "body", nil},
		"deep JSON":                {"predict", strings.Repeat("[", 15000), 400, "body", nil},
		"deep metadata":            {"predict", `{"transcript":"a","metadata":` + strings.Repeat(`{"a":`, 3000) + "1" + strings.Repeat("}", 3000) + "}", 422, "body.metadata" + strings.Repeat(".a", 43), nil},
		"not UTF-8":                {"predict", "{\"transcript\": \"Agent: \xff\"}", 400, "body", nil},
		"text that is not UTF-8":   {"predict", "Agent: \xff", 400, "body", []string{plain}},
		"a number":                 {"predict", "5", 422, "body", nil},
		"a number without end":     {"predict", `{"transcript": "a", "metadata": {"x": ` + strings.Repeat("9", 5000) + `}}`, 422, "body.metadata.x", nil},
		"no calls":                 {"predict", "[]", 422, "body", nil},
		"no transcript":            {"predict", `{"id": "x"}`, 422, "body.transcript", nil},
		"an empty transcript":      {"predict", `[` + call + `, {"transcript": " "}]`, 422, "body[1].transcript", nil},
		"a transcript of numbers":  {"predict", `{"transcript": [1]}`, 422, "body.transcript[0]", nil},
		"a turn without text":      {"predict", `{"transcript": [{"speaker": "s3cret"}]}`, 422, "body.transcript[0].text", nil},
		"NUL":                      {"predict", `{"transcript": "a\u0000s3cret"}`, 422, "body.transcript", nil},
		"half a surrogate":         {"predict", `{"transcript": "\ud800 s3cret"}`, 422, "body.transcript", nil},
		"a bad label":              {"predict", `[` + call + `, {"transcript": "s3cret", "label": 7}]`, 422, "body[1].label", nil},
		"bad metadata":             {"predict", `{"transcript": "s3cret", "metadata": 7}`, 422, "body.metadata", nil},
		"an ID with NUL":           {"predict", `{"transcript": "a", "id": "\u0000"}`, 422, "body.id", nil},
		"a key twice":              {"predict", `{"transcript": "a", "transcript": "b"}`, 422, "body.transcript", nil},
		"too many calls":           {"predict", `[` + strings.Repeat(call+",", 3) + call + `]`, 413, "body[3]", nil},
		"too many rows":            {"predict", "id,transcript\n" + strings.Repeat("1,hi there\n", 4), 413, "body[3]", []string{csv}},
		"a long call":              {"predict", `{"transcript": "` + strings.Repeat("a ", 3000) + `"}`, 413, "body.transcript", nil},
		"a large body":             {"predict", `{"transcript": "` + strings.Repeat("a ", 10000) + `"}`, 413, "body", nil},
		"a gzip bomb":              {"predict", packed(t, strings.Repeat(" ", 1<<20)), 413, "body", []string{json, "Content-Encoding: gzip"}},
		"a gzip bomb without word": {"predict", packed(t, strings.Repeat("a b ", 1<<20)), 400, "body", []string{plain}},
		"a gzip bomb in gzip":      {"predict", packed(t, packed(t, strings.Repeat("a b ", 1<<20))), 400, "body", []string{plain, "Content-Encoding: gzip"}},
		"no gzip":                  {"predict", call, 400, "body", []string{"Content-Encoding: gzip"}},
		"brotli":                   {"predict", call, 415, "header.Content-Encoding", []string{"Content-Encoding: br"}},
		"a picture":                {"predict", call, 415, "header.Content-Type", []string{"Content-Type: image/png"}},
		"no type at all":           {"predict", call, 415, "header.Content-Type", []string{"Content-Type: ;;"}},
		"another charset":          {"predict", call, 415, "header.Content-Type", []string{"Content-Type: text/plain; charset=latin1"}},
		"an empty parameter":       {"predict?by_turn=", call, 422, "query.by_turn", nil},
		"a bad parameter":          {"predict?by_turn=maybe", call, 422, "query.by_turn", nil},
		"two calls to explain":     {"explain", "[" + call + "," + call + "]", 422, "body", nil},
		"too many words":           {"explain?words=1000", call, 422, "query.words", nil},
		"a table without text":     {"predict", "a,b\n1,2\n", 422, "body", []string{csv}},
		"no WebVTT":                {"predict", "Agent: s3cret", 422, "body", []string{"Content-Type: text/vtt"}},
		"no SRT":                   {"predict", "Agent: s3cret", 422, "body", []string{"Content-Type: application/x-subrip"}},
		"the second turn silent":   {"predict", `[` + call + `, {"transcript": [{"text": "a"}, {"speaker": "s3cret"}]}]`, 422, "body[1].transcript[1].text", nil},
		"a turn that is no text":   {"predict", `{"transcript": [{"text": 5}]}`, 422, "body.transcript[0].text", nil},
		"a number that is no text": {"predict", `{"transcript": 5}`, 422, "body.transcript", nil},
		"no turns":                 {"predict", `[{"transcript": []}]`, 422, "body[0].transcript", nil},
		"an ID that is none":       {"predict", `{"transcript": "a", "id": {}}`, 422, "body.id", nil},
		"an ID with a fraction":    {"predict", `{"transcript": "a", "id": 1.5}`, 422, "body.id", nil},
		"keys that differ by case": {"predict", `{"transcript": "a", "Transcript": "b"}`, 422, "body.Transcript", nil},
		"a key in capitals":        {"predict", `[{"TRANSCRIPT": "a"}]`, 422, "body[0].transcript", nil},
		"half a character":         {"predict", `[` + call + `, {"transcript": "a", "metadata": {"x": [0, "\ud800"]}}]`, 422, "body[1].metadata.x[1]", nil},
		"a key of metadata twice":  {"predict", `{"transcript": "a", "metadata": {"x": 1, "x": 2}}`, 422, "body.metadata.x", nil},
		"UTF-16":                   {"predict", "\xff\xfe{\x00}\x00", 400, "body", nil},
		"a live key twice":         {"live", `{"call": "x", "call": "y"}`, 422, "body.call", nil},
		"a live key in capitals":   {"live", `{"CALL": "x"}`, 422, "body.CALL", nil},
		"an unknown key":           {"live", `{"calls": "x"}`, 422, "body.calls", nil},
		"no such call":             {"live/x/turns", `{"text": "s3cret"}`, 404, "path.id", nil},
	} {
		a := r.send("POST", "v1/"+c.path, c.body, append([]string{json}, c.headers...)...)
		var p problem
		a.decode(t, &p)
		if a.StatusCode != c.status || p.Status != c.status || a.Header.Get("Content-Type") != problemType || len(p.Errors) == 0 || p.Errors[0].Location != c.location || p.Detail == "" || p.Title == "" {
			t.Errorf("%s: %s %s, want %d and %s", name, a.Status, a.body, c.status, c.location)
		}
		if strings.Contains(string(a.body), "x00") || strings.Contains(string(a.body), "one schema") {
			t.Errorf("%s: the problem is for machines: %s", name, a.body)
		}
		if strings.Contains(string(a.body), "s3cret") || strings.Contains(string(a.body), "Reader.") {
			t.Errorf("%s: the problem repeats what was said, or names Go: %s", name, a.body)
		}
		if p.Instance != "urn:request:"+a.Header.Get("X-Request-Id") {
			t.Errorf("%s: instance %q of request %q", name, p.Instance, a.Header.Get("X-Request-Id"))
		}
	}
	if s := r.log.String(); strings.Contains(s, "s3cret") {
		t.Error("the log has text of a call")
	}
}

// A byte order mark before JSON in UTF-8 is passed over.
func TestByteOrderMark(t *testing.T) {
	r := start(t, nil)
	for path, body := range map[string]string{"v1/predict": `{"transcript": "Agent: hi"}`, "v1/live": `{"call": "a"}`} {
		if a := r.send("POST", path, "\ufeff"+body); a.StatusCode/100 != 2 {
			t.Errorf("/%s: %s %s", path, a.Status, a.body)
		}
	}
}

// What is wrong with a turn of a call in progress is said in words.
func TestLiveText(t *testing.T) {
	r := start(t, nil)
	var begun liveState
	r.send("POST", "v1/live", "").decode(t, &begun)
	for _, text := range []string{" ", `a\u0000`} {
		a := r.send("POST", "v1/live/"+begun.ID+"/turns", `{"text": "`+text+`"}`)
		if want := "body.text: expected string to be not blank and without NUL characters"; a.StatusCode != 422 || !strings.Contains(string(a.body), want) {
			t.Errorf("%q: %s %s, want %q", text, a.Status, a.body, want)
		}
	}
}

func TestKeys(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(file, []byte("first-key-0123456789\n\nsecond-key-0123456789\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, func(o *options) { o.apiKeys = file })
	for _, path := range []string{"v1/model", "metrics", "nothing", "v1%2Fmodel", "%76%31/model", "healthz/../v1/model", "//v1/model"} {
		for key, in := range map[string]bool{"": false, "Bearer wrong": false, "first-key-0123456789": false, "Bearer first-key-012345678": false,
			"Bearer first-key-0123456789": true, "bearer second-key-0123456789": true} {
			a := r.send("GET", path, "", "Authorization: "+key)
			if out := a.StatusCode == http.StatusUnauthorized; out == in || out && a.Header.Get("WWW-Authenticate") == "" {
				t.Errorf("/%s with %q: %s", path, key, a.Status)
			}
		}
	}
	for _, path := range []string{"", "healthz", "readyz", "docs", "openapi.json"} {
		if a := r.send("GET", path, ""); a.StatusCode != 200 {
			t.Errorf("/%s without a key: %s", path, a.Status)
		}
	}
	for content, want := range map[string]string{"": "no key", "short": "fewer than 16", "with a space in the middle": "spaces"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readKeys(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("keys %q: error %v, want %q", content, err, want)
		}
	}
}

func TestCrossOrigin(t *testing.T) {
	r := start(t, func(o *options) { o.cors = []string{"https://crm.example"} })
	for origin, want := range map[string]string{"https://crm.example": "https://crm.example", "https://evil.example": "", "null": ""} {
		for method, status := range map[string]int{"OPTIONS": 204, "GET": 200} {
			a := r.send(method, "v1/model", "", "Origin: "+origin, "Access-Control-Request-Method: GET")
			if want == "" && method == "OPTIONS" {
				status = 405
			}
			if got := a.Header.Get("Access-Control-Allow-Origin"); got != want || a.StatusCode != status {
				t.Errorf("%s from %s: %s, allowed %q", method, origin, a.Status, got)
			}
		}
	}
}

// A form of a foreign page, which browsers send without asking, does nothing; other programs send no such headers.
func TestForeignPages(t *testing.T) {
	r := start(t, func(o *options) { o.cors = []string{"https://crm.example"} })
	own := strings.TrimSuffix(r.url, "/")
	for _, c := range []struct {
		headers []string
		status  int
	}{
		{nil, 201},
		{[]string{"Origin: https://evil.example"}, 403},
		{[]string{"Origin: null"}, 403},
		{[]string{"Sec-Fetch-Site: cross-site"}, 403},
		{[]string{"Sec-Fetch-Site: same-site", "Origin: https://evil.example"}, 403},
		{[]string{"Sec-Fetch-Site: same-origin", "Origin: " + own}, 201},
		{[]string{"Origin: " + own}, 201},
		{[]string{"Sec-Fetch-Site: cross-site", "Origin: https://crm.example"}, 201},
	} {
		if a := r.send("POST", "v1/live", "", c.headers...); a.StatusCode != c.status {
			t.Errorf("%q: %s %s, want %d", c.headers, a.Status, a.body, c.status)
		}
	}
	for _, origins := range []string{"*", "crm.example", "https://crm.example/", "https://*.example", "https://crm.example/page"} {
		env := &cli.Env{Name: "serve", Args: []string{"-models", "x", "-cors", "https://a.example," + origins}}
		if _, err := parse(env); err == nil || !strings.Contains(err.Error(), "-cors "+origins) {
			t.Errorf("-cors %s: error %v", origins, err)
		}
	}
}

// A client with too many requests at a time is refused, then everybody, and a request that takes too long ends.
func TestConcurrency(t *testing.T) {
	a := newAdmission(&limits{Requests: 3, PerClient: 2}, newMetrics())
	x, y, z := client{1}, client{2}, client{3}
	for i, c := range []struct {
		client client
		status int
	}{{x, 0}, {x, 0}, {x, 429}, {y, 0}, {y, 503}, {z, 503}} {
		if p := a.take(c.client, ofServed, 1); (p == nil) != (c.status == 0) || p != nil && (p.Status != c.status || p.GetHeaders().Get("Retry-After") != "1") {
			t.Errorf("request %d: %+v, want %d", i, p, c.status)
		}
	}
	a.give(x, amount{ofServed: 1})
	if p := a.take(z, ofServed, 1); p != nil {
		t.Errorf("after one has left: %+v", p)
	}
	for _, c := range []client{x, y, z} {
		a.give(c, amount{ofServed: 1})
	}
	if a.taken != (amount{}) || len(a.clients) != 0 {
		t.Errorf("after all have left there are %v and %v", a.taken, a.clients)
	}
	r := start(t, func(o *options) { o.limits.Time = time.Nanosecond })
	for _, path := range []string{"predict", "explain"} {
		if a := r.send("POST", "v1/"+path, `{"transcript": "Agent: hi"}`); a.StatusCode != 504 {
			t.Errorf("%s without time: %s %s", path, a.Status, a.body)
		}
	}
}
