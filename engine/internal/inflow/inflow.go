// Package inflow turns the messages of one connection into payloads: as they are,
// decompressed each by itself, or out of one zlib or zstd stream.
package inflow

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/internal/inflate"
	"github.com/sluice-go/sluice/internal/zstd"
	"github.com/sluice-go/sluice/lazyjson"
)

// ErrTooLarge: a payload would be larger than Config.MaxPayload. How large it
// would have become is not known, since nothing is decompressed beyond the limit.
var ErrTooLarge = errors.New("payload is larger than MaxPayload")

// ErrUnfinished: see UnfinishedTimeout.
var ErrUnfinished = &CorruptError{What: "a payload goes on for longer than 30 s"}

// UnfinishedTimeout is how long the messages of one payload may take to come.
// Damage can make a payload look unfinished, and it would swallow all that follows.
const UnfinishedTimeout = 30 * time.Second

// maxCuts is into how many parts, each of which might be the last, a payload may be
// cut where blocks end: all of it is looked at each time.
const maxCuts = 64

// Decompressor turns the messages of one connection into payloads. Its context (the
// window, the tables) belongs to that connection: Open makes a new one, Close
// drops it.
type Decompressor struct {
	limit    int
	stream   stream           // nil without transport compression
	inflater *inflate.Decoder // lent for the length of a feed
	unzstd   *zstd.Decoder    // lent for the length of a feed

	pending pending   // messages that the stream cannot decode without more
	partial pending   // the start of a payload, decoded
	begun   time.Time // when pending or partial began; zero: there is neither
	cuts    int32     // of the payload that partial is the start of

	// cuttable says that what was decompressed last may be a part of a payload.
	cuttable bool
}

// stream is a transport compression's decoder.
type stream interface {
	// decode takes a message, with those before it that were not done, and returns
	// what it holds: at most limit bytes, nil or empty if there is nothing in it.
	// That is borrowed until the next call of decode or rest. If the message is not
	// done, it goes on in the next one. After an error the stream is of no use.
	decode(in *Decompressor, message []byte) (payload []byte, done bool, err error)
	// cuttable reports whether a payload may have been cut where a message is done.
	cuttable() bool
	// rest gives back what is only needed during a feed.
	rest()
	// pack takes less memory, if it can, until the next message that needs more.
	pack()
	close()
}

// DefaultMaxWindow is the largest window of a zstd stream where nothing else is asked for.
const DefaultMaxWindow = zstd.DefaultMaxWindow

// Config says how a connection is compressed.
type Config struct {
	Stream    Stream
	Limit     int  // of a payload in bytes, decompressed
	MaxWindow int  // of a zstd stream in bytes; 0: what the decoders take
	Library   bool // zstd by klauspost/compress
}

// Stream is how a connection's messages are compressed, all in one stream.
type Stream uint8

const (
	None Stream = iota // each payload by itself, or not at all
	Zlib
	Zstd
)

// WindowBytes returns how many bytes the windows of all connections of the process have, packed
// or not. What klauspost/compress keeps for one is not known, and not counted.
func WindowBytes() int64 { return windowBytes.Load() }

var windowBytes atomic.Int64

// counted is how many of windowBytes are those of a connection.
type counted int

func (c *counted) set(n int) {
	if n != int(*c) {
		windowBytes.Add(int64(n) - int64(*c))
		*c = counted(n)
	}
}

// Open starts the context of a new connection.
func (in *Decompressor) Open(config Config) {
	in.Close()
	in.limit = config.Limit
	switch config.Stream {
	case Zlib:
		in.stream = &zlibStream{}
	case Zstd:
		in.stream = newZstd(config)
	}
}

// IsOpen reports whether the connection has a context that is not the loop's alone.
func (in *Decompressor) IsOpen() bool { return in.stream != nil || in.inflater != nil }

// Unfinished reports whether a payload goes on in messages that have not come.
func (in *Decompressor) Unfinished() bool {
	return in.pending.buf != nil || in.partial.buf != nil || !in.begun.IsZero()
}

// Close drops the context.
func (in *Decompressor) Close() {
	in.Rest()
	in.pending.drop()
	in.partial.drop()
	in.begun = time.Time{}
	if in.stream != nil {
		in.stream.close()
		in.stream = nil
	}
}

