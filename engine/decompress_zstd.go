package engine

import (
	"errors"

	"github.com/sluice-go/sluice/internal/zstd"
)

// newZstd returns the decoder of a new connection.
func newZstd(library bool) stream {
	if library || !ownZstd {
		return &libraryZstd{}
	}
	return &zstdStream{}
}

// zstdStream is one zstd frame for a connection, which never ends. One message
// is one payload.
type zstdStream struct {
	stream zstd.Stream
}

// decode implements stream.
func (z *zstdStream) decode(in *inflow, message []byte) ([]byte, error) {
	payload, err := in.zstdDecoder().Decode(&z.stream, message, in.limit)
	switch {
	case err == nil:
		return payload, nil
	case errors.Is(err, zstd.ErrTooLarge):
		return nil, errTooLarge
	}
	return nil, &corruptError{what: "zstd-stream", err: err}
}

func (z *zstdStream) rest()  {}
func (z *zstdStream) close() {}
