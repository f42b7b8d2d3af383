package bridge

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/gatewire"
)

// This file reads what a bot asks of Discord, and writes it anew: the connection to Discord is every
// bot's, so nothing may go over it that Discord would close it for.

// read returns the payload to send for a command of a session's; nil where nothing is to be sent: the guild is
// none of the shard's.
func (cs *commands) read(s *session, op gateway.Opcode, d json.RawMessage) (payload []byte, refused *gatewire.Refusal) {
	var err error
	switch op {
	case gateway.OpVoiceStateUpdate:
		payload, err = cs.readVoice(d)
	case gateway.OpRequestSoundboardSounds:
		payload, err = cs.readSounds(d)
	case gateway.OpRequestChannelInfo:
		payload, err = cs.readChannelInfo(d)
	case gateway.OpRequestGuildMembers:
		return cs.readMembers(s, d)
	}
	if err != nil {
		return nil, gatewire.DecodeError
	}
	return payload, nil
}

// elsewhere reports whether a guild is none of the shard's.
func (cs *commands) elsewhere(guild gatewire.Snowflake) bool {
	return gateway.ShardID(uint64(guild), cs.shard.total) != cs.shard.id
}

func (cs *commands) readVoice(d json.RawMessage) ([]byte, error) {
	var data struct {
		GuildID   gatewire.Snowflake  `json:"guild_id"`
		ChannelID *gatewire.Snowflake `json:"channel_id"`
		SelfMute  bool                `json:"self_mute"`
		SelfDeaf  bool                `json:"self_deaf"`
	}
	if err := json.Unmarshal(d, &data); err != nil || cs.elsewhere(data.GuildID) && data.GuildID != 0 {
		return nil, err
	}
	v := gateway.VoiceState{GuildID: uint64(data.GuildID), SelfMute: data.SelfMute, SelfDeaf: data.SelfDeaf}
	if data.ChannelID != nil {
		v.ChannelID = uint64(*data.ChannelID)
	}
	return gateway.AppendVoiceStateUpdate(nil, &v)
}

func (cs *commands) readSounds(d json.RawMessage) ([]byte, error) {
	var data struct {
		GuildIDs []gatewire.Snowflake `json:"guild_ids"`
	}
	if err := json.Unmarshal(d, &data); err != nil {
		return nil, err
	}
	var here []uint64
	for _, id := range data.GuildIDs {
		if !cs.elsewhere(id) {
			here = append(here, uint64(id))
		}
	}
	if len(here) == 0 && len(data.GuildIDs) > 0 {
		return nil, nil
	}
	return gateway.AppendRequestSoundboardSounds(nil, here)
}

func (cs *commands) readChannelInfo(d json.RawMessage) ([]byte, error) {
	var data struct {
		GuildID gatewire.Snowflake `json:"guild_id"`
		Fields  []string           `json:"fields"`
	}
	if err := json.Unmarshal(d, &data); err != nil {
		return nil, err
	}
	var fields gateway.ChannelFields
	for _, field := range data.Fields {
		switch field {
		case "status":
			fields |= gateway.ChannelStatus
		case "voice_start_time":
			fields |= gateway.ChannelVoiceStartTime
		default:
			return nil, &gateway.FieldError{Op: gateway.OpRequestChannelInfo, Field: "fields", Reason: "holds what is no field"}
		}
	}
	payload, err := gateway.AppendRequestChannelInfo(nil, uint64(data.GuildID), fields)
	if err == nil && cs.elsewhere(data.GuildID) {
		payload = nil
	}
	return payload, err
}

