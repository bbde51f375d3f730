package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// raw sends bytes as they are and returns the statuses of all responses until the other side closes the connection.
func (r *running) raw(text string) (statuses []int) {
	r.t.Helper()
	c, err := net.Dial("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Minute))
	c.Write([]byte(text)) // it may be refused before it is read
	for in := bufio.NewReader(c); ; {
		resp, err := http.ReadResponse(in, nil)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			r.t.Errorf("the service does not close the connection after %v", statuses)
		}
		if err != nil {
			return statuses
		}
		resp.Body.Close()
		statuses = append(statuses, resp.StatusCode)
	}
}

// Requests that are two things at once, and requests that are too much, get one refusal and a closed connection.
func TestHostileRequests(t *testing.T) {
	r := start(t, nil)
	const head = "POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	const hidden = "GET /v1/model HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, c := range map[string]struct {
		text string
		want []int
	}{
		"two lengths":          {head + "Content-Length: 0\r\nContent-Length: 40\r\n\r\n" + hidden, []int{400}},
		"lengths in a list":    {head + "Content-Length: 0, 40\r\n\r\n" + hidden, []int{400}},
		"a length with a sign": {head + "Content-Length: +0\r\n\r\n" + hidden, []int{400}},
		"another encoding":     {head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + hidden, []int{501}},
		"two encodings":        {head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + hidden, []int{501}},
		"a bad chunk":          {head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n" + hidden, []int{400}},
		"a space in a name":    {head + "Content-Length : 40\r\n\r\n" + hidden, []int{400}},
		"a folded header":      {head + "Connection: close\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n", nil},
		"NUL in a header":      {head + "X: a\x00b\r\nContent-Length: 0\r\n\r\n", []int{400}},
		"many headers":         {head + strings.Repeat("X: "+strings.Repeat("a", 1000)+"\r\n", 100) + "\r\n", []int{431}},
		"no host":              {"GET /v1/model HTTP/1.1\r\n\r\n", []int{400}},
		"no HTTP":              {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", []int{400}},
	} {
		got := r.raw(c.text)
		if c.want != nil && fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: statuses %v, want %v", name, got, c.want)
		}
	}
	// A length and chunks: the chunks count, and the connection is closed, so that nothing hides behind them.
	if got := r.raw(head + "Content-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden); len(got) > 1 {
		t.Errorf("a length and chunks: statuses %v, want one response", got)
	}
	if a := r.send("GET", "v1/model", ""); a.StatusCode != 200 {
		t.Errorf("after all that: %s", a.Status)
	}
	if s := r.log.String(); strings.Contains(s, "panic") {
		t.Errorf("the service panicked: %s", s)
	}
}

// Who sends the body slowly is cut off, who leaves is forgotten, and others are served meanwhile.
func TestSlowClients(t *testing.T) {
	if testing.Short() {
		t.Skip("waits until the time for a body is over")
	}
	r := start(t, func(o *options) { o.limits.Read = 3 * time.Second })
	const head = "POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
	if got := r.raw(head + `{"transcript": "`); fmt.Sprint(got) != "[408]" {
		t.Errorf("half a body: statuses %v, want 408 and the end of the connection", got)
	}
	for range 50 {
		c, err := net.Dial("tcp", r.address)
		if err != nil {
			t.Fatal(err)
		}
		c.Write([]byte(head))
		c.Close()
	}
	if a := r.send("POST", "v1/predict", `{"transcript": "Agent: hi"}`); a.StatusCode != 200 {
		t.Errorf("meanwhile: %s", a.Status)
	}
	until(t, "all requests have ended", func() bool {
		return strings.Contains(string(r.send("GET", "metrics", "").body), "salesconv_requests_in_flight 1\n") // this one
	})
}

// A header that never ends is cut off.
func TestSlowHeader(t *testing.T) {
	if testing.Short() {
		t.Skip("waits until the time for a header is over")
	}
	r := start(t, nil)
	if got := r.raw("GET /v1/model HTTP/1.1\r\nHost: x\r\nX: "); len(got) > 1 || len(got) == 1 && got[0] != 408 {
		t.Errorf("statuses %v", got)
	}
}
