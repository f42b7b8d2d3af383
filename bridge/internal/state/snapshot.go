package state

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/sluice-go/sluice/gateway"
)

// A snapshot is the magic, with the format's number; flags; what is needed of the dictionary
// (dictionary_snapshot.go); the bot's id, READY, and how many guilds there are; the guilds; a CRC-32C of
// all that. Numbers and lengths are varints; READY and all of a guild lie there as in memory.
const snapshotMagic = "sluice state 4\n"

const (
	flagMembers     = 1 << iota // of a snapshot: made with Config.Members
	flagUnavailable             // of a guild
	flagStale                   // likewise
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendSnapshot appends all that the shard knows, so that LoadSnapshot of another process knows it
// too: about what [Stats.Bytes] says, and the dictionary. It is as of one moment, and does not hold the
// writer up.
func (s *Shard) AppendSnapshot(dst []byte) []byte {
	s.mu.Lock()
	bot, ready := s.bot, s.ready
	guilds := make([]guild, 0, len(s.guilds))
	for _, g := range s.guilds {
		copied := *g
		logs := *g.log()
		copied.logs = &logs
		guilds = append(guilds, copied)
	}
	s.mu.Unlock()

	start := len(dst)
	dst = append(dst, snapshotMagic...)
	flags := uint64(0)
	if s.config.Members {
		flags = flagMembers
	}
	dst = binary.AppendUvarint(dst, flags)
	dst = s.dict.appendSnapshot(dst)
	dst = binary.AppendUvarint(dst, bot)
	dst = appendBytes(dst, ready)
	dst = binary.AppendUvarint(dst, uint64(len(guilds)))
	for i := range guilds {
		dst = guilds[i].appendSnapshot(dst)
	}
	return binary.BigEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

func (g *guild) appendSnapshot(dst []byte) []byte {
	flags := uint64(0)
	if g.unavailable {
		flags |= flagUnavailable
	}
	if g.stale {
		flags |= flagStale
	}
	dst = binary.AppendUvarint(dst, g.id)
	dst = binary.AppendUvarint(dst, flags)
	dst = binary.AppendVarint(dst, g.count)
	for of := range numGroups {
		dst = appendBytes(appendBytes(dst, []byte(g.base.at(of))), g.log()[of])
	}
	return dst
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// LoadSnapshot replaces all that the shard knows by what a snapshot knows, whose bytes are borrowed until
// it returns. On an error nothing is replaced.
//
// A dictionary that knows nothing yet takes the snapshot's over. If the shard's is another one, each
// guild is compressed anew, which takes some milliseconds for each.
func (s *Shard) LoadSnapshot(data []byte) error {
	n := len(data) - crc32.Size
	if n < len(snapshotMagic) || string(data[:len(snapshotMagic)]) != snapshotMagic ||
		binary.BigEndian.Uint32(data[n:]) != crc32.Checksum(data[:n], castagnoli) {
		return ErrSnapshot
	}
	c := cursor{rest: data[len(snapshotMagic):n]}
	flags := c.number()
	taught, err := c.dictionary()
	if err != nil {
		return err
	}
	if flags&flagMembers != 0 != s.config.Members {
		return ErrSnapshotConfig
	}
	from := &Shard{config: s.config, guilds: make(map[uint64]*guild)}
	from.bot, from.ready = c.number(), c.copy()
	for range c.number() {
		if c.bad {
			break
		}
		g := c.guild()
		from.guilds[g.id] = g
	}
	if c.bad || len(c.rest) > 0 {
		return ErrSnapshot
	}
	same, err := s.dict.adopt(taught)
	if err != nil {
		return err
	}
	if from.dict = s.dict; !same {
		if from.dict, err = taught.dictionary(); err == nil {
			from, err = from.translate(s.config)
		}
		if err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bot, s.ready, s.guilds = from.bot, from.ready, from.guilds
	s.open, s.openBytes, s.digests = nil, 0, nil
	return nil
}

// translate returns a shard that knows the same with the configuration's dictionary.
func (s *Shard) translate(config Config) (*Shard, error) {
	by := s.dict
	to := NewShard(config)
	if len(s.ready) > 0 {
		d := decoder{shapes: by.shapes.all()}
		ready, _, ok := d.value(nil, s.ready, 0)
		if !ok {
			return nil, ErrSnapshot
		}
		if err := to.Apply(gateway.EventReady, ready); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
		}
	}
	to.bot = s.bot
	for id, g := range s.guilds {
		if g.unavailable {
			to.guilds[id] = g
			continue
		}
		p := g.packed()
		data, err := appendCreate(nil, by, decoder{guild: id, count: g.count}, &p)
		if err == nil {
			err = to.Apply(gateway.EventGuildCreate, data)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: guild %d: %w", ErrSnapshot, id, err)
		}
		if to.guilds[id] == nil {
			return nil, ErrSnapshot
		}
		to.guilds[id].stale = g.stale
	}
	return to, nil
}

// A cursor reads a snapshot. bad is set where it ends too early.
type cursor struct {
	rest []byte
	bad  bool
}

func (c *cursor) number() uint64 {
	n, rest, ok := takeNumber(c.rest)
	c.rest, c.bad = rest, c.bad || !ok
	return n
}

func (c *cursor) bytes() []byte {
	b, rest, ok := takeBytes(c.rest)
	c.rest, c.bad = rest, c.bad || !ok
	return b
}

// copy takes bytes into memory of their own; none are nil, since an empty slice would hold on to the whole
// snapshot.
func (c *cursor) copy() []byte {
	b := c.bytes()
	if len(b) == 0 {
		return nil
	}
	return append(make([]byte, 0, len(b)), b...)
}

func (c *cursor) guild() *guild {
	g := &guild{id: c.number()}
	flags := c.number()
	g.unavailable, g.stale = flags&flagUnavailable != 0, flags&flagStale != 0
	zigzag := c.number()
	g.count = int64(zigzag>>1) ^ -int64(zigzag&1)
	var groups [numGroups]string
	for of := range numGroups {
		groups[of] = string(c.bytes())
		g.setLog(of, c.copy())
	}
	g.base = newRest(groups)
	return g
}
