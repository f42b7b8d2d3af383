package engine

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
)

// TestRetryAfterIsHeeded: a server that refuses the upgrade is not asked again before the
// time that it names, up to an hour, also where the user is in a hurry. The log and View
// say so.
func TestRetryAfterIsHeeded(t *testing.T) {
	for _, test := range []struct {
		name, answer string
		least        time.Duration
		said         string
	}{
		{"429", httpAnswer(429, "Retry-After: 3600\r\n", ""), time.Hour, "429 Too Many Requests; it asks to wait 1h0m0s"},
		{"503", httpAnswer(503, "Retry-After: 40\r\n", ""), 40 * time.Second, "503 Service Unavailable; it asks to wait 40s"},
		{"a date", httpAnswer(429, "Retry-After: Sat, 01 Jan 2000 00:10:00 GMT\r\n", ""), 10 * time.Minute, "asks to wait 10m0s"},
		{"a week", httpAnswer(429, "Retry-After: 604800\r\n", ""), time.Hour, "asks to wait 1h0m0s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &restServer{answers: []string{test.answer}}
				r := start(t, func(c *Config) { c.Dial = server.dial })
				s := r.shard(0)
				waitState(t, s, lifecycle.Disconnected)
				began := time.Now()
				hurry, cancel := context.WithTimeout(t.Context(), time.Second)
				_ = s.Restart(hurry) // it waits until the shard is ready
				cancel()
				time.Sleep(test.least - 2*time.Second)
				synctest.Wait()
				if n := server.count(); n != 1 {
					t.Errorf("%d requests", n)
				}
				v := s.View()
				if !strings.Contains(v.Waits, test.said) || v.NextAt.Sub(began) < test.least-time.Second {
					t.Errorf("View: waits %q until %v", v.Waits, v.NextAt)
				}
				if !strings.Contains(r.logs.String(), test.said) || !strings.Contains(r.logs.String(), "in="+strings.TrimSuffix(test.least.String(), "0s")) {
					t.Errorf("the log does not say it:\n%s", r.logs.String())
				}
				time.Sleep(5 * time.Second)
				synctest.Wait()
				if n := server.count(); n < 2 {
					t.Errorf("%d requests afterwards", n)
				}
				r.stop()
				if err := <-r.result; err != nil {
					t.Error(err)
				}
			})
		})
	}
}
