package clients

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/gatewaytest/fault"
)

// A question is about something that clients do differently. Its answer is read off the server's
// report; the less it depends on the machine's speed, the better.
type question struct {
	name    string
	means   string // for the reader of docs/clients.md
	options []gatewaytest.Option
	faults  []string
	unready bool // the client need not be ready
	ask     func(*stage) string
}

const (
	shortBeat = 2 * time.Second
	longBeat  = 10 * time.Second
	longWait  = 70 * time.Second
	someWait  = 25 * time.Second
)

// questions are all of them, in the order of the page.
func questions() []question {
	all := []question{
		{name: "query", means: "the query of the gateway's URL", ask: func(s *stage) string { return code(s.conns()[0].Query) }},
		{name: "compression", means: "what it asks for if its user says nothing", ask: func(s *stage) string {
			return s.srv.Sessions()[0].Compression.String()
		}},
		{name: "extensions", means: "the header Sec-WebSocket-Extensions", ask: func(s *stage) string {
			return code(s.conns()[0].Extensions)
		}},
		{name: "User-Agent", means: "of the upgrade", ask: func(s *stage) string { return code(s.conns()[0].UserAgent) }},
		{name: "identify", means: "the keys of the identify, beside token, properties and intents", ask: identifyKeys},
		{name: "properties", means: "os, browser and device", ask: properties},
		{name: "first heartbeat", means: "when it is sent, in parts of the interval, over five connections", ask: firstHeartbeat},
		{name: "d of the first", means: "heartbeat: the sequence, or null", options: beat(shortBeat), ask: func(s *stage) string {
			return s.heartbeats(1)
		}},
		{name: "op 1", means: "how it answers a request for a heartbeat", ask: requested},
		{name: "shutdown", means: "the close code when its user shuts it down", ask: shutdown},
		{name: "op 7", means: "what it does on op 7: its close code, and then", ask: after(func(s *stage) { s.srv.Reconnect(0) })},
		{name: "op 9 true", means: "the same after op 9 with d true", ask: after(func(s *stage) { s.srv.InvalidateSession(0, true) })},
		{name: "op 9 false", means: "the same after op 9 with d false", ask: after(func(s *stage) { s.srv.InvalidateSession(0, false) })},
		{name: "drop", means: "after TCP has ended without a close frame", ask: after(func(s *stage) { s.srv.Drop(0) })},
	}
	for _, c := range []gateway.CloseCode{1000, 1001, 4000, 4001, 4002, 4003, 4004, 4005, 4007, 4008, 4009, 4010, 4011, 4012, 4013, 4014} {
		all = append(all, question{name: fmt.Sprintf("close %d", uint16(c)), means: "after the gateway has closed with that code", ask: after(closes(c))})
	}
	return append(all,
		question{name: "zombie", means: "no ACK comes: when it gives the connection up, in intervals (2 s) from the first unanswered heartbeat, with which code, and then",
			options: beat(shortBeat), faults: []string{"heartbeat always: silence"}, unready: true, ask: zombie},
		question{name: "silent hello", means: "hello does not come: when it gives up", options: beat(2 * time.Minute), faults: []string{"hello: silence"}, unready: true, ask: silentHello},
		question{name: "gap", means: "what it does about three sequences that are left out", ask: gap},
		question{name: "ping", means: "how it answers a ping frame", faults: []string{"event: ping"}, ask: pinged},
		question{name: "own pings", means: "ping frames that it sends, in 8 s", ask: func(s *stage) string {
			time.Sleep(8 * time.Second) // the length is the question
			return fmt.Sprint(s.conns()[0].Pings)
		}},
		question{name: "fragments", means: "messages in frames of 64 bytes", faults: []string{"hello always: fragment 64"}, unready: true, ask: works},
		question{name: "split", means: "payloads over messages of 300 bytes, in its default compression", faults: split, unready: true, ask: works},
	)
}

func beat(d time.Duration) []gatewaytest.Option {
	return []gatewaytest.Option{gatewaytest.WithHeartbeatInterval(d)}
}

func code(s string) string {
	if s == "" {
		return "none"
	}
	return "`" + s + "`"
}

// conns returns the reports of the connections.
func (s *stage) conns() []gatewaytest.ConnReport { return s.srv.Report().Conns }

// poll waits until the condition is true, and reports whether it was in time.
func (s *stage) poll(d time.Duration, condition func() bool) bool {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if condition() {
			return true
		}
	}
	return condition()
}