// readMembers reads a Request Guild Members (Discord: "Gateway Events", heading "Request Guild Members"). Its
// nonce is replaced by one of the bridge's, by which the answer finds its way back.
func (cs *commands) readMembers(s *session, d json.RawMessage) ([]byte, *gatewire.Refusal) {
	var data struct {
		GuildID   json.RawMessage `json:"guild_id"`
		Query     *string         `json:"query"`
		Limit     int             `json:"limit"`
		Presences bool            `json:"presences"`
		UserIDs   json.RawMessage `json:"user_ids"`
		Nonce     string          `json:"nonce"`
	}
	if json.Unmarshal(d, &data) != nil || (data.Query == nil) == (data.UserIDs == nil) || data.Limit < 0 {
		return nil, gatewire.DecodeError
	}
	guilds, ok := gatewire.ParseSnowflakes(data.GuildID) // older clients send a list of one
	if !ok || len(guilds) != 1 || guilds[0] == 0 {
		return nil, gatewire.DecodeError
	}
	r := gateway.MembersRequest{
		GuildID: uint64(guilds[0]), Presences: data.Presences && s.intents&gateway.IntentGuildPresences != 0,
	}
	if data.Query != nil {
		r.Query, r.Limit = *data.Query, data.Limit
		if r.Query != "" {
			r.Limit = min(r.Limit, gateway.MaxMembersAsked)
		}
		if r.Query == "" && r.Limit == 0 && s.intents&gateway.IntentGuildMembers == 0 {
			return nil, gatewire.DisallowedIntents
		}
	} else {
		ids, ok := gatewire.ParseSnowflakes(data.UserIDs)
		if !ok {
			return nil, gatewire.DecodeError
		}
		for _, id := range ids {
			r.UserIDs = append(r.UserIDs, uint64(id))
		}
	}
	if len(data.Nonce) > gateway.MaxNonce {
		data.Nonce = "" // Discord drops it, too
	}
	if cs.elsewhere(guilds[0]) {
		return nil, nil
	}
	if data.UserIDs != nil && len(r.UserIDs) == 0 { // which would ask for all members
		cs.answerNobody(s, guilds[0], data.Nonce)
		return nil, nil
	}
	r.Nonce = cs.askers.note(s, data.Nonce)
	payload, err := gateway.AppendRequestGuildMembers(nil, &r)
	if err != nil {
		cs.askers.forget(r.Nonce)
		return nil, gatewire.DecodeError
	}
	return payload, nil
}

// answerNobody answers a request for no member at all.
func (cs *commands) answerNobody(s *session, guild gatewire.Snowflake, nonce string) {
	d := strconv.AppendUint([]byte(`{"guild_id":"`), uint64(guild), 10)
	d = append(d, `","chunk_index":0,"chunk_count":1,"members":[],"not_found":[]`...)
	if nonce != "" {
		quoted, _ := json.Marshal(nonce) // of a string: it cannot fail
		d = append(append(d, `,"nonce":`...), quoted...)
	}
	cs.shard.addPrivate(time.Now(), gateway.EventGuildMembersChunk, 0, append(d, '}'), s.number)
	cs.shard.notifyDue()
}

// presenceOf returns the payload that sets a presence which a bot sends, nil where it makes no sense.
func presenceOf(d json.RawMessage) []byte {
	var data *struct {
		Since      *float64        `json:"since"`
		Activities []*activityData `json:"activities"`
		Status     gateway.Status  `json:"status"`
		AFK        *bool           `json:"afk"`
	}
	if json.Unmarshal(d, &data) != nil || data == nil {
		return nil
	}
	switch data.Status {
	case "", gateway.StatusOnline, gateway.StatusIdle, gateway.StatusDoNotDisturb, gateway.StatusInvisible, gateway.StatusOffline:
	default:
		return nil
	}
	p := gateway.Presence{Status: data.Status, AFK: data.AFK != nil && *data.AFK}
	if data.Since != nil && *data.Since > 0 && *data.Since < 1<<53 {
		p.Since = int64(*data.Since)
	}
	for _, a := range data.Activities {
		if a == nil || a.Name == "" || a.Type > gateway.ActivityCompeting {
			return nil
		}
		p.Activities = append(p.Activities, gateway.Activity{Name: a.Name, Type: a.Type, URL: text(a.URL), State: text(a.State)})
	}
	payload, err := gateway.AppendPresenceUpdate(nil, &p)
	if err != nil {
		return nil
	}
	return payload
}

// activityData is an activity in the fields that a bot can set.
type activityData struct {
	Name  string               `json:"name"`
	Type  gateway.ActivityType `json:"type"`
	URL   *string              `json:"url"`
	State *string              `json:"state"`
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
