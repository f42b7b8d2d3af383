package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// countingBot is a bot of serve's that counts what it gets.
type countingBot struct {
	mu       sync.Mutex
	messages []int
	seqs     map[string]int64
	wrong    string
	lost     int
	readies  int
	resumes  int
}

func (c *countingBot) see(ev *engine.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch ev.Type {
	case gateway.EventSessionLost:
		c.lost++
		return
	case gateway.EventResumed:
		c.resumes++
		return
	case gateway.EventReady:
		c.readies++
	case gateway.EventMessageCreate:
		var m struct{ N int }
		_ = json.Unmarshal(ev.Data, &m) // it is the test's own
		c.messages = append(c.messages, m.N)
	}
	if c.seqs[ev.Session]++; c.seqs[ev.Session] != ev.Seq {
		c.wrong = fmt.Sprintf("sequence %d, want %d", ev.Seq, c.seqs[ev.Session])
	}
}

func (c *countingBot) count() (messages, resumes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.messages), c.resumes
}

// TestServeRestart: a bridge that ends by a signal, or is killed, goes on where it was: no identify at Discord, and
// its bot resumes and gets every event once.
func TestServeRestart(t *testing.T) {
	t.Parallel()
	for name, signal := range map[string]os.Signal{"TERM": syscall.SIGTERM, "kill": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" && signal == syscall.SIGTERM {
				t.Skip("Windows has no SIGTERM")
			}
			t.Parallel()
			srv := gatewaytest.NewServer(t, gatewaytest.WithGuilds(3, 20_000), gatewaytest.WithIdentifyInterval(0), gatewaytest.WithReplayLimit(100_000))
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			address := l.Addr().String()
			l.Close()
			args := runArgs(t, srv, "--listen="+address, "--bots="+botsFile(t), "--data="+t.TempDir())
			args[0] = "serve"
			p := start(t, srv.Token(), args...)
			p.awaitAddress()
			awaitReady(t, srv, 0)

			bot := &countingBot{seqs: map[string]int64{}}
			e, err := engine.New(engine.Config{
				Token: engine.NewToken(blue), APIURL: "http://" + address + "/api/v10", Intents: gateway.IntentsUnprivileged,
				Logger: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				t.Fatal(err)
			}
			e.On(gateway.AllDispatches().Union(gateway.Events(gateway.EventSessionLost)), bot.see)
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- e.Run(ctx) }()
			defer func() {
				cancel()
				if err := <-ended; err != nil {
					t.Errorf("the bot's Run returned %v", err)
				}
			}()
			eventually(t, "READY at the bot", func() bool { bot.mu.Lock(); defer bot.mu.Unlock(); return bot.readies > 0 })

			// A stream of events that never stops, while the bridge ends and starts three times.
			sent, quit := 0, make(chan struct{})
			var sending sync.WaitGroup
			sending.Go(func() {
				tick := time.NewTicker(2 * time.Millisecond)
				defer tick.Stop()
				for {
					select {
					case <-quit:
						return
					case <-tick.C:
						srv.Dispatch(0, "MESSAGE_CREATE", fmt.Appendf(nil, `{"n":%d,"guild_id":"1"}`, sent))
						sent++
					}
				}
			})
			for round := range 3 {
				before, _ := bot.count()
				eventually(t, "events at the bot", func() bool { n, _ := bot.count(); return n > before+200 })
				if signal == syscall.SIGKILL {
					_ = p.cmd.Process.Kill()
				} else {
					p.signal(signal)
				}
				p.wait()
				p = start(t, srv.Token(), args...)
				eventually(t, "a resume of the bot", func() bool { _, n := bot.count(); return n > round })
			}
			close(quit)
			sending.Wait()
			eventually(t, "all events", func() bool { n, _ := bot.count(); return n >= sent })
			bot.mu.Lock()
			defer bot.mu.Unlock()
			for i, n := range bot.messages {
				if n != i {
					t.Fatalf("message %d is the bot's %dth", n, i)
				}
			}
			if r := srv.Report(); r.Identifies != 1 || bot.readies != 1 || bot.lost != 0 || bot.wrong != "" {
				t.Errorf("%d identifies at the gateway, %d READY and %d losses at the bot, %s; want 1, 1, 0", r.Identifies, bot.readies, bot.lost, bot.wrong)
			}
			p.signal(os.Interrupt)
			p.wait()
		})
	}
}