func (s *stage) identified() map[string]any {
	var keys map[string]any
	for _, p := range s.conns()[0].Payloads {
		if p.Op == 2 {
			if err := json.Unmarshal(p.Data, &keys); err != nil {
				s.Fatal(err)
			}
		}
	}
	return keys
}

func identifyKeys(s *stage) string {
	keys := s.identified()
	var words []string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		switch key {
		case "token", "properties", "intents":
		case "presence":
			words = append(words, code(key))
		default:
			value, _ := json.Marshal(keys[key]) // it came as JSON
			words = append(words, code(key+" "+string(value)))
		}
	}
	if token, _ := keys["token"].(string); strings.HasPrefix(token, "Bot ") {
		words = append(words, "the token has the prefix “Bot ”")
	}
	return strings.Join(words, ", ")
}

func properties(s *stage) string {
	values, _ := s.identified()["properties"].(map[string]any)
	var words []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		words = append(words, code(fmt.Sprintf("%s %v", key, values[key])))
	}
	return strings.Join(words, ", ")
}

// beats returns the heartbeats of a connection.
func beats(c gatewaytest.ConnReport) (all []gatewaytest.SentPayload) {
	for _, p := range c.Payloads {
		if p.Op == 1 {
			all = append(all, p)
		}
	}
	return all
}

// heartbeats returns the d of the nth heartbeat, and of the one behind it.
func (s *stage) heartbeats(n int) string {
	if !s.poll(someWait, func() bool { return len(beats(s.conns()[0])) > n }) {
		return "no heartbeat in 25 s"
	}
	all := beats(s.conns()[0])
	return fmt.Sprintf("%s, then %s", seqOrNull(all[n-1].Data), seqOrNull(all[n].Data))
}

func seqOrNull(d json.RawMessage) string {
	if string(d) == "null" {
		return "null"
	}
	var n int64
	if json.Unmarshal(d, &n) != nil {
		return code(string(d))
	}
	if n == 0 {
		return "0"
	}
	return "the sequence"
}

func firstHeartbeat(s *stage) string {
	var parts []float64
	var stages []*stage
	for range 5 {
		stages = append(stages, s.client.set(s.T, "", nil, beat(longBeat)...))
	}
	for _, one := range stages {
		if !one.poll(longWait, func() bool { return len(one.conns()) > 0 && len(beats(one.conns()[0])) > 0 }) {
			return "none in 70 s"
		}
		parts = append(parts, beats(one.conns()[0])[0].After.Seconds()/longBeat.Seconds())
		one.p.cmd.Process.Kill()
	}
	slices.Sort(parts)
	switch low, high := parts[0], parts[len(parts)-1]; {
	case high < 0.06: // a READY is awaited by some
		return "at once"
	case low > 0.9 && high < 1.15:
		return "after one interval"
	case high-low < 0.1:
		return fmt.Sprintf("%.2f of it", parts[2])
	default:
		return fmt.Sprintf("%.2f to %.2f of it", low, high)
	}
}

func requested(s *stage) string {
	n := len(beats(s.conns()[0]))
	s.srv.RequestHeartbeat(0)
	if !s.poll(10*time.Second, func() bool { return len(beats(s.conns()[0])) > n }) {
		return "not in 10 s"
	}
	return "with one at once"
}

func shutdown(s *stage) string {
	err := s.p.quit(wait(s.T, 20*time.Second))
	s.poll(5*time.Second, func() bool { return s.conns()[0].End != "" })
	answer := ending(s.conns()[0])
	if err != nil {
		answer += "; the shutdown does not return in 20 s"
	}
	return answer
}

const stillOpen = "does not close"

// ending says how the client ended a connection.
func ending(c gatewaytest.ConnReport) string {
	switch {
	case c.Closed == 1005:
		return "a close frame without a code"
	case c.Closed != 0 && !c.Answer:
		return fmt.Sprint(uint16(c.Closed))
	case c.End == "eof", c.End == "reset":
		return "no close frame"
	case c.End == "":
		return stillOpen
	}
	return "" // the server's doing
}

