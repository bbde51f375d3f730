package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// response remembers the route, status and size of a response.
type response struct {
	http.ResponseWriter
	unread bool // the request has a body that was not read to its end
	// answering is called when the response begins, if it is there.
	answering func()
	route     string // pattern that the router found
	status    int
	bytes     int
}

func (r *response) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
		if r.answering != nil {
			r.answering()
		}
	}
	if r.unread {
		r.Header().Set("Connection", "close") // or else the server reads the body, however slowly it comes, before it responds
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *response) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += n
	return n, err
}

// Unwrap lets deadlines and flushes through.
func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }

type requestKey struct{}

// requestID is the id of the request that a context belongs to.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// ids are the request ids that are taken over from a client.
var ids = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// observed gives each request an id, counts and times it, logs it without anything that was said, and makes 500 of a panic.
func (s *service) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		id := r.Header.Get("X-Request-Id")
		if !ids.MatchString(id) {
			id = strings.ToLower(rand.Text())
		}
		w.Header().Set("X-Request-Id", id)
		if s.draining.Load() || len(r.TransferEncoding) > 0 {
			// The client is to look for another instance, or may have sent two lengths, one of which hides another request.
			w.Header().Set("Connection", "close")
		}
		ctx, span := s.traces.request(r, id)
		r = r.WithContext(context.WithValue(ctx, requestKey{}, id))
		out := &response{ResponseWriter: w, unread: r.ContentLength != 0 && r.ProtoMajor == 1}
		s.metrics.inFlight.Inc()
		defer s.metrics.inFlight.Dec()
		defer func() {
			failure := recover()
			if failure == http.ErrAbortHandler {
				panic(failure)
			}
			if failure != nil {
				s.log.Error("panic", "request", id, "error", failure, "stack", string(debug.Stack()))
				if out.status == 0 {
					newProblem(http.StatusInternalServerError, "", "internal error: the log of the service has the reason, with the id of this request").write(out, id)
				}
			}
			s.served(r, out, id, time.Since(began), span)
		}()
		next.ServeHTTP(out, r)
	})
}

// served counts and logs a request. The log has its route instead of its path, which anybody can write.
func (s *service) served(r *http.Request, out *response, id string, took time.Duration, span trace.Span) {
	_, route, found := strings.Cut(out.route, " ")
	if !found {
		route = "none"
	}
	method := r.Method
	if !slices.Contains(methods, method) {
		method = "other"
	}
	status := out.status
	if status == 0 {
		status = http.StatusOK
	}
	s.metrics.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	s.metrics.seconds.WithLabelValues(route).Observe(took.Seconds())
	answered(span, method, route, status)
	level := slog.LevelInfo
	if frequent[route] {
		level = slog.LevelDebug
	}
	s.log.Log(r.Context(), level, "request", "request", id, "method", method, "route", route, "status", status,
		"milliseconds", float64(took.Microseconds())/1000, "bytes", out.bytes, "client", address(r))
}

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}

// secured sets the headers that keep browsers from doing anything else with a response than showing it.
func secured(tls bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if tls {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// crossOrigin lets pages of the given origins read responses, and answers the question whether they may.
func crossOrigin(origins []string, next http.Handler) http.Handler {
	if len(origins) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		origin := r.Header.Get("Origin")
		if !slices.Contains(origins, origin) {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, Location")
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			h.Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Content-Encoding, X-Request-Id")
			h.Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses what pages of other origins than the given ones have a browser do: without keys, anybody's page could
// begin calls in progress, or have its text predicted, by the mere visit of somebody who may use the service.
func sameOrigin(origins []string) (func(http.Handler) http.Handler, error) {
	var protection http.CrossOriginProtection
	for _, origin := range origins {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, err
		}
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if protection.Check(r) != nil {
				newProblem(http.StatusForbidden, "header.Origin", "pages of other origins may not send this request, except the origins that -cors names").write(w, requestID(r.Context()))
				return
			}
			next.ServeHTTP(w, r)
		})
	}, nil
}

// keys are the hashes of the API keys.
type keys [][sha256.Size]byte

// holds reports whether a key is one of them, in a time that tells nothing about how nearly it is.
func (k keys) holds(key string) bool {
	sum, found := sha256.Sum256([]byte(key)), 0
	for i := range k {
		found |= subtle.ConstantTimeCompare(sum[:], k[i][:])
	}
	return found == 1
}

// given returns the API key of a request.
func given(r *http.Request) string {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}

// authorized lets requests with a key in. Without keys everybody may.
func authorized(k keys, next http.Handler) http.Handler {
	if len(k) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !open[r.URL.Path] && !k.holds(given(r)) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="salesconv"`)
			newProblem(http.StatusUnauthorized, "header.Authorization", "want Bearer and an API key").write(w, requestID(r.Context()))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// open are the paths that need no key: what load balancers ask, and pages without data.
var open = map[string]bool{
	"/": true, "/page.js": true, "/page.css": true, "/docs": true, "/docs.js": true, "/openapi.json": true, "/healthz": true, "/readyz": true,
}
