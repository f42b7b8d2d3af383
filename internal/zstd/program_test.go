package zstd

import (
	"bytes"
	"fmt"
	"os/exec"
	"testing"
)

// program runs the zstd program on the input, or skips the test where it is
// missing.
func program(t *testing.T, input []byte, arguments ...string) ([]byte, error) {
	t.Helper()
	path, err := exec.LookPath("zstd")
	if err != nil {
		t.Skip("no zstd program")
	}
	cmd := exec.Command(path, append([]string{"-q", "-c"}, arguments...)...)
	cmd.Stdin = bytes.NewReader(input)
	return cmd.Output()
}

// split cuts a frame into messages of some blocks each. What precedes the
// first block is part of the first, the checksum of the last.
func split(frame []byte, blocks int) (messages [][]byte) {
	single := frame[4]>>5&1 == 1
	end := 5 + [...]int{0, 2, 4, 8}[frame[4]>>6]
	if !single {
		end++
	} else if frame[4]>>6 == 0 {
		end++
	}
	start := 0
	for n := 1; ; n++ {
		header := int(frame[end]) | int(frame[end+1])<<8 | int(frame[end+2])<<16
		end += blockHeaderSize
		if header>>1&3 == rleBlock {
			end++
		} else {
			end += header >> 3
		}
		if header&1 == 1 {
			return append(messages, frame[start:])
		}
		if n%blocks == 0 {
			messages = append(messages, frame[start:end])
			start = end
		}
	}
}

// What the program makes, at its levels and with its windows, decodes to what
// it was given: in one message, and in messages of a few blocks, with two
// streams in turn.
func TestProgramCompresses(t *testing.T) {
	text := bytes.Join(payloads(21, 60, 3000), nil)
	noise := make([]byte, 3000)
	for i := range noise {
		noise[i] = byte(i * i * i >> 7)
	}
	text = append(append(text, noise...), text[5000:40_000]...)
	var d Decoder
	decodeBoth := func(t *testing.T, frames [2][]byte, blocks int) {
		t.Helper()
		var streams [2]Stream
		var ms [2][][]byte
		var got [2][]byte
		for k := range streams {
			ms[k] = split(frames[k], blocks)
		}
		for i := 0; i < max(len(ms[0]), len(ms[1])); i++ {
			for k := range streams {
				if i < len(ms[k]) {
					out, _, err := d.Decode(&streams[k], ms[k][i], testLimit)
					if err != nil {
						t.Fatalf("message %d of %d: %v", i, len(ms[k]), err)
					}
					got[k] = append(got[k], out...)
				}
			}
		}
		if !bytes.Equal(got[0], text) || !bytes.Equal(got[1], text[1000:]) {
			t.Errorf("messages of %d blocks: output differs", blocks)
		}
	}
	for _, test := range [][2]int{{-7, 10}, {-1, 13}, {1, 18}, {3, 18}, {7, 15}, {12, 12}, {19, 20}, {22, 23}} {
		level, log := test[0], test[1]
		t.Run(fmt.Sprint("level ", level, " window ", log), func(t *testing.T) {
			var frames [2][]byte
			for k := range frames {
				arguments := []string{"--ultra", fmt.Sprint("-", level), fmt.Sprint("--zstd=wlog=", log)}
				if level < 0 {
					arguments[1] = fmt.Sprint("--fast=", -level)
				}
				var err error
				if frames[k], err = program(t, text[1000*k:], arguments...); err != nil {
					t.Fatal(err)
				}
			}
			decodeBoth(t, frames, 1<<20)
			decodeBoth(t, frames, 1)
			decodeBoth(t, frames, 3)
		})
	}
}

// What the decoder accepts of a damaged frame, the program accepts too, and
// makes the same of it.
func TestProgramRefuses(t *testing.T) {
	text := bytes.Join(payloads(22, 3, 1500), nil)
	frame, err := program(t, text, "-19", "--no-check")
	if err != nil {
		t.Fatal(err)
	}
	var d Decoder
	accepted := 0
	for bit := 0; bit < 8*len(frame) && accepted < 40; bit += 7 {
		damaged := bytes.Clone(frame)
		damaged[bit/8] ^= 1 << (bit % 8)
		var s Stream
		out, done, err := d.Decode(&s, damaged, testLimit)
		if !done || err != nil || s.phase != atFrame {
			continue
		}
		accepted++
		want, err := program(t, damaged, "-d", "--no-check")
		if err != nil || !bytes.Equal(out, want) {
			t.Errorf("bit %d: %d bytes; the program: %d bytes, %v", bit, len(out), len(want), err)
		}
	}
	if accepted == 0 {
		t.Error("no damaged frame was accepted")
	}
}
