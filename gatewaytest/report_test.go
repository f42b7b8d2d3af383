package gatewaytest_test

import (
	"encoding/json"
	"reflect"
	"runtime"
	"testing"
	"time"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// TestReportCloses tells by which code clients left, and counts no answers.
func TestReportCloses(t *testing.T) {
	srv := plain(t)
	leave := func(shard int, body []byte) {
		c := connect(t, srv, srv.URL(), "")
		c.identify(srv, shard, 8)
		c.write(0x88, body)
		c.closed()
	}
	leave(0, ws4000)
	leave(1, nil)
	c := connect(t, srv, srv.URL(), "")
	c.identify(srv, 2, 8)
	srv.CloseWith(2, 4009, "")
	c.answer(4009)
	c = connect(t, srv, srv.URL(), "")
	c.write(0x88, ws4000) // without a session
	c.closed()

	report := srv.Report()
	if want := map[gateway.CloseCode]int64{4000: 2, 1005: 1}; !reflect.DeepEqual(report.Closes, want) {
		t.Errorf("closes %v, want %v", report.Closes, want)
	}
	for i, want := range []gateway.CloseCode{4000, 1005, 0} {
		if got := report.Sessions[i].Closed; got != want {
			t.Errorf("shard %d closed with %d, want %d", i, got, want)
		}
	}
}

// ws4000 is the body of a close frame with the code 4000.
var ws4000 = []byte{0x0f, 0xa0}

// TestReportSkipped tells which sequences were left out, on the first connection and by a resume
// that leaves them out again, and which faults those were.
func TestReportSkipped(t *testing.T) {
	srv := script(t, "event: skip 3\nresume: skip 3")
	c, session, resumeURL := begin(t, srv, "")
	srv.Dispatch(0, "A", nil)
	c.expect("A 2")
	srv.Dispatch(0, "B", nil)
	c.expect("B 6")
	for _, want := range []int64{6, 3} {
		c.nc.Close()
		c = connect(t, srv, resumeURL, "")
		c.resume(srv, session, 2)
		if p := c.next(); p.seq() != want {
			t.Errorf("the replay begins with %d, want %d", p.seq(), want)
		}
	}
	report := srv.Report()
	if want := []gatewaytest.Span{{First: 3, Last: 5}, {First: 3, Last: 5}}; !reflect.DeepEqual(report.Sessions[0].Skipped, want) {
		t.Errorf("skipped %v, want %v", report.Sessions[0].Skipped, want)
	}
	if want := map[string]int64{"skip": 2}; !reflect.DeepEqual(report.Faults, want) {
		t.Errorf("faults %v, want %v", report.Faults, want)
	}
	// What a parent process reads is what was there.
	text, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	var again gatewaytest.Report
	if err := json.Unmarshal(text, &again); err != nil || !reflect.DeepEqual(again, report) {
		t.Errorf("%+v comes back as %+v, %v", report, again, err)
	}
}

// TestReportLimits counts identifies that came too early, and too many.
func TestReportLimits(t *testing.T) {
	srv := plain(t, gatewaytest.WithIdentifyInterval(time.Hour), gatewaytest.WithSessionStartLimit(3, 3))
	for i := range 4 {
		c := connect(t, srv, srv.URL(), "")
		c.login(srv, "")
		if i == 3 {
			c.closed() // with 4004: the token is reset
		} else {
			c.next()
		}
	}
	if r := srv.Report(); r.Identifies != 1 || r.EarlyIdentifies != 2 || r.ExcessIdentifies != 1 {
		t.Errorf("%+v", r)
	}
}

// TestEndChaos resets connections that were left without a sound.
func TestEndChaos(t *testing.T) {
	srv := script(t, "ready: hang\nready 2: silence",
		gatewaytest.WithChaosInterval(0, time.Hour))
	if srv.ChaosSeed() == 0 {
		t.Error("no seed was chosen")
	}
	hung, _, _ := begin(t, srv, "")
	mute, _, _ := begin(t, srv, "")
	if err := srv.WaitFaults(wait(t)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*client{hung, mute} {
		awake := make(chan closing)
		go func() { awake <- <-c.end }()
		for waiting := true; waiting; {
			select {
			case <-awake:
				waiting = false
			default:
				srv.EndChaos() // the sender may only be about to fall silent
				runtime.Gosched()
			}
		}
	}
}
