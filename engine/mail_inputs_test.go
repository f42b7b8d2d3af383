package engine

import (
	"net"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/internal/link"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// mailInputs names, for every field of the mailbox, an input of the table that it
// brings; "" is one that brings none.
var mailInputs = map[string]string{
	"mu": "", "closed": "", "arrived": "", "hold": "", "holds": "",
	"errands":   "connected",
	"departure": "the user closes with 4000",
	"restarts":  "the user restarts",
	"renew":     "the user gives the session up",
	"probe":     "time has jumped",
	"shutdown":  "shutdown",
	"kill":      "shutdown at once",
}

// TestMailIsInTheTable: nothing that reaches a shard by mail is missing in the table of
// what a core does.
func TestMailIsInTheTable(t *testing.T) {
	table, err := os.ReadFile("internal/core/testdata/transitions.txt")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(table)), " ")
	mail := reflect.TypeFor[mailbox]()
	for i := range mail.NumField() {
		field := mail.Field(i).Name
		if input, ok := mailInputs[field]; !ok {
			t.Errorf("mailbox.%s: say in mailInputs which inputs of the table it brings", field)
		} else if !strings.Contains(text, input) {
			t.Errorf("mailbox.%s brings %q, which is missing", field, input)
		}
	}
}

// sink is a connection that takes whatever is written.
type sink struct{ net.Conn }

func (sink) Write(b []byte) (int, error)      { return len(b), nil }
func (sink) SetWriteDeadline(time.Time) error { return nil }

// TestSendFollowsStates: a payload goes on a shard that is Ready, waits on one that may
// yet be, and is refused by one that has stopped, as the table has it.
func TestSendFollowsStates(t *testing.T) {
	for state := lifecycle.Disconnected; state <= lifecycle.Stopped; state++ {
		r := newStand(t, nil)
		r.link.Attach(sink{})
		(*host)(r.Shard).Entered(state)
		done, _, _, err := r.link.Try(&link.Command{Payload: presence})
		switch state {
		case lifecycle.Ready:
			if !done || err != nil {
				t.Errorf("%v: %v, %v", state, done, err)
			}
		case lifecycle.Stopped:
			if err != ErrStopped {
				t.Errorf("%v: %v", state, err)
			}
		default:
			if done || err != nil {
				t.Errorf("%v: %v, %v", state, done, err)
			}
		}
	}
}
