package gatewaytest

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/sluice-go/sluice/internal/traffic"
)

// getGateway is Discord's Get Gateway.
func (c *call) getGateway() {
	c.answer(http.StatusOK, map[string]string{"url": c.srv.publicURL()})
}

// getGatewayBot is Discord's Get Gateway Bot.
func (c *call) getGatewayBot() {
	type startLimit struct {
		Total          int   `json:"total"`
		Remaining      int   `json:"remaining"`
		ResetAfter     int64 `json:"reset_after"`
		MaxConcurrency int   `json:"max_concurrency"`
	}
	s := c.srv
	remaining, resetAfter := s.starts.state(time.Now())
	c.answer(http.StatusOK, struct {
		URL    string     `json:"url"`
		Shards int        `json:"shards"`
		Limit  startLimit `json:"session_start_limit"`
	}{s.publicURL(), s.cfg.shards, startLimit{
		Total:          s.cfg.startTotal,
		Remaining:      remaining,
		ResetAfter:     resetAfter.Milliseconds(),
		MaxConcurrency: s.cfg.maxConcurrency,
	}})
}

// getCurrentUser is Discord's Get Current User.
func (c *call) getCurrentUser() {
	c.answer(http.StatusOK, json.RawMessage(traffic.Bot(nil, c.srv.cfg.bot)))
}

// getApplication is Discord's Get Current Application, and Get Current Bot Application Information.
func (c *call) getApplication() {
	c.answer(http.StatusOK, json.RawMessage(traffic.Application(nil, c.srv.cfg.bot)))
}
