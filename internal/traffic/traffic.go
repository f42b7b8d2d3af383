// Package traffic generates what Discord's gateway sends to a busy bot: the READY and GUILD_CREATE of a
// start, and then presence updates, messages, typing, voice states, and every other event of Discord's
// at a frequency of its own. It feeds the test gateway, the benchmarks and the fuzz seeds.
//
// Steady events are about the guilds that were announced, and keep to what was said of them: what is
// updated or deleted was there, a role that is given exists, members add up. So the generator
// keeps a world (world.go) of guilds, people, messages and the rest, which each event changes.
//
// Objects have the fields of API version 10 in the order in which the gateway
// writes them, mostly backwards by name. Ids, names, texts and timestamps are
// made up; people, guilds and words recur by Zipf's law, so that the data
// compresses as a bot's traffic does. Steady events have 830 bytes on average and
// shrink to a quarter in one zlib stream with a flush after each.
// A start shrinks to a sixth.
//
// Everything follows from the seed, on every machine and release of Go: only
// integers of fixed size and the fixed algorithm of rand.PCG take part.
package traffic

import "strconv"

// epoch is when every Generator's time begins: 2026-09-01 18:00 UTC, in Unix
// milliseconds.
const epoch = 1_788_285_600_000

// A Generator makes one endless sequence of events about the guilds of one shard. Each follows from
// what the shard was told before: the GUILD_CREATE of [Maker.GuildCreate] for each guild, and the
// events since. Its time is made up too, and moves on by 3 ms an event. One goroutine may use
// it at a time, except for [Generator.GuildCreate].
type Generator struct {
	maker *Maker
	bot   string // its id
	r     source
	world *world
	now   int64 // Unix milliseconds
	d     []byte

	latest uint64 // id of something made now

	shard, shards int

	recent [recentCount]message
	next   int // of recent, written last
	own    []ownMessage
	polls  []*poll

	entitlements  []*sale
	subscriptions []*sale
	visitors      int    // guilds that the bot has joined in steady traffic
	joins         uint64 // how often it has

	follow func(dst []byte) (string, []byte) // makes the next event; nil: any
	out    *guild                            // unavailable until the next event; nil for none
}

// Options say whom the events are told.
type Options struct {
	Seed      uint64
	Bot       uint64 // its id; 0 stands for [DefaultBotID]
	Shard     int
	Shards    int      // in all; 0 stands for 1
	Guilds    []uint64 // of the shard, one at least; events are about the first 500
	GuildSize int      // as for [Maker.GuildCreate]
	Members   int      // of each guild, as for [NewMaker]
}

// New returns a generator about 500 guilds of a bot with one shard, whose sequence follows from seed
// alone.
func New(seed uint64) *Generator {
	return NewShard(Options{Seed: seed, Guilds: GuildIDs(0, 1, maxActive), GuildSize: newGuildSize})
}

// newGuildSize is the size of New's guilds.
const newGuildSize = 30_000

// NewShard returns a generator whose sequence follows from opts alone.
func NewShard(opts Options) *Generator {
	g := &Generator{
		maker: NewMaker(opts.Seed, opts.Bot, opts.Members), r: newSource(opts.Seed, uint64(opts.Shard)), now: epoch,
		shard: opts.Shard, shards: max(opts.Shards, 1),
	}
	g.bot = strconv.FormatUint(g.maker.bot, 10)
	g.world = newWorld(g.maker, opts.Guilds, opts.GuildSize)
	for i := range g.recent {
		g.recent[i].gone = true
	}
	return g
}

// GuildCreate is [Maker.GuildCreate] with the generator's seed and bot.
func (g *Generator) GuildCreate(dst []byte, id uint64, size int) []byte {
	return g.maker.GuildCreate(dst, id, size)
}

