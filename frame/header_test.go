package frame

import (
	"errors"
	"testing"
)

// TestHeaderFaults holds each rule of RFC 6455 on a single frame's header, and
// that a fault is found with the first byte that shows it.
func TestHeaderFaults(t *testing.T) {
	for _, test := range []struct {
		name   string
		header []byte // up to and including the byte at fault
		want   string
	}{
		{"RSV1", []byte{0xc2}, faultReservedBits},
		{"RSV2", []byte{0xa2}, faultReservedBits},
		{"RSV3", []byte{0x92}, faultReservedBits},
		{"opcode 3", []byte{0x83}, faultReservedOpcode},
		{"opcode 7, not final", []byte{0x07}, faultReservedOpcode},
		{"opcode 11", []byte{0x8b}, faultReservedOpcode},
		{"opcode 15", []byte{0x8f}, faultReservedOpcode},
		{"close, not final", []byte{0x08}, faultControlFragmented},
		{"ping, not final", []byte{0x09}, faultControlFragmented},
		{"pong, not final", []byte{0x0a}, faultControlFragmented},
		{"continuation", []byte{0x80}, faultNoMessage},
		{"continuation, not final", []byte{0x00}, faultNoMessage},
		{"masked", []byte{0x82, 0x80}, faultMasked},
		{"masked, long", []byte{0x82, 0xff}, faultMasked},
		{"ping of 126 bytes", []byte{0x89, 126}, faultControlTooLong},
		{"close, length in 8 bytes", []byte{0x88, 127}, faultControlTooLong},
		{"125 in 2 bytes", []byte{0x82, 126, 0, 125}, faultLengthNotMinimal},
		{"0 in 2 bytes", []byte{0x82, 126, 0, 0}, faultLengthNotMinimal},
		{"65535 in 8 bytes", []byte{0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, faultLengthNotMinimal},
		{"0 in 8 bytes", []byte{0x82, 127, 0, 0, 0, 0, 0, 0, 0, 0}, faultLengthNotMinimal},
		{"1<<63", []byte{0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0}, faultLengthSign},
		{"1<<64 - 1", []byte{0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, faultLengthSign},
	} {
		t.Run(test.name, func(t *testing.T) {
			var a Assembler
			last := len(test.header) - 1
			if m, n, err := a.Next(test.header[:last]); m.Opcode != OpNone || n != 0 || err != nil {
				t.Fatalf("without the last byte: %v, %d, %v", m, n, err)
			}
			if need := a.Need(test.header[:last]); need != 0 {
				t.Errorf("without the last byte: Need = %d", need)
			}
			_, n, err := a.Next(test.header)
			wantError(t, err, Error{Code: CloseProtocolError, Reason: test.want})
			if n != 0 {
				t.Errorf("n = %d with an error", n)
			}
			if need := a.Need(test.header); need != 0 {
				t.Errorf("Need = %d for a header at fault", need)
			}
		})
	}
}

// TestHeaderLengths holds the borders between the three forms of the length.
func TestHeaderLengths(t *testing.T) {
	for _, test := range []struct {
		header []byte
		length int
	}{
		{[]byte{0x82, 0}, 0},
		{[]byte{0x82, 125}, 125},
		{[]byte{0x82, 126, 0, 126}, 126},
		{[]byte{0x82, 126, 0xff, 0xff}, 0xffff},
		{[]byte{0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0}, 0x10000},
		{[]byte{0x89, 125}, 125},
	} {
		var a Assembler
		for i := range test.header {
			if m, n, err := a.Next(test.header[:i]); m.Opcode != OpNone || n != 0 || err != nil {
				t.Fatalf("% x: %v, %d, %v", test.header[:i], m, n, err)
			}
			if need := a.Need(test.header[:i]); need != 0 {
				t.Errorf("% x: Need = %d", test.header[:i], need)
			}
		}
		want := len(test.header) + test.length
		if need := a.Need(test.header); need != want {
			t.Errorf("% x: Need = %d, want %d", test.header, need, want)
		}
		src := append(test.header, make([]byte, test.length)...)
		m, n, err := a.Next(src)
		if err != nil || n != want || len(m.Payload) != test.length || m.Payload == nil {
			t.Errorf("% x: payload of %d bytes, %d, %v", test.header, len(m.Payload), n, err)
		}
	}
}

// wantError checks that err is an *Error with these fields.
func wantError(t *testing.T, err error, want Error) {
	t.Helper()
	var got *Error
	if !errors.As(err, &got) {
		t.Fatalf("error %v, want %v", err, &want)
	}
	if *got != want {
		t.Errorf("error %v, want %v", got, &want)
	}
}
