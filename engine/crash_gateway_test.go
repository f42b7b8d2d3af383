package engine_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// crashEnv in the environment has the test binary be a program that crashes.
const crashEnv = "SLUICE_TEST_CRASH"

// crashPlan is what that program is told.
type crashPlan struct {
	Where          string // the code that panics
	Token, API, CA string
	Sessions       string
	Driver         engine.Driver
}

// lastSeq is that of the last event on both shards before the crash: READY has 1.
const lastSeq = 21

// TestCrash: wherever code panics that the engine calls, all connections are closed
// so that their sessions can be resumed, these are saved as far as they were
// delivered, and the program dies of that panic.
func TestCrash(t *testing.T) {
	if plan := os.Getenv(crashEnv); plan != "" {
		crash(t, plan)
		return
	}
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		for where, c := range map[string]struct {
			trigger func(srv *gatewaytest.Server)
			want    string // shards and sequences that are saved
		}{
			// The event that brought the panic counts as delivered.
			"callback":      {event, "0 at 22, 1 at 21"},
			"Async":         {event, "0 at 22, 1 at 21"},
			"OnPanic":       {event, "0 at 22, 1 at 21"},
			"Async OnPanic": {event, "0 at 22, 1 at 21"},
			"OnClose":       {closes, "0 at 21, 1 at 21"},
			"Logger":        {closes, "0 at 21, 1 at 21"},
			"Dial":          {closes, "0 at 21, 1 at 21"},
			// The session of shard 0 is over.
			"IdentifyQueue": {invalidates, "1 at 21"},
			"Permit":        {invalidates, "1 at 21"},
			// Of a connection that Dial gave.
			"Write":        {event, "0 at 22, 1 at 21"},
			"Read":         {event, "0 at 21, 1 at 21"},
			"SessionStore": {func(*gatewaytest.Server) {}, "0 at 21, 1 at 21"},
		} {
			t.Run(where, func(t *testing.T) {
				t.Parallel()
				srv := gatewaytest.NewServer(t, gatewaytest.WithShards(2), gatewaytest.WithMaxConcurrency(2), gatewaytest.WithIdentifyInterval(0))
				file := filepath.Join(t.TempDir(), "sessions")
				plan, err := json.Marshal(crashPlan{where, srv.Token(), srv.APIURL(), string(srv.CertPEM()), file, driver})
				if err != nil {
					t.Fatal(err)
				}
				cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrash$")
				cmd.Env = append(os.Environ(), crashEnv+"="+string(plan))
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				stdout, err := cmd.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				said := ""
				for lines := bufio.NewScanner(stdout); lines.Scan(); {
					switch line := lines.Text(); line {
					case "ready":
						for shard := range 2 {
							for range lastSeq - 1 {
								srv.Dispatch(shard, "MESSAGE_CREATE", []byte(`{}`))
							}
						}
					case "armed":
						c.trigger(srv)
					default:
						said += line + "\n"
					}
				}
				var exit *exec.ExitError
				if err := cmd.Wait(); !errors.As(err, &exit) || !strings.Contains(stderr.String(), "panic: gone wrong") {
					t.Fatalf("the program ended with %v\n%s%s", err, said, stderr.String())
				}
				if where == "OnPanic" && !strings.Contains(stderr.String(), "the first mistake") {
					t.Errorf("the first panic is not told:\n%s", stderr.String())
				}
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatalf("%v\n%s", err, stderr.String())
				}
				saved, err := session.Parse(text)
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, s := range saved.Sessions {
					got = append(got, fmt.Sprintf("%d at %d", s.Shard, s.Seq))
				}
				if strings.Join(got, ", ") != c.want {
					t.Errorf("saved %s, want %s\n%s", strings.Join(got, ", "), c.want, stderr.String())
				}
				if closes := srv.Report().Closes; closes[4000] == 0 && where != "Write" || closes[1000]+closes[1001] != 0 {
					t.Errorf("connections were closed with %v", closes)
				}
			})
		}
	})
}

func event(srv *gatewaytest.Server)       { srv.Dispatch(0, "MESSAGE_CREATE", []byte(`{}`)) }
func closes(srv *gatewaytest.Server)      { srv.CloseWith(0, gateway.CloseUnknownError, "") }
func invalidates(srv *gatewaytest.Server) { srv.InvalidateSession(0, false) }

