// Package lazyjson reads single values out of JSON without decoding the rest: use
// it in callbacks that need a few fields of an event. It answers with positions in,
// and slices of, the bytes it was given; it copies nothing, allocates nothing on
// the way of the data, and does not recurse.
//
// [Peek] reads the envelope of a gateway payload: op, s, t and where d lies.
// [Value] looks up single values below d by path. [Valid] and [Check] walk a
// whole document. Package decode, below this one, fills structs.
//
// # What is JSON
//
// The grammar is that of RFC 8259 as encoding/json has it: white space is
// space, tab, line feed and carriage return; a string holds no byte below 0x20;
// a document nests at most [MaxDepth] deep. As there, bytes that are no UTF-8
// and lone surrogates do not make a document invalid; they read as U+FFFD.
//
// # Lifetime
//
// Every []byte that a function of this package returns, except those named dst,
// is a slice of the bytes it was given: it lives as long as they do, and is
// borrowed if they are. Nothing here writes to them.
package lazyjson
