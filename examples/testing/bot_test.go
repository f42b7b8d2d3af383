package testing_test

import (
	"context"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/lazyjson"
)

// Bot passes on what people say.
type Bot struct {
	Heard chan string
}

// Run runs the bot until ctx ends.
func (b *Bot) Run(ctx context.Context, config engine.Config) error {
	config.Intents = gateway.IntentGuildMessages | gateway.IntentMessageContent
	eng, err := engine.New(config)
	if err != nil {
		return err
	}
	eng.On(gateway.Events(gateway.EventMessageCreate), b.hear)
	return eng.Run(ctx)
}

func (b *Bot) hear(ev *engine.Event) {
	content, err := lazyjson.ValueOf(ev.Data).Get("content").AppendString(nil)
	if err == nil {
		b.Heard <- string(content)
	}
}

func TestResumesAfterADrop(t *testing.T) {
	srv := gatewaytest.NewServer(t)
	bot := &Bot{Heard: make(chan string)}
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	ended := make(chan error)
	go func() {
		ended <- bot.Run(ctx, engine.Config{Token: engine.NewToken(srv.Token()), APIURL: srv.APIURL(), TLS: srv.TLSConfig()})
	}()

	if err := srv.WaitReady(ctx, 0); err != nil {
		t.Fatal("the bot did not connect:", err)
	}
	srv.Drop(0)
	srv.Dispatch(0, "MESSAGE_CREATE", []byte(`{"content":"are you there?"}`)) // while it is away
	if heard := <-bot.Heard; heard != "are you there?" {
		t.Errorf("heard %q", heard)
	}
	if sessions := srv.Sessions(); len(sessions) != 1 || sessions[0].Resumes != 1 {
		t.Errorf("the bot did not resume its session: %+v", sessions)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
