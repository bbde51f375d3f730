package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// sendFrom sends text from an address of the loopback interface, which is a client of its own, and leaves the connection open.
func (r *running) sendFrom(address, text string) net.Conn {
	r.t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	c, err := d.Dial("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	if _, err := c.Write([]byte(text)); err != nil {
		r.t.Fatal(err)
	}
	return c
}

// Clients that send half of a body keep nobody else from being served; one that has too many such requests is refused.
func TestHalfSentBodies(t *testing.T) {
	const each = 4
	r := start(t, func(o *options) {
		o.limits.Requests, o.limits.PerClient, o.limits.Read = 2*each, each, time.Minute
	})
	const half = "POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
	for i := range 3 {
		for range each {
			r.sendFrom(fmt.Sprintf("127.0.0.%d", i+2), half)
		}
	}
	until(t, "all of them have arrived", func() bool {
		a := r.send("GET", "metrics", "")
		return a.StatusCode == 200 && strings.Contains(string(a.body), fmt.Sprintf("salesconv_requests_in_flight %d\n", 3*each+1)) // this one
	})
	for _, path := range []string{"healthz", "readyz", "v1/model"} {
		if a := r.send("GET", path, ""); a.StatusCode != 200 {
			t.Errorf("/%s: %s", path, a.Status)
		}
	}
	if a := r.send("POST", "v1/predict", `{"transcript": "Agent: hi"}`); a.StatusCode != 200 {
		t.Errorf("another client: %s %s", a.Status, a.body)
	}
	answer := make([]byte, 100)
	c := r.sendFrom("127.0.0.2", half)
	c.SetDeadline(time.Now().Add(time.Minute))
	if n, err := c.Read(answer); err != nil || !strings.HasPrefix(string(answer[:n]), "HTTP/1.1 429 ") {
		t.Errorf("one request too many of a client: %q, %v", answer[:n], err)
	}
}

// A body that is announced to be too large is refused before it arrives.
func TestAnnouncedLength(t *testing.T) {
	r := start(t, func(o *options) { o.limits.Body, o.limits.Read = 1000, time.Hour })
	got := r.raw("POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n")
	if fmt.Sprint(got) != "[413]" {
		t.Errorf("statuses %v, want 413", got)
	}
}

// Small bodies that unpack to what takes the most memory, many at a time, take a bounded amount of it.
func TestBombs(t *testing.T) {
	if testing.Short() {
		t.Skip("sends large bodies")
	}
	r := start(t, nil)
	body := int(r.options.limits.Body)
	full := func(text string) string { return text + strings.Repeat(" ", body-len(text)) }
	const call = `{"transcript": "Agent: hi", "metadata": {"x": [`
	var keys strings.Builder
	for i := range mostParts - 100 {
		fmt.Fprintf(&keys, `"%x":0,`, i)
	}
	var stop atomic.Bool
	var watcher sync.WaitGroup
	highest := uint64(0)
	watcher.Go(func() {
		for m := new(runtime.MemStats); !stop.Load(); time.Sleep(time.Millisecond) {
			runtime.ReadMemStats(m)
			highest = max(highest, m.HeapAlloc)
		}
	})
	for name, c := range map[string]struct {
		kind, body string
		many       bool // more than a body may have
	}{
		"objects":        {"application/json", call + strings.Repeat("{},", body/4) + "{}]}}", true},
		"lines":          {"application/x-ndjson", call + strings.Repeat("{},", body/4) + "{}]}}", true},
		"columns":        {"text/csv", "id,transcript" + strings.Repeat(",", body/2) + "\n1,hi\n", true},
		"turns":          {"application/json", `{"transcript": "` + strings.Repeat(`a: b\n`, mostLines+1) + `"}`, true},
		"as many as fit": {"application/json", full(`{"transcript": "Agent: hi", "metadata": {` + keys.String() + `"z": 0}}`), false},
		"as many cells":  {"text/csv", full("id,transcript" + strings.Repeat(",", mostParts-100) + "\n1,hi\n"), false},
	} {
		small := packed(t, c.body)
		var clients sync.WaitGroup
		for range 16 {
			clients.Go(func() {
				a, err := r.try("POST", "v1/predict", strings.NewReader(small), "Content-Type: "+c.kind, "Content-Encoding: gzip")
				if err != nil || a.StatusCode != 413 && a.StatusCode != 429 && (c.many || a.StatusCode != 200 && a.StatusCode != 422) {
					t.Errorf("%s: %v, %s %s", name, err, a.Status, a.body)
				}
			})
		}
		clients.Wait()
	}
	stop.Store(true)
	watcher.Wait()
	// Bodies, of which one client may have 32 MiB, and two at a time decoded to some 60 MiB; garbage is collected at twice of that.
	if highest > 600<<20 {
		t.Errorf("the heap has grown to %d MiB", highest>>20)
	}
}

