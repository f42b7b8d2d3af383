package engine

import (
	"fmt"
)

// Compression is how the gateway compresses what it sends.
type Compression uint8

const (
	// ZlibStream is transport compression with one zlib stream a connection.
	// It is the default: every gateway and proxy knows it, and a connection
	// needs the least memory.
	ZlibStream Compression = iota
	// ZstdStream is transport compression with one zstd frame a connection.
	ZstdStream
	// PayloadCompression has Discord compress each large payload by itself.
	PayloadCompression
	// NoCompression has everything sent as plain text.
	NoCompression
)

var compressionNames = [...]string{"zlib-stream", "zstd-stream", "payload", "none"}

// String returns "zlib-stream", "zstd-stream", "payload" or "none".
func (c Compression) String() string {
	if int(c) < len(compressionNames) {
		return compressionNames[c]
	}
	return fmt.Sprintf("Compression(%d)", uint8(c))
}

// MarshalText implements encoding.TextMarshaler, which encoding/json uses too.
func (c Compression) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// ParseCompression is the inverse of [Compression.String]; "zlib" and "zstd"
// are accepted for short.
func ParseCompression(s string) (Compression, error) {
	switch s {
	case "zlib", "zlib-stream":
		return ZlibStream, nil
	case "zstd", "zstd-stream":
		return ZstdStream, nil
	case "payload":
		return PayloadCompression, nil
	case "none":
		return NoCompression, nil
	}
	return 0, fmt.Errorf("engine: unknown compression %q: choose zlib, zstd, payload or none", s)
}

// query returns the value of the URL parameter compress, "" for none.
func (c Compression) query() string {
	switch c {
	case ZlibStream, ZstdStream:
		return c.String()
	}
	return ""
}
