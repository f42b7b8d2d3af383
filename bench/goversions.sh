#!/usr/bin/env bash
# The demo built by two versions of Go, in turn: what an idle shard holds, and what an
# event costs, over TLS. Prints each run, the medians and their ratio.
#
#	bench/goversions.sh go1.26.8 go1.27.4 [rounds]
set -euo pipefail
cd "$(dirname "$0")/.."
old=$1 new=$2 rounds=${3:-5}
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT

for go in "$old" "$new"; do
	GOTOOLCHAIN=$go go build -o "$runs/sluice-$go" ./cmd/sluice
done

# measure VERSION LOAD FLAGS…: one run, of which the figures go to a file.
measure() {
	local go=$1 load=$2
	shift 2
	"$runs/sluice-$go" demo --json --log-level warn "$@" >"$runs/out" 2>/dev/null
	sed -n 's/.*"cpu_us_per_event":\([0-9.]*\),"allocs_per_event":\([0-9.]*\).*"rss_per_shard":\([0-9]*\).*"tls_records":"\([a-z]*\)".*/\1 \2 \3 \4/p' "$runs/out" >>"$runs/$load-$go"
	printf '%-7s %-9s CPU µs/event, allocations/event, RSS bytes/shard, TLS records: %s\n' "$load" "$go" "$(tail -n 1 "$runs/$load-$go")"
}

for _ in $(seq "$rounds"); do
	for go in "$old" "$new"; do
		measure "$go" idle --shards 2000 --max-concurrency 2000 --compress none --rate 0 --guilds 0 --long-chain --duration 12s
		measure "$go" steady --shards 500 --max-concurrency 500 --compress zlib --rate 20 --guilds 0 --warm-up 8s --duration 10s
	done
done

# median LOAD VERSION COLUMN
median() {
	cut -d' ' -f"$3" "$runs/$1-$2" | sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}

echo
for figure in "idle 3 RSS bytes/shard" "steady 1 CPU µs/event" "steady 2 allocations/event"; do
	read -r load column name <<<"$figure"
	a=$(median "$load" "$old" "$column") b=$(median "$load" "$new" "$column")
	awk -v name="$name" -v a="$a" -v b="$b" -v old="$old" -v new="$new" \
		'BEGIN {printf "%-20s median %s: %s, %s: %s", name, old, a, new, b; if (a > 0) printf ", ratio %.3f", b / a; print ""}'
done
