// Package metrics exports what an engine measures, to Prometheus and OpenTelemetry: use it to
// watch a bot in production. The engine is read only when Prometheus asks, so an event costs
// no more than without metrics, and a scrape takes some milliseconds for 10,000 shards.
//
//	eng, err := engine.New(config)
//	…
//	handler, err := metrics.NewHandler(eng, metrics.Options{})
//	…
//	http.Handle("/metrics", handler)
//
// A program that has a registry of its own takes [NewCollector] instead:
//
//	registry.MustRegister(metrics.NewCollector(eng))
//
// How many time series there are does not depend on the number of shards. [Options.PerShard]
// allows series for each shard as well, for requests that ask for them. docs/operations.md lists all
// metrics, and has alerts and a dashboard for them.
//
// OpenTelemetry needs no more than its bridge: a [Collector] in a registry, and that registry as
// the gatherer of go.opentelemetry.io/contrib/bridges/prometheus, whose producer the reader of
// a MeterProvider takes with WithProducer.
package metrics