// Next makes the next event and returns its type, as in the payload's t, and its
// data, the payload's d. The data is borrowed until the next call of Next or
// AppendEvent.
func (g *Generator) Next() (t string, d []byte) {
	g.now += int64(g.r.below(7))
	if follow := g.follow; follow != nil {
		g.follow = nil
		t, g.d = follow(g.d[:0])
		return t, g.d
	}
	draw := g.r.below(mixTotal)
	for i := range mix {
		if draw -= mix[i].weight; draw < 0 {
			t, g.d = mix[i].append(g, g.d[:0])
			return t, g.d
		}
	}
	panic("unreachable: mixTotal is the sum of the weights")
}

// AppendEvent appends the next event's whole payload, with the sequence number
// seq, to dst.
func (g *Generator) AppendEvent(dst []byte, seq int64) []byte {
	t, d := g.Next()
	return AppendPayload(dst, t, seq, d)
}

// AppendPayload appends a dispatch of type t with the sequence number seq and the
// data d, which must be JSON, to dst, with its keys in Discord's order.
func AppendPayload(dst []byte, t string, seq int64, d []byte) []byte {
	dst = add(dst, `{"t":"`, t, `","s":`)
	dst = strconv.AppendInt(dst, seq, 10)
	dst = append(dst, `,"op":0,"d":`...)
	dst = append(dst, d...)
	return append(dst, '}')
}

// mix is the make-up of steady traffic: weights in 100,000 of all events. Where an event cannot be,
// because there is nothing that it could be about, another comes that brings about what it needs.
var mix = [...]struct {
	weight int
	append func(g *Generator, dst []byte) (string, []byte)
}{
	{35_380, (*Generator).presenceUpdate},
	{19_700, (*Generator).messageCreate},
	{10_400, (*Generator).typingStart},
	{8_900, (*Generator).voiceStateUpdate},
	{7_900, (*Generator).memberUpdate},
	{5_400, (*Generator).reactionAdd},
	{3_000, (*Generator).messageUpdate},
	{2_500, (*Generator).interactionCreate},
	{1_900, (*Generator).reactionRemove},
	{1_900, (*Generator).messageDelete},
	{800, (*Generator).memberAdd},
	{700, (*Generator).memberRemove},

	{200, (*Generator).threadChange},
	{150, (*Generator).threadMember},
	{140, (*Generator).pollVote},
	{100, (*Generator).inviteChange},
	{100, (*Generator).auditLog},
	{80, (*Generator).channelChange},
	{60, (*Generator).voiceStatus},
	{50, (*Generator).roleChange},
	{50, (*Generator).happeningUser},
	{50, (*Generator).voiceEffect},
	{40, (*Generator).voiceStartTime},
	{40, (*Generator).reactionRemoveAll},
	{30, (*Generator).pinsUpdate},
	{30, (*Generator).stageChange},
	{30, (*Generator).happeningChange},
	{30, (*Generator).ruleAction},
	{30, (*Generator).entitlementChange},
	{30, (*Generator).subscriptionChange},
	{25, (*Generator).ruleChange},
	{20, (*Generator).messageDeleteBulk},
	{20, (*Generator).integrationChange},
	{20, (*Generator).webhooksUpdate},
	{20, (*Generator).voiceServerUpdate},
	{20, (*Generator).soundChange},
	{20, (*Generator).banAdd},
	{15, (*Generator).banRemove},
	{15, (*Generator).emojisUpdate},
	{15, (*Generator).guildUpdate},
	{10, (*Generator).stickersUpdate},
	{10, (*Generator).soundsUpdate},
	{10, (*Generator).soundboardSounds},
	{10, (*Generator).channelInfo},
	{10, (*Generator).membersChunk},
	{10, (*Generator).threadSync},
	{10, (*Generator).commandPermissions},
	{5, (*Generator).guildOutage},
	{5, (*Generator).guildJoin},
	{5, (*Generator).userUpdate},
	{5, (*Generator).rateLimited},
}

var mixTotal = func() (total int) {
	for _, kind := range mix {
		total += kind.weight
	}
	return total
}()
