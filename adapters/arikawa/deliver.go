package sluicearikawa

import (
	"bytes"
	"fmt"

	"github.com/diamondburned/arikawa/v3/gateway"
	"github.com/diamondburned/arikawa/v3/utils/json"
	"github.com/diamondburned/arikawa/v3/utils/ws"

	"github.com/sluice-go/sluice/engine"
)

// deliver decodes an event as arikawa's codec does, and hands it to arikawa's gateway. What no
// gateway takes any more counts as not delivered: a restart brings it again.
func (r *run) deliver(ev *engine.Event) {
	c := r.of(ev.Shard)
	if c == nil {
		ev.Postpone()
		return
	}
	op := ws.Op{Type: ws.EventType(ev.Name()), Sequence: ev.Seq}
	if ws.EnableRawEvents {
		raw := op
		raw.Data = &ws.RawEvent{Raw: bytes.Clone(ev.Data), OriginalType: op.Type}
		c.put(raw)
	}
	if !c.put(decoded(op, ev.Data)) {
		ev.Postpone()
	}
}

// decoded returns op with its data, or with why it cannot be decoded.
func decoded(op ws.Op, data []byte) ws.Op {
	event := gateway.OpUnmarshalers.Lookup(0, op.Type)
	if event == nil {
		return failed(ws.UnknownEventError{Type: op.Type})
	}
	op.Data = event()
	if len(data) == 0 {
		return op
	}
	if err := json.Unmarshal(data, op.Data); err != nil {
		return failed(fmt.Errorf("cannot unmarshal JSON event (op 0 type %q) from gateway: %w", op.Type, err))
	}
	return op
}

func failed(err error) ws.Op {
	event := &ws.BackgroundErrorEvent{Err: err}
	return ws.Op{Code: event.Op(), Type: event.EventType(), Data: event}
}
