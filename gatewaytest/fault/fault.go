// Package fault has the words for what a test gateway can do wrong: import it to tell a
// gatewaytest server what is to happen, where, to whom and how often, in Go or in scripts with
// one fault a line.
package fault

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Point is a moment in a connection's life at which a fault can happen.
type Point uint8

const (
	AtAccept    Point = iota + 1 // TCP is connected; nothing is read. REST requests come here too
	AtUpgrade                    // a WebSocket upgrade was asked for
	AtHello                      // hello is due
	AtIdentify                   // an identify has come
	AtReady                      // READY is written
	AtBurst                      // half of the GUILD_CREATEs are written
	AtEvent                      // a later event is written, for the first time
	AtHeartbeat                  // a heartbeat of an identified client has come
	AtResume                     // a resume has come
	AtReplay                     // half of the missed events are written

	points
)

var pointNames = [points]string{
	"", "accept", "upgrade", "hello", "identify", "ready", "burst", "event", "heartbeat", "resume", "replay",
}

// String returns the point's name in a script.
func (p Point) String() string {
	if p > 0 && p < points {
		return pointNames[p]
	}
	return fmt.Sprintf("Point(%d)", uint8(p))
}

// BehindEvent reports whether an event was just written at the point.
func (p Point) BehindEvent() bool { return slices.Contains(behind, p) }

// KnowsShard reports whether the shard is known at the point.
func (p Point) KnowsShard() bool { return p > AtHello }

// An Address is one of those that a server listens on.
type Address uint8

const (
	AnyAddress     Address = iota
	GatewayAddress         // of [gatewaytest.Server.URL]
	ResumeAddress          // of [gatewaytest.Server.ResumeURL]

	addresses
)

var addressNames = [addresses]string{"", "gateway", "resume"}

// String returns the address's name in a script, "" for AnyAddress.
func (a Address) String() string {
	if a < addresses {
		return addressNames[a]
	}
	return fmt.Sprintf("Address(%d)", uint8(a))
}

// Always, as a fault's Times, is every time.
const Always = -1

// maxCount bounds the numbers of a fault, so that no script asks for more than memory holds.
const maxCount = 1_000_000

// A Fault is something that goes wrong: what (Action and its argument), where (Point, Shards and
// Address) and how often (Nth and Times).
type Fault struct {
	Point   Point
	Shards  []int   // ids of the shards that it meets; none: all. Not before AtIdentify
	Address Address // by which the client comes
	Nth     int     // the first time is the Nth that the rest fits, over all connections; 0: the 1st
	Times   int     // how many times on end; 0: once, [Always]: from Nth on

	Action   Action
	Number   int64         // argument of the actions that take a number
	Text     string        // argument of those that take text, without a line break
	Duration time.Duration // argument of those that take a duration
}

// String returns the fault as a line of a script. [Parse] reads it.
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.Point.String())
	if f.Nth > 1 {
		fmt.Fprintf(&b, " %d", f.Nth)
	}
	if len(f.Shards) > 0 {
		b.WriteString(" shard ")
		for i, shard := range f.Shards {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strconv.Itoa(shard))
		}
	}
	if f.Address > AnyAddress && f.Address < addresses {
		b.WriteString(" via " + addressNames[f.Address])
	}
	switch {
	case f.Times == Always:
		b.WriteString(" always")
	case f.Times > 1:
		fmt.Fprintf(&b, " times %d", f.Times)
	}
	b.WriteString(": " + f.Action.String())
	a := f.Action.spec()
	if a.takes&number != 0 {
		fmt.Fprintf(&b, " %d", f.Number)
	}
	if a.takes&duration != 0 {
		b.WriteString(" " + f.Duration.String())
	}
	if f.Text != "" {
		b.WriteString(" " + f.Text)
	}
	return b.String()
}

// Kind returns the action, with what of its argument makes it another fault to a client.
func (f *Fault) Kind() string {
	switch f.Action {
	case ActionClose, ActionRefuse:
		return fmt.Sprintf("%v %d", f.Action, f.Number)
	case ActionInvalidSession:
		return fmt.Sprintf("%v %s", f.Action, f.Text)
	}
	return f.Action.String()
}

// Check says what is wrong with a fault.
func (f *Fault) Check() error {
	if f.Point == 0 || f.Point >= points {
		return fmt.Errorf("unknown point %v: want one of %s", f.Point, strings.Join(pointNames[1:], ", "))
	}
	if f.Action == 0 || f.Action >= actions {
		return fmt.Errorf("unknown action %v: want one of %s", f.Action, strings.Join(actionNames(), ", "))
	}
	a := f.Action.spec()
	switch {
	case !slices.Contains(a.at, f.Point):
		return fmt.Errorf("%v cannot happen at %v: only at %s", f.Action, f.Point, join(a.at))
	case len(f.Shards) > 0 && !f.Point.KnowsShard():
		return fmt.Errorf("the shard is not known yet at %v", f.Point)
	case slices.ContainsFunc(f.Shards, func(shard int) bool { return shard < 0 }):
		return errors.New("a shard id is negative")
	case f.Address >= addresses:
		return errors.New("unknown address: want gateway or resume")
	case f.Nth < 0 || f.Nth > maxCount:
		return fmt.Errorf("the first time is the %d-th: want 1 to %d", f.Nth, maxCount)
	case f.Times < Always || f.Times > maxCount:
		return fmt.Errorf("%d times: want 1 to %d, or always", f.Times, maxCount)
	case a.takes&number == 0 && f.Number != 0:
		return fmt.Errorf("%v takes no number", f.Action)
	case a.takes&number != 0 && (f.Number < a.min || f.Number > a.max):
		return fmt.Errorf("%v %d: want %d to %d", f.Action, f.Number, a.min, a.max)
	case a.takes&duration == 0 && f.Duration != 0:
		return fmt.Errorf("%v takes no duration", f.Action)
	case a.takes&duration != 0 && (f.Duration <= 0 || f.Duration > time.Hour):
		return fmt.Errorf("%v %v: want a duration of at most 1h, such as 250ms", f.Action, f.Duration)
	case a.takes&text == 0 && f.Text != "":
		return fmt.Errorf("%v has %q too much", f.Action, f.Text)
	case strings.ContainsAny(f.Text, "\r\n") || strings.TrimSpace(f.Text) != f.Text:
		return fmt.Errorf("%v: the text has a line break, or white space around it", f.Action)
	case a.check != nil:
		return a.check(f)
	}
	return nil
}

func join(at []Point) string {
	names := make([]string, len(at))
	for i, p := range at {
		names[i] = p.String()
	}
	return strings.Join(names, ", ")
}
