package gateway

import "strconv"

// A VoiceState is where the bot wants to be in the voice channels of one guild.
//
// Source: Discord, "Gateway Events", heading "Update Voice State".
type VoiceState struct {
	GuildID   uint64 // required
	ChannelID uint64 // the channel to join or to move to; 0: leave
	SelfMute  bool   // whether the bot is muted
	SelfDeaf  bool   // whether the bot is deafened
}

// AppendVoiceStateUpdate appends a voice state update payload (opcode 4) to dst. The gateway answers
// with VOICE_STATE_UPDATE and, on joining, VOICE_SERVER_UPDATE. The error is a [*FieldError]; dst is
// then returned as it was.
func AppendVoiceStateUpdate(dst []byte, v *VoiceState) ([]byte, error) {
	if v.GuildID == 0 {
		return dst, &FieldError{Op: OpVoiceStateUpdate, Field: "guild_id", Reason: "is zero"}
	}
	b := appendHead(dst, OpVoiceStateUpdate)
	b = append(b, `{"guild_id":`...)
	b = appendID(b, v.GuildID)
	b = append(b, `,"channel_id":`...)
	if v.ChannelID == 0 {
		b = append(b, "null"...)
	} else {
		b = appendID(b, v.ChannelID)
	}
	b = append(b, `,"self_mute":`...)
	b = strconv.AppendBool(b, v.SelfMute)
	b = append(b, `,"self_deaf":`...)
	b = strconv.AppendBool(b, v.SelfDeaf)
	return finish(dst, append(b, '}'), OpVoiceStateUpdate)
}
