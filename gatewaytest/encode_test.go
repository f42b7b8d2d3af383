package gatewaytest

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gobwas/ws"
	"github.com/klauspost/compress/zstd"

	"github.com/sluice-go/sluice/internal/gatewire"
	"github.com/sluice-go/sluice/internal/traffic"
)

// transcript is what a connection was sent: messages, and the payloads that they should carry.
type transcript struct {
	frames   []byte
	payloads []string
}

// encodeAll makes a connection's life out of everything that may follow each other: stored
// payloads, runs of live encoders, and shared segments, entered at their starts and left at any event.
func encodeAll(t *testing.T, c Compression) transcript {
	t.Helper()
	corpus := newSharedCorpus(func() *traffic.Generator { return traffic.New(3) })
	shared := newStream(c, corpus, 1, 512, 32)
	var w transcript
	stored := func(first bool) {
		p := fmt.Sprintf(`{"t":null,"s":null,"op":11,"d":%d}`, len(w.payloads))
		w.frames = gatewire.AppendStored(w.frames, c, []byte(p), first)
		w.payloads = append(w.payloads, p)
	}
	live := func(n int, first bool) {
		enc := gatewire.NewEncoder(c)
		defer gatewire.FreeEncoder(c, enc)
		enc.Begin(first)
		for i := range n {
			p := fmt.Sprintf(`{"t":"X","s":%d,"op":0,"d":%s}`, i, corpus.at(int64(i*7)).data)
			w.frames = encode(enc, c, w.frames, []byte(p))
			w.payloads = append(w.payloads, p)
		}
	}
	segment := func(i, n int64) {
		w.frames = append(w.frames, shared.frames(i, i+n)...)
		for k := range n {
			ev := corpus.at(i + k)
			w.payloads = append(w.payloads, fmt.Sprintf(`{"t":%q,"s":%d,"op":0,"d":%s}`, ev.name, 1+i+k, ev.data))
		}
	}
	stored(true)
	live(3, false)
	for i := int64(0); i < 256; i += 32 {
		segment(i, 32)
		if i%64 == 0 {
			stored(false)
		}
	}
	segment(288, 5)
	live(2, false)
	segment(320, 1)
	stored(false)
	live(40, false)
	segment(64, 32)
	big := `{"t":"BIG","s":1,"op":0,"d":"` + string(bytes.Repeat([]byte("0123456789abcdef"), 20_000)) + `"}`
	enc := gatewire.NewEncoder(c)
	enc.Begin(false)
	w.frames = encode(enc, c, w.frames, []byte(big))
	w.payloads = append(w.payloads, big)
	segment(96, 32)
	return w
}

// messages splits frames with gobwas/ws.
func (w transcript) messages(t *testing.T) (messages [][]byte, ops []ws.OpCode) {
	t.Helper()
	r := bytes.NewReader(w.frames)
	for r.Len() > 0 {
		h, body, err := readFrame(r)
		if err != nil || h.Masked || !h.Fin {
			t.Fatalf("frame %d: %v, %+v", len(messages), err, h)
		}
		messages = append(messages, body)
		ops = append(ops, h.OpCode)
	}
	return messages, ops
}

// readFrame reads a frame with gobwas/ws.
func readFrame(r io.Reader) (ws.Header, []byte, error) {
	h, err := ws.ReadHeader(r)
	if err != nil {
		return h, nil, err
	}
	body := make([]byte, h.Length)
	_, err = io.ReadFull(r, body)
	return h, body, err
}

// TestZlibStream decodes with compress/zlib, and looks at what each message ends in.
func TestZlibStream(t *testing.T) {
	w := encodeAll(t, CompressionZlib)
	messages, _ := w.messages(t)
	var all []byte
	ends, splits := 0, 0
	for _, m := range messages {
		all = append(all, m...)
		if bytes.HasSuffix(m, []byte{0, 0, 0xff, 0xff}) {
			ends++
		} else {
			splits++
		}
	}
	if ends != len(w.payloads) {
		t.Errorf("%d messages end in a flush, want %d", ends, len(w.payloads))
	}
	if splits == 0 {
		t.Error("no payload was split over messages")
	}
	r, err := zlib.NewReader(bytes.NewReader(all))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != io.ErrUnexpectedEOF { // the stream never ends
		t.Errorf("after the stream: %v", err)
	}
	comparePayloads(t, got, w.payloads)
}

