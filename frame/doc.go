// Package frame is the WebSocket protocol (RFC 6455) on byte slices: use it for
// a client that does its own reading and writing. Bytes that were read go into
// an [Assembler], which gives out the messages in them; frames to send are
// appended to a slice that the caller writes.
//
// A message that the peer sent in one frame, as Discord does, is handed out
// as a slice of the bytes that went in: nothing is copied and nothing is
// allocated. Only a fragmented message is put together in a buffer.
//
// Everything that the RFC calls a protocol error is an [*Error], which
// carries the close code to send. No extension is spoken, so the reserved
// bits of a frame must be zero.
//
// What the caller does with a message is left to it: to answer a ping with a
// pong of the same payload (section 5.5.2), to answer a close with a close
// (section 5.5.1) and to look at nothing that follows one.
package frame
