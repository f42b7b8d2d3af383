package gatewaytest_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/gatewaytest/fault"
)

// TestFaultStalls has reads and writes wait; nothing is lost.
func TestFaultStalls(t *testing.T) {
	for _, action := range []string{"stall-reads 30ms", "stall-writes 30ms"} {
		srv := script(t, "ready: "+action)
		c, _, _ := begin(t, srv, "")
		c.send(`{"op":1,"d":1}`)
		c.expect("op 11 null")
		srv.Dispatch(0, "X", nil)
		c.expect("X 2")
	}
}

// TestFaultCuts has everything written in pieces; nothing is lost.
func TestFaultCuts(t *testing.T) {
	for _, encrypted := range []bool{true, false} {
		for _, action := range []string{"cut-frames 1", "cut-records 1"} {
			t.Run(fmt.Sprintf("%s/tls=%t", action, encrypted), func(t *testing.T) {
				eachCompression(t, func(t *testing.T, compress string) {
					srv := script(t, "hello: "+action, gatewaytest.WithTLS(encrypted))
					c, _, _ := begin(t, srv, compress)
					c.send(`{"op":1,"d":1}`)
					c.expect("op 11 null")
				})
			})
		}
	}
}

// TestFaultSequences repeats, skips and goes back.
func TestFaultSequences(t *testing.T) {
	tests := []struct {
		action string
		want   []string
	}{
		{"repeat", []string{"A 2", "B 3", "B 3", "C 4"}},
		{"back 1", []string{"A 2", "B 3", "A 2", "C 4"}},
		{"back 99", []string{"A 2", "B 3", "READY 1", "C 4"}},
		{"skip 3", []string{"A 2", "B 3", "C 7"}},
	}
	for _, test := range tests {
		t.Run(test.action, func(t *testing.T) {
			eachCompression(t, func(t *testing.T, compress string) {
				srv := script(t, "event 2: "+test.action)
				c, session, resumeURL := begin(t, srv, compress)
				srv.Dispatch(0, "A", nil)
				srv.Dispatch(0, "B", nil)
				c.expect(test.want[:2]...)
				if err := srv.WaitFaults(wait(t)); err != nil {
					t.Fatal(err)
				}
				srv.Dispatch(0, "C", nil)
				c.expect(test.want[2:]...)
				if test.action != "skip 3" {
					return
				}
				c = connect(t, srv, resumeURL, compress)
				c.resume(srv, session, 3)
				for seq := int64(4); seq <= 6; seq++ {
					if p := c.next(); p.seq() != seq || p.name() == "" {
						t.Fatalf("got %s, s %d, want %d", p.name(), p.seq(), seq)
					}
				}
				c.expect("C 7", "RESUMED 7")
			})
		})
	}
}

// TestFaultSkippedReplay: RESUMED has the sequence of the last event that the client got, so that
// what a replay left out at its end still shows when the next event comes.
func TestFaultSkippedReplay(t *testing.T) {
	srv := script(t, "resume: skip 3")
	c, session, resumeURL := begin(t, srv, "")
	srv.Dispatch(0, "A", nil)
	c.expect("A 2")
	c = connect(t, srv, resumeURL, "")
	c.resume(srv, session, 2)
	c.expect("RESUMED 2")
	srv.Dispatch(0, "B", nil)
	c.expect("B 6")
}

// TestFaultForgotten goes back to an event that the session has not kept.
func TestFaultForgotten(t *testing.T) {
	srv := script(t, "event 6: back 4", gatewaytest.WithReplayLimit(2))
	c, _, _ := begin(t, srv, "")
	for seq := int64(2); seq <= 7; seq++ {
		srv.Dispatch(0, "X", nil)
		c.expect(fmt.Sprintf("X %d", seq))
	}
	if p := c.next(); p.seq() != 3 || p.name() == "" {
		t.Errorf("got %s, s %d, want an event with 3", p.name(), p.seq())
	}
}

