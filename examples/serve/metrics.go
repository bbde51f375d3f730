package main

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/org/salesconv/classify/conversion"
)

// metrics are what Prometheus scrapes. Their labels have few values: nothing of a request but its route and status.
type metrics struct {
	registry *prometheus.Registry

	requests *prometheus.CounterVec   // by route, method and code
	seconds  *prometheus.HistogramVec // by route
	inFlight prometheus.Gauge
	refused  *prometheus.CounterVec // by reason

	calls       prometheus.Counter
	probability prometheus.Histogram
	warnings    *prometheus.CounterVec // by warning
	batch       prometheus.Histogram

	model   *prometheus.GaugeVec   // 1, by version
	reloads *prometheus.CounterVec // by result: done or failed
	live    prometheus.Gauge
	alarms  prometheus.Counter

	stored  prometheus.Counter
	lost    prometheus.Counter
	storeUp prometheus.Gauge // registered where there is a store
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	m.requests = m.counters("requests_total", "Requests that were answered.", "route", "method", "code")
	m.seconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: prefix + "request_seconds", Help: "Time from the header of a request to the end of its response.",
		Buckets: []float64{.002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30},
	}, []string{"route"})
	m.inFlight = m.gauge("requests_in_flight", "Requests that are being served.")
	m.refused = m.counters("refused_total", "Requests refused because of a limit.", "reason")
	m.refused.WithLabelValues("client")
	for _, kind := range takings {
		m.refused.WithLabelValues(kind.reason)
	}
	m.calls = m.counter("calls_total", "Calls that were predicted.")
	m.probability = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: prefix + "probability", Help: "Predicted probabilities.", Buckets: prometheus.LinearBuckets(.1, .1, 9),
	})
	m.warnings = m.counters("warnings_total", "Predictions with a warning.", "warning")
	for _, w := range []conversion.Warning{conversion.NoWords, conversion.TooShort, conversion.NotEnglish, conversion.Unlike} {
		m.warnings.WithLabelValues(string(w))
	}
	m.batch = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: prefix + "batch_calls", Help: "Calls that were predicted together.", Buckets: prometheus.ExponentialBuckets(1, 2, 7),
	})
	m.model = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + "model_info", Help: "1 for the version that serves."}, []string{"version"})
	m.reloads = m.counters("model_reloads_total", "Attempts to load another model.", "result")
	m.reloads.WithLabelValues("done")
	m.reloads.WithLabelValues("failed")
	m.live = m.gauge("live_calls", "Calls in progress.")
	m.alarms = m.counter("live_alarms_total", "Calls in progress that were slipping.")
	m.stored = m.counter("store_written_total", "Predictions written to the store.")
	m.lost = m.counter("store_lost_total", "Predictions that were not written to the store.")
	m.storeUp = prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + "store_up", Help: "1 if the store took the last write, 0 if not."})
	m.registry.MustRegister(m.seconds, m.probability, m.batch, m.model, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

const prefix = "salesconv_"

func (m *metrics) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + name, Help: help})
	m.registry.MustRegister(c)
	return c
}

func (m *metrics) counters(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

func (m *metrics) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + name, Help: help})
	m.registry.MustRegister(g)
	return g
}

// watch adds gauges whose values are asked for when they are scraped.
func (m *metrics) watch(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: prefix + name, Help: help}, value))
}

// predicted counts predictions.
func (m *metrics) predicted(all ...conversion.Prediction) {
	for _, p := range all {
		m.calls.Inc()
		m.probability.Observe(p.Probability)
		for _, w := range p.Warnings {
			m.warnings.WithLabelValues(string(w)).Inc()
		}
	}
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
