package frame

import "encoding/binary"

// AppendFrame appends a client's frame, final and masked, to dst and returns
// the extended slice, which is [MaxHeader] and len(payload) bytes longer at
// most. It allocates only where dst lacks room. The payload is only read; it
// must not lie in the room behind dst. That of a control frame has at most
// [MaxControlPayload] bytes, or the peer will close the connection.
//
// The masking key must be unpredictable to whoever chose the payload, and a
// fresh one for each frame (RFC 6455, sections 5.3 and 10.3).
func AppendFrame(dst []byte, op Opcode, mask [4]byte, payload []byte) []byte {
	dst = appendHeader(dst, op, bitMask, len(payload))
	dst = append(dst, mask[:]...)
	start := len(dst)
	dst = append(dst, payload...)
	Mask(dst[start:], mask)
	return dst
}

// AppendServerFrame appends a server's frame, final and not masked, to dst and
// returns the extended slice. It is what a gateway to test against writes. For
// dst and payload the same holds as for [AppendFrame].
func AppendServerFrame(dst []byte, op Opcode, payload []byte) []byte {
	dst = appendHeader(dst, op, 0, len(payload))
	return append(dst, payload...)
}

// appendHeader appends the header of a final frame up to where the masking key
// would stand. The masked argument is bitMask or 0.
func appendHeader(dst []byte, op Opcode, masked byte, length int) []byte {
	dst = append(dst, bitFin|byte(op))
	switch {
	case length < length16:
		return append(dst, masked|byte(length))
	case length <= 0xffff:
		dst = append(dst, masked|length16)
		return binary.BigEndian.AppendUint16(dst, uint16(length))
	}
	dst = append(dst, masked|length64)
	return binary.BigEndian.AppendUint64(dst, uint64(length))
}
