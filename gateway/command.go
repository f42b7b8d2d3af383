package gateway

import "strconv"

// MaxPayload is the greatest length of a payload that a client sends, in bytes. Discord closes
// the connection with [CloseDecodeError] when it gets a longer one.
//
// Source: Discord, "Gateway", heading "Sending Events".
const MaxPayload = 4096

// A PayloadTooLargeError tells of a payload that would have been longer than [MaxPayload].
type PayloadTooLargeError struct {
	Op   Opcode // what the payload was for
	Size int    // the length that it would have had, in bytes
}

// Error returns a sentence with the opcode's name, the size and the limit.
func (e *PayloadTooLargeError) Error() string {
	return "gateway: " + e.Op.String() + ": payload of " + strconv.Itoa(e.Size) +
		" bytes, at most " + strconv.Itoa(MaxPayload) + " can be sent"
}

// A FieldError tells of a field whose value Discord would refuse, so that no payload was made.
type FieldError struct {
	Op     Opcode // what the payload was for
	Field  string // the field's name as Discord writes it, such as "large_threshold"
	Reason string // what is wrong with it, such as "is empty"; never a token
}

// Error returns a sentence with the opcode's name, the field and the reason.
func (e *FieldError) Error() string {
	return "gateway: " + e.Op.String() + ": " + e.Field + " " + e.Reason
}

// AppendHeartbeat appends a heartbeat payload (opcode 1) to dst. seq is the sequence of the
// last dispatch; 0, which is no sequence, stands for none yet, and is sent as null.
//
// Source: Discord, "Gateway", heading "Sending Heartbeats".
func AppendHeartbeat(dst []byte, seq int64) []byte {
	dst = append(dst, `{"op":1,"d":`...)
	if seq <= 0 {
		return append(dst, "null}"...)
	}
	return append(strconv.AppendInt(dst, seq, 10), '}')
}

// appendHead appends what precedes the value of d.
func appendHead(dst []byte, op Opcode) []byte {
	dst = append(dst, `{"op":`...)
	dst = strconv.AppendUint(dst, uint64(op), 10)
	return append(dst, `,"d":`...)
}

// finish returns b, which is dst with a payload for op appended but for its last brace;
// or dst, if that payload is too long.
func finish(dst, b []byte, op Opcode) ([]byte, error) {
	b = append(b, '}')
	if size := len(b) - len(dst); size > MaxPayload {
		return dst, &PayloadTooLargeError{Op: op, Size: size}
	}
	return b, nil
}
