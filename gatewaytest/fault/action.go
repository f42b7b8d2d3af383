package fault

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/sluice-go/sluice/gateway"
)

// An Action is what a fault does.
type Action uint8

const (
	// ActionClose closes with the code Number and the reason Text, as [gatewaytest.Server.CloseWith].
	ActionClose Action = iota + 1
	// ActionDrop ends TCP in order, without a close frame.
	ActionDrop
	// ActionReset ends TCP by a reset.
	ActionReset
	// ActionTear writes half of a frame, then resets TCP.
	ActionTear
	// ActionHang leaves TCP half open: nothing that the client sends is heard, nothing that the
	// server has to say leaves it, and the session goes on as if it did, until the client hangs up.
	ActionHang
	// ActionSilence withholds what is due: hello, READY, the answer to a resume, the ACK; at
	// other points, all further events of the connection. Everything else goes on.
	ActionSilence

	// ActionStallReads has the server read nothing for Duration.
	ActionStallReads
	// ActionStallWrites has the server write nothing for Duration.
	ActionStallWrites
	// ActionCutFrames has the connection write Number bytes at a time from then on, above TLS:
	// each piece is a record of its own.
	ActionCutFrames
	// ActionCutRecords has the connection write Number bytes at a time from then on, below TLS.
	ActionCutRecords

	// ActionSplit has each payload of the connection come in messages of Number bytes from then on. It
	// concerns streams alone (compress=zlib-stream, zstd-stream): elsewhere a message is a payload.
	ActionSplit
	// ActionFragment has each message of the connection come in frames of Number bytes from then on
	// (RFC 6455, section 5.4).
	ActionFragment
	// ActionPing sends a ping (RFC 6455, section 5.5.2).
	ActionPing

	// ActionReconnect sends opcode 7, as [gatewaytest.Server.Reconnect].
	ActionReconnect
	// ActionInvalidSession sends opcode 9, as [gatewaytest.Server.InvalidateSession]. Text is true (the
	// session can be resumed) or false.
	ActionInvalidSession
	// ActionRequestHeartbeat sends opcode 1.
	ActionRequestHeartbeat
	// ActionBurst dispatches Number events, and the ACK comes behind them.
	ActionBurst

	// ActionCorrupt sends data that no decompressor accepts; without compression, text that is
	// not UTF-8.
	ActionCorrupt
	// ActionTruncate sends an event, the last one again, of which the second half is missing.
	ActionTruncate
	// ActionBomb sends a small message that expands to Number bytes; without compression, a
	// frame header that announces so many.
	ActionBomb
	// ActionMalformed sends an envelope that Discord would not: the one of [Malformed] that Text
	// names.
	ActionMalformed
	// ActionSend sends Text as a payload.
	ActionSend

	// ActionRepeat sends the last event again, with the same sequence.
	ActionRepeat
	// ActionBack sends the event Number before the last again, with the sequence it had.
	ActionBack
	// ActionSkip numbers Number events without writing them. A resume brings them back, but for
	// the first Number ones where the fault is AtResume.
	ActionSkip

	// ActionRefuse answers the upgrade with the status Number; 429 comes with Retry-After.
	ActionRefuse
	// ActionRedirect answers the upgrade with 302 to the URL Text.
	ActionRedirect
	// ActionWrongAccept answers the upgrade with a Sec-WebSocket-Accept that is not the key's.
	ActionWrongAccept
	// ActionUntrusted shows a certificate that an unknown authority signed.
	ActionUntrusted

	actions
)

// arguments are which fields of a fault an action uses.
type arguments uint8

const (
	number arguments = 1 << iota
	text
	duration
)

// actionSpec describes an action.
type actionSpec struct {
	name     string
	at       []Point
	takes    arguments
	min, max int64 // of the number
	check    func(*Fault) error
	replaces bool // it comes instead of what is due, not before it
}

var (
	everywhere = []Point{AtAccept, AtUpgrade, AtHello, AtIdentify, AtReady, AtBurst, AtEvent, AtHeartbeat, AtResume, AtReplay}
	upgraded   = everywhere[2:]
	behind     = []Point{AtReady, AtBurst, AtEvent, AtReplay} // an event
)

// maxBomb is the most that a bomb expands to: its messages have about a thousandth of that.
const maxBomb = 4 << 30

