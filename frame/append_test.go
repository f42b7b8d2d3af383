package frame

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/gobwas/ws"
)

var testKey = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// TestExamples holds the frames of RFC 6455, section 5.7.
func TestExamples(t *testing.T) {
	hello := []byte("Hello")
	for _, test := range []struct {
		name string
		got  []byte
		want []byte
	}{
		{"unmasked text", AppendServerFrame(nil, OpText, hello),
			[]byte{0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f}},
		{"masked text", AppendFrame(nil, OpText, testKey, hello),
			[]byte{0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}},
		{"unmasked ping", AppendServerFrame(nil, OpPing, hello),
			[]byte{0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f}},
		{"masked pong", AppendFrame(nil, OpPong, testKey, hello),
			[]byte{0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}},
		{"256 bytes", AppendServerFrame(nil, OpBinary, make([]byte, 256))[:4],
			[]byte{0x82, 0x7e, 0x01, 0x00}},
		{"64 KiB", AppendServerFrame(nil, OpBinary, make([]byte, 65536))[:10],
			[]byte{0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0}},
	} {
		if !bytes.Equal(test.got, test.want) {
			t.Errorf("%s: % x, want % x", test.name, test.got, test.want)
		}
	}
	var a Assembler
	ms, rest, err := take(&a, []byte{0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f})
	if err != nil || len(rest) != 0 || !equalMessages(ms, []Message{{OpText, hello}}) {
		t.Errorf("fragmented text: %v, % x, %v", ms, rest, err)
	}
}

// TestAppendFrame reads what was written with another implementation, at the
// borders of the lengths.
func TestAppendFrame(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 127, 65535, 65536, 70000} {
		want := letters(size)
		for _, masked := range []bool{false, true} {
			dst := []byte("before")
			if masked {
				dst = AppendFrame(dst, OpBinary, testKey, want)
			} else {
				dst = AppendServerFrame(dst, OpBinary, want)
			}
			if !bytes.HasPrefix(dst, []byte("before")) || len(dst) > 6+MaxHeader+size {
				t.Fatalf("%d bytes: appended %d", size, len(dst)-6)
			}
			r := bytes.NewReader(dst[6:])
			h, err := ws.ReadHeader(r)
			if err != nil {
				t.Fatal(err)
			}
			wantHeader := ws.Header{Fin: true, OpCode: OpBinary, Masked: masked, Length: int64(size)}
			if masked {
				wantHeader.Mask = testKey
			}
			if h != wantHeader {
				t.Errorf("header %v, want %v", h, wantHeader)
			}
			if n := len(dst) - 6 - r.Len(); n != ws.HeaderSize(h) {
				t.Errorf("%d bytes: header of %d bytes is not the shortest", size, n)
			}
			got := dst[len(dst)-r.Len():]
			if masked {
				maskWordwise(got, testKey)
			}
			if !bytes.Equal(got, want) || !bytes.Equal(want, letters(size)) {
				t.Errorf("%d bytes, masked %t: payload differs, or was written to", size, masked)
			}
		}
	}
}

// TestMask compares Mask with the definition in RFC 6455, section 5.3.
func TestMask(t *testing.T) {
	for size := range 300 {
		got, want := letters(size + 2)[1:size+1], letters(size + 2)[1:size+1]
		for i := range want {
			want[i] ^= testKey[i%4]
		}
		Mask(got, testKey)
		if !bytes.Equal(got, want) {
			t.Fatalf("%d bytes: % x, want % x", size, got, want)
		}
		Mask(got, testKey)
		if !bytes.Equal(got, letters(size + 2)[1:size+1]) {
			t.Fatalf("%d bytes: the mask does not come off", size)
		}
	}
}

// TestAppendAllocs asserts that frames are appended without an allocation
// where dst has room.
func TestAppendAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	payload, dst := letters(4096), make([]byte, 0, MaxHeader+4096)
	for name, f := range map[string]func(){
		"AppendFrame":       func() { AppendFrame(dst, OpText, testKey, payload) },
		"AppendServerFrame": func() { AppendServerFrame(dst, OpText, payload) },
		"AppendClose":       func() { AppendClose(dst, testKey, 4000, "reason") },
		"ParseClose":        func() { _, _, _ = ParseClose(binary.BigEndian.AppendUint16(dst, 4000)) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