// TestZstdStream decodes message by message with klauspost's decoder, walks the blocks, and
// decodes the whole with the zstd program where there is one.
func TestZstdStream(t *testing.T) {
	w := encodeAll(t, CompressionZstd)
	messages, _ := w.messages(t)
	if len(messages) != len(w.payloads) {
		t.Fatalf("%d messages carry %d payloads", len(messages), len(w.payloads))
	}
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(gatewire.ZstdWindow))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	lastBlock := []byte{1, 0, 0} // empty
	var all []byte
	for i, m := range messages {
		all = append(all, m...)
		if i == 0 {
			m = m[len(gatewire.ZstdHeader):]
		}
		for len(m) > 0 { // RFC 8878, section 3.1.1.2
			header := int(m[0]) | int(m[1])<<8 | int(m[2])<<16
			if header&1 != 0 || header>>1&3 == 3 {
				t.Fatalf("message %d: block header %06x", i, header)
			}
			n := header >> 3
			if header>>1&3 == 1 {
				n = 1
			}
			if n+3 > len(m) {
				t.Fatalf("message %d ends inside a block", i)
			}
			m = m[3+n:]
		}
		if i%9 == 0 || i == len(messages)-1 { // the messages until now carry the payloads until now
			got, err := d.DecodeAll(append(all[:len(all):len(all)], lastBlock...), nil)
			if err != nil {
				t.Fatalf("message %d: %v", i, err)
			}
			comparePayloads(t, got, w.payloads[:i+1])
		}
	}

	program, err := exec.LookPath("zstd")
	if err != nil {
		t.Skip("no zstd program here")
	}
	all = append(all, lastBlock...)
	name := filepath.Join(t.TempDir(), "stream.zst")
	if err := os.WriteFile(name, all, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := exec.Command(program, "-dc", name).Output()
	if err != nil {
		t.Fatalf("zstd -dc: %v", err)
	}
	comparePayloads(t, got, w.payloads)
}

// TestPayloadCompression decodes each message by itself.
func TestPayloadCompression(t *testing.T) {
	w := encodeAll(t, CompressionPayload)
	messages, ops := w.messages(t)
	var all []byte
	compressed := 0
	for i, m := range messages {
		if ops[i] == ws.OpText {
			all = append(all, m...)
			continue
		}
		compressed++
		r, err := zlib.NewReader(bytes.NewReader(m))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(r) // a whole stream, with its checksum
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, plain...)
	}
	if compressed == 0 || compressed == len(messages) {
		t.Errorf("%d of %d messages are compressed", compressed, len(messages))
	}
	comparePayloads(t, all, w.payloads)
}

// TestText looks at CompressionNone.
func TestText(t *testing.T) {
	w := encodeAll(t, CompressionNone)
	messages, ops := w.messages(t)
	for i, op := range ops {
		if op != ws.OpText {
			t.Errorf("message %d has opcode %v", i, op)
		}
	}
	comparePayloads(t, bytes.Join(messages, nil), w.payloads)
}

// comparePayloads compares a stream of JSON values, with white space around them, with what it
// should be.
func comparePayloads(t *testing.T, stream []byte, payloads []string) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(stream))
	for i, want := range payloads {
		var got json.RawMessage
		if err := d.Decode(&got); err != nil {
			t.Fatalf("payload %d: %v", i, err)
		}
		if string(got) != want {
			t.Fatalf("payload %d is %.200s, want %.200s", i, got, want)
		}
	}
	if d.More() {
		t.Errorf("the stream goes on after %d payloads", len(payloads))
	}
}
