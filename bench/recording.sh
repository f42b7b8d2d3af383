#!/usr/bin/env bash
# What recording costs a process: the CPU and memory of sluice run and of sluice record, in turns, on the
# traffic of a trace, which a gateway in another process plays back again and again. Linux only.
#
#	bench/recording.sh FILE [SPEED [SECONDS [ROUNDS]]]
set -euo pipefail
trace=$(realpath "$1")
speed=${2:-1} seconds=${3:-8} rounds=${4:-3}
cd "$(dirname "$0")/.."
go build -o bin/sluice ./cmd/sluice
dir=$(mktemp -d)
gateway=
trap 'kill $gateway 2>/dev/null || true; rm -rf "$dir"' EXIT
shards=$(bin/sluice trace info --json "$trace" | sed 's/.*"shards_seen":\([0-9]*\).*/\1/')
export DISCORD_TOKEN=MTAwMDAwMDAwMDAwMDAwMDAw.sample.not-a-real-token MOCK_TOKEN=MTAwMDAwMDAwMDAwMDAwMDAw.sample.not-a-real-token
bin/sluice replay "$trace" --speed "$speed" --loop --ca-out "$dir/ca.pem" --shards "$shards" --max-concurrency "$shards" >"$dir/gateway" &
gateway=$!
until grep -q '^api' "$dir/gateway"; do sleep 0.1; done
api=$(sed -n 's/^api *//p' "$dir/gateway")

ticks() { awk '{print $14 + $15}' "/proc/$1/stat"; }

turn() { # name, command …
	local name=$1 from to
	shift
	rm -f "$dir/x.trace"
	bin/sluice "$@" --api-url "$api" --ca-file "$dir/ca.pem" --log-level error &
	local client=$!
	sleep 5
	from=$(ticks $client)
	sleep "$seconds"
	to=$(ticks $client)
	local rss
	rss=$(awk '/VmRSS/ {print $2}' "/proc/$client/status")
	kill $client
	wait $client
	awk -v n="$name" -v t=$((to - from)) -v s="$seconds" -v hz="$(getconf CLK_TCK)" -v r="$rss" \
		'BEGIN {printf "%-18s %.3f cores  %3.0f MB resident\n", n, t / hz / s, r / 1000}'
	if [ -f "$dir/x.trace" ]; then
		bin/sluice trace info "$dir/x.trace" | grep -E '^(records|size)'
	fi
}

for _ in $(seq "$rounds"); do
	turn "run" run
	turn "record, as it came" record --redact=false --out "$dir/x.trace"
	turn "record --fast" record --redact=false --fast --out "$dir/x.trace"
	turn "record, redacted" record --out "$dir/x.trace"
done
