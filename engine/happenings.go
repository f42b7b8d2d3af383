package engine

import (
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/sluice-go/sluice/engine/internal/secret"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// This file keeps the last happenings of each shard. None of them lies on the way of an
// event: they are changes of state, and what goes with them.

const (
	// maxHappenings is how many are kept for a shard.
	maxHappenings = 100

	// maxCauseText is how long a text in one may be, and maxCauseTexts what all texts of a shard
	// may take, so that with the records (24 bytes each, and 32 of detail) it is no more than 8 KiB.
	maxCauseText  = 200
	maxCauseTexts = 2500
)

// record is a lifecycle.Happening as it is kept. Those of a shard with a quiet life have no
// detail, and take 24 bytes.
type record struct {
	at       int64 // Unix time in ns
	detail   *recordDetail
	code     gateway.CloseCode
	kind     lifecycle.HappeningKind
	from, to lifecycle.State
	by       lifecycle.Closer
}

// recordDetail is what only some happenings have. It is never changed.
type recordDetail struct {
	text string
	a, b int64
}

// told returns the record's detail, and setDetail sets it, which takes no memory if it is empty.
func (r *record) told() (d recordDetail) {
	if r.detail != nil {
		d = *r.detail
	}
	return d
}

func (r *record) setDetail(d recordDetail) {
	r.detail = nil
	if d != (recordDetail{}) {
		r.detail = &d
	}
}

// story is the ring of a shard's last happenings. Memory is taken as they come, and none
// before the first.
type story struct {
	mu    sync.Mutex
	ring  []record
	first int // where the oldest lies, once the ring has its full length
	texts int // bytes of texts, each counted once while records in a row share it
}

// add keeps a happening.
func (s *story) add(h *lifecycle.Happening) {
	r := record{at: h.At.UnixNano(), code: h.Code, kind: h.Kind, from: h.From, to: h.To, by: h.By}
	d := recordDetail{text: h.Cause, a: h.First, b: h.Last}
	switch h.Kind {
	case lifecycle.HappenedResumed:
		d.b = h.Replayed
	case lifecycle.HappenedSlow:
		d.a = int64(h.Took)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := s.lastText(); last == d.text {
		d.text = last // kept once
	} else {
		s.texts += len(d.text)
	}
	r.setDetail(d)
	switch n := len(s.ring); {
	case n == maxHappenings:
		s.forget(&s.ring[s.first])
		s.ring[s.first] = r
		s.first = (s.first + 1) % maxHappenings
	case n == cap(s.ring): // 6, 24, 96, 100: most shards have a quiet life
		grown := make([]record, n, min(max(6, 4*n), maxHappenings))
		copy(grown, s.ring)
		s.ring = grown
		fallthrough
	default:
		s.ring = append(s.ring, r)
	}
	for i := 0; s.texts > maxCauseTexts; i++ {
		s.forget(&s.ring[(s.first+i)%len(s.ring)])
	}
}

// lastText returns the text of the newest record that has one.
func (s *story) lastText() string {
	for i := range s.ring {
		if text := s.ring[(s.first+len(s.ring)-1-i)%len(s.ring)].told().text; text != "" {
			return text
		}
	}
	return ""
}

// forget drops the text of the oldest record that has one. It stays in the sum while the next
// that has one shares it.
func (s *story) forget(r *record) {
	d := r.told()
	text := d.text
	if text == "" {
		return
	}
	r.setDetail(recordDetail{a: d.a, b: d.b})
	for i := range s.ring {
		next := s.ring[(s.first+i)%len(s.ring)].told().text
		if next == "" {
			continue
		}
		if next == text {
			return
		}
		break
	}
	s.texts -= len(text)
}

// list returns what is kept, the oldest first.
func (s *story) list(shard, total int) []lifecycle.Happening {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ring) == 0 {
		return nil
	}
	list := make([]lifecycle.Happening, 0, len(s.ring))
	for i := range s.ring {
		r := &s.ring[(s.first+i)%len(s.ring)]
		d := r.told()
		h := lifecycle.Happening{
			At: time.Unix(0, r.at), Shard: shard, Total: total, Kind: r.kind, From: r.from, To: r.to,
			Cause: d.text, Code: r.code, By: r.by, First: d.a, Last: d.b,
		}
		switch r.kind {
		case lifecycle.HappenedResumed:
			h.Last, h.Replayed = 0, d.b
		case lifecycle.HappenedSlow:
			h.First, h.Took = 0, time.Duration(d.a)
		}
		list = append(list, h)
	}
	return list
}

// noted reports whether events of a type are kept as happenings.
func noted(t gateway.EventType) bool {
	switch t {
	case gateway.EventStateChanged, gateway.EventClosed, gateway.EventSessionLost, gateway.EventSessionResumed:
		return true
	}
	return false
}

// note keeps what a synthetic event tells, and tells the watches. The loop's alone.
func (s *Shard) note(now time.Time, detail any) {
	state := s.core.State()
	h := lifecycle.Happening{At: now, Shard: s.id, Total: s.total, From: state, To: state}
	switch d := detail.(type) {
	case *lifecycle.StateChange:
		h.Kind, h.From, h.To, h.Cause = lifecycle.HappenedState, d.From, d.To, s.causeText(d.Cause, "")
	case *lifecycle.Closed:
		h.Kind, h.Code, h.By, h.Cause = lifecycle.HappenedClosed, d.Code, d.By, s.causeText(d.Err, "")
		if d.Err == nil && d.Reason != "" {
			h.Cause = s.shown(d.Reason, "")
		}
	case *lifecycle.SessionLost:
		h.Kind, h.First, h.Last, h.Cause = lifecycle.HappenedLost, d.From, d.To, s.causeText(d.Cause, d.Session)
	case *lifecycle.SessionResumed:
		h.Kind, h.First, h.Replayed = lifecycle.HappenedResumed, d.From, int64(d.Replayed)
	default:
		return
	}
	s.happened(&h)
}

// noteSlow keeps that callbacks held up the shard. The loop's alone.
func (s *Shard) noteSlow(now time.Time, event string, took time.Duration) {
	state := s.core.State()
	s.happened(&lifecycle.Happening{
		At: now, Shard: s.id, Total: s.total, Kind: lifecycle.HappenedSlow, From: state, To: state,
		Cause: s.shown(event, ""), Took: took,
	})
}

func (s *Shard) happened(h *lifecycle.Happening) {
	s.story.add(h)
	s.engine.watches.tell(h)
}

func (s *Shard) causeText(err error, session string) string {
	if err == nil {
		return ""
	}
	return s.shown(err.Error(), session)
}

// shown returns a text without what may not be shown: the token, the ID of the session,
// the query of its URL. A peer may have put them there. It is a copy, and short.
func (s *Shard) shown(text, session string) string {
	text = s.config.Token.secret().Redact(text)
	own := s.core.Session()
	text = without(text, session)
	text = without(text, own.ID)
	text = without(text, queryOf(own.ResumeURL))
	if len(text) <= maxCauseText {
		return strings.Clone(text)
	}
	end := maxCauseText - len("…")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// queryOf returns the query of a URL, "" for none.
func queryOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.RawQuery
}

// without takes a secret out of a text. What is very short is no secret, but part of words.
func without(text, hidden string) string {
	if len(hidden) < 4 {
		return text
	}
	return strings.ReplaceAll(text, hidden, secret.Redacted)
}

// Happenings returns the last 100 things that became of the shard, the oldest first: its
// changes of state, ends of connections, losses and resumes, and slow callbacks. They take
// 8 KiB at most for a shard, for which texts of old ones are left out where they are long.
func (s *Shard) Happenings() []lifecycle.Happening { return s.story.list(s.id, s.total) }
