package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/pflag"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/calm"
	"github.com/sluice-go/sluice/engine/metrics"
	"github.com/sluice-go/sluice/engine/monitor"
)

// httpOptions are the flags of the page that run and demo have.
type httpOptions struct {
	address    string
	credential string // a file that holds it
	pprof      bool
	ready      shareFlag

	bots       func() []monitor.Bot   // nil: there are none
	collectors []prometheus.Collector // of metrics, besides the engine's
}

func (o *httpOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.address, "http", "", "show a page, health, JSON and metrics at this address, such as 127.0.0.1:9600;\nwithout a host it is 127.0.0.1")
	f.StringVar(&o.credential, "http-credential-file", "", "file that holds what allows actions on that page, such as restarting a shard\n(default: SLUICE_HTTP_CREDENTIAL of the environment; without either there are none)")
	f.BoolVar(&o.pprof, "http-pprof", false, "serve /debug/pprof there too, which shows the process's memory")
	f.Var(&o.ready, "http-ready", "share of the shards that must be ready for /readyz to say so")
}

// check refuses flags that are of use only with --http.
func (o *httpOptions) check() error {
	if o.address == "" && (o.credential != "" || o.pprof || o.ready != 0) {
		return errors.New("--http-credential-file, --http-pprof and --http-ready are of use only with --http")
	}
	return nil
}

// readCredential returns what allows actions, "" for nothing. It takes it out of the
// environment: no child process gets it.
func (o *httpOptions) readCredential() (string, error) {
	text := os.Getenv("SLUICE_HTTP_CREDENTIAL")
	_ = os.Unsetenv("SLUICE_HTTP_CREDENTIAL")
	if o.credential != "" {
		f, err := os.Open(o.credential)
		if err != nil {
			return "", fmt.Errorf("cannot read --http-credential-file: %w", err)
		}
		defer f.Close()
		b, err := readBounded(f, maxTokenFile)
		if err != nil {
			return "", fmt.Errorf("cannot read --http-credential-file: %w", err)
		}
		if text = string(b); strings.TrimSpace(text) == "" {
			return "", fmt.Errorf("--http-credential-file %s is empty: it must hold the credential, 16 characters or more", o.credential)
		}
	}
	return strings.TrimSpace(text), nil
}

// newCredential makes up a credential.
func newCredential() string { return rand.Text() }

// show serves the page of an engine until stop is called, and returns its URL, which is ""
// without --http.
func (o *httpOptions) show(eng *engine.Engine, title, credential string, level *slog.LevelVar, logger *slog.Logger) (url string, stop func(), err error) {
	if o.address == "" {
		return "", func() {}, nil
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(o.collectors...)
	scrapes, err := metrics.NewHandler(eng, metrics.Options{PerShard: true, Registry: registry, Logger: logger})
	if err != nil {
		return "", nil, err
	}
	m, err := monitor.New(monitor.Config{
		Engine: eng, Title: title, Credential: credential, Level: level, Pprof: o.pprof, ReadyShare: float64(o.ready), Metrics: scrapes, Bots: o.bots,
	})
	if err != nil {
		return "", nil, errors.New(strings.TrimPrefix(strings.ReplaceAll(err.Error(), "Config.Credential", "the credential"), "monitor: "))
	}
	l, err := monitor.Listen(o.address)
	if err != nil {
		m.Close()
		return "", nil, fmt.Errorf("--http: %s", strings.TrimPrefix(err.Error(), "monitor: "))
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = monitor.Serve(ctx, l, m)
	}()
	return "http://" + l.Addr().String() + "/", func() {
		m.Close()
		cancel()
		<-ended
	}, nil
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

// shareFlag is a share above 0 and up to 1; 0, where it is not given, stands for all.
type shareFlag float64

// Set implements pflag.Value.
func (f *shareFlag) Set(s string) error {
	var share float64
	if _, err := fmt.Sscanf(s, "%g", &share); err != nil || !(share > 0 && share <= 1) {
		return errors.New("want a share above 0 and up to 1, such as 0.95")
	}
	*f = shareFlag(share)
	return nil
}

func (f *shareFlag) String() string {
	if *f == 0 {
		return "1"
	}
	return fmt.Sprint(float64(*f))
}

func (f *shareFlag) Type() string { return "SHARE" }