var actionSpecs = [actions]actionSpec{
	ActionClose: {name: "close", at: upgraded, takes: number | text, min: 1000, max: 4999, check: checkClose, replaces: true},
	ActionDrop:  {name: "drop", at: everywhere, replaces: true},
	ActionReset: {name: "reset", at: everywhere, replaces: true},
	ActionTear:  {name: "tear", at: upgraded, replaces: true},
	ActionHang:  {name: "hang", at: everywhere},

	ActionSilence:     {name: "silence", at: upgraded, replaces: true},
	ActionStallReads:  {name: "stall-reads", at: everywhere, takes: duration},
	ActionStallWrites: {name: "stall-writes", at: everywhere, takes: duration},
	ActionCutFrames:   {name: "cut-frames", at: upgraded, takes: number, min: 1, max: maxCount},
	ActionCutRecords:  {name: "cut-records", at: everywhere, takes: number, min: 1, max: maxCount},

	ActionSplit:    {name: "split", at: upgraded, takes: number, min: 4, max: maxCount},
	ActionFragment: {name: "fragment", at: upgraded, takes: number, min: 1, max: maxCount},
	ActionPing:     {name: "ping", at: upgraded},

	ActionReconnect:        {name: "reconnect", at: upgraded},
	ActionInvalidSession:   {name: "invalid-session", at: upgraded, takes: text, check: checkInvalidSession, replaces: true},
	ActionRequestHeartbeat: {name: "request-heartbeat", at: upgraded},
	ActionBurst:            {name: "burst", at: []Point{AtHeartbeat}, takes: number, min: 1, max: maxCount, replaces: true},

	ActionCorrupt:   {name: "corrupt", at: upgraded},
	ActionTruncate:  {name: "truncate", at: upgraded},
	ActionBomb:      {name: "bomb", at: upgraded, takes: number, min: 1 << 20, max: maxBomb},
	ActionMalformed: {name: "malformed", at: upgraded, takes: text, check: checkMalformed},
	ActionSend:      {name: "send", at: upgraded, takes: text, check: checkSend},

	ActionRepeat: {name: "repeat", at: behind},
	ActionBack:   {name: "back", at: behind, takes: number, min: 1, max: maxCount},
	ActionSkip:   {name: "skip", at: append(behind[:len(behind):len(behind)], AtResume), takes: number, min: 1, max: maxCount},

	ActionRefuse:      {name: "refuse", at: []Point{AtUpgrade}, takes: number, min: 400, max: 599, replaces: true},
	ActionRedirect:    {name: "redirect", at: []Point{AtUpgrade}, takes: text, check: checkRedirect, replaces: true},
	ActionWrongAccept: {name: "wrong-accept", at: []Point{AtUpgrade}, replaces: true},
	ActionUntrusted:   {name: "untrusted", at: []Point{AtAccept}},
}

// spec returns the action's description; that of no action is empty.
func (a Action) spec() *actionSpec {
	if a >= actions {
		return &actionSpecs[0]
	}
	return &actionSpecs[a]
}

// Actions returns all actions.
func Actions() []Action {
	all := make([]Action, 0, actions-1)
	for a := ActionClose; a < actions; a++ {
		all = append(all, a)
	}
	return all
}

// Replaces reports whether the action comes in the place of what is due.
func (a Action) Replaces() bool { return a.spec().replaces }

// String returns the action's name in a script.
func (a Action) String() string {
	if name := a.spec().name; name != "" {
		return name
	}
	return fmt.Sprintf("Action(%d)", uint8(a))
}

func actionNames() []string {
	names := make([]string, 0, actions)
	for _, a := range actionSpecs[1:] {
		names = append(names, a.name)
	}
	return names
}

// maxReason is the longest reason that fits a close frame (RFC 6455, section 5.5).
const maxReason = 123

func checkClose(f *Fault) error {
	switch {
	case !sendable(gateway.CloseCode(f.Number)):
		return fmt.Errorf("close %d: the code never stands in a close frame (RFC 6455, section 7.4)", f.Number)
	case len(f.Text) > maxReason || strings.ToValidUTF8(f.Text, "") != f.Text:
		return fmt.Errorf("close: the reason must be UTF-8 of at most %d bytes", maxReason)
	}
	return nil
}

func checkInvalidSession(f *Fault) error {
	if f.Text != "true" && f.Text != "false" {
		return fmt.Errorf("invalid-session %q: want true (it can be resumed) or false", f.Text)
	}
	return nil
}

func checkMalformed(f *Fault) error {
	if _, ok := malformed[f.Text]; !ok {
		return fmt.Errorf("malformed %q: want one of %s", f.Text, strings.Join(Malformed(), ", "))
	}
	return nil
}

func checkSend(f *Fault) error {
	if f.Text == "" || len(f.Text) >= 1<<16 {
		return errors.New("send: want a payload of less than 64 KiB")
	}
	return nil
}

func checkRedirect(f *Fault) error {
	if _, err := url.Parse(f.Text); err != nil || f.Text == "" {
		return fmt.Errorf("%s %q: want a URL", http.StatusText(http.StatusFound), f.Text)
	}
	return nil
}