// These keep tables and output buffers, which are a loop's and not a
// connection's: as many as loops are at work at the same moment.
var (
	inflaters = sync.Pool{New: func() any { return new(inflate.Decoder) }}
	unzstds   = sync.Pool{New: func() any { return new(zstd.Decoder) }}
)

// Pack has the connection take less memory while nothing happens, if that is possible. It takes
// some 0.2 ms for zlib-stream and 1 to 3 ms for zstd-stream, and a message that needs what was put
// away a tenth of that.
func (in *Decompressor) Pack() {
	if in.stream != nil {
		in.stream.pack()
	}
}

// decoder borrows a decoder for the rest of the feed.
func (in *Decompressor) decoder() *inflate.Decoder {
	if in.inflater == nil {
		in.inflater = inflaters.Get().(*inflate.Decoder)
	}
	return in.inflater
}

// zstdDecoder borrows a decoder for the rest of the feed.
func (in *Decompressor) zstdDecoder() *zstd.Decoder {
	if in.unzstd == nil {
		in.unzstd = unzstds.Get().(*zstd.Decoder)
	}
	return in.unzstd
}

// Rest ends a feed: what is not the connection's own goes back.
func (in *Decompressor) Rest() {
	if in.inflater != nil {
		inflaters.Put(in.inflater)
		in.inflater = nil
	}
	if in.unzstd != nil {
		unzstds.Put(in.unzstd)
		in.unzstd = nil
	}
	if in.stream != nil {
		in.stream.rest()
	}
}

// Decompress returns the payload of a message: borrowed until the next call of
// Decompress, Taken or Rest, nil if the message goes on in the next one or held
// nothing.
func (in *Decompressor) Decompress(now time.Time, m frame.Message) (payload []byte, err error) {
	in.cuttable = false
	switch {
	case m.Opcode == frame.OpText:
		payload = m.Payload
	case in.stream != nil:
		payload, err = in.decodeStream(now, m.Payload)
	case hasZlibHeader(m.Payload):
		// Payload compression: Discord decides for each payload, so it is taken
		// also where it was not asked for.
		payload, err = in.decoder().DecodeWhole(m.Payload, in.limit)
		err = inflateError("payload compression", err)
	default:
		payload = m.Payload
	}
	if err != nil || len(payload) == 0 {
		return nil, err
	}
	return payload, nil
}

// decodeStream decodes a message of a transport compression.
func (in *Decompressor) decodeStream(now time.Time, message []byte) (payload []byte, err error) {
	if !in.begun.IsZero() && now.Sub(in.begun) > UnfinishedTimeout {
		return nil, ErrUnfinished
	}
	if message, err = in.pending.add(message, in.limit); err != nil {
		return nil, err
	}
	payload, done, err := in.stream.decode(in, message)
	if err != nil {
		return nil, err
	}
	if !done {
		in.pending.keep(message)
		in.goesOn(now)
		return nil, nil
	}
	in.pending.drop()
	in.cuttable = in.stream.cuttable()
	if in.partial.buf == nil {
		in.begun = time.Time{}
		return payload, nil
	}
	payload, err = in.partial.add(payload, in.limit)
	if err != nil || payload[len(payload)-1] != '}' {
		return nil, err // it cannot be the end
	}
	return payload, nil
}

// goesOn notes that a payload is not finished.
func (in *Decompressor) goesOn(now time.Time) {
	if in.begun.IsZero() {
		in.begun = now
	}
}

// Keep has a payload wait for more, if that may be all that is wrong with it: one
// that was cut where a block of zstd ends is decoded in parts, and only its JSON
// tells that they are none.
func (in *Decompressor) Keep(now time.Time, payload []byte, err error) bool {
	var syntax *lazyjson.SyntaxError
	if !in.cuttable || !errors.As(err, &syntax) || !syntax.Truncated() {
		return false
	}
	if in.partial.buf == nil {
		in.cuts = 0
	}
	if in.cuts++; in.cuts > maxCuts {
		return false
	}
	in.partial.keep(payload)
	in.goesOn(now)
	return true
}

// Taken ends the loan of a payload.
func (in *Decompressor) Taken() {
	if in.cuttable && in.partial.buf != nil {
		in.partial.drop()
		in.begun = time.Time{}
	}
}
