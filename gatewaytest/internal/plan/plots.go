package plan

import "github.com/sluice-go/sluice/gatewaytest/fault"

// The weights of plots. What costs a client an identify, or a deadline of its own, is rarer: else
// most shards would wait for those most of the time, and little else would happen.
const (
	often  = 12
	seldom = 4
	rarely = 1
)

// What leads to a point: the connection ends, and the next one resumes or identifies.
const (
	straight = ""
	resumes  = "reset"
	begins   = "invalid-session false"
)

// plots is what WithChaosInterval chooses from.
var plots = newPlots([]plotLine{
	// The line, and closing handshakes.
	{often, straight, "event: drop"},
	{often, straight, "event: reset"},
	{often, straight, "event: tear"},
	{seldom, straight, "event: hang"},
	{seldom, straight, "heartbeat: hang"},
	{often, straight, "event: close 1000"},
	{often, straight, "event: close 1001"},
	{often, straight, "event: close 1011"},
	{often, straight, "event: close 4000"},
	{seldom, straight, "event: close 4001"},
	{often, straight, "event: close 4002"},
	{seldom, straight, "event: close 4003"},
	{often, straight, "event: close 4005"},
	{seldom, straight, "event: close 4007"},
	{often, straight, "event: close 4008"},
	{seldom, straight, "event: close 4009"},

	// What the gateway asks for.
	{often, straight, "event: reconnect"},
	{often, straight, "event: invalid-session true"},
	{seldom, straight, "event: invalid-session false"},
	{often, straight, "event: request-heartbeat"},
	{often, straight, "heartbeat: request-heartbeat"},

	// Time and size.
	{often, straight, "event: stall-reads 500ms"},
	{often, straight, "event: stall-writes 500ms"},
	{often, straight, "event: cut-frames 17"},
	{often, straight, "event: cut-records 5"},
	{often, straight, "event: split 100"},
	{often, straight, "event: fragment 64"},
	{often, straight, "event: ping"},
	{often, straight, "heartbeat: burst 50"},
	{often, straight, "heartbeat: silence"},

	// Data.
	{often, straight, "event: corrupt"},
	{often, straight, "event: truncate"},
	{often, straight, "event: bomb 70000000"},
	{3 * often, straight, "event: malformed null"}, // one of all, drawn anew

	// Sequences.
	{often, straight, "event: repeat"},
	{often, straight, "event: back 3"},
	{often, straight, "event: skip 3"},
	{often, "skip 3", "resume: skip 3"}, // the gap is still there after the resume

	// While the next connection is made.
	{seldom, resumes, "accept: reset"},
	{seldom, resumes, "accept: drop"},
	{seldom, resumes, "accept: stall-reads 1s"},
	{seldom, resumes, "accept: cut-records 3"},
	{seldom, resumes, "accept: untrusted"},
	{seldom, resumes, "upgrade: refuse 503"},
	{seldom, resumes, "upgrade: refuse 429"},
	{seldom, resumes, "upgrade: redirect https://127.0.0.1/"},
	{seldom, resumes, "upgrade: wrong-accept"},
	{seldom, resumes, "upgrade: reset"},
	{seldom, resumes, "upgrade: drop"},
	{rarely, resumes, "upgrade: hang"},
	{rarely, resumes, "accept via resume always: reset"},
	{rarely, resumes, "upgrade always: refuse 503"},
	{seldom, resumes, "hello: reset"},
	{seldom, resumes, "hello: drop"},
	{seldom, resumes, "hello: tear"},
	{seldom, resumes, "hello: close 4000"},
	{seldom, resumes, "hello: reconnect"},
	{seldom, resumes, "hello: invalid-session true"},
	{seldom, resumes, "hello: stall-writes 1s"},
	{seldom, resumes, "hello: cut-frames 3"},
	{seldom, resumes, "hello: cut-records 3"},
	{rarely, resumes, "hello: silence"},
	{rarely, resumes, "hello: hang"},

	// While it resumes.
	{seldom, resumes, "resume: reset"},
	{seldom, resumes, "resume: close 4000"},
	{seldom, resumes, "resume: close 4007"},
	{seldom, resumes, "resume: close 4009"},
	{seldom, resumes, "resume: invalid-session true"},
	{seldom, resumes, "resume: invalid-session false"},
	{seldom, resumes, "resume: reconnect"},
	{seldom, resumes, "resume: stall-writes 1s"},
	{rarely, resumes, "resume: hang"},
	{rarely, resumes, "resume: silence"},
	{seldom, resumes, "replay: reset"},
	{seldom, resumes, "replay: drop"},
	{seldom, resumes, "replay: tear"},
	{seldom, resumes, "replay: close 4000"},
	{seldom, resumes, "replay: reconnect"},
	{seldom, resumes, "replay: invalid-session true"},
	{rarely, resumes, "replay: invalid-session false"},
	{seldom, resumes, "replay: corrupt"},
	{seldom, resumes, "replay: repeat"},
	{seldom, resumes, "replay: back 3"},
	{seldom, resumes, "replay: skip 3"},

	// While it identifies.
	{rarely, begins, "identify: reset"},
	{rarely, begins, "identify: close 4000"},
	{rarely, begins, "identify: invalid-session false"},
	{rarely, begins, "identify: silence"},
	{rarely, begins, "identify: hang"},
	{rarely, begins, "ready: reset"},
	{rarely, begins, "ready: tear"},
	{rarely, begins, "ready: close 4000"},
	{rarely, begins, "ready: reconnect"},
	{rarely, begins, "ready: repeat"},
	{rarely, begins, "burst: reset"},
	{rarely, begins, "burst: tear"},
	{rarely, begins, "burst: reconnect"},
	{rarely, begins, "burst: corrupt"},
	{rarely, begins, "burst: skip 1"},
})

// plotsWeight is the sum of all weights.
var plotsWeight = func() (sum int) {
	for _, p := range plots {
		sum += p.weight
	}
	return sum
}()

type plotLine struct {
	weight     int
	way, fault string
}

// newPlots parses plots, which are part of this package.
func newPlots(lines []plotLine) []plot {
	plots := make([]plot, len(lines))
	for i, line := range lines {
		f, err := fault.Parse(line.fault)
		if err != nil {
			panic(err)
		}
		plots[i] = plot{weight: line.weight, fault: f}
		if line.way == straight {
			continue
		}
		if plots[i].way, err = fault.Parse("event: " + line.way); err != nil {
			panic(err)
		}
	}
	return plots
}
