package reactor

import (
	"crypto/tls"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/internal/reactor/lend"
)

// A task is told how the TLS records of its connection are read, and why they are
// not lent: by the event loops' reason, or the portable driver's.
func TestContractRecords(t *testing.T) {
	each(t, 1, func(t *testing.T, d Driver) {
		_, portable := d.(PortableDriver)
		wants := map[string]func(r Records) bool{
			"pipe": func(r Records) bool { return r == Records{} },
			"TCP":  func(r Records) bool { return r == Records{} },
			"TLS": func(r Records) bool {
				if portable {
					return !r.Lent && strings.Contains(r.Plain, "portable driver")
				}
				return r == Records{Lent: lend.Supported() == "", Plain: lend.Supported()}
			},
			"TLS over a pipe": func(r Records) bool { return !r.Lent && r.Plain != "" },
		}
		for kind, want := range wants {
			near, far := connectionOf(t, d, kind)
			var before, attached, after Records
			k := &task{t: t}
			k.advance = func(time.Time, bool) (time.Time, bool) {
				before = k.loop.Records()
				k.loop.Attach(near, nil)
				attached = k.loop.Records()
				k.loop.Detach()
				after = k.loop.Records()
				return time.Time{}, true
			}
			<-start(d, k).over
			far.Close()
			if before != (Records{}) || after != (Records{}) || !want(attached) {
				t.Errorf("%s: %+v, then %+v, then %+v", kind, before, attached, after)
			}
		}
	})
}

func connectionOf(t *testing.T, d Driver, kind string) (near, far net.Conn) {
	switch kind {
	case "TLS":
		return pair(t, d, "TLS 1.3", nil)
	case "TLS over a pipe":
		near, far = net.Pipe()
		near = d.Wrap(near)
		go func() { // the alert at the end
			for b := make([]byte, 1024); ; {
				if _, err := far.Read(b); err != nil {
					return
				}
			}
		}()
		return tls.Client(near, &tls.Config{InsecureSkipVerify: true}), far // no handshake is made
	}
	return pair(t, d, kind, nil)
}
