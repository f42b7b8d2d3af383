package session

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
)

// A session file that no other can replace is written in place, so that after a crash or
// a power cut in the middle it still holds one whole snapshot:
//
//  1. Behind what stands there, the next snapshot is written, and behind that a line
//     with its length and SHA-256. Until that line is whole, the first one counts;
//     from then on the second. It lies so far back that step 2 does not reach it.
//  2. The next snapshot is written over the start of the file.
//  3. The file is cut behind it.
//
// Each step is on the disk before the next one begins. What lies between is blank lines
// and copyBegin, so that whoever looks at a file of two knows what they see.
const copyBegin = "# The sessions of the next save; they count if a line with their SHA-256 ends this file.\n"

// copyEnd is the line behind a copy.
func copyEnd(text []byte) []byte {
	return fmt.Appendf(nil, "# %d bytes, SHA-256 %x\n", len(text), sha256.Sum256(text))
}

// newestSnapshot returns the part of a session file that counts: all of it, unless a
// write in place was cut off.
func newestSnapshot(file []byte) []byte {
	if text := wholeCopy(file); text != nil {
		return text
	}
	// A copy that is not whole stands behind a snapshot that is. Blocks that never
	// came to the disk are zeros.
	var first json.RawMessage
	d := json.NewDecoder(bytes.NewReader(file))
	if d.Decode(&first) != nil {
		return file
	}
	end := int(d.InputOffset())
	if end < len(file) && file[end] == '\n' {
		end++
	}
	rest := bytes.TrimLeft(file[end:], "\n")
	if len(rest) < len(file[end:]) && len(rest) == 0 || len(rest) > 0 && (rest[0] == copyBegin[0] || rest[0] == 0) {
		return file[:end]
	}
	return file
}

// wholeCopy returns the copy that ends a file, nil if there is none or not all of it.
func wholeCopy(file []byte) []byte {
	body, found := bytes.CutSuffix(file, []byte("\n"))
	if !found {
		return nil
	}
	line := bytes.LastIndexByte(body, '\n') + 1
	var length int
	if _, err := fmt.Sscanf(string(body[line:min(len(body), line+32)]), "# %d bytes", &length); err != nil {
		return nil
	}
	if length < 0 || length > line || !bytes.HasSuffix(file[:line-length], []byte(copyBegin)) {
		return nil
	}
	text := file[line-length : line]
	if !bytes.Equal(file[line:], copyEnd(text)) {
		return nil
	}
	return text
}

// disk is what a file can do.
type disk interface {
	io.WriterAt
	Truncate(size int64) error
	Sync() error
}

// rewrite makes text what a file holds, which now holds something else.
func rewrite(d disk, now, text []byte) error {
	if whole := newestSnapshot(now); len(whole) < len(now) {
		// What an earlier write left comes to its end first: only behind one
		// snapshot alone there is room for a copy.
		if err := settleStart(d, whole); err != nil {
			return err
		}
		now = whole
	}
	if len(now) > 0 {
		gap := max(0, len(text)-len(now))
		behind := append(bytes.Repeat([]byte("\n"), gap), copyBegin...)
		behind = append(append(behind, text...), copyEnd(text)...)
		_, err := d.WriteAt(behind, int64(len(now)))
		if err == nil {
			err = d.Sync()
		}
		if err != nil {
			_ = d.Truncate(int64(len(now))) // as before: the disk may be full
			return err
		}
	}
	return settleStart(d, text)
}

// settleStart has a file hold text alone, which its end holds too, or which stands there
// already.
func settleStart(d disk, text []byte) error {
	if _, err := d.WriteAt(text, 0); err != nil {
		return err
	}
	if err := d.Sync(); err != nil {
		return err
	}
	if err := d.Truncate(int64(len(text))); err != nil {
		return err
	}
	return d.Sync()
}
