package publish

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/sluice-go/sluice/engine"
)

// Answer is what became of a command.
type Answer struct {
	Sent bool `json:"sent"`

	// Unknown says that the connection broke while the command was written: the gateway
	// may have it.
	Unknown bool   `json:"unknown,omitempty"`
	Error   string `json:"error,omitempty"` // why it was not sent
}

const (
	// commandTime is how long a command may wait for its shard and its turn.
	commandTime = 10 * time.Second

	// maxCommands is how many commands may wait at a time; others are refused.
	maxCommands = 1024
)

// ServeCommands sends what comes to PREFIX.cmd.SHARD on that shard, if this process runs it,
// and answers with an [Answer] in JSON. Other processes' shards are theirs: where nobody runs a
// shard, no answer comes. It goes on until stop is called.
func (p *Publisher) ServeCommands(eng *engine.Engine) (stop func(), err error) {
	prefix := p.config.Prefix + ".cmd."
	slots := make(chan struct{}, maxCommands)
	sub, err := p.config.Conn.Subscribe(prefix+"*", func(m *nats.Msg) {
		id, err := strconv.Atoi(strings.TrimPrefix(m.Subject, prefix))
		if err != nil {
			return
		}
		shard := eng.Shard(id)
		if shard == nil {
			return
		}
		select {
		case slots <- struct{}{}:
		default:
			respond(m, Answer{Error: "too many commands wait already"})
			return
		}
		go func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(context.Background(), commandTime)
			defer cancel()
			err := shard.Send(ctx, m.Data)
			a := Answer{Sent: err == nil, Unknown: errors.Is(err, engine.ErrConnectionLost)}
			if err != nil {
				a.Error = err.Error()
			}
			respond(m, a)
		}()
	})
	if err != nil {
		return nil, err
	}
	return func() { _ = sub.Unsubscribe() }, nil
}

func respond(m *nats.Msg, a Answer) {
	if b, err := json.Marshal(a); err == nil && m.Reply != "" {
		_ = m.Respond(b)
	}
}
