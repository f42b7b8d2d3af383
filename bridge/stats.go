package bridge

import (
	"sync"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/gateway"
)

// closeCounts counts the close frames that the bridge sent of itself.
type closeCounts struct {
	mu sync.Mutex
	n  map[gateway.CloseCode]int64
}

// add counts a close frame by its body.
func (cc *closeCounts) add(body []byte) {
	code, _ := ws.ParseCloseFrameData(body)
	cc.mu.Lock()
	defer cc.mu.Unlock()
	if cc.n == nil {
		cc.n = make(map[gateway.CloseCode]int64)
	}
	cc.n[gateway.CloseCode(code)]++
}