// crash is the program. It says when its shards are ready, and when they have had
// lastSeq: from then on the code in question panics when it is called.
func crash(t *testing.T, text string) {
	var plan crashPlan
	if err := json.Unmarshal([]byte(text), &plan); err != nil {
		t.Fatal(err)
	}
	var armed atomic.Bool
	goneWrong := func(where string) {
		if where == plan.Where && armed.Load() {
			panic("gone wrong")
		}
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(plan.CA))
	store := &crashStore{File: session.NewFile(plan.Sessions), do: func() { goneWrong("SessionStore") }}
	config := engine.Config{
		Token: engine.NewToken(plan.Token), APIURL: plan.API, TLS: &tls.Config{RootCAs: roots},
		Intents: gateway.IntentsAll, Driver: plan.Driver, Sessions: store,
		IdentifyQueue: crashQueue(goneWrong),
		Logger:        slog.New(crashLog{slog.DiscardHandler, func() { goneWrong("Logger") }}),
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			goneWrong("Dial")
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			if (plan.Where == "Write" || plan.Where == "Read") && err == nil {
				conn = crashConn{conn, goneWrong}
			}
			return conn, err
		},
		OnClose: func(code gateway.CloseCode) gateway.Decision {
			goneWrong("OnClose")
			return code.Decision()
		},
	}
	if strings.Contains(plan.Where, "OnPanic") {
		config.OnPanic = func(*engine.Event, any) { panic("gone wrong") }
	}
	eng, err := engine.New(config)
	if err != nil {
		t.Fatal(err)
	}
	eng.WithoutBackoff()
	var ready, all atomic.Int32
	eng.On(gateway.Events(gateway.EventReady), func(*engine.Event) {
		if ready.Add(1) == 2 {
			fmt.Println("ready")
		}
	})
	message := gateway.Events(gateway.EventMessageCreate)
	wrong := func(where string) func(*engine.Event) {
		return func(ev *engine.Event) {
			goneWrong(where)
			if plan.Where == where+"OnPanic" && armed.Load() {
				panic("the first mistake")
			}
		}
	}
	if strings.HasPrefix(plan.Where, "Async") {
		called := wrong("Async")
		if plan.Where == "Async OnPanic" {
			called = wrong("Async ")
		}
		eng.On(message, engine.Async(called, engine.AsyncOptions{}))
	} else {
		eng.On(message, wrong("callback"))
		eng.On(message, wrong(""))
		eng.On(message, func(ev *engine.Event) {
			if plan.Where == "Write" && armed.Load() {
				_ = ev.Shard.UpdatePresence(context.Background(), &gateway.Presence{})
			}
		})
	}
	go func() {
		for all.Load() != 2 {
			n := 0
			for s := range eng.Shards() {
				if st := s.Stats(); s.Session().Seq == lastSeq && st.Queued == 0 {
					n++
				}
			}
			all.Store(int32(n))
		}
		armed.Store(true)
		fmt.Println("armed")
	}()
	t.Errorf("Run returned %v", eng.Run(t.Context()))
}

// crashStore panics at a save, and not again.
type crashStore struct {
	*session.File
	do   func()
	done atomic.Bool
}

func (s *crashStore) Save(ctx context.Context, snapshot *session.Snapshot) error {
	if len(snapshot.Sessions) == 2 && snapshot.Sessions[0].Seq == lastSeq && !s.done.Swap(true) {
		s.do()
	}
	return s.File.Save(ctx, snapshot)
}

// crashQueue gives permits at once.
type crashQueue func(where string)

func (q crashQueue) Acquire(context.Context, int) (identify.Permit, error) {
	q("IdentifyQueue")
	return q, nil
}
func (q crashQueue) Sent()    { q("Permit") }
func (q crashQueue) Release() {}

// crashConn is a connection that cannot be written to, or read.
type crashConn struct {
	net.Conn
	do func(where string)
}

func (c crashConn) Write(b []byte) (int, error) {
	c.do("Write")
	return c.Conn.Write(b)
}

func (c crashConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.do("Read")
	}
	return n, err
}

// crashLog does something with each record.
type crashLog struct {
	slog.Handler
	do func()
}

func (h crashLog) Enabled(context.Context, slog.Level) bool { return true }

func (h crashLog) Handle(context.Context, slog.Record) error {
	h.do()
	return nil
}
