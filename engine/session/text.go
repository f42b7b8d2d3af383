package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/gateway"
)

// snapshotVersion is the format that this file writes, and reads.
const snapshotVersion = 1

// The text of a snapshot is one JSON object, with a line for each session:
//
//	{"version":1,"saved":"2026-08-01T12:00:00Z","bot":"9f86…","shard_count":2,
//	"budget":{"total":1000,"remaining":990,"reset_at":"2026-08-02T11:00:00Z"},
//	"sessions":[
//	{"shard":0,"session_id":"abc","resume_gateway_url":"wss://us-east1-b.discord.gg","seq":7},
//	{"shard":1,"session_id":"def","seq":1}
//	]}
type snapshotText struct {
	Version  int           `json:"version"`
	Saved    time.Time     `json:"saved"`
	Bot      string        `json:"bot"`
	Shards   int           `json:"shard_count"`
	Budget   *budgetText   `json:"budget"`
	Sessions []sessionText `json:"sessions"`
}

type budgetText struct {
	Total     int       `json:"total"`
	Remaining int       `json:"remaining"`
	ResetAt   time.Time `json:"reset_at"`
}

type sessionText struct {
	Shard     int    `json:"shard"`
	ID        string `json:"session_id"`
	ResumeURL string `json:"resume_gateway_url,omitempty"`
	Seq       int64  `json:"seq"`
}

// AppendText appends the snapshot as JSON, which [Parse] reads. The error
// says what in the snapshot makes no sense.
func (s *Snapshot) AppendText(dst []byte) ([]byte, error) {
	if err := s.Check(); err != nil {
		return dst, err
	}
	bot, _ := json.Marshal(s.Bot)
	dst = fmt.Appendf(dst, `{"version":%d,"saved":%q,"bot":%s,"shard_count":%d,`+"\n",
		snapshotVersion, s.Saved.UTC().Format(time.RFC3339Nano), bot, s.Shards)
	if b := s.Budget; b.Total > 0 {
		dst = fmt.Appendf(dst, `"budget":{"total":%d,"remaining":%d,"reset_at":%q},`+"\n",
			b.Total, b.Remaining, b.ResetAt.UTC().Format(time.RFC3339Nano))
	}
	dst = append(dst, `"sessions":[`...)
	for i, saved := range s.Sessions {
		if i > 0 {
			dst = append(dst, ',')
		}
		line, err := json.Marshal(sessionText{saved.Shard, saved.ID, saved.ResumeURL, saved.Seq})
		if err != nil {
			return dst, err
		}
		dst = append(append(dst, '\n'), line...)
	}
	return append(dst, "\n]}\n"...), nil
}

// Parse reads what [Snapshot.AppendText] wrote, and refuses everything
// that it would not have written. b is not kept.
func Parse(b []byte) (*Snapshot, error) {
	var text snapshotText
	if err := json.Unmarshal(b, &text); err != nil {
		return nil, fmt.Errorf("engine: bad snapshot: %w", err)
	}
	if text.Version != snapshotVersion {
		return nil, fmt.Errorf("engine: bad snapshot: its format is %d, but this version of the engine reads %d", text.Version, snapshotVersion)
	}
	s := &Snapshot{Bot: text.Bot, Shards: text.Shards, Saved: text.Saved.UTC()}
	if b := text.Budget; b != nil {
		s.Budget = identify.Budget{Total: b.Total, Remaining: b.Remaining, ResetAt: b.ResetAt.UTC()}
		if b.Total <= 0 {
			return nil, errors.New("engine: bad snapshot: a budget of nothing")
		}
	}
	if len(text.Sessions) > 0 {
		s.Sessions = make([]Saved, len(text.Sessions))
	}
	for i, t := range text.Sessions {
		s.Sessions[i] = Saved{t.Shard, Session{t.ID, t.ResumeURL, t.Seq}}
	}
	if err := s.Check(); err != nil {
		return nil, err
	}
	return s, nil
}

// Check says what in a snapshot makes no sense: nil for one that AppendText writes.
func (s *Snapshot) Check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("engine: bad snapshot: "+format, args...)
	}
	if s.Bot == "" || len(s.Bot) > 1024 || !utf8.ValidString(s.Bot) {
		return bad("it does not say whose it is")
	}
	if s.Shards < 1 || s.Shards > gateway.MaxShards {
		return bad("%d shards", s.Shards)
	}
	b := s.Budget
	if b.Total < 0 || b.Remaining < 0 || b.Remaining > b.Total {
		return bad("%d of %d identifies are left", b.Remaining, b.Total)
	}
	for _, at := range []time.Time{s.Saved, b.ResetAt} {
		if year := at.UTC().Year(); year < 1 || year > 9999 {
			return bad("a time in the year %d", year)
		}
	}
	last := -1
	for _, saved := range s.Sessions {
		if saved.Shard <= last || saved.Shard >= s.Shards {
			return bad("a session of shard %d behind one of shard %d, of %d shards", saved.Shard, last, s.Shards)
		}
		last = saved.Shard
		if !saved.Keepable() {
			return bad("the session of shard %d cannot be resumed", saved.Shard)
		}
	}
	return nil
}

// Keepable reports whether the session can be resumed, as far as can be told from
// it, and be written down.
func (s Session) Keepable() bool {
	return s.ID != "" && s.Seq >= 1 && utf8.ValidString(s.ID) && utf8.ValidString(s.ResumeURL)
}
