package gatewaytest_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/trace"
	"github.com/sluice-go/sluice/gatewaytest"
)

// TestTraceSession plays a trace to a client in each compression, which loses its connection and resumes: each
// event comes once, numbered anew, and with --loop the trace begins again at its end.
func TestTraceSession(t *testing.T) {
	const events = 300
	path := filepath.Join(t.TempDir(), "x.trace")
	w, err := trace.NewWriter(path, trace.Header{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range events {
		payload := fmt.Appendf(nil, `{"t":"TYPING_START","s":%d,"op":0,"d":{"i":%d}}`, 1000+i, i)
		if err := w.Write(&trace.Record{At: time.Unix(1_800_000_000, 0).Add(time.Duration(i) * time.Millisecond), Kind: trace.Received, Payload: payload}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := trace.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, test := range []struct {
		compress string
		speed    float64
		loop     bool
	}{{"", 1, false}, {"zlib-stream", 10, true}, {"zstd-stream", gatewaytest.Saturated, false}, {"payload", gatewaytest.Saturated, true}} {
		t.Run(fmt.Sprintf("%s at %v", test.compress, test.speed), func(t *testing.T) {
			srv := gatewaytest.NewServer(t, gatewaytest.WithTLS(false), gatewaytest.WithTrace(r, test.speed), gatewaytest.WithTraceLoop(test.loop), gatewaytest.WithReplayLimit(1<<20))
			c := connect(t, srv, srv.URL(), test.compress)
			session, resumeURL := c.identify(srv, 0, 1)
			total := int64(events)
			if test.loop {
				total = 2*events + 50
			}
			for seq := int64(2); seq <= 1+total; {
				p := c.next()
				if p.name() == "RESUMED" {
					continue
				}
				if want := fmt.Sprintf(`{"i":%d}`, (seq-2)%events); p.seq() != seq || p.name() != "TYPING_START" || string(p.D) != want {
					t.Fatalf("%s, s %d, %s; want s %d, %s", p.name(), p.seq(), p.D, seq, want)
				}
				if seq++; seq == 120 {
					c.nc.Close()
					c = connect(t, srv, resumeURL, test.compress)
					c.resume(srv, session, seq-1)
				}
			}
		})
	}
}
