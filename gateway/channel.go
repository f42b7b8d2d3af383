package gateway

// AppendRequestSoundboardSounds appends a request soundboard sounds payload (opcode 31) to dst. The
// gateway answers with one SOUNDBOARD_SOUNDS event for each guild. guildIDs, at least one, is read
// only until the function returns; a payload has room for some 180 ids. The error is a
// [*FieldError] or a [*PayloadTooLargeError]; dst is then returned as it was.
//
// Source: Discord, "Gateway Events", heading "Request Soundboard Sounds".
func AppendRequestSoundboardSounds(dst []byte, guildIDs []uint64) ([]byte, error) {
	if len(guildIDs) == 0 {
		return dst, &FieldError{Op: OpRequestSoundboardSounds, Field: "guild_ids", Reason: "is empty"}
	}
	if err := zeroID(OpRequestSoundboardSounds, "guild_ids", guildIDs); err != nil {
		return dst, err
	}
	b := appendHead(dst, OpRequestSoundboardSounds)
	b = append(b, `{"guild_ids":`...)
	b = appendIDs(b, guildIDs)
	return finish(dst, append(b, '}'), OpRequestSoundboardSounds)
}

// ChannelFields says what is asked of a guild's voice channels: a set of bits, joined with |.
//
// Source: Discord, "Gateway Events", heading "Request Channel Info".
type ChannelFields uint8

// What can be asked of voice channels.
const (
	ChannelStatus         ChannelFields = 1 << iota // status: the text beneath the channel's name
	ChannelVoiceStartTime                           // voice_start_time: since when somebody is there
)

// AppendRequestChannelInfo appends a request channel info payload (opcode 43) to dst. The gateway
// answers with a CHANNEL_INFO event. The error is a [*FieldError]; dst is then returned as it was.
func AppendRequestChannelInfo(dst []byte, guildID uint64, fields ChannelFields) ([]byte, error) {
	if guildID == 0 {
		return dst, &FieldError{Op: OpRequestChannelInfo, Field: "guild_id", Reason: "is zero"}
	}
	b := appendHead(dst, OpRequestChannelInfo)
	b = append(b, `{"guild_id":`...)
	b = appendID(b, guildID)
	b = append(b, `,"fields":`...)
	switch fields {
	case ChannelStatus:
		b = append(b, `["status"]`...)
	case ChannelVoiceStartTime:
		b = append(b, `["voice_start_time"]`...)
	case ChannelStatus | ChannelVoiceStartTime:
		b = append(b, `["status","voice_start_time"]`...)
	default:
		return dst, &FieldError{Op: OpRequestChannelInfo, Field: "fields", Reason: "must hold status, voice_start_time or both, and nothing else"}
	}
	return finish(dst, append(b, '}'), OpRequestChannelInfo)
}
