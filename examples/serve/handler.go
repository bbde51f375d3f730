package main

import (
	"encoding/json"
	"net/http"
	"path"
)

// handler answers all requests: the API, what load balancers and Prometheus ask, and the pages.
func (s *service) handler(o *options, k keys) (http.Handler, error) {
	mux := http.NewServeMux()
	api := s.routes(mux)
	document, err := json.Marshal(api.OpenAPI())
	if err != nil {
		return nil, err
	}
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
		w.Write(document)
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if s.draining.Load() {
			plain(w, http.StatusServiceUnavailable, "the service is about to end\n")
			return
		}
		plain(w, http.StatusOK, "ok\n")
	})
	mux.Handle("GET /metrics", s.metrics.handler())
	pages(mux)
	foreign, err := sameOrigin(o.cors)
	if err != nil {
		return nil, err
	}
	h := crossOrigin(o.cors, foreign(authorized(k, s.limited(len(k) > 0, routed(mux)))))
	return s.observed(secured(o.certificate != "", h)), nil
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	w.Write([]byte(text))
}

// routed keeps the route for the log, and makes problems of what the router refuses.
func routed(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse, route := mux.Handler(r)
		if at := r.URL.EscapedPath(); route == "" || path.Clean(at) != at { // the router would redirect //x, /x/../y and the like
			refused := refusal{header: http.Header{}}
			refuse.ServeHTTP(&refused, r)
			if refused.status < http.StatusBadRequest {
				refused.status = http.StatusNotFound
			}
			if allow := refused.header["Allow"]; allow != nil {
				w.Header()["Allow"] = allow
			}
			newProblem(refused.status, "", "no operation has this path and method: /openapi.json lists the operations").write(w, requestID(r.Context()))
			return
		}
		if out, ok := w.(*response); ok {
			out.route = route
		}
		mux.ServeHTTP(w, r)
	})
}

// A refusal is what the router would have answered.
type refusal struct {
	header http.Header
	status int
}

func (r *refusal) Header() http.Header         { return r.header }
func (r *refusal) WriteHeader(status int)      { r.status = status }
func (r *refusal) Write(b []byte) (int, error) { return len(b), nil }
