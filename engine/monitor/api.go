package monitor

import (
	"fmt"
	"math"
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// ServeHTTP implements [http.Handler].
func (m *Monitor) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.handler.ServeHTTP(w, r) }

func (m *Monitor) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", m.servePage)
	mux.HandleFunc("GET /shards/{id}", m.serveShardPage)
	mux.HandleFunc("GET /assets/{name}", serveAsset)
	mux.HandleFunc("GET /healthz", m.serveHealth)
	mux.HandleFunc("GET /readyz", m.serveReady)
	mux.HandleFunc("GET /metrics", m.serveMetrics)
	mux.HandleFunc("GET /api/v1/engine", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, m.summary()) })
	mux.HandleFunc("GET /api/v1/shards", m.serveShards)
	mux.HandleFunc("GET /api/v1/states", m.serveStates)
	mux.HandleFunc("GET /api/v1/shards/{id}", m.serveShard)
	mux.HandleFunc("GET /api/v1/bots", m.serveBots)
	mux.HandleFunc("GET /api/v1/history", m.serveHistory)
	mux.HandleFunc("GET /api/v1/incidents", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, m.incidentList()) })
	mux.HandleFunc("GET /api/v1/events", m.serveEvents)
	mux.HandleFunc("POST /api/v1/shards/{id}/restart", m.trusted(m.restart))
	mux.HandleFunc("POST /api/v1/shards/{id}/close", m.trusted(m.alone(m.closeShard)))
	mux.HandleFunc("POST /api/v1/reshard", m.trusted(m.alone(m.reshard)))
	mux.HandleFunc("POST /api/v1/log-level", m.trusted(m.setLevel))
	if m.config.Pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", long(pprof.Profile))
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", long(pprof.Trace))
	}
	return m.guarded(mux)
}

// long lets a request take longer than the server lets it be read, which would end it.
func long(handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
		handler(w, r)
	}
}

// stuckAfter is how long the monitor itself may not have looked, in a process that works.
const stuckAfter = 30 * time.Second

// serveHealth says whether the process makes progress. It does not while all shards are
// stalled by callbacks that do not return: to end the process, whose sessions are resumed by
// the next, is then the way out.
func (m *Monitor) serveHealth(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	o, ticked := m.last.overview, m.ticked
	m.mu.Unlock()
	shards := 0
	for _, n := range o.States {
		shards += n
	}
	switch late := time.Since(ticked); {
	case late > stuckAfter:
		plain(w, http.StatusServiceUnavailable, fmt.Sprintf("stuck: the engine has not been looked at for %v", late.Round(time.Second)))
	case shards > 0 && o.Stalled == shards:
		plain(w, http.StatusServiceUnavailable, fmt.Sprintf("stuck: all %d shards are stalled; callbacks do not return", shards))
	default:
		plain(w, http.StatusOK, "ok")
	}
}

// serveReady says whether enough shards are ready, as they stand now.
func (m *Monitor) serveReady(w http.ResponseWriter, r *http.Request) {
	shards, ready := 0, 0
	for s := range m.engine.Shards() {
		shards++
		if s.State() == lifecycle.Ready {
			ready++
		}
	}
	needed, status := needed(m.config.ReadyShare, shards), http.StatusOK
	if ready < needed {
		status = http.StatusServiceUnavailable
	}
	plain(w, status, fmt.Sprintf("%d of %d shards are ready, %d are needed", ready, shards, needed))
}

// needed returns how many of the shards a share is, where 0 stands for all: one at least.
func needed(share float64, shards int) int {
	if share == 0 {
		share = 1
	}
	return max(1, int(math.Ceil(share*float64(shards))))
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, text)
}

func (m *Monitor) serveMetrics(w http.ResponseWriter, r *http.Request) {
	if m.config.Metrics == nil {
		plain(w, http.StatusNotFound, "no metrics are configured: set Config.Metrics, for example to the handler of package engine/metrics")
		return
	}
	m.config.Metrics.ServeHTTP(w, r)
}

// shardRow is a shard in a list.
type shardRow struct {
	ID          int             `json:"id"`
	Total       int             `json:"total"`
	State       lifecycle.State `json:"state"`
	Events      uint64          `json:"events"`
	BytesWire   uint64          `json:"bytes_wire"`
	Latency     time.Duration   `json:"latency_ns"` // of the last heartbeat
	InCallbacks time.Duration   `json:"in_callbacks_ns"`
	Reconnects  uint64          `json:"reconnects"`
	Queued      int             `json:"queued"`
	NotReady    time.Time       `json:"not_ready_since,omitzero"`
	Stalled     bool            `json:"stalled,omitempty"`
}

