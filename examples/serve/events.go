package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Server-sent events of a call in progress: `prediction` with the state now and after each turn, and `end` with
// the state of the whole call. A comment every
// so often shows proxies and the service that the other side is there.
const beat = 15 * time.Second

// eventTime is the time until a client has taken an event.
var eventTime = 10 * time.Second

// stream sends the events of a call until it ends, the client leaves or the service ends.
func (s *service) stream(c *liveCall) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", "text/event-stream")
		ctx.SetHeader("X-Accel-Buffering", "no") // nginx passes events on at once
		request, w := humago.Unwrap(ctx)
		out := http.NewResponseController(w)
		send := func(format string, args ...any) bool {
			out.SetWriteDeadline(time.Now().Add(eventTime))
			defer out.SetWriteDeadline(time.Time{}) // over HTTP/2 it would end a stream that waits for the next event
			_, err := fmt.Fprintf(w, format, args...)
			return err == nil && out.Flush() == nil
		}
		s.events(request.Context(), c, send)
	}}
}

func (s *service) events(ctx context.Context, c *liveCall, send func(string, ...any) bool) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for sent := -1; ; {
		now, changed, ended := c.state()
		if now.Turns > sent {
			data, err := json.Marshal(now)
			if err != nil || !send("id: %d\nevent: prediction\ndata: %s\n\n", now.Turns, data) {
				return
			}
			sent = now.Turns
		}
		if ended {
			if data, err := json.Marshal(now); err == nil {
				send("event: end\ndata: %s\n\n", data)
			}
			return
		}
		select {
		case <-changed:
		case <-tick.C:
			if !send(": still here\n\n") {
				return
			}
		case <-s.closing:
			return // without `end`: the client reconnects, and finds the call at no other instance
		case <-ctx.Done():
			return
		}
	}
}
