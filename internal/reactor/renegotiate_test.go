package reactor

import (
	"crypto/tls"
	"net"
	"os/exec"
	"testing"
	"time"
)

// A server of TLS 1.2 that asks for another handshake ends the connection, with an
// error, at once: a loop cannot wait in the middle of a Read. (RFC 5246, section
// 7.4.1.1, allows a client to refuse.)
func TestRenegotiationEndsTheConnection(t *testing.T) {
	program, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip(err)
	}
	each(t, 1, func(t *testing.T, d Driver) {
		server := startOpenSSL(t, program, "-tls1_2")
		raw, err := net.Dial("tcp", server.address)
		if err != nil {
			t.Fatal(err)
		}
		conn := tls.Client(d.Wrap(raw), &tls.Config{InsecureSkipVerify: true}) // its key is made for this test
		if err := conn.Handshake(); err != nil {
			t.Fatal(err)
		}
		var failed error
		k := &task{t: t, feed: func([]byte) {}, fail: func(err error) { failed = err }}
		k.advance = func(time.Time, bool) (time.Time, bool) {
			if k.advices == 1 {
				k.loop.Attach(conn, nil)
			}
			return time.Time{}, k.fails > 0
		}
		start(d, k)
		server.say("r")
		<-k.over
		if !other(failed) {
			t.Errorf("the connection ended with %v", failed)
		}
		server.end()
	})
}
