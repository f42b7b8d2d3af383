// Package inflate decodes DEFLATE (RFC 1951) in the zlib format (RFC 1950)
// as the gateway sends it: with transport compression one stream for each
// connection, flushed after every payload (Discord: Transport Compression),
// and with payload compression a stream for each payload.
//
// # Messages
//
// A [Decoder] is given messages, not a reader: all bytes of a message are in
// memory, and the output of one is put into memory that the decoder has for
// it. A message is whole when its last block is an empty stored block that
// is not the final one, and that ends with the message's last byte: what
// zlib's Z_SYNC_FLUSH leaves, 00 00 ff ff at the end. Before that:
//
//   - A message without those bytes at its end goes on, as does one in which
//     they are there by chance, inside a block or inside a stored block's
//     bytes. It is not done, nothing of it is kept, and the caller offers it
//     again with the bytes that follow. To decode it again and again is
//     bounded: see [ErrSplit].
//   - A message may have any number of blocks and of empty stored blocks. One
//     that has nothing else is done with empty output.
//   - A final block ends the stream, so its message is whole with the four
//     bytes of the Adler-32 behind it. A gateway's stream never ends, so no
//     sum is kept over it, and Decode does not compare the four bytes. It
//     sees the end only in a message that comes in one part; DecodeWhole,
//     which compares them, needs it.
//
// # Ownership
//
// A connection owns a [Stream]: the 32 KiB window and less than 64 bytes. As
// messages end on block boundaries, all else can belong to the Decoder, which
// serves all the connections of an event loop. The output is decoded into the
// decoder's memory, where matches find what the message had before; those
// that reach back further read the stream's window, a ring. It is written
// only after the message turned out to be whole and well, so nothing has to
// be undone otherwise.
//
// With many connections, a window has left the processor's cache when its
// turn comes again. So a small message of another stream than the message
// before is decoded in batches: symbols first, copies afterwards. Before the
// copies, all that they need of the window is asked for, so that they wait for
// all of their cache misses together. The output is the same.
//
// # Variants
//
// The loop of symbols for a window that is hot exists twice: in Go, and in assembly for
// amd64 processors with BMI2 and AVX2 (hasBMI2), unless the build tag purego is set. That in
// assembly leaves to the one in Go whatever is rare: codes longer than a table's root, the
// ends of blocks, what is read from both sides of the window's end, and everything that is wrong.
// Tests and fuzz targets run with both.
//
// # What is accepted
//
// Exactly what zlib's inflate accepts, which is more strict than
// compress/flate in when it refuses: a code length code of a single symbol,
// and a code without an end-of-block symbol, are errors in the header. In
// both packages no such block can be decoded to its end. Distances may reach
// 32 KiB back even if the header promises a smaller window.
package inflate
