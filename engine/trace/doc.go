// Package trace records a bot's traffic in files: use it to benchmark, test and replay what a bot really
// receives. While the bot runs it replaces people's words and ids, so that a file can be given away.
//
//	rec, err := trace.Create("bot.trace", trace.Options{})
//	remove := eng.On(gateway.AllDispatches(), func(ev *engine.Event) {
//		rec.Record(ev.Shard.ID(), ev.Received, ev.Payload)
//	})
//	// …
//	err = rec.Close()
//
// A [Recorder] is made for event loops: recording copies the payload into a block in memory, and a
// goroutine of the recorder's own redacts, compresses and writes. [Open] reads a file. [Writer] writes
// one without a goroutine, for tools. [Redactor] replaces what people wrote and who they are.
//
// # The format, version 1
//
// A file is a header, blocks, and an index with a footer. All fixed numbers are little-endian; uvarint
// and varint are those of encoding/binary (a varint is zigzag-encoded). Times are microseconds since
// 1970, UTC. CRC means CRC-32C (Castagnoli).
//
// The header has 48 bytes:
//
//	 0  8 bytes  the magic number 89 53 4C 54 52 0D 0A 1A
//	 8  uint16   version: 1
//	10  uint16   length of the header: 48
//	12  uint8    bit 0: redacted; the others are 0
//	13  uint8    compression that the client asked for: 0 not known, 1 none, 2 payload, 3 zlib-stream, 4 zstd-stream
//	14  uint16   version of the redaction, 0 where the file is not redacted
//	16  int64    when the recording began
//	24  uint32   number of shards of the bot, 0 where that is not known
//	28  16 bytes 0
//	44  uint32   CRC of the 44 bytes before
//
// A block has a header of 48 bytes and a body, which is one zstd frame that depends on nothing outside
// it. Decompressed, the body is a sequence of records; about 1 MiB of them, or a single larger record.
//
//	 0  4 bytes  "SLTB"
//	 4  uint32   length of the body: at most 1 GiB
//	 8  uint32   length of the body, decompressed: at most 67,109,888 (64 MiB and 1 KiB)
//	12  uint32   number of records
//	16  uint32   number of records that were left out since the block before, because the disk did not keep up
//	20  uint32   CRC of the body
//	24  int64    time of the first record; of a block without records: 0
//	32  int64    time of the latest record, which is not always the last; of a block without records: 0
//	40  uint32   bit 0: open; the others are 0
//	44  uint32   CRC of the 44 bytes before
//
// A block is open while records are still added to its frame, every half second, say, where there are few. Then its
// lengths, its number of records and its checksum are 0, and its time is that of its first record. Only the last block of a file that
// was not closed can be open: what its frame gives up to where it ends, or is damaged, is read.
//
// The body of a block without records is passed over, whatever it is: [Repair] makes such a block of bytes
// that are damaged.
//
// A record:
//
//	varint   µs since the record before, in a block's first record 0; negative where loops overtook each other
//	uvarint  shard
//	uint8    kind: see [Kind]
//	uvarint  of a payload: its bytes on the wire, compressed, 0 where that is not known;
//	         of [Closed]: the close code, 0 for none, 1006 without a close frame; of others: 0
//	uvarint  length of the payload, 0 for a kind that has none
//	payload
//
// The index begins with "SLTI" and has, for each block, in their order:
//
//	uvarint  length of the block's body
//	uvarint  its length, decompressed
//	uvarint  number of records
//	uvarint  number of records that were left out before it
//	varint   time of the first record, as a difference to the block before (the first: to the header's time)
//	uvarint  µs from there to the latest record
//	uvarint  number of shards in it, then for each, ascending, a uvarint: its id, less one more than the one before
//
// The positions of blocks follow from their lengths, so an index can neither skip a block nor go in
// circles. The footer ends the file, with 32 bytes:
//
//	 0  uint64   position of the index
//	 8  uint64   length of the index
//	16  uint32   number of blocks
//	20  uint32   CRC of the index and of the 20 bytes before
//	24  8 bytes  "SLTREND\n"
//
// A file without a footer was not closed: its process was killed, or still writes. It is read up to its
// last whole block, by the headers of the blocks; [Repair] gives it an index. A reader refuses other
// versions, and passes records whose kind it does not know on.
package trace
