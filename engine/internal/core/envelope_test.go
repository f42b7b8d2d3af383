package core

import (
	"testing"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// TestKeysBehindData: an event's Data is d alone, whatever the gateway writes behind
// it, and Payload is all of it.
func TestKeysBehindData(t *testing.T) {
	const event = `{"t":"MESSAGE_CREATE","s":2,"op":0,"d":{"id":"2","author":{"id":"1"}},"meta":{"trace":{"a":"}"}}}`
	r := newRig(t).ready()
	var data, payload string
	r.on(gateway.AllDispatches(), func(ev *delivery) {
		data, payload = string(ev.Data), string(ev.Payload)
	})
	r.recv(event)
	if want := `{"id":"2","author":{"id":"1"}}`; data != want || payload != event {
		t.Errorf("Data %s, Payload %s, want %s of %s", data, payload, want, event)
	}
	r.want(lifecycle.Ready)
}

// TestTwoPayloadsInOneMessage: that is damage like any other. Neither is taken, and
// the connection is closed to be resumed.
func TestTwoPayloadsInOneMessage(t *testing.T) {
	const event = `{"t":"MESSAGE_CREATE","s":2,"op":0,"d":{"id":"2"}}`
	for _, message := range []string{
		event + event,
		event + "\n" + event,
		testAck + event,
		`{"t":null,"s":null,"op":11,"d":{}}` + event,
		event + `{"t":null,"s":null,"op":7,"d":null}`,
	} {
		r := newRig(t).ready()
		r.on(gateway.AllDispatches(), func(ev *delivery) {
			t.Errorf("%s: %v was delivered", message, ev.Type)
		})
		r.recv(message)
		r.want(lifecycle.Closing)
		if c := r.core.counter; c.Corrupt != 1 || !r.core.session.resumable() || r.core.session.Seq != 1 {
			t.Errorf("%s: %d damaged payloads, session %+v", message, c.Corrupt, r.core.session.Session)
		}
	}
}
