package main

import (
	"crypto/rand"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/metrics"
	"github.com/sluice-go/sluice/engine/monitor"
	"github.com/sluice-go/sluice/internal/flags"
)

// httpOptions are the flags of the page that run and demo have.
type httpOptions struct {
	flags.Page
	bots       func() []monitor.Bot   // nil: there are none
	collectors []prometheus.Collector // of metrics, besides the engine's
}

// newCredential makes up a credential.
func newCredential() string { return rand.Text() }

// show serves the page of an engine until stop is called, and returns its URL, which is ""
// without --http.
func (o *httpOptions) show(eng *engine.Engine, title, credential string, level *slog.LevelVar, logger *slog.Logger) (url string, stop func(), err error) {
	if o.Address == "" {
		return "", func() {}, nil
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(o.collectors...)
	scrapes, err := metrics.NewHandler(eng, metrics.Options{PerShard: true, Registry: registry, Logger: logger})
	if err != nil {
		return "", nil, err
	}
	return o.Open(monitor.Config{Engine: eng, Title: title, Credential: credential, Level: level, Metrics: scrapes, Bots: o.bots})
}
