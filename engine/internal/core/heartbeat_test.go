package core

import (
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/frame"
)

// TestHeartbeatRhythm: the first after interval × random, then every interval,
// with the last sequence.
func TestHeartbeatRhythm(t *testing.T) {
	for _, random := range []float64{0, 0.25, 0.999} {
		r := newRig(t)
		r.core.random = func() float64 { return random }
		r.ready()
		r.event(2)
		due := r.start.Add(time.Duration(random * float64(41250*time.Millisecond)))
		for i := range 5 {
			r.timer()
			if i > 0 || random > 0 {
				if !r.now.Equal(due) {
					t.Errorf("random %v: heartbeat %d went after %v, want %v", random, i, r.now.Sub(r.start), due.Sub(r.start))
				}
				if r.lastSent() != `{"op":1,"d":2}` {
					t.Errorf("sent %s", r.lastSent())
				}
			}
			r.recv(testAck)
			due = due.Add(41250 * time.Millisecond)
		}
		r.want(lifecycle.Ready)
	}
}

// TestHeartbeatWithoutSequence: before the first dispatch d is null; while the
// identify waits for its turn heartbeats go on.
func TestHeartbeatWithoutSequence(t *testing.T) {
	r := newRig(t)
	r.dial()
	r.recv(testHello)
	r.want(lifecycle.Queued)
	for range 10 {
		r.timer()
		if r.lastSent() != `{"op":1,"d":null}` {
			t.Fatalf("sent %s", r.lastSent())
		}
		r.recv(testAck)
	}
	r.want(lifecycle.Queued)
}

// TestPain13_AnythingReceivedIsLife: an ACK that is late behind a flood is no
// reason to give up.
func TestPain13_AnythingReceivedIsLife(t *testing.T) {
	r := newRig(t).ready()
	for seq := int64(2); seq < 12; seq++ {
		r.timer()
		r.after(time.Second)
		r.event(seq)
	}
	r.want(lifecycle.Ready)
	r.timer()
	r.timer()
	r.want(lifecycle.Closing)
}

// TestZombieVerdictNeedsALookAtTheSocket: as long as the loop has not drained
// the socket, silence means nothing.
func TestZombieVerdictNeedsALookAtTheSocket(t *testing.T) {
	r := newRig(t).ready()
	r.timer()
	r.now = r.core.Next()
	sent := len(r.sent)
	r.core.Advance(r.now, false)
	r.settle()
	r.want(lifecycle.Ready)
	if len(r.sent) != sent {
		t.Error("a heartbeat went on a connection that may be dead")
	}
	r.recv(testAck)
	r.core.Advance(r.now, false)
	r.settle()
	r.want(lifecycle.Ready)
	if len(r.sent) != sent+1 {
		t.Error("no heartbeat after the sign of life")
	}
}

// TestRequestedHeartbeat: op 1 is answered at once, and does not shorten the
// time that the connection has to show life.
func TestRequestedHeartbeat(t *testing.T) {
	r := newRig(t).ready()
	r.timer()
	r.recv(testAck)
	r.now = r.core.Next().Add(-time.Millisecond)
	r.recv(`{"op":1,"d":null}`)
	if r.lastSent() != `{"op":1,"d":1}` {
		t.Fatalf("op 1 was answered by %q", r.lastSent())
	}
	r.after(time.Millisecond)
	r.advance()
	r.want(lifecycle.Ready)
}

// TestLateHeartbeat: a beat that went late (the machine slept, a callback took
// long) has the next one wait until an ACK can have come.
func TestLateHeartbeat(t *testing.T) {
	for _, late := range []time.Duration{time.Second, 30 * time.Second, 41 * time.Second, 10 * time.Minute} {
		r := newRig(t).ready()
		r.now = r.core.Next().Add(late)
		r.advance()
		if wait := r.core.Next().Sub(r.now); wait < 20*time.Second || wait > 41250*time.Millisecond {
			t.Errorf("%v late: the next heartbeat comes after %v", late, wait)
		}
	}
}

