package gatewaytest

import "strconv"

// Payloads that are no events (Discord: "Gateway Events"). They are shared and never written.
var (
	heartbeatACK     = []byte(`{"t":null,"s":null,"op":11,"d":null}`)
	heartbeatRequest = []byte(`{"t":null,"s":null,"op":1,"d":null}`)
	reconnect        = []byte(`{"t":null,"s":null,"op":7,"d":null}`)

	sessionLost      = []byte(`{"t":null,"s":null,"op":9,"d":false}`)
	sessionResumable = []byte(`{"t":null,"s":null,"op":9,"d":true}`)
)

func invalidSession(resumable bool) []byte {
	if resumable {
		return sessionResumable
	}
	return sessionLost
}

// hello returns the first payload of every connection.
func (s *Server) hello() []byte {
	b := append([]byte(nil), `{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":`...)
	b = strconv.AppendInt(b, s.cfg.heartbeat.Milliseconds(), 10)
	return append(b, `,"_trace":["[\"gateway-gatewaytest\",{\"micros\":0.0}]"]}}`...)
}
