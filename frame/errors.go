package frame

import "strconv"

// Error says how the peer broke the protocol. The connection is of no use
// any more: send a close frame with Code and drop it (RFC 6455, section 7.1.7).
type Error struct {
	// Code is the close code to send: [CloseProtocolError],
	// [CloseInvalidText] or [CloseTooBig].
	Code uint16

	// Reason says in a few words what was wrong. It is plain text, short
	// enough for the reason of a close frame.
	Reason string

	// Offset is where the frame at fault begins, in bytes from the first that
	// the [Assembler] was given. In an error of [ParseClose] it is where the
	// field at fault begins, in bytes from the start of the payload.
	Offset int64
}

// Error returns the reason with its close code and offset.
func (e *Error) Error() string {
	return "frame: " + e.Reason +
		" (close code " + strconv.Itoa(int(e.Code)) +
		", offset " + strconv.FormatInt(e.Offset, 10) + ")"
}

// What can be wrong with a frame or a message. The comment of each cites the
// section of RFC 6455 that forbids it.
const (
	faultReservedBits      = "reserved bits are set"                                      // 5.2
	faultReservedOpcode    = "opcode is reserved"                                         // 5.2
	faultMasked            = "frame from the server is masked"                            // 5.1
	faultLengthNotMinimal  = "payload length is not in its shortest form"                 // 5.2
	faultLengthSign        = "most significant bit of the payload length is set"          // 5.2
	faultControlFragmented = "control frame is fragmented"                                // 5.5
	faultControlTooLong    = "control frame carries more than 125 bytes"                  // 5.5
	faultNoMessage         = "continuation frame without a message to continue"           // 5.4
	faultUnfinishedMessage = "new message begins before the fragmented one has ended"     // 5.4
	faultText              = "text message is not valid UTF-8"                            // 8.1
	faultTooBig            = "message is longer than the limit"                           // 10.4
	faultCloseShort        = "close frame carries one byte, which cannot be a close code" // 5.5.1
	faultCloseCode         = "close code must not be sent"                                // 7.4
	faultCloseReason       = "reason of a close frame is not valid UTF-8"                 // 5.5.1
)
