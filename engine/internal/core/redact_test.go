package core

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
)

// TestSessionHoldingTheToken: a gateway that echoes the token as session_id is
// damaged; one that does in resume_gateway_url has its first URL used. Neither is
// kept, shown or logged.
func TestSessionHoldingTheToken(t *testing.T) {
	var logs strings.Builder
	logging := func(c *settings) {
		c.Logger = c.Token.Logger(slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug})))
	}
	t.Run("session_id", func(t *testing.T) {
		for _, id := range []string{testToken, "x" + testToken + "y", strings.ReplaceAll(testToken, "M", `\u004d`)} {
			r := newRig(t, logging)
			var causes []error
			r.on(gateway.Events(gateway.EventStateChanged), func(ev *delivery) {
				if change, ok := ev.StateChange(); ok && change.Cause != nil {
					causes = append(causes, change.Cause)
				}
			})
			r.dial()
			r.recv(testHello)
			r.permit()
			r.recv(strings.Replace(testReady, `"abc"`, `"`+id+`"`, 1))
			r.want(lifecycle.Closing)
			if r.core.session.resumable() || r.core.counter.Corrupt != 1 {
				t.Errorf("session %+v, corrupt %d", r.core.session.Session, r.core.counter.Corrupt)
			}
			if text := fmt.Sprint(causes); !strings.Contains(text, "holds the token") || strings.Contains(text, testToken) {
				t.Errorf("causes %s", text)
			}
		}
	})
	t.Run("resume_gateway_url", func(t *testing.T) {
		for _, ignore := range []bool{false, true} {
			r := newRig(t, logging, func(c *settings) { c.IgnoreResumeURL = ignore })
			r.dial()
			r.recv(testHello)
			r.permit()
			r.recv(strings.Replace(testReady, "wss://us-east1-b.discord.gg", "wss://us-east1-b.discord.gg/"+testToken, 1))
			r.want(lifecycle.Ready)
			if s := r.core.session.Session; s != (session.Session{ID: "abc", Seq: 1}) {
				t.Errorf("session %+v", s)
			}
		}
	})
	t.Run("by hand", func(t *testing.T) {
		r := newRig(t, logging)
		if err := r.core.Adopt(session.Session{ID: testToken, Seq: 5}); !errors.Is(err, errTokenInSession) || r.core.session.resumable() {
			t.Errorf("%v, %+v", err, r.core.session.Session)
		}
		if err := r.core.Adopt(session.Session{ID: "abc", ResumeURL: "wss://discord.gg/?" + testToken, Seq: 5}); err != nil || r.core.session.ResumeURL != "" {
			t.Errorf("%v, %+v", err, r.core.session.Session)
		}
	})
	if strings.Contains(logs.String(), testToken) {
		t.Errorf("the log holds the token:\n%s", logs.String())
	}
}
