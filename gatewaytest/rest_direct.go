package gatewaytest

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/sluice-go/sluice/internal/gatewire"
)

// channelDirect is the type of a direct message's channel.
const channelDirect = 1

// maxDirect bounds how many direct messages a bot can open.
const maxDirect = 4096

// postDirect is Discord's Create DM, with somebody who is a member of a guild of the bot's. The same
// user has the same channel each time.
func (c *call) postDirect() {
	var sent struct {
		Recipient gatewire.Snowflake `json:"recipient_id"`
	}
	if !c.read(&sent) {
		return
	}
	s := c.srv
	user, ok := s.user(uint64(sent.Recipient))
	if !ok {
		c.fail(http.StatusBadRequest, 50033, "Invalid Recipient(s)")
		return
	}
	s.mu.Lock()
	channel := s.recipients[sent.Recipient]
	full := channel == "" && len(s.recipients) >= maxDirect
	if channel == "" && !full {
		channel = s.messageID(time.Now())
		s.recipients[sent.Recipient], s.direct[channel] = channel, true
	}
	s.mu.Unlock()
	if full {
		c.fail(http.StatusBadRequest, 40003, "You are opening direct messages too fast.")
		return
	}
	c.answer(http.StatusOK, map[string]any{
		"id": channel, "type": channelDirect, "last_message_id": nil, "flags": 0, "recipients": []any{json.RawMessage(user)},
	})
}

// user finds a user who is not the bot.
func (s *Server) user(id uint64) (object string, ok bool) {
	if id == s.cfg.bot {
		return "", false
	}
	for _, session := range s.all(false) {
		if user, ok := session.user(id); ok {
			return user, true
		}
	}
	return "", false
}
