package state

import "sync"

// scratch is what a shard needs while it applies an event. Shards share what there is of it: a process may
// have thousands of them, and few apply an event at a time.
type scratch struct {
	encoder  encoder // of rows and heads
	patch    encoder // of what rows are merged with, and of rows while a head is being encoded
	work     workshop
	ops      []byte            // of the event at hand, a log
	changed  [numLists]bool    // by them
	came     []digest          // of lists that the event carries as a whole (whole.go)
	elements []element         // theirs
	list     []byte            // what is left of one
	refs     []ref             // of the guild that is taken or whose log is applied
	newRefs  []ref             // when it is
	rows     [numGroups][]byte // of a guild that is taken or whose log is applied
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// maxScratch is the most that is kept for the next event, in bytes of rows: ten times what a guild of
// 100 channels has.
const maxScratch = 512 << 10

// beginEvent gives the shard scratch for an event.
func (s *Shard) beginEvent() {
	s.scratch = scratches.Get().(*scratch)
	s.encoder.shapes, s.patch.shapes, s.work.shapes = s.dict.shapes, s.dict.shapes, s.dict.shapes
	s.about(0)
}

// about has what is encoded be about the guild of that id.
func (s *scratch) about(guild uint64) {
	s.encoder.guild, s.patch.guild, s.work.guild = guild, guild, guild
	s.encoder.keys, s.patch.keys, s.ops = s.encoder.keys[:0], s.patch.keys[:0], s.ops[:0]
	s.came, s.elements, s.changed = s.came[:0], s.elements[:0], [numLists]bool{}
}

// endEvent gives it back.
func (s *Shard) endEvent() {
	if cap(s.rows[0])+cap(s.rows[1])+cap(s.rows[2])+cap(s.ops)+cap(s.work.spare)+cap(s.list)+cap(s.elements)*elementSize <= maxScratch {
		clear(s.came) // which hold on to guilds
		scratches.Put(s.scratch)
	}
	s.scratch = nil
}
