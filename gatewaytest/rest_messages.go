package gatewaytest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluice-go/sluice/internal/traffic"
)

// maxContent is the longest text of a message, in characters.
const maxContent = 2000

// postMessage is Discord's Create Message. The shard of the channel's guild gets a MESSAGE_CREATE.
func (c *call) postMessage() {
	if kind := c.Request.Header.Get("Content-Type"); strings.HasPrefix(kind, "multipart/") {
		c.fail(http.StatusNotImplemented, 0, "501: the test gateway takes messages as application/json, without files")
		return
	}
	var sent struct {
		Content    string            `json:"content"`
		Embeds     []json.RawMessage `json:"embeds"`
		Components []json.RawMessage `json:"components"`
		StickerIDs []string          `json:"sticker_ids"`
		Poll       json.RawMessage   `json:"poll"`
		TTS        bool              `json:"tts"`
		Flags      int64             `json:"flags"`
		Nonce      any               `json:"nonce"`
		Reference  *struct {
			Type      int    `json:"type"`
			MessageID string `json:"message_id"`
			ChannelID string `json:"channel_id,omitempty"`
			GuildID   string `json:"guild_id,omitempty"`
		} `json:"message_reference"`
	}
	if !c.read(&sent) {
		return
	}
	channel, err := strconv.ParseUint(c.PathValue("channel"), 10, 64)
	if err != nil {
		c.invalid("channel_id", "NUMBER_TYPE_COERCE", "Value \""+c.PathValue("channel")+"\" is not snowflake.")
		return
	}
	guild, sessions := c.srv.channelSessions(channel)
	switch {
	case len(sessions) == 0:
		c.fail(http.StatusNotFound, 10003, "Unknown Channel")
		return
	case utf8.RuneCountInString(sent.Content) > maxContent:
		c.invalid("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
		return
	case sent.Content == "" && len(sent.Embeds) == 0 && len(sent.Components) == 0 && len(sent.StickerIDs) == 0 && sent.Poll == nil:
		c.fail(http.StatusBadRequest, 50006, "Cannot send an empty message")
		return
	}
	now := time.Now()
	message := map[string]any{
		"id": c.srv.messageID(now), "channel_id": strconv.FormatUint(channel, 10), "channel_type": 0,
		"type": 0, "content": sent.Content, "tts": sent.TTS, "flags": sent.Flags, "pinned": false,
		"timestamp": now.UTC().Format("2006-01-02T15:04:05.000000+00:00"), "edited_timestamp": nil,
		"author":   json.RawMessage(traffic.Bot(nil, c.srv.cfg.bot)),
		"mentions": []any{}, "mention_roles": []any{}, "mention_everyone": false, "attachments": []any{},
		"embeds": append([]json.RawMessage{}, sent.Embeds...), "components": append([]json.RawMessage{}, sent.Components...),
	}
	if sent.Nonce != nil {
		message["nonce"] = sent.Nonce
	}
	if sent.Reference != nil {
		message["type"], message["message_reference"], message["referenced_message"] = 19, sent.Reference, nil
	}
	event := maps.Clone(message)
	event["guild_id"] = strconv.FormatUint(guild, 10)
	event["member"] = json.RawMessage(traffic.BotMember(nil))
	for _, session := range sessions {
		session.send("MESSAGE_CREATE", event)
	}
	c.answer(http.StatusOK, message)
}

// botMember returns the bot as a member, with the user inside.
func botMember(id uint64) json.RawMessage {
	member := append(traffic.BotUser([]byte(`{"user":`), id), ',')
	return append(member, traffic.BotMember(nil)[1:]...)
}

// channelSessions returns the guild that a channel is of, and the live sessions of its shard.
func (s *Server) channelSessions(channel uint64) (guild uint64, sessions []*session) {
	for _, session := range s.all(false) {
		for _, id := range session.guilds {
			if id == guild || guild == 0 && slices.Contains(s.channels(id), channel) {
				guild = id
				sessions = append(sessions, session)
				break
			}
		}
	}
	return guild, sessions
}

// channels returns the ids of the channels of a guild that messages can be sent to. Each guild's are
// looked up once.
func (s *Server) channels(guild uint64) []uint64 {
	if known, ok := s.channelCache.Load(guild); ok {
		return known.([]uint64)
	}
	ids := s.maker().Channels(guild, s.cfg.guildSize)
	s.channelCache.Store(guild, ids)
	return ids
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
