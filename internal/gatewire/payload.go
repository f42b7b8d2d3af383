package gatewire

import (
	"encoding/json"
	"strconv"
	"time"
)

// Payloads that are no events (Discord: "Gateway Events"). They are shared and never written.
var (
	HeartbeatACK     = []byte(`{"t":null,"s":null,"op":11,"d":null}`)
	HeartbeatRequest = []byte(`{"t":null,"s":null,"op":1,"d":null}`)
	Reconnect        = []byte(`{"t":null,"s":null,"op":7,"d":null}`)

	sessionLost      = []byte(`{"t":null,"s":null,"op":9,"d":false}`)
	sessionResumable = []byte(`{"t":null,"s":null,"op":9,"d":true}`)
)

// InvalidSession returns opcode 9, which is shared and never written.
func InvalidSession(resumable bool) []byte {
	if resumable {
		return sessionResumable
	}
	return sessionLost
}

// AppendHello appends the first payload of every connection. name is the gateway's in its trace, and
// holds nothing that JSON escapes.
func AppendHello(dst []byte, heartbeat time.Duration, name string) []byte {
	dst = append(dst, `{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":`...)
	dst = strconv.AppendInt(dst, heartbeat.Milliseconds(), 10)
	dst = append(dst, `,"_trace":["[\"`...)
	dst = append(dst, name...)
	return append(dst, `\",{\"micros\":0.0}]"]}}`...)
}

// AppendDispatchHead appends what stands in front of an event's data: its name, which holds nothing that
// JSON escapes, its sequence and its opcode. Behind the data follows DispatchEnd.
func AppendDispatchHead(dst []byte, name []byte, seq int64) []byte {
	dst = append(dst, `{"t":"`...)
	dst = append(dst, name...)
	dst = append(dst, `","s":`...)
	dst = strconv.AppendInt(dst, seq, 10)
	return append(dst, `,"op":0,"d":`...)
}

// DispatchEnd ends an event's payload behind its data.
const DispatchEnd = '}'

// ParseHeartbeat reads the data of a heartbeat: the last sequence that the client has, 0 where it sends null.
func ParseHeartbeat(d json.RawMessage) (seq int64, r *Refusal) {
	var sent *int64
	if len(d) == 0 || json.Unmarshal(d, &sent) != nil {
		return 0, DecodeError
	}
	if sent != nil {
		seq = *sent
	}
	return seq, nil
}
