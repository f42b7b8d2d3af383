// Package traffic generates what Discord's gateway sends to a busy bot: presence
// updates, messages with embeds, typing, voice states, member updates, reactions
// and interactions, and the READY and GUILD_CREATE of a start. It feeds the test
// gateway, the benchmarks and the fuzz seeds.
//
// Objects have the fields of API version 10 in the order in which the gateway
// writes them, mostly backwards by name. Ids, names, texts and timestamps are
// made up; people, guilds and words recur by Zipf's law, so that the data
// compresses as a bot's traffic does. Steady events have 830 bytes on average and
// shrink to a quarter in one zlib stream with a flush after each: to 50 matches
// of 15 bytes and 77 literals, two in three with Huffman codes of their own.
// A start shrinks to a sixth.
//
// Everything follows from the seed, on every machine and release of Go: only
// integers of fixed size and the fixed algorithm of rand.PCG take part.
package traffic

import "strconv"

// epoch is when every Generator's time begins: 2026-09-01 18:00 UTC, in Unix
// milliseconds.
const epoch = 1_788_285_600_000

// A Generator makes one endless sequence of events. Its time is made up too, and
// moves on by 3 ms an event. One goroutine may use it at a time, except
// for [Generator.GuildCreate].
type Generator struct {
	seed  uint64
	r     source
	world *world
	now   int64 // Unix milliseconds
	d     []byte

	recent [recentCount]message
	next   int // of recent, written last
}

// New returns a generator whose sequence follows from seed alone.
func New(seed uint64) *Generator {
	g := &Generator{seed: seed, r: newSource(seed, 0), now: epoch}
	g.world = newWorld(&g.r)
	for range recentCount {
		g.openMessage()
	}
	return g
}

// Next makes the next event and returns its type, as in the payload's t, and its
// data, the payload's d. The data is borrowed until the next call of Next or
// AppendEvent.
func (g *Generator) Next() (t string, d []byte) {
	g.now += int64(g.r.below(7))
	draw := g.r.below(mixTotal)
	for i := range mix {
		if draw -= mix[i].weight; draw < 0 {
			g.d = mix[i].append(g, g.d[:0])
			return mix[i].name, g.d
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

// mix is the make-up of steady traffic: weights in per mille of all events.
var mix = [...]struct {
	name   string
	weight int
	append func(g *Generator, dst []byte) []byte
}{
	{"PRESENCE_UPDATE", 360, (*Generator).presenceUpdate},
	{"MESSAGE_CREATE", 200, (*Generator).messageCreate},
	{"TYPING_START", 105, (*Generator).typingStart},
	{"VOICE_STATE_UPDATE", 90, (*Generator).voiceStateUpdate},
	{"GUILD_MEMBER_UPDATE", 80, (*Generator).memberUpdate},
	{"MESSAGE_REACTION_ADD", 55, (*Generator).reactionAdd},
	{"MESSAGE_UPDATE", 30, (*Generator).messageUpdate},
	{"INTERACTION_CREATE", 25, (*Generator).interactionCreate},
	{"MESSAGE_REACTION_REMOVE", 20, (*Generator).reactionRemove},
	{"MESSAGE_DELETE", 20, (*Generator).messageDelete},
	{"GUILD_MEMBER_ADD", 8, (*Generator).memberAdd},
	{"GUILD_MEMBER_REMOVE", 7, (*Generator).memberRemove},
}

var mixTotal = func() (total int) {
	for _, kind := range mix {
		total += kind.weight
	}
	return total
}()
