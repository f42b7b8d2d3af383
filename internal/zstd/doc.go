// Package zstd decodes Zstandard (RFC 8878) as the gateway sends it with
// transport compression: one frame for each connection, which never ends,
// flushed after every payload (Discord: Transport Compression).
//
// # Messages
//
// A [Decoder] is given messages, not a reader: all bytes of a message are in
// memory, and its output is put into memory that the decoder has for it. A message
// is whole when it ends where a block, a frame's header, or a frame with its
// checksum ends; the headers of frames and blocks alone tell. Before that:
//
//   - A message that ends elsewhere goes on. It is not done, nothing of it is
//     decoded, and the caller offers it again with the bytes that follow. So it
//     may be cut anywhere on its way.
//   - A message may have any number of blocks, and of empty ones. One that has
//     nothing else is done with empty output, and is no event.
//   - A frame may end, with or behind others, and another or a skippable frame
//     begin.
//
// A format that tells whether a payload is complete, which zstd is not, has to
// be asked about a payload that was cut just where a block ends: its parts are
// decoded one by one, each as a message.
//
// A [Splitter] does the same for another decoder, without decoding anything.
//
// # Ownership
//
// A connection owns a [Stream]: its window, a ring that grows as history
// comes, three offsets, and descriptions of the tables that a later block may
// refer to: half a KiB and the window. The tables themselves belong to the Decoder, which
// serves all the connections of an event loop, with tags that tell whose they
// are: a block that refers to a table of before finds it there, or has it
// built again if other connections came in between. A table that a block
// brings along, as most do, is built once either way. The output is decoded
// into the decoder's memory, where matches find what the message had before;
// those that reach back further read the ring, which is written only once the
// message turned out to be well.
//
// # Variants
//
// The loops that read and execute sequences exist twice: in Go, and in assembly for
// amd64 processors with BMI2 and AVX2 (hasBMI2), unless the build tag purego is set.
// The fast ones leave to those in Go whatever is rare: the last sequence of a block, fields of
// more than 57 bits, short offsets, the places where the ring wraps around, and everything that
// is wrong. So there is one place for each error. Tests and fuzz targets run with both.
//
// # What is accepted
//
// What RFC 8878 allows, but no dictionaries, and no windows over
// [Decoder.MaxWindow]. A message whose raw and RLE blocks alone are over the limit
// of the output is refused before memory is taken for it. The sizes that a frame or block announces are held
// against what comes. A frame's checksum is skipped: it would take a hash over
// all of a stream, which for the gateway's never ends. So a damaged message
// may well decode to something else; TLS is what protects it.
//
// Blocks that libzstd refuses are refused: also literals of fewer than six
// bytes in four streams, a tree without codes of its greatest length, and
// bytes behind a header that announces no sequences. Where the two differ,
// this package is the more strict: offsets may not reach behind the window
// even if older output is still in memory, a repeat offset may not become
// zero, and reserved bits have to be zero.
package zstd
