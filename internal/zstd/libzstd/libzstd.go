//go:build cgozstd

package libzstd

/*
#cgo LDFLAGS: -lzstd
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

// compress compresses a payload with a flush, or an end, behind it.
static size_t compress(ZSTD_CCtx *c, void *dst, size_t dstSize, const void *src, size_t srcSize, int end) {
	ZSTD_outBuffer out = {dst, dstSize, 0};
	ZSTD_inBuffer in = {src, srcSize, 0};
	size_t left = ZSTD_compressStream2(c, &out, &in, end ? ZSTD_e_end : ZSTD_e_flush);
	if (ZSTD_isError(left)) return left;
	return left || in.pos < in.size ? (size_t)-1 : out.pos;
}

// decompress decodes a message, all of it, and drains the output.
static size_t decompress(ZSTD_DCtx *d, void *dst, size_t dstSize, const void *src, size_t srcSize) {
	ZSTD_outBuffer out = {dst, dstSize, 0};
	ZSTD_inBuffer in = {src, srcSize, 0};
	size_t before;
	do {
		before = out.pos;
		size_t r = ZSTD_decompressStream(d, &out, &in);
		if (ZSTD_isError(r)) return r;
	} while (in.pos < in.size || out.pos > before);
	return out.pos;
}

typedef struct {
	ZSTD_DCtx **streams;
	int *at; // next message of each stream
	int count, turn;
	const char **messages;
	size_t *sizes;
	int messageCount;
	char *out;
	size_t outSize;
} run;

// decode decodes the next message of a stream, which begins again after the
// last one.
static size_t decode(run *r, int stream) {
	int at = r->at[stream];
	if (at == 0) ZSTD_DCtx_reset(r->streams[stream], ZSTD_reset_session_only);
	size_t n = decompress(r->streams[stream], r->out, r->outSize, r->messages[at], r->sizes[at]);
	r->at[stream] = at+1 < r->messageCount ? at+1 : 0;
	return n;
}

// turns decodes the next message of each stream in turn, n in all.
static size_t turns(run *r, int n) {
	size_t total = 0;
	while (n-- > 0) {
		if (++r->turn >= r->count) r->turn = 0;
		size_t size = decode(r, r->turn);
		if (ZSTD_isError(size)) return size;
		total += size;
	}
	return total;
}
*/
import "C"

import (
	"errors"
	"unsafe"
)

// An Encoder compresses a stream.
type Encoder struct {
	ctx *C.ZSTD_CCtx
	out []byte
}

// NewEncoder returns an encoder of the given level, with a window of
// 1<<windowLog bytes, or the level's own if windowLog is 0. A checksum
// follows each frame if wanted.
func NewEncoder(level, windowLog int, checksum bool) *Encoder {
	e := &Encoder{ctx: C.ZSTD_createCCtx()}
	C.ZSTD_CCtx_setParameter(e.ctx, C.ZSTD_c_compressionLevel, C.int(level))
	C.ZSTD_CCtx_setParameter(e.ctx, C.ZSTD_c_windowLog, C.int(windowLog))
	if checksum {
		C.ZSTD_CCtx_setParameter(e.ctx, C.ZSTD_c_checksumFlag, 1)
	}
	return e
}

// Append appends to dst the message of a payload, behind which the stream is
// flushed, or the frame ended.
func (e *Encoder) Append(dst, payload []byte, end bool) []byte {
	if need := int(C.ZSTD_compressBound(C.size_t(len(payload)))) + 64; len(e.out) < need {
		e.out = make([]byte, 2*need)
	}
	last := C.int(0)
	if end {
		last = 1
	}
	n := C.compress(e.ctx, unsafe.Pointer(&e.out[0]), C.size_t(len(e.out)), unsafe.Pointer(unsafe.SliceData(payload)), C.size_t(len(payload)), last)
	if C.ZSTD_isError(n) != 0 {
		panic("libzstd: " + C.GoString(C.ZSTD_getErrorName(n)))
	}
	return append(dst, e.out[:n]...)
}

// Close frees the encoder.
func (e *Encoder) Close() { C.ZSTD_freeCCtx(e.ctx) }

// A Decoder decodes a stream.
type Decoder struct {
	ctx *C.ZSTD_DCtx
	out []byte
}

// NewDecoder returns a decoder for messages of limit bytes of output at most.
func NewDecoder(limit int) *Decoder {
	return &Decoder{C.ZSTD_createDCtx(), make([]byte, limit)}
}

// Reset begins a new stream.
func (d *Decoder) Reset() { C.ZSTD_DCtx_reset(d.ctx, C.ZSTD_reset_session_only) }

// Decode decodes a message. Its output is borrowed until the next call.
func (d *Decoder) Decode(src []byte) ([]byte, error) {
	n := C.decompress(d.ctx, unsafe.Pointer(&d.out[0]), C.size_t(len(d.out)), unsafe.Pointer(unsafe.SliceData(src)), C.size_t(len(src)))
	if C.ZSTD_isError(n) != 0 {
		return nil, errors.New("libzstd: " + C.GoString(C.ZSTD_getErrorName(n)))
	}
	return d.out[:n], nil
}

// Memory is what the decoder has allocated, in bytes.
func (d *Decoder) Memory() int { return int(C.ZSTD_sizeof_DCtx(d.ctx)) }

// Close frees the decoder.
func (d *Decoder) Close() { C.ZSTD_freeDCtx(d.ctx) }

// A Run decodes the same messages on several streams, one of each in turn, in
// a loop of C.
type Run struct{ run *C.run }

// NewRun returns a run whose streams are two messages apart. It is never
// freed.
func NewRun(messages [][]byte, streams, limit int) *Run {
	r := (*C.run)(C.calloc(1, C.sizeof_run))
	r.streams = (**C.ZSTD_DCtx)(C.calloc(C.size_t(streams), C.size_t(unsafe.Sizeof(uintptr(0)))))
	r.at = (*C.int)(C.calloc(C.size_t(streams), C.sizeof_int))
	r.count = C.int(streams)
	r.messages = (**C.char)(C.calloc(C.size_t(len(messages)), C.size_t(unsafe.Sizeof(uintptr(0)))))
	r.sizes = (*C.size_t)(C.calloc(C.size_t(len(messages)), C.sizeof_size_t))
	r.messageCount = C.int(len(messages))
	r.out = (*C.char)(C.malloc(C.size_t(limit)))
	r.outSize = C.size_t(limit)
	for i, m := range messages {
		unsafe.Slice(r.messages, len(messages))[i] = (*C.char)(C.CBytes(m))
		unsafe.Slice(r.sizes, len(messages))[i] = C.size_t(len(m))
	}
	for i := range streams {
		unsafe.Slice(r.streams, streams)[i] = C.ZSTD_createDCtx()
		for range 1 + 2*i {
			C.decode(r, C.int(i))
		}
	}
	return &Run{r}
}

// Turns decodes n messages and returns the bytes put out.
func (r *Run) Turns(n int) (int, error) {
	total := C.turns(r.run, C.int(n))
	if C.ZSTD_isError(total) != 0 {
		return 0, errors.New("libzstd: " + C.GoString(C.ZSTD_getErrorName(total)))
	}
	return int(total), nil
}
