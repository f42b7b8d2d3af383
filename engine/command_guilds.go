package engine

import (
	"bytes"
	"context"
	"iter"
	"slices"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/lazyjson"
)

// SoundboardSounds are the soundboard sounds of one guild: a SOUNDBOARD_SOUNDS.
// Its bytes are borrowed until the body of the loop that ranges over it ends, and
// must not be written.
//
// Source: Discord, "Gateway Events", heading "Soundboard Sounds".
type SoundboardSounds struct {
	GuildID uint64
	Data    []byte // the raw JSON of d
	Sounds  []byte // of d, the array of sounds
}

// RequestSoundboardSounds asks for the sounds of guilds that are on this shard,
// some 180 at most, and returns an iterator over what comes, guild by guild. It
// ends when all have come. For ctx, errors and the loop the same holds as for
// [Shard.RequestMembers].
func (s *Shard) RequestSoundboardSounds(ctx context.Context, guildIDs ...uint64) iter.Seq2[SoundboardSounds, error] {
	guildIDs = slices.Clone(guildIDs)
	return func(yield func(SoundboardSounds, error) bool) {
		req := request{
			shard: s, op: gateway.OpRequestSoundboardSounds, answer: &guildsAnswer{guilds: guildIDs},
			build: func(dst []byte) ([]byte, error) {
				return gateway.AppendRequestSoundboardSounds(dst, guildIDs)
			},
		}
		each(ctx, &req, func(p piece) SoundboardSounds {
			d := lazyjson.ValueOf(p.buf.B)
			sounds := SoundboardSounds{Data: p.buf.B, Sounds: d.Get("soundboard_sounds").Raw()}
			sounds.GuildID, _ = d.Get("guild_id").Snowflake()
			return sounds
		}, yield)
	}
}

// ChannelInfo is what the voice channels of one guild show: a CHANNEL_INFO. The
// caller owns its bytes.
//
// Source: Discord, "Gateway Events", heading "Channel Info".
type ChannelInfo struct {
	GuildID  uint64
	Data     []byte // the raw JSON of d
	Channels []byte // of d, the array of channels
}

// RequestChannelInfo asks what the voice channels of a guild show that is on this
// shard (see [Engine.RequestChannelInfo]), and waits for the answer. For ctx and
// errors the same holds as for [Shard.RequestMembers].
func (s *Shard) RequestChannelInfo(ctx context.Context, guildID uint64, fields gateway.ChannelFields) (ChannelInfo, error) {
	req := request{
		shard: s, op: gateway.OpRequestChannelInfo, guild: guildID, answer: &guildsAnswer{guilds: []uint64{guildID}},
		build: func(dst []byte) ([]byte, error) {
			return gateway.AppendRequestChannelInfo(dst, guildID, fields)
		},
	}
	var info ChannelInfo
	var failed error
	each(ctx, &req, func(p piece) []byte { return bytes.Clone(p.buf.B) }, func(data []byte, err error) bool {
		info = ChannelInfo{GuildID: guildID, Data: data, Channels: lazyjson.ValueOf(data).Get("channels").Raw()}
		failed = err
		return false
	})
	if failed != nil {
		return ChannelInfo{}, failed
	}
	return info, nil
}

// guildsAnswer is an answer of one event for each guild, without a nonce.
type guildsAnswer struct {
	guilds  []uint64
	missing []uint64
}

func (a *guildsAnswer) takes(r *reply) bool { return slices.Contains(a.missing, r.guild) }

func (a *guildsAnswer) refusedBy(r *reply) bool { return r.guild == 0 || a.takes(r) }

func (a *guildsAnswer) add(r *reply) (fresh bool, err error) {
	a.missing = slices.DeleteFunc(a.missing, func(guild uint64) bool { return guild == r.guild })
	return true, nil
}

func (a *guildsAnswer) whole() bool { return len(a.guilds) > 0 && len(a.missing) == 0 }

func (a *guildsAnswer) progress() (came, want int) {
	return len(a.guilds) - len(a.missing), len(a.guilds)
}

// restart keeps what has come: it is not told again.
func (a *guildsAnswer) restart() {
	if a.missing == nil {
		a.missing = slices.Clone(a.guilds)
	}
}
