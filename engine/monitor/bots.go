package monitor

import (
	"net/http"
	"time"
)

// Bot is a client of this process's own gateway, as the page shows it.
type Bot struct {
	Name  string    `json:"name"`
	Shard int       `json:"shard"`
	Total int       `json:"total"`
	State BotState  `json:"state"`
	Since time.Time `json:"since"`          // when its session began
	Away  time.Time `json:"away,omitzero"`  // since when it has no connection
	Peer  string    `json:"peer,omitempty"` // the address of its connection

	Compression string `json:"compression,omitempty"`
	Seq         int64  `json:"seq"`          // of the last event that it was sent
	Acked       int64  `json:"acked"`        // of its last heartbeat
	Behind      int64  `json:"behind_bytes"` // of events, that it has yet to be sent
}

// BotState says how a bot is, in a word.
type BotState string

// How bots are.
const (
	BotConnected BotState = "connected"
	BotSlow      BotState = "slow" // it reads more slowly than events come
	BotAway      BotState = "away" // it may resume
)

// serveBots lists the bots.
func (m *Monitor) serveBots(w http.ResponseWriter, r *http.Request) {
	if m.config.Bots == nil {
		refuse(w, r, http.StatusNotFound, "this process is no gateway for bots: set Config.Bots where it is")
		return
	}
	answer(w, http.StatusOK, struct {
		At   time.Time `json:"at"`
		Bots []Bot     `json:"bots"`
	}{time.Now(), m.bots()})
}

// bots returns the bots; never nil.
func (m *Monitor) bots() []Bot {
	if m.config.Bots == nil {
		return []Bot{}
	}
	return append([]Bot{}, m.config.Bots()...)
}
