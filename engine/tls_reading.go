package engine

import (
	"fmt"

	"github.com/sluice-go/sluice/internal/reactor"
)

// TLSReading is how the TLS records of a shard's connection are read.
type TLSReading uint8

const (
	// TLSNone: there is no connection, or none with TLS.
	TLSNone TLSReading = iota

	// TLSLent: an event loop lends records to crypto/tls out of its own buffer. An idle
	// connection keeps no buffer, and a read allocates nothing.
	TLSLent

	// TLSPlain: crypto/tls reads records into a buffer that it keeps, as in most
	// programs: some 9 KB more for an idle shard. View.TLSWhy says why.
	TLSPlain
)

var tlsReadingNames = [...]string{"none", "lent", "plain"}

// String returns "none", "lent" or "plain".
func (r TLSReading) String() string {
	if int(r) < len(tlsReadingNames) {
		return tlsReadingNames[r]
	}
	return fmt.Sprintf("TLSReading(%d)", uint8(r))
}

// MarshalText implements encoding.TextMarshaler, which encoding/json uses too.
func (r TLSReading) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// readingOf translates what a loop says of its connection.
func readingOf(records reactor.Records) (r TLSReading, why string) {
	switch {
	case records.Lent:
		return TLSLent, ""
	case records.Plain != "":
		return TLSPlain, records.Plain
	}
	return TLSNone, ""
}

// tellReading logs how the engine's first TLS connection is read. On event loops the
// plain way is not what was hoped for.
func (e *Engine) tellReading(r TLSReading, why string) {
	if r == TLSNone {
		return
	}
	e.readingTold.Do(func() {
		_, portable := e.driver.(reactor.PortableDriver)
		switch {
		case r == TLSLent:
			e.config.Logger.Info("TLS records are lent to crypto/tls; idle connections keep no buffer")
		case portable:
			e.config.Logger.Info("TLS records are read the plain way", "cause", why)
		default:
			e.config.Logger.Warn("TLS records are read the plain way, which costs some 9 KB more for each idle shard", "cause", why)
		}
	})
}
