package gatewaytest_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/gatewaytest"
)

// TestConnReport looks for what a client did in the report, and for the token, which must not be there.
func TestConnReport(t *testing.T) {
	srv := gatewaytest.NewServer(t, gatewaytest.WithConnReports(1))
	c := connect(t, srv, srv.URL(), "")
	c.identify(srv, 0, 1)
	c.send(`{"op":1,"d":1}`)
	if p := c.next(); p.Op != 11 {
		t.Fatalf("%+v", p)
	}
	dial(t, srv, srv.URL(), "") // the second is not reported
	conns := srv.Report().Conns
	if len(conns) != 1 {
		t.Fatalf("%d reports, want 1", len(conns))
	}
	r := conns[0]
	if r.Address != "gateway" || r.Query != "v=10&encoding=json" || r.End != "" || len(r.Payloads) != 2 {
		t.Fatalf("%+v", r)
	}
	if id := r.Payloads[0]; id.Op != 2 || !bytes.Contains(id.Data, []byte(`"[token]"`)) || id.After <= 0 {
		t.Errorf("identify: %+v", id)
	}
	if hb := r.Payloads[1]; hb.Op != 1 || string(hb.Data) != "1" || hb.After < r.Payloads[0].After {
		t.Errorf("heartbeat: %+v", hb)
	}
	if b, err := json.Marshal(srv.Report()); err != nil || strings.Contains(string(b), srv.Token()) {
		t.Error("the report has the token, or none at all:", err)
	}
}
