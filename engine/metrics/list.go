package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// kind is a metric's type, in Prometheus's words.
type kind string

const (
	counter   kind = "counter"
	gauge     kind = "gauge"
	histogram kind = "histogram"
)

// put takes a value, with those of the labels.
type put func(value float64, labels ...string)

// metric is one of the list. It has read, or distribution if it is a histogram.
type metric struct {
	name, help string
	kind       kind
	labels     []string
	read       func(o *engine.Overview, put put)

	distribution func(o *engine.Overview) *engine.Histogram
	bounds       []int // classic buckets: powers of two of a second
}

// list is what a Collector collects, in the order of docs/operations.md.
var list = []metric{
	{name: "sluice_build_info", kind: gauge, labels: []string{"version"}, help: "Always 1; the label is the version of sluice.",
		read: func(_ *engine.Overview, put put) { put(1, engine.Version) }},

	{name: "sluice_shards", kind: gauge, labels: []string{"state"}, help: "Shards by state. Queued ones wait for a permit to identify, Identifying ones hold one.",
		read: func(o *engine.Overview, put put) {
			for state, n := range o.States {
				put(float64(n), lifecycle.State(state).String())
			}
		}},
	{name: "sluice_shards_stalled", kind: gauge, help: "Shards that have made no progress for 30 s although their time had come.",
		read: value(func(o *engine.Overview) float64 { return float64(o.Stalled) })},
	{name: "sluice_not_ready_seconds", kind: gauge, help: "For how long the shard has not been ready that has waited longest, 0 if all are.",
		read: value(func(o *engine.Overview) float64 {
			if o.NotReadySince.IsZero() {
				return 0
			}
			return max(0, o.At.Sub(o.NotReadySince).Seconds())
		})},

	{name: "sluice_events_total", kind: counter, help: "Events received, whether or not a callback asked for them.",
		read: count(func(o *engine.Overview) uint64 { return o.Events })},
	{name: "sluice_events_replayed_total", kind: counter, help: "Events that were missed before and brought by a resume.",
		read: count(func(o *engine.Overview) uint64 { return o.Replayed })},
	{name: "sluice_events_repeated_total", kind: counter, help: "Events that came again and were not delivered again.",
		read: count(func(o *engine.Overview) uint64 { return o.Repeats })},
	{name: "sluice_sequence_gaps_total", kind: counter, help: "Connections ended so that a resume brings sequences that the gateway skipped.",
		read: count(func(o *engine.Overview) uint64 { return o.Gaps })},
	{name: "sluice_sequences_missing_total", kind: counter, help: "Skipped sequences that no resume brought: lost for good.",
		read: count(func(o *engine.Overview) uint64 { return o.Missing })},
	{name: "sluice_sessions_lost_total", kind: counter, help: "Sessions that could not be resumed: events may be lost.",
		read: count(func(o *engine.Overview) uint64 { return o.SessionsLost })},

	{name: "sluice_wire_received_bytes_total", kind: counter, help: "Bytes received, after TLS and before decompression.",
		read: count(func(o *engine.Overview) uint64 { return o.BytesWire })},
	{name: "sluice_wire_sent_bytes_total", kind: counter, help: "Bytes written, before TLS.",
		read: count(func(o *engine.Overview) uint64 { return o.BytesSent })},
	{name: "sluice_decoder_input_bytes_total", kind: counter, help: "Bytes of messages that decompressors took.",
		read: count(func(o *engine.Overview) uint64 { return o.BytesMessage })},
	{name: "sluice_decoder_output_bytes_total", kind: counter, help: "Bytes of JSON that decompressors brought.",
		read: count(func(o *engine.Overview) uint64 { return o.BytesJSON })},
	{name: "sluice_decoder_window_bytes", kind: gauge, help: "Bytes that the windows of decompressors have now, of all engines of the process.",
		read: value(func(o *engine.Overview) float64 { return float64(o.Windows) })},

	{name: "sluice_identifies_total", kind: counter, help: "Identifies sent.",
		read: count(func(o *engine.Overview) uint64 { return o.Identifies })},
	{name: "sluice_resumes_total", kind: counter, help: "Resumes sent.",
		read: count(func(o *engine.Overview) uint64 { return o.Resumes })},
	{name: "sluice_resumed_total", kind: counter, help: "Resumes that the gateway answered by RESUMED.",
		read: count(func(o *engine.Overview) uint64 { return o.Resumed })},
	{name: "sluice_reconnects_total", kind: counter, labels: []string{"cause"}, help: "Connections, and attempts at one, that ended and were followed by another.",
		read: func(o *engine.Overview, put put) {
			for cause, n := range o.Causes {
				put(float64(n), lifecycle.Cause(cause).String())
			}
		}},
	{name: "sluice_closes_total", kind: counter, labels: []string{"by", "code"}, help: "Connections that ended, by who ended them and by close code; 1006 stands for no close frame, 0 for one without a code.",
		read: closes},
	{name: "sluice_corrupt_connections_total", kind: counter, help: "Connections given up for damaged data.",
		read: count(func(o *engine.Overview) uint64 { return o.Corrupt })},
	{name: "sluice_protocol_violations_total", kind: counter, help: "Connections given up for breaking the WebSocket protocol.",
		read: count(func(o *engine.Overview) uint64 { return o.Violations })},
	{name: "sluice_tls_connections", kind: gauge, labels: []string{"records"}, help: "TLS connections by how their records are read: lent by the loop, or plain.",
		read: func(o *engine.Overview, put put) {
			put(float64(o.TLSLent), "lent")
			put(float64(o.TLSPlain), "plain")
		}},

	{name: "sluice_identify_budget_remaining", kind: gauge, help: "Identifies left in the period, as far as is known; none is spent of the reserve.",
		read: budget(func(o *engine.Overview) float64 { return float64(o.Budget.Remaining) })},
	{name: "sluice_identify_budget_limit", kind: gauge, help: "Identifies in a period.",
		read: budget(func(o *engine.Overview) float64 { return float64(o.Budget.Total) })},
	{name: "sluice_identify_budget_reserve", kind: gauge, help: "Identifies that are never spent.",
		read: budget(func(o *engine.Overview) float64 { return float64(o.Budget.Reserve) })},
	{name: "sluice_identify_budget_reset_timestamp_seconds", kind: gauge, help: "When the next period begins, in Unix time.",
		read: budget(func(o *engine.Overview) float64 { return float64(o.Budget.ResetAt.UnixMilli()) / 1000 })},
	{name: "sluice_commands_total", kind: counter, help: "Commands sent: payloads of the bot's own.",
		read: count(func(o *engine.Overview) uint64 { return o.Commands })},
	{name: "sluice_command_permits", kind: gauge, labels: []string{"state"}, help: "Commands that ready shards sent within the last minute, and that they can send at once.",
		read: func(o *engine.Overview, put put) {
			put(float64(o.PermitsUsed), "used")
			put(float64(o.PermitsLeft), "left")
		}},

	{name: "sluice_heartbeat_latency_seconds", kind: histogram, help: "Time from a heartbeat to its acknowledgement.",
		distribution: func(o *engine.Overview) *engine.Histogram { return &o.Heartbeats }, bounds: []int{-10, -9, -8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4}},
	{name: "sluice_heartbeat_latency_highest_seconds", kind: gauge, help: "The highest latency of all shards' last heartbeats.",
		read: value(func(o *engine.Overview) float64 { return o.Latency.Seconds() })},

	{name: "sluice_callback_duration_seconds", kind: histogram, help: "Time that the callbacks of one event took.",
		distribution: func(o *engine.Overview) *engine.Histogram { return &o.Callbacks }, bounds: []int{-20, -18, -16, -14, -12, -10, -8, -6, -4, -3, -2, 0, 2, 4}},
	{name: "sluice_callback_longest_seconds", kind: gauge, help: "The longest time that the callbacks of one event took since the engine began.",
		read: value(func(o *engine.Overview) float64 { return o.LongestCallback.Seconds() })},
	{name: "sluice_callbacks_slow_total", kind: counter, help: "Events whose callbacks took 100 ms or more.",
		read: count(func(o *engine.Overview) uint64 { return o.SlowCallbacks })},

	{name: "sluice_async_queued_events", kind: gauge, help: "Events that wait for asynchronous callbacks.",
		read: value(func(o *engine.Overview) float64 { return float64(o.Queued) })},
	{name: "sluice_async_queued_events_highest", kind: gauge, help: "The most events of one shard that ever waited for one asynchronous callback.",
		read: value(func(o *engine.Overview) float64 { return float64(o.QueuedHighest) })},
	{name: "sluice_async_dropped_events_total", kind: counter, help: "Events that asynchronous callbacks did not get, because their queue was full or a shutdown had no time.",
		read: count(func(o *engine.Overview) uint64 { return o.Dropped })},
	{name: "sluice_async_lag_seconds", kind: gauge, help: "For how long the event has waited that has waited longest for an asynchronous callback.",
		read: value(func(o *engine.Overview) float64 { return o.Lag.Seconds() })},

	{name: "sluice_loop_shards", kind: gauge, labels: []string{"loop"}, help: "Shards that a loop serves; all goroutines of the portable driver are loop 0.",
		read: loops(func(l *engine.LoopStats) float64 { return float64(l.Shards) })},
	{name: "sluice_loop_wakes_total", kind: counter, labels: []string{"loop"}, help: "Times that a loop went to work after it had waited.",
		read: loops(func(l *engine.LoopStats) float64 { return float64(l.Wakes) })},
	{name: "sluice_loop_reads_total", kind: counter, labels: []string{"loop"}, help: "Reads of a loop that brought bytes.",
		read: loops(func(l *engine.LoopStats) float64 { return float64(l.Reads) })},
	{name: "sluice_loop_events_total", kind: counter, labels: []string{"loop"}, help: "Events received by the shards of a loop.",
		read: loops(func(l *engine.LoopStats) float64 { return float64(l.Events) })},
	{name: "sluice_loop_callback_seconds_total", kind: counter, labels: []string{"loop"}, help: "Time that callbacks took on a loop.",
		read: loops(func(l *engine.LoopStats) float64 { return l.InCallbacks.Seconds() })},
	{name: "sluice_loop_busy_seconds_total", kind: counter, labels: []string{"loop"}, help: "Time that an event loop was at work, callbacks included; 0 for the portable driver.",
		read: loops(func(l *engine.LoopStats) float64 { return l.Busy.Seconds() })},
}

