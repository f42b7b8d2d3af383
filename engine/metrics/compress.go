package metrics

import (
	"compress/gzip"
	"net/http"

	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/zstd"
)

// compressed has answers compressed as the request allows. The wrapper keeps its encoders for
// the next request; promhttp makes a new one each time, at more than a megabyte for zstd.
var compressed = func() func(http.Handler) http.HandlerFunc {
	wrap, err := gzhttp.NewWrapper(
		gzhttp.CompressionLevel(gzip.BestSpeed),
		gzhttp.ZstdCompressionLevel(int(zstd.SpeedFastest)),
		gzhttp.ContentTypeFilter(func(string) bool { return true }), // there are text and Protocol Buffers
	)
	if err != nil {
		panic(err) // the options are constants
	}
	return wrap
}()
