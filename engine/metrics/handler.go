package metrics

import (
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sluice-go/sluice/engine"
)

// Options are what NewHandler takes. The zero value is a good choice.
type Options struct {
	// PerShard allows ?shards=all, which answers with ten series for each shard besides the
	// others, as text. Default false: such requests get 404.
	PerShard bool

	// Registry is what is asked besides the engine, for metrics of the program's own. The
	// engine's collector is registered with it. Default: a new one, with collectors for the Go
	// runtime and the process.
	Registry *prometheus.Registry

	// Logger gets the errors of scrapes. Default slog.Default().
	Logger *slog.Logger
}

// NewHandler returns what answers Prometheus: in its text format, OpenMetrics or Protocol Buffers
// (which alone carry native histograms), compressed by zstd or gzip, as the request asks. Any
// number of requests may come at once: they share a look at the engine. The error says what could
// not be registered.
func NewHandler(e *engine.Engine, options Options) (http.Handler, error) {
	registry := options.Registry
	if registry == nil {
		registry = prometheus.NewRegistry()
		registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	if err := registry.Register(NewCollector(e)); err != nil {
		return nil, err
	}
	logger := options.Logger
	if logger == nil {
		logger = slog.Default()
	}
	opts := promhttp.HandlerOpts{
		ErrorLog:           errorLog{logger},
		ErrorHandling:      promhttp.ContinueOnError,
		EnableOpenMetrics:  true,
		CoalesceGather:     true,
		DisableCompression: true, // see compressed
	}
	all := promhttp.HandlerFor(registry, opts)
	var shards http.Handler = http.HandlerFunc(refuseShards)
	if options.PerShard {
		shards = newShardHandler(e, registry, logger)
	}
	return compressed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "metrics are read by GET", http.StatusMethodNotAllowed)
		case r.URL.Query().Has("shards"):
			shards.ServeHTTP(w, r)
		default:
			all.ServeHTTP(w, r)
		}
	})), nil
}

func refuseShards(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "there are no series for each shard: allow them by metrics.Options.PerShard", http.StatusNotFound)
}

// errorLog has promhttp log with slog.
type errorLog struct{ logger *slog.Logger }

// Println implements [promhttp.Logger].
func (l errorLog) Println(v ...any) {
	if len(v) > 0 {
		l.logger.Warn("a scrape of the metrics failed", "cause", v[len(v)-1])
	}
}
