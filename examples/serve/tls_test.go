package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificate writes a certificate for the loopback interface, and returns the names of its files and who trusts it.
func certificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return cert, key, pool
}

// With a certificate the service speaks TLS 1.2 or later, HTTP/2 too, and nothing else.
func TestTLS(t *testing.T) {
	var pool *x509.CertPool
	r := start(t, func(o *options) { o.certificate, o.key, pool = certificate(t) })
	for version, want := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS10, MaxVersion: version}, ForceAttemptHTTP2: true}
		resp, err := (&http.Client{Transport: transport}).Get("https://" + r.address + "/v1/model")
		if (err == nil) != want {
			t.Errorf("TLS version %x: error %v", version, err)
		}
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode != 200 || resp.ProtoMajor != 2 || resp.Header.Get("Strict-Transport-Security") == "" {
				t.Errorf("%s over HTTP %d with headers %v", resp.Status, resp.ProtoMajor, resp.Header)
			}
		}
		transport.CloseIdleConnections()
	}
	if err := health(t.Context(), r.address); err != nil {
		t.Error(err)
	}
	if a := r.send("GET", "v1/model", ""); a.StatusCode != 400 {
		t.Errorf("without TLS: %s", a.Status)
	}
}

// Events of a call that is silent for longer than a client may take for an event go on over HTTP/2.
func TestEventsOverHTTP2(t *testing.T) {
	before := eventTime
	t.Cleanup(func() { eventTime = before })
	eventTime = 100 * time.Millisecond
	var pool *x509.CertPool
	r := start(t, func(o *options) { o.certificate, o.key, pool = certificate(t) })
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	client, at := &http.Client{Transport: transport}, "https://"+r.address+"/v1/live"
	post := func(url, body string) *http.Response {
		resp, err := client.Post(url, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	var call struct{ ID string }
	if err := json.NewDecoder(post(at, "{}").Body).Decode(&call); err != nil {
		t.Fatal(err)
	}
	events, err := client.Get(at + "/" + call.ID + "/events")
	if err != nil || events.ProtoMajor != 2 {
		t.Fatalf("HTTP %v, error %v", events, err)
	}
	defer events.Body.Close()
	lines := bufio.NewScanner(events.Body)
	for n := 0; n < 2; {
		if !lines.Scan() {
			t.Fatalf("the stream ended after %d events: %v", n, lines.Err())
		}
		if !strings.HasPrefix(lines.Text(), "data: ") {
			continue
		}
		if n++; n == 1 {
			time.Sleep(3 * eventTime)
			post(at+"/"+call.ID+"/turns", `{"speaker": "Agent", "text": "hello there"}`)
		}
	}
}
