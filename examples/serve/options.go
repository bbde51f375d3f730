package main

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/store"
)

// options are the flags.
type options struct {
	models, addr, store       string
	traces                    string
	certificate, key, apiKeys string
	cors                      []string
	drain, reload             time.Duration
	health                    bool
	level                     slog.Level
	limits                    limits
	trial                     trial
}

const usage = `-models DIR [flags]

It serves predictions over HTTP: POST /v1/predict, /v1/explain and /v1/live, GET /v1/model, /healthz, /readyz and /metrics, a
page at / and the documentation of the API at /docs and /openapi.json.`

func parse(env *cli.Env) (*options, error) {
	o := new(options)
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.StringVar(&o.models, "models", "", "`directory` that finetune wrote (required); a new model there is loaded while serving")
	flags.StringVar(&o.addr, "addr", "localhost:8080", "`address` to listen at; :8080 is port 8080 of all interfaces")
	flags.StringVar(&o.store, "log", "", "where predictions are written: the path of an SQLite file, or `postgres://…`; default: nowhere")
	flags.StringVar(&o.traces, "traces", "", "`URL` of an OpenTelemetry collector for traces (OTLP over HTTP), such as http://localhost:4318; default: none")
	flags.StringVar(&o.apiKeys, "api-keys", "", "`file` of API keys, one a line; requests then need Authorization: Bearer KEY; default: no authentication")
	flags.StringVar(&o.certificate, "tls-cert", "", "`file` of the certificate and its intermediate certificates (PEM); default: no TLS")
	flags.StringVar(&o.key, "tls-key", "", "`file` of its private key (PEM)")
	flags.Func("variant", "`NAME=DIR`, a second model for an A/B test on a share of the calls; default: none", o.trial.set)
	flags.Func("share", "`share` of the calls, by a stable hash of customer or id, that -variant predicts; default 0.5", o.trial.setShare)
	cors := flags.String("cors", "", "comma-separated `origins` whose pages may use the API, such as https://crm.example.com; default: none")
	flags.DurationVar(&o.reload, "reload", 5*time.Second, "how often the directory is checked for a new model")
	flags.DurationVar(&o.drain, "drain", 2*time.Second, "how long to keep serving after SIGTERM while /readyz fails, so that load balancers notice")
	flags.BoolVar(&o.health, "health", false, "instead of serving, check whether the service at -addr is ready; the exit status is the answer")
	flags.TextVar(&o.level, "log-level", slog.LevelInfo, "debug, info, warn or error")
	o.limits.flags(flags)
	if err := env.Parse(flags, usage); err != nil {
		return nil, err
	}
	o.cors = cli.Keys(*cors)
	if o.trial.share != 0 && o.trial.name == "" {
		return nil, cli.Usagef("-share is the share of a second model: name that by -variant")
	}
	o.trial.share = cmp.Or(o.trial.share, 0.5)
	if len(env.Args) > 0 {
		return nil, cli.Usagef("unexpected argument %q: the model is named by -models", env.Args[0])
	}
	return o, o.validate()
}

func (l *limits) flags(flags *flag.FlagSet) {
	flags.Int64Var(&l.Body, "max-body", 8<<20, "largest body of a request in `bytes`, unpacked")
	flags.IntVar(&l.Calls, "max-calls", 256, "most calls in a request")
	flags.IntVar(&l.Text, "max-text", 1<<20, "largest call in `bytes`")
	flags.DurationVar(&l.Time, "max-time", 30*time.Second, "longest time of a request")
	flags.DurationVar(&l.Read, "max-read", 10*time.Second, "longest time for the body of a request to arrive")
	flags.IntVar(&l.Requests, "max-requests", 128, "most requests served at a time")
	flags.IntVar(&l.PerClient, "max-per-client", 64, "most requests at a time of one API key, or without keys of one address")
	flags.IntVar(&l.Live, "max-live", 1000, "most calls in progress at a time")
	flags.IntVar(&l.LiveTurns, "max-live-turns", 5000, "most turns of a call in progress")
	flags.DurationVar(&l.LiveIdle, "max-live-idle", 30*time.Minute, "time without a new turn after which a call in progress is ended")
}

func (o *options) validate() error {
	l := &o.limits
	switch {
	case o.health:
		return nil
	case o.models == "":
		return cli.Usagef("-models is missing: name the directory that finetune wrote")
	case (o.certificate == "") != (o.key == ""):
		return cli.Usagef("-tls-cert and -tls-key go together")
	case l.Body < 1 || l.Calls < 1 || l.Text < 1 || l.Time <= 0 || l.Read <= 0 || l.Requests < 1 || l.PerClient < 1 || l.Live < 1 || l.LiveTurns < 1 || l.LiveIdle <= 0:
		return cli.Usagef("every -max flag wants a positive value")
	case o.reload <= 0 || o.drain < 0:
		return cli.Usagef("-reload wants a positive time and -drain a time")
	}
	if u, err := url.Parse(o.traces); o.traces != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return cli.Usagef("-traces %s: want a URL such as http://localhost:4318", o.traces)
	}
	for _, origin := range o.cors {
		if u, err := url.Parse(origin); err != nil || u.Scheme == "" || u.Host == "" || origin != u.Scheme+"://"+u.Host || strings.Contains(u.Host, "*") {
			return cli.Usagef("-cors %s: want origins such as https://crm.example.com, without a path and each by its name", origin)
		}
	}
	if o.store != "" {
		if err := store.Validate(o.store); err != nil {
			return cli.Usagef("-log: %v", err)
		}
	}
	return nil
}

// readKeys reads the API keys. Keys that could be guessed are an error.
func readKeys(file string) (keys, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var k keys
	for line := range strings.Lines(string(text)) {
		key := strings.TrimSpace(line)
		if key == "" {
			continue
		}
		if len(key) < 16 || strings.ContainsAny(key, " \t") {
			return nil, fmt.Errorf("%s: key %d has fewer than 16 characters, or spaces: take 32 random ones", file, len(k)+1)
		}
		k = append(k, sha256.Sum256([]byte(key)))
	}
	if k == nil {
		return nil, errors.New(file + ": there is no key: nobody could use the service")
	}
	return k, nil
}
