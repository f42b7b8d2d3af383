//go:build unix

package bridge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/gatewire"
	"github.com/sluice-go/sluice/pool"
)

// line is a shard with one bot on it, whose other end is peer.
type line struct {
	sh   *shard
	s    *session
	c    *conn
	peer net.Conn
	seq  int64 // of the last message
}

func newLine(t *testing.T, network string, compression gatewire.Compression) *line {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = t.TempDir() + "/s"
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	peer, err := net.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	nc, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	b := &Bridge{
		config: Config{ReplayBytes: 32 << 20, MaxLag: 1 << 30}, logger: slog.New(slog.DiscardHandler),
		sessions: make(map[string]*session), conns: make(map[*conn]struct{}),
	}
	ln := &line{sh: newShard(b, 0, 1), c: newConn(b, nc, nc, compression), peer: peer}
	t.Cleanup(func() { ln.c.kill(); peer.Close() })
	ln.s = &session{shard: ln.sh, client: &client{name: "blue"}, events: gateway.AllDispatches()}
	ln.sh.add(ln.s)
	ln.s.cursor = ln.sh.log.End()
	ln.s.attach(ln.c)
	ln.c.use(ln.s)
	<-ln.c.wake
	ln.s.idle.Store(true)
	return ln
}

// read has the engine bring messages, and then say that these were all.
func (ln *line) read(messages ...*engine.Event) {
	for _, ev := range messages {
		ln.take(ev)
	}
	ln.sh.writeDue()
}

// take has the engine bring a message, which comes as a new one each time.
func (ln *line) take(ev *engine.Event) {
	ln.seq++
	ev.Seq = ln.seq
	ln.sh.take(ev)
}

// want reads events from the bot's end, in order from a sequence on.
func (ln *line) want(t *testing.T, first, last int) {
	t.Helper()
	ln.peer.SetReadDeadline(time.Now().Add(time.Minute))
	for seq := first; seq <= last; seq++ {
		h, err := ws.ReadHeader(ln.peer)
		if err != nil {
			t.Fatalf("event %d: %v", seq, err)
		}
		body := make([]byte, h.Length)
		if _, err := io.ReadFull(ln.peer, body); err != nil {
			t.Fatalf("event %d: %v", seq, err)
		}
		var p struct {
			S int `json:"s"`
		}
		if err := json.Unmarshal(body, &p); err != nil || p.S != seq {
			t.Fatalf("got sequence %d, %v, want %d: %.100s", p.S, err, seq, body)
		}
	}
}

func someMessage(size int) *engine.Event {
	return engine.NewEvent("MESSAGE_CREATE", fmt.Appendf(nil, `{"guild_id":"1","content":"%s"}`, bytes.Repeat([]byte{'x'}, size)))
}

// TestDirect: what is little is written without the sender, which does not run here, and costs no memory.
func TestDirect(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			ln := newLine(t, network, gatewire.None)
			ev := someMessage(300)
			ln.read(ev)
			ln.want(t, 1, 1)
			ln.read(ev, ev, ev)
			ln.want(t, 2, 4)
			if len(ln.c.wake) > 0 || !ln.s.idle.Load() || ln.c.sender.scratch != nil {
				t.Error("the sender is left with something to do")
			}
			go io.Copy(io.Discard, ln.peer)
			if n := testing.AllocsPerRun(5000, func() { ln.read(ev) }); n > 0 && !pool.Poisoning { // the race detector has sync.Pool forget
				t.Errorf("an event costs %v allocations", n)
			}
		})
	}
}

// TestNotDirect: what would have to be waited for is left to the sender.
func TestNotDirect(t *testing.T) {
	t.Parallel()
	ev := someMessage(300)
	for name, change := range map[string]func(*line){
		"it writes":       func(ln *line) { ln.c.writing.Lock() },
		"locked":          func(ln *line) { ln.s.mu.Lock() },
		"something else":  func(ln *line) { ln.c.controls = append(ln.c.controls, gatewire.HeartbeatACK) },
		"closing":         func(ln *line) { ln.c.closing.Begin(nil, func() {}) },
		"another session": func(ln *line) { ln.c.session = nil },
		"payload":         func(ln *line) { ln.c.compression = gatewire.Payload },
		"no socket":       func(ln *line) { ln.c.socket = socketOf(struct{ net.Conn }{ln.peer}) },
		"a lot":           func(ln *line) { ln.read(); ln.take(someMessage(directBytes)) },
	} {
		t.Run(name, func(t *testing.T) {
			ln := newLine(t, "tcp", gatewire.None)
			change(ln)
			ln.read(ev)
			if len(ln.c.wake) == 0 || ln.s.idle.Load() || ln.c.bridge.sent.Load() > 0 {
				t.Error("it was written at once")
			}
		})
	}
	for _, compression := range []gatewire.Compression{gatewire.ZlibStream, gatewire.ZstdStream} {
		ln := newLine(t, "tcp", compression)
		if ln.read(ev); len(ln.c.wake) == 0 {
			t.Errorf("%v was written at once", compression)
		}
	}
}

// TestDirectFull: what the socket does not take waits for the sender, behind which more comes, in order.
func TestDirectFull(t *testing.T) {
	t.Parallel()
	ln := newLine(t, "tcp", gatewire.None)
	ev, n := someMessage(8000), 0
	for ; len(ln.c.wake) == 0; n++ {
		ln.read(ev)
	}
	if len(ln.c.sender.left) == 0 {
		t.Fatal("nothing is left")
	}
	for range 10 {
		ln.read(ev)
		n++
	}
	var running sync.WaitGroup
	ln.c.bridge.workers.Add(1)
	running.Go(ln.c.send)
	running.Go(func() {
		for i := range 20_000 {
			ln.read(someMessage(i % 500))
		}
	})
	ln.want(t, 1, n+20_000)
	ln.c.kill()
	running.Wait()
}

// TestDirectManyBots: of many bots on a shard, some are written to at once, and all get everything.
func TestDirectManyBots(t *testing.T) {
	t.Parallel()
	first := newLine(t, "tcp", gatewire.None)
	lines := []*line{first}
	for range 2 * maxDirect {
		ln := newLine(t, "tcp", gatewire.None)
		first.sh.add(ln.s)
		ln.s.shard = first.sh
		lines = append(lines, ln)
	}
	ev := someMessage(100)
	first.read(ev, ev)
	direct := 0
	for _, ln := range lines {
		if len(ln.c.wake) == 0 {
			direct++
		} else {
			ln.c.writeAll()
		}
		ln.want(t, 1, 2)
	}
	if direct != maxDirect {
		t.Errorf("%d bots were written to at once, want %d", direct, maxDirect)
	}
}