func rowOf(s *engine.Shard) shardRow {
	of := s.Stats()
	row := shardRow{
		ID: s.ID(), Total: s.Total(), State: s.State(), Events: of.Events, BytesWire: of.BytesWire, Latency: of.Latency,
		InCallbacks: of.InCallbacks, Reconnects: of.Reconnects, Queued: of.Queued, Stalled: of.Stalled > 0,
	}
	if row.State != lifecycle.Ready {
		row.NotReady = of.NotReadySince
	}
	return row
}

func (m *Monitor) serveShards(w http.ResponseWriter, r *http.Request) {
	list := make([]shardRow, 0)
	for s := range m.engine.Shards() {
		list = append(list, rowOf(s))
	}
	answer(w, http.StatusOK, struct {
		At     time.Time  `json:"at"`
		Shards []shardRow `json:"shards"`
	}{time.Now(), list})
}

// group is the states of the shards of one total, a digit each.
type group struct {
	Total  int    `json:"total"`
	IDs    []int  `json:"ids,omitempty"` // none: 0, 1, 2 …
	States string `json:"states"`
}

func (m *Monitor) serveStates(w http.ResponseWriter, r *http.Request) {
	groups := make([]group, 0, 1)
	var states []byte
	inRow := true
	end := func() {
		if n := len(groups); n > 0 {
			groups[n-1].States = string(states)
			if inRow {
				groups[n-1].IDs = nil
			}
		}
		states, inRow = nil, true
	}
	for s := range m.engine.Shards() {
		if n := len(groups); n == 0 || groups[n-1].Total != s.Total() {
			end()
			groups = append(groups, group{Total: s.Total()})
		}
		g := &groups[len(groups)-1]
		inRow = inRow && s.ID() == len(g.IDs)
		g.IDs = append(g.IDs, s.ID())
		states = append(states, '0'+byte(s.State()))
	}
	end()
	answer(w, http.StatusOK, struct {
		States []string `json:"states"` // what the digits mean
		Groups []group  `json:"groups"`
	}{stateNames(), groups})
}

func stateNames() []string {
	names := make([]string, len(lifecycle.States{}))
	for i := range names {
		names[i] = lifecycle.State(i).String()
	}
	return names
}

// find returns the shard that a request names, or answers that there is none.
func (m *Monitor) find(w http.ResponseWriter, r *http.Request) *engine.Shard {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || id < 0 {
		refuse(w, r, http.StatusBadRequest, "a shard is named by its number, such as 17")
		return nil
	}
	total := 0
	if text := r.FormValue("total"); text != "" {
		if total, err = strconv.Atoi(text); err != nil {
			refuse(w, r, http.StatusBadRequest, "total must be a number of shards")
			return nil
		}
	}
	var found *engine.Shard // the newest total comes last
	for s := range m.engine.Shards() {
		if s.ID() == id && (total == 0 || s.Total() == total) {
			found = s
		}
	}
	if found == nil {
		refuse(w, r, http.StatusNotFound, fmt.Sprintf("there is no shard %d (any more)", id))
	}
	return found
}

func (m *Monitor) serveShard(w http.ResponseWriter, r *http.Request) {
	if s := m.find(w, r); s != nil {
		answer(w, http.StatusOK, s.View().Public())
	}
}

// serveHistory answers with the last seconds (default 3600) in so many points (default 300).
func (m *Monitor) serveHistory(w http.ResponseWriter, r *http.Request) {
	seconds, points := keptSeconds, 300
	for name, to := range map[string]*int{"seconds": &seconds, "points": &points} {
		if text := r.FormValue(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || n > keptSeconds {
				refuse(w, r, http.StatusBadRequest, fmt.Sprintf("%s must be a number from 1 to %d", name, keptSeconds))
				return
			}
			*to = n
		}
	}
	points = min(points, seconds)
	m.mu.Lock()
	f := m.history.read(time.Now(), time.Duration(seconds)*time.Second, points)
	m.mu.Unlock()
	answer(w, http.StatusOK, f)
}
