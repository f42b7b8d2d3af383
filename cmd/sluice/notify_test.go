package main

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gatewaytest"
)

// manager is a service manager's socket.
type manager struct {
	*net.UnixConn
	t *testing.T
}

func newManager(t *testing.T) *manager {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no datagrams over sockets of files")
	}
	dir, err := os.MkdirTemp("", "n") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "s"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &manager{conn, t}
}

// message returns the lines of the next message.
func (m *manager) message() []string {
	m.t.Helper()
	_ = m.SetReadDeadline(time.Now().Add(time.Minute))
	b := make([]byte, 4096)
	n, err := m.Read(b)
	if err != nil {
		m.t.Fatal(err)
	}
	return strings.Split(string(b[:n]), "\n")
}

// environment is the variables of one, and nothing else.
func (m *manager) environment(more map[string]string) func(string) string {
	return func(name string) string {
		if name == "NOTIFY_SOCKET" {
			return m.LocalAddr().String()
		}
		return more[name]
	}
}

var silent = slog.New(slog.DiscardHandler)

// TestNotifier tells of a start, signs of life and the end.
func TestNotifier(t *testing.T) {
	m := newManager(t)
	srv := gatewaytest.NewServer(t, gatewaytest.WithShards(3), gatewaytest.WithMaxConcurrency(3), gatewaytest.WithIdentifyInterval(0))
	eng, err := engine.New(engine.Config{
		Token: engine.NewToken(srv.Token()), APIURL: srv.APIURL(), TLS: srv.TLSConfig(), IdentifyQueue: identify.Unlimited{}, Logger: silent,
	})
	if err != nil {
		t.Fatal(err)
	}
	n, err := newNotifier(m.environment(map[string]string{"WATCHDOG_USEC": "20000"}), os.Getpid(), silent)
	if err != nil || n.period != 10*time.Millisecond || !n.guard {
		t.Fatalf("%+v, %v", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	followed, ran := make(chan struct{}), make(chan error, 1)
	go func() { n.follow(ctx, eng); close(followed) }()
	if first := m.message(); first[0] != "STATUS=0 of 0 shards ready, 0 events" || first[1] != "EXTEND_TIMEOUT_USEC=60000000" || first[2] != "WATCHDOG=1" {
		t.Errorf("at first: %q", first)
	}
	go func() { ran <- eng.Run(ctx) }()
	for ready := false; !ready; {
		lines := m.message()
		if ready = slices.Contains(lines, "READY=1"); ready && !strings.HasPrefix(lines[0], "STATUS=3 of 3 shards ready") {
			t.Errorf("ready: %q", lines)
		}
	}
	if next := m.message(); len(next) != 2 || next[1] != "WATCHDOG=1" {
		t.Errorf("then: %q", next)
	}
	cancel()
	for stopping := false; !stopping; {
		stopping = m.message()[0] == "STOPPING=1"
	}
	<-followed
	if err := <-ran; err != nil {
		t.Error(err)
	}
}

// TestNotifierLooks: when a start is over, and when signs of life are withheld.
func TestNotifierLooks(t *testing.T) {
	m := newManager(t)
	n, err := newNotifier(m.environment(map[string]string{"WATCHDOG_USEC": "3600000000", "WATCHDOG_PID": strconv.Itoa(os.Getpid())}), os.Getpid(), silent)
	if err != nil || n.period != notifyPeriod || !n.guard {
		t.Fatalf("%+v, %v", n, err)
	}
	defer n.conn.Close()
	now := time.Now()
	for i, step := range []struct {
		after                 time.Duration
		ready, other, stalled int
		want                  string // besides the status
	}{
		{0, 0, 4, 0, "EXTEND_TIMEOUT_USEC=60000000 WATCHDOG=1"},
		{startPatience - 1, 1, 3, 3, "EXTEND_TIMEOUT_USEC=60000000 WATCHDOG=1"},
		{startPatience - 1, 1, 3, 4, "EXTEND_TIMEOUT_USEC=60000000"},
		{1, 1, 3, 0, "READY=1 WATCHDOG=1"},
		{1, 4, 0, 0, "WATCHDOG=1"},
		{1, 0, 4, 4, ""},
	} {
		now = now.Add(step.after)
		o := &engine.Overview{}
		o.States[lifecycle.Ready], o.States[lifecycle.Resuming] = step.ready, step.other
		o.Stalled = step.stalled
		n.look(now, o)
		if got := strings.Join(m.message()[1:], " "); got != step.want {
			t.Errorf("step %d: %q, want %q", i, got, step.want)
		}
	}
}

// TestNoNotifier: most processes have no service manager, and some have a wrong one.
func TestNoNotifier(t *testing.T) {
	if n, err := newNotifier(func(string) string { return "" }, 1, silent); n != nil || err != nil {
		t.Error(n, err)
	}
	m := newManager(t)
	for _, address := range []string{"relative", "vsock:2:1234", "/nowhere/at/all", "@" + strings.Repeat("x", 200)} {
		n, err := newNotifier(func(string) string { return address }, 1, silent)
		if n != nil || err == nil || !strings.Contains(err.Error(), "NOTIFY_SOCKET") {
			t.Errorf("%s: %v, %v", address, n, err)
		}
	}
	for _, others := range []map[string]string{
		{"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "-5"}, {"WATCHDOG_USEC": "much"}, nil,
	} {
		n, err := newNotifier(m.environment(others), 2, silent)
		if err != nil || n.guard || n.period != notifyPeriod {
			t.Errorf("%v: %+v, %v", others, n, err)
			continue
		}
		_ = n.conn.Close()
	}
}
