package child

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/gatewaytest"
)

// Serve says hello, answers each request by a line, and ends with its input.
func TestServe(t *testing.T) {
	server := gatewaytest.NewServer(t)
	var out bytes.Buffer
	in := strings.NewReader(strings.Join([]string{endChaosRequest, dropRequest, quiesceRequest, reportRequest}, "\n") + "\n")
	if err := Serve(server, in, &out); err != nil {
		t.Fatal(err)
	}
	answers := json.NewDecoder(&out)
	var hello Hello
	if err := answers.Decode(&hello); err != nil || hello.URL != server.URL() || hello.Token != server.Token() || hello.CA == "" {
		t.Errorf("hello %+v, %v", hello, err)
	}
	var report gatewaytest.Report
	for _, into := range []any{&struct{}{}, &dropAnswer{}, &struct{}{}, &report} {
		if err := answers.Decode(into); err != nil {
			t.Errorf("%T: %v", into, err)
		}
	}
	if answers.More() {
		t.Errorf("and then %s", out.Bytes())
	}
}

func TestServeRefusesWhatItDoesNotKnow(t *testing.T) {
	server := gatewaytest.NewServer(t)
	err := Serve(server, strings.NewReader("dance\n"), &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), `unknown request "dance"`) {
		t.Error(err)
	}
}
