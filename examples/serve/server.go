package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// newServer makes the server around a handler. Clients that send their header slowly, or a large one, are cut off; bodies and
// responses have deadlines of their own.
func newServer(h http.Handler, l *limits, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		WriteTimeout:      l.Read + l.Time + 30*time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // what clients do wrong
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS12},
	}
}

// serve serves until ctx ends, and then ends in order: first it is not ready for drain, so that load balancers look for another
// instance, then it takes no connections any more and ends the streams, and at last waits for the requests that it has
// accepted, for the time of a request at most.
func (s *service) serve(ctx context.Context, server *http.Server, l net.Listener, o *options) error {
	failed := make(chan error, 1)
	go func() {
		if o.certificate != "" {
			failed <- server.ServeTLS(l, o.certificate, o.key)
		} else {
			failed <- server.Serve(l)
		}
	}()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.log.Info("ending", "drain", o.drain.String())
	s.draining.Store(true)
	time.Sleep(o.drain)
	close(s.closing)
	grace, stop := context.WithTimeout(context.Background(), s.limits.Read+s.limits.Time+time.Second)
	defer stop()
	err := server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.New("some requests did not finish in time and were aborted")
	}
	return errors.Join(err, server.Close())
}