// after has something happen to the first connection, and tells what the client does next.
func after(happen func(*stage)) func(*stage) string {
	return func(s *stage) string {
		sent := len(s.conns()[0].Payloads)
		begin := time.Now()
		happen(s)
		var next gatewaytest.SentPayload
		var same bool
		found := s.poll(someWait, func() bool {
			for i, c := range s.conns() {
				from := 0
				if i == 0 {
					from = min(sent, len(c.Payloads))
				}
				for _, p := range c.Payloads[from:] {
					if p.Op == 2 || p.Op == 6 {
						next, same = p, i == 0
						return true
					}
				}
			}
			return false
		})
		took := time.Since(begin)
		var words []string
		if how := ending(s.conns()[0]); how != "" && how != stillOpen && !same {
			words = append(words, how)
		}
		switch {
		case !found && len(s.conns()) > 1:
			words = append(words, "connects, and says nothing in 25 s")
		case !found:
			words = append(words, "stops")
		case next.Op == 6:
			words = append(words, "resumes")
		default:
			words = append(words, "identifies")
		}
		if found {
			switch {
			case took < 500*time.Millisecond:
				words[len(words)-1] += " at once"
			default:
				words[len(words)-1] += fmt.Sprintf(" after %.0f s", max(1, took.Seconds()))
			}
			if same {
				words[len(words)-1] += " on the same connection"
			}
		}
		// A client that begins again and again is one that needs to be seen.
		if found && next.Op == 2 {
			n := s.srv.Report().Identifies
			time.Sleep(3 * time.Second)
			if more := s.srv.Report().Identifies - n; more > 1 {
				words = append(words, fmt.Sprintf("identifies %d times more in 3 s", more))
			}
		}
		return strings.Join(words, ", ")
	}
}

func zombie(s *stage) string {
	// Heartbeats before the identify are answered.
	var first time.Duration
	ok := s.poll(someWait, func() bool {
		if len(s.conns()) == 0 {
			return false
		}
		identified := false
		for _, p := range s.conns()[0].Payloads {
			identified = identified || p.Op == 2
			if identified && p.Op == 1 {
				first = p.After
				return true
			}
		}
		return false
	})
	if !ok {
		return "no heartbeat"
	}
	if !s.poll(longWait, func() bool { return s.conns()[0].End != "" }) {
		return "not in 70 s"
	}
	c := s.conns()[0]
	answer := fmt.Sprintf("%.1f, %s", float64(c.Ended-first)/float64(shortBeat), ending(c))
	if c.End == "server" || c.Answer {
		answer = fmt.Sprintf("%.1f, by ceasing to send heartbeats", float64(c.Ended-first)/float64(shortBeat))
	}
	if s.poll(someWait, func() bool { return len(s.conns()) > 1 && len(ops(s.conns()[1])) > 0 }) {
		if ops(s.conns()[1])[0] == 6 {
			return answer + ", resumes"
		}
		return answer + ", identifies"
	}
	return answer + ", stops"
}

// ops are the identifies and resumes of a connection.
func ops(c gatewaytest.ConnReport) (all []int64) {
	for _, p := range c.Payloads {
		if p.Op == 2 || p.Op == 6 {
			all = append(all, p.Op)
		}
	}
	return all
}

func silentHello(s *stage) string {
	if !s.poll(longWait, func() bool { return len(s.conns()) > 0 }) {
		return "does not connect"
	}
	if !s.poll(longWait, func() bool { return s.conns()[0].End != "" }) {
		return "not in 70 s"
	}
	c := s.conns()[0]
	return fmt.Sprintf("after %.0f s, %s", c.Ended.Seconds(), ending(c))
}

func gap(s *stage) string {
	s.inject("event: skip 3")
	s.message()
	s.message()
	if s.poll(5*time.Second, func() bool { return len(s.conns()) > 1 && len(ops(s.conns()[1])) > 0 }) {
		if ops(s.conns()[1])[0] == 6 {
			return "resumes"
		}
		return "identifies"
	}
	return "nothing"
}

func pinged(s *stage) string {
	s.message()
	if !s.poll(5*time.Second, func() bool { return s.conns()[0].Pongs > 0 }) {
		return "not in 5 s"
	}
	return "with a pong"
}

func works(s *stage) string {
	if !s.poll(someWait, func() bool { return len(s.p.said("ready")) > 0 && len(s.p.said("guild")) >= guildCount }) {
		return "is not ready in 25 s"
	}
	s.message()
	if !s.poll(someWait, func() bool { return len(s.p.messages()) > 0 }) {
		return "sees no message in 25 s"
	}
	return "reads them"
}

func (s *stage) inject(line string) {
	f, err := fault.Parse(line)
	if err == nil {
		err = s.srv.Inject(f)
	}
	if err != nil {
		s.Fatal(err)
	}
}

// answer asks a client.
func (q *question) answer(t *testing.T, c *client, guilds []announced) string {
	s := c.set(t, "", q.faults, q.options...)
	s.guilds = guilds
	if !q.unready {
		s.ready()
	}
	return q.ask(s)
}
