package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"
)

// health asks the service at an address whether it is ready, with TLS and without, and returns an error if not. It is for
// containers that have no other program, and whose check of health does not know the flags of the service. The certificate is not
// verified: it is for another name than the loopback interface's.
func health(ctx context.Context, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("-addr %s: %w", addr, err)
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	address := net.JoinHostPort(host, port)
	plain := ready(ctx, "http://"+address)
	if plain == nil || ready(ctx, "https://"+address) == nil {
		return nil
	}
	return plain
}

// ready returns an error unless the service at a URL is ready.
func ready(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the service is not ready: %s", answer.Status)
	}
	return nil
}
