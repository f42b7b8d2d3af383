package demo

import (
	"runtime"
	"runtime/metrics"
	"time"
)

// usage is what this process has used up to a moment.
type usage struct {
	cpu      time.Duration // user and system
	allocs   uint64        // heap objects
	gcCycles uint32
	rss      int64 // resident bytes
}

// since returns the difference to an earlier moment; rss stays as it is.
func (u usage) since(earlier usage) usage {
	u.cpu -= earlier.cpu
	u.allocs -= earlier.allocs
	u.gcCycles -= earlier.gcCycles
	return u
}

// measureProcess asks the system and the runtime.
func measureProcess() (usage, error) {
	cpu, err := processCPU()
	if err != nil {
		return usage{}, err
	}
	rss, err := residentBytes()
	if err != nil {
		return usage{}, err
	}
	samples := []metrics.Sample{
		{Name: "/gc/heap/allocs:objects"},
		{Name: "/gc/heap/tiny/allocs:objects"},
	}
	metrics.Read(samples)
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return usage{
		cpu:      cpu,
		allocs:   samples[0].Value.Uint64() + samples[1].Value.Uint64(),
		gcCycles: stats.NumGC,
		rss:      rss,
	}, nil
}
