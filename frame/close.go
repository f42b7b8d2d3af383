package frame

import (
	"encoding/binary"
	"unicode/utf8"
)

// Close codes that this package gives out (RFC 6455, section 7.4.1).
const (
	// CloseProtocolError is sent when the peer broke the protocol.
	CloseProtocolError uint16 = 1002

	// CloseNoStatus stands for a close frame without a code. It is never sent.
	CloseNoStatus uint16 = 1005

	// CloseInvalidText is sent for text that is not valid UTF-8.
	CloseInvalidText uint16 = 1007

	// CloseTooBig is sent for a message that is longer than the limit.
	CloseTooBig uint16 = 1009
)

// ValidCloseCode reports whether a close frame may carry the code: 1000 to
// 1003 and 1007 to 1011 (RFC 6455, section 7.4.1), 1012 to 1014 (the IANA
// WebSocket Close Code Number Registry), and 3000 to 4999, which libraries
// and applications such as Discord choose (section 7.4.2).
func ValidCloseCode(code uint16) bool {
	switch {
	case code < 1000:
		return false
	case code <= 1003:
		return true
	case code <= 1006:
		return false
	case code <= 1014:
		return true
	}
	return code >= 3000 && code <= 4999
}

// ParseClose reads the payload of a close frame (RFC 6455, section 5.5.1): a
// close code and a reason, UTF-8 without any meaning to the protocol. The
// code is [CloseNoStatus] where the payload has none. The reason is a slice
// of the payload.
//
// The error is an [*Error], for a payload of one byte, a code that must not be
// sent or a reason that is not valid UTF-8. Code and reason are then
// returned as the peer sent them, since they may still tell what it wanted.
func ParseClose(payload []byte) (code uint16, reason []byte, err error) {
	switch len(payload) {
	case 0:
		return CloseNoStatus, nil, nil
	case 1:
		return CloseNoStatus, nil, &Error{Code: CloseProtocolError, Reason: faultCloseShort}
	}
	code, reason = binary.BigEndian.Uint16(payload), payload[2:]
	switch {
	case !ValidCloseCode(code):
		err = &Error{Code: CloseProtocolError, Reason: faultCloseCode}
	case !utf8.Valid(reason):
		err = &Error{Code: CloseInvalidText, Reason: faultCloseReason, Offset: 2}
	}
	return code, reason, err
}

// AppendClose appends a client's close frame to dst and returns the extended
// slice. The frame goes without code and reason if the code must not be sent
// (see [ValidCloseCode]), which the peer takes for [CloseNoStatus]. Of the
// reason goes the longest start that is valid UTF-8 and has at most 123 bytes.
// The masking key is random, as for [AppendFrame].
func AppendClose(dst []byte, mask [4]byte, code uint16, reason string) []byte {
	if !ValidCloseCode(code) {
		return AppendFrame(dst, OpClose, mask, nil)
	}
	var payload [MaxControlPayload]byte
	binary.BigEndian.PutUint16(payload[:], code)
	n := 2 + copy(payload[2:], reason)
	for !utf8.Valid(payload[2:n]) {
		n--
	}
	return AppendFrame(dst, OpClose, mask, payload[:n])
}
