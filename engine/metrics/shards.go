package metrics

import (
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// shardMetric is a metric that each shard has, with the labels shard and total.
type shardMetric struct {
	name, help string
	kind       kind
	append     func(b []byte, s *shardRow) []byte // the value
}

// shardList is what is written for each shard, in the order of docs/operations.md.
var shardList = []shardMetric{
	{"sluice_shard_state", "The shard's state: " + stateNumbers() + ".", gauge,
		func(b []byte, s *shardRow) []byte { return strconv.AppendInt(b, int64(s.state), 10) }},
	{"sluice_shard_events_total", "Events received.", counter,
		func(b []byte, s *shardRow) []byte { return strconv.AppendUint(b, s.events, 10) }},
	{"sluice_shard_wire_received_bytes_total", "Bytes received, after TLS and before decompression.", counter,
		func(b []byte, s *shardRow) []byte { return strconv.AppendUint(b, s.wire, 10) }},
	{"sluice_shard_decoder_output_bytes_total", "Bytes of JSON that the decompressor brought.", counter,
		func(b []byte, s *shardRow) []byte { return strconv.AppendUint(b, s.json, 10) }},
	{"sluice_shard_reconnects_total", "Connections, and attempts at one, that ended and were followed by another.", counter,
		func(b []byte, s *shardRow) []byte { return strconv.AppendUint(b, s.reconnects, 10) }},
	{"sluice_shard_identifies_total", "Identifies sent.", counter,
		func(b []byte, s *shardRow) []byte { return strconv.AppendUint(b, s.identifies, 10) }},
	{"sluice_shard_resumed_total", "Resumes that the gateway answered by RESUMED.", counter,
		func(b []byte, s *shardRow) []byte { return strconv.AppendUint(b, s.resumed, 10) }},
	{"sluice_shard_sessions_lost_total", "Sessions that could not be resumed: events may be lost.", counter,
		func(b []byte, s *shardRow) []byte { return strconv.AppendUint(b, s.sessionsLost, 10) }},
	{"sluice_shard_heartbeat_latency_seconds", "Latency of the last heartbeat, 0 if none was acknowledged.", gauge,
		func(b []byte, s *shardRow) []byte { return appendSeconds(b, s.latency) }},
	{"sluice_shard_callback_seconds_total", "Time that callbacks took.", counter,
		func(b []byte, s *shardRow) []byte { return appendSeconds(b, s.inCallbacks) }},
}

// stateNumbers says which number stands for which state.
func stateNumbers() (text string) {
	for state := range len(lifecycle.States{}) {
		if state > 0 {
			text += ", "
		}
		text += strconv.Itoa(state) + " " + lifecycle.State(state).String()
	}
	return text
}

// appendSeconds appends a time with all of its digits.
func appendSeconds(b []byte, d time.Duration) []byte {
	return strconv.AppendFloat(b, d.Seconds(), 'g', -1, 64)
}

// shardRow is what is written of a shard. Each metric has its shards in a row, so all are kept
// for the time of an answer.
type shardRow struct {
	id, total int
	state     lifecycle.State

	events, wire, json                            uint64
	reconnects, identifies, resumed, sessionsLost uint64
	latency, inCallbacks                          time.Duration
}

const (
	// maxShardAnswers is how many answers for each shard are written at a time.
	maxShardAnswers = 2

	// shardAnswerTime is how long one may take: a client that does not read keeps others waiting.
	shardAnswerTime = 30 * time.Second

	// shardChunk is how much is written at a time.
	shardChunk = 32 << 10
)

// shardHandler answers with what the registry has, and then with metrics for each shard. That is
// text by hand: as objects of the client library 100,000 series take ten times as long.
type shardHandler struct {
	engine   *engine.Engine
	gatherer prometheus.Gatherer
	logger   *slog.Logger
	answers  chan struct{} // holds one value for each answer that is being written
	scratch  sync.Pool     // of *shardScratch
}

// shardScratch is an answer's memory.
type shardScratch struct {
	rows []shardRow
	text []byte
}

func newShardHandler(e *engine.Engine, gatherer prometheus.Gatherer, logger *slog.Logger) *shardHandler {
	return &shardHandler{engine: e, gatherer: gatherer, logger: logger, answers: make(chan struct{}, maxShardAnswers)}
}

// ServeHTTP implements [http.Handler].
func (h *shardHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("shards") != "all" {
		http.Error(w, "shards can only be all", http.StatusBadRequest)
		return
	}
	select {
	case h.answers <- struct{}{}:
		defer func() { <-h.answers }()
	default:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "others are being answered; try again in a second", http.StatusServiceUnavailable)
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(shardAnswerTime)) // where it can be had
	families, err := h.gatherer.Gather()
	if err != nil {
		errorLog{h.logger}.Println(err)
	}
	w.Header().Set("Content-Type", string(expfmt.NewFormat(expfmt.TypeTextPlain)))
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(w, family); err != nil {
			return // of a client that is gone
		}
	}
	h.write(w)
}

// write writes the metrics of all shards.
func (h *shardHandler) write(w http.ResponseWriter) {
	scratch, _ := h.scratch.Get().(*shardScratch)
	if scratch == nil {
		scratch = new(shardScratch)
	}
	defer h.scratch.Put(scratch)
	scratch.look(h.engine)
	for i := range shardList {
		m := &shardList[i]
		b := append(scratch.text[:0], "# HELP "+m.name+" "+m.help+"\n# TYPE "+m.name+" "+string(m.kind)+"\n"...)
		for j := range scratch.rows {
			s := &scratch.rows[j]
			b = append(b, m.name...)
			b = append(b, `{shard="`...)
			b = strconv.AppendInt(b, int64(s.id), 10)
			b = append(b, `",total="`...)
			b = strconv.AppendInt(b, int64(s.total), 10)
			b = append(b, `"} `...)
			b = append(m.append(b, s), '\n')
			if len(b) >= shardChunk {
				if _, err := w.Write(b); err != nil {
					return
				}
				b = b[:0]
			}
		}
		scratch.text = b
		if _, err := w.Write(b); err != nil {
			return
		}
	}
}

// look fills the rows.
func (s *shardScratch) look(e *engine.Engine) {
	s.rows = s.rows[:0]
	for shard := range e.Shards() {
		of := shard.Stats()
		s.rows = append(s.rows, shardRow{
			id: shard.ID(), total: shard.Total(), state: shard.State(),
			events: of.Events, wire: of.BytesWire, json: of.BytesJSON,
			reconnects: of.Reconnects, identifies: of.Identifies, resumed: of.Resumed, sessionsLost: of.SessionsLost,
			latency: of.Latency, inCallbacks: of.InCallbacks,
		})
	}
}
