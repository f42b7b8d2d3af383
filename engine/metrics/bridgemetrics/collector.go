// Package bridgemetrics is what a bridge measures, for Prometheus: metrics that begin with sluice_bridge_.
package bridgemetrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluice-go/sluice/bridge"
)

// NewCollector returns the collector of a bridge, for [metrics.Options.Registry] or one of the program's own. A look
// takes time for each guild.
//
// [metrics.Options.Registry]: https://pkg.go.dev/github.com/sluice-go/sluice/engine/metrics#Options
func NewCollector(b *bridge.Bridge) prometheus.Collector { return collector{b} }

type collector struct{ bridge *bridge.Bridge }

// metric is one of its figures.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(s *bridge.Stats) float64
}

var list = []metric{
	newMetric("connections", "Connections of bots.", prometheus.GaugeValue, func(s *bridge.Stats) float64 { return float64(s.Connections) }),
	newMetric("sessions", "Sessions of bots, also of those that are away.", prometheus.GaugeValue, func(s *bridge.Stats) float64 { return float64(s.Sessions) }),
	newMetric("sessions_begun_total", "Sessions of bots that began by an identify.", prometheus.CounterValue, func(s *bridge.Stats) float64 { return float64(s.Starts) }),
	newMetric("resumes_total", "Resumes of bots that were accepted.", prometheus.CounterValue, func(s *bridge.Stats) float64 { return float64(s.Resumes) }),
	newMetric("slow_total", "Connections that were closed because the bot read too slowly.", prometheus.CounterValue, func(s *bridge.Stats) float64 { return float64(s.Slow) }),
	newMetric("sent_bytes_total", "Bytes sent to bots, before TLS.", prometheus.CounterValue, func(s *bridge.Stats) float64 { return float64(s.Sent) }),
	newMetric("log_bytes", "Memory of the events that bots may ask for.", prometheus.GaugeValue, func(s *bridge.Stats) float64 { return float64(s.LogBytes) }),
	newMetric("state_bytes", "Memory of the guilds that bots begin with.", prometheus.GaugeValue, func(s *bridge.Stats) float64 { return float64(s.StateBytes) }),
	newMetric("guilds", "Guilds that bots begin with.", prometheus.GaugeValue, func(s *bridge.Stats) float64 { return float64(s.Guilds) }),
}

func newMetric(name, help string, kind prometheus.ValueType, read func(*bridge.Stats) float64) metric {
	return metric{prometheus.NewDesc("sluice_bridge_"+name, help, nil, nil), kind, read}
}

var closes = prometheus.NewDesc("sluice_bridge_closes_total", "Close frames that were sent to bots, by code, apart from answers to theirs.", []string{"code"}, nil)

// Describe implements [prometheus.Collector].
func (m collector) Describe(out chan<- *prometheus.Desc) {
	for i := range list {
		out <- list[i].desc
	}
	out <- closes
}

// Collect implements [prometheus.Collector].
func (m collector) Collect(out chan<- prometheus.Metric) {
	stats := m.bridge.Stats()
	for i := range list {
		out <- prometheus.MustNewConstMetric(list[i].desc, list[i].kind, list[i].read(&stats))
	}
	for code, n := range stats.Closes {
		out <- prometheus.MustNewConstMetric(closes, prometheus.CounterValue, float64(n), strconv.Itoa(int(code)))
	}
}
