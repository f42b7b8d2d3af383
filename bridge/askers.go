package bridge

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"strconv"
	"sync"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/lazyjson"
)

// maxAskers is how many requests of a shard may be open. The oldest are forgotten for those that follow, and their
// answers go to nobody.
const maxAskers = 4096

// noncePrefix is in front of all nonces of bridges.
const noncePrefix = "sluice-"

// askers knows which session asked for members, by the nonce that the bridge gave the request.
type askers struct {
	mu     sync.Mutex
	open   map[string]*asker
	order  []string // nonces, the oldest first; some may be closed
	prefix string
	count  uint64
}

type asker struct {
	session *session
	nonce   []byte // the bot's own as JSON, nil: none
	came    int64  // chunks
}

// note keeps who asks, and returns the nonce to ask with.
func (as *askers) note(s *session, nonce string) string {
	a := &asker{session: s}
	if nonce != "" {
		a.nonce, _ = json.Marshal(nonce) // of a string: it cannot fail
	}
	as.mu.Lock()
	defer as.mu.Unlock()
	if as.open == nil {
		as.open = make(map[string]*asker)
		as.prefix = noncePrefix + rand.Text()[:10] + "-"
	}
	for len(as.order) >= maxAskers {
		delete(as.open, as.order[0])
		as.order = as.order[1:]
	}
	as.count++
	own := as.prefix + strconv.FormatUint(as.count, 36)
	as.open[own] = a
	as.order = append(as.order, own)
	return own
}

func (as *askers) forget(nonce string) {
	as.mu.Lock()
	defer as.mu.Unlock()
	delete(as.open, nonce)
}

// drop forgets what a session has asked for.
func (as *askers) drop(s *session) {
	as.mu.Lock()
	defer as.mu.Unlock()
	for nonce, a := range as.open {
		if a.session == s {
			delete(as.open, nonce)
		}
	}
}

// find returns who asked with a nonce. ours says that the nonce is one of the bridge's, whether or not
// anybody still waits. count is how many pieces the answer has.
func (as *askers) find(nonce lazyjson.Value, count int64) (a *asker, ours bool) {
	as.mu.Lock()
	defer as.mu.Unlock()
	text, err := nonce.AppendString(nil)
	name := string(text)
	if err != nil || as.prefix == "" || len(name) < len(as.prefix) || name[:len(as.prefix)] != as.prefix {
		return nil, false
	}
	a = as.open[name]
	if a == nil {
		return nil, true
	}
	if a.came++; a.came >= count {
		delete(as.open, name)
	}
	return a, true
}

// answer gives an answer to the session that asked, with the nonce that it asked with. It reports false for what
// answers nobody here.
func (sh *shard) answer(ev *engine.Event) bool {
	d := lazyjson.ValueOf(ev.Data)
	nonce, count := d.Get("nonce"), int64(1)
	if ev.Type == gateway.EventRateLimited {
		nonce = d.Get("meta", "nonce")
	} else if n, err := d.Get("chunk_count").Int(); err == nil {
		count = n
	}
	a, ours := sh.commands.askers.find(nonce, count)
	if a != nil {
		sh.addPrivate(ev.Received, ev.Type, ev.Seq, withNonce(ev.Data, nonce.Raw(), a.nonce), a.session.number)
	}
	return ours
}

// withNonce returns data with another nonce in the place of one, which is a slice of data; with none if that is nil.
func withNonce(data, old, nonce []byte) []byte {
	at := bytes.LastIndex(data, old)
	for at >= 0 && &data[at] != &old[0] { // the same text may be somebody's name
		at = bytes.LastIndex(data[:at+len(old)-1], old)
	}
	if at < 0 {
		return data
	}
	end := at + len(old)
	if nonce == nil {
		if key := []byte(`,"nonce":`); bytes.HasSuffix(data[:at], key) {
			at -= len(key)
		} else {
			nonce = []byte("null")
		}
	}
	out := make([]byte, 0, len(data)+len(nonce))
	return append(append(append(out, data[:at]...), nonce...), data[end:]...)
}
