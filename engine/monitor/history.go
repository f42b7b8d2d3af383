package monitor

import (
	"math"
	"time"
)

const (
	// keptSeconds is how long figures are kept, one of each for a second.
	keptSeconds = 3600

	// maxColumns bounds the memory: 4 bytes a figure, less than 4 MiB in all.
	maxColumns = len(columnNames) + maxLoops
)

// columnNames are the figures that are kept besides those of the loops.
var columnNames = [...]string{
	"events", "bytes_wire", "bytes_json", "bytes_sent", "reconnects", "in_callbacks",
	"latency_p50_s", "latency_p99_s", "ready", "shards", "queued", "memory_bytes",
}

// history is the figures of the last hour. Its memory is taken once, but that of each
// loop's column, when there is such a loop.
type history struct {
	times   [keptSeconds]int64 // Unix times in ms
	columns [][]float32        // a ring each; first columnNames, then the loops
	next    int                // where the next row goes
	rows    int
}

func newHistory() *history {
	h := &history{columns: make([][]float32, 0, maxColumns)}
	for range columnNames {
		h.columns = append(h.columns, make([]float32, keptSeconds))
	}
	return h
}

// add keeps a sample.
func (h *history) add(s *sample, ready, shards int) {
	r := &s.rates
	row := [len(columnNames)]float64{
		r.Events, r.Wire, r.JSON, r.Sent, r.Reconnects, r.Callbacks,
		r.Latency50, r.Latency99, float64(ready), float64(shards), float64(s.overview.Queued), float64(s.memory),
	}
	for i, v := range row {
		h.columns[i][h.next] = float32(v)
	}
	for len(h.columns)-len(columnNames) < len(r.Busy) {
		h.columns = append(h.columns, make([]float32, keptSeconds))
	}
	for i := range h.columns[len(columnNames):] {
		busy := 0.0
		if i < len(r.Busy) {
			busy = r.Busy[i]
		}
		h.columns[len(columnNames)+i][h.next] = float32(busy)
	}
	h.times[h.next] = s.overview.At.UnixMilli()
	h.next = (h.next + 1) % keptSeconds
	h.rows = min(h.rows+1, keptSeconds)
}

// figures are a history as it is shown: points at equal distances, null where nothing was
// measured.
type figures struct {
	End    int64                 `json:"end_ms"` // Unix time of the last point's end
	Step   float64               `json:"step_s"`
	Series map[string][]*float32 `json:"series"`
	Loops  [][]*float32          `json:"loops_busy"`
}

// read returns the last span in so many points: the mean of each, but of latencies the
// highest.
func (h *history) read(now time.Time, span time.Duration, points int) figures {
	step := span.Milliseconds() / int64(points)
	end := now.UnixMilli()
	begin := end - step*int64(points)
	f := figures{End: end, Step: float64(step) / 1000, Series: make(map[string][]*float32), Loops: make([][]*float32, 0)}
	places := make([]int, h.rows) // of each row; -1: none
	first := (h.next - h.rows + keptSeconds) % keptSeconds
	for i := range places {
		at := h.times[(first+i)%keptSeconds]
		places[i] = -1
		if at > begin && at <= end {
			places[i] = int((at - begin - 1) / step)
		}
	}
	for c, column := range h.columns {
		highest := c < len(columnNames) && (columnNames[c] == "latency_p50_s" || columnNames[c] == "latency_p99_s")
		list := h.resample(column, places, first, points, highest)
		if c < len(columnNames) {
			f.Series[columnNames[c]] = list
		} else {
			f.Loops = append(f.Loops, list)
		}
	}
	return f
}

func (h *history) resample(column []float32, places []int, first, points int, highest bool) []*float32 {
	sums, counts := make([]float32, points), make([]int, points)
	for i, place := range places {
		if place < 0 || place >= points {
			continue
		}
		v := column[(first+i)%keptSeconds]
		if highest {
			if v > 0 {
				sums[place] = max(sums[place], v)
				counts[place] = 1
			}
			continue
		}
		sums[place] += v
		counts[place]++
	}
	list := make([]*float32, points)
	for i := range list {
		if counts[i] > 0 {
			mean := sums[i] / float32(counts[i])
			if !math.IsInf(float64(mean), 0) && !math.IsNaN(float64(mean)) {
				list[i] = &mean
			}
		}
	}
	return list
}
