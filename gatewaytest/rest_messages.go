package gatewaytest

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/sluice-go/sluice/internal/traffic"
)

const (
	// maxContent is the longest text of a message, in characters.
	maxContent = 2000

	timestampLayout = "2006-01-02T15:04:05.000000+00:00"
)

// The flags of messages that matter here (Discord: "Message Flags").
const (
	flagEphemeral = 1 << 6
	flagLoading   = 1 << 7
)

// sentMessage is what a client says of a message.
type sentMessage struct {
	Content     *string           `json:"content"`
	Embeds      []json.RawMessage `json:"embeds"`
	Components  []json.RawMessage `json:"components"`
	Attachments []struct {
		ID          json.RawMessage `json:"id"`
		Description string          `json:"description"`
	} `json:"attachments"`
	StickerIDs []string        `json:"sticker_ids"`
	Poll       json.RawMessage `json:"poll"`
	TTS        bool            `json:"tts"`
	Flags      int64           `json:"flags"`
	Nonce      any             `json:"nonce"`
	Reference  *struct {
		Type      int    `json:"type"`
		MessageID string `json:"message_id"`
		ChannelID string `json:"channel_id,omitempty"`
		GuildID   string `json:"guild_id,omitempty"`
	} `json:"message_reference"`

	files []sentFile
}

// text returns the content, "" if there is none.
func (m *sentMessage) text() string {
	if m.Content == nil {
		return ""
	}
	return *m.Content
}

// postMessage is Discord's Create Message. The shard of the channel's guild, or shard 0 if it is a direct
// message, gets a MESSAGE_CREATE.
func (c *call) postMessage() {
	var sent sentMessage
	if !c.readMessage(&sent, &sent) {
		return
	}
	channel := c.PathValue("channel")
	if _, err := strconv.ParseUint(channel, 10, 64); err != nil {
		c.invalid("channel_id", "NUMBER_TYPE_COERCE", "Value \""+channel+"\" is not snowflake.")
		return
	}
	place, ok := c.srv.place(channel)
	if !ok {
		c.fail(http.StatusNotFound, 10003, "Unknown Channel")
		return
	}
	if !c.checkMessage(&sent) {
		return
	}
	message := c.srv.newMessage(&sent, place)
	place.tell("MESSAGE_CREATE", message)
	c.answer(http.StatusOK, message)
}

// checkMessage answers, and reports false, if a message could not be Discord's.
func (c *call) checkMessage(sent *sentMessage) bool {
	switch {
	case utf8.RuneCountInString(sent.text()) > maxContent:
		c.invalid("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
	case sent.text() == "" && len(sent.Embeds) == 0 && len(sent.Components) == 0 && len(sent.StickerIDs) == 0 &&
		sent.Poll == nil && len(sent.files) == 0:
		c.fail(http.StatusBadRequest, 50006, "Cannot send an empty message")
	default:
		return true
	}
	return false
}

// newMessage makes the message object of a message of the bot (Discord: "Message Object").
func (s *Server) newMessage(sent *sentMessage, p place) map[string]any {
	now := time.Now()
	message := map[string]any{
		"id": s.messageID(now), "channel_id": p.channel, "channel_type": p.kind,
		"type": 0, "content": sent.text(), "tts": sent.TTS, "flags": sent.Flags, "pinned": false,
		"timestamp": now.UTC().Format(timestampLayout), "edited_timestamp": nil,
		"author":   json.RawMessage(traffic.BotUser(nil, s.cfg.bot)),
		"mentions": []any{}, "mention_roles": []any{}, "mention_everyone": false, "attachments": s.attach(sent, p.channel),
		"embeds": append([]json.RawMessage{}, sent.Embeds...), "components": append([]json.RawMessage{}, sent.Components...),
	}
	if sent.Nonce != nil {
		message["nonce"] = sent.Nonce
	}
	if sent.Reference != nil {
		message["type"], message["message_reference"], message["referenced_message"] = 19, sent.Reference, nil
	}
	return message
}

// A place is a channel where messages can be written: of a guild, or of a direct message.
type place struct {
	channel  string
	kind     int        // the channel's type
	guild    uint64     // 0: none
	member   string     // the bot's, as messages of the guild have it
	sessions []*session // the live ones of the guild's shard, or of shard 0
}

// place finds the channel with an id, and reports whether there is one.
func (s *Server) place(channel string) (p place, ok bool) {
	p.channel = channel
	s.mu.Lock()
	direct := s.direct[channel]
	s.mu.Unlock()
	if direct {
		p.kind, p.sessions = channelDirect, s.live(0)
		return p, true
	}
	for _, session := range s.all(false) {
		if guild, kind, found := session.channel(channel); found {
			p.guild, p.kind, p.member = guild.ID(), kind, guild.Bot().Partial()
			p.sessions = append(p.sessions, session)
		}
	}
	return p, len(p.sessions) > 0
}

// tell sends those who see the channel an event about a message.
func (p place) tell(eventType string, message map[string]any) {
	data := maps.Clone(message)
	if p.guild != 0 {
		data["guild_id"] = strconv.FormatUint(p.guild, 10)
		if data["author"] != nil {
			data["member"] = json.RawMessage(p.member)
		}
	}
	for _, session := range p.sessions {
		session.dispatch(newEvent(eventType, data))
	}
}

// messageID makes the id of a message that was sent now: higher than all before it.
func (s *Server) messageID(now time.Time) string {
	id := uint64(now.UnixMilli()-1_420_070_400_000) << 22
	for {
		last := s.lastMessage.Load()
		if id <= last {
			id = last + 1
		}
		if s.lastMessage.CompareAndSwap(last, id) {
			return strconv.FormatUint(id, 10)
		}
	}
}
