package engine

import (
	"errors"
	"sync"

	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/internal/inflate"
	"github.com/sluice-go/sluice/internal/zstd"
)

// errTooLarge: a payload would be larger than Config.MaxPayload. How large it
// would have become is not known, since nothing is decompressed beyond the limit.
var errTooLarge = errors.New("payload is larger than MaxPayload")

// inflow turns the messages of one connection into payloads. Its context (the
// window, the tables) belongs to that connection: open makes a new one, close
// drops it.
type inflow struct {
	limit    int
	stream   stream           // nil without transport compression
	inflater *inflate.Decoder // lent for the length of a feed
	unzstd   *zstd.Decoder    // lent for the length of a feed
}

// stream is a transport compression's decoder.
type stream interface {
	// decode takes one message and returns its payload, at most limit bytes: nil
	// or empty if the payload goes on in the next message or there is none. It
	// is borrowed until the next call of decode or rest. After an error the
	// stream is of no use.
	decode(in *inflow, message []byte) ([]byte, error)
	// rest gives back what is only needed during a feed.
	rest()
	close()
}

// open starts the context of a new connection.
func (in *inflow) open(config *Config) {
	in.close()
	in.limit = config.MaxPayload
	switch config.Compression {
	case ZlibStream:
		in.stream = &zlibStream{}
	case ZstdStream:
		in.stream = newZstd(config.LibraryZstd)
	}
}

// close drops the context.
func (in *inflow) close() {
	in.rest()
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

// decoder borrows a decoder for the rest of the feed.
func (in *inflow) decoder() *inflate.Decoder {
	if in.inflater == nil {
		in.inflater = inflaters.Get().(*inflate.Decoder)
	}
	return in.inflater
}

// zstdDecoder borrows a decoder for the rest of the feed.
func (in *inflow) zstdDecoder() *zstd.Decoder {
	if in.unzstd == nil {
		in.unzstd = unzstds.Get().(*zstd.Decoder)
	}
	return in.unzstd
}

// rest ends a feed: what is not the connection's own goes back.
func (in *inflow) rest() {
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

// decompress returns the payload of a message: borrowed until the next call of
// decompress or rest, nil if the message goes on in the next one or held nothing.
func (in *inflow) decompress(m frame.Message) (payload []byte, err error) {
	switch {
	case m.Opcode == frame.OpText:
		payload = m.Payload
	case in.stream != nil:
		payload, err = in.stream.decode(in, m.Payload)
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
