#!/usr/bin/env bash
# Finding: promhttp makes a new zstd encoder for each scrape: a megabyte of garbage.
#
# Version:  github.com/prometheus/client_golang v1.25.0 with its package promhttp/zstd, on
#           github.com/klauspost/compress as its go.mod has it.
# Expected: encoders are kept for the next scrape, as those of gzip are: a scrape of one counter
#           allocates about the same in each coding.
# Seen:     some 40 KB with gzip, as without a coding, and more than 1 MB with zstd, which Prometheus
#           asks for first.
#
# Needs Go and a module proxy. Exits with 1 if the behaviour has changed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

cat >go.mod <<'MOD'
module finding

go 1.26

require github.com/prometheus/client_golang v1.25.0
MOD
cat >main.go <<'GO'
package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	_ "github.com/prometheus/client_golang/prometheus/promhttp/zstd"
)

const scrapes = 50

// perScrape returns how many bytes a scrape in a coding allocates.
func perScrape(h http.Handler, coding string) uint64 {
	scrape := func() {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.Header.Set("Accept-Encoding", coding)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Header().Get("Content-Encoding"); got != coding && coding != "identity" {
			panic("the answer is in " + got)
		}
	}
	for range scrapes {
		scrape()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range scrapes {
		scrape()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / scrapes
}

func main() {
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "one", Help: "One."}))
	h := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	for _, coding := range []string{"identity", "gzip", "zstd"} {
		size := "less than 100 KB"
		if n := perScrape(h, coding); n > 1_000_000 {
			size = "more than 1 MB"
		} else if n > 100_000 {
			size = fmt.Sprint(n/1000, " KB")
		}
		fmt.Printf("%s: %s a scrape\n", coding, size)
	}
}
GO
cat >want <<'TEXT'
identity: less than 100 KB a scrape
gzip: less than 100 KB a scrape
zstd: more than 1 MB a scrape
TEXT
export GOWORK=off GOFLAGS=-mod=mod
go mod tidy >/dev/null 2>&1
go run . | tee got
diff -u want got && echo "as described: client_golang v1.25.0"
