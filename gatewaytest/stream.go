package gatewaytest

import (
	"sync"
	"sync/atomic"

	"github.com/sluice-go/sluice/internal/gatewire"
	"github.com/sluice-go/sluice/internal/traffic"
)

// segmentEvents is the most events in a segment.
const segmentEvents = 64

// keptSegments is how many segments of a shard's own stream are kept. Others are encoded again for a
// session that is far behind.
const keptSegments = 256

// stream is a feed's traffic in one compression: what every connection that is in step writes.
// Each segment is one run, encoded when the first connection needs it and kept.
type stream struct {
	compression Compression
	corpus      corpus
	base        int64 // sequence of the first event
	perSegment  int
	events      int
	forgets     bool // only the last segments are kept

	made     sync.Once
	segments []atomic.Pointer[segment]
}

type segment struct {
	once   sync.Once
	frames []byte
	ends   []int // ends[i] is where event i's frames end
}

func newStream(c Compression, corpus corpus, base int64, events, perSegment int) *stream {
	return &stream{
		compression: c,
		corpus:      corpus,
		base:        base,
		perSegment:  perSegment,
		events:      events,
	}
}

// frames returns the frames of the events from i up to, but not including, j, which must
// lie in one segment. They are shared and never written.
func (s *stream) frames(i, j int64) []byte {
	k := int64(s.perSegment)
	s.made.Do(func() { s.segments = make([]atomic.Pointer[segment], s.events/s.perSegment+1) })
	seg := s.segments[i/k].Load()
	for seg == nil { // another connection may have it forgotten again
		s.segments[i/k].CompareAndSwap(nil, new(segment))
		seg = s.segments[i/k].Load()
	}
	seg.once.Do(func() {
		s.encode(seg, i/k*k)
		if old := i/k - keptSegments; s.forgets && old >= 0 {
			s.segments[old].Store(nil)
		}
	})
	start := 0
	if i%k > 0 {
		start = seg.ends[i%k-1]
	}
	return seg.frames[start:seg.ends[(j-1)%k]]
}

// segmentEnd returns the first event behind the segment that i lies in.
func (s *stream) segmentEnd(i int64) int64 {
	k := int64(s.perSegment)
	return i - i%k + k
}

// begins reports whether event i is the first of a segment.
func (s *stream) begins(i int64) bool { return i%int64(s.perSegment) == 0 }

func (s *stream) encode(seg *segment, i int64) {
	enc := gatewire.NewEncoder(s.compression)
	defer gatewire.FreeEncoder(s.compression, enc)
	enc.Begin(false)
	var payload []byte
	seg.ends = make([]int, s.perSegment)
	for k := range seg.ends {
		ev := s.corpus.at(i + int64(k))
		payload = traffic.AppendPayload(payload[:0], ev.name, s.base+i+int64(k), ev.data)
		seg.frames = encode(enc, s.compression, seg.frames, payload)
		seg.ends[k] = len(seg.frames)
	}
}
