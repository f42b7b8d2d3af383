package engine_test

import (
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// secretToken is not of the alphabet of anything else that is printed.
const secretToken = "MTk4NjIyNDgz.sEcReT.ZnCjm1XVW7vRze4b7Cq4se7kKWs"

// TestNothingPrintsTheToken: every type that the package exports is printed in every
// way, alone and inside of a user's values, whose unexported fields hide our methods
// from fmt. None of it holds the token, in any spelling.
func TestNothingPrintsTheToken(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		p := newPrinter(t)
		var logs lockedText
		srv := gatewaytest.NewServer(t, gatewaytest.WithToken(secretToken), gatewaytest.WithShards(2), gatewaytest.WithMaxConcurrency(2),
			gatewaytest.WithIdentifyInterval(0))
		sessions := session.NewFile(filepath.Join(t.TempDir(), "sessions"))
		queue := &identify.Recording{}
		config := engine.Config{
			Token: engine.NewToken("Bot " + secretToken), Intents: gateway.IntentsAll, APIURL: srv.APIURL(), TLS: srv.TLSConfig(),
			Driver: driver, IdentifyQueue: queue, Sessions: sessions, Retries: 1,
			Logger:   slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
			PerShard: func(id int, c *engine.ShardConfig) { show(p, *c) },
		}
		var clone *engine.Event
		var kept sync.Once
		c := connect(t, srv, func(c *engine.Config) { *c = config }, func(e *engine.Engine) {
			e.On(gateway.AllDispatches().Union(gateway.Events(gateway.EventHello, gateway.EventStateChanged, gateway.EventClosed, gateway.EventSessionLost, gateway.EventSessionResumed, gateway.EventGuildsReady, gateway.EventPayloadSent, gateway.EventSessionBegan)), func(ev *engine.Event) {
				if !p.fresh(ev.Name()) {
					return
				}
				show(p, ev)
				for _, detail := range []func() (any, bool){
					func() (any, bool) { return ev.Closed() }, func() (any, bool) { return ev.StateChange() },
					func() (any, bool) { return ev.SessionLost() }, func() (any, bool) { return ev.SessionResumed() },
					func() (any, bool) { return ev.GuildsReady() }, func() (any, bool) { return ev.PayloadSent() },
					func() (any, bool) { return ev.SessionBegan() },
				} {
					if d, ok := detail(); ok {
						show(p, d)
					}
				}
				kept.Do(func() { clone = ev.Clone() })
			})
			show(p, e) // before Run
			show(p, e.Watch(1))
		})
		for i := range 2 {
			eventually(t, "READY", func() bool { s := c.Shard(i); return s != nil && s.State() == lifecycle.Ready })
		}
		show(p, c.Engine)
		srv.Drop(1)
		srv.InvalidateSession(0, false)
		eventually(t, "the second READY", func() bool { return c.Shard(1).View().Resumes > 0 && c.Shard(1).State() == lifecycle.Ready })
		for s := range c.Shards() {
			show(p, s)
			show(p, s.View())
			show(p, s.Session())
			_, err := s.Close(t.Context(), 1, "")
			show(p, err)
			show(p, s.Send(t.Context(), []byte(secretToken)))
		}
		show(p, config)
		show(p, config.Token)
		show(p, clone)
		show(p, engine.NewEvent("X", nil))
		show(p, c.Stats())
		show(p, c.Loops())
		show(p, c.Overview())
		show(p, c.Budget())
		show(p, c.Sessions([]engine.ShardSpec{{}})[0])
		show(p, clone.Postpone())
		bot, err := c.GatewayBot(t.Context())
		show(p, err)
		show(p, bot)
		show(p, bot.Limits)
		show(p, identify.NewLocal(1))
		show(p, identify.Unlimited{})
		show(p, srv)
		show(p, srv.Sessions())
		show(p, srv.Report())
		c.end(t)

		// A dumper follows pointers, and reads what is not exported. The tables and
		// buffers of the standard library are not ours.
		p.ended()
		show(p, queue)
		show(p, queue.Records())
		show(p, sessions)
		show(p, c.Engine)
		show(p, clone)
		show(p, config)
		p.dump(c.Engine)
		p.dump(config.Token)
		for s := range c.Shards() {
			p.dump(s)
		}

		snapshot, err := sessions.Load(t.Context())
		show(p, err)
		show(p, snapshot)
		memory := &session.Memory{}
		_ = memory.Save(t.Context(), snapshot)
		show(p, memory)
		text, err := snapshot.AppendText(nil)
		show(p, err)
		p.find("the session file", string(text))
		_ = sessions.Close()

		// Mistakes and failures.
		for _, bad := range []string{secretToken + " ", "Bearer " + secretToken, "mfa." + secretToken} {
			_, err := engine.New(engine.Config{Token: engine.NewToken(bad), GatewayURL: "x", Shards: engine.Shards{Total: -1}})
			var one *engine.ConfigError
			if !errors.As(err, &one) {
				t.Fatal(err)
			}
			show(p, one)
			show(p, err)
		}
		srv.ResetToken()
		for _, edit := range []func(*engine.Config){
			func(c *engine.Config) { c.Sessions = nil },
			func(c *engine.Config) {
				c.Sessions, c.APIURL, c.GatewayURL, c.Shards = nil, "", srv.URL(), engine.Shards{Total: 1}
			},
			func(c *engine.Config) { c.Token = engine.NewToken("another.bot.sToken") },
		} {
			again := config
			edit(&again)
			e, err := engine.New(again)
			if err != nil {
				t.Fatal(err)
			}
			err = e.Run(t.Context())
			show(p, err)
			for err, ok := err.(interface{ Unwrap() []error }); ok; err, ok = err.Unwrap()[0].(interface{ Unwrap() []error }) {
				show(p, err.Unwrap()[0])
			}
		}
		echo := errors.New("an error")
		show(p, &lifecycle.CloseError{Code: 4004, Peer: true})
		show(p, &identify.BudgetError{})
		show(p, &identify.ShardBudgetError{})
		show(p, &engine.AnswerError{Err: echo})
		show(p, &engine.RateLimitedError{Err: echo})
		show(p, &session.DamagedError{Err: echo})
		p.find("the log", logs.String())
		p.types(map[string]string{
			"AsyncOptions": "has numbers only", "AsyncPolicy": "is a number", "Cause": "is a number",
			"SoundboardSounds": "has what Discord answered", "ChannelInfo": "likewise", "MembersChunk": "likewise",
		}, ".", "lifecycle", "identify", "session")
	})
}
