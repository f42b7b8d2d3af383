package traffic

import (
	"bytes"
	"compress/zlib"
	"io"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// TestHellos decodes the two real messages with libraries. Neither stream ends,
// so exactly as many bytes are read as the JSON has, and then no more may come.
func TestHellos(t *testing.T) {
	checkJSON(t, HelloZlibJSON)
	checkJSON(t, HelloZstdJSON)

	z, err := zlib.NewReader(bytes.NewReader(HelloZlib))
	if err != nil {
		t.Fatal(err)
	}
	checkStream(t, "zlib", z, HelloZlibJSON)

	d, err := zstd.NewReader(bytes.NewReader(HelloZstd), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(256<<10))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	checkStream(t, "zstd", d, HelloZstdJSON)
}

func checkStream(t *testing.T, name string, r io.Reader, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r, got); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got %s\nwant %s", name, got, want)
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("%s: %d more bytes, %v", name, n, err)
	}
}
