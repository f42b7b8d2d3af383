package secret

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const testToken = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"

var errReset = errors.New("connection reset by peer")

// TestLogRedacts whatever carries the token into the log.
func TestLogRedacts(t *testing.T) {
	var out bytes.Buffer
	l := New(testToken).Logger(slog.New(slog.NewTextHandler(&out, nil)))
	err := fmt.Errorf("server says %s", testToken)
	l.Info("m "+testToken, "string", testToken, "error", err, "bytes", []byte(testToken), "stringer", stringer{}, testToken, 1,
		slog.Group("group", "inner", testToken, slog.Group("deeper", "x", err)), "number", 5, "nil", nil)
	l.With("a", testToken).WithGroup("g").Info("x", "b", "Bot "+testToken)
	if strings.Contains(out.String(), testToken) {
		t.Errorf("the token is logged:\n%s", out.String())
	}
	if n := strings.Count(out.String(), Redacted); n != 10 {
		t.Errorf("%d redactions:\n%s", n, out.String())
	}
	if !strings.Contains(out.String(), "number=5") {
		t.Error("other values are lost")
	}
}

type stringer struct{}

func (stringer) String() string { return testToken }

func TestRedactError(t *testing.T) {
	if New("x").RedactError(nil) != nil {
		t.Error("nil")
	}
	if err := New(testToken).RedactError(errReset); err != errReset {
		t.Error("an error without the token is changed")
	}
	err := New(testToken).RedactError(fmt.Errorf("a %w", errors.New("echo "+testToken)))
	if text := fmt.Sprintf("%v %+v %#v %v", err, err, err, errors.Unwrap(err)); strings.Contains(text, testToken) {
		t.Error(text)
	}
}
