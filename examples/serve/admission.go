package main

import (
	"context"
	"crypto/sha256"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
)

// A client is whose share of a limit something is: the hash of an API key or, without keys, of an address. The addresses of
// an IPv6 network (/64) are one client.
type client [sha256.Size]byte

func clientOf(r *http.Request, keyed bool) client {
	if keyed {
		return sha256.Sum256([]byte(given(r)))
	}
	from := address(r)
	if a, err := netip.ParseAddr(from); err == nil && a.Is6() && !a.Is4In6() {
		if network, err := a.WithZone("").Prefix(64); err == nil {
			from = network.String()
		}
	}
	return sha256.Sum256([]byte(from))
}

func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// What clients take, and give back.
const (
	ofRequests = iota // requests, from their header to the end of the response
	ofServed          // those of them whose body is there, and whose response has not begun
	ofBytes           // bytes of large bodies, from their arrival to the end of the response
	ofLive            // calls in progress
	ofStreams         // streams of events
	kinds
)

// smallBody is how many bytes of each body are not counted: requests with small bodies are served while large ones fill all room.
const smallBody = 64 << 10

// An amount is how much there is of each kind.
type amount [kinds]int64

// takings are the kinds for the metrics and for people.
var takings = [kinds]struct{ reason, what string }{
	{"reading", "requests"}, {"requests", "requests"}, {"bytes", "bytes in large bodies"}, {"live_calls", "calls in progress"}, {"streams", "streams of events"},
}

// admission limits what clients take, all together and each: as much as is left, so that one alone has half, and there is room
// for others, less and less, until many have come (the dynamic thresholds of Choudhury and Hahne, 1998).
type admission struct {
	all       amount // the limits
	perClient int64  // requests
	metrics   *metrics

	mu      sync.Mutex
	taken   amount
	clients map[client]*amount
}

func newAdmission(l *limits, m *metrics) *admission {
	requests, live := int64(l.Requests), int64(l.Live)
	return &admission{all: amount{16 * requests, requests, 8 * l.Body, live, 2 * live}, perClient: int64(l.PerClient), metrics: m, clients: map[client]*amount{}}
}

// take takes n of a kind for a client, or returns a problem.
func (a *admission) take(c client, kind int, n int64) *problem {
	a.mu.Lock()
	defer a.mu.Unlock()
	own := a.clients[c]
	if own == nil {
		own = new(amount)
	}
	left := a.all[kind] - a.taken[kind]
	most := left
	if kind == ofRequests || kind == ofServed {
		most = min(most, a.perClient)
	}
	switch what := takings[kind]; {
	case n > left:
		a.metrics.refused.WithLabelValues(what.reason).Inc()
		return newProblem(http.StatusServiceUnavailable, "", "there are %d %s, and the service allows %d at a time: try again later", a.taken[kind], what.what, a.all[kind])
	case own[kind]+n > most:
		a.metrics.refused.WithLabelValues("client").Inc()
		return newProblem(http.StatusTooManyRequests, "", "this client has %d %s, the most that it may have now: send fewer at a time", own[kind], what.what)
	}
	a.clients[c] = own
	a.taken[kind] += n
	own[kind] += n
	return nil
}

// give gives back what was taken.
func (a *admission) give(c client, back amount) {
	if back == (amount{}) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	own := a.clients[c]
	for kind, n := range back {
		a.taken[kind] -= n
		own[kind] -= n
	}
	if *own == (amount{}) {
		delete(a.clients, c)
	}
}

// A ticket is what a request has taken.
type ticket struct {
	admission *admission
	client    client
	held      amount
	bytes     int64 // of the body so far
}

type ticketKey struct{}

// ticketOf is the ticket of the request that a context belongs to.
func ticketOf(ctx context.Context) *ticket { return ctx.Value(ticketKey{}).(*ticket) }

func (t *ticket) take(kind int, n int64) *problem {
	p := t.admission.take(t.client, kind, n)
	if p == nil {
		t.held[kind] += n
	}
	return p
}

// answering gives back the place of a request whose response begins: who reads slowly keeps nobody else from being served.
func (t *ticket) answering() {
	t.admission.give(t.client, amount{ofServed: t.held[ofServed]})
	t.held[ofServed] = 0
}

// metered takes room for the bytes that are read for a request.
type metered struct {
	io.Reader
	ticket *ticket
}

func (m metered) Read(b []byte) (int, error) {
	n, err := m.Reader.Read(b)
	if p := m.ticket.grow(n); p != nil {
		return n, p
	}
	return n, err
}

// grow takes room for more bytes of a body, or of what it is read into.
func (t *ticket) grow(n int) *problem {
	t.bytes += int64(n)
	if more := t.bytes - smallBody - t.held[ofBytes]; more > 0 {
		return t.take(ofBytes, more)
	}
	return nil
}

// limited refuses requests beyond the limits, and ends those that take too long. A request with a body is served once that is
// there (see Upload.bytes): who sends slowly keeps nobody else from being served.
func (s *service) limited(keyed bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if open[r.URL.Path] || frequent[r.URL.Path] {
			next.ServeHTTP(w, r)
			return
		}
		t := &ticket{admission: s.admission, client: clientOf(r, keyed)}
		defer func() { t.admission.give(t.client, t.held) }()
		w.(*response).answering = t.answering
		ctx := context.WithValue(r.Context(), ticketKey{}, t)
		var p *problem
		if strings.HasSuffix(r.URL.Path, "/events") {
			p = t.take(ofStreams, 1)
		} else {
			var stop context.CancelFunc
			ctx, stop = context.WithTimeout(ctx, s.limits.Time)
			defer stop()
			if p = t.take(ofRequests, 1); p == nil && r.Method != http.MethodPost {
				p = t.take(ofServed, 1)
			}
		}
		if p != nil {
			p.write(w, requestID(r.Context()))
			return
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
