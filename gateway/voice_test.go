package gateway

import "testing"

func TestAppendVoiceStateUpdate(t *testing.T) {
	voice := func(v VoiceState) builder {
		return func(dst []byte) ([]byte, error) { return AppendVoiceStateUpdate(dst, &v) }
	}
	// Discord: "Example Gateway Voice State Update".
	checkPayload(t, voice(VoiceState{GuildID: 41771983423143937, ChannelID: 127121515262115840}), OpVoiceStateUpdate,
		`{"guild_id":"41771983423143937","channel_id":"127121515262115840","self_mute":false,"self_deaf":false}`)
	checkPayload(t, voice(VoiceState{GuildID: 1<<64 - 1, SelfMute: true}), OpVoiceStateUpdate,
		`{"guild_id":"18446744073709551615","channel_id":null,"self_mute":true,"self_deaf":false}`)
	checkPayload(t, voice(VoiceState{GuildID: 1, ChannelID: 2, SelfDeaf: true}), OpVoiceStateUpdate,
		`{"guild_id":"1","channel_id":"2","self_mute":false,"self_deaf":true}`)
	checkRefused(t, voice(VoiceState{ChannelID: 1}), OpVoiceStateUpdate, "guild_id")
}
