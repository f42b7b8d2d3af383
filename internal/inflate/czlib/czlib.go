//go:build cgozlib

package czlib

/*
#cgo LDFLAGS: -lz
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static int deflateStart(z_stream *z, int level) { return deflateInit(z, level); }
static int inflateStart(z_stream *z) { return inflateInit(z); }

// step runs a stream over all of src, as far as dst has room.
static int step(int (*run)(z_stream *, int), z_stream *z, void *src, size_t n, void *dst, size_t room) {
	z->next_in = src;
	z->avail_in = n;
	z->next_out = dst;
	z->avail_out = room;
	return run(z, Z_SYNC_FLUSH);
}

static int deflateStep(z_stream *z, void *src, size_t n, void *dst, size_t room) {
	return step(deflate, z, src, n, dst, room);
}

static int inflateStep(z_stream *z, void *src, size_t n, void *dst, size_t room) {
	return step(inflate, z, src, n, dst, room);
}

typedef struct {
	size_t streams, messages, turn, room;
	z_stream *stream;
	size_t *at;           // the next message of each stream
	unsigned char *bytes; // all messages
	size_t *start;        // of each message, and the end of the last
	unsigned char *out;
} playback;

// turns decodes n messages, one of each stream in turn, and returns the size
// of their payloads, or -1.
static long long turns(playback *p, size_t n) {
	long long size = 0;
	while (n--) {
		if (++p->turn >= p->streams)
			p->turn = 0;
		z_stream *z = &p->stream[p->turn];
		size_t at = p->at[p->turn];
		if (at == 0)
			inflateReset(z);
		int r = inflateStep(z, p->bytes + p->start[at], p->start[at + 1] - p->start[at], p->out, p->room);
		if (r != Z_OK || z->avail_in != 0 || z->avail_out == 0)
			return -1;
		size += p->room - z->avail_out;
		p->at[p->turn] = at + 1 == p->messages ? 0 : at + 1;
	}
	return size;
}
*/
import "C"

import (
	"errors"
	"unsafe"
)

var errZlib = errors.New("czlib: zlib refuses")

// Messages compresses each payload at the given level, 0 to 9, flushed, as a
// message of one stream.
func Messages(level int, payloads [][]byte) ([][]byte, error) {
	z := (*C.z_stream)(C.calloc(1, C.sizeof_z_stream))
	defer C.free(unsafe.Pointer(z))
	if C.deflateStart(z, C.int(level)) != C.Z_OK {
		return nil, errZlib
	}
	defer C.deflateEnd(z)
	var messages [][]byte
	for _, p := range payloads {
		src := C.CBytes(p)
		room := len(p) + len(p)/8 + 256
		dst := C.malloc(C.size_t(room))
		r := C.deflateStep(z, src, C.size_t(len(p)), dst, C.size_t(room))
		messages = append(messages, C.GoBytes(dst, C.int(room)-C.int(z.avail_out)))
		C.free(src)
		C.free(dst)
		if r != C.Z_OK || z.avail_in != 0 || z.avail_out == 0 {
			return nil, errZlib
		}
	}
	return messages, nil
}

// A Verdict is what zlib says to a whole stream.
type Verdict int

const (
	Accepted  Verdict = iota // the stream ends with the bytes
	Longer                   // bytes follow the end of the stream
	Truncated                // the stream goes on
	Refused                  // the bytes are no zlib stream
)

// Decode decodes a whole stream, at most limit bytes.
func Decode(src []byte, limit int) ([]byte, Verdict) {
	z := (*C.z_stream)(C.calloc(1, C.sizeof_z_stream))
	defer C.free(unsafe.Pointer(z))
	if C.inflateStart(z) != C.Z_OK {
		return nil, Refused
	}
	defer C.inflateEnd(z)
	in, dst := C.CBytes(src), C.malloc(C.size_t(limit))
	defer C.free(in)
	defer C.free(dst)
	r := C.inflateStep(z, in, C.size_t(len(src)), dst, C.size_t(limit))
	out := C.GoBytes(dst, C.int(limit)-C.int(z.avail_out))
	switch {
	case r == C.Z_STREAM_END && z.avail_in > 0:
		return out, Longer
	case r == C.Z_STREAM_END:
		return out, Accepted
	case r == C.Z_OK || r == C.Z_BUF_ERROR:
		return out, Truncated
	}
	return out, Refused
}

// A Playback decodes the same messages on several streams. Its loop is in C,
// so that a call from Go costs nothing that counts.
type Playback struct{ p *C.playback }

// NewPlayback opens streams that are two messages apart. A payload has fewer
// than limit bytes.
func NewPlayback(messages [][]byte, streams, limit int) (*Playback, error) {
	p := (*C.playback)(C.calloc(1, C.sizeof_playback))
	p.streams, p.messages, p.room = C.size_t(streams), C.size_t(len(messages)), C.size_t(limit)
	p.out = (*C.uchar)(C.malloc(p.room))
	p.stream = (*C.z_stream)(C.calloc(p.streams, C.sizeof_z_stream))
	p.at = (*C.size_t)(C.calloc(p.streams, C.sizeof_size_t))
	var all []byte
	p.start = (*C.size_t)(C.calloc(p.messages+1, C.sizeof_size_t))
	start := unsafe.Slice(p.start, len(messages)+1)
	for i, m := range messages {
		all = append(all, m...)
		start[i+1] = C.size_t(len(all))
	}
	p.bytes = (*C.uchar)(C.CBytes(all))
	run := &Playback{p}
	for i := range streams {
		if C.inflateStart(&unsafe.Slice(p.stream, streams)[i]) != C.Z_OK {
			return nil, errZlib
		}
		// One stream at a time: it is the one whose turn is next.
		one := *p
		one.streams = 1
		one.turn = 0
		one.stream = &unsafe.Slice(p.stream, streams)[i]
		one.at = &unsafe.Slice(p.at, streams)[i]
		if C.turns(&one, C.size_t(1+2*i)) < 0 {
			return nil, errZlib
		}
	}
	return run, nil
}

// Turns decodes n messages, one of each stream in turn, and returns the size
// of their payloads.
func (r *Playback) Turns(n int) (int, error) {
	size := C.turns(r.p, C.size_t(n))
	if size < 0 {
		return 0, errZlib
	}
	return int(size), nil
}

// Close frees all memory.
func (r *Playback) Close() {
	streams := unsafe.Slice(r.p.stream, int(r.p.streams))
	for i := range streams {
		C.inflateEnd(&streams[i])
	}
	for _, m := range []unsafe.Pointer{unsafe.Pointer(r.p.out), unsafe.Pointer(r.p.stream), unsafe.Pointer(r.p.at),
		unsafe.Pointer(r.p.start), unsafe.Pointer(r.p.bytes), unsafe.Pointer(r.p)} {
		C.free(m)
	}
}
