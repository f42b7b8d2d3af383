package trace

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// Options say what a [Recorder] keeps, and how much. The zero value records without limits, and
// redacts.
type Options struct {
	Shards      int         // of the bot, for the header; 0: not known
	Compression Compression // that the client asks for, for the header

	// Unredacted records people's words and ids as they came; otherwise they are replaced before anything is
	// written. See [Redactor].
	Unredacted bool
	// Key is what redaction derives its replacements from; the same key gives the same ones. The default is
	// a random key that is not kept anywhere.
	Key []byte

	// A file ends when it has reached one of these; 0 is no limit. MaxBytes is of the file, and met to
	// within a block; MaxTime is counted from the file's first event.
	MaxBytes  int64
	MaxTime   time.Duration
	MaxEvents int64

	// Rotate goes on in a new file where one ends; without it the recording is over. The second file of
	// bot.trace is bot.2.trace. Names that are taken are passed over.
	Rotate bool
	// Keep is how many of the files of one recording are kept, the oldest being removed. 0 keeps all.
	Keep int

	// Fast has the file compressed with less effort: half the CPU time, for a sixth more bytes.
	Fast bool

	// Buffer is how much traffic may wait in memory for the disk, in bytes; the default is 64 MiB, and the
	// least 4 MiB. What comes when it is full is left out, and counted.
	Buffer int

	// FlushEvery is how long an event may wait in memory. The default is 500 ms: as much is lost with a
	// process that is killed.
	FlushEvery time.Duration
}

// fill sets defaults, and returns what makes no sense.
func (o *Options) fill() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("trace: Options."+format, args...))
		}
	}
	check(o.Shards >= 0, "Shards is %d: want 0 or more", o.Shards)
	check(o.MaxBytes >= 0, "MaxBytes is %d: want 0 or more", o.MaxBytes)
	check(o.MaxTime >= 0, "MaxTime is %v: want 0 or more", o.MaxTime)
	check(o.MaxEvents >= 0, "MaxEvents is %d: want 0 or more", o.MaxEvents)
	check(o.Keep >= 0, "Keep is %d: want 0 or more", o.Keep)
	check(o.FlushEvery >= 0, "FlushEvery is %v: want 0 or more", o.FlushEvery)
	check(!o.Rotate || o.MaxBytes > 0 || o.MaxTime > 0 || o.MaxEvents > 0, "Rotate needs a limit at which a file ends: set MaxBytes, MaxTime or MaxEvents")
	check(o.Rotate || o.Keep == 0, "Keep is of use only with Rotate")
	if o.Buffer == 0 {
		o.Buffer = 64 << 20
	}
	if o.FlushEvery == 0 {
		o.FlushEvery = 500 * time.Millisecond
	}
	return errors.Join(errs...)
}

// header returns that of the recording's files.
func (o *Options) header() Header {
	h := Header{Shards: o.Shards, Compression: o.Compression}
	if !o.Unredacted {
		h.Redaction = RedactionVersion
	}
	return h
}

// rotated returns the name of the n-th file of a recording, counted from 1.
func rotated(path string, n int) string {
	if n == 1 {
		return path
	}
	ext := filepath.Ext(path)
	return fmt.Sprintf("%s.%d%s", strings.TrimSuffix(path, ext), n, ext)
}

// Stats is what a recorder has done until now.
type Stats struct {
	Events   uint64 // recorded
	Dropped  uint64 // left out, because the disk did not keep up, or writing failed
	Payload  uint64 // bytes of the payloads recorded
	Written  uint64 // bytes written to all files
	Files    int    // begun
	Path     string // of the present file
	Waiting  int    // blocks in memory that wait to be written
	Finished bool   // nothing is recorded any more: a limit was reached, writing failed, or Close was called
	Err      error  // of writing, nil while all is well
}