// value reads one number.
func value(of func(*engine.Overview) float64) func(*engine.Overview, put) {
	return func(o *engine.Overview, put put) { put(of(o)) }
}

// count reads one count.
func count(of func(*engine.Overview) uint64) func(*engine.Overview, put) {
	return func(o *engine.Overview, put put) { put(float64(of(o))) }
}

// budget reads a number of the identify budget, if there is one that is known.
func budget(of func(*engine.Overview) float64) func(*engine.Overview, put) {
	return func(o *engine.Overview, put put) {
		if o.Budget.Total > 0 {
			put(of(o))
		}
	}
}

// closeCodes are those that have a name: their counts are there from the beginning, so
// that a rate sees the first.
var closeCodes = func() (codes []gateway.CloseCode) {
	for code := gateway.CloseCode(1000); code < 5000; code++ {
		if code.String() != strconv.Itoa(int(code)) {
			codes = append(codes, code)
		}
	}
	return codes
}()

// closes reads the ends of connections.
func closes(o *engine.Overview, put put) {
	gateways := lifecycle.ByGateway.String()
	named := make(map[gateway.CloseCode]float64, len(closeCodes))
	for _, n := range o.Closes {
		code := strconv.Itoa(int(n.Code))
		switch {
		case n.Code == engine.OtherClose:
			code = "other"
		case n.By == lifecycle.ByGateway:
			named[n.Code] = float64(n.Count)
			continue
		}
		put(float64(n.Count), n.By.String(), code)
	}
	for _, code := range closeCodes {
		if _, counted := named[code]; !counted {
			named[code] = 0
		}
	}
	for code, n := range named {
		put(n, gateways, strconv.Itoa(int(code)))
	}
}

// loops reads a number of each loop. Those of the portable driver, one for each shard,
// are all loop 0.
func loops(of func(*engine.LoopStats) float64) func(*engine.Overview, put) {
	return func(o *engine.Overview, put put) {
		zero, portable := 0.0, false
		for i := range o.Loops {
			if l := &o.Loops[i]; l.Number > 0 {
				put(of(l), strconv.Itoa(l.Number))
			} else {
				zero, portable = zero+of(l), true
			}
		}
		if portable {
			put(zero, "0")
		}
	}
}

// valueType is Prometheus's.
func (k kind) valueType() prometheus.ValueType {
	if k == counter {
		return prometheus.CounterValue
	}
	return prometheus.GaugeValue
}
