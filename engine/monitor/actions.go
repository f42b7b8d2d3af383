package monitor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// atOnce is a context that has ended: what is asked for is done, and not waited for.
var atOnce = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// tell keeps what a person did among the incidents.
func (m *Monitor) tell(note string) {
	m.mu.Lock()
	m.incidents.tell(time.Now(), note)
	m.mu.Unlock()
	if m.stream.listened() {
		m.stream.send("incidents", m.incidentList())
	}
}

// did answers an action that is under way.
func (m *Monitor) did(w http.ResponseWriter, r *http.Request, note string) {
	m.tell(note)
	if wantsHTML(r) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusAccepted)
		_ = pages.ExecuteTemplate(w, "said.html", said{Title: "Done", Text: "Now " + note + "."})
		return
	}
	answer(w, http.StatusAccepted, struct {
		Done string `json:"done"`
	}{note})
}

// restart has a shard redial at once; its session is resumed.
func (m *Monitor) restart(w http.ResponseWriter, r *http.Request) {
	s := m.find(w, r)
	if s == nil {
		return
	}
	if err := s.Restart(atOnce); s.State() == lifecycle.Stopped || errors.Is(err, engine.ErrStopped) {
		refuse(w, r, http.StatusGone, fmt.Sprintf("shard %d has stopped for good", s.ID()))
		return
	}
	m.did(w, r, fmt.Sprintf("shard %d is restarted", s.ID()))
}

// closeShard ends a shard for good. Its session is kept by the gateway for some minutes.
func (m *Monitor) closeShard(w http.ResponseWriter, r *http.Request) {
	s := m.find(w, r)
	if s == nil {
		return
	}
	if s.State() == lifecycle.Stopped {
		refuse(w, r, http.StatusGone, fmt.Sprintf("shard %d has stopped for good", s.ID()))
		return
	}
	_, _ = s.Close(atOnce, 0, "")
	m.did(w, r, fmt.Sprintf("shard %d is closed for good", s.ID()))
}

// reshardLimit is how long a reshard may take: a very large bot identifies for an hour.
const reshardLimit = 6 * time.Hour

// reshard replaces all shards by others of another total, in the background.
func (m *Monitor) reshard(w http.ResponseWriter, r *http.Request) {
	shards, about := engine.Shards{}, "the number that Discord recommends"
	if text := r.PostFormValue("total"); text != "" {
		total, err := strconv.Atoi(text)
		if err != nil || total < 1 || total > gateway.MaxShards {
			refuse(w, r, http.StatusBadRequest, fmt.Sprintf("total must be a number from 1 to %d, or be left out to ask Discord", gateway.MaxShards))
			return
		}
		shards.Total, about = total, count(total)
	}
	m.mu.Lock()
	busy := m.resharding
	m.resharding = true
	m.mu.Unlock()
	if busy {
		refuse(w, r, http.StatusConflict, "a reshard is under way already")
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), reshardLimit)
	go func() { // Close does not wait: Reshard ends with Run
		select {
		case <-m.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	go func() {
		defer cancel()
		err := m.engine.Reshard(ctx, shards)
		note := "resharding to " + about + " was complete"
		if err != nil {
			note = "resharding failed: " + err.Error()
		}
		m.mu.Lock()
		m.resharding = false
		m.mu.Unlock()
		m.tell(note)
	}()
	m.did(w, r, "all shards are being replaced, by "+about)
}

// setLevel sets what is logged.
func (m *Monitor) setLevel(w http.ResponseWriter, r *http.Request) {
	if m.config.Level == nil {
		refuse(w, r, http.StatusNotFound, "the log's level cannot be changed here: Config.Level is not set")
		return
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(r.PostFormValue("level"))); err != nil {
		refuse(w, r, http.StatusBadRequest, "level must be debug, info, warn or error")
		return
	}
	m.config.Level.Set(level)
	m.did(w, r, "the log's level is set to "+level.String())
}
