package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/nats-io/nats.go"

	"github.com/sluice-go/sluice/engine"
)

// This file publishes to JetStream. The library's own way, PublishAsync, costs 15 to 25
// allocations an event; here a message has a reply subject with a number, and one subscription
// takes all acknowledgements. The 5 that are left are nats.go's: PublishMsg writes the header into
// a buffer that it makes (2), and what comes is a Msg, its subject and its data (3).

// stream is what a Publisher has for JetStream.
type stream struct {
	inbox string // with a dot at the end
	acks  *nats.Subscription
	slots chan struct{} // one for each event that is pending
	ended chan struct{}
	once  sync.Once

	repeated atomic.Uint64

	mu      sync.Mutex
	last    uint64
	pending map[uint64]*message
}

// message is an event until it is acknowledged.
type message struct {
	nats.Msg
	text    []byte    // what Reply and id lie in
	id      [1]string // the header's value
	receipt engine.Receipt
	sent    time.Time
}

// address sets the subject of the acknowledgement and the message id, without an allocation: they
// are in use until the message is taken off pending, and text is not written before.
func (m *message) address(inbox string, n uint64, ev *engine.Event) {
	m.text = strconv.AppendUint(append(m.text[:0], inbox...), n, 36)
	split := len(m.text)
	m.text = strconv.AppendInt(append(append(m.text, ev.Session...), ':'), ev.Seq, 10)
	whole := unsafe.String(unsafe.SliceData(m.text), len(m.text))
	m.Reply, m.id[0] = whole[:split], whole[split:]
}

var messages = sync.Pool{New: func() any { return &message{} }}

func (p *Publisher) open() error {
	p.inbox = nats.NewInbox() + "."
	p.slots = make(chan struct{}, p.config.MaxPending)
	p.ended = make(chan struct{})
	p.pending = make(map[uint64]*message)
	var err error
	if p.acks, err = p.config.Conn.Subscribe(p.inbox+"*", p.acknowledged); err != nil {
		return fmt.Errorf("publish: cannot subscribe to acknowledgements: %w", err)
	}
	_ = p.acks.SetPendingLimits(-1, -1) // there are MaxPending at most
	go p.repeat()
	return nil
}

// publishStream publishes one event to JetStream. It is called away from the loop, and waits
// while too many are pending.
func (p *Publisher) publishStream(ev *engine.Event) {
	if ev.Shard == nil {
		return
	}
	select {
	case p.slots <- struct{}{}:
	case <-p.ended:
		ev.Postpone() // never settled: the next process has it again
		return
	}
	m := messages.Get().(*message)
	m.receipt, m.sent = ev.Postpone(), time.Now()
	m.Subject = p.subject(ev)
	m.Data = append(m.Data[:0], ev.Data...)
	if m.Header == nil {
		m.Header = nats.Header{"Nats-Msg-Id": m.id[:]}
	}
	p.mu.Lock()
	p.last++
	n := p.last
	m.address(p.inbox, n, ev)
	p.pending[n] = m
	err := p.config.Conn.PublishMsg(&m.Msg) // under mu: an acknowledgement may recycle it
	p.mu.Unlock()
	if err != nil {
		p.lost(err) // but not for good: it is published again
		return
	}
	p.published.Add(1)
}

// acknowledged takes JetStream's answer to one message.
func (p *Publisher) acknowledged(answer *nats.Msg) {
	n, err := strconv.ParseUint(strings.TrimPrefix(answer.Subject, p.inbox), 36, 64)
	if err != nil {
		return
	}
	if why := p.refusal(answer.Data); why != "" {
		p.lost(fmt.Errorf("publish: JetStream refuses an event, which is tried again: %s", why))
		return
	}
	p.mu.Lock()
	m := p.pending[n]
	delete(p.pending, n)
	p.mu.Unlock()
	if m == nil {
		return // the answer to a repetition
	}
	m.receipt.Settle()
	m.receipt = engine.Receipt{}
	if cap(m.Data) <= 64<<10 {
		messages.Put(m)
	}
	<-p.slots
}

// taken begins what a server answers that has a message: {"stream":"NAME", "seq":1}.
const taken = `{"stream":"`

// refusal returns why JetStream does not take a message, "" if it did.
func (p *Publisher) refusal(answer []byte) string {
	if len(answer) > len(taken) && string(answer[:len(taken)]) == taken && answer[len(taken)] != '"' {
		return "" // an error would stand before the stream
	}
	var ack struct {
		Stream string `json:"stream"`
		Error  *struct {
			Description string `json:"description"`
		} `json:"error"`
	}
	switch err := json.Unmarshal(answer, &ack); {
	case err == nil && ack.Error != nil:
		return ack.Error.Description
	case err != nil || ack.Stream == "":
		return "no JetStream stream takes the subject; make one with " + p.config.Prefix + ".ev.> among its subjects"
	}
	return ""
}

// repeat publishes again what was not acknowledged in time.
func (p *Publisher) repeat() {
	tick := time.NewTicker(p.config.AckTimeout / 4)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-p.ended:
			return
		}
		p.mu.Lock()
		for _, m := range p.pending {
			if time.Since(m.sent) >= p.config.AckTimeout {
				m.sent = time.Now()
				if p.config.Conn.PublishMsg(&m.Msg) != nil {
					break // without a connection
				}
				p.repeated.Add(1)
			}
		}
		p.mu.Unlock()
	}
}

func (p *Publisher) waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.pending)
}

// drain waits until nothing is pending.
func (p *Publisher) drain(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		n := p.waiting()
		if n == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("publish: JetStream has not acknowledged %d events: %w", n, ctx.Err())
		}
	}
}

func (p *Publisher) end() {
	p.once.Do(func() {
		close(p.ended)
		_ = p.acks.Unsubscribe()
	})
}
