package frame

import (
	"encoding/binary"

	"github.com/gobwas/ws"
)

// Opcode is the opcode of a frame (RFC 6455, section 5.2). It is no gateway
// opcode.
type Opcode = ws.OpCode

// The opcodes that RFC 6455, section 5.2, defines.
const (
	OpContinuation = ws.OpContinuation // a later fragment of a message
	OpText         = ws.OpText         // a message of UTF-8, or its first fragment
	OpBinary       = ws.OpBinary       // a message of any bytes, or its first fragment
	OpClose        = ws.OpClose        // the end of the connection, with a close code or without
	OpPing         = ws.OpPing         // asks for a pong
	OpPong         = ws.OpPong         // carries the payload of the ping that it answers
)

// OpNone is the opcode of a [Message] that is none. Its value is free because
// an [Assembler] gives out no continuation frames.
const OpNone Opcode = 0

// MaxControlPayload is the greatest length of a control frame's payload, in
// bytes (RFC 6455, section 5.5).
const MaxControlPayload = 125

// MaxHeader is the greatest length of a frame's header, in bytes: two bytes,
// a length of eight and a masking key of four.
const MaxHeader = 14

// The bits and values of a header's first two bytes (RFC 6455, section 5.2).
const (
	bitFin     = 0x80
	bitsRSV    = 0x70
	bitsOpcode = 0x0f

	bitMask  = 0x80
	length16 = 126 // the length follows in 2 bytes
	length64 = 127 // the length follows in 8 bytes
)

// header is a server's frame header.
// Invariant: size is 2, 4 or 10, or 0 where bytes of the header are missing;
// length < 1<<63.
type header struct {
	op     Opcode
	fin    bool
	size   int    // bytes of the header
	length uint64 // bytes of the payload
}

// parseHeader reads the header at the start of b, as far as b goes, and says
// what is wrong with it. Fragmented says that a message is unfinished. The
// bytes are judged in their order, so that what is wrong does not depend on
// how many of them have arrived.
func parseHeader(b []byte, fragmented bool) (h header, fault string) {
	if len(b) == 0 {
		return header{}, ""
	}
	h.op = Opcode(b[0] & bitsOpcode)
	h.fin = b[0]&bitFin != 0
	switch {
	case b[0]&bitsRSV != 0:
		return header{}, faultReservedBits
	case h.op.IsReserved():
		return header{}, faultReservedOpcode
	case h.op.IsControl():
		if !h.fin {
			return header{}, faultControlFragmented
		}
	case h.op == OpContinuation:
		if !fragmented {
			return header{}, faultNoMessage
		}
	case fragmented:
		return header{}, faultUnfinishedMessage
	}

	if len(b) < 2 {
		return header{}, ""
	}
	switch short := b[1]; {
	case short&bitMask != 0:
		return header{}, faultMasked
	case short < length16:
		h.size, h.length = 2, uint64(short)
	case h.op.IsControl():
		return header{}, faultControlTooLong
	case short == length16:
		if len(b) < 4 {
			return header{}, ""
		}
		h.size, h.length = 4, uint64(binary.BigEndian.Uint16(b[2:]))
		if h.length < length16 {
			return header{}, faultLengthNotMinimal
		}
	default:
		if len(b) < 10 {
			return header{}, ""
		}
		h.size, h.length = 10, binary.BigEndian.Uint64(b[2:])
		if h.length>>63 != 0 {
			return header{}, faultLengthSign
		}
		if h.length <= 0xffff {
			return header{}, faultLengthNotMinimal
		}
	}
	return h, ""
}
