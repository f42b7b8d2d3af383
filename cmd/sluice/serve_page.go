package main

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluice-go/sluice/bridge"
)

// bridgeMetrics is a prometheus.Collector of a bridge.
type bridgeMetrics struct{ bridge *bridge.Bridge }

// bridgeMetric is one of its figures.
type bridgeMetric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(s *bridge.Stats) float64
}

var bridgeList = []bridgeMetric{
	newBridgeMetric("connections", "Connections of bots.", prometheus.GaugeValue, func(s *bridge.Stats) float64 { return float64(s.Connections) }),
	newBridgeMetric("sessions", "Sessions of bots, also of those that are away.", prometheus.GaugeValue, func(s *bridge.Stats) float64 { return float64(s.Sessions) }),
	newBridgeMetric("sessions_begun_total", "Sessions of bots that began by an identify.", prometheus.CounterValue, func(s *bridge.Stats) float64 { return float64(s.Starts) }),
	newBridgeMetric("resumes_total", "Resumes of bots that were accepted.", prometheus.CounterValue, func(s *bridge.Stats) float64 { return float64(s.Resumes) }),
	newBridgeMetric("slow_total", "Connections that were closed because the bot read too slowly.", prometheus.CounterValue, func(s *bridge.Stats) float64 { return float64(s.Slow) }),
	newBridgeMetric("sent_bytes_total", "Bytes sent to bots, before TLS.", prometheus.CounterValue, func(s *bridge.Stats) float64 { return float64(s.Sent) }),
	newBridgeMetric("log_bytes", "Memory of the events that bots may ask for.", prometheus.GaugeValue, func(s *bridge.Stats) float64 { return float64(s.LogBytes) }),
	newBridgeMetric("state_bytes", "Memory of the guilds that bots begin with.", prometheus.GaugeValue, func(s *bridge.Stats) float64 { return float64(s.StateBytes) }),
	newBridgeMetric("guilds", "Guilds that bots begin with.", prometheus.GaugeValue, func(s *bridge.Stats) float64 { return float64(s.Guilds) }),
}

func newBridgeMetric(name, help string, kind prometheus.ValueType, read func(*bridge.Stats) float64) bridgeMetric {
	return bridgeMetric{prometheus.NewDesc("sluice_bridge_"+name, help, nil, nil), kind, read}
}

var bridgeCloses = prometheus.NewDesc("sluice_bridge_closes_total", "Close frames that were sent to bots, by code, apart from answers to theirs.", []string{"code"}, nil)

// Describe implements [prometheus.Collector].
func (m bridgeMetrics) Describe(out chan<- *prometheus.Desc) {
	for i := range bridgeList {
		out <- bridgeList[i].desc
	}
	out <- bridgeCloses
}

// Collect implements [prometheus.Collector].
func (m bridgeMetrics) Collect(out chan<- prometheus.Metric) {
	stats := m.bridge.Stats()
	for i := range bridgeList {
		out <- prometheus.MustNewConstMetric(bridgeList[i].desc, bridgeList[i].kind, bridgeList[i].read(&stats))
	}
	for code, n := range stats.Closes {
		out <- prometheus.MustNewConstMetric(bridgeCloses, prometheus.CounterValue, float64(n), strconv.Itoa(int(code)))
	}
}
