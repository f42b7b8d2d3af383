package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluice-go/sluice/engine"
)

// Collector is a [prometheus.Collector] of an engine. Registries may ask it from several
// goroutines at once, also before Run and after its end.
type Collector struct {
	engine *engine.Engine
	descs  []*prometheus.Desc // of list
}

// NewCollector returns a collector of e. To have several engines in one registry, give each
// a label by [prometheus.WrapRegistererWith].
func NewCollector(e *engine.Engine) *Collector {
	c := &Collector{engine: e, descs: make([]*prometheus.Desc, len(list))}
	for i := range list {
		c.descs[i] = prometheus.NewDesc(list[i].name, list[i].help, list[i].labels, nil)
	}
	return c
}

// Describe implements [prometheus.Collector].
func (c *Collector) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range c.descs {
		out <- desc
	}
}

// Collect implements [prometheus.Collector]. It looks at all shards once, and waits for
// none of them.
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	o := c.engine.Overview()
	for i := range list {
		m, desc := &list[i], c.descs[i]
		if m.kind == histogram {
			out <- newDistribution(desc, m.distribution(o), m.bounds)
			continue
		}
		valueType := m.kind.valueType()
		m.read(o, func(value float64, labels ...string) {
			out <- prometheus.MustNewConstMetric(desc, valueType, value, labels...)
		})
	}
}