func TestLatency(t *testing.T) {
	r := newRig(t).ready()
	r.timer()
	r.after(42 * time.Millisecond)
	r.recv(testAck)
	r.after(time.Second)
	r.recv(testAck) // one more than was asked for
	if got := r.core.heart.latency().Last; got != 42*time.Millisecond {
		t.Errorf("latency %v, want 42ms", got)
	}
}

// TestInsaneHello: intervals that would flood the gateway or never notice a dead
// connection close with 4000, are counted, and are tried again.
func TestInsaneHello(t *testing.T) {
	for _, d := range []string{
		`{"heartbeat_interval":0}`, `{"heartbeat_interval":-5}`, `{"heartbeat_interval":31536000000}`, `{"heartbeat_interval":-1e300}`,
		`{"heartbeat_interval":9223372036855}`, `{"heartbeat_interval":18446744073750801}`, `{"heartbeat_interval":18446744073709592866}`,
		`{"heartbeat_interval":1e300}`, `{"heartbeat_interval":1e9999}`, `{"heartbeat_interval":"41250"}`,
		`{"heartbeat_interval":null}`, `{}`, `null`, `[]`, `41250`, `{"heartbeat_interval":0.001}`,
	} {
		r := newRig(t)
		r.dial()
		r.recv(`{"t":null,"s":null,"op":10,"d":` + d + `}`)
		r.want(lifecycle.Closing)
		if r.lastSent() != "close 4000" || r.core.counter.Corrupt != 1 {
			t.Errorf("%s: sent %q, counted %d", d, r.lastSent(), r.core.counter.Corrupt)
		}
		r.timer()
		r.want(lifecycle.Disconnected)
		r.timer()
		r.want(lifecycle.Connecting)
	}
}

// TestSecondHello takes a shorter rhythm from then on.
func TestSecondHello(t *testing.T) {
	r := newRig(t).ready()
	r.recv(`{"op":10,"d":{"heartbeat_interval":1000}}`)
	r.want(lifecycle.Ready)
	if wait := r.core.Next().Sub(r.now); wait > time.Second {
		t.Errorf("the next heartbeat comes after %v, want a second at most", wait)
	}
}

// TestPain06_EveryStateHasADeadline: hello 20 s, READY and RESUMED 60 s.
func TestPain06_EveryStateHasADeadline(t *testing.T) {
	quiet := func(r *rig) time.Duration {
		start := r.now
		for state := r.core.state; r.core.state == state; {
			r.timer()
			if r.core.state == state {
				r.recv(testAck) // alive, but silent about what is waited for
			}
		}
		return r.now.Sub(start)
	}
	r := newRig(t)
	r.dial()
	if d := quiet(r); d != 20*time.Second {
		t.Errorf("hello was waited for %v", d)
	}
	r = newRig(t)
	r.dial()
	r.recv(testHello)
	r.permit()
	if d := quiet(r); d != 60*time.Second {
		t.Errorf("READY was waited for %v", d)
	}
	r = newRig(t).ready()
	r.fail(errReset)
	r.dial()
	r.recv(testHello)
	if d := quiet(r); d != 60*time.Second { // pain 7: stuck in resuming
		t.Errorf("RESUMED was waited for %v", d)
	}
	r.want(lifecycle.Closing)
	if d := quiet(r); d != 2*time.Second {
		t.Errorf("the answer to a close frame was waited for %v", d)
	}
}

// TestPing: answered with the same payload, in every state with a connection.
func TestPing(t *testing.T) {
	r := newRig(t)
	r.dial()
	r.frames(frame.AppendServerFrame(nil, frame.OpPing, []byte("are you there")))
	if r.lastSent() != `pong "are you there"` {
		t.Errorf("sent %s", r.lastSent())
	}
}