// A client may have as many bytes of large bodies as are left, and small ones are not counted.
func TestLargeBodies(t *testing.T) {
	a := newAdmission(&limits{Body: 100_000, Requests: 1, PerClient: 1}, newMetrics())
	grow := func(c client, n int) (*ticket, int) {
		k := &ticket{admission: a, client: c}
		if p := k.grow(n); p != nil {
			return k, p.Status
		}
		return k, 200
	}
	first, _ := grow(client{1}, smallBody+300_000)
	for i, c := range []struct {
		client client
		bytes  int
		status int
	}{{client{1}, smallBody + 200_001, 429}, {client{1}, smallBody, 200}, {client{2}, smallBody + 400_000, 200}, {client{1}, smallBody + 1, 429}, {client{3}, smallBody + 100_001, 503}} {
		if _, status := grow(c.client, c.bytes); status != c.status {
			t.Errorf("body %d: %d, want %d", i, status, c.status)
		}
	}
	a.give(first.client, first.held)
	if _, status := grow(client{3}, smallBody+100_001); status != 200 {
		t.Errorf("after one has left: %d", status)
	}
}

// One client may have half of the calls in progress and of the streams of events, so that others can begin some.
func TestLiveOfClients(t *testing.T) {
	r := start(t, func(o *options) { o.limits.Live = 4 })
	var first, next liveState
	r.send("POST", "v1/live", "").decode(t, &first)
	r.send("POST", "v1/live", "").decode(t, &next)
	if a := r.send("POST", "v1/live", ""); a.StatusCode != 429 {
		t.Errorf("a third call of a client: %s %s", a.Status, a.body)
	}
	begin := func(address, want string) {
		answer := make([]byte, 100)
		n, err := r.sendFrom(address, "POST /v1/live HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").Read(answer)
		if err != nil || !strings.HasPrefix(string(answer[:n]), "HTTP/1.1 "+want) {
			t.Errorf("a call of %s: %q, %v, want %s", address, answer[:n], err, want)
		}
	}
	begin("127.0.0.2", "201 ")
	begin("127.0.0.3", "201 ")
	begin("127.0.0.4", "503 ")
	r.send("DELETE", "v1/live/"+first.ID, "")
	begin("127.0.0.4", "201 ")
	for range 4 {
		<-r.events(next.ID)
	}
	if a := r.send("GET", "v1/live/"+next.ID+"/events", ""); a.StatusCode != 429 {
		t.Errorf("a fifth stream of a client: %s %s", a.Status, a.body)
	}
}

// A stuck client reads nothing of the response.
type stuck struct {
	*httptest.ResponseRecorder
	writes, leave chan struct{}
}

func (s *stuck) Write([]byte) (int, error) {
	close(s.writes)
	<-s.leave
	return 0, net.ErrClosed
}

// Who does not read the response keeps nobody else from being served.
func TestSlowReader(t *testing.T) {
	_, s := quiet(t, limits{Body: 1, Requests: 1, PerClient: 1, Live: 1, Time: time.Minute})
	slow := &stuck{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
	done := make(chan struct{})
	go func() {
		s.ServeHTTP(slow, httptest.NewRequest(http.MethodGet, "/v1/model", nil))
		close(done)
	}()
	<-slow.writes
	r := httptest.NewRequest(http.MethodGet, "/v1/model", nil)
	r.RemoteAddr = "192.0.2.2:1"
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Errorf("another client: %d %s", w.Code, w.Body)
	}
	close(slow.leave)
	<-done
}

// A client is an API key, an IPv4 address or a network of IPv6.
func TestClients(t *testing.T) {
	of := func(address, key string) client {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = address
		r.Header.Set("Authorization", "Bearer "+key)
		return clientOf(r, key != "")
	}
	for _, c := range []struct {
		a, b [2]string
		same bool
	}{
		{[2]string{"1.2.3.4:1"}, [2]string{"1.2.3.4:2"}, true},
		{[2]string{"1.2.3.4:1"}, [2]string{"1.2.3.5:1"}, false},
		{[2]string{"[2001:db8::1]:1"}, [2]string{"[2001:db8::2]:1"}, true},
		{[2]string{"[2001:db8::1]:1"}, [2]string{"[2001:db8:0:1::1]:1"}, false},
		{[2]string{"[::ffff:1.2.3.4]:1"}, [2]string{"[::ffff:1.2.3.5]:1"}, false},
		{[2]string{"1.2.3.4:1", "a"}, [2]string{"1.2.3.5:1", "a"}, true},
		{[2]string{"1.2.3.4:1", "a"}, [2]string{"1.2.3.4:1", "b"}, false},
	} {
		if same := of(c.a[0], c.a[1]) == of(c.b[0], c.b[1]); same != c.same {
			t.Errorf("%q and %q: one client %v, want %v", c.a, c.b, same, c.same)
		}
	}
}
