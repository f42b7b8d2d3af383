package gatewaytest

import (
	"fmt"
	"net/http"

	"github.com/sluice-go/sluice/gatewaytest/fault"
	"github.com/sluice-go/sluice/gatewaytest/internal/plan"
)

// retryAfter is how many seconds an upgrade that is refused with 429 has to wait.
const retryAfter = 1

// refuse does what faults say to an upgrade, and reports whether it came to nothing.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, wire *wire) bool {
	for _, f := range s.fault(fault.AtUpgrade, plan.NoShard, wire.via) {
		switch f.Action {
		case fault.ActionRefuse:
			if f.Number == http.StatusTooManyRequests {
				w.Header().Set("Retry-After", fmt.Sprint(retryAfter))
			}
			http.Error(w, http.StatusText(int(f.Number)), int(f.Number))
			return true
		case fault.ActionRedirect:
			w.Header().Set("Location", f.Text)
			w.WriteHeader(http.StatusFound)
			return true
		case fault.ActionWrongAccept:
			answerWrongly(w)
			return true
		default:
			if wire.bad(&f) {
				panic(http.ErrAbortHandler) // has net/http drop the connection without a word
			}
		}
	}
	return false
}

// answerWrongly accepts an upgrade under another key than the client's (RFC 6455, section 4.1).
func answerWrongly(w http.ResponseWriter) {
	nc, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer nc.Close()
	// The client hangs up on this, or on the end of the connection.
	fmt.Fprint(nc, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: d3JvbmcgYWNjZXB0IHZhbHVlIQ==\r\n\r\n")
}
