package gatewaytest

import (
	"bytes"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/internal/gatewire"
)

// recut cuts the messages in frames as faults say: payloads into messages, and messages into
// fragments. Control frames stay whole. It returns frames itself where there is nothing to cut.
func (snd *sender) recut(frames []byte) []byte {
	if snd.split == 0 && snd.fragment == 0 {
		return frames
	}
	var out []byte
	for r := bytes.NewReader(frames); r.Len() > 0; {
		h, err := ws.ReadHeader(r)
		begin := len(frames) - r.Len()
		if err != nil || int64(r.Len()) < h.Length {
			return append(out, frames[begin-ws.HeaderSize(h):]...) // a fault's own, which is no frame
		}
		data := frames[begin : begin+int(h.Length)]
		r.Seek(h.Length, 1) // within what is left
		if h.OpCode.IsControl() {
			out = gatewire.AppendFrame(out, h.OpCode, data)
			continue
		}
		for _, message := range snd.messages(h.OpCode, data) {
			out = appendFragments(out, h.OpCode, message, snd.fragment)
		}
	}
	return out
}

// messages cuts a payload's data. The last piece holds all of what ends a payload of zlib-stream, for
// that is what clients are told to look for at the end of a message (Discord: "Transport
// Compression"); no other piece ends in it.
func (snd *sender) messages(op ws.OpCode, data []byte) (pieces [][]byte) {
	if snd.split == 0 || snd.Compression.Stateless() || op != ws.OpBinary {
		return [][]byte{data}
	}
	begin := 0
	for n := snd.split; n+len(gatewire.SyncMarker) <= len(data); n += snd.split {
		if !bytes.HasSuffix(data[:n], gatewire.SyncMarker) {
			pieces = append(pieces, data[begin:n])
			begin = n
		}
	}
	return append(pieces, data[begin:])
}

// appendFragments appends a message in frames of size bytes, in one if size is 0.
func appendFragments(dst []byte, op ws.OpCode, data []byte, size int) []byte {
	for size > 0 && len(data) > size {
		begin := len(dst)
		dst = gatewire.AppendFrame(dst, op, data[:size])
		dst[begin] &^= 0x80 // FIN
		data, op = data[size:], ws.OpContinuation
	}
	return gatewire.AppendFrame(dst, op, data)
}
