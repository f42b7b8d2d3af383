package engine

import (
	"bytes"
	"context"
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"

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

// MembersChunk is a part of a guild's members, at most 1000 of them: one
// GUILD_MEMBERS_CHUNK. Its bytes are borrowed until the body of the loop that
// ranges over it ends, and must not be written.
//
// Source: Discord, "Gateway Events", heading "Guild Members Chunk".
type MembersChunk struct {
	GuildID uint64

	// Index counts the chunks of an answer from 0, and Count says how many there
	// are. Chunks are told in the order in which they came.
	Index, Count int

	// Attempt is 0, unless the session was lost before the answer was whole, so
	// that Discord was asked again: the chunks of attempt 1 are all of the answer,
	// and what came before comes again.
	Attempt int

	Data      []byte // the raw JSON of d
	Members   []byte // of d, the array of members
	NotFound  []byte // of d, the array of ids that were asked for in vain; nil: none
	Presences []byte // of d, the array of presences; nil: not asked for
}

// RequestMembers asks for members of a guild that is on this shard (see
// [Engine.RequestMembers]), and returns an iterator over the chunks in which they
// come. Each loop over it asks anew; ctx is the deadline of all. Discord does not
// answer about a guild that the bot is not in, so a ctx without an end may wait
// for ever.
//
// The loop ends after the last chunk, or with an error beside an empty chunk: a
// [*SendError] if the request was not sent, a [*RateLimitedError], or an
// [*AnswerError] if the answer did not come whole. To break out of it early is
// fine.
//
// Whatever happens to the connection meanwhile is not the caller's concern: what
// a resume replays is told once; where the session is lost, Discord is asked
// again, once. All members of one guild may be asked for once in 30 s, and other
// limits are told by RATE_LIMITED: the request then waits until it is allowed. If
// ctx ends before that, the error says so at once.
//
// Chunks that come faster than the loop takes them are kept: a whole answer at
// most, and no more than 256 MiB ([ErrFellBehind]). In a callback, whose loop
// would have to bring the chunks, the error is [ErrInCallback]: use [Async], or a
// goroutine. Callbacks for GUILD_MEMBERS_CHUNK see the chunks too.
//
// r.Nonce must be empty, since each request gets its own.
func (s *Shard) RequestMembers(ctx context.Context, r *gateway.MembersRequest) iter.Seq2[MembersChunk, error] {
	asked := *r
	asked.UserIDs = slices.Clone(r.UserIDs)
	return func(yield func(MembersChunk, error) bool) {
		if asked.Nonce != "" {
			err := &gateway.FieldError{Op: gateway.OpRequestGuildMembers, Field: "nonce", Reason: "must be empty: each request gets its own"}
			yield(MembersChunk{}, s.sendError(err.Op, err))
			return
		}
		answer := &membersAnswer{guild: asked.GuildID}
		req := request{
			shard: s, op: gateway.OpRequestGuildMembers, guild: asked.GuildID, answer: answer,
			gated: len(asked.UserIDs) == 0 && asked.Query == "" && asked.Limit == 0,
			build: func(dst []byte) ([]byte, error) {
				nonced := asked
				nonced.Nonce = answer.nonce
				return gateway.AppendRequestGuildMembers(dst, &nonced)
			},
		}
		each(ctx, &req, readChunk, yield)
	}
}

// each sends a request and yields the pieces of its answer, each borrowed for the
// length of a yield.
func each[T any](ctx context.Context, r *request, read func(piece) T, yield func(T, error) bool) {
	var none T
	if err := r.start(); err != nil {
		yield(none, err)
		return
	}
	defer r.end()
	for {
		p, ok, err := r.next(ctx)
		if err != nil {
			yield(none, err)
			return
		}
		if !ok || !yieldPiece(p, read, yield) {
			return
		}
	}
}

func yieldPiece[T any](p piece, read func(piece) T, yield func(T, error) bool) bool {
	defer p.buf.Release() // also when the loop's body panics
	return yield(read(p), nil)
}

// readChunk reads the data of a GUILD_MEMBERS_CHUNK.
func readChunk(p piece) MembersChunk {
	chunk := MembersChunk{Data: p.buf.B, Attempt: p.attempt}
	for key, value := range lazyjson.ValueOf(p.buf.B).Members() {
		switch {
		case key.EqualString("guild_id"):
			chunk.GuildID, _ = value.Snowflake()
		case key.EqualString("chunk_index"):
			chunk.Index = int(natural(value))
		case key.EqualString("chunk_count"):
			chunk.Count = int(natural(value))
		case key.EqualString("members"):
			chunk.Members = value.Raw()
		case key.EqualString("not_found"):
			chunk.NotFound = value.Raw()
		case key.EqualString("presences"):
			chunk.Presences = value.Raw()
		}
	}
	return chunk
}

// maxChunks bounds the chunks of one answer: 65 million members.
const maxChunks = 1 << 16

// membersAnswer is the answer to Request Guild Members.
type membersAnswer struct {
	guild uint64
	nonce string
	count int64 // of chunks; 0: not known yet
	came  int64
	seen  []uint64 // a bit for each chunk
}

func (a *membersAnswer) takes(r *reply) bool { return r.nonce.EqualString(a.nonce) }

// refusedBy: a RATE_LIMITED need not repeat the nonce.
func (a *membersAnswer) refusedBy(r *reply) bool {
	if r.nonce.Exists() {
		return a.takes(r)
	}
	return a.came == 0 && (r.guild == a.guild || r.guild == 0)
}

func (a *membersAnswer) add(r *reply) (fresh bool, err error) {
	if a.count == 0 && 0 < r.count && r.count <= maxChunks {
		a.count = r.count
		a.seen = make([]uint64, (a.count+63)/64)
	}
	if r.count != a.count || r.index < 0 || r.index >= a.count {
		return false, errBadAnswer
	}
	word, bit := &a.seen[r.index/64], uint64(1)<<(r.index%64)
	if *word&bit != 0 {
		return false, nil
	}
	*word |= bit
	a.came++
	return true, nil
}

func (a *membersAnswer) whole() bool { return a.count > 0 && a.came == a.count }

func (a *membersAnswer) progress() (came, want int) { return int(a.came), int(a.count) }

// restart takes a new nonce, so that chunks of an earlier answer are told apart,
// and those of other processes behind the same proxy.
func (a *membersAnswer) restart() {
	*a = membersAnswer{guild: a.guild, nonce: strconv.FormatUint(rand.Uint64(), 36)}
}
