package gatewaytest

import (
	"encoding/json"
	"time"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/gatewire"
)

// command obeys what an identified client asks for, with events for its session alone.
func (c *conn) command(s *session, op gateway.Opcode, d json.RawMessage, now time.Time) {
	var ok bool
	switch op {
	case gateway.OpPresenceUpdate:
		var data *struct {
			Status *string `json:"status"`
		}
		ok = json.Unmarshal(d, &data) == nil && data != nil
	case gateway.OpVoiceStateUpdate:
		ok = s.voiceState(d)
	case gateway.OpRequestGuildMembers:
		ok = s.requestMembers(d, now)
	case gateway.OpRequestSoundboardSounds:
		ok = s.requestSounds(d)
	case gateway.OpRequestChannelInfo:
		ok = s.requestChannelInfo(d)
	}
	if !ok {
		c.refuse(gatewire.DecodeError)
	}
}

// newEvent makes an event with v as data.
func newEvent(eventType string, v any) event {
	return event{eventType, mustJSON(v)}
}

// voiceState answers Update Voice State. Nothing is answered about guilds that are not the shard's, here
// and below.
func (s *session) voiceState(d json.RawMessage) bool {
	var data struct {
		GuildID   *gatewire.Snowflake `json:"guild_id"`
		ChannelID *gatewire.Snowflake `json:"channel_id"`
		SelfMute  bool                `json:"self_mute"`
		SelfDeaf  bool                `json:"self_deaf"`
	}
	if json.Unmarshal(d, &data) != nil || data.GuildID == nil {
		return false
	}
	s.answer(func() (events []event) {
		guild, ok := s.guild(uint64(*data.GuildID))
		if !ok {
			return nil
		}
		events = append(events, newEvent("VOICE_STATE_UPDATE", map[string]any{
			"guild_id": data.GuildID, "channel_id": data.ChannelID, "user_id": gatewire.Snowflake(s.srv.cfg.bot), "session_id": s.id,
			"self_mute": data.SelfMute, "self_deaf": data.SelfDeaf, "mute": false, "deaf": false, "self_video": false,
			"suppress": false, "request_to_speak_timestamp": nil,
			"member": json.RawMessage(guild.Bot().Object()),
		}))
		if data.ChannelID != nil {
			events = append(events, newEvent("VOICE_SERVER_UPDATE", map[string]any{
				"guild_id": data.GuildID, "token": "voice", "endpoint": "voice.gatewaytest.example:443",
			}))
		}
		return events
	})
	return true
}

// requestSounds answers Request Soundboard Sounds.
func (s *session) requestSounds(d json.RawMessage) bool {
	var data struct {
		GuildIDs *[]gatewire.Snowflake `json:"guild_ids"`
	}
	if json.Unmarshal(d, &data) != nil || data.GuildIDs == nil {
		return false
	}
	s.answer(func() (events []event) {
		for _, id := range *data.GuildIDs {
			if guild, ok := s.guild(uint64(id)); ok {
				events = append(events, event{"SOUNDBOARD_SOUNDS", guild.AppendSounds(nil)})
			}
		}
		return events
	})
	return true
}

// requestChannelInfo answers Request Channel Info, about the voice channels.
func (s *session) requestChannelInfo(d json.RawMessage) bool {
	var data struct {
		GuildID *gatewire.Snowflake `json:"guild_id"`
		Fields  *[]string           `json:"fields"`
	}
	if json.Unmarshal(d, &data) != nil || data.GuildID == nil || data.Fields == nil {
		return false
	}
	var status, started bool
	for _, field := range *data.Fields {
		switch field {
		case "status":
			status = true
		case "voice_start_time":
			started = true
		default:
			return false
		}
	}
	s.answer(func() (events []event) {
		if guild, ok := s.guild(uint64(*data.GuildID)); ok {
			events = append(events, event{"CHANNEL_INFO", guild.AppendChannelInfo(nil, status, started)})
		}
		return events
	})
	return true
}