// TestFaultTraffic leaves shared traffic for a fault and goes back to it.
func TestFaultTraffic(t *testing.T) {
	eachCompression(t, func(t *testing.T, compress string) {
		srv := script(t, "event 50: repeat", gatewaytest.WithTraffic(gatewaytest.Saturated), gatewaytest.WithEvents(1000))
		c, _, _ := begin(t, srv, compress)
		for seq := int64(2); seq <= 1001; seq++ {
			p := c.next()
			if p.seq() != seq {
				t.Fatalf("got op %d, s %d, want %d", p.Op, p.seq(), seq)
			}
			if seq == 51 {
				c.expect(p.name() + " 51")
			}
		}
		c.expect("op 7 null")
	})
}

// TestFaultData has decompressors of the standard library and of others meet what they must not
// accept. Where they stop, they return an error that is not the end of the connection.
func TestFaultData(t *testing.T) {
	for _, action := range []string{"corrupt", "truncate"} {
		t.Run(action, func(t *testing.T) {
			eachCompression(t, func(t *testing.T, compress string) {
				srv := script(t, "event: "+action)
				c, _, _ := begin(t, srv, compress)
				data := fmt.Appendf(nil, `{"content":%q}`, strings.Repeat("sluice ", 300))
				srv.Dispatch(0, "A", data)
				c.expect("A 2")
				if err := srv.WaitFaults(wait(t)); err != nil {
					t.Fatal(err)
				}
				srv.Dispatch(0, "B", data)
				srv.Dispatch(0, "C", data)
				srv.CloseWith(0, 4000, "")
				var got []string
				for {
					var p payload
					if c.json.Decode(&p) != nil || p.D == nil {
						break
					}
					got = append(got, p.name())
				}
				if action == "corrupt" && compress != "" && len(got) > 0 || len(got) > 1 && strings.Join(got, "") == "BC" {
					t.Errorf("behind what is %s came %v", action, got)
				}
			})
		})
	}
	t.Run("not UTF-8", func(t *testing.T) {
		srv := script(t, "hello: corrupt")
		c, _ := upgrade(t, srv, srv.URL(), "v=10&encoding=json")
		if op, body, err := c.frame(); err != nil || op != 1 || !bytes.Contains(body, []byte{0xff}) {
			t.Errorf("frame opcode %d, %q, %v", op, body, err)
		}
	})
	t.Run("bomb", func(t *testing.T) {
		for _, compress := range []string{"zlib-stream", "zstd-stream"} {
			srv := script(t, "ready: bomb 2097152")
			c, _, _ := begin(t, srv, compress)
			srv.Dispatch(0, "X", nil)
			before := c.json.InputOffset()
			c.expect("X 2") // behind 2 MiB of white space
			if n := c.json.InputOffset() - before; n < 2<<20 {
				t.Errorf("%s: the bomb expanded to %d bytes", compress, n)
			}
		}
	})
}

// TestFaultMalformed reads each malformed envelope as it came.
func TestFaultMalformed(t *testing.T) {
	var lines strings.Builder
	for i, name := range fault.Malformed() {
		fmt.Fprintf(&lines, "hello %d: malformed %s\n", i+1, name)
	}
	srv := script(t, lines.String())
	seen := make(map[string]string)
	for _, name := range fault.Malformed() {
		c, _ := upgrade(t, srv, srv.URL(), "v=10&encoding=json")
		op, body, err := c.frame()
		if err != nil || op != 1 || bytes.Contains(body, []byte("_trace")) {
			t.Errorf("%s: frame opcode %d, %q, %v", name, op, body, err)
		}
		if other, ok := seen[string(body)]; ok {
			t.Errorf("%s and %s are the same", name, other)
		}
		seen[string(body)] = name
		if _, body, err = c.frame(); err != nil || !bytes.Contains(body, []byte("heartbeat_interval")) {
			t.Errorf("behind %s came %q, %v; want hello", name, body, err)
		}
	}
	if len(seen) < 30 {
		t.Errorf("only %d malformed envelopes", len(seen))
	}
}
