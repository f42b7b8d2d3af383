package zstd

// prefetch has the processor load what matches of sequences, which follow the
// output, are to copy from the window's ring, as it is hardly in a cache when
// many connections take turns: each waits for memory of its own, for longer
// than a message takes to decode. Which offset stands for one that was used
// before is not looked at: most do not, and nothing depends on it.
func (d *Decoder) prefetch(sequences []sequence) {
	past := &d.stream.history
	at := past.next + d.size - d.base // as if the output followed in the ring
	n := 0
	for i := range sequences {
		q := &sequences[i]
		at += q.lengths.literals()
		if from := at - int(q.offset-maxRepeat); from < past.next {
			if from < 0 {
				from += len(past.ring)
			}
			if from >= 0 {
				d.places[n] = uint32(from)
				n++
			}
		}
		at += q.lengths.match()
	}
	prefetch(past.ring, d.places[:n])
}
