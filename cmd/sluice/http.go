package main

import (
	"crypto/rand"
	"errors"
	"io"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/pflag"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/calm"
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

// logOptions are the flags of the log. Its level can be changed while the command runs.
type logOptions struct {
	level  levelFlag
	format logFormatFlag
}

func (o *logOptions) flags(f *pflag.FlagSet) {
	f.Var(&o.level, "log-level", "debug, info, warn or error; the log goes to standard error")
	f.Var(&o.format, "log-format", "format of the log")
}

// open returns a logger that writes to w. What many shards say at once is one line; close
// writes what is left.
func (o *logOptions) open(w io.Writer) (logger *slog.Logger, level *slog.LevelVar, close func()) {
	level = new(slog.LevelVar)
	level.Set(o.level.Level)
	options := &slog.HandlerOptions{Level: level}
	var handler slog.Handler = slog.NewTextHandler(w, options)
	if o.format == "json" {
		handler = slog.NewJSONHandler(w, options)
	}
	calmed := calm.New(handler)
	return slog.New(calmed), level, calmed.Close
}

// logFormatFlag is --log-format.
type logFormatFlag string

// Set implements pflag.Value.
func (f *logFormatFlag) Set(s string) error {
	if s != "text" && s != "json" {
		return errors.New("want text or json")
	}
	*f = logFormatFlag(s)
	return nil
}

func (f *logFormatFlag) String() string {
	if *f == "" {
		return "text"
	}
	return string(*f)
}

func (f *logFormatFlag) Type() string { return "text|json" }
