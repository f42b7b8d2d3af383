package frame

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// TestValidCloseCode tries all codes against the ranges of RFC 6455, section
// 7.4, and of the IANA registry.
func TestValidCloseCode(t *testing.T) {
	for code := range 1 << 16 {
		want := false
		for _, r := range [][2]int{{1000, 1003}, {1007, 1014}, {3000, 4999}} {
			want = want || r[0] <= code && code <= r[1]
		}
		if got := ValidCloseCode(uint16(code)); got != want {
			t.Errorf("%d: %t", code, got)
		}
	}
}

func TestParseClose(t *testing.T) {
	for _, test := range []struct {
		payload string
		code    uint16
		reason  string
		err     *Error
	}{
		{"", CloseNoStatus, "", nil},
		{"\x03\xe8", 1000, "", nil},
		{"\x0f\xa4Authentication failed.", 4004, "Authentication failed.", nil},
		{"\x0f\xa0" + strings.Repeat("é", 61), 4000, strings.Repeat("é", 61), nil},
		{"\x03", CloseNoStatus, "", &Error{CloseProtocolError, faultCloseShort, 0}},
		{"\x03\xed", 1005, "", &Error{CloseProtocolError, faultCloseCode, 0}},
		{"\xff\xffwhy", 65535, "why", &Error{CloseProtocolError, faultCloseCode, 0}},
		{"\x0f\xa4\xff", 4004, "\xff", &Error{CloseInvalidText, faultCloseReason, 2}},
	} {
		code, reason, err := ParseClose([]byte(test.payload))
		if code != test.code || string(reason) != test.reason {
			t.Errorf("%q: %d %q", test.payload, code, reason)
		}
		if test.err != nil {
			wantError(t, err, *test.err)
		} else if err != nil {
			t.Errorf("%q: error %v", test.payload, err)
		}
	}
}

func TestAppendClose(t *testing.T) {
	for _, test := range []struct {
		code       uint16
		reason     string
		wantCode   uint16
		wantReason string
	}{
		{4000, "", 4000, ""},
		{1000, "going", 1000, "going"},
		{1002, strings.Repeat("a", 123), 1002, strings.Repeat("a", 123)},
		{1002, strings.Repeat("a", 500), 1002, strings.Repeat("a", 123)},
		{1002, strings.Repeat("é", 62), 1002, strings.Repeat("é", 61)},
		{1002, strings.Repeat("a", 120) + "\U0001f600", 1002, strings.Repeat("a", 120)},
		{1002, "a\xffb", 1002, "a"},
		{0, "reason", CloseNoStatus, ""},
		{1005, "reason", CloseNoStatus, ""},
		{1006, "", CloseNoStatus, ""},
		{5000, "", CloseNoStatus, ""},
	} {
		dst := AppendClose([]byte("before"), testKey, test.code, test.reason)
		h, payload := readClientFrame(t, dst[len("before"):])
		if h.OpCode != OpClose || len(payload) > MaxControlPayload {
			t.Fatalf("%d %q: header %v", test.code, test.reason, h)
		}
		code, reason, err := ParseClose(payload)
		if code != test.wantCode || string(reason) != test.wantReason || err != nil {
			t.Errorf("%d %q: reads %d %q, %v", test.code, test.reason, code, reason, err)
		}
	}
}

// readClientFrame reads the only frame in b as a server would, with another
// implementation.
func readClientFrame(t *testing.T, b []byte) (ws.Header, []byte) {
	t.Helper()
	r := bytes.NewReader(b)
	h, err := ws.ReadHeader(r)
	if err == nil {
		err = ws.CheckHeader(h, ws.StateServerSide)
	}
	if err != nil {
		t.Fatal(err)
	}
	payload := bytes.Clone(b[len(b)-r.Len():])
	if int64(len(payload)) != h.Length {
		t.Fatalf("frame of %d bytes is followed by %d", h.Length, len(payload))
	}
	ws.Cipher(payload, h.Mask, 0)
	return h, payload
}

// TestErrorText asserts that an error names cause, close code and offset, and
// that each cause fits into a close frame.
func TestErrorText(t *testing.T) {
	var err error = &Error{CloseTooBig, faultTooBig, 77}
	if got, want := err.Error(), "frame: message is longer than the limit (close code 1009, offset 77)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, fault := range []string{
		faultReservedBits, faultReservedOpcode, faultMasked, faultLengthNotMinimal, faultLengthSign,
		faultControlFragmented, faultControlTooLong, faultNoMessage, faultUnfinishedMessage,
		faultText, faultTooBig, faultCloseShort, faultCloseCode, faultCloseReason,
	} {
		if len(fault) > MaxControlPayload-2 {
			t.Errorf("%q is too long for a close frame", fault)
		}
	}
}

// FuzzParseClose compares with the checks of gobwas/ws, which does not know
// the codes 1012 to 1014 and takes those above 4999.
func FuzzParseClose(f *testing.F) {
	for _, seed := range []string{"", "\x03", "\x03\xe8", "\x03\xedreason", "\x0f\xa0\xed\xa0\x80", "\x03\xf4", "\x13\x88"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		code, reason, err := ParseClose(payload)
		if len(payload) < 2 {
			if code != CloseNoStatus || reason != nil || (err == nil) != (len(payload) == 0) {
				t.Errorf("%d %q %v", code, reason, err)
			}
			return
		}
		wantCode, wantReason := ws.ParseCloseFrameData(payload)
		if code != uint16(wantCode) || string(reason) != wantReason {
			t.Errorf("%d %q, want %d %q", code, reason, wantCode, wantReason)
		}
		refused := ws.CheckCloseFrameData(wantCode, wantReason) != nil
		if 1012 <= code && code <= 1014 {
			refused = !utf8.Valid(reason)
		}
		if code > 4999 {
			refused = true
		}
		if refused != (err != nil) {
			t.Errorf("error %v, refused %t", err, refused)
		}
		var e *Error
		if errors.As(err, &e) && int(e.Offset) > len(payload) {
			t.Errorf("offset %d in %d bytes", e.Offset, len(payload))
		}
		if err == nil {
			again := AppendClose(nil, testKey, code, string(reason))
			_, got := readClientFrame(t, again)
			if want := binary.BigEndian.AppendUint16(nil, code); !bytes.HasPrefix(got, want) || !bytes.HasPrefix(payload, got) {
				t.Errorf("% x reads % x after writing", payload, got)
			}
		}
	})
}
