package gatewaytest

import (
	"bytes"
	"encoding/binary"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/sluice-go/sluice/internal/gatewire"
	"github.com/sluice-go/sluice/internal/traffic"
)

// A feed is traffic, and what it becomes in each compression. Every connection of one shard writes
// the same bytes; so do all shards of a bot that has more of them than [WithWorlds] allows for.
type feed struct {
	corpus  corpus
	begin   func() *traffic.Generator // of the corpus, at its first event; nil if it is about guilds of nobody
	streams [gatewire.Compressions]*stream
	events  int64     // how many there are
	ends    bool      // a session that got them all is asked to begin another
	times   *schedule // when they are due; nil: by the rate
}

// feedKey says whose a feed is; the zero value is the one that shards share.
type feedKey struct{ shard, shards int }

// feed returns what a shard is fed with.
func (s *Server) feed(shard, shards int) *feed {
	if s.recorded != nil {
		return s.recordedFeed(shard, shards)
	}
	key := feedKey{shard, shards}
	if s.cfg.guilds == 0 || shards > s.cfg.worlds {
		key = feedKey{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.feeds[key]
	if f == nil {
		f = s.newFeed(key)
		s.feeds[key] = f
	}
	return f
}

func (s *Server) newFeed(key feedKey) *feed {
	cfg, f := s.cfg, &feed{events: int64(s.cfg.events), ends: true}
	if key == (feedKey{}) {
		f.corpus = newSharedCorpus(func() *traffic.Generator { return traffic.New(cfg.seed) })
	} else {
		f.begin = func() *traffic.Generator {
			return traffic.NewShard(traffic.Options{
				Seed: cfg.seed, Bot: cfg.bot, Shard: key.shard, Shards: key.shards,
				Guilds: traffic.GuildIDs(key.shard, key.shards, cfg.guilds), GuildSize: cfg.guildSize, Members: cfg.members,
			})
		}
		f.corpus = newOwnCorpus(f.begin)
	}
	for c := range f.streams {
		f.streams[c] = newStream(Compression(c), f.corpus, s.burst()+1, cfg.events, cfg.perSegment())
		f.streams[c].forgets = key != (feedKey{})
	}
	return f
}

// event is a dispatch without its sequence.
type event struct {
	name string
	data []byte
}

// corpus is the events of traffic.
type corpus interface {
	// at returns the i-th event. It is shared and never written.
	at(i int64) event
}

// corpusEvents is how many different events a sharedCorpus has; further ones repeat them under new
// sequences. The windows of both compressions are far shorter than the corpus.
const corpusEvents = 20_000

// sharedCorpus is traffic of guilds that nobody was told of, generated as it is needed.
type sharedCorpus struct {
	begin func() *traffic.Generator

	mu     sync.Mutex
	source *traffic.Generator // nil until the first event is needed
	events []event
}

func newSharedCorpus(begin func() *traffic.Generator) *sharedCorpus {
	return &sharedCorpus{begin: begin}
}

func (c *sharedCorpus) at(i int64) event {
	i %= corpusEvents
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.source == nil {
		c.source = c.begin()
	}
	for int64(len(c.events)) <= i {
		name, data := c.source.Next()
		c.events = append(c.events, event{name, append([]byte(nil), data...)})
	}
	return c.events[i]
}

const (
	// chunkEvents is how many events an ownCorpus keeps together.
	chunkEvents = 256

	// openChunks is how many of the older chunks are kept ready to be read.
	openChunks = 4
)

// ownCorpus is traffic of one shard's guilds. No event comes twice; those that were generated are kept
// compressed, at some 200 bytes each, for sessions that are at another point.
type ownCorpus struct {
	begin func() *traffic.Generator

	mu     sync.Mutex
	source *traffic.Generator // nil until the first event is needed
	packed [][]byte           // whole chunks
	last   []event            // of the unfinished one
	open   [openChunks]struct {
		index  int64
		events []event
	}
	next    int // of open, to be replaced
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

func newOwnCorpus(begin func() *traffic.Generator) *ownCorpus {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(err) // only options that do not exist
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		panic(err) // likewise
	}
	return &ownCorpus{begin: begin, encoder: encoder, decoder: decoder}
}

func (c *ownCorpus) at(i int64) event {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.source == nil {
		c.source = c.begin()
	}
	for i >= int64(len(c.packed)*chunkEvents+len(c.last)) {
		name, data := c.source.Next()
		c.last = append(c.last, event{name, append([]byte(nil), data...)})
		if len(c.last) == chunkEvents {
			c.pack()
		}
	}
	if k := i / chunkEvents; k < int64(len(c.packed)) {
		return c.chunk(k)[i%chunkEvents]
	}
	return c.last[i%chunkEvents]
}

// pack puts the last chunk, which is whole, away.
func (c *ownCorpus) pack() {
	var raw []byte
	for _, ev := range c.last {
		raw = append(binary.AppendUvarint(raw, uint64(len(ev.name))), ev.name...)
		raw = append(binary.AppendUvarint(raw, uint64(len(ev.data))), ev.data...)
	}
	c.keep(int64(len(c.packed)), c.last)
	c.packed = append(c.packed, c.encoder.EncodeAll(raw, nil))
	c.last = nil
}

// keep keeps a chunk ready.
func (c *ownCorpus) keep(k int64, events []event) {
	c.open[c.next].index, c.open[c.next].events = k, events
	c.next = (c.next + 1) % openChunks
}

// chunk returns the events of a whole chunk.
func (c *ownCorpus) chunk(k int64) []event {
	for _, o := range c.open {
		if o.events != nil && o.index == k {
			return o.events
		}
	}
	raw, err := c.decoder.DecodeAll(c.packed[k], nil)
	if err != nil {
		panic(err) // pack made it
	}
	events := make([]event, 0, chunkEvents)
	cut := func() []byte {
		n, size := binary.Uvarint(raw)
		part := raw[size : size+int(n) : size+int(n)]
		raw = raw[size+int(n):]
		return part
	}
	for len(raw) > 0 {
		events = append(events, event{string(cut()), cut()})
	}
	c.keep(k, events)
	return events
}

// hello returns the first payload of every connection.
func (s *Server) hello() []byte {
	return gatewire.AppendHello(nil, s.cfg.heartbeat, "gateway-gatewaytest")
}

// probe reports whether a shard's events carry the time of writing.
func (cfg *config) probe(shard int) bool { return shard < cfg.probes }

// probeDigits is the width of the field probe_ns.
const probeDigits = 20

// appendProbe appends a MESSAGE_CREATE whose data is that of ev with the present time in front.
func appendProbe(dst []byte, seq int64, ev event) []byte {
	var digits [probeDigits]byte
	ns := MonotonicNow()
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = '0' + byte(ns%10)
		ns /= 10
	}
	data := append([]byte(`{"probe_ns":"`), digits[:]...)
	data = append(data, '"')
	if rest := bytes.TrimPrefix(ev.data, []byte("{")); len(rest) > 1 {
		data = append(data, ',')
		data = append(data, rest...)
	} else {
		data = append(data, '}')
	}
	return traffic.AppendPayload(dst, "MESSAGE_CREATE", seq, data)
}
