package main

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// A wire is a network between the service and its database that can be cut.
type wire struct {
	to, address string

	mu       sync.Mutex
	listener net.Listener
	open     []net.Conn
}

func (w *wire) join(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	w.listener, w.address = l, l.Addr().String()
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			network := "tcp"
			if strings.HasPrefix(w.to, "/") {
				network = "unix"
			}
			to, err := net.Dial(network, w.to)
			if err != nil {
				from.Close()
				continue
			}
			w.mu.Lock()
			w.open = append(w.open, from, to)
			w.mu.Unlock()
			go io.Copy(from, to)
			go io.Copy(to, from)
		}
	}()
}

func (w *wire) cut() {
	w.listener.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.open {
		c.Close()
	}
	w.open = nil
}

// The database goes away and comes back: the service answers meanwhile, and in the end each prediction is there once.
func TestDatabaseComesBack(t *testing.T) {
	server := os.Getenv("SALESCONV_POSTGRES")
	if server == "" {
		t.Skip("SALESCONV_POSTGRES is not set: the loss of a PostgreSQL database is not tested")
	}
	config, err := pgx.ParseConfig(server)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{to: net.JoinHostPort(config.Host, fmt.Sprint(config.Port)), address: "127.0.0.1:0"}
	if strings.HasPrefix(config.Host, "/") {
		w.to = fmt.Sprintf("%s/.s.PGSQL.%d", config.Host, config.Port)
	}
	w.join(t)
	defer w.cut()
	user := url.User(config.User)
	if config.Password != "" {
		user = url.UserPassword(config.User, config.Password)
	}
	schema := "serve_" + fmt.Sprint(time.Now().UnixNano())
	direct, err := pgx.Connect(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close(t.Context())
	if _, err := direct.Exec(t.Context(), "CREATE SCHEMA "+schema); err != nil {
		t.Fatal(err)
	}
	defer direct.Exec(t.Context(), "DROP SCHEMA "+schema+" CASCADE")
	dsn := (&url.URL{Scheme: "postgres", User: user, Host: w.address, Path: "/" + config.Database, RawQuery: "sslmode=disable&search_path=" + schema}).String()
	r := start(t, func(o *options) { o.store = dsn })
	ask := func(id string) {
		t.Helper()
		if a := r.send("POST", "v1/predict", `{"id": "`+id+`", "transcript": "Agent: Hi"}`); a.StatusCode != 200 {
			t.Errorf("%s: %s", id, a.Status)
		}
	}
	up := func(value string) func() bool {
		return func() bool {
			return strings.Contains(string(r.send("GET", "metrics", "").body), "salesconv_store_up "+value+"\n")
		}
	}
	ask("before")
	until(t, "the store takes predictions", up("1"))
	w.cut()
	ask("meanwhile")
	until(t, "the store is gone", up("0"))
	ask("then")
	w.join(t)
	until(t, "the store is back", up("1"))
	if err := r.end(); err != nil {
		t.Error(err)
	}
	var found []string
	for _, p := range kept(t, dsn) {
		found = append(found, p.CallID)
	}
	if got := strings.Join(found, " "); got != "before meanwhile then" {
		t.Errorf("kept are %s", got)
	}
}
