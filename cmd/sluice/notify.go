package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// This file tells a service manager how the process stands: sd_notify(3), sd_watchdog_enabled(3).

const (
	// notifyPeriod is how often the service manager is told, unless its watchdog wants more.
	notifyPeriod = 5 * time.Second

	// startPatience is how long a start goes on in which no more shards become ready. Then it
	// counts as done: to fail it would only have the process restarted while the gateway is down.
	startPatience = 30 * time.Second
)

// notifier is a connection to a service manager.
type notifier struct {
	conn   net.Conn
	period time.Duration
	guard  bool // the service manager waits for signs of life
	logger *slog.Logger

	// How far the start has come.
	up    bool      // it is over
	ready int       // shards
	since time.Time // when these were last more than before
}

// newNotifier connects to the service manager that the environment names; nil: none does.
func newNotifier(getenv func(string) string, pid int, logger *slog.Logger) (*notifier, error) {
	address := getenv("NOTIFY_SOCKET")
	if address == "" {
		return nil, nil
	}
	if address[0] != '/' && address[0] != '@' {
		return nil, fmt.Errorf("NOTIFY_SOCKET is %q: want a path that begins with / or @", address)
	}
	conn, err := net.Dial("unixgram", address)
	if err != nil {
		return nil, fmt.Errorf("NOTIFY_SOCKET: %w", err)
	}
	n := &notifier{conn: conn, period: notifyPeriod, logger: logger}
	// The watchdog is another process's if that is named.
	if of := getenv("WATCHDOG_PID"); of == "" || of == strconv.Itoa(pid) {
		if usec, err := strconv.ParseUint(getenv("WATCHDOG_USEC"), 10, 32); err == nil && usec > 0 { // more than an hour is as good as never
			// Half of the time, as sd_watchdog_enabled(3) recommends.
			n.guard, n.period = true, min(n.period, max(time.Duration(usec)*time.Microsecond/2, time.Millisecond))
		}
	}
	return n, nil
}

// send sends assignments such as READY=1, one a line.
func (n *notifier) send(lines ...string) {
	if _, err := n.conn.Write([]byte(strings.Join(lines, "\n"))); err != nil {
		n.logger.Debug("the service manager was not told", "cause", err)
	}
}

// look tells how the engine stands.
func (n *notifier) look(now time.Time, o *engine.Overview) {
	shards := 0
	for _, count := range o.States {
		shards += count
	}
	ready := o.States[lifecycle.Ready]
	lines := []string{fmt.Sprintf("STATUS=%d of %d shards ready, %d events", ready, shards, o.Events)}
	if !n.up {
		if ready > n.ready || n.since.IsZero() {
			n.ready, n.since = ready, now
		}
		if shards > 0 && ready == shards || now.Sub(n.since) >= startPatience {
			n.up = true
			lines = append(lines, "READY=1")
		} else {
			lines = append(lines, "EXTEND_TIMEOUT_USEC="+strconv.FormatInt((2*startPatience).Microseconds(), 10))
		}
	}
	// Callbacks that do not return are no reason to kill shards that go on.
	if n.guard && (o.Stalled < shards || shards == 0) {
		lines = append(lines, "WATCHDOG=1")
	}
	n.send(lines...)
}

// follow tells how the engine stands until ctx ends, and then that it stops.
func (n *notifier) follow(ctx context.Context, eng *engine.Engine) {
	defer n.conn.Close()
	tick := time.NewTicker(n.period)
	defer tick.Stop()
	for {
		n.look(time.Now(), eng.Overview())
		select {
		case <-ctx.Done():
			n.send("STOPPING=1", "STATUS=closing all shards")
			return
		case <-tick.C:
		}
	}
}

// notify has the service manager told, if there is one, until ctx ends. The channel is closed
// when it was told of the end.
func notify(ctx context.Context, eng *engine.Engine, logger *slog.Logger) <-chan struct{} {
	stopped := make(chan struct{})
	n, err := newNotifier(os.Getenv, os.Getpid(), logger)
	if err != nil {
		logger.Warn("the service manager cannot be told how the process stands", "cause", err)
	}
	if n == nil {
		close(stopped)
		return stopped
	}
	go func() {
		defer close(stopped)
		n.follow(ctx, eng)
	}()
	return stopped
}
