package gateway

import "testing"

func TestAppendRequestSoundboardSounds(t *testing.T) {
	sounds := func(ids ...uint64) builder {
		return func(dst []byte) ([]byte, error) { return AppendRequestSoundboardSounds(dst, ids) }
	}
	// Discord: "Example Request Soundboard Sounds".
	checkPayload(t, sounds(613425648685547541, 81384788765712384), OpRequestSoundboardSounds,
		`{"guild_ids":["613425648685547541","81384788765712384"]}`)
	checkPayload(t, sounds(1), OpRequestSoundboardSounds, `{"guild_ids":["1"]}`)
	checkRefused(t, sounds(), OpRequestSoundboardSounds, "guild_ids")
	checkRefused(t, sounds(1, 2, 0), OpRequestSoundboardSounds, "guild_ids[2]")

	// 30 bytes stand around the ids, and each has 23 with its quotes and, but for the last, a comma.
	checkPayload(t, sounds(someIDs(176)...), OpRequestSoundboardSounds,
		`{"guild_ids":`+string(appendIDs(nil, someIDs(176)))+`}`)
	checkTooLarge(t, sounds(someIDs(177)...), OpRequestSoundboardSounds, 30+177*23-1)
}

func TestAppendRequestChannelInfo(t *testing.T) {
	info := func(id uint64, fields ChannelFields) builder {
		return func(dst []byte) ([]byte, error) { return AppendRequestChannelInfo(dst, id, fields) }
	}
	checkPayload(t, info(41771983444115456, ChannelStatus), OpRequestChannelInfo,
		`{"guild_id":"41771983444115456","fields":["status"]}`)
	checkPayload(t, info(1, ChannelVoiceStartTime), OpRequestChannelInfo,
		`{"guild_id":"1","fields":["voice_start_time"]}`)
	checkPayload(t, info(1, ChannelStatus|ChannelVoiceStartTime), OpRequestChannelInfo,
		`{"guild_id":"1","fields":["status","voice_start_time"]}`)
	checkRefused(t, info(0, ChannelStatus), OpRequestChannelInfo, "guild_id")
	checkRefused(t, info(1, 0), OpRequestChannelInfo, "fields")
	checkRefused(t, info(1, 4), OpRequestChannelInfo, "fields")
	checkRefused(t, info(1, ChannelStatus|4), OpRequestChannelInfo, "fields")
}
